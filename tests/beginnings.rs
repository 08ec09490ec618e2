//! Fleets that `init` writes: they are in form, and work.

use crate::fleet::{Fleet, text};
use crate::scenarios::podform;
use std::fs;
use std::path::Path;

fn refused(fleet: &Fleet, arguments: &[&str]) -> String {
    let output = podform().current_dir(fleet.path()).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output));
    text(&output)
}

#[test]
fn an_example_is_written_whole_and_over_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for example in ["office-hours", "quickstart", "render-farm", "training-cluster"] {
        let fleet = Fleet::new(&[]);
        let told = fleet.run(&["init", &format!("-example={example}")], 0);
        assert!(told.contains("Wrote main.hcl."), "{told}");
        let read = |at: &Path| fs::read_to_string(at.join("main.hcl")).unwrap();
        assert_eq!(read(fleet.path()), read(&root.join(example)));
        fleet.run(&["fmt", "-check", "-recursive"], 0);
        fleet.run(&["validate"], 0);
        let again = refused(&fleet, &["init", &format!("-example={example}")]);
        assert!(again.contains("A fleet is here"), "{again}");
    }
    let unknown = refused(&Fleet::new(&[]), &["init", "-example=bogus"]);
    assert!(unknown.contains("possible values: office-hours, quickstart"), "{unknown}");
}

#[test]
fn a_fleet_of_a_template_is_rented_as_it_was_written() {
    let fleet = Fleet::new(&[]);
    let listed = fleet.run(&["templates", "-global", "-json", "--sandbox"], 0);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let template = &listed["templates"][0];
    fleet.run(&["init", "--sandbox", &format!("-from={}", template["id"].as_str().unwrap())], 0);
    let text = fs::read_to_string(fleet.path().join("main.hcl")).unwrap();
    assert!(text.contains("gpu_model") && text.contains(".id\n"), "{text}");
    fleet.run(&["fmt", "-check"], 0);
    fleet.run(&["apply", "--sandbox", "-auto-approve"], 0);
    fleet.run(&["plan", "--sandbox", "-detailed-exitcode"], 0);

    let chosen = Fleet::new(&[]);
    chosen.run(
        &["init", "--sandbox", &format!("-from={}", template["name"].as_str().unwrap()), "-gpu-model=RTX 4090"],
        0,
    );
    let text = fs::read_to_string(chosen.path().join("main.hcl")).unwrap();
    assert!(text.contains("\"RTX 4090\""), "{text}");
}

#[test]
fn nothing_is_written_of_what_is_not_there() {
    let fleet = Fleet::new(&[]);
    for (arguments, told) in [
        (&["init", "--sandbox", "-from=999999999"][..], "No such template"),
        (&["init", "--sandbox", "-from=bogus"], "No such template"),
        (&["init", "-gpu-model=RTX 4090"], "-from"),
    ] {
        let text = refused(&fleet, arguments);
        assert!(text.contains(told), "{text}");
    }
    assert!(!fleet.path().join("main.hcl").exists());
}
