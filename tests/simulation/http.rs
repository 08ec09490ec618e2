//! The same over HTTP: the real binary, the simulated API with its faults, and kill -9.
//!
//! `PODFORM_HTTP_HISTORIES=N` runs more, `PODFORM_HTTP_SEED=S` begins there; `PODFORM_LARGE=1` runs the fleet of 500.

use super::chance::Chance;
use super::fleet::{Block, Fleet};
use super::histories::number;
use crate::fleet::{Fleet as Directory, text};
use crate::scenarios::{KEY, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// What may go wrong, with which share of calls.
const FAULTS: [&str; 10] = [
    "500:*",
    "502-after-commit:POST /instances",
    "drop:*",
    "drop-after-commit:*",
    "drop-after-commit:POST /instances",
    "truncate:*",
    "garbage:POST /instances",
    "refuse:POST /instances",
    "429:*",
    "twice:POST /instances/templates",
];

struct Http {
    directory: Directory,
    sandbox: Sandbox,
    told: Vec<String>,
}

impl Http {
    fn start(seed: u64, specs: &[&str]) -> Http {
        let mut switches = Switches::default();
        for spec in [&["boot=0", "latency=5", "speed=20", "balance=1000000"], specs].concat() {
            switches.apply_spec(spec).unwrap();
        }
        let sandbox = Sandbox::start(seed, switches);
        Http { directory: Directory::new(&[]), sandbox, told: Vec::new() }
    }

    fn write(&self, fleet: &Fleet) {
        let hcl = format!("{}provider \"simplepod\" {{\n  settle_window = \"4s\"\n}}\n", fleet.hcl());
        fs::write(self.directory.path().join("main.hcl"), hcl).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = podform();
        command.current_dir(self.directory.path()).args(arguments);
        command.env("SIMPLEPOD_API_URL", self.sandbox.url()).env("SIMPLEPOD_API_KEY", KEY);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn apply(&mut self) -> Output {
        let output = self.command(&["apply", "-auto-approve", "-accept-missing", "-parallelism=32"]).output().unwrap();
        let words = text(&output);
        let last = words.trim().lines().last().unwrap_or_default().to_owned();
        self.told.push(format!("apply: {:?}: {last}", output.status.code()));
        output
    }

    /// Kills an apply after some time, or once something holds.
    fn kill(&mut self, longest: Duration, until: impl Fn(&Sandbox) -> bool) {
        let mut command = self.command(&["apply", "-auto-approve", "-accept-missing", "-parallelism=32"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() && began.elapsed() < longest && !until(&self.sandbox) {
            std::thread::sleep(Duration::from_millis(3));
        }
        let _ = child.kill();
        child.wait().unwrap();
        let stand = self.sandbox.machines().len();
        self.told.push(format!("killed after {:?}, {stand} machines stand", began.elapsed()));
    }

    fn trouble(&mut self, spec: &str) {
        self.sandbox.switch(spec).unwrap();
        self.told.push(spec.to_owned());
    }

    /// With nothing going wrong: two runs, then an empty plan; each machine once, none of ours unrecorded.
    fn come_to_rest(&mut self, wanted: &BTreeSet<String>) -> Result<(), String> {
        self.trouble("no faults");
        if self.apply().status.code() != Some(0) {
            self.apply();
        }
        let orphans = self.command(&["orphans", "-release=all", "-auto-approve"]).output().unwrap();
        self.told.push(text(&orphans));
        let plan = self.command(&["plan", "-detailed-exitcode"]).output().unwrap();
        if plan.status.code() != Some(0) {
            return Err(format!("the plan is not empty: {}", text(&plan)));
        }
        let state = fs::read(self.directory.path().join("state/podform.state.json")).unwrap_or_default();
        let state: Json = serde_json::from_slice(&state).unwrap_or_default();
        let mut recorded = BTreeMap::new();
        let mut groups = 0;
        for resource in state["resources"].as_array().into_iter().flatten() {
            for instance in resource["instances"].as_array().into_iter().flatten() {
                if resource["type"] == "simplepod_instance" {
                    let (name, key) = (resource["name"].as_str().unwrap(), &instance["index_key"]);
                    let id = instance["attributes"]["id"].as_str().unwrap().to_owned();
                    if !instance["deposed"].is_null() {
                        return Err(format!("a deposed object of {name}[{key}] is left"));
                    }
                    recorded.insert(format!("simplepod_instance.{name}[{key}]"), id);
                } else {
                    groups += 1;
                }
            }
        }
        let machines = self.sandbox.machines();
        let strangers = machines.iter().filter(|machine| !machine.to_string().contains("PODFORM_CLAIM"));
        let live: BTreeSet<String> = machines.iter().map(|machine| machine["id"].to_string()).collect();
        let ours = live.len() - strangers.count();
        if recorded.keys().cloned().collect::<BTreeSet<_>>() != *wanted {
            return Err(format!("{:?} are recorded, {wanted:?} wanted", recorded.keys()));
        }
        let world = self.sandbox.ask("GET", "/sandbox/world", "").unwrap();
        let templates = world["templates"].as_object().map(serde_json::Map::len);
        let templates = templates.or(world["templates"].as_array().map(Vec::len));
        if templates != Some(groups) {
            return Err(format!("{templates:?} template groups stand, {groups} are recorded"));
        }
        let ids: BTreeSet<String> = recorded.values().cloned().collect();
        match ids.len() == recorded.len() && ids.is_subset(&live) && ours == ids.len() {
            true => Ok(()),
            false => Err(format!("{ours} machines of ours stand, {} are recorded", ids.len())),
        }
    }
}

fn history(seed: u64) -> Result<(), String> {
    let mut chance = Chance::new(seed, "http");
    let manners: &[&[&str]] = &[
        &[],
        &["create-body=object", "visibility-lag=60"],
        &["create-body=empty", "list-order=shuffled"],
        &["list-detail=true", "template-body=id"],
    ];
    let mut http = Http::start(seed, chance.pick(manners).unwrap());
    let create_first = chance.percent(50);
    let mut fleet = Fleet::of(Block { cap: 300, create_first, ..Block::of(1 + chance.below(6)) });
    for _ in 0..3 {
        for _ in 0..chance.below(3) {
            http.told.push(fleet.edit(&mut chance));
        }
        fleet.blocks.values_mut().for_each(|block| block.cap = 300);
        http.write(&fleet);
        let fault = chance.pick(&FAULTS).unwrap();
        http.trouble(&format!("{fault}:p0.{}", 1 + chance.below(3)));
        if chance.percent(50) {
            http.kill(Duration::from_millis(u64::try_from(40 + chance.below(400)).unwrap()), |_| false);
        } else {
            http.apply();
        }
        http.trouble("no faults");
    }
    // A budget keeps the fleet from what it wants.
    fleet.budget = None;
    http.write(&fleet);
    http.come_to_rest(&fleet.wanted())
        .map_err(|why| format!("PODFORM_HTTP_SEED={seed}\n{}\n{why}", http.told.join("\n")))
}

#[test]
fn histories_over_http_come_to_rest() {
    let seed = number("PODFORM_HTTP_SEED");
    let first = seed.unwrap_or(1);
    let count = number("PODFORM_HTTP_HISTORIES").unwrap_or(if seed.is_some() { 1 } else { 3 });
    let began = Instant::now();
    let broken: Vec<String> = (first..first + count).filter_map(|seed| history(seed).err()).collect();
    println!("{count} histories over HTTP in {:?}", began.elapsed());
    assert!(broken.is_empty(), "{} of {count} broken:\n{}", broken.len(), broken.join("\n\n"));
}

/// Three machines are replaced, each new one first: rent, mark and release of each. The program is killed after each of those
/// calls in turn (every second one, unless there are to be more histories); then once more inside of the run that goes on with
/// it.
#[test]
fn kills_inside_of_a_replace_that_makes_the_new_one_first() {
    const MACHINES: usize = 3;
    let changes = |sandbox: &Sandbox| sandbox.calls().iter().filter(|call| call.method != "GET").count();
    let mut inside = 0;
    let step = if number("PODFORM_HTTP_HISTORIES").is_some() { 1 } else { 2 };
    let manners: [&[&str]; 3] = [&[], &["create-body=object"], &["create-body=empty", "visibility-lag=20"]];
    for (at, manners) in (1..=3 * MACHINES).step_by(step).zip(manners.iter().cycle()) {
        let mut http = Http::start(u64::try_from(at).unwrap(), manners);
        let mut fleet = Fleet::of(Block { cap: 300, create_first: true, ..Block::of(MACHINES) });
        http.write(&fleet);
        assert_eq!(http.apply().status.code(), Some(0), "{}", http.told.join("\n"));
        fleet.a().model = 1;
        http.write(&fleet);
        for more in [at, 2] {
            http.sandbox.take_calls();
            http.kill(Duration::from_secs(30), |sandbox| changes(sandbox) >= more);
            let stand = http.sandbox.machines().len();
            assert!(stand >= MACHINES, "{at}: an old machine went before its new one stood: {}", http.told.join("\n"));
            inside += usize::from(stand > MACHINES);
        }
        let rest = http.come_to_rest(&fleet.wanted());
        assert_eq!(rest, Ok(()), "killed after call {at}: {}", http.told.join("\n"));
    }
    assert!(inside >= MACHINES, "{inside} kills hit the time when old and new stand side by side");
}

/// No file may grow beyond so many blocks: the disk is full at one write after the other, for root too.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_at_any_write_loses_nothing() {
    let mut failed = 0;
    for blocks in [0, 1, 2, 3, 4, 6, 8, 11, 14, 18, 22, 26] {
        let mut http = Http::start(blocks, &[]);
        let fleet = Fleet::of(Block { cap: 300, ..Block::of(2) });
        http.write(&fleet);
        let whole = http.command(&["apply", "-auto-approve"]);
        // A write beyond the limit fails instead of killing the writer.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut limited = Command::new("sh");
        limited.arg("-c").arg(script).arg(whole.get_program()).args(whole.get_args());
        limited.current_dir(http.directory.path());
        limited.envs(whole.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = limited.output().unwrap();
        let words = text(&output);
        assert!(!words.contains("panicked"), "{blocks} blocks: {words}");
        if output.status.code() != Some(0) {
            failed += 1;
            assert!(words.contains("File too large"), "{blocks} blocks: {words}");
        }
        http.told.push(words);
        let rest = http.come_to_rest(&fleet.wanted());
        assert_eq!(rest, Ok(()), "{blocks} blocks: {}", http.told.join("\n"));
    }
    assert!(failed > 4, "{failed} of the sizes were too small");
}

/// 500 machines, five of a hundred calls go wrong, three kills.
#[test]
fn a_large_fleet_comes_to_rest() {
    let count = if number("PODFORM_LARGE").is_some() { 500 } else { 25 };
    let began = Instant::now();
    let mut http = Http::start(7, &["hosts=6000"]);
    let fleet = Fleet::of(Block { cap: 500, ..Block::of(count) });
    http.write(&fleet);
    for spec in ["500:*", "502-after-commit:*", "drop:*", "drop-after-commit:*", "truncate:*"] {
        http.trouble(&format!("{spec}:p0.01"));
    }
    for kill in 1..=3 {
        http.kill(Duration::from_secs(60), |sandbox| sandbox.machines().len() >= count * kill / 4);
    }
    for _ in 0..3 {
        http.apply();
    }
    let result = http.come_to_rest(&fleet.wanted());
    let calls = http.sandbox.take_calls().len();
    println!("{count} machines, {calls} calls, {:?}:\n{}", began.elapsed(), http.told.join("\n"));
    assert_eq!(result, Ok(()));
}
