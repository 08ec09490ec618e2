//! What a plan costs: a line for all machines that are alike, and the sums.

use super::described::Described;
use crate::address::{InstanceAddr, ModulePath, ResourceAddr};
use crate::lang::Value;
use crate::money::Usd;
use crate::plan::{Action, Change, Plan};
use crate::schema::instance::{dollars, gpu_count};

/// What the fleet costs, in USD per hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetCost<'p> {
    /// Now.
    pub before: Usd,
    /// Afterwards.
    pub after: Usd,
    /// Something is rented, or the fleet costs more or less than before.
    pub moves: bool,
    /// How many objects cost what they cost before, and not nothing.
    pub unchanged: usize,
    /// What those cost together.
    pub unchanged_cost: Usd,
    /// What it costs afterwards at most, whichever offers are rented inside what is approved.
    pub worst_case: Usd,
    /// How many machines stay whose price nobody could read: they are in no sum.
    pub unpriced: usize,
    /// Everything whose cost changes, by address.
    pub lines: Vec<CostLine<'p>>,
}

/// Machines of one block to which the same happens, of one model in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostLine<'p> {
    /// The first of them.
    pub first: &'p InstanceAddr,
    /// How many.
    pub count: usize,
    /// What happens to each.
    pub action: Action,
    /// A replacement makes the new machine first.
    pub new_first: bool,
    /// Where it stands, or will.
    pub seat: Seat<'p>,
    /// The lowest and the highest price per GPU-hour, where they are known.
    pub prices: Option<(Usd, Usd)>,
    /// USD per hour of all of them now.
    pub before: Usd,
    /// Afterwards.
    pub after: Usd,
    /// Afterwards, in the worst case.
    pub worst_case: Usd,
}

/// What a machine is, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seat<'p> {
    /// How many GPUs.
    pub gpus: u32,
    /// Of which model.
    pub model: &'p str,
    /// The region.
    pub region: Option<&'p str>,
    /// The country.
    pub country: Option<&'p str>,
}

impl<'p> Seat<'p> {
    fn of(change: &'p Change) -> (Seat<'p>, Option<Usd>) {
        if let Some(placed) = &change.placed {
            let offer = &placed.offer;
            let seat = Seat {
                gpus: offer.gpu_count,
                model: &offer.gpu_model,
                region: offer.facts.region.as_deref(),
                country: offer.facts.country.as_deref(),
            };
            return (seat, Some(offer.price_per_gpu));
        }
        let Some(object) = change.before.as_ref().or(change.after.as_ref()) else { return Default::default() };
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let seat = Seat {
            gpus: gpu_count(object).unwrap_or(0),
            model: text("rented_gpu_model").or_else(|| text("gpu_model")).unwrap_or_default(),
            region: text("region"),
            country: None,
        };
        (seat, dollars(object, "price_per_gpu"))
    }
}

impl<'p> FleetCost<'p> {
    pub(super) fn of(plan: &'p Plan, changes: &[Described<'p>]) -> FleetCost<'p> {
        let same = changes.iter().filter(|change| !change.moves_money() && change.cost_after != Usd::ZERO);
        FleetCost {
            before: plan.cost.before,
            after: plan.cost.after,
            moves: plan.cost.before != plan.cost.after || changes.iter().any(|change| change.placed.is_some()),
            unchanged: same.clone().count(),
            unchanged_cost: same.map(|change| change.cost_after).sum(),
            worst_case: plan.changes.iter().map(Change::worst_case).sum(),
            unpriced: plan.cost.unpriced,
            lines: lines(plan, changes),
        }
    }
}

fn lines<'p>(plan: &'p Plan, changes: &[Described<'p>]) -> Vec<CostLine<'p>> {
    let mut lines: Vec<CostLine<'p>> = Vec::new();
    for (change, described) in plan.changes.iter().zip(changes).filter(|(_, described)| described.moves_money()) {
        let (seat, price) = Seat::of(change);
        let line = CostLine {
            first: &change.address,
            count: 1,
            action: change.action,
            new_first: described.new_first,
            seat,
            prices: price.map(|price| (price, price)),
            before: change.cost_before,
            after: change.cost_after,
            worst_case: change.worst_case(),
        };
        // By address: what could be alike stands near. Looking at all lines of a block keeps them few.
        match lines.iter_mut().rev().find(|other| other.is_like(&line)) {
            Some(other) => other.add(&line),
            None => lines.push(line),
        }
    }
    lines
}

impl CostLine<'_> {
    fn is_like(&self, other: &CostLine<'_>) -> bool {
        (self.action, self.new_first, &self.seat) == (other.action, other.new_first, &other.seat)
            && block(&self.first.resource) == block(&other.first.resource)
    }

    /// Takes another one's machines and sums; where those are stays its own.
    pub fn add(&mut self, other: &CostLine<'_>) {
        self.count += other.count;
        self.before = self.before + other.before;
        self.after = self.after + other.after;
        self.worst_case = self.worst_case + other.worst_case;
        self.prices = match (self.prices, other.prices) {
            (Some((low, high)), Some((other_low, other_high))) => Some((low.min(other_low), high.max(other_high))),
            (one, another) => one.or(another),
        };
    }

    /// The block, whichever instance of its modules.
    pub fn block(&self) -> ResourceAddr {
        block(&self.first.resource)
    }

    /// The address of one, the block of several.
    pub fn name(&self) -> String {
        match self.count {
            1 => self.first.to_string(),
            _ => block(&self.first.resource).to_string(),
        }
    }
}

/// Where a block stands, whichever instance of its modules.
fn block(resource: &ResourceAddr) -> ResourceAddr {
    let modules = resource.module.0.iter().map(|(name, _)| (name.clone(), None));
    ResourceAddr { module: ModulePath(modules.collect()), ..resource.clone() }
}
