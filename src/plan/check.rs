//! A second pair of eyes: what must hold for every plan, whoever made it.

use super::budget::Budgeted;
use super::model::{Action, Change, Plan, StepAction, StepId};
use crate::address::{InstanceAddr, ObjectKind};
use crate::config::Limit;
use crate::lang::Value;
use crate::market::Placed;
use crate::money::{HOURS_PER_MONTH, Usd};
use crate::schema::rests;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Every fault of a plan, as a sentence. A sound plan has none.
pub fn check(plan: &Plan) -> Vec<String> {
    let mut faults = Vec::new();
    order(plan, &mut faults);
    rents(plan, &mut faults);
    money(plan, &mut faults);
    budgets(plan, &mut faults);
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

/// What is rented costs what its offer asks, and no more than the worst case; and the sums are those of their parts.
fn money(plan: &Plan, faults: &mut Vec<String>) {
    for change in &plan.changes {
        let Some(Placed { offer, envelope, .. }) = change.placed.as_deref() else { continue };
        if change.cost_after != envelope.hourly_cost(offer) {
            faults.push(format!("{} does not cost what its offer asks.", change.address));
        }
        if change.cost_after.exceeds(change.worst_case()) {
            faults.push(format!("{} costs more than its worst case.", change.address));
        }
    }
    let (mut before, mut after) = (Usd::ZERO, Usd::ZERO);
    for change in &plan.changes {
        before = before + change.cost_before;
        after = after + change.cost_after;
    }
    if (before, after) != (plan.cost.before, plan.cost.after) {
        faults.push("The fleet's cost is not that of its machines.".to_owned());
    }
}

/// No plan takes a budget beyond what it allows, unless it was there before and goes no further.
fn budgets(plan: &Plan, faults: &mut Vec<String>) {
    for Budgeted { budget, .. } in &plan.budgets {
        let covered = |change: &&Change| {
            let is_machine = change.address.resource.object_kind() == Some(ObjectKind::Instance);
            let named =
                budget.targets.is_empty() || budget.targets.iter().any(|target| target.matches(&change.address));
            is_machine && named
        };
        let (mut now, mut then) = ([Decimal::ZERO; 3], [Decimal::ZERO; 3]);
        for change in plan.changes.iter().filter(covered) {
            let gpus = |object: &Value| object.get("gpu_count").and_then(Value::as_number)?.as_u64();
            let sides = [(&mut now, &change.before, change.cost_before), (&mut then, &change.after, change.cost_after)];
            for (sum, object, cost) in sides {
                let Some(object) = object.as_ref().filter(|_| change.action != Action::Forget) else { continue };
                sum[0] += cost.0;
                sum[1] += Decimal::ONE;
                sum[2] += Decimal::from(gpus(object).unwrap_or(0));
            }
            let most = budget.limits.get(&Limit::MaxPricePerGpu);
            if let (Some(placed), Some(most)) = (&change.placed, most)
                && placed.offer.price_per_gpu.exceeds(Usd(*most))
                && change.before.is_none()
            {
                faults.push(format!("{} is rented above {budget}.", change.address));
            }
        }
        let month = Decimal::from(HOURS_PER_MONTH);
        for (limit, at, factor) in [
            (Limit::MaxHourlyCost, 0, Decimal::ONE),
            (Limit::MaxMonthlyCost, 0, month),
            (Limit::MaxInstances, 1, Decimal::ONE),
            (Limit::MaxGpus, 2, Decimal::ONE),
        ] {
            let Some(most) = budget.limits.get(&limit) else { continue };
            if Usd(then[at] * factor).exceeds(Usd(*most)) && Usd(then[at]).exceeds(Usd(now[at])) {
                faults.push(format!("The plan goes beyond {} of {budget}.", limit.name()));
            }
        }
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
