//! Killed at any moment of an apply, the next one finishes the work: no machine twice, none unknown.

use crate::fleet::{Fleet, text};
use crate::scenarios::{KEY, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant, SystemTime};

const FLEET: &str = r#"
podform {
  fleet = "crash"
}

resource "simplepod_template_group" "base" {
  name       = "crash-base"
  image_name = "ubuntu"
}

resource "simplepod_instance" "node" {
  count             = 20
  name              = "node_${count.index}"
  gpu_model         = "RTX 3090"
  max_price_per_gpu = 0.50
  template_group    = simplepod_template_group.base.id
}
"#;
const KILLS: u32 = 5;

#[test]
fn twenty_machines_in_spite_of_five_kills() {
    let seed = match std::env::var("CRASH_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => u64::from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos()),
    };
    println!("CRASH_SEED={seed}");
    let whole = apply_time();
    let mut random = seed;
    for kill in 1..=KILLS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = f64::from(u32::try_from(random >> 33).unwrap()) / 2_147_483_648.0;
        let moment = whole.mul_f64(share);
        println!("kill {kill} after {moment:?} of {whole:?}");
        let (fleet, sandbox) = (fleet(), sandbox());
        let mut child = command(&fleet, &sandbox, "apply").spawn().unwrap();
        std::thread::sleep(moment);
        child.kill().unwrap();
        child.wait().unwrap();
        let stood = sandbox.machines().len();
        let output = command(&fleet, &sandbox, "apply").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "kill {kill}, {stood} machines stood: {}", text(&output));
        check(&fleet, &sandbox);
        let output = command(&fleet, &sandbox, "plan").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "plan again is not empty: {}", text(&output));
    }
}

/// How long an apply takes that nobody kills.
fn apply_time() -> Duration {
    let (fleet, sandbox) = (fleet(), sandbox());
    let start = Instant::now();
    let output = command(&fleet, &sandbox, "apply").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    check(&fleet, &sandbox);
    start.elapsed()
}

fn fleet() -> Fleet {
    Fleet::new(&[("main.hcl", FLEET)])
}

/// Its clock is fast, so that the settle window passes in a second; its calls are slow, so that kills hit them.
fn sandbox() -> Sandbox {
    let mut switches = Switches::default();
    for spec in ["latency=40", "speed=120", "boot=0", "balance=100000"] {
        switches.apply_spec(spec).unwrap();
    }
    Sandbox::start(3, switches)
}

fn command(fleet: &Fleet, sandbox: &Sandbox, what: &str) -> std::process::Command {
    let mut command = podform();
    command.current_dir(fleet.path()).arg(what);
    command.arg(if what == "apply" { "-auto-approve" } else { "-detailed-exitcode" });
    command.env("SIMPLEPOD_API_URL", sandbox.url()).env("SIMPLEPOD_API_KEY", KEY);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command
}

/// The world and the state hold the same twenty machines, each for its own address.
fn check(fleet: &Fleet, sandbox: &Sandbox) {
    let machines = sandbox.machines();
    let names: BTreeSet<&str> = machines.iter().map(|machine| machine["name"].as_str().unwrap()).collect();
    let wanted: Vec<String> = (0..20).map(|number| format!("node_{number}")).collect();
    let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    assert_eq!((machines.len(), names), (20, wanted));
    let live: BTreeSet<String> = machines.iter().map(|machine| machine["id"].to_string()).collect();
    let state = fs::read(fleet.path().join("state/podform.state.json")).unwrap();
    let state: Value = serde_json::from_slice(&state).unwrap();
    let resources = state["resources"].as_array().unwrap();
    let recorded: BTreeSet<String> = resources
        .iter()
        .filter(|resource| resource["type"] == "simplepod_instance")
        .flat_map(|resource| resource["instances"].as_array().unwrap())
        .map(|instance| instance["attributes"]["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(live, recorded);
    let world = sandbox.ask("GET", "/sandbox/world", "").unwrap();
    let templates = match &world["templates"] {
        Value::Object(map) => map.len(),
        other => other.as_array().unwrap().len(),
    };
    assert_eq!(templates, 1, "the group was made twice");
}
