//! A second pair of eyes: what must hold for every plan, whoever made it.

use super::model::{Action, Plan, StepAction, StepId};
use crate::address::InstanceAddr;
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

/// No offer twice, none above its cap or outside its envelope, and one for every rent.
fn rents(plan: &Plan, faults: &mut Vec<String>) {
    let mut taken = BTreeSet::new();
    for step in plan.steps.iter().filter(|step| step.action.rents()) {
        let Some(placed) = plan.change(&step.address).and_then(|change| change.placed.as_ref()) else {
            faults.push(format!("{} is rented without an offer.", step.address));
            continue;
        };
        if !taken.insert(&placed.offer.iri) {
            faults.push(format!("The offer {} is rented twice.", placed.offer.iri));
        }
        if !placed.envelope.judge(&placed.offer).is_empty() {
            faults.push(format!("The offer for {} is outside of its envelope.", step.address));
        }
    }
}
