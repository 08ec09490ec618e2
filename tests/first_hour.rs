//! What somebody new stumbles over: a forgotten flag, a second terminal, words of Terraform.

use crate::fleet::{Fleet, text};
use crate::scenarios::podform;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};

const GROUP: &str = r#"
podform {
  fleet = "hour"
}

resource "simplepod_template_group" "base" {
  name       = "hour-base"
  image_name = "ubuntu"
}

resource "simplepod_instance" "node" {
  name              = "node"
  gpu_model         = "RTX 3090"
  max_price_per_gpu = 0.50
  template_group    = simplepod_template_group.base.id
}

output "id" {
  value = simplepod_template_group.base.id
}
"#;

const HINT: &str = "The simulator has a state here: add --sandbox to see that one.";

#[test]
fn who_forgets_the_sandbox_hears_of_it() {
    let fleet = Fleet::new(&[("main.hcl", GROUP)]);
    let said = |arguments: &[&str]| text(&podform().current_dir(fleet.path()).args(arguments).output().unwrap());
    let looks: [&[&str]; 3] = [&["output"], &["show"], &["state", "list"]];
    for look in looks {
        assert!(!said(look).contains("--sandbox"), "{look:?}");
    }
    fleet.run(&["apply", "-auto-approve"], 0);
    for look in looks {
        let told = said(look).replace("\n│ ", " ");
        assert!(told.contains(HINT), "{look:?}: {told}");
        assert!(!said(&[look, &["-sandbox"]].concat()).contains(HINT), "{look:?}");
    }
    // Programs read what they read before.
    let json = podform().current_dir(fleet.path()).args(["output", "-json"]).output().unwrap();
    assert_eq!(text(&json), "\n{}\n");
}

/// A simulator that serves the world of a fleet until it is dropped.
struct Holder(Child);

impl Holder {
    fn of(fleet: &Fleet) -> Holder {
        let mut serve = podform();
        serve.args(["sandbox", "serve", "-port=0", "-world"]).arg(fleet.path().join("state/sandbox/world.json"));
        let mut held = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // It tells where it serves once it does.
        held.stdout.as_mut().unwrap().read_exact(&mut [0; 1]).unwrap();
        Holder(held)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_second_run_uses_the_world_that_another_one_serves() {
    let fleet = Fleet::new(&[("main.hcl", GROUP)]);
    fleet.run(&["plan"], 0);
    let holder = Holder::of(&fleet);
    fleet.run(&["apply", "-auto-approve"], 0);
    assert!(fleet.run(&["status"], 0).contains("simplepod_instance.node"));
    // What is served elsewhere has the faults of who serves it.
    let refused = podform().current_dir(fleet.path()).args(["plan", "-sandbox", "-seed=7"]).output().unwrap();
    let told = text(&refused).replace("\n│ ", " ");
    assert_eq!(refused.status.code(), Some(5), "{told}");
    assert!(
        told.contains("is in use by another podform process") && told.contains("leave -fault and -seed out"),
        "{told}"
    );
    drop(holder);
    assert!(fleet.run(&["plan"], 0).contains("No changes."));
}

/// The holder ends in the midst of it: the run goes on with a world of its own, the same one at the same place.
#[cfg(unix)]
#[test]
fn a_run_outlives_who_served_its_world() {
    let window = "provider \"simplepod\" {\n  settle_window = \"5s\"\n}\n";
    let fleet = Fleet::new(&[("main.hcl", &format!("{GROUP}{window}"))]);
    fleet.run(&["plan"], 0);
    let holder = Holder::of(&fleet);
    let mut second = podform();
    second.current_dir(fleet.path()).args(["apply", "-sandbox", "-auto-approve"]);
    let second = second.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let state = fleet.path().join("state/sandbox/podform.state.json");
    let begun =
        || state.exists() || fleet.path().join("state/sandbox/podform.journal").metadata().is_ok_and(|it| it.len() > 0);
    while !begun() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // As Ctrl-C does it: what is under way is answered.
    assert!(Command::new("kill").args(["-INT", &holder.0.id().to_string()]).status().unwrap().success());
    let ended = second.wait_with_output().unwrap();
    // A call that the holder had not read yet went with it: it was not made, or is in doubt, and the next run goes on.
    match ended.status.code() {
        Some(0) => {}
        Some(1 | 4 | 7) => drop(fleet.run(&["apply", "-auto-approve"], 0)),
        _ => panic!("{}", text(&ended)),
    }
    assert!(fleet.run(&["plan"], 0).contains("No changes."));
}

#[test]
fn destroy_lists_no_flag_that_it_refuses() {
    for command in ["destroy", "refresh"] {
        let help = text(&podform().args([command, "-help"]).output().unwrap());
        let listed: Vec<&str> = help.lines().filter_map(|line| line.trim_start().split(' ').next()).collect();
        for flag in ["-snapshot", "-replace", "-refresh-only", "-destroy", "-allow-partial", "-offers"] {
            assert!(!listed.contains(&flag), "{command} {flag}");
        }
        assert!(listed.contains(&"-target"), "{help}");
    }
}

#[test]
fn doctor_says_who_keeps_the_state() {
    let fleet = Fleet::new(&[("main.hcl", GROUP)]);
    let told = |variables: &[(&str, &str)]| {
        let mut doctor = podform();
        doctor.current_dir(fleet.path()).arg("doctor").envs(variables.iter().copied());
        text(&doctor.output().unwrap())
    };
    let plain = told(&[]);
    assert!(plain.contains("backend") && plain.contains("none is declared: the state is kept in state/"), "{plain}");
    assert!(plain.contains("ok       workspace      default\n"), "{plain}");
    assert!(told(&[("PODFORM_SANDBOX", "1")]).contains("none: the simulator keeps its state in state/sandbox"));
    let declared =
        GROUP.replace("fleet = \"hour\"", "fleet = \"hour\"\n  backend \"local\" {\n    path = \"kept.tfstate\"\n  }");
    std::fs::write(fleet.path().join("main.hcl"), declared).unwrap();
    let early = told(&[]);
    assert!(early.contains("error    backend        Backend initialization required"), "{early}");
    fleet.run_with(&["init"], &[], 0);
    let opened = told(&[]);
    assert!(
        opened.contains("ok       backend        \"local\", opened by init: ") && opened.contains("kept.tfstate"),
        "{opened}"
    );
    fleet.run_with(&["workspace", "new", "blue"], &[], 0);
    assert!(told(&[]).contains("ok       workspace      blue\n"));
    assert!(told(&[("PODFORM_WORKSPACE", "default")]).contains("default, by PODFORM_WORKSPACE"));
}
