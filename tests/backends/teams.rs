//! Two checkouts of one fleet on a real server: they share a state, and keep each other and Terraform out.

use super::counted::{Asked, Counted, Wire};
use super::servers::{ACCOUNT, ACCOUNT_KEY, KEYS, ask, azurite, fake_gcs, postgres, seaweed};
use crate::fleet::{Fleet, text};
use crate::scenarios::{KEY, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How a fleet says where its state is.
struct Place {
    name: &'static str,
    /// What its keys begin with.
    own: Uuid,
    block: String,
    variables: Vec<(&'static str, String)>,
    /// Terraform reaches it from here.
    for_terraform: bool,
}

fn of_s3(port: u16) -> Place {
    let own = Uuid::new_v4();
    Place {
        name: "s3",
        own,
        block: format!(
            r#"backend "s3" {{
    bucket                      = "states"
    key                         = "{own}/gpu.tfstate"
    region                      = "us-east-1"
    endpoints                   = {{ s3 = "http://127.0.0.1:{port}" }}
    use_path_style              = true
    use_lockfile                = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
  }}"#
        ),
        variables: vec![("AWS_ACCESS_KEY_ID", KEYS.0.into()), ("AWS_SECRET_ACCESS_KEY", KEYS.1.into())],
        for_terraform: true,
    }
}

fn of_postgres(port: u16) -> Place {
    let own = Uuid::new_v4();
    Place {
        name: "pg",
        own,
        block: format!("backend \"pg\" {{\n    schema_name = \"{own}\"\n  }}"),
        variables: vec![("PG_CONN_STR", format!("postgres://podform@127.0.0.1:{port}/postgres?sslmode=disable"))],
        for_terraform: true,
    }
}

fn places() -> Vec<Place> {
    let own = Uuid::new_v4();
    let s3 = seaweed().map(|server| of_s3(server.port));
    let gcs = fake_gcs().map(|server| Place {
        name: "gcs",
        own,
        block: format!(
            r#"backend "gcs" {{
    bucket                  = "states"
    prefix                  = "{own}"
    storage_custom_endpoint = "http://127.0.0.1:{}/storage/v1/"
  }}"#,
            server.port
        ),
        variables: vec![("GOOGLE_OAUTH_ACCESS_TOKEN", "x".into())],
        for_terraform: true,
    });
    let azure = azurite().map(|server| Place {
        name: "azurerm",
        own,
        block: format!(
            r#"backend "azurerm" {{
    storage_account_name = "{ACCOUNT}"
    container_name       = "states"
    key                  = "{own}/gpu.tfstate"
  }}"#
        ),
        variables: vec![
            ("ARM_ACCESS_KEY", ACCOUNT_KEY.into()),
            ("AZURE_STORAGE_SERVICE_ENDPOINT", format!("http://127.0.0.1:{}/{ACCOUNT}", server.port)),
        ],
        for_terraform: false,
    });
    let pg = postgres().map(|server| of_postgres(server.port));
    let all = [("s3", s3), ("gcs", gcs), ("azurerm", azure), ("pg", pg)];
    for (name, _) in all.iter().filter(|(_, place)| place.is_none()) {
        println!("skipped: no server for {name}; tests/backends/servers.sh installs one");
    }
    all.into_iter().filter_map(|(_, place)| place).collect()
}

impl Place {
    fn configuration(&self, machines: u32) -> String {
        format!(
            r#"podform {{
  fleet = "team"

  {}
}}

provider "simplepod" {{
  settle_window = "2s"
}}

resource "simplepod_template_group" "base" {{
  name       = "team-base"
  image_name = "ubuntu"
}}

resource "simplepod_instance" "node" {{
  count               = {machines}
  gpu_model           = "RTX 3090"
  fallback_gpu_models = ["RTX 3060", "RTX 4090"]
  max_price_per_gpu   = 2
  template_group      = simplepod_template_group.base.id
  wait_for            = "none"
}}
"#,
            self.block
        )
    }

    fn checkout(&self, machines: u32) -> Fleet {
        Fleet::new(&[("main.hcl", &self.configuration(machines))])
    }

    fn command(&self, fleet: &Fleet, sandbox: &Sandbox, arguments: &[&str]) -> Command {
        let mut command = podform();
        command.current_dir(fleet.path()).args(arguments).env("SIMPLEPOD_API_URL", sandbox.url());
        command.env("SIMPLEPOD_API_KEY", KEY).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, fleet: &Fleet, sandbox: &Sandbox, arguments: &[&str], code: i32) -> String {
        let output = self.command(fleet, sandbox, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}: {arguments:?}: {}", self.name, text(&output));
        text(&output)
    }

    fn begin(&self, fleet: &Fleet, sandbox: &Sandbox, arguments: &[&str]) -> Child {
        self.command(fleet, sandbox, arguments).spawn().unwrap()
    }
}

fn ended(child: Child) -> Output {
    child.wait_with_output().unwrap()
}

fn rents(sandbox: &Sandbox) -> usize {
    sandbox.calls().iter().filter(|call| call.method == "POST" && call.route == "/instances").count()
}

fn sandbox() -> Sandbox {
    let mut switches = Switches::default();
    for spec in ["hosts=200", "balance=100000", "boot=0", "speed=20"] {
        switches.apply_spec(spec).unwrap();
    }
    Sandbox::start(1, switches)
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

/// Each is a round trip to a place far away.
#[test]
fn a_plan_without_changes_is_five_requests() {
    let s3 = seaweed().map(|server| Counted::to(server.port, Wire::Http)).map(|way| (of_s3(way.port), way));
    let pg = postgres().map(|server| Counted::to(server.port, Wire::Postgres));
    let pg = pg.map(|way| (of_postgres(way.port), way));
    for (place, way) in s3.into_iter().chain(pg) {
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
        // A rent is an intent, an answer and what is recorded of it; those of several go in one group.
        assert!(apply.len() <= 3 * 20 + 12, "{}: {}", place.name, told(&apply));
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
        let apply = ["apply", "-auto-approve"];
        let locked = place.command(&other, &sandbox, &apply).output().unwrap();
        let told = text(&locked);
        // The lock of a database ends with the connection; others stay, and are taken away by their id.
        if locked.status.code() == Some(5) {
            let id = told.lines().find_map(|line| line.split_once("ID:")).map(|(_, id)| id.trim().to_owned());
            let id = id.unwrap_or_else(|| panic!("{}: {told}", place.name));
            place.run(&other, &sandbox, &["force-unlock", "-force", &id], 0);
            place.run(&other, &sandbox, &apply, 0);
        } else {
            assert_eq!(locked.status.code(), Some(0), "{}: {told}", place.name);
        }
        place.run(&other, &sandbox, &["plan", "-detailed-exitcode"], 0);
        place.run(&one, &sandbox, &["plan", "-detailed-exitcode"], 0);
        assert_eq!(rents(&sandbox), 12, "{}", place.name);
        let orphans = place.run(&other, &sandbox, &["orphans"], 0);
        assert!(orphans.contains("has no orphans"), "{}: {orphans}", place.name);
        println!("{}: killed and gone on, 12 rents", place.name);
    }
}

/// Terraform in a directory, with a configuration of its own on the same place.
fn terraform(place: &Place, directory: &Fleet, arguments: &[&str]) -> Option<Command> {
    let mut command = super::servers::terraform(directory.path(), arguments)?;
    command.envs(place.variables.iter().map(|(name, value)| (name, value)));
    Some(command)
}

#[test]
fn terraform_reads_the_state_and_each_keeps_the_other_out() {
    for place in places().into_iter().filter(|place| place.for_terraform) {
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
        let id = locked.lines().find_map(|line| line.split_once("ID:")).map(|(_, id)| id.trim().to_owned());
        let _ = holding.kill();
        let _ = holding.wait();
        if place.name != "pg" {
            // It stays, and is taken away by the id that Terraform gave it.
            place.run(&fleet, &sandbox, &["force-unlock", "-force", &id.expect("an id")], 0);
        }
        if place.name == "gcs" {
            // There Terraform writes an empty state before it does anything, and podform writes over no other program's.
            assert!(place.run(&fleet, &sandbox, &["plan"], 1).contains("another program"));
            let (prefix, port) = (place.own.to_string(), fake_gcs().unwrap().port);
            let path = format!("/storage/v1/b/states/o/{prefix}%2Fdefault.tfstate");
            assert!(ask(port, "DELETE", &path, &[], "").0 < 300);
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
