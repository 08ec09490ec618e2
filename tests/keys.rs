//! Keys that `podform login` keeps: who may read them, which one is used, where none is sent, and what `doctor` says of them.

use crate::fleet::{Fleet, text};
use crate::scenarios::podform;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Output, Stdio};

/// What must never be shown.
const CANARIES: [&str; 4] = ["stored-canary", "team-canary", "environment-canary", "handed-canary"];

/// A home, and a directory in which podform is started. Nobody answers at the endpoint.
struct Home(Fleet);

impl Home {
    fn new() -> Home {
        Home(Fleet::new(&[]))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("config/podform/credentials.json")
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)], typed: &str) -> Output {
        let mut command = podform();
        command.current_dir(self.0.path()).args(arguments).env("XDG_CONFIG_HOME", self.0.path().join("config"));
        command.env("SIMPLEPOD_API_URL", "http://127.0.0.1:9").envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Who reads no input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
        let out = child.wait_with_output().unwrap();
        assert!(!CANARIES.iter().any(|canary| text(&out).contains(canary)), "{}", text(&out));
        out
    }

    fn login(&self, account: &[&str], key: &str) {
        let out = self.run(&[&["login"], account].concat(), &[], key);
        assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    }

    /// What doctor says of the key.
    fn key(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let out = self.run(&[&["doctor", "-json"], arguments].concat(), variables, "");
        assert_eq!(out.status.code(), Some(1), "nobody answers: {}", text(&out));
        let told: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        let all = told["findings"].as_array().unwrap();
        let key = all.iter().find(|found| found["check"] == "key").unwrap();
        assert!(all.iter().any(|found| found["standing"] == "error" && !found["next"].is_null()), "{told}");
        key["found"].as_str().unwrap().to_owned()
    }
}

#[test]
fn keys_are_kept_for_their_owner_alone_and_the_nearest_one_is_used() {
    let home = Home::new();
    assert!(home.key(&[], &[]).starts_with("No API key"));
    home.login(&[], " stored-canary\n");
    home.login(&["-account=team"], "team-canary");
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(home.file()), mode(home.file().parent().unwrap().to_owned())), (0o600, 0o700));
    let handed = home.0.path().join("handed");
    fs::create_dir(&handed).unwrap();
    fs::write(handed.join("simplepod_api_key"), "handed-canary\n").unwrap();
    let (handed, set) =
        (("CREDENTIALS_DIRECTORY", handed.to_str().unwrap()), ("SIMPLEPOD_API_KEY", "environment-canary"));
    for (arguments, variables, wanted) in [
        (&[][..], &[][..], "(account \"default\")"),
        (&["-account=team"], &[], "(account \"team\")"),
        (&[], &[("SIMPLEPOD_ACCOUNT", "team")], "(account \"team\")"),
        (&[], &[handed], "from CREDENTIALS_DIRECTORY"),
        (&["-account=team"], &[handed], "(account \"team\")"),
        (&[], &[handed, set], "from SIMPLEPOD_API_KEY"),
        (&["-account=team"], &[set], "Two API keys"),
        (&["-account=nobody"], &[], "Unknown account"),
        (&["-account=../x"], &[], "Invalid account name"),
    ] {
        let key = home.key(arguments, variables);
        assert!(key.contains(wanted), "{arguments:?} {variables:?}: {key}");
    }
    let fleet = "podform {\n  fleet = \"keys\"\n}\nvariable \"key\" {\n  type      = string\n  sensitive = true\n}\nprovider \"simplepod\" {\n  api_key = var.key\n}\n";
    fs::write(home.0.path().join("main.hcl"), fleet).unwrap();
    let given = ("PODFORM_VAR_key", "environment-canary");
    assert!(home.key(&[], &[given]).contains("from the provider block"));
    assert!(home.key(&["-account=team"], &[given]).contains("Two API keys"));
    // Without its value nobody knows whose account is meant: none is looked at.
    let out = home.run(&["doctor"], &[set], "");
    let told = text(&out);
    assert!(out.status.code() == Some(1) && told.contains("error    account        Provider block is not"), "{told}");
    assert!(!told.contains("endpoint") && told.contains("no call whose outcome is not known"), "{told}");
    fs::remove_file(home.0.path().join("main.hcl")).unwrap();
    fs::create_dir(home.0.path().join("state")).unwrap();
    fs::write(home.0.path().join("state/podform.state.json"), "no state").unwrap();
    let told = text(&home.run(&["doctor"], &[set], ""));
    assert!(told.contains("not known: the state cannot be read"), "{told}");
    fs::remove_dir_all(home.0.path().join("state")).unwrap();
    assert_eq!(home.run(&["logout"], &[], "").status.code(), Some(0));
    assert!(home.key(&[], &[]).starts_with("No API key"));
    assert!(home.key(&["-account=team"], &[]).contains("team"));
}

/// Each reads the file, and writes it anew.
#[test]
fn keys_that_are_stored_at_once_are_all_kept() {
    let home = Home::new();
    let names: Vec<String> = (0..16).map(|number| format!("account-{number}")).collect();
    std::thread::scope(|scope| {
        names.iter().for_each(|name| {
            let home = &home;
            scope.spawn(move || home.login(&[&format!("-account={name}")], "stored-canary"));
        });
    });
    let stored: serde_json::Value = serde_json::from_slice(&fs::read(home.file()).unwrap()).unwrap();
    let kept = stored["accounts"].as_object().unwrap();
    assert!(names.iter().all(|name| kept.contains_key(name)), "{:?}", kept.keys());
    let mut left: Vec<_> =
        fs::read_dir(home.file().parent().unwrap()).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["credentials.json", "credentials.lock"]);
}

#[test]
fn keys_that_others_could_have_touched_are_refused() {
    let home = Home::new();
    home.login(&[], "stored-canary");
    let (file, directory) = (home.file(), home.file().parent().unwrap().to_owned());
    let refused = |why: &str| {
        let key = home.key(&[], &[]);
        assert!(key.starts_with("Stored keys cannot be used") && key.contains(why), "{key}");
        assert_eq!(home.run(&["login"], &[], "team-canary").status.code(), Some(1));
    };
    let mode = |path: &PathBuf, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(&file, 0o640);
    refused("others may read it");
    mode(&file, 0o600);
    mode(&directory, 0o770);
    refused("others may write into its directory");
    mode(&directory, 0o700);
    fs::rename(&file, directory.join("moved")).unwrap();
    symlink("moved", &file).unwrap();
    refused("a link is not followed");
    fs::remove_file(&file).unwrap();
    fs::write(&file, "stored-canary").unwrap();
    mode(&file, 0o600);
    refused("no file of podform login");
    for typed in ["", "two words", "\u{1}"] {
        fs::remove_file(&file).ok();
        assert_eq!(home.run(&["login"], &[], typed).status.code(), Some(1), "{typed:?}");
    }
}

/// A configuration could name a server of its own; one that nobody has read yet could so with every flag.
#[test]
fn a_stored_key_goes_to_no_server_of_a_configuration() {
    let home = Home::new();
    home.login(&[], "stored-canary");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let fleet = format!(
        "podform {{\n  fleet = \"away\"\n}}\nprovider \"simplepod\" {{\n  base_url = \"http://{}\"\n}}\n",
        listener.local_addr().unwrap()
    );
    fs::write(home.0.path().join("main.hcl"), fleet).unwrap();
    for arguments in [&["plan"][..], &["plan", "-untrusted", "-accept-endpoint"], &["whoami"], &["doctor"]] {
        let out = home.run(arguments, &[], "");
        assert_eq!(out.status.code(), Some(1), "{arguments:?}: {}", text(&out));
        assert!(listener.accept().is_err(), "{arguments:?} called the server of the configuration");
    }
    let out = home.run(&["whoami"], &[], "");
    assert!(text(&out).contains("podform login"), "{}", text(&out));
}

#[test]
fn who_is_asked_for_is_told_with_what_the_key_may_read() {
    let fleet = Fleet::new(&[]);
    let who: serde_json::Value = serde_json::from_str(&fleet.run(&["whoami", "-json"], 0)).unwrap();
    assert_eq!((&who["balance"], &who["lists"]["usage"]), (&serde_json::json!(1000), &serde_json::json!("readable")));
    assert!(fleet.run(&["whoami"], 0).contains("Balance   $1000.00\nMay read  balance         readable\n"));
    let doctor = fleet.run(&["doctor"], 0);
    assert!(doctor.contains("ok       API            accepts the key; 0 machines"), "{doctor}");
    assert!(doctor.lines().all(|line| line.len() <= 80), "{doctor}");
    fs::write(fleet.path().join("main.hcl"), "podform {").unwrap();
    let doctor = fleet.run(&["doctor"], 1);
    assert!(doctor.contains("error    configuration") && doctor.contains("ok       API"), "{doctor}");
    let words = doctor.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("what follows goes by the environment alone"), "{doctor}");
}
