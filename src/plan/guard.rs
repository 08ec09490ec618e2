//! What each further rent of an apply may be.

use super::budget::{Budgeted, Load, Refused};
use super::measure::{Item, Sum, ceiling, covers, exceeds, is_momentary, items};
use super::model::{Change, Plan};
use super::runway::Runway;
use crate::address::InstanceAddr;
use crate::config::{Budget, Limit};
use crate::money::Usd;
use std::collections::BTreeMap;

/// The budgets during an apply: each rent is measured by what it really costs, with everything that stands, is planned, or
/// should be gone and is not.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    guarded: Vec<Guarded>,
    /// Everything, as a budget without limits has it: the balance pays for all.
    whole: Guarded,
    planned: Runway,
    /// USD per hour of the whole as it was planned.
    planned_cost: Usd,
}

#[derive(Clone, Debug, Default)]
struct Guarded {
    budget: Budget,
    before: Sum,
    sum: Sum,
    /// What stands until its replacement does.
    beside: Sum,
    /// By address, before and after.
    loads: BTreeMap<InstanceAddr, (Option<Load>, Option<Load>)>,
}

impl Guard {
    /// Of a plan, as it was planned.
    pub fn of(plan: &Plan) -> Guard {
        let items = items(&plan.changes, plan.in_doubt.iter());
        let guarded = |budget: &Budget| {
            let covered: Vec<&Item<'_>> = items.iter().filter(|item| covers(budget, item.address)).collect();
            let loads = covered.iter().filter(|item| item.after.is_some());
            let loads = loads.map(|item| (item.address.clone(), (item.before, item.after)));
            Guarded {
                budget: budget.clone(),
                before: Sum::of(covered.iter().filter_map(|item| item.before)),
                sum: Sum::of(covered.iter().filter_map(|item| item.after)),
                beside: Sum::of(covered.iter().filter_map(|item| item.beside)),
                loads: loads.collect(),
            }
        };
        let whole = guarded(&Budget::default());
        Guard {
            guarded: plan.budgets.iter().map(|Budgeted { budget, .. }| guarded(budget)).collect(),
            planned: plan.runway,
            planned_cost: whole.sum.cost(),
            whole,
        }
    }

    /// Counts a machine for what it costs in truth, where every budget allows it.
    ///
    /// # Errors
    /// One that does not.
    pub fn admit(&mut self, address: &InstanceAddr, load: Load) -> Result<(), Refused> {
        for (at, guarded) in self.guarded.iter().enumerate() {
            let Some((before, _)) = guarded.loads.get(address) else { continue };
            let sum = guarded.with(address, load);
            for (&limit, &allowed) in &guarded.budget.limits {
                let sum = if is_momentary(limit) { sum.beside(guarded.beside) } else { sum };
                let refused = |amount| Err(Refused { budget: at, limit, allowed, amount });
                match (limit, sum.measure(limit, guarded.before)) {
                    (_, Some(amount)) if exceeds(amount, ceiling(limit, allowed, guarded.before)) => {
                        return refused(amount);
                    }
                    (Limit::MaxPricePerGpu, _) => {
                        let item = Item {
                            address,
                            before: *before,
                            after: Some(load),
                            worst: None,
                            beside: None,
                            leaves: false,
                        };
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
        for guarded in self.guarded.iter_mut().chain([&mut self.whole]) {
            let sum = guarded.with(address, load);
            let Some((_, after)) = guarded.loads.get_mut(address) else { continue };
            *after = Some(load);
            guarded.sum = sum;
        }
    }

    /// How long a balance lasts with a machine, all that is planned, and what was rented for what it really costs.
    pub fn runway(&self, balance: Option<Usd>, address: &InstanceAddr, load: Load) -> Runway {
        let more = self.whole.with(address, load).cost() - self.planned_cost;
        Runway { balance, after: self.planned.after + more, ..self.planned }
    }

    /// A machine that should be gone stands still, and bills.
    pub fn stays(&mut self, change: &Change) {
        let item = Item::of(change);
        let Some(load) = item.before.filter(|_| item.beside.is_none()) else { return };
        for guarded in self.guarded.iter_mut().chain([&mut self.whole]) {
            if covers(&guarded.budget, &change.address) {
                guarded.sum = guarded.sum.and(load);
            }
        }
    }
}

impl Guarded {
    /// With a machine at an address, in place of what is counted there.
    fn with(&self, address: &InstanceAddr, load: Load) -> Sum {
        let planned = self.loads.get(address).and_then(|(_, planned)| *planned);
        planned.map_or(self.sum, |planned| self.sum.without(planned)).and(load)
    }
}
