//! A plan without changes for 1,000 machines, every call taking 20 ms: wall time, memory, calls.

mod service;

use service::{LATENCY, Service, fleet, megabytes, ms, podform, print_calls, report};
use std::time::Duration;

const MACHINES: u32 = 1_000;
/// Rows of a page that the program asks for and the sandbox gives.
const PAGE: u64 = 100;
const RUNS: usize = 5;

fn main() {
    let clamp = format!("page-clamp={PAGE}");
    let service = Service::start(&["hosts=5000", "balance=100000000", "boot=0", "speed=0", &clamp]);
    let fleet = fleet(MACHINES);
    let made = podform(fleet.path(), &service, &["apply", "-auto-approve", "-parallelism=64"]);
    assert!(made.status.success(), "the fleet is made: {}", made.status);
    println!("apply of {MACHINES} machines without latency: {:.0} ms, {:.0} MB", ms(made.time), megabytes(made.peak));
    service.latency(LATENCY);
    let mut best = Duration::MAX;
    let mut peak = 0;
    let mut calls = Vec::new();
    for _ in 0..RUNS {
        service.take_calls();
        let run = podform(fleet.path(), &service, &["plan", "-detailed-exitcode"]);
        assert!(run.status.success(), "the plan is empty: {}", run.status);
        best = best.min(run.time);
        peak = peak.max(run.peak);
        calls = service.take_calls();
    }
    println!("plan of {MACHINES} machines without changes, best of {RUNS}, latency {LATENCY:?}, pages of {PAGE}");
    report("time: 3 round trips + 100 ms", ms(best), 3.0 * ms(LATENCY) + 100.0, "ms");
    report("memory", megabytes(peak), 60.0, "MB");
    let count: u64 = calls.iter().map(|(_, count)| count).sum();
    let allowed = u64::from(MACHINES).div_ceil(PAGE) + 1 + 4;
    report("calls: ceil(N/page) + ceil(T/page) + 4", count as f64, allowed as f64, "calls");
    print_calls(&calls);
}
