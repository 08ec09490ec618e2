//! Backends around the stores: questions on a terminal, secrets that stay nowhere, untrusted configurations, git.

use crate::fleet::{Fleet, text};
use crate::prompts::Session;
use crate::scenarios::podform;
use std::fs;
use std::path::Path;

const PLAIN: &str = "podform {\n  fleet = \"lab\"\n}\n";
const LOCAL: &str =
    "podform {\n  fleet = \"lab\"\n\n  backend \"local\" {\n    path = \"shared/lab.tfstate\"\n  }\n}\n";
const HTTP: &str = "podform {\n  fleet = \"lab\"\n\n  backend \"http\" {\n    address  = \"http://127.0.0.1:9/state\"\n    username = \"u\"\n  }\n}\n";

/// A fleet with a state in `state/`.
fn with_state(configuration: &str) -> Fleet {
    let fleet = Fleet::new(&[("main.hcl", PLAIN)]);
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("state/samples");
    let mut all: Vec<_> = fs::read_dir(samples).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.file_name().unwrap().to_str().unwrap().contains("state"));
    all.sort();
    fleet.run_with(&["state", "push", "-force", all.last().unwrap().to_str().unwrap()], &[], 0);
    fs::write(fleet.path().join("main.hcl"), configuration).unwrap();
    fleet
}

fn listed(fleet: &Fleet) -> String {
    fleet.run_with(&["state", "list"], &[], 0)
}

fn initialize(fleet: &Fleet, answer: &str) -> (Option<i32>, String) {
    let mut command = podform();
    command.current_dir(fleet.path()).arg("init").env("NO_COLOR", "1").env("TERM", "dumb");
    let mut session = Session::run(command, (80, 24));
    session.asks("Do you want to copy existing state to the new backend?");
    session.types(&format!("{answer}\n"));
    session.end()
}

#[test]
fn a_person_is_asked_before_a_state_is_copied() {
    let fleet = with_state(PLAIN);
    let before = listed(&fleet);
    fs::write(fleet.path().join("main.hcl"), LOCAL).unwrap();
    let (code, shown) = initialize(&fleet, "perhaps");
    assert!(code == Some(1) && shown.contains("Nothing was changed"), "{shown}");
    assert!(!fleet.path().join("shared/lab.tfstate").exists() && !fleet.path().join(".podform").exists());
    let (code, shown) = initialize(&fleet, "yes");
    assert!(code == Some(0) && shown.contains("Successfully configured the backend \"local\"!"), "{shown}");
    assert_eq!(listed(&fleet), before);
    let left = fs::read_to_string(fleet.path().join("state/podform.state.json")).unwrap();
    assert!(left.contains("shared/lab.tfstate"), "{left}");
}

#[test]
fn who_says_no_begins_with_an_empty_state() {
    let fleet = with_state(LOCAL);
    let (code, shown) = initialize(&fleet, "no");
    assert_eq!(code, Some(0), "{shown}");
    fleet.run_with(&["state", "list"], &[], 1);
    fs::write(fleet.path().join("main.hcl"), PLAIN).unwrap();
    fleet.run_with(&["init", "-reconfigure"], &[], 0);
    assert!(!listed(&fleet).is_empty(), "the old one is what it was");
}

#[test]
fn both_places_with_a_state_are_left_alone() {
    let fleet = with_state(LOCAL);
    fleet.run_with(&["init", "-reconfigure"], &[], 0);
    let other = fleet.path().join("state/podform.state.json");
    let recorded = fs::read_to_string(&other).unwrap();
    let state: serde_json::Value = serde_json::from_str(&recorded).unwrap();
    let changed = recorded.replace(state["lineage"].as_str().unwrap(), "11111111-2222-4333-8444-555555555555");
    let changed: Vec<&str> = changed.lines().filter(|line| !line.contains("\"sum\":")).collect();
    let unsealed = changed.join("\n").replace(",\n  }\n}", "\n  }\n}");
    fs::write(fleet.path().join("pushed.json"), unsealed).unwrap();
    fleet.run_with(&["state", "push", "-force", "pushed.json"], &[], 0);
    fs::remove_dir_all(fleet.path().join(".podform")).unwrap();
    let before = (fs::read(&other).unwrap(), fs::read(fleet.path().join("shared/lab.tfstate")).unwrap());
    let output = podform().current_dir(fleet.path()).args(["init", "-force-copy"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("Both backends hold a state"), "{}", text(&output));
    let after = (fs::read(&other).unwrap(), fs::read(fleet.path().join("shared/lab.tfstate")).unwrap());
    assert!(before == after);
}

/// Every file below a directory.
fn files(directory: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path(), found),
            false => found.push(fs::read(entry.path()).unwrap()),
        }
    }
}

#[test]
fn secrets_of_a_backend_stand_nowhere() {
    let fleet = Fleet::new(&[("main.hcl", HTTP)]);
    for arguments in [
        &["init", "-backend-config=password=canary-backend"][..],
        &["init", "-backend-config=password=canary-backend", "-backend-config=client_private_key_pem=canary-backend"],
        &["init", "-backend-config=address=http://u:canary-backend@127.0.0.1:9/s"],
        &["init", "-backend-config=retry_max=many", "-backend-config=password=canary-backend"],
        &["state", "list"],
    ] {
        let mut command = podform();
        command.env("TF_HTTP_PASSWORD", "canary-backend").env("PODFORM_LOG", "trace");
        let output = command.current_dir(fleet.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(!text(&output).contains("canary-backend"), "{arguments:?}: {}", text(&output));
    }
    let mut all = Vec::new();
    files(fleet.path(), &mut all);
    assert!(all.iter().all(|bytes| !String::from_utf8_lossy(bytes).contains("canary-backend")));
}

#[test]
fn an_untrusted_configuration_chooses_neither_backend_nor_workspace() {
    let fleet = with_state(LOCAL);
    for arguments in [&["init", "-untrusted"][..], &["output", "-untrusted"], &["show", "-untrusted"]] {
        let output = podform().current_dir(fleet.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains("Backend of an untrusted configuration"), "{arguments:?}: {}", text(&output));
    }
    // What a checkout brings along is nobody's choice.
    fs::write(fleet.path().join("main.hcl"), PLAIN).unwrap();
    fs::create_dir(fleet.path().join(".podform")).unwrap();
    fs::write(fleet.path().join(".podform/workspace"), "theirs").unwrap();
    fs::write(fleet.path().join(".podform/backend.json"), "{}").unwrap();
    assert_eq!(fleet.run_with(&["workspace", "show", "-untrusted"], &[], 0), "default\n");
    fleet.run_with(&["output", "-untrusted", "-json"], &[], 0);
    assert_eq!(fleet.run_with(&["workspace", "show"], &[], 0), "theirs\n");
}

#[test]
fn git_is_left_what_it_says_itself() {
    let fleet = with_state(PLAIN);
    fleet.run_with(&["init"], &[], 0);
    assert!(!fleet.path().join(".gitignore").exists(), "no checkout");
    fs::create_dir(fleet.path().join(".git")).unwrap();
    assert!(fleet.run_with(&["init"], &[], 0).contains("Wrote .gitignore"));
    let written = fs::read_to_string(fleet.path().join(".gitignore")).unwrap();
    for line in [".podform/", "state/sandbox/", "podform.lock", "podform.journal*"] {
        assert!(written.lines().any(|known| known == line), "{line}: {written}");
    }
    assert!(!fleet.run_with(&["init"], &[], 0).contains(".gitignore"));
}

#[test]
fn the_states_that_were_are_listed_for_programs() {
    let fleet = with_state(PLAIN);
    let all: serde_json::Value = serde_json::from_str(&fleet.run_with(&["state", "history", "-json"], &[], 0)).unwrap();
    let newest = &all["states"][0];
    assert_eq!(newest["note"], "recorded now", "{all}");
    assert!(newest["serial"].is_u64() && newest["written"].is_string() && newest["objects"].is_u64(), "{all}");
}
