//! Shells of a real sshd: it is started for each connection, in the place of the way there, and has the key of the machine that
//! ssh asks for. Where OpenSSH's client or server is not installed, the test says so and passes.

use crate::fleet::{Fleet, text};
use crate::scenarios::{KEY, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const FLEET: &str = r#"
podform {
  fleet = "shells"
}

resource "simplepod_template_group" "base" {
  name       = "shells-base"
  image_name = "ubuntu"
  ssh_server = true
}

resource "simplepod_instance" "node" {
  for_each          = toset(["a", "b"])
  gpu_model         = "RTX 3090"
  max_price_per_gpu = 0.50
  template_group    = simplepod_template_group.base.id
}
"#;
const A: &str = r#"simplepod_instance.node["a"]"#;

/// Where the server is: not in the path of everybody. What is missing, where it is.
fn sshd() -> Result<PathBuf, String> {
    for program in ["ssh", "ssh-keygen"] {
        let asked = Command::new(program).arg("-V").stderr(Stdio::null()).stdout(Stdio::null()).status();
        asked.map_err(|_| format!("{program} is not installed"))?;
    }
    let places = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/usr/libexec/sshd"].map(PathBuf::from);
    places.into_iter().find(|path| path.exists()).ok_or_else(|| "sshd is not installed".to_owned())
}

struct Scene {
    fleet: Fleet,
    sandbox: Sandbox,
    sshd: PathBuf,
}

impl Scene {
    fn new(sshd: PathBuf) -> Scene {
        let mut switches = Switches::default();
        for spec in ["speed=0", "boot=0", "ports-open=0"] {
            switches.apply_spec(spec).unwrap();
        }
        let scene = Scene { fleet: Fleet::new(&[("main.hcl", FLEET)]), sandbox: Sandbox::start(3, switches), sshd };
        let applied = scene.run(&["apply", "-auto-approve"]);
        assert!(applied.status.success(), "{}", text(&applied));
        scene.key("user");
        fs::copy(scene.path("user.pub"), scene.path("authorized")).unwrap();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.fleet.path().join(name)
    }

    fn key(&self, name: &str) {
        let _ = fs::remove_file(self.path(name));
        let made =
            Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(self.path(name)).output();
        let made = made.unwrap();
        assert!(made.status.success(), "{}", text(&made));
    }

    /// A server for each machine, by the name of its key.
    fn serve(&self) -> Vec<String> {
        let shown = text(&self.run(&["ssh-config"]));
        let aliases: Vec<String> =
            shown.lines().filter_map(|line| line.trim().strip_prefix("HostKeyAlias ")).map(str::to_owned).collect();
        assert_eq!(aliases.len(), 2, "{shown}");
        for alias in &aliases {
            self.key(alias);
            let settings = format!(
                "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPidFile none\n",
                self.path(alias).display(),
                self.path("authorized").display()
            );
            fs::write(self.path(&format!("{alias}.conf")), settings).unwrap();
        }
        aliases
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = podform();
        command.current_dir(self.fleet.path()).args(arguments);
        command.env("SIMPLEPOD_API_URL", self.sandbox.url()).env("SIMPLEPOD_API_KEY", KEY);
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// `ssh` or `exec` as the user of this process.
    fn shell(&self, command: &str, machine: &str, words: &[&str]) -> Output {
        let place = |name: &str| self.path(name).display().to_string();
        let user = Command::new("id").arg("-un").output().unwrap();
        let flags = [
            format!("-user={}", String::from_utf8(user.stdout).unwrap().trim()),
            format!("-option=ProxyCommand={} -i -f {}", self.sshd.display(), place("%k.conf")),
            format!("-option=IdentityFile={}", place("user")),
            format!("-option=UserKnownHostsFile={}", place("known")),
            "-option=GlobalKnownHostsFile=/dev/null".to_owned(),
            "-option=HashKnownHosts=no".to_owned(),
            "-option=IdentitiesOnly=yes".to_owned(),
        ];
        let mut arguments = vec![command, machine];
        arguments.extend(flags.iter().map(String::as_str));
        arguments.push("--");
        arguments.extend(words);
        self.run(&arguments)
    }
}

fn known(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect()
}

#[test]
fn a_real_server_is_known_by_the_machine_and_its_ends_are_ours() {
    let scene = match sshd() {
        Ok(sshd) => Scene::new(sshd),
        Err(why) => return println!("skipped: {why}"),
    };
    let aliases = scene.serve();
    // For root it wants a directory that the start of the system makes.
    let settings = scene.path(&format!("{}.conf", aliases[0]));
    let checked = text(&Command::new(&scene.sshd).arg("-t").arg("-f").arg(settings).output().unwrap());
    if checked.contains("Missing privilege separation directory") {
        return println!("skipped: {checked}");
    }
    let first = scene.shell("ssh", A, &["printf", "hello"]);
    assert_eq!((first.status.code(), &*first.stdout), (Some(0), &b"hello"[..]), "{}", text(&first));
    assert_eq!(known(&scene.path("known")), aliases[..1], "the key is kept under the machine's name");
    assert_eq!(scene.shell("ssh", A, &["exit 7"]).status.code(), Some(7));
    // Both at once: the second one's key is new, and taken.
    let both = scene.shell("exec", "simplepod_instance.node", &["echo up; echo down >&2; exit 3"]);
    let told = text(&both);
    assert_eq!(both.status.code(), Some(1), "{told}");
    for key in ["a", "b"] {
        for said in ["up", "down"] {
            let line = |line: &str| {
                line.starts_with(&format!("simplepod_instance.node[\"{key}\"]")) && line.ends_with(&format!(": {said}"))
            };
            assert!(told.lines().any(line), "{key} {said}: {told}");
        }
    }
    assert_eq!(told.matches("the command ended with 3").count(), 2, "{told}");
    assert_eq!(known(&scene.path("known")), aliases);
    // Another machine answers in the place of the first.
    scene.key(&aliases[0]);
    let refused = scene.shell("ssh", A, &["printf", "secret"]);
    let told = text(&refused);
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(255), 0), "{told}");
    assert!(told.contains("Host key verification failed"), "{told}");
    let some = scene.shell("exec", "simplepod_instance.node", &["printf fine"]);
    let told = text(&some);
    assert_eq!(some.status.code(), Some(1), "{told}");
    assert!(told.contains("ssh reached no shell there") && told.contains(": fine"), "{told}");
}
