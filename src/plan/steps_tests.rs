//! Random fleets with random settings and changes: the order of steps keeps Terraform's rules, and there always is one.
//! `PODFORM_FUZZ=N` runs N fleets; proptest prints the seed of a failure.

use super::tests::{make_from, offer};
use super::*;
use crate::address::InstanceAddr;
use crate::live::{Offer, Snapshot};
use crate::state::{Record, State};
use proptest::prelude::*;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Machines of a fleet.
const MACHINES: usize = 7;

#[derive(Clone, Debug)]
struct Machine {
    /// The order in which it stood, and the one in which it stands: each needs only what is before it.
    ranks: (u8, u8),
    /// By number: what it needed when it was rented, and what it needs now.
    needs: (u8, u8),
    recorded: bool,
    declared: bool,
    replaced: bool,
    create_first: bool,
    /// What it needs comes through a local value.
    through: bool,
}

fn machine() -> impl Strategy<Value = Machine> {
    let flags = (prop::bool::weighted(0.8), prop::bool::weighted(0.8), any::<bool>(), prop::bool::weighted(0.3));
    let made = (any::<(u8, u8)>(), any::<(u8, u8)>(), flags, any::<bool>());
    made.prop_map(|(ranks, needs, (recorded, declared, replaced, create_first), through)| Machine {
        ranks,
        needs,
        recorded,
        declared,
        replaced,
        create_first,
        through,
    })
}

/// Everything that each machine needs, directly or not, by number.
fn closure(
    fleet: &[Machine],
    rank: fn(&Machine) -> u8,
    needs: fn(&Machine) -> u8,
    is: fn(&Machine) -> bool,
) -> Vec<BTreeSet<usize>> {
    let before = |a: usize, b: usize| (rank(&fleet[a]), a) < (rank(&fleet[b]), b);
    let mut all: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); fleet.len()];
    let mut order: Vec<usize> = (0..fleet.len()).filter(|at| is(&fleet[*at])).collect();
    order.sort_by_key(|at| (rank(&fleet[*at]), *at));
    for &at in &order {
        for other in order.iter().copied().filter(|other| before(*other, at) && needs(&fleet[at]) >> other & 1 == 1) {
            let behind = all[other].clone();
            all[at].insert(other);
            all[at].extend(behind);
        }
    }
    all
}

fn address(at: usize) -> InstanceAddr {
    format!("simplepod_instance.m{at}").parse().expect("an address")
}

/// The configuration, with the direct needs of each.
fn text(fleet: &[Machine]) -> String {
    let mut text = String::from("podform { fleet = \"t\" }\n");
    for (at, machine) in fleet.iter().enumerate().filter(|(_, machine)| machine.declared) {
        let before = |other: &Machine, number: usize| (other.ranks.1, number) < (machine.ranks.1, at);
        let needs: String = (0..fleet.len())
            .filter(|other| {
                fleet[*other].declared && before(&fleet[*other], *other) && machine.needs.1 >> other & 1 == 1
            })
            .map(|other| format!("${{simplepod_instance.m{other}.id}}"))
            .collect();
        let (local, notes) = match machine.through {
            true => (format!("locals {{ n{at} = \"{needs}\" }}\n"), format!("local.n{at}")),
            false => (String::new(), format!("\"{needs}\"")),
        };
        let _ = write!(
            text,
            "{local}resource \"simplepod_instance\" \"m{at}\" {{\n  gpu_model = \"RTX 4090\"\n  max_price_per_gpu = 0.5\n  template_group = \"7\"\n  notes = {notes}\n  lifecycle {{ create_before_destroy = {} }}\n}}\n",
            machine.create_first
        );
    }
    text
}

fn state(fleet: &[Machine], needed: &[BTreeSet<usize>]) -> State {
    let mut state = State { serial: 1, lineage: "l".into(), fleet: Some("t".into()), ..State::default() };
    for (at, _) in fleet.iter().enumerate().filter(|(_, machine)| machine.recorded) {
        let known = [("id".to_owned(), Json::from((100 + at).to_string()))];
        let mut record = Record { attributes: known.into_iter().collect(), ..Record::default() };
        record.attributes.set("gpu_model", "RTX 4090".into());
        record.attributes.set("gpu_count", 1.into());
        record.attributes.set("hash_id", format!("h{at}").into());
        record.attributes.set("template_group", "7".into());
        record.dependencies = needed[at].iter().map(|need| address(*need).resource).collect();
        state.resources.insert(address(at), record.into());
    }
    state
}

fn judge(fleet: &[Machine]) -> Result<(), TestCaseError> {
    let needed = closure(fleet, |m| m.ranks.0, |m| m.needs.0, |m| m.recorded);
    let needs = closure(fleet, |m| m.ranks.1, |m| m.needs.1, |m| m.declared);
    let replace =
        fleet.iter().enumerate().filter(|(_, m)| m.replaced && m.recorded && m.declared).map(|(at, _)| address(at));
    let options = PlanOptions { replace: replace.collect(), ..PlanOptions::default() };
    let market: Vec<Offer> = (1..20).map(|n| offer(n, "0.31")).collect();
    let plan = make_from(&text(fleet), &state(fleet, &needed), &Snapshot::default(), &options, &market);
    let plan = plan.map_err(|errors| TestCaseError::fail(errors.join("\n")))?.plan;
    // By step: all that is done before it.
    let mut earlier: Vec<BTreeSet<usize>> = Vec::new();
    for step in &plan.steps {
        let direct = step.needs.iter().map(|need| need.0);
        let all = direct.clone().flat_map(|need| earlier[need].iter().copied()).chain(direct.clone()).collect();
        earlier.push(all);
    }
    let step = |at: usize, removes: bool| {
        let is = |step: &Step| step.address == address(at) && matches!(step.action, StepAction::Delete(_)) == removes;
        plan.steps.iter().position(is)
    };
    let ordered = |first: Option<usize>, then: Option<usize>, why: &str| match (first, then) {
        (Some(first), Some(then)) => {
            prop_assert!(
                earlier[then].contains(&first),
                "{why}: {} {}",
                plan.steps[first].address,
                plan.steps[then].address
            );
            Ok(())
        }
        _ => Ok(()),
    };
    let mut moves = Vec::new();
    for at in 0..fleet.len() {
        let (make, remove) = (step(at, false), step(at, true));
        let change = plan.change(&address(at));
        let replaced = change.is_some_and(|change| change.action == Action::Replace);
        let first = |at: usize| {
            let forced = || (0..fleet.len()).any(|by| needs[by].contains(&at) && fleet[by].create_first);
            fleet[at].declared && (fleet[at].create_first || forced())
        };
        if replaced {
            prop_assert_eq!(change.map(|change| change.create_first), Some(first(at)), "m{}", at);
            match first(at) {
                true => ordered(make, remove, "made first")?,
                false => ordered(remove, make, "removed first")?,
            }
        }
        for &need in &needs[at] {
            ordered(step(need, false), make, "what is needed is made first")?;
        }
        for &need in &needed[at] {
            ordered(remove, step(need, true), "what was needed goes last")?;
            if first(need) || step(need, false).is_none() {
                moves.extend(make.zip(step(need, true)));
            }
        }
    }
    // Some would wait for themselves (Terraform calls some of these a cycle): they give way.
    if !moves.iter().any(|(make, gone)| earlier[*make].contains(gone)) {
        for (make, gone) in moves {
            ordered(Some(make), Some(gone), "the old one stands until nobody needs it")?;
        }
    }
    Ok(())
}

#[test]
fn steps_keep_terraforms_order() {
    let cases = std::env::var("PODFORM_FUZZ").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(fleet in prop::collection::vec(machine(), MACHINES))| judge(&fleet)?);
}
