//! Ten thousand machines on a market of about 50,000 rows: a plan that makes them all, the apply of it against ten times the
//! apply of a thousand, a plan without changes; and an apply of a thousand with latency against what its calls must take.

mod service;

use service::{LATENCY, Run, Service, fleet, megabytes, ms, podform, print_calls, report};
use std::path::Path;

/// About 3.3 rows a host.
const MARKET: [&str; 4] = ["hosts=15000", "balance=100000000", "boot=0", "speed=0"];
/// What a thousand machines choose from.
const SMALL_MARKET: [&str; 4] = ["hosts=2500", "balance=100000000", "boot=0", "speed=0"];
const RUNS: usize = 3;
const PARALLELISM: u32 = 10;

/// The best of several runs, each of which must do what it should.
fn best(fleet: &Path, service: &Service, arguments: &[&str], code: i32) -> Run {
    let run = || {
        let run = podform(fleet, service, arguments);
        assert_eq!(run.status.code(), Some(code), "podform {}", arguments.join(" "));
        run
    };
    (0..RUNS).map(|_| run()).min_by_key(|run| run.time).expect("a run")
}

/// A market with the template group in place: machines are what is measured.
fn ready(market: &[&str], machines: u32) -> (Service, tempfile::TempDir) {
    let service = Service::start(market);
    let fleet = fleet(machines);
    let group = ["apply", "-auto-approve", "-target=simplepod_template_group.base"];
    assert!(podform(fleet.path(), &service, &group).status.success(), "the group is made");
    service.take_calls();
    (service, fleet)
}

fn main() {
    let (service, small) = ready(&MARKET, 1_000);
    assert_eq!(podform(small.path(), &service, &["plan", "-detailed-exitcode"]).status.code(), Some(2));
    let thousand = podform(small.path(), &service, &["apply", "-auto-approve", "-parallelism=10"]);
    assert!(thousand.status.success(), "1,000 machines are made: {}", thousand.status);
    drop(service);

    let (service, large) = ready(&MARKET, 10_000);
    // As text: the bench must stay smaller than what it measures.
    let rows = service.answer("GET", "/instances/market/list", "").matches("\"instanceMarket\"").count();
    let new = best(large.path(), &service, &["plan", "-detailed-exitcode"], 2);
    println!("plan of 10,000 new machines, market of {rows} rows, best of {RUNS}");
    report("time", ms(new.time), 1_500.0, "ms");
    report("memory", megabytes(new.peak), 300.0, "MB");

    let saved = podform(large.path(), &service, &["plan", "-out=new.plan"]);
    assert!(saved.status.success(), "the plan is saved: {}", saved.status);
    println!("the saved plan of 10,000 new machines is read and drawn, best of {RUNS}");
    for format in ["summary", "markdown", "html", "json", "sarif", "junit"] {
        let run = best(large.path(), &service, &["review", "new.plan", &format!("-format={format}"), "-out=review"], 0);
        report(format, ms(run.time), 300.0, "ms");
    }
    for (name, arguments) in [("text", &["show", "new.plan"][..]), ("detail", &["show", "-detail", "new.plan"])] {
        report(name, ms(best(large.path(), &service, arguments, 0).time), 300.0, "ms");
    }

    service.take_calls();
    let made = podform(large.path(), &service, &["apply", "-auto-approve", "-parallelism=10"]);
    assert!(made.status.success(), "10,000 machines are made: {}", made.status);
    println!("apply of 10,000 machines without latency against ten times the apply of 1,000");
    report("time", ms(made.time), 1.05 * 10.0 * ms(thousand.time), "ms");
    report("memory", megabytes(made.peak), 350.0, "MB");
    print_calls(&service.take_calls());

    let unchanged = best(large.path(), &service, &["plan", "-detailed-exitcode"], 0);
    println!("plan of 10,000 machines without changes, best of {RUNS}");
    report("time", ms(unchanged.time), 600.0, "ms");
    report("memory", megabytes(unchanged.peak), 200.0, "MB");
    print_calls(&service.take_calls());
    drop(service);

    let slow = (0..RUNS).map(|_| apply_slowly().time).min().expect("a run");
    println!("apply of 1,000 machines, latency {LATENCY:?}, parallelism {PARALLELISM}, best of {RUNS}");
    let calls = ms(LATENCY) * 2.0 * 1_000.0 / f64::from(PARALLELISM);
    report("time: 1.1 x latency x 2 calls x 1,000 / 10", ms(slow), 1.1 * calls, "ms");
}

/// An apply of a thousand on a market of its own, every call with latency.
fn apply_slowly() -> Run {
    let (service, small) = ready(&SMALL_MARKET, 1_000);
    // The simulator makes its market when it is asked for the first time.
    assert_eq!(podform(small.path(), &service, &["plan", "-detailed-exitcode"]).status.code(), Some(2));
    service.latency(LATENCY);
    let slow = podform(small.path(), &service, &["apply", "-auto-approve", "-parallelism=10"]);
    assert!(slow.status.success(), "1,000 machines are made: {}", slow.status);
    slow
}
