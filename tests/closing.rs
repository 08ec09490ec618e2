//! Whatever becomes of a command: what it opened is closed, and the simulated world is on disk.

use crate::fleet::{Fleet, text};
use crate::scenarios::{KEY, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use std::fs;
use std::io::Write;
use std::process::Stdio;

const FLEET: &str = r#"
podform {
  fleet = "closing"
}

resource "simplepod_template_group" "base" {
  name       = "closing-base"
  image_name = "ubuntu"
}

resource "simplepod_instance" "node" {
  gpu_model         = "RTX 3090"
  max_price_per_gpu = 0.50
  template_group    = simplepod_template_group.base.id
}
"#;

/// Runs a command on the embedded simulator that must fail for this reason, and looks at what it leaves.
#[track_caller]
fn fails(fleet: &Fleet, arguments: &[&str], (typed, code, reason): (&str, i32, &str)) {
    let mut command = podform();
    command.current_dir(fleet.path()).args(arguments).args(["--sandbox"]).env("PODFORM_LOG", "debug");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that asks nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    let output = child.wait_with_output().unwrap();
    let told = text(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    assert!(told.contains(reason), "{arguments:?}: {reason} is not in {told}");
    assert_eq!(told.matches("session closed").count(), 1, "{arguments:?}: {told}");
    let world = fleet.path().join("state/sandbox/world.json");
    let world: serde_json::Value = serde_json::from_slice(&fs::read(world).unwrap()).unwrap();
    assert!(world.is_object());
    let log = fs::metadata(fleet.path().join("state/sandbox/world.json.log"));
    assert!(log.is_ok_and(|log| log.len() == 0), "{arguments:?} leaves changes of the world in its log");
}

#[test]
fn whatever_fails_after_opening_is_closed() {
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    let refused = "502:GET /instances/list";
    for command in ["plan", "apply", "import", "orphans"] {
        let extra: &[&str] = match command {
            "import" => &["-all"],
            _ => &[],
        };
        let arguments = [&[command, "-fault", refused][..], extra].concat();
        fails(&fleet, &arguments, ("", 1, "502"));
    }
    fails(&fleet, &["apply"], ("no\n", 1, "Apply cancelled"));
    fails(&fleet, &["apply", "-input=false"], ("", 1, "Approval needed"));
    fails(&fleet, &["import", "simplepod_instance.node", "77"], ("", 1, "77"));
    fails(&fleet, &["orphans", "-release=77"], ("", 1, "Not an orphan"));
    fails(&fleet, &["recover", "-adopt=77"], ("", 1, "Cannot be adopted"));
    fails(&fleet, &["plan", "-out=nowhere/plan"], ("", 1, "Plan cannot be saved"));
}

#[test]
fn a_locked_state_and_one_of_another_endpoint_close_what_was_opened_before_them() {
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    fleet.run(&["apply", "-auto-approve"], 0);
    let lock = fs::OpenOptions::new().write(true).open(fleet.path().join("state/sandbox/podform.lock")).unwrap();
    lock.lock().unwrap();
    fails(&fleet, &["apply", "-auto-approve"], ("", 5, "State is locked"));
    fails(&fleet, &["recover"], ("", 5, "State is locked"));
    drop(lock);
    let sandbox = Sandbox::start(3, Switches::default());
    let other = Fleet::new(&[("main.hcl", FLEET)]);
    let url = sandbox.url();
    other.run_with(&["apply", "-auto-approve"], &[("SIMPLEPOD_API_URL", &url), ("SIMPLEPOD_API_KEY", KEY)], 0);
    let state = other.path().join("state/podform.state.json");
    fs::copy(state, fleet.path().join("state/sandbox/podform.state.json")).unwrap();
    fails(&fleet, &["plan"], ("", 1, "Another endpoint"));
    fails(&fleet, &["apply"], ("", 1, "Another endpoint"));
}
