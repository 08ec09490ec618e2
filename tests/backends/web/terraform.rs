//! Terraform itself on the same state: it reads what we wrote, and either is kept out by the other's lock. Skipped where it
//! is not installed.

use super::runs::Team;
use super::server::{GITLAB, Server};
use crate::fleet::text;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn is_installed() -> bool {
    let there = Command::new("terraform").arg("version").env("CHECKPOINT_DISABLE", "1").output().is_ok();
    if !there {
        println!("skipped: terraform is not installed");
    }
    there
}

fn backend(server: &Server) -> String {
    let address = server.url("lab");
    format!(
        "    address = \"{address}\"\n    lock_address = \"{address}/lock\"\n    unlock_address = \"{address}/lock\"\n    lock_method = \"POST\"\n    unlock_method = \"DELETE\"\n    username = \"ann\"\n"
    )
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let settings = directory.join("empty.tfrc");
    fs::write(&settings, "").unwrap();
    let mut command = Command::new("terraform");
    command.current_dir(directory).args(arguments).env("TF_CLI_CONFIG_FILE", settings);
    command.env("CHECKPOINT_DISABLE", "1").env("TF_HTTP_PASSWORD", "secret-of-the-server");
    command
}

#[track_caller]
fn done(directory: &Path, arguments: &[&str]) -> String {
    let output = command(directory, arguments).output().unwrap();
    assert!(output.status.success(), "terraform {arguments:?}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn terraform_reads_our_state_and_either_lock_keeps_the_other_out() {
    if !is_installed() {
        return;
    }
    let team = Team::new(GITLAB, 2, 100);
    let directory = tempfile::tempdir().unwrap();
    let configuration = format!(
        "terraform {{\n  backend \"http\" {{\n{}  }}\n}}\n\noutput \"x\" {{\n  value = 1\n}}\n",
        backend(&team.server)
    );
    fs::write(directory.path().join("main.tf"), configuration).unwrap();
    done(directory.path(), &["init", "-input=false"]);
    // Terraform holds the lock while it asks.
    let mut asking = command(directory.path(), &["apply"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while team.server.holder("lab").is_none() {
        assert!(began.elapsed().as_secs() < 60, "Terraform locks nothing");
        std::thread::sleep(Duration::from_millis(20));
    }
    let theirs = team.server.holder("lab").unwrap();
    let told = team.run(0, &["apply", "-auto-approve"], 5);
    assert!(told.contains(theirs["ID"].as_str().unwrap()), "{told}");
    assert!(team.server.holder("lab-journal").is_none(), "what was locked beside is free again");
    drop(asking.stdin.take());
    asking.wait().unwrap();
    assert!(team.server.holder("lab").is_none() && team.server.state("lab").is_none());

    let first = team.applying(0, 1);
    let output = command(directory.path(), &["apply", "-auto-approve", "-input=false"]).output().unwrap();
    let told = text(&output);
    assert!(!output.status.success() && told.contains("Error acquiring the state lock"), "{told}");
    assert!(told.contains("OperationTypeApply"), "{told}");
    crate::locks::ends(first, 0);

    let pulled: Value = serde_json::from_str(&done(directory.path(), &["state", "pull"])).unwrap();
    assert_eq!(Some(&pulled["serial"]), team.server.state("lab").as_ref().map(|state| &state["serial"]));
    assert_eq!(pulled["outputs"]["names"]["value"].as_array().unwrap().len(), 2);
    let other = tempfile::tempdir().unwrap();
    let reading = format!(
        "data \"terraform_remote_state\" \"lab\" {{\n  backend = \"http\"\n  config = {{\n    address = \"{}\"\n    username = \"ann\"\n    password = \"secret-of-the-server\"\n  }}\n}}\n\noutput \"names\" {{\n  value = data.terraform_remote_state.lab.outputs.names\n}}\n",
        team.server.url("lab")
    );
    fs::write(other.path().join("main.tf"), reading).unwrap();
    done(other.path(), &["init", "-input=false"]);
    done(other.path(), &["apply", "-auto-approve", "-input=false"]);
    let names = done(other.path(), &["output", "-json", "names"]);
    assert_eq!(serde_json::from_str::<Value>(&names).unwrap(), serde_json::json!(["node_0", "node_1"]));
    team.settled();
}
