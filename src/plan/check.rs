//! A second pair of eyes: what must hold for every plan, whoever made it.

use super::model::{Action, Plan, StepAction, StepId};
use crate::address::InstanceAddr;
use crate::market::Placed;
use crate::schema::rests;
use std::collections::{BTreeMap, BTreeSet};

/// Every fault of a plan, as a sentence. A sound plan has none.
pub fn check(plan: &Plan) -> Vec<String> {
    let mut faults = Vec::new();
    order(plan, &mut faults);
    rents(plan, &mut faults);
    let doubtful: BTreeSet<_> = plan.in_doubt.iter().map(|intent| &intent.address).collect();
    for step in &plan.steps {
        if doubtful.contains(&step.address) && step.action != StepAction::Forget {
            faults.push(format!("{} has an intent in doubt, but a step is planned for it.", step.address));
        }
    }
    faults
}

/// Steps need only earlier ones, and each change has exactly its steps.
fn order(plan: &Plan, faults: &mut Vec<String>) {
    let mut steps: BTreeMap<(&InstanceAddr, &Option<String>), Vec<StepAction>> = BTreeMap::new();
    for (at, step) in plan.steps.iter().enumerate() {
        if step.needs.iter().any(|need| *need >= StepId(at)) {
            faults.push(format!("Step {at} of {} needs a later step.", step.address));
        }
        steps.entry((&step.address, &step.deposed)).or_default().push(step.action);
    }
    for pair in plan.changes.windows(2) {
        if (&pair[0].address, &pair[0].deposed) >= (&pair[1].address, &pair[1].deposed) {
            faults.push(format!("The changes are not in order at {}.", pair[1].address));
        }
    }
    for change in &plan.changes {
        let planned = steps.remove(&(&change.address, &change.deposed)).unwrap_or_default();
        let expected = match change.action {
            Action::NoOp => 0,
            Action::Replace => 2,
            Action::Create | Action::Update | Action::Delete | Action::Forget | Action::Read => 1,
        };
        if planned.len() != expected && plan.mode != super::PlanMode::RefreshOnly {
            faults.push(format!("{} has {} steps instead of {expected}.", change.address, planned.len()));
        }
    }
    for (address, _) in steps.keys() {
        faults.push(format!("{address} has a step, but no change."));
    }
}

/// Nothing is rented outside of its schedule or after its end; an offer for every rent, none outside of its envelope, and no host with more than it has.
fn rents(plan: &Plan, faults: &mut Vec<String>) {
    let mut hosts: BTreeMap<&str, Vec<(&InstanceAddr, &Placed)>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| step.action.rents()) {
        let Some(placed) = plan.change(&step.address).and_then(|change| change.placed.as_ref()) else {
            faults.push(format!("{} is rented without an offer.", step.address));
            continue;
        };
        let wanted = plan.change(&step.address).and_then(|change| change.after.as_ref());
        if let Some(rest) = wanted.and_then(|wanted| rests(wanted, plan.made_at)) {
            faults.push(format!("{} is {rest}, and is rented all the same.", step.address));
        }
        hosts.entry(&placed.offer.host).or_default().push((&step.address, placed));
        if !placed.envelope.judge(&placed.offer).is_empty() {
            faults.push(format!("The offer for {} is outside of its envelope.", step.address));
        }
    }
    for (host, rents) in hosts {
        let gpus: u32 = rents.iter().map(|(_, placed)| placed.offer.gpu_count).sum();
        if rents.iter().any(|(_, placed)| gpus > placed.free_gpus) {
            faults.push(format!("{gpus} GPUs of host {host} are rented, which has fewer."));
        }
        if rents.iter().filter(|(_, placed)| placed.shares.is_none()).count() != 1 {
            faults.push(format!("Who shares host {host} does not say so."));
        }
        for (address, placed) in &rents {
            let alike = rents.iter().filter(|(other, _)| other.resource == address.resource).count();
            if placed.envelope.max_per_host.is_some_and(|most| alike > most as usize) {
                faults.push(format!("Host {host} has more of the block of {address} than max_per_host allows."));
            }
        }
    }
}
