//! Two checkouts of one fleet on a real server: they share a state, and keep each other and Terraform out.

use super::counted::{Asked, Counted};
use super::over_tls::{file, proxy_over_tls};
use super::places::{Kind, Place, ended, holder, installed, rents, sandbox};
use super::servers::{
    ACCOUNT, Server, account_token, ask, azurite, begin_postgres, begin_seaweed, fake_gcs, postgres, seaweed,
};
use crate::fleet::{Fleet, text};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

fn places() -> impl Iterator<Item = Place> {
    installed().into_iter().map(|kind| kind.place())
}

#[test]
fn two_checkouts_share_a_state_and_rent_nothing_twice() {
    for place in places() {
        let sandbox = sandbox();
        let (one, other) = (place.checkout(3), place.checkout(3));
        let refused = place.run(&one, &sandbox, &["plan"], 1);
        assert!(refused.contains("podform init"), "{refused}");
        place.run(&one, &sandbox, &["init", "-input=false"], 0);
        place.run(&other, &sandbox, &["init", "-input=false"], 0);
        place.run(&one, &sandbox, &["apply", "-auto-approve"], 0);
        place.run(&one, &sandbox, &["plan", "-detailed-exitcode"], 0);
        place.run(&other, &sandbox, &["plan", "-detailed-exitcode"], 0);
        // Both at once want three more.
        let more = place.configuration(6);
        for fleet in [&one, &other] {
            std::fs::write(fleet.path().join("main.hcl"), &more).unwrap();
        }
        let apply = ["apply", "-auto-approve", "-lock-timeout=60s"];
        let both = [&one, &other].map(|fleet| place.begin(fleet, &sandbox, &apply));
        for output in both.map(ended) {
            assert_eq!(output.status.code(), Some(0), "{}: {}", place.name, text(&output));
        }
        assert_eq!(rents(&sandbox), 6, "{}", place.name);
        place.run(&other, &sandbox, &["plan", "-detailed-exitcode"], 0);
        assert_eq!(std::fs::read_dir(one.path().join("state")).map_or(0, Iterator::count), 0, "nothing is kept here");
        println!("{}: two checkouts, 6 rents", place.name);
    }
}

#[test]
fn what_a_killed_run_rented_is_known_to_the_next_one() {
    for place in places() {
        let sandbox = sandbox();
        let (one, other) = (place.checkout(12), place.checkout(12));
        for fleet in [&one, &other] {
            place.run(fleet, &sandbox, &["init", "-input=false"], 0);
        }
        let mut killed = place.begin(&one, &sandbox, &["apply", "-auto-approve", "-parallelism=2"]);
        let began = Instant::now();
        while rents(&sandbox) < 3 {
            assert!(began.elapsed() < Duration::from_secs(60), "{}: nothing is rented", place.name);
            sleep(Duration::from_millis(5));
        }
        killed.kill().unwrap();
        let _ = killed.wait();
        // What the killed run was about to send is looked for until the window has passed.
        place.applies_at_last(&other, &sandbox);
        place.run(&other, &sandbox, &["plan", "-detailed-exitcode"], 0);
        place.run(&one, &sandbox, &["plan", "-detailed-exitcode"], 0);
        assert_eq!(rents(&sandbox), 12, "{}", place.name);
        let orphans = place.run(&other, &sandbox, &["orphans"], 0);
        assert!(orphans.contains("has no orphans"), "{}: {orphans}", place.name);
        println!("{}: killed and gone on, 12 rents", place.name);
    }
}

#[test]
fn a_run_whose_lock_is_taken_away_while_it_works_stops_before_its_next_call_and_loses_nothing() {
    for place in places() {
        let sandbox = sandbox();
        let (one, other) = (place.checkout(12), place.checkout(12));
        for fleet in [&one, &other] {
            place.run(fleet, &sandbox, &["init", "-input=false"], 0);
        }
        sandbox.switch("latency=150").unwrap();
        let first = place.begin(&one, &sandbox, &["apply", "-auto-approve", "-parallelism=1"]);
        let began = Instant::now();
        while rents(&sandbox) < 3 {
            assert!(began.elapsed() < Duration::from_secs(60), "{}: nothing is rented", place.name);
            sleep(Duration::from_millis(5));
        }
        let id = holder(&place.run(&other, &sandbox, &["plan"], 5));
        place.run(&other, &sandbox, &["force-unlock", "-force", &id], 0);
        let rented = rents(&sandbox);
        let stopped = ended(first);
        let told = text(&stopped);
        assert_eq!(stopped.status.code(), Some(5), "{}: {told}", place.name);
        assert!(told.contains("was taken away") && !told.contains("Apply complete"), "{}: {told}", place.name);
        // One call was under way.
        assert!(rents(&sandbox) <= rented + 1, "{}: {rented}, then {}", place.name, rents(&sandbox));
        place.run(&other, &sandbox, &["recover"], 0);
        assert_eq!(sandbox.machines().len(), rents(&sandbox), "{}", place.name);
        place.run(&other, &sandbox, &["apply", "-auto-approve"], 0);
        place.run(&one, &sandbox, &["plan", "-detailed-exitcode"], 0);
        assert_eq!((sandbox.machines().len(), rents(&sandbox)), (12, 12), "{}", place.name);
        let orphans = place.run(&other, &sandbox, &["orphans"], 0);
        assert!(orphans.contains("has no orphans"), "{}: {orphans}", place.name);
        println!("{}: stopped after {rented}, and gone on, 12 rents", place.name);
    }
}

/// Whatever a server has said to be durable is there when it comes back.
#[test]
fn a_server_that_is_killed_and_started_again_while_an_apply_works_loses_nothing() {
    type Known = fn(&Server) -> Kind;
    let servers: [(Option<Server>, Known); 2] =
        [(begin_seaweed(), Kind::of_seaweed), (begin_postgres(), Kind::of_postgres)];
    for (server, kind) in servers {
        let Some(mut server) = server else {
            println!("skipped: a server is not installed; tests/backends/servers.sh does it");
            continue;
        };
        let (place, sandbox) = (kind(&server).place(), sandbox());
        let (one, other) = (place.checkout(12), place.checkout(12));
        for fleet in [&one, &other] {
            place.run(fleet, &sandbox, &["init", "-input=false"], 0);
        }
        sandbox.switch("latency=150").unwrap();
        let working = place.begin(&one, &sandbox, &["apply", "-auto-approve", "-parallelism=2"]);
        let began = Instant::now();
        while rents(&sandbox) < 3 {
            assert!(began.elapsed() < Duration::from_secs(60), "{}: nothing is rented", place.name);
            sleep(Duration::from_millis(5));
        }
        server.stop();
        sleep(Duration::from_secs(2));
        server.start_again();
        let done = ended(working);
        assert!(matches!(done.status.code(), Some(0 | 1 | 4 | 5 | 7)), "{}: {}", place.name, text(&done));
        place.applies_at_last(&other, &sandbox);
        place.run(&one, &sandbox, &["plan", "-detailed-exitcode"], 0);
        assert_eq!((sandbox.machines().len(), rents(&sandbox)), (12, 12), "{}: {}", place.name, text(&done));
        place.run(&other, &sandbox, &["state", "verify"], 0);
        println!("{}: away for {:?}, {:?}, 12 rents", place.name, began.elapsed(), done.status.code());
    }
}

/// Each is a round trip to a place far away.
#[test]
fn a_plan_without_changes_is_five_requests() {
    for kind in [seaweed().map(Kind::of_seaweed), postgres().map(Kind::of_postgres)].into_iter().flatten() {
        let way = Counted::to(kind.port, kind.wire);
        let place = kind.through(way.port);
        let sandbox = sandbox();
        let fleet = place.checkout(20);
        place.run(&fleet, &sandbox, &["init", "-input=false"], 0);
        place.run(&fleet, &sandbox, &["apply", "-auto-approve"], 0);
        let told = |all: &[Asked]| {
            all.iter().map(|one| format!("\n  {} {} ({} bytes)", one.verb, one.what, one.bytes)).collect::<String>()
        };
        way.take();
        place.run(&fleet, &sandbox, &["plan", "-detailed-exitcode"], 0);
        let plan = way.take();
        println!("{}: a plan is{}", place.name, told(&plan));
        assert!(plan.len() <= 5, "{}: {}", place.name, told(&plan));
        place.run(&fleet, &sandbox, &["apply", "-auto-approve"], 0);
        println!("{}: an apply without changes is{}", place.name, told(&way.take()));
        std::fs::write(fleet.path().join("main.hcl"), place.configuration(40)).unwrap();
        place.run(&fleet, &sandbox, &["apply", "-auto-approve"], 0);
        let apply = way.take();
        println!("{}: an apply of 20 is{}", place.name, told(&apply));
        // A rent is an intent, an answer and what is recorded of it; those of several go in one group, where they come at once.
        // Each group is removed at the end: in one request where the server has one for that.
        if place.name.starts_with("s3") {
            assert_eq!(apply.iter().filter(|one| one.verb == "DELETE").count(), 1, "its lock: {}", told(&apply));
        }
        let done = apply.iter().filter(|one| one.verb != "DELETE").count();
        assert!(done <= 3 * 20 + 12, "{}: {}", place.name, told(&apply));
    }
}

/// Terraform in a directory, with a configuration of its own on the same place.
fn terraform(place: &Place, directory: &Fleet, arguments: &[&str]) -> Option<Command> {
    let mut command = super::servers::terraform(directory.path(), arguments)?;
    command.envs(place.variables.iter().map(|(name, value)| (name, value)));
    if place.name == "azurerm" {
        // It knows the account's own name only, and an emulator takes its requests for lists with a token only.
        let way = proxy_over_tls(azurite()?.port, "azure");
        command.env("HTTPS_PROXY", format!("http://127.0.0.1:{way}")).env("SSL_CERT_FILE", file("azure.pem"));
        command.env("ARM_SAS_TOKEN", account_token()).env("ARM_ACCESS_KEY", "");
    }
    Some(command)
}

#[test]
fn terraform_reads_the_state_and_each_keeps_the_other_out() {
    if Command::new("terraform").arg("version").output().is_err() {
        println!("skipped: terraform is not installed");
        return;
    }
    for place in places() {
        let sandbox = sandbox();
        let fleet = place.checkout(2);
        place.run(&fleet, &sandbox, &["init", "-input=false"], 0);
        let slow = "resource \"terraform_data\" \"slow\" {\n  provisioner \"local-exec\" {\n    command = \"touch held; sleep 30\"\n  }\n}\n";
        let other = Fleet::new(&[("main.tf", &format!("terraform {{\n  {}\n}}\n{slow}", place.block))]);
        let Some(mut applies) = terraform(&place, &other, &["apply", "-auto-approve", "-input=false"]) else {
            println!("skipped: terraform is not installed");
            return;
        };
        let ran = |arguments: &[&str]| terraform(&place, &other, arguments).unwrap().output().unwrap();
        let init = ran(&["init", "-input=false"]);
        assert!(init.status.success(), "{}: {}", place.name, text(&init));
        // Its lock keeps us out: it holds one while its command runs.
        let mut holding = applies.spawn().unwrap();
        let began = Instant::now();
        while !other.path().join("held").exists() {
            assert!(began.elapsed() < Duration::from_secs(60), "{}: Terraform does not begin", place.name);
            sleep(Duration::from_millis(20));
        }
        let locked = place.run(&fleet, &sandbox, &["plan"], 5);
        assert!(locked.contains("State is locked"), "{locked}");
        let id = holder(&locked);
        let _ = holding.kill();
        let _ = holding.wait();
        if place.name != "pg" {
            // It stays, and is taken away by the id that Terraform gave it.
            place.run(&fleet, &sandbox, &["force-unlock", "-force", &id], 0);
        }
        // There Terraform writes an empty state before it does anything, and podform writes over no other program's.
        let (own, token) = (place.own, account_token());
        let written = match place.name {
            "gcs" => Some((fake_gcs(), format!("/storage/v1/b/states/o/{own}%2Fdefault.tfstate"))),
            "azurerm" => Some((azurite(), format!("/{ACCOUNT}/states/{own}/gpu.tfstate?{token}"))),
            _ => None,
        };
        if let Some((server, path)) = written {
            assert!(place.run(&fleet, &sandbox, &["plan"], 1).contains("another program"));
            let version = [("x-ms-version", "2019-12-12")];
            assert!(ask(server.unwrap().port, "DELETE", &path, &version, "").0 < 300);
        }
        place.run(&fleet, &sandbox, &["apply", "-auto-approve"], 0);
        let pulled = ran(&["state", "pull"]);
        assert!(pulled.status.success(), "{}: {}", place.name, text(&pulled));
        let state: serde_json::Value = serde_json::from_slice(&pulled.stdout).unwrap();
        let count = state["resources"].as_array().unwrap().iter().map(|one| one["instances"].as_array().unwrap().len());
        assert_eq!(count.sum::<usize>(), 3, "{}: a group and two machines", place.name);
        // Ours keeps it out.
        sandbox.take_calls();
        std::fs::write(fleet.path().join("main.hcl"), place.configuration(60)).unwrap();
        let working = place.begin(&fleet, &sandbox, &["apply", "-auto-approve", "-parallelism=1"]);
        let began = Instant::now();
        while rents(&sandbox) < 1 {
            assert!(began.elapsed() < Duration::from_secs(60), "{}: nothing is rented", place.name);
            sleep(Duration::from_millis(5));
        }
        let kept_out = ran(&["plan", "-input=false", "-lock-timeout=0s"]);
        assert!(text(&kept_out).contains("Error acquiring the state lock"), "{}: {}", place.name, text(&kept_out));
        let done = ended(working);
        assert_eq!(done.status.code(), Some(0), "{}: {}", place.name, text(&done));
        println!("{}: Terraform reads the state, and is kept out and keeps out", place.name);
    }
}
