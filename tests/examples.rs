//! Every directory in `examples/` is planned, applied, planned again, and destroyed.

use crate::fleet::Fleet;
use std::fs;
use std::path::Path;

#[test]
fn the_examples_are_in_form() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_podform"))
        .args(["fmt", "-check", "-recursive", "-diff"])
        .current_dir(examples)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
}

#[test]
fn every_example_works_from_plan_to_destroy() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let directories: Vec<_> =
        fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    assert!(directories.len() >= 3, "{directories:?}");
    for directory in directories {
        let name = directory.file_name().unwrap().to_string_lossy().into_owned();
        println!("{name}");
        let fleet = Fleet::copy(&directory);
        fleet.run(&["validate"], 0);
        fleet.run(&["plan", "-detailed-exitcode"], 2);
        fleet.run(&["apply", "-auto-approve", "--fault", "boot=0"], 0);
        fleet.run(&["plan", "-detailed-exitcode"], 0);
        fleet.run(&["plan", "-detailed-exitcode", "-refresh=full"], 0);
        let machines = fleet.run(&["state", "list"], 0);
        assert!(machines.contains("simplepod_instance."), "{name}: {machines}");
        fleet.run(&["destroy", "-auto-approve"], 0);
        assert_eq!(fleet.run(&["state", "list"], 0), "", "{name}");
    }
}
