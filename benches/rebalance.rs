//! 200 machines that could all move to cheaper offers, on a market of about 10,000 rows: what moves, all of it and a few. Each
//! round that leaves moves out is one more plan; the time beside that of one plan tells how many rounds it took.

mod service;

use service::{Service, fleet_of, group, megabytes, ms, podform, report};

const MACHINES: u32 = 200;
const RUNS: usize = 3;

fn machines(offer: &str) -> String {
    let base = group("base", "\"\"", "");
    format!(
        r#"{base}resource "simplepod_instance" "node" {{
  count               = {MACHINES}
  gpu_model           = "RTX 4090"
  fallback_gpu_models = ["RTX 3090", "RTX 3060", "RTX 5090", "RTX A4000", "RTX A6000", "L40S"]
  max_price_per_gpu   = 5
  template_group      = simplepod_template_group.base.id
  wait_for            = "none"
{offer}}}
"#
    )
}

fn main() {
    // About 3.3 rows a host.
    let service = Service::start(&["hosts=3000", "balance=100000000", "boot=0", "speed=0"]);
    let rows = service.ask("GET", "/instances/market/list", "").as_array().map_or(0, Vec::len);
    let fleet = fleet_of(&machines("  offer {\n    region = \"Asia\"\n  }\n"));
    let apply = ["apply", "-auto-approve", "-parallelism=64"];
    assert!(podform(fleet.path(), &service, &apply).status.success(), "the fleet is made");
    let text = format!("podform {{\n  fleet = \"bench\"\n}}\n{}", machines(""));
    std::fs::write(fleet.path().join("main.hcl"), text).expect("a file");
    assert!(podform(fleet.path(), &service, &apply).status.success(), "it accepts more");

    println!("{MACHINES} machines, market of {rows} rows, best of {RUNS}");
    let rebalance = ["rebalance", "-min-age=0s"];
    for (what, more, allowed) in [
        ("plan without changes", None, 100.0),
        ("rebalance: all that save 5 USD a month", Some("-min-saving=5"), 1_000.0),
        ("rebalance: those that save 100 USD a month", Some("-min-saving=100"), 2_000.0),
        ("rebalance: the best 10", Some("-max-disruptions=10"), 2_500.0),
    ] {
        let arguments = more.map_or(vec!["plan"], |more| [&rebalance[..], &[more]].concat());
        let runs = (0..RUNS).map(|_| podform(fleet.path(), &service, &arguments));
        let best = runs.min_by_key(|run| run.time).expect("a run");
        assert!(best.status.success(), "podform {}: {}", arguments.join(" "), best.status);
        report(what, ms(best.time), allowed, "ms");
        report("    memory", megabytes(best.peak), 200.0, "MB");
    }
}
