//! Shells on machines: what ssh is told, what comes back, and the file that it reads.

use crate::fleet::{Fleet, text};
use crate::scenarios::{KEY, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use podform::state::fingerprint;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

/// Tells its arguments; a word `exit=N` is what it ends with.
const SSH: &str = r#"#!/bin/sh
printf '%s|' "$@"; echo
printf 'noise\033[2J\n' >&2
for word; do case "$word" in exit=*) exit "${word#exit=}";; esac; done
"#;

struct Scene {
    fleet: Fleet,
    sandbox: Sandbox,
}

impl Scene {
    fn new(ssh_server: bool) -> Scene {
        let mut switches = Switches::default();
        for spec in ["speed=0", "boot=0", "ports-open=0"] {
            switches.apply_spec(spec).unwrap();
        }
        let main = format!(
            r#"
podform {{
  fleet = "shells"
}}

resource "simplepod_template_group" "base" {{
  name       = "shells-base"
  image_name = "ubuntu"
  ssh_server = {ssh_server}
}}

resource "simplepod_instance" "node" {{
  for_each          = toset(["a", "b"])
  gpu_model         = "RTX 3090"
  max_price_per_gpu = 0.50
  template_group    = simplepod_template_group.base.id
}}
"#
        );
        let scene = Scene { fleet: Fleet::new(&[("main.hcl", &*main)]), sandbox: Sandbox::start(3, switches) };
        let ssh = scene.fleet.path().join("bin/ssh");
        fs::create_dir(ssh.parent().unwrap()).unwrap();
        fs::write(&ssh, SSH).unwrap();
        fs::set_permissions(ssh, fs::Permissions::from_mode(0o755)).unwrap();
        scene.run(&["apply", "-auto-approve"], 0);
        scene
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], code: i32) -> String {
        let path = format!("{}:/usr/bin:/bin", self.fleet.path().join("bin").display());
        let mut command = podform();
        command.current_dir(self.fleet.path()).args(arguments).env("PATH", path);
        command.env("SIMPLEPOD_API_URL", self.sandbox.url()).env("SIMPLEPOD_API_KEY", KEY);
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        text(&output)
    }

    /// Id, host and port of the machines, by name of their address.
    fn machines(&self) -> Vec<(u64, String, u64)> {
        let of = |key: &str| {
            let shown = self.run(&["instances", "ports", "-json", &format!("simplepod_instance.node[\"{key}\"]")], 0);
            let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
            let ports = json["ports"].as_array().unwrap();
            let ssh = ports.iter().find(|port| port["container_port"] == "22" && port["host_port"].is_u64()).unwrap();
            let id = self.run(&["state", "show", &format!("simplepod_instance.node[\"{key}\"]")], 0);
            let id =
                id.lines().find_map(|line| line.trim().strip_prefix("id ")?.split('"').nth(1)?.parse().ok()).unwrap();
            (id, ssh["ip"].as_str().unwrap().to_owned(), ssh["host_port"].as_u64().unwrap())
        };
        vec![of("a"), of("b")]
    }
}

/// The word for the account in the names of keys.
fn account() -> String {
    fingerprint(&KEY.into()).chars().take(8).collect()
}

const A: &str = r#"simplepod_instance.node["a"]"#;

#[test]
fn ssh_is_told_where_and_its_end_is_ours() {
    let scene = Scene::new(true);
    let (id, host, port) = scene.machines().remove(0);
    let told = scene.run(&["ssh", A, "-user=ann", "-option=ServerAliveInterval=5", "--", "df", "-h", "exit=9"], 9);
    let account = account();
    let words = format!(
        "-o|ServerAliveInterval=5|-o|HostKeyAlias=podform-{account}-{id}|-o|StrictHostKeyChecking=accept-new|-p|{port}|-l|ann|--|{host}|df|-h|exit=9|"
    );
    assert!(told.contains(&words), "{told}");
    let whole = scene.run(&["ssh", "simplepod_instance.node"], 1);
    assert!(whole.contains("Several machines"), "{whole}");
}

#[test]
fn a_command_runs_on_all_of_them() {
    let scene = Scene::new(true);
    let told = scene.run(&["exec", "simplepod_instance.node", A, "--", "uptime"], 0);
    for (key, (id, host, port)) in ["a", "b"].iter().zip(scene.machines()) {
        let name = format!("simplepod_instance.node[\"{key}\"] (machine {id}): ");
        let line = told
            .lines()
            .find(|line| line.starts_with(&name) && line.contains(&host))
            .unwrap_or_else(|| panic!("{told}"));
        assert!(line.contains("-o|BatchMode=yes|-T|") && line.contains(&format!("-p|{port}|")), "{line}");
        assert!(told.contains(&format!("{name}noise")), "{told}");
    }
    assert_eq!(told.matches("uptime|").count(), 2, "{told}");
    assert!(!told.contains('\u{1b}'), "{told:?}");
    let failed = scene.run(&["exec", "simplepod_instance.node", "--", "exit=3"], 1);
    assert_eq!(failed.matches("the command ended with 3").count(), 2, "{failed}");
}

#[test]
fn ssh_knows_the_machines_by_address_as_they_come_and_go() {
    let scene = Scene::new(true);
    let (machines, account) = (scene.machines(), account());
    let shown = scene.run(&["ssh-config"], 0);
    for (key, (id, host, port)) in ["a", "b"].iter().zip(&machines) {
        let block = format!(
            "\nHost simplepod_instance.node[{key}] simplepod_instance.node.{key} podform-{account}-{id}\n  HostName {host}\n  Port {port}\n  User root\n  HostKeyAlias podform-{account}-{id}\n"
        );
        assert!(shown.contains(&block), "{shown}");
    }
    let path = scene.fleet.path().join("state/ssh_config");
    scene.run(&["apply", "-auto-approve"], 0);
    assert!(!path.exists(), "nobody asked for it");
    let written = scene.run(&["ssh-config", "-write"], 0);
    assert!(written.contains(&format!("Include \"{}\"", path.canonicalize().unwrap().display())), "{written}");
    assert_eq!(fs::read_to_string(&path).unwrap(), shown.trim_start());
    scene.run(&["apply", "-auto-approve", &format!("-replace={A}")], 0);
    let replaced = fs::read_to_string(&path).unwrap();
    assert!(!replaced.contains(&format!("podform-{account}-{}\n", machines[0].0)), "{replaced}");
    assert!(replaced.contains(&format!("podform-{account}-{}\n", machines[1].0)), "{replaced}");
    scene.run(&["destroy", "-auto-approve"], 0);
    assert_eq!(fs::read_to_string(&path).unwrap().matches("Host ").count(), 0);
}

#[test]
fn what_cannot_be_reached_is_said() {
    let scene = Scene::new(false);
    let told = scene.run(&["ssh", A], 1);
    assert!(told.contains("No way in") && told.contains("ssh_server = true"), "{told}");
    let told = scene.run(&["exec", "simplepod_instance.node", "--", "true"], 1);
    assert_eq!(told.matches("No way in").count(), 2, "{told}");
    assert_eq!(scene.run(&["ssh-config"], 0).matches("Host ").count(), 0);
}
