//! What each further rent of an apply may be.

use super::budget::{Budgeted, Load, Refused};
use super::measure::{Item, Sum, ceiling, covers, exceeds, items};
use super::model::{Change, Plan};
use crate::address::InstanceAddr;
use crate::config::{Budget, Limit};
use std::collections::BTreeMap;

/// The budgets during an apply: each rent is measured by what it really costs, with everything that stands, is planned, or
/// should be gone and is not.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    guarded: Vec<Guarded>,
}

#[derive(Clone, Debug)]
struct Guarded {
    budget: Budget,
    before: Sum,
    sum: Sum,
    /// By address, before and after.
    loads: BTreeMap<InstanceAddr, (Option<Load>, Option<Load>)>,
}

impl Guard {
    /// Of a plan, as it was planned.
    pub fn of(plan: &Plan) -> Guard {
        let items = items(&plan.changes, plan.in_doubt.iter());
        let guarded = plan.budgets.iter().map(|Budgeted { budget, .. }| {
            let covered: Vec<&Item<'_>> = items.iter().filter(|item| covers(budget, item.address)).collect();
            let loads = covered.iter().filter(|item| item.after.is_some());
            let loads = loads.map(|item| (item.address.clone(), (item.before, item.after)));
            Guarded {
                budget: budget.clone(),
                before: Sum::of(covered.iter().filter_map(|item| item.before)),
                sum: Sum::of(covered.iter().filter_map(|item| item.after)),
                loads: loads.collect(),
            }
        });
        Guard { guarded: guarded.collect() }
    }

    /// Counts a machine for what it costs in truth, where every budget allows it.
    ///
    /// # Errors
    /// One that does not.
    pub fn admit(&mut self, address: &InstanceAddr, load: Load) -> Result<(), Refused> {
        for (at, guarded) in self.guarded.iter().enumerate() {
            let Some((before, planned)) = guarded.loads.get(address) else { continue };
            let sum = planned.map_or(guarded.sum, |planned| guarded.sum.without(planned)).and(load);
            for (&limit, &allowed) in &guarded.budget.limits {
                let refused = |amount| Err(Refused { budget: at, limit, allowed, amount });
                match (limit, sum.measure(limit, guarded.before)) {
                    (_, Some(amount)) if exceeds(amount, ceiling(limit, allowed, guarded.before)) => {
                        return refused(amount);
                    }
                    (Limit::MaxPricePerGpu, _) => {
                        let item = Item { address, before: *before, after: Some(load), worst: None, leaves: false };
                        if item.is_dearer(item.after, allowed) {
                            return refused(load.price.unwrap_or_default().0);
                        }
                    }
                    _ => {}
                }
            }
        }
        self.count(address, load);
        Ok(())
    }

    /// Counts a machine for what it costs in truth, whatever the budgets say.
    pub fn count(&mut self, address: &InstanceAddr, load: Load) {
        for guarded in &mut self.guarded {
            let Some((_, after)) = guarded.loads.get_mut(address) else { continue };
            let planned = after.replace(load);
            guarded.sum = planned.map_or(guarded.sum, |planned| guarded.sum.without(planned)).and(load);
        }
    }

    /// A machine that should be gone stands still, and bills.
    pub fn stays(&mut self, change: &Change) {
        let Some(load) = Item::of(change).before else { return };
        for guarded in &mut self.guarded {
            if covers(&guarded.budget, &change.address) {
                guarded.sum = guarded.sum.and(load);
            }
        }
    }
}
