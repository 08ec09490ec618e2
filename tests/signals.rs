//! SIGINT, SIGTERM and SIGHUP at every moment of a command: it ends in order, with 130; nobody else finds a lock, nothing is
//! rented twice, and the next run goes on.

use crate::fleet::{Fleet, text};
use crate::prompts::Session;
use crate::scenarios::{KEY, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const FLEET: &str = r#"
podform {
  fleet = "signals"
}

resource "simplepod_template_group" "base" {
  name       = "signals-base"
  image_name = "ubuntu"
}

resource "simplepod_instance" "node" {
  count             = 3
  name              = "node_${count.index}"
  gpu_model         = "RTX 3090"
  max_price_per_gpu = 0.50
  template_group    = simplepod_template_group.base.id
}
"#;

/// Those that end a program. A test that is run with SIGHUP ignored cannot give it back to its children.
fn signals() -> Vec<Signal> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let hangs_up = ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 0);
    let mut all = vec![Signal::INT, Signal::TERM];
    all.extend(hangs_up.then_some(Signal::HUP));
    all
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

struct Scene {
    fleet: Fleet,
    sandbox: Sandbox,
}

impl Scene {
    fn new(specs: &[&str]) -> Scene {
        let mut switches = Switches::default();
        for spec in ["balance=100000"].iter().chain(specs) {
            switches.apply_spec(spec).unwrap();
        }
        Scene { fleet: Fleet::new(&[("main.hcl", FLEET)]), sandbox: Sandbox::start(3, switches) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = podform();
        command.current_dir(self.fleet.path()).args(arguments);
        command.env("SIMPLEPOD_API_URL", self.sandbox.url()).env("SIMPLEPOD_API_KEY", KEY);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    fn count(&self, method: &str, route: &str) -> usize {
        self.sandbox.calls().iter().filter(|call| call.method == method && call.route == route).count()
    }

    /// Waits until so many calls have come to this route.
    fn until(&self, method: &str, route: &str, calls: usize) {
        let start = Instant::now();
        while self.count(method, route) < calls {
            assert!(start.elapsed() < Duration::from_secs(60), "no {method} {route}: {:?}", self.sandbox.calls());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[track_caller]
    fn unlocked(&self, after: &str) {
        let lock = fs::read_to_string(self.fleet.path().join("state/podform.lock")).unwrap_or_default();
        assert_eq!(lock, "", "the lock stays after {after}");
    }

    /// The next runs find no lock, finish the work, and then nothing to do; nothing was made twice.
    #[track_caller]
    fn goes_on(&self, after: &str) {
        self.unlocked(after);
        for spec in ["no faults", "latency=0", "boot=0", "speed=120"] {
            self.sandbox.switch(spec).unwrap();
        }
        let output = self.command(&["apply", "-auto-approve"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{after}: {}", text(&output));
        assert!(!text(&output).contains("Stale lock"), "{after}: {}", text(&output));
        let output = self.command(&["plan", "-detailed-exitcode"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{after}: {}", text(&output));
        assert_eq!(self.sandbox.machines().len(), 3, "{after}");
        let output = self.command(&["orphans"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{after}: {}", text(&output));
    }
}

/// It ends with 130 in bounded time.
#[track_caller]
fn interrupted(child: Child, after: &str) -> Output {
    let pid = Pid::from_child(&child);
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || ended.send(child.wait_with_output().unwrap()));
    let output = end.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| {
        kill_process(pid, Signal::KILL).unwrap();
        panic!("{after}: it does not end");
    });
    assert_eq!(output.status.code(), Some(130), "{after}: {}", text(&output));
    output
}

#[test]
fn at_every_moment_of_an_apply() {
    let apply: &[&str] = &["apply", "-auto-approve"];
    type Moment = (&'static str, &'static [&'static str], fn(&Scene));
    let moments: [Moment; 4] = [
        ("before the first change", &["latency=300"], |scene| scene.until("GET", "/instances/list", 1)),
        ("while a group is made", &["slow:POST /instances/templates:1:700"], |scene| {
            scene.until("POST", "/instances/templates", 1);
        }),
        ("while it rents", &["latency=300"], |scene| scene.until("POST", "/instances", 1)),
        ("while it waits for machines", &["boot=99999"], |scene| scene.until("PUT", "/instances/{id}", 3)),
    ];
    for (moment, specs, reached) in moments {
        for signal in signals() {
            let after = format!("{signal:?} {moment}");
            let scene = Scene::new(specs);
            let child = scene.start(apply);
            reached(&scene);
            send(&child, signal);
            let told = text(&interrupted(child, &after));
            assert!(told.contains("Interrupted"), "{after}: {told}");
            scene.goes_on(&after);
        }
    }
}

/// What runs when the first comes is not waited for when the second comes.
#[test]
fn the_second_one_ends_it_at_once() {
    for (first, second) in [(Signal::TERM, Signal::TERM), (Signal::INT, Signal::TERM)] {
        let scene = Scene::new(&["slow:POST /instances:1:60000", "speed=120"]);
        let child = scene.start(&["apply", "-auto-approve"]);
        scene.until("POST", "/instances", 1);
        let start = Instant::now();
        send(&child, first);
        std::thread::sleep(Duration::from_millis(300));
        send(&child, second);
        let told = text(&interrupted(child, "two signals"));
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}: {told}", start.elapsed());
        assert!(told.contains("Stopped. Calls under way are in the journal"), "{told}");
        scene.goes_on("two signals");
    }
}

/// What is taken into the state is taken one by one: the first signal ends that where it waits, also in a call, and the same
/// command goes on.
#[test]
fn while_objects_are_adopted() {
    type Lost = fn(&Scene);
    let cases: [(&[&str], &str, &str, Lost); 2] = [
        (&["recover", "-adopt=all"], "PUT", "slow:PUT /instances/{id}:5:20000", |scene| {
            fs::remove_dir_all(scene.fleet.path().join("state")).unwrap();
        }),
        (&["orphans", "-adopt=all"], "GET", "latency=500", |scene| {
            let forgotten = scene.command(&["state", "rm", "-force", "simplepod_instance.node"]).output().unwrap();
            assert_eq!(forgotten.status.code(), Some(0), "{}", text(&forgotten));
        }),
    ];
    for (command, method, fault, lose) in cases {
        for signal in signals() {
            let after = format!("{signal:?} to {command:?}");
            let scene = Scene::new(&["boot=0"]);
            let output = scene.command(&["apply", "-auto-approve"]).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{after}: {}", text(&output));
            let state = fs::read_to_string(scene.fleet.path().join("state/podform.state.json")).unwrap();
            let state: serde_json::Value = serde_json::from_str(&state).unwrap();
            let lineage = format!("-lineage={}", state["lineage"].as_str().unwrap());
            lose(&scene);
            let mut arguments = command.to_vec();
            arguments.extend((command[0] == "recover").then_some(lineage.as_str()));
            let made = scene.count(method, "/instances/{id}");
            scene.sandbox.switch(fault).unwrap();
            let child = scene.start(&arguments);
            scene.until(method, "/instances/{id}", made + 2);
            send(&child, signal);
            let told = text(&interrupted(child, &after));
            assert!(told.contains("Interrupted"), "{after}: {told}");
            scene.unlocked(&after);
            for spec in ["no faults", "latency=0"] {
                scene.sandbox.switch(spec).unwrap();
            }
            let output = scene.command(&arguments).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{after}: {}", text(&output));
            scene.goes_on(&after);
        }
    }
}

#[test]
fn nobody_waits_for_the_lock_or_the_api_any_more() {
    for signal in signals() {
        let scene = Scene::new(&["latency=20000"]);
        let holder = scene.start(&["apply", "-auto-approve"]);
        let start = Instant::now();
        while fs::metadata(scene.fleet.path().join("state/podform.lock")).map_or(0, |lock| lock.len()) == 0 {
            assert!(start.elapsed() < Duration::from_secs(30), "nobody takes the lock");
            std::thread::sleep(Duration::from_millis(5));
        }
        for waiting in [
            &["apply", "-auto-approve", "-lock-timeout=5m"][..],
            &["state", "rm", "-force", "-lock-timeout=5m", "simplepod_instance.node"],
            &["plan", "-lock-timeout=5m"],
            &["plan", "-lock=false"],
            &["import", "-all"],
        ] {
            let child = scene.start(waiting);
            std::thread::sleep(Duration::from_millis(400));
            send(&child, signal);
            interrupted(child, &format!("{signal:?} to {waiting:?}"));
        }
        send(&holder, signal);
        interrupted(holder, &format!("{signal:?} to the holder"));
        // A plan holds it while it looks.
        let lock = scene.fleet.path().join("state/podform.lock");
        let plan = scene.start(&["plan"]);
        let start = Instant::now();
        while fs::metadata(&lock).map_or(0, |lock| lock.len()) == 0 {
            assert!(start.elapsed() < Duration::from_secs(30), "the plan takes no lock");
            std::thread::sleep(Duration::from_millis(5));
        }
        send(&plan, signal);
        interrupted(plan, &format!("{signal:?} to the plan"));
        assert_eq!(fs::metadata(&lock).unwrap().len(), 0, "{signal:?}: the lock stays");
        scene.goes_on(&format!("{signal:?} to all"));
    }
}

/// It goes on through a market that cannot be read, and ends where nobody reads it any more.
#[test]
fn while_the_market_is_watched() {
    let scene = Scene::new(&["drift=0.3", "speed=0"]);
    let watch: &[&str] = &["market", "-gpu-model=RTX 3090", "-by=model", "-watch=1s"];
    let mut child = scene.start(watch);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("GPU model"));
    assert!(lines.next().unwrap().starts_with("RTX 3090") && lines.next().unwrap().starts_with("1 model"));
    scene.sandbox.switch("503:GET /instances/market/list:1-999").unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(told.next().unwrap().ends_with("The market is read again in 1 s."));
    scene.sandbox.switch("no faults").unwrap();
    scene.sandbox.advance(7200);
    let moved = lines.next().unwrap();
    assert!(moved.contains(" ~ ") && moved.contains("x RTX 3090 in ") && moved.contains(" from $"), "{moved}");
    send(&child, Signal::INT);
    interrupted(child, "a watch");
    let mut child = scene.start(&[watch, &["-json"]].concat());
    scene.until("GET", "/instances/market/list", 1);
    drop(child.stdout.take());
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(30), "a watch that nobody reads goes on");
        scene.sandbox.advance(7200);
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn at_a_prompt_the_lock_is_released() {
    for signal in signals() {
        let fleet = Fleet::new(&[("main.hcl", FLEET)]);
        let session = Session::start(&fleet, &["apply"]);
        session.asks("Do you want to perform these actions?");
        let lock = fleet.path().join("state/sandbox/podform.lock");
        assert!(fs::metadata(&lock).unwrap().len() > 0);
        send(&session.child, signal);
        let (code, screen) = session.end();
        assert_eq!(code, Some(130), "{signal:?}: {screen}");
        assert!(screen.contains("Interrupted"), "{signal:?}: {screen}");
        assert_eq!(fs::metadata(&lock).unwrap().len(), 0, "{signal:?}: the lock stays");
        let plan = fleet.run(&["plan"], 0);
        assert!(plan.contains("4 to add"), "{plan}");
    }
}

#[test]
fn at_the_prompt_of_a_secret_the_terminal_is_given_back() {
    const ASKING: &str = "variable \"token\" {\n  type = string\n  sensitive = true\n}\n";
    for signal in signals() {
        let fleet = Fleet::new(&[("main.hcl", ASKING)]);
        let session = Session::start(&fleet, &["plan"]);
        session.asks("var.token\n");
        assert!(!session.echoes());
        send(&session.child, signal);
        let start = Instant::now();
        while !session.echoes() {
            assert!(start.elapsed() < Duration::from_secs(30), "{signal:?}: the terminal stays mute");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(session.end().0, Some(130), "{signal:?}");
    }
}

#[test]
fn the_simulator_saves_its_world() {
    for signal in signals() {
        let fleet = Fleet::new(&[]);
        let mut command = podform();
        command.current_dir(fleet.path()).args(["sandbox", "serve", "-port=0", "-world=w.json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("SIMPLEPOD_API_URL"), "{line}");
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal:?}");
        let world: serde_json::Value = serde_json::from_slice(&fs::read(fleet.path().join("w.json")).unwrap()).unwrap();
        assert!(world.is_object());
    }
}

/// Under `nohup` a run outlives its terminal.
#[test]
fn a_hangup_that_is_ignored_stays_ignored() {
    let scene = Scene::new(&["latency=300", "boot=0"]);
    let mut command = Command::new("sh");
    let own = scene.command(&[]);
    command.args(["-c", "trap '' HUP; exec \"$0\" apply -auto-approve"]).arg(own.get_program());
    command.current_dir(scene.fleet.path());
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    scene.until("GET", "/instances/list", 1);
    send(&child, Signal::HUP);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    scene.goes_on("an ignored SIGHUP");
}
