//! What a plan comes to by each limit of its budgets.

use super::budget::{Budgeted, Load, Measured, Standing};
use super::model::{Action, Change};
use super::runway::Runway;
use crate::address::{InstanceAddr, ObjectKind};
use crate::config::{Budget, Limit};
use crate::live::Offer;
use crate::market::Placed;
use crate::money::Usd;
use crate::schema::instance::{dollars, gpu_count};
use crate::state::Intent;
use rust_decimal::Decimal;

/// One machine, or what stands at its address before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item<'p> {
    pub address: &'p InstanceAddr,
    pub before: Option<Load>,
    pub after: Option<Load>,
    pub worst: Option<Load>,
    /// What stands until its replacement does.
    pub beside: Option<Load>,
    /// What stands is released before anything takes its place.
    pub leaves: bool,
}

/// What many machines come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    cost: Usd,
    machines: i64,
    gpus: i64,
}

impl Sum {
    pub fn of(loads: impl Iterator<Item = Load>) -> Sum {
        loads.fold(Sum::default(), Sum::and)
    }

    pub fn and(self, load: Load) -> Sum {
        Sum { cost: self.cost + load.cost, machines: self.machines + 1, gpus: self.gpus + i64::from(load.gpus) }
    }

    pub fn beside(self, other: Sum) -> Sum {
        Sum { cost: self.cost + other.cost, machines: self.machines + other.machines, gpus: self.gpus + other.gpus }
    }

    /// USD per hour.
    pub fn cost(self) -> Usd {
        self.cost
    }

    pub fn without(self, load: Load) -> Sum {
        Sum { cost: self.cost - load.cost, machines: self.machines - 1, gpus: self.gpus - i64::from(load.gpus) }
    }

    /// In the unit of a limit; `None` for one that is not about a sum, and for an increase over nothing.
    pub fn measure(self, limit: Limit, before: Sum) -> Option<Decimal> {
        match limit {
            Limit::MaxHourlyCost => Some(self.cost.0),
            Limit::MaxMonthlyCost => Some(self.cost.per_month().0),
            Limit::MaxInstances => Some(self.machines.into()),
            Limit::MaxGpus => Some(self.gpus.into()),
            Limit::MaxIncreasePercent => {
                let more = (self.cost - before.cost).0.checked_mul(Decimal::ONE_HUNDRED)?;
                more.checked_div(before.cost.0)
            }
            Limit::MaxPricePerGpu | Limit::MinRunway => None,
        }
    }
}

/// Money that went through floats carries noise: a millionth is none.
pub(super) fn exceeds(amount: Decimal, most: Decimal) -> bool {
    Usd(amount).exceeds(Usd(most))
}

/// What stands before and after a plan. What is in doubt may stand already: it counts on both sides.
pub(super) fn items<'p>(changes: &'p [Change], in_doubt: impl Iterator<Item = &'p Intent>) -> Vec<Item<'p>> {
    let is_machine = |change: &&Change| change.address.resource.object_kind().is_some_and(ObjectKind::is_rented);
    let mut items: Vec<Item<'p>> = changes.iter().filter(is_machine).map(Item::of).collect();
    items.extend(in_doubt.filter(|intent| intent.action.rents()).map(|intent| {
        let load = Some(Load {
            cost: intent.hourly_cost.unwrap_or_default(),
            gpus: intent.gpu_count.unwrap_or(0),
            price: None,
        });
        Item { address: &intent.address, before: load, after: load, worst: load, beside: None, leaves: false }
    }));
    items
}

impl<'p> Item<'p> {
    pub fn of(change: &'p Change) -> Item<'p> {
        let stands = change.action != Action::Forget;
        let before = change.before.as_ref().filter(|_| stands).map(|before| Load {
            cost: change.cost_before,
            gpus: gpu_count(before).unwrap_or(0),
            price: dollars(before, "price_per_gpu"),
        });
        let stays = !matches!(change.action, Action::Forget | Action::Delete);
        let after = change.after.as_ref().filter(|_| stays).map(|after| match &change.placed {
            Some(placed) => load(placed, &placed.offer),
            None => Load {
                cost: change.cost_after,
                gpus: gpu_count(after).unwrap_or(0),
                price: dollars(after, "price_per_gpu"),
            },
        });
        let worst = match change.placed.as_deref() {
            Some(Placed { offer, envelope, .. }) => Some(Load {
                cost: envelope.worst_case(offer),
                gpus: envelope.gpu_count,
                price: Some(envelope.dearest()),
            }),
            None => after,
        };
        let beside = before.filter(|_| change.action == Action::Replace && change.create_first);
        Item { address: &change.address, before, after, worst, beside, leaves: leaves(change) }
    }

    /// USD per GPU-hour above a limit that the plan brings about.
    pub fn is_dearer(&self, load: Option<Load>, most: Decimal) -> bool {
        let now = self.before.and_then(|before| before.price).unwrap_or_default();
        load.and_then(|load| load.price).is_some_and(|price| exceeds(price.0, most) && price.exceeds(now))
    }
}

/// Whether what stands is released before anything takes its place.
pub(super) fn leaves(change: &Change) -> bool {
    match change.action {
        Action::Delete => change.address.resource.object_kind().is_some_and(ObjectKind::is_rented),
        Action::Replace => !change.create_first,
        Action::NoOp | Action::Create | Action::Update | Action::Forget | Action::Read => false,
    }
}

/// What a machine of an offer counts for.
pub fn load(placed: &Placed, offer: &Offer) -> Load {
    Load { cost: placed.envelope.hourly_cost(offer), gpus: placed.envelope.gpu_count, price: Some(offer.price_per_gpu) }
}

/// Whether a budget covers what stands at an address.
pub(super) fn covers(budget: &Budget, address: &InstanceAddr) -> bool {
    budget.targets.is_empty() || budget.targets.iter().any(|target| target.matches(address))
}

/// What is allowed in truth: who is beyond a limit already may stay there, and go down.
pub(super) fn ceiling(limit: Limit, allowed: Decimal, before: Sum) -> Decimal {
    match limit {
        Limit::MaxIncreasePercent => allowed,
        _ => before.measure(limit, before).map_or(allowed, |now| now.max(allowed)),
    }
}

/// Whether a limit holds at every moment of an apply; the others are about what comes of it.
pub(super) fn is_momentary(limit: Limit) -> bool {
    match limit {
        Limit::MaxHourlyCost | Limit::MaxInstances | Limit::MaxGpus => true,
        Limit::MaxMonthlyCost | Limit::MaxPricePerGpu | Limit::MaxIncreasePercent | Limit::MinRunway => false,
    }
}

/// Measures a plan by every budget.
pub(super) fn measure(budgets: &[Budget], items: &[Item<'_>], runway: &Runway) -> Vec<Budgeted> {
    let of = |budget: &Budget| {
        let covered: Vec<&Item<'_>> = items.iter().filter(|item| covers(budget, item.address)).collect();
        let limits = budget.limits.iter();
        let measured = limits.map(|(limit, allowed)| match limit {
            Limit::MaxPricePerGpu => dearest(&covered, *allowed),
            Limit::MinRunway => lasting(runway, *allowed),
            _ => summed(*limit, *allowed, &covered),
        });
        Budgeted { budget: budget.clone(), measured: measured.collect() }
    };
    budgets.iter().map(of).collect()
}

fn summed(limit: Limit, allowed: Decimal, covered: &[&Item<'_>]) -> Measured {
    let [before, after, worst] =
        [|item: &Item<'_>| item.before, |item: &Item<'_>| item.after, |item: &Item<'_>| item.worst]
            .map(|side| Sum::of(covered.iter().filter_map(|item| side(item))));
    let now = before.measure(limit, before).filter(|_| limit != Limit::MaxIncreasePercent);
    let (expected, at_worst) = (after.measure(limit, before), worst.measure(limit, before));
    let beside = Sum::of(covered.iter().filter_map(|item| item.beside));
    let is_more = beside != Sum::default() && is_momentary(limit);
    let at_peak = after.beside(beside).measure(limit, before).filter(|_| is_more);
    let beyond = |amount: Option<Decimal>, most| amount.is_some_and(|amount| exceeds(amount, most));
    let ceiling = ceiling(limit, allowed, before);
    let standing = match () {
        () if beyond(expected, ceiling) || beyond(at_peak, ceiling) => Standing::Broken,
        () if beyond(expected, allowed) => Standing::Over,
        () if beyond(at_worst, allowed) => Standing::AtRisk,
        () => Standing::Kept,
    };
    Measured { limit, allowed, now, expected, at_worst, at_peak, standing }
}

/// Each machine for itself: what is rented must not be dearer, what stands may.
fn dearest(covered: &[&Item<'_>], allowed: Decimal) -> Measured {
    let most = |side: fn(&Item<'_>) -> Option<Load>| {
        covered.iter().filter_map(|item| side(item)?.price).max().map(|price| price.0)
    };
    let (now, expected, at_worst) = (most(|item| item.before), most(|item| item.after), most(|item| item.worst));
    let is_over = expected.is_some_and(|price| exceeds(price, allowed));
    let standing = match () {
        () if covered.iter().any(|item| item.is_dearer(item.after, allowed)) => Standing::Broken,
        () if is_over => Standing::Over,
        () => Standing::Kept,
    };
    // No envelope admits more.
    Measured { limit: Limit::MaxPricePerGpu, allowed, now, expected, at_worst, at_peak: None, standing }
}

fn lasting(runway: &Runway, allowed: Decimal) -> Measured {
    let standing = match () {
        () if !runway.is_below(runway.after, allowed) && runway.is_below(runway.at_worst, allowed) => Standing::AtRisk,
        () if !runway.is_below(runway.after, allowed) => Standing::Kept,
        () if runway.after.exceeds(runway.before) => Standing::Broken,
        () => Standing::Over,
    };
    let hours = |cost| runway.hours(cost);
    Measured {
        limit: Limit::MinRunway,
        allowed,
        now: hours(runway.before),
        expected: hours(runway.after),
        at_worst: hours(runway.at_worst),
        at_peak: None,
        standing,
    }
}

/// What adds to what a budget covers: addresses, each with what it adds in the unit of the limit, the most first.
pub(super) fn adding<'p>(budget: &Budget, measured: &Measured, items: &[Item<'p>]) -> Vec<(&'p InstanceAddr, Decimal)> {
    let none = Sum::default();
    let adds = |item: &Item<'p>| {
        let [before, after] = [item.before, item.after].map(|load| Sum::of(load.into_iter()));
        let more = match measured.limit {
            Limit::MaxPricePerGpu => {
                let price = item.after?.price?.0;
                return item.is_dearer(item.after, measured.allowed).then_some((item.address, price));
            }
            Limit::MaxIncreasePercent | Limit::MinRunway => (after.cost - before.cost).0,
            limit => after.measure(limit, none)? - before.measure(limit, none)?,
        };
        (more > Decimal::ZERO).then_some((item.address, more))
    };
    let mut adding: Vec<_> = items.iter().filter(|item| covers(budget, item.address)).filter_map(adds).collect();
    adding.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    adding
}

/// The budgets that would not hold what leaves beside all that comes: there releases go before rents.
pub(super) fn tight<'b>(budgets: &'b [Budget], items: &[Item<'_>]) -> Vec<&'b Budget> {
    let is_tight = |budget: &&Budget| {
        let covered = || items.iter().filter(|item| covers(budget, item.address));
        let before = Sum::of(covered().filter_map(|item| item.before));
        let leaving = covered().filter(|item| item.leaves).filter_map(|item| item.before);
        let all = Sum::of(covered().filter_map(|item| item.after).chain(leaving));
        let beside = Sum::of(covered().filter_map(|item| item.beside));
        budget.limits.iter().any(|(&limit, &allowed)| {
            let all = if is_momentary(limit) { all.beside(beside) } else { all };
            all.measure(limit, before).is_some_and(|amount| exceeds(amount, ceiling(limit, allowed, before)))
        })
    };
    budgets.iter().filter(is_tight).collect()
}
