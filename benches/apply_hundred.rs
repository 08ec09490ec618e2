//! An apply of 100 machines (`wait_for = "none"`, the answer to a rent carries the id) at parallelism 10, every call
//! taking 20 ms: wall time, calls that change the account.

mod service;

use service::{LATENCY, Service, fleet, megabytes, ms, podform, print_calls, report};
use std::time::Duration;

const MACHINES: u32 = 100;
const PARALLELISM: u32 = 10;
const RUNS: usize = 3;

fn main() {
    let mut best = Duration::MAX;
    let mut peak = 0;
    let mut calls = Vec::new();
    for _ in 0..RUNS {
        let service = Service::start(&["hosts=400", "balance=1000000", "create-body=id"]);
        let fleet = fleet(MACHINES);
        // The template group stands already: machines are what is measured.
        let group = ["apply", "-auto-approve", "-target=simplepod_template_group.base"];
        assert!(podform(fleet.path(), &service, &group).status.success(), "the group is made");
        // Reviewed before it is applied; and the simulator has made its market by then.
        assert!(podform(fleet.path(), &service, &["plan"]).status.success(), "the fleet can be planned");
        service.take_calls();
        service.latency(LATENCY);
        let run = podform(fleet.path(), &service, &["apply", "-auto-approve", "-parallelism=10"]);
        assert!(run.status.success(), "the fleet is made: {}", run.status);
        best = best.min(run.time);
        peak = peak.max(run.peak);
        calls = service.take_calls();
    }
    println!("apply of {MACHINES} machines, best of {RUNS}, latency {LATENCY:?}, parallelism {PARALLELISM}");
    let allowed = 1.3 * ms(LATENCY) * 2.0 * f64::from(MACHINES) / f64::from(PARALLELISM);
    report("time: 1.3 x latency x 2 calls x 100 / 10", ms(best), allowed, "ms");
    let changing: u64 = calls.iter().filter(|(call, _)| !call.starts_with("GET")).map(|(_, count)| count).sum();
    report("changing calls per machine", changing as f64 / f64::from(MACHINES), 2.0, "calls");
    println!("memory {:.0} MB", megabytes(peak));
    print_calls(&calls);
}
