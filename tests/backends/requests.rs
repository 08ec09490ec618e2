//! kill -9, errors, lost answers and a server that is away, at each request that an apply sends to the server of its state.
//! Whoever comes next takes the lock away where it stayed, brings everything in, and rents nothing twice.
//!
//! A run of the tests takes some of the requests; `PODFORM_REQUESTS=all` takes all of them, with whatever can become of them,
//! and `PODFORM_REQUESTS=s3` those of one server. `PODFORM_REQUEST="s3 First 12 Lost"` is one alone.

use super::places::{Kind, ended, every, rents, sandbox};
use super::proxy::{Fate, Proxy};
use crate::fleet::text;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

/// What the apply does at which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// It makes a fleet of two.
    First,
    /// It removes one of them, rents another one, and changes their group.
    Change,
}

/// How many rounds each server has for each work, where nobody says.
const ROUNDS: usize = 4;
/// Those that take no minutes.
const SWIFT: [Fate; 6] = [Fate::KilledBefore, Fate::Lost, Fate::KilledAfter, Fate::Masked, Fate::Failed, Fate::Away];
/// Each one of so many requests is that at which a server goes for good: a run waits for it for long.
const GONE: usize = 6;

/// Says how to see a failure again.
struct Told(String);

impl Drop for Told {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("reproduce: PODFORM_REQUEST=\"{}\"", self.0);
        }
    }
}

/// An apply at one of whose requests something happens, and what comes after it. How many requests it sent, and how it ended.
fn round(kind: &Kind, work: Work, fate: Option<(usize, Fate)>) -> (usize, String) {
    let _told = Told(fate.map_or_else(String::new, |(at, fate)| format!("{} {work:?} {at} {fate:?}", kind.name)));
    let proxy = Proxy::before(kind.wire, kind.port);
    let (place, sandbox) = (kind.through(proxy.port), sandbox());
    let (one, other) = (place.checkout(2), place.checkout(2));
    for fleet in [&one, &other] {
        place.run(fleet, &sandbox, &["init", "-input=false"], 0);
    }
    let mut rented = 2;
    if work == Work::Change {
        place.run(&one, &sandbox, &["apply", "-auto-approve"], 0);
        let node = place.configuration(1).replace("ubuntu", "debian");
        let (_, extra) = node.split_once("resource \"simplepod_instance\" \"node\"").unwrap();
        let text = format!("{node}\nresource \"simplepod_instance\" \"extra\"{extra}");
        for fleet in [&one, &other] {
            std::fs::write(fleet.path().join("main.hcl"), &text).unwrap();
        }
        rented = 3;
    }
    proxy.agree(fate);
    let child = place.begin(&one, &sandbox, &["apply", "-auto-approve"]);
    proxy.victim(child.id());
    let output = ended(child);
    let (count, met, code) = (proxy.count(), proxy.met(), output.status.code());
    proxy.agree(None);
    match fate.filter(|_| met) {
        Some((_, fate)) if fate.kills() => assert_eq!(code, None, "{}", text(&output)),
        Some(_) => assert!(matches!(code, Some(0 | 1 | 4 | 5 | 7)), "{code:?}: {}", text(&output)),
        None => assert_eq!(code, Some(0), "{}", text(&output)),
    }
    let broken = place.applies_at_last(&other, &sandbox);
    for fleet in [&other, &one] {
        place.run(fleet, &sandbox, &["plan", "-detailed-exitcode"], 0);
    }
    place.run(&other, &sandbox, &["state", "verify"], 0);
    let orphans = place.run(&other, &sandbox, &["orphans"], 0);
    assert!(orphans.contains("has no orphans"), "{orphans}");
    assert_eq!((sandbox.machines().len(), rents(&sandbox)), (2, rented), "after: {}", text(&output));
    let end = match (met, code) {
        (false, _) => "untouched".to_owned(),
        (true, None) => "killed".to_owned(),
        (true, Some(code)) => format!("exit code {code}"),
    };
    (count, if broken { format!("{end}, its lock taken away") } else { end })
}

/// What becomes of which requests, of so many.
fn rounds(number: usize, total: usize, all: bool) -> Vec<(usize, Fate)> {
    if all {
        let swift = (1..=total).flat_map(|at| SWIFT.map(|fate| (at, fate)));
        return swift.chain((1..=total).step_by(GONE).map(|at| (at, Fate::Gone))).collect();
    }
    // Other ones for each server, all over the apply.
    let at = |nth: usize| 1 + (nth * total + 2 * number) / ROUNDS % total;
    (0..ROUNDS).map(|nth| (at(nth), SWIFT[(nth + number) % SWIFT.len()])).collect()
}

fn one_alone(kinds: &[Kind], told: &str) {
    let words: Vec<&str> = told.split(' ').collect();
    let kind = kinds.iter().find(|kind| kind.name == words[0]).unwrap();
    let work = [Work::First, Work::Change].into_iter().find(|work| format!("{work:?}") == words[1]).unwrap();
    let fate = SWIFT.into_iter().chain([Fate::Gone]).find(|fate| format!("{fate:?}") == words[3]).unwrap();
    println!("{told}: {:?}", round(kind, work, Some((words[2].parse().unwrap(), fate))));
}

#[test]
fn at_whichever_request_an_apply_is_struck_the_next_one_brings_everything_in() {
    let kinds = every();
    if let Ok(told) = std::env::var("PODFORM_REQUEST") {
        return one_alone(&kinds, &told);
    }
    let which = std::env::var("PODFORM_REQUESTS").ok();
    let (lines, broken) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for (number, kind) in kinds.iter().enumerate() {
            if which.as_deref().is_some_and(|which| which != "all" && which != kind.name) {
                continue;
            }
            let (which, lines, broken) = (&which, &lines, &broken);
            scope.spawn(move || {
                for (half, work) in [Work::First, Work::Change].into_iter().enumerate() {
                    let began = Instant::now();
                    let (total, _) = round(kind, work, None);
                    let rounds = rounds(2 * number + half, total, which.is_some());
                    let mut ends = std::collections::BTreeMap::<String, usize>::new();
                    for (at, fate) in &rounds {
                        let start = Instant::now();
                        let struck = AssertUnwindSafe(|| round(kind, work, Some((*at, *fate))));
                        let Ok((_, end)) = catch_unwind(struck) else {
                            broken.lock().unwrap().push(format!("{} {work:?} {at} {fate:?}", kind.name));
                            continue;
                        };
                        if which.is_some() {
                            println!("{} {work:?} {at} {fate:?}: {end}, {:?}", kind.name, start.elapsed());
                        }
                        *ends.entry(format!("{fate:?}: {end}")).or_default() += 1;
                    }
                    let (name, count) = (kind.name, rounds.len());
                    lines.lock().unwrap().push(format!(
                        "{name} {work:?}: {total} requests, {count} rounds in {:?}: {ends:?}",
                        began.elapsed()
                    ));
                }
            });
        }
    });
    for line in lines.into_inner().unwrap() {
        println!("{line}");
    }
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "broken, each by PODFORM_REQUEST: {broken:#?}");
}
