//! Applies of template groups in pairs, one of which waits for the other (`b_i.notes = a_i.id`): what four times as many
//! cost, with and without postconditions, and how often all groups are listed.

mod service;

use service::{Service, fleet_of, group, ms, podform, print_calls, report};
use std::time::Duration;

const FEW: u32 = 100;
const MANY: u32 = 400;
const RUNS: usize = 3;
const RULE: &str = "  lifecycle {\n    postcondition {\n      condition = self.id != \"\"\n      error_message = \"no id\"\n    }\n  }\n";

/// The least time of processors that an apply of so many pairs took, and its calls.
fn pairs(count: u32, rule: &str) -> (Duration, Vec<(String, u64)>) {
    let pair = |at: u32| {
        let notes = format!("simplepod_template_group.a_{at}.id");
        group(&format!("a_{at}"), "\"first\"", rule) + &group(&format!("b_{at}"), &notes, rule)
    };
    let resources: String = (0..count).map(pair).collect();
    let run = |_| {
        let service = Service::start(&["template-body=id", "speed=0"]);
        let run = podform(fleet_of(&resources).path(), &service, &["apply", "-auto-approve", "-parallelism=10"]);
        assert!(run.status.success(), "the groups are made: {}", run.status);
        (run.cpu, service.take_calls())
    };
    (0..RUNS).map(run).min_by_key(|(cpu, _)| *cpu).expect("a run")
}

fn main() {
    for (what, rule) in [("pairs", ""), ("pairs with postconditions", RULE)] {
        let ((few, _), (many, calls)) = (pairs(FEW, rule), pairs(MANY, rule));
        println!("{what}: {FEW} {:.0} ms, {MANY} {:.0} ms of processors, best of {RUNS}", ms(few), ms(many));
        report("time of processors, 400 against 100", ms(many) / ms(few), 4.5, "x");
        let lists = calls.iter().filter(|(call, _)| call == "GET /instances/templates/list").map(|(_, count)| count);
        report("list calls while 800 groups are made", lists.sum::<u64>() as f64, 10.0, "calls");
        print_calls(&calls);
    }
}
