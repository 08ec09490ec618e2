//! What is followed, waited for and rebooted while something happens: by other programs, to the account or to podform.

use crate::fleet::{Fleet, text};
use crate::scenarios::{KEY, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const FLEET: &str = r#"
podform {
  fleet = "hand"
}

provider "simplepod" {
  settle_window = "1s"
}

resource "simplepod_template_group" "base" {
  name       = "hand-base"
  image_name = "ubuntu"
}

resource "simplepod_instance" "node" {
  gpu_model         = "RTX 3090"
  max_price_per_gpu = 0.50
  template_group    = simplepod_template_group.base.id
}
"#;
pub const NODE: &str = "simplepod_instance.node";
const REBOOT: &str = "/instances/execute-reboot";

pub struct Scene {
    pub fleet: Fleet,
    pub sandbox: Sandbox,
}

impl Scene {
    /// A machine that has run for ten hours.
    pub fn new() -> Scene {
        let mut switches = Switches::default();
        for spec in ["speed=0", "boot=0", "ports-open=0"] {
            switches.apply_spec(spec).unwrap();
        }
        let scene = Scene { fleet: Fleet::new(&[("main.hcl", FLEET)]), sandbox: Sandbox::start(3, switches) };
        scene.run(&["apply", "-auto-approve"], 0);
        scene.sandbox.advance(36_000);
        scene
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = podform();
        command.current_dir(self.fleet.path()).args(arguments);
        command.env("SIMPLEPOD_API_URL", self.sandbox.url()).env("SIMPLEPOD_API_KEY", KEY);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    #[track_caller]
    pub fn run(&self, arguments: &[&str], code: i32) -> String {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        text(&output)
    }

    pub fn reboots(&self) -> usize {
        self.sandbox.calls().iter().filter(|call| call.method == "PATCH").count()
    }

    pub fn id(&self) -> u64 {
        self.sandbox.machines()[0]["id"].as_u64().unwrap()
    }

    /// Follows the console until its first line came.
    fn following(&self) -> (Child, BufReader<std::process::ChildStdout>) {
        let mut child = self.command(&["instances", "logs", NODE, "-follow", "-tail=1"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert_eq!(line, "Image pulled\n", "the last line has no end, and is told when it stands");
        (child, lines)
    }
}

fn ended(child: Child) -> Output {
    let start = Instant::now();
    let pid = Pid::from_child(&child);
    let waiting = std::thread::spawn(move || child.wait_with_output().unwrap());
    while !waiting.is_finished() {
        if start.elapsed() > Duration::from_secs(30) {
            kill_process(pid, Signal::KILL).unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    waiting.join().unwrap()
}

#[test]
fn a_console_is_followed_until_the_machine_is_gone() {
    let scene = Scene::new();
    let (mut child, mut lines) = scene.following();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    scene.sandbox.switch("503:GET /instances/{id}").unwrap();
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.ends_with("Looking again until it answers.\n"), "{line}");
    scene.sandbox.switch("no faults").unwrap();
    line.clear();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "Starting container\n");
    scene.sandbox.ask("POST", "/sandbox/actors/delete", &format!("{{\"id\": {}}}", scene.id())).unwrap();
    line.clear();
    said.read_line(&mut line).unwrap();
    assert!(line.starts_with(NODE) && line.ends_with("is gone.\n"), "{line}");
    assert_eq!(ended(child).status.code(), Some(0));
}

#[test]
fn an_interrupt_ends_following_and_waiting() {
    let scene = Scene::new();
    let (child, lines) = scene.following();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    drop(lines);
    assert_eq!(ended(child).status.code(), Some(130));
    let child = scene.command(&["instances", "wait", NODE, "-for=gone"]).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(ended(child).status.code(), Some(130));
}

/// Killed while a reboot is under way, the next run says what became of it and sends no other.
#[test]
fn a_reboot_survives_a_kill() {
    for (fault, told) in [("slow", "its container began anew since"), ("stall", "its container has run all the time")] {
        let scene = Scene::new();
        scene.sandbox.switch(&format!("{fault}:PATCH {REBOOT}:1:60000")).unwrap();
        let mut child = scene.command(&["reboot", NODE, "-auto-approve"]).spawn().unwrap();
        let start = Instant::now();
        let journal = scene.fleet.path().join("state/podform.journal");
        let announced = || std::fs::read_to_string(&journal).unwrap_or_default().contains("\"action\":\"reboot\"");
        while !(announced() && (fault == "stall" || scene.reboots() == 1)) {
            assert!(start.elapsed() < Duration::from_secs(30), "{fault}: no reboot");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(200));
        child.kill().unwrap();
        child.wait().unwrap();
        // A delayed call of a dead program is not done any more.
        scene.sandbox.switch("no faults").unwrap();
        let sent = scene.reboots();
        let plan = scene.run(&["plan"], 0);
        assert!(plan.contains("a reboot has no known outcome"), "{fault}: {plan}");
        let refused = scene.run(&["reboot", NODE, "-auto-approve"], 4);
        assert!(refused.contains("Object in doubt"), "{fault}: {refused}");
        let recovered = scene.run(&["recover"], 0);
        let words = recovered.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(words.contains(told), "{fault}: {recovered}");
        assert!(scene.reboots() <= sent.max(1), "{fault}: it was sent again");
        scene.run(&["plan", "-detailed-exitcode"], 0);
    }
}

/// What became of one machine counts whatever becomes of those after it, and they have their turn.
#[test]
fn a_doubt_stays_when_a_later_reboot_fails() {
    let scene = Scene::new();
    let second = "\nresource \"simplepod_instance\" \"second\" {\n  gpu_model         = \"RTX 3090\"\n  max_price_per_gpu = 0.50\n  template_group    = simplepod_template_group.base.id\n}\n";
    std::fs::write(scene.fleet.path().join("main.hcl"), format!("{FLEET}{second}")).unwrap();
    scene.run(&["apply", "-auto-approve"], 0);
    // Of a container that began a moment ago nobody can tell whether it began anew.
    scene.run(&["reboot", NODE, "-auto-approve"], 0);
    scene.sandbox.advance(10);
    scene.sandbox.switch(&format!("503:PATCH {REBOOT}:1")).unwrap();
    scene.sandbox.switch(&format!("403:PATCH {REBOOT}:2")).unwrap();
    let told = scene.run(&["reboot", NODE, "simplepod_instance.second", "-auto-approve"], 4);
    assert!(told.contains("whether it was rebooted is not known") && told.contains("Not permitted"), "{told}");
}

/// A state counts where no configuration stands beside it.
#[test]
fn a_state_without_a_configuration_is_read() {
    let scene = Scene::new();
    let elsewhere = Fleet::new(&[]);
    let state = scene.fleet.path().join("state/podform.state.json");
    let flag = format!("-state={}", state.display());
    let output =
        scene.command(&["reboot", NODE, "-auto-approve", &flag]).current_dir(elsewhere.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    std::fs::remove_file(scene.fleet.path().join("main.hcl")).unwrap();
    let status = scene.run(&["status"], 0);
    assert!(status.contains("running"), "{status}");
}

#[test]
fn waiting_ends_in_time_where_nobody_answers() {
    let scene = Scene::new();
    scene.sandbox.switch("503:GET /instances/{id}").unwrap();
    let start = Instant::now();
    let told = scene.run(&["instances", "wait", NODE, "-timeout=1s"], 1);
    assert!(told.contains("Not in time") && start.elapsed() < Duration::from_secs(8), "{:?}: {told}", start.elapsed());
    scene.sandbox.switch("no faults").unwrap();
    let told = scene.run(&["instances", "wait", "99999", NODE, "-for=running"], 1);
    assert!(told.contains("knows no machine 99999") && told.contains("is running after"), "{told}");
}
