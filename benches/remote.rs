//! A shared state on servers of this machine, against Terraform's and against files: S3 (SeaweedFS) and PostgreSQL. A plan
//! without changes for 1,000 machines, an apply that makes them, and a state of 10,000, read and written.
//!
//! All goes through a way that counts; `tests/backends/servers.sh` installs the servers.

#[allow(dead_code, clippy::unwrap_used)] // The tests use the rest.
#[path = "../tests/backends/counted.rs"]
mod counted;
#[allow(dead_code, clippy::unwrap_used)] // The same.
#[path = "../tests/backends/proxy.rs"]
mod proxy;
#[allow(dead_code, clippy::unwrap_used)] // The same.
#[path = "../tests/backends/servers.rs"]
mod servers;
mod service;

use counted::{Asked, Counted};
use podform::state::{State, decode};
use podform::store::chain::ObjectLock;
use podform::store::remote::{Keyed, Naming, pg, s3};
use podform::store::{Backend, LockedStore, read};
use proxy::Wire;
use servers::{KEYS, postgres, seaweed};
use service::{LATENCY, Run, Service, fleet, ms, report, run};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const MACHINES: u32 = 1_000;
const MANY: u32 = 10_000;
const RUNS: usize = 5;
/// Of an apply, and of Terraform: they take longer.
const FEW: usize = 3;
const MARKET: [&str; 4] = ["hosts=2500", "balance=100000000", "boot=0", "speed=0"];
const LARGE_MARKET: [&str; 4] = ["hosts=15000", "balance=100000000", "boot=0", "speed=0"];

/// Where a state is kept.
struct Place {
    name: &'static str,
    /// What stands in `podform` or `terraform`; another key or schema each time.
    block: Box<dyn Fn(&str) -> String>,
    variables: Vec<(&'static str, String)>,
    way: Option<Counted>,
    /// The same, without a program around it and not counted.
    open: Option<Box<dyn Fn() -> Keyed>>,
}

fn files() -> Place {
    Place { name: "files", block: Box::new(|_| String::new()), variables: Vec::new(), way: None, open: None }
}

fn of_s3() -> Option<Place> {
    let server = seaweed()?;
    let way = Counted::to(server.port, Wire::Http);
    let port = way.port;
    let block = move |name: &str| {
        format!(
            r#"
  backend "s3" {{
    bucket                      = "states"
    key                         = "{name}/gpu.tfstate"
    region                      = "us-east-1"
    endpoints                   = {{ s3 = "http://127.0.0.1:{port}" }}
    use_path_style              = true
    use_lockfile                = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
  }}
"#
        )
    };
    let open = || {
        let settings = s3::Settings {
            bucket: "states".into(),
            region: "us-east-1".into(),
            endpoint: Some(format!("http://127.0.0.1:{}", server.port)),
            use_path_style: true,
            credentials: s3::Credentials {
                keys: Some((KEYS.0.to_owned().into(), KEYS.1.to_owned().into())),
                ..s3::Credentials::default()
            },
            ..s3::Settings::default()
        };
        let bucket = Arc::new(s3::Bucket::new(&settings).expect("a bucket"));
        let naming = Naming::S3 { key: "many.tfstate".into(), prefix: "env:".into() };
        Keyed::new(bucket.clone(), naming, move |_, key| {
            Box::new(ObjectLock::new(bucket.clone(), format!("{key}.tflock"), key.to_owned()))
        })
    };
    Some(Place {
        name: "s3",
        block: Box::new(block),
        variables: vec![("AWS_ACCESS_KEY_ID", KEYS.0.into()), ("AWS_SECRET_ACCESS_KEY", KEYS.1.into())],
        way: Some(way),
        open: Some(Box::new(open)),
    })
}

fn of_postgres() -> Option<Place> {
    let server = postgres()?;
    let way = Counted::to(server.port, Wire::Postgres);
    let to = |port: u16| format!("postgres://podform@127.0.0.1:{port}/postgres?sslmode=disable");
    let variables = vec![("PG_CONN_STR", to(way.port))];
    let open = move || {
        let create = pg::Create { schema: true, tables: true, index: true };
        let settings = pg::Settings::read(&to(server.port), Some("many"), create, |_| None).expect("settings");
        let database = Arc::new(pg::Database::new(settings));
        Keyed::new(Arc::new(pg::Rows(database.clone())), Naming::Pg, move |workspace, _| {
            Box::new(pg::AdvisoryLock::new(database.clone(), workspace))
        })
    };
    let block = |name: &str| format!("\n  backend \"pg\" {{\n    schema_name = \"{name}\"\n  }}\n");
    Some(Place { name: "pg", block: Box::new(block), variables, way: Some(way), open: Some(Box::new(open)) })
}

impl Place {
    fn settings(&self) -> Vec<(&str, &str)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Runs podform in a fleet; it must end with this code.
    fn podform(&self, fleet: &TempDir, service: &Service, arguments: &[&str], code: i32) -> Run {
        let account = [("SIMPLEPOD_API_URL", &*service.url), ("SIMPLEPOD_API_KEY", "bench")];
        let settings = [&account[..], &self.settings()].concat();
        let run = run(Path::new(env!("CARGO_BIN_EXE_podform")), fleet.path(), arguments, &settings);
        assert_eq!(run.status.code(), Some(code), "{}: podform {}", self.name, arguments.join(" "));
        run
    }

    /// A fleet whose state is kept here, under a name of its own.
    fn fleet(&self, service: &Service, machines: u32, name: &str) -> TempDir {
        let fleet = fleet(machines);
        let file = fleet.path().join("main.hcl");
        let text = fs::read_to_string(&file).expect("a configuration");
        let text = text.replacen("fleet = \"bench\"\n", &format!("fleet = \"bench\"\n{}", (self.block)(name)), 1);
        fs::write(file, text).expect("a configuration");
        self.podform(&fleet, service, &["init", "-input=false"], 0);
        fleet
    }

    fn asked(&self) -> Vec<Asked> {
        self.way.as_ref().map(Counted::take).unwrap_or_default()
    }
}

/// The best of several.
fn best(runs: usize, mut run: impl FnMut() -> Duration) -> Duration {
    (0..runs).map(|_| run()).min().expect("a run")
}

/// Terraform's plan of as many resources that call nothing; `None` where it is not installed.
fn terraform(place: &Place) -> Option<(Duration, usize)> {
    Command::new("terraform").arg("version").output().ok()?;
    let directory = tempfile::tempdir().expect("a directory");
    let empty = directory.path().join("none.tfrc");
    fs::write(&empty, "").expect("a file");
    let text = format!(
        "terraform {{{}}}\nresource \"terraform_data\" \"node\" {{\n  count = {MACHINES}\n  input = \"node_${{count.index}}\"\n}}\n",
        (place.block)("terraform")
    );
    fs::write(directory.path().join("main.tf"), text).expect("a file");
    let own = [("TF_CLI_CONFIG_FILE", empty.to_str().expect("a path")), ("CHECKPOINT_DISABLE", "1")];
    let settings = [&own[..], &place.settings()].concat();
    let terraform = |arguments: &[&str]| {
        let run = run(Path::new("terraform"), directory.path(), arguments, &settings);
        assert!(run.status.success(), "{}: terraform {}: {}", place.name, arguments.join(" "), run.status);
        run.time
    };
    terraform(&["init", "-input=false"]);
    terraform(&["apply", "-auto-approve", "-input=false"]);
    let mut asked = Vec::new();
    let time = best(FEW, || {
        place.asked();
        let time = terraform(&["plan", "-input=false", "-detailed-exitcode"]);
        asked = place.asked();
        time
    });
    Some((time, asked.len()))
}

fn plan_without_changes(place: &Place) {
    let service = Service::start(&MARKET);
    let fleet = place.fleet(&service, MACHINES, "plan");
    place.podform(&fleet, &service, &["apply", "-auto-approve", "-parallelism=64"], 0);
    let mut asked = Vec::new();
    let mut plan = || {
        place.asked();
        let run = place.podform(&fleet, &service, &["plan", "-detailed-exitcode"], 0);
        asked = place.asked();
        run.time
    };
    // Terraform's resources call nothing, so our API answers at once where the two are compared.
    let time = best(RUNS, &mut plan);
    service.latency(LATENCY);
    let slow = best(RUNS, &mut plan);
    println!("{}: plan of {MACHINES} machines without changes, best of {RUNS}", place.name);
    println!("    {:.0} ms; with an API at {LATENCY:?} {:.0} ms", ms(time), ms(slow));
    report("own requests", count(asked.len()), 5.0, "requests");
    asked.iter().for_each(|one| println!("      {} {}", one.verb, one.what));
    match terraform(place) {
        Some((theirs, requests)) => {
            println!("    Terraform's of {MACHINES} terraform_data: {:.0} ms, {requests} requests", ms(theirs));
            report("time: a tenth of Terraform's", ms(time), ms(theirs) / 10.0, "ms");
        }
        None => println!("skipped: terraform is not installed; ours takes {:.0} ms", ms(time)),
    }
}

/// Journal entries that are written: those of the chain, whose keys end with their numbers.
fn is_journal(one: &&Asked) -> bool {
    matches!(&*one.verb, "PUT" | "INSERT") && one.what.contains(".podform/journal/")
}

fn apply(places: &[Place]) {
    let mut times = vec![Duration::MAX; places.len()];
    // In turns: whatever else the machine does meets all of them.
    for turn in 0..FEW {
        for (place, best) in places.iter().zip(&mut times) {
            let service = Service::start(&MARKET);
            let fleet = place.fleet(&service, MACHINES, &format!("apply{turn}"));
            let group = ["apply", "-auto-approve", "-target=simplepod_template_group.base"];
            place.podform(&fleet, &service, &group, 0);
            // The simulator makes its market when it is asked for the first time.
            place.podform(&fleet, &service, &["plan", "-detailed-exitcode"], 2);
            service.latency(LATENCY);
            place.asked();
            let run = place.podform(&fleet, &service, &["apply", "-auto-approve", "-parallelism=10"], 0);
            *best = run.time.min(*best);
            let asked = place.asked();
            println!(
                "    {}: {:.0} ms, {:.0} ms of processors, {} requests",
                place.name,
                ms(run.time),
                ms(run.cpu),
                asked.len()
            );
            if turn + 1 == FEW && place.way.is_some() {
                written(place, run.time, &asked);
            }
        }
    }
    for (place, time) in places.iter().zip(&times).skip(1) {
        println!("{}: apply of {MACHINES}, API at {LATENCY:?}, parallelism 10, best of {FEW}", place.name);
        report("time: 1.15 x that of files", ms(*time), 1.15 * ms(times[0]), "ms");
    }
}

fn written(place: &Place, time: Duration, asked: &[Asked]) {
    let journal: Vec<&Asked> = asked.iter().filter(is_journal).collect();
    let groups: BTreeSet<&str> = journal.iter().map(|one| one.what.as_str()).collect();
    let bytes: usize = journal.iter().map(|one| one.bytes).sum();
    println!("{}: what the last apply wrote in {:.0} ms", place.name, ms(time));
    report("writes of the journal: one a group", count(journal.len()), count(groups.len()), "writes");
    report("journal", count(bytes) / 1024.0 / time.as_secs_f64(), 100.0, "KB/s");
    let others = asked.iter().filter(|one| !is_journal(one) && one.verb != "DELETE");
    others.take(24).for_each(|one| println!("      {} {} ({} bytes)", one.verb, one.what, one.bytes));
}

/// A state of so many machines, as an apply leaves it.
fn state_of(machines: u32) -> State {
    let service = Service::start(&LARGE_MARKET);
    let fleet = files().fleet(&service, machines, "");
    files().podform(&fleet, &service, &["apply", "-auto-approve", "-parallelism=64"], 0);
    let bytes = fs::read(fleet.path().join("state/podform.state.json")).expect("a state");
    println!("a state of {machines} machines has {:.1} MB", count(bytes.len()) / 1024.0 / 1024.0);
    decode(&bytes).expect("a state")
}

fn read_and_written(place: &Place, mut state: State) {
    let Some(open) = &place.open else { return };
    let backend = open();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let open = || backend.state("default").expect("a store");
        let (mut store, _) = LockedStore::open(open(), "bench", None).await.expect("an empty state");
        let (mut wrote, mut took) = (Duration::MAX, Duration::MAX);
        for _ in 0..RUNS {
            let began = Instant::now();
            store.put(&mut state).await.expect("it is written");
            wrote = wrote.min(began.elapsed());
            let began = Instant::now();
            let (there, _) = read(&*open()).await.expect("it is read");
            took = took.min(began.elapsed());
            assert_eq!(there.serial, state.serial);
        }
        println!("{}: a state of {MANY} machines, best of {RUNS}", place.name);
        report("read", ms(took), 1000.0, "ms");
        report("written", ms(wrote), 1000.0, "ms");
    });
}

fn count(of: usize) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}

fn load() -> String {
    fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()
}

fn main() {
    println!("load: {}", load());
    let all = [("SeaweedFS", of_s3()), ("PostgreSQL", of_postgres())];
    for (name, _) in all.iter().filter(|(_, place)| place.is_none()) {
        println!("skipped: {name} is not installed; tests/backends/servers.sh does it");
    }
    let places: Vec<Place> = all.into_iter().filter_map(|(_, place)| place).collect();
    if places.is_empty() {
        return;
    }
    places.iter().for_each(plan_without_changes);
    let places: Vec<Place> = std::iter::once(files()).chain(places).collect();
    apply(&places);
    let state = state_of(MANY);
    places.iter().for_each(|place| read_and_written(place, state.clone()));
    println!("load: {}", load());
}
