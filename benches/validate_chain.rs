//! A check of 4,000 template groups, each of which refers to the one before, against as many that refer to nothing: memory.

mod service;

use service::{Service, fleet_of, group, megabytes, ms, podform, report};

const GROUPS: u32 = 4_000;

/// Most memory of a check, in MB.
fn check(what: &str, service: &Service, notes: impl Fn(u32) -> String) -> f64 {
    let resources: String = (0..GROUPS).map(|at| group(&format!("g_{at}"), &notes(at), "")).collect();
    let run = podform(fleet_of(&resources).path(), service, &["validate"]);
    assert!(run.status.success(), "it is valid: {}", run.status);
    println!("{what}: {:.0} ms, {:.0} MB", ms(run.time), megabytes(run.peak));
    megabytes(run.peak)
}

fn main() {
    // Nothing is called.
    let service = Service::start(&[]);
    let flat = check("unrelated", &service, |_| "\"none\"".to_owned());
    let chain = check("a chain", &service, |at| match at.checked_sub(1) {
        Some(before) => format!("simplepod_template_group.g_{before}.id"),
        None => "\"first\"".to_owned(),
    });
    report("memory of a chain against unrelated ones", chain / flat, 1.5, "x");
}
