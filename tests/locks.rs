//! Two programs at once on one fleet: real processes, real locks, kill -9.

use crate::fleet::{Fleet, text};
use crate::scenarios::{KEY, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const FLEET: &str = r#"
podform {
  fleet = "locks"
}

resource "simplepod_template_group" "base" {
  name       = "locks-base"
  image_name = "ubuntu"
}

resource "simplepod_instance" "node" {
  count             = 6
  name              = "node_${count.index}"
  gpu_model         = "RTX 3090"
  max_price_per_gpu = 0.50
  template_group    = simplepod_template_group.base.id
}
"#;

/// A fleet of six machines that takes a while to make.
pub struct Scene {
    pub fleet: Fleet,
    pub sandbox: Sandbox,
}

impl Scene {
    /// Its clock is fast, so that the settle window passes in a second; its calls are slow, so that runs meet.
    pub fn new() -> Self {
        let mut switches = Switches::default();
        for spec in ["latency=150", "speed=120", "boot=0", "balance=100000"] {
            switches.apply_spec(spec).unwrap();
        }
        Self { fleet: Fleet::new(&[("main.hcl", FLEET)]), sandbox: Sandbox::start(3, switches) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = podform();
        command.current_dir(self.fleet.path()).args(arguments);
        command.env("SIMPLEPOD_API_URL", self.sandbox.url()).env("SIMPLEPOD_API_KEY", KEY);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs to the end; both streams.
    #[track_caller]
    pub fn run(&self, arguments: &[&str], code: i32) -> String {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "podform {arguments:?}: {}", text(&output));
        text(&output)
    }

    /// Runs on while others look.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// Waits until a call has come to this route.
    pub fn until(&self, method: &str, route: &str) {
        let start = Instant::now();
        while !self.sandbox.calls().iter().any(|call| call.method == method && call.route == route) {
            assert!(start.elapsed() < Duration::from_secs(60), "no {method} {route}: {:?}", self.sandbox.calls());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A file of the state.
    pub fn path(&self, name: &str) -> PathBuf {
        self.fleet.path().join("state").join(name)
    }

    /// Starts an apply, and waits until it has rented something and is not done.
    pub fn applying(&self) -> Child {
        let child = self.start(&["apply", "-auto-approve", "-parallelism=1"]);
        let start = Instant::now();
        while self.sandbox.machines().len() < 2 {
            assert!(start.elapsed() < Duration::from_secs(60), "nothing is rented");
            std::thread::sleep(Duration::from_millis(10));
        }
        child
    }

    /// The same, and kills it; its process id.
    fn killed(&self) -> u32 {
        let mut first = self.applying();
        first.kill().unwrap();
        first.wait().unwrap();
        first.id()
    }

    /// What the lock file says.
    pub fn holder(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("podform.lock")).unwrap()).unwrap()
    }

    /// All machines stand, once, and the state knows them.
    #[track_caller]
    pub fn settled(&self) {
        self.run(&["plan", "-detailed-exitcode"], 0);
        assert_eq!(self.sandbox.machines().len(), 6);
        self.run(&["state", "verify"], 0);
    }
}

/// Waits for its end; both streams.
#[track_caller]
pub fn ends(child: Child, code: i32) -> String {
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", text(&output));
    text(&output)
}

#[test]
fn the_second_apply_names_the_first_or_waits_for_it() {
    let scene = Scene::new();
    let first = scene.applying();
    let told = scene.run(&["apply", "-auto-approve"], 5);
    let holder = scene.holder();
    for named in [first.id().to_string(), holder["id"].as_str().unwrap().to_owned(), "Operation: apply".to_owned()] {
        assert!(told.contains(&named), "{named} is not in {told}");
    }
    scene.run(&["state", "rm", "-force", "simplepod_instance.node"], 5);
    scene.run(&["state", "repair", "-auto-approve"], 5);
    let told = scene.run(&["force-unlock", "-force", holder["id"].as_str().unwrap()], 1);
    assert!(told.contains("Lock cannot be taken away"), "{told}");
    scene.sandbox.switch("latency=500").unwrap();
    let told = scene.run(&["apply", "-auto-approve", "-lock-timeout=60s"], 0);
    // Told once: the next line would come after half a minute.
    let waits: Vec<&str> = told.lines().filter(|line| line.contains("Waiting for the lock")).collect();
    let begins = "Waiting for the lock [1s elapsed]: apply by ";
    let process = format!(" UTC, process {}", first.id());
    assert!(waits.len() == 1 && waits[0].starts_with(begins) && waits[0].contains(&process), "{told}");
    assert!(told.contains("No changes"), "{told}");
    ends(first, 0);
    scene.settled();
}

#[test]
fn a_plan_during_an_apply_sees_what_is_done_so_far() {
    let scene = Scene::new();
    let first = scene.applying();
    // What the apply has under way is in doubt for whoever looks: -detailed-exitcode would be 4 or 2, as it comes.
    let told = scene.run(&["plan"], 5);
    assert!(told.contains("Operation: apply") && told.contains("-lock-timeout=5m"), "{told}");
    let told = scene.run(&["plan", "-lock=false"], 0);
    assert!(!told.contains("6 to add"), "{told}");
    let listed = scene.run(&["state", "list"], 0);
    assert!(listed.contains("simplepod_instance.node["), "{listed}");
    let told = scene.run(&["plan", "-lock-timeout=60s", "-detailed-exitcode"], 0);
    assert!(told.contains("No changes"), "{told}");
    ends(first, 0);
    scene.settled();
}

/// Machines that another run releases at the moment are no sign of a wrong key.
#[test]
fn a_plan_that_is_refused_beside_a_run_says_that_it_runs() {
    let scene = Scene::new();
    scene.run(&["apply", "-auto-approve"], 0);
    scene.sandbox.switch("slow:DELETE /instances/{id}:1-6:60000").unwrap();
    let mut first = scene.start(&["destroy", "-auto-approve"]);
    let start = Instant::now();
    while !scene.sandbox.machines().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(60), "machines are left");
        std::thread::sleep(Duration::from_millis(10));
    }
    let holder = format!("{} by ", scene.holder()["operation"].as_str().unwrap());
    for command in ["plan", "review"] {
        let told = scene.run(&[command, "-lock=false"], 1);
        assert!(told.contains("Most machines are gone") && told.contains("Warning: Another run is at work"), "{told}");
        assert!(told.contains(&holder) && told.contains("Plan again when it is over."), "{told}");
    }
    first.kill().unwrap();
    first.wait().unwrap();
    scene.sandbox.switch("no faults").unwrap();
    scene.run(&["destroy", "-auto-approve"], 0);
    let told = scene.run(&["plan"], 0);
    assert!(!told.contains("Another run is at work"), "{told}");
}

#[test]
fn the_lock_of_a_killed_apply_is_taken_over_with_a_warning() {
    let scene = Scene::new();
    let dead = scene.killed().to_string();
    assert_eq!(scene.holder()["pid"].to_string(), dead);
    let told = scene.run(&["apply", "-auto-approve"], 0);
    assert!(told.contains("Stale lock taken over") && told.contains(&dead), "{told}");
    scene.settled();
    let told = scene.run(&["apply", "-auto-approve"], 0);
    assert!(!told.contains("Stale lock"), "{told}");
}

#[test]
fn the_lock_of_another_host_stands_until_it_is_taken_away() {
    let scene = Scene::new();
    scene.killed();
    let mut holder = scene.holder();
    holder["host"] = "elsewhere".into();
    holder["started"] = "another boot/1".into();
    fs::write(scene.path("podform.lock"), holder.to_string()).unwrap();
    let told = scene.run(&["apply", "-auto-approve"], 5);
    let id = holder["id"].as_str().unwrap();
    assert!(told.contains(&format!("podform force-unlock {id}")), "{told}");
    // Nobody answers, so nothing is done.
    scene.run(&["force-unlock", id], 1);
    scene.run(&["apply", "-auto-approve"], 5);
    scene.run(&["force-unlock", "-force", "another"], 1);
    scene.run(&["force-unlock", "-force", id], 0);
    scene.run(&["apply", "-auto-approve"], 0);
    scene.settled();
}

/// Another container: its host name is its own, and what it ran is not seen here.
#[test]
fn the_lock_of_a_run_that_died_in_another_container_of_this_machine_is_taken_over() {
    let scene = Scene::new();
    scene.killed();
    let mut holder = scene.holder();
    holder["host"] = "4f1c0a".into();
    holder["namespace"] = "pid:[1]".into();
    fs::write(scene.path("podform.lock"), holder.to_string()).unwrap();
    let told = scene.run(&["apply", "-auto-approve"], 0);
    assert!(told.contains("Stale lock taken over"), "{told}");
    scene.settled();
}

/// Its name is that of this one.
#[test]
fn the_lock_of_another_machine_of_the_same_name_stands() {
    let scene = Scene::new();
    scene.killed();
    let mut holder = scene.holder();
    holder["started"] = "another boot/1".into();
    holder["machine"] = "another machine".into();
    fs::write(scene.path("podform.lock"), holder.to_string()).unwrap();
    scene.run(&["apply", "-auto-approve"], 5);
    scene.run(&["force-unlock", "-force", holder["id"].as_str().unwrap()], 0);
    scene.run(&["apply", "-auto-approve"], 0);
    scene.settled();
}

#[test]
fn a_killed_run_is_no_damage() {
    let scene = Scene::new();
    scene.killed();
    let told = scene.run(&["state", "verify"], 0);
    assert!(told.contains("hold together") && told.contains("A run ended here"), "{told}");
    scene.run(&["apply", "-auto-approve"], 0);
    let told = scene.run(&["state", "verify"], 0);
    assert!(!told.contains("A run ended here"), "{told}");
}

#[test]
fn a_state_that_is_older_than_its_backup_is_told_until_it_is_written() {
    let scene = Scene::new();
    let fleet = |count: usize| {
        let text = FLEET.replace("count             = 6", &format!("count             = {count}"));
        fs::write(scene.fleet.path().join("main.hcl"), text).unwrap();
    };
    fleet(1);
    scene.run(&["apply", "-auto-approve"], 0);
    let old = fs::read(scene.path("podform.state.json")).unwrap();
    fleet(2);
    let told = scene.run(&["apply", "-auto-approve"], 0);
    assert!(!told.contains("older"), "{told}");
    let new = fs::read(scene.path("podform.state.json")).unwrap();
    fs::write(scene.path("podform.state.json"), &old).unwrap();
    let told = scene.run(&["state", "verify"], 1);
    assert!(told.contains("podform.state.2.") && told.contains("older than its backup"), "{told}");
    fleet(1);
    for command in [&["plan"][..], &["apply", "-auto-approve"], &["untaint", "-allow-missing", "simplepod_instance.x"]]
    {
        let told = scene.run(command, 0);
        assert!(told.contains("State is older than its backup") && told.contains("put"), "{told}");
    }
    // The way out is the one that is told.
    fs::write(scene.path("podform.state.json"), &new).unwrap();
    scene.run(&["state", "verify"], 0);
    // The older one is meant: whoever writes it goes on above the newer one.
    fs::write(scene.path("podform.state.json"), &old).unwrap();
    scene.run(&["taint", "simplepod_instance.node[0]"], 0);
    let told = scene.run(&["state", "verify"], 0);
    assert!(!told.contains("older"), "{told}");
    let told = scene.run(&["untaint", "simplepod_instance.node[0]"], 0);
    assert!(!told.contains("older"), "{told}");
}

#[test]
fn a_state_that_is_edited_during_an_apply_is_not_written_over() {
    let scene = Scene::new();
    fs::write(scene.fleet.path().join("main.hcl"), FLEET.replace("count             = 6", "count             = 0"))
        .unwrap();
    scene.run(&["apply", "-auto-approve"], 0);
    fs::write(scene.fleet.path().join("main.hcl"), FLEET).unwrap();
    let before = fs::read_to_string(scene.path("podform.state.json")).unwrap();
    let first = scene.applying();
    let edited = before.replace("\"serial\": 1,", "\"serial\": 40,");
    assert_ne!(before, edited);
    fs::write(scene.path("podform.state.json"), &edited).unwrap();
    let told = ends(first, 1);
    assert!(told.contains("serial 1") && told.contains("serial 40") && told.contains("journal"), "{told}");
    assert_eq!(fs::read_to_string(scene.path("podform.state.json")).unwrap(), edited);
    let told = scene.run(&["apply", "-auto-approve"], 1);
    assert!(told.contains("not what podform wrote") && told.contains("podform state repair"), "{told}");
    assert_eq!(fs::read_to_string(scene.path("podform.state.json")).unwrap(), edited);
    // The journal still fits that state, and nothing is rented again.
    let told = scene.run(&["state", "repair", "-auto-approve"], 0);
    assert!(told.contains("it is taken as it is now") && told.contains("serial 41"), "{told}");
    let told = scene.run(&["apply", "-auto-approve"], 0);
    assert!(told.contains("No changes"), "{told}");
    scene.settled();
}

/// A checkout of CI whose files belong to somebody else.
#[cfg(unix)]
#[test]
fn a_plan_needs_no_lock_where_it_may_write_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    let mode = |mode: u32| {
        fs::set_permissions(scene.fleet.path(), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o500);
    let refused = fs::write(scene.fleet.path().join("probe"), "").is_err();
    // Whoever may do everything finds nothing read-only.
    if refused {
        let told = scene.run(&["plan"], 0);
        assert!(told.contains("6 to add") || told.contains("7 to add"), "{told}");
        assert!(told.contains("State is not locked"), "{told}");
        assert!(!scene.run(&["plan", "-lock=false"], 0).contains("State is not locked"));
        assert!(scene.run(&["apply", "-auto-approve"], 1).contains("make the state directory"));
    }
    mode(0o700);
}

#[test]
fn a_plan_leaves_nothing_but_an_empty_lock() {
    let scene = Scene::new();
    scene.run(&["plan"], 0);
    let names: Vec<_> = fs::read_dir(scene.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["podform.lock"]);
    assert_eq!(fs::metadata(scene.path("podform.lock")).unwrap().len(), 0);
}

#[test]
fn a_network_that_is_not_there_is_told_once() {
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    // The discard port: nobody listens.
    let nowhere = [("SIMPLEPOD_API_URL", "http://127.0.0.1:9"), ("SIMPLEPOD_API_KEY", KEY)];
    let refused = podform().current_dir(fleet.path()).arg("plan").envs(nowhere).output().unwrap();
    let told = text(&refused);
    assert_eq!((refused.status.code(), told.matches("No answer from the API").count()), (Some(1), 1), "{told}");
}
