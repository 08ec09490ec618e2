//! Real processes on one state behind a server: two checkouts of one fleet, kills, locks that are taken away.

use super::server::{Fault, GITLAB, Manners, SIMPLE, Server};
use crate::fleet::{Fleet, text};
use crate::locks::ends;
use crate::scenarios::{KEY, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server, an account, and two checkouts of one fleet.
pub struct Team {
    pub server: Server,
    pub sandbox: Sandbox,
    pub checkouts: [Fleet; 2],
    machines: usize,
}

pub fn configuration(server: &Server, machines: usize) -> String {
    let address = server.url("lab");
    format!(
        r#"
podform {{
  fleet = "team"

  backend "http" {{
    address        = "{address}"
    lock_address   = "{address}/lock"
    unlock_address = "{address}/lock"
    lock_method    = "POST"
    unlock_method  = "DELETE"
    username       = "ann"
    retry_wait_min = 1
  }}
}}

resource "simplepod_template_group" "base" {{
  name       = "team-base"
  image_name = "ubuntu"
}}

resource "simplepod_instance" "node" {{
  count             = {machines}
  name              = "node_${{count.index}}"
  gpu_model         = "RTX 3090"
  max_price_per_gpu = 0.50
  template_group    = simplepod_template_group.base.id
}}

output "names" {{
  value = simplepod_instance.node[*].name
}}
"#
    )
}

impl Team {
    /// Its clock is fast, so that the settle window passes in a second; its calls are slow, so that runs meet.
    pub fn new(manners: Manners, machines: usize, latency: u32) -> Team {
        let mut switches = Switches::default();
        for spec in [&*format!("latency={latency}"), "speed=120", "boot=0", "balance=100000"] {
            switches.apply_spec(spec).unwrap();
        }
        let server = Server::start(manners);
        server.require("ann:secret-of-the-server");
        let checkout = || Fleet::new(&[("main.hcl", &configuration(&server, machines))]);
        let checkouts = [checkout(), checkout()];
        let team = Team { server, sandbox: Sandbox::start(3, switches), checkouts, machines };
        for checkout in 0..2 {
            team.run(checkout, &["init"], 0);
        }
        team
    }

    pub fn command(&self, checkout: usize, arguments: &[&str]) -> Command {
        let mut command = podform();
        command.current_dir(self.checkouts[checkout].path()).args(arguments);
        command.env("SIMPLEPOD_API_URL", self.sandbox.url()).env("SIMPLEPOD_API_KEY", KEY);
        command.env("TF_HTTP_PASSWORD", "secret-of-the-server");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    #[track_caller]
    pub fn run(&self, checkout: usize, arguments: &[&str], code: i32) -> String {
        let output = self.command(checkout, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "podform {arguments:?}: {}", text(&output));
        assert!(!text(&output).contains("secret-of-the-server"), "{}", text(&output));
        text(&output)
    }

    /// Starts an apply, and waits until it has rented so many.
    pub fn applying(&self, checkout: usize, rented: usize) -> Child {
        let child = self.command(checkout, &["apply", "-auto-approve", "-parallelism=1"]).spawn().unwrap();
        let start = Instant::now();
        while self.sandbox.machines().len() < rented {
            assert!(start.elapsed() < Duration::from_secs(60), "nothing is rented");
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }

    /// The other checkout takes the lock away from a run that works, and does the rest; that run stops.
    #[track_caller]
    fn goes_on_without(&self, first: Child) {
        self.run(1, &["force-unlock", "-force", &holder(self)], 0);
        self.run(1, &["apply", "-auto-approve"], 0);
        let told = ends(first, 5);
        assert!(told.contains("The lock was taken away") && !told.contains("Apply complete"), "{told}");
        self.run(1, &["apply", "-auto-approve"], 0);
        self.settled();
    }

    /// All machines stand, once, both checkouts know them, and nothing lies in either.
    #[track_caller]
    pub fn settled(&self) {
        for checkout in 0..2 {
            self.run(checkout, &["plan", "-detailed-exitcode"], 0);
            self.run(checkout, &["state", "verify"], 0);
            assert!(!self.checkouts[checkout].path().join("state").exists());
        }
        assert_eq!(self.sandbox.machines().len(), self.machines);
        assert!(self.server.holder("lab").is_none() && self.server.holder("lab-journal").is_none());
    }
}

fn holder(team: &Team) -> String {
    team.server.holder("lab").unwrap()["ID"].as_str().unwrap().to_owned()
}

#[test]
fn of_two_applies_one_waits_for_the_other_or_is_told_who_holds_the_lock() {
    for manners in [GITLAB, SIMPLE] {
        let team = Team::new(manners, 6, 100);
        let first = team.applying(0, 1);
        let told = team.run(1, &["apply", "-auto-approve"], 5);
        assert!(told.contains(&holder(&team)) && told.contains("Operation: apply"), "{told}");
        let second = team.command(1, &["apply", "-auto-approve", "-lock-timeout=120s"]).spawn().unwrap();
        assert!(ends(first, 0).contains("Apply complete"));
        ends(second, 0);
        team.settled();
    }
}

#[test]
fn who_comes_after_a_kill_adopts_what_was_rented_and_rents_nothing_twice() {
    for (at, manners) in [GITLAB, SIMPLE, GITLAB, SIMPLE, GITLAB].into_iter().enumerate() {
        let team = Team::new(manners, 6, 60);
        let mut first = team.applying(0, 1 + at % 4);
        std::thread::sleep(Duration::from_millis(u64::try_from(at).unwrap() * 37));
        first.kill().unwrap();
        first.wait().unwrap();
        if team.server.holder("lab").is_some() {
            let id = holder(&team);
            assert!(team.run(1, &["apply", "-auto-approve"], 5).contains(&id));
            team.run(1, &["force-unlock", "-force", &id], 0);
        }
        team.run(1, &["apply", "-auto-approve"], 0);
        team.settled();
    }
}

#[test]
fn a_run_whose_lock_is_taken_away_while_it_works_stops_and_nothing_is_rented_twice() {
    for manners in [GITLAB, SIMPLE] {
        let team = Team::new(manners, 6, 100);
        let first = team.applying(0, 2);
        team.goes_on_without(first);
    }
}

/// Of a server that compares nothing: what was on its way when the lock was taken away arrives, over what the next wrote.
#[test]
fn a_late_write_of_a_run_whose_lock_was_taken_away_stops_that_run_and_not_the_next() {
    let team = Team::new(SIMPLE, 6, 100);
    let first = team.applying(0, 2);
    team.server.next("POST", "/lab-journal", Fault::Late);
    while team.server.faults_left() > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    team.goes_on_without(first);
}

#[test]
fn lost_answers_and_errors_of_the_server_change_nothing() {
    let team = Team::new(GITLAB, 6, 20);
    for (method, end, fault) in [
        ("POST", "/lab-journal", Fault::Lost),
        ("POST", "/lab-journal", Fault::Masked),
        ("POST", "/lab", Fault::Lost),
        ("GET", "/lab", Fault::Failed),
        ("POST", "/lab-journal/lock", Fault::Lost),
        ("DELETE", "/lab/lock", Fault::Lost),
    ] {
        team.server.next(method, end, fault);
    }
    team.run(0, &["apply", "-auto-approve"], 0);
    assert_eq!(team.server.faults_left(), 0, "each was met");
    team.settled();
}

/// How many requests what is done most often costs.
#[test]
fn requests_are_counted() {
    let team = Team::new(GITLAB, 20, 20);
    team.server.take_calls();
    team.run(0, &["apply", "-auto-approve"], 0);
    let calls = team.server.take_calls();
    println!("an apply of 20: {calls:?}");
    // The wrong id, the seal, and the groups: a rent is an intent, an answer and what is recorded of it, and whatever comes
    // meanwhile goes with it. On a machine with much to do nothing comes meanwhile.
    let groups = calls["POST lab-journal"] - 2;
    assert!(groups <= 3 * 20 + 5 && calls["POST lab"] <= 2, "{calls:?}");
    assert!(calls.values().sum::<usize>() <= 2 * groups + 20, "{calls:?}");
    team.run(0, &["plan", "-detailed-exitcode"], 0);
    let calls = team.server.take_calls();
    println!("a plan: {calls:?}");
    assert!(calls.values().sum::<usize>() <= 5, "{calls:?}");
    team.settled();
}
