//! Which machines could move to cheaper offers, and what that saves: healthy machines never move otherwise.

use super::budget::{Measured, Standing};
use super::change::is_healthy;
use super::measure::covers;
use super::model::{Action, Change, Plan};
use super::spending::allowance;
use crate::address::{InstanceAddr, ResourceAddr};
use crate::lang::Value;
use crate::market::Envelope;
use crate::money::Usd;
use crate::schema::{Expiry, schedule};
use crate::state::State;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// So long a machine is taken to start, in minutes: the vendor's console says "up to 5 minutes" (API sheet §5).
const BOOT: i64 = 5;

/// What a move must be worth.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// USD per month, each.
    pub min_saving: Usd,
    /// So many at most.
    pub max_disruptions: Option<usize>,
    /// Younger machines stay.
    pub min_age: SignedDuration,
}

/// A machine that could move.
#[derive(Clone, Debug, PartialEq)]
pub struct Move<'p> {
    /// Its replacement, as planned.
    pub change: &'p Change,
    /// USD per hour that is saved.
    pub saving: Usd,
}

impl Move<'_> {
    /// What it costs once, USD: both machines for as long as the new one starts.
    pub fn once(&self) -> Usd {
        let both = self.change.cost_before + self.change.cost_after;
        Usd(both.0 * Decimal::from(BOOT) / Decimal::from(60))
    }

    /// Whether it is worth its disruption.
    fn pays(&self, limits: &Limits, now: Timestamp) -> bool {
        let left = self.change.before.as_ref().and_then(|object| left(object, now));
        let saved = left.map(|left| self.saving.0 * Decimal::from(left.as_mins()) / Decimal::from(60));
        self.saving.per_month() >= limits.min_saving
            && self.saving > Usd::ZERO
            && saved.is_none_or(|saved| saved > self.once().0)
    }
}

/// For how long a machine will be wanted still, where that is known.
fn left(object: &Value, now: Timestamp) -> Option<SignedDuration> {
    let ends = Expiry::of(object).and_then(|expiry| expiry.instant(None));
    let closes = schedule(object).and_then(|schedule| schedule.changes(now));
    ends.into_iter().chain(closes).min().map(|end| end.duration_since(now))
}

/// The machines that may move: those that stay as they are in a plan, are healthy and not protected, and whose price is
/// known. A duration that began with a machine would begin anew with another one.
pub fn movable<'p>(plan: &'p Plan, limits: &'p Limits) -> impl Iterator<Item = &'p InstanceAddr> + use<'p> {
    let may = move |change: &&Change| {
        let Some(object) = &change.after else { return false };
        let created = object.get("created_at").and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
        change.action == Action::NoOp
            && change.keeps_machine()
            && change.deposed.is_none()
            && !change.prevent_destroy
            && is_healthy(change)
            && change.cost_before > Usd::ZERO
            && !matches!(Expiry::of(object), Some(Expiry::After(_)))
            && created.is_some_and(|created| plan.made_at.duration_since(created) >= limits.min_age)
    };
    plan.changes.iter().filter(may).map(|change| &change.address)
}

/// The moves of a plan that replaces machines, what saves most first. Of machines that accept the same, whoever takes which
/// offer costs the same: the dearest counts as the one that takes the cheapest, so that the others stay first.
pub fn moves(plan: &Plan) -> Vec<Move<'_>> {
    let mut alike: Vec<(&Envelope, Vec<&Change>)> = Vec::new();
    for change in plan.changes.iter().filter(|change| change.action == Action::Replace) {
        let Some(placed) = &change.placed else { continue };
        match alike.iter_mut().find(|(envelope, _)| **envelope == placed.envelope) {
            Some((_, changes)) => changes.push(change),
            None => alike.push((&placed.envelope, vec![change])),
        }
    }
    let mut moves = Vec::new();
    for (_, mut changes) in alike {
        let mut costs: Vec<Usd> = changes.iter().map(|change| change.cost_after).collect();
        costs.sort_unstable();
        changes.sort_by_key(|change| (std::cmp::Reverse(change.cost_before), &change.address));
        let pairs = changes.into_iter().zip(costs);
        moves.extend(pairs.map(|(change, cost)| Move { change, saving: change.cost_before - cost }));
    }
    moves.sort_by_key(|one| (std::cmp::Reverse(one.saving), &one.change.address));
    moves
}

/// The machines that stay after all, seen from a plan that replaces `asked`; empty for a plan that may be shown. A few at a
/// time: what they leave may be worth the move of another one.
pub fn that_stay(
    plan: &Plan,
    asked: &BTreeSet<InstanceAddr>,
    state: &State,
    limits: &Limits,
) -> BTreeSet<InstanceAddr> {
    let moves = moves(plan);
    let placed: BTreeSet<&InstanceAddr> = moves.iter().map(|one| &one.change.address).collect();
    let unplaced: BTreeSet<InstanceAddr> = asked.iter().filter(|at| !placed.contains(at)).cloned().collect();
    if !unplaced.is_empty() {
        return unplaced;
    }
    // Who is told the address of a machine that moves would move, or change, with it.
    let dragged = plan.steps.iter().filter(|step| !asked.contains(&step.address));
    let needs: BTreeSet<&ResourceAddr> =
        dragged.clone().filter_map(|step| state.resources.get(&step.address)).flat_map(|r| &r.dependencies).collect();
    if dragged.count() > 0 {
        let heads: BTreeSet<InstanceAddr> = asked.iter().filter(|at| needs.contains(&at.resource)).cloned().collect();
        return if heads.is_empty() { asked.clone() } else { heads };
    }
    let idle: Vec<&Move<'_>> = moves.iter().filter(|one| !one.pays(limits, plan.made_at)).collect();
    let excess = moves.len().saturating_sub(limits.max_disruptions.unwrap_or(usize::MAX));
    match (idle.len(), excess) {
        (0, excess) => moves.iter().rev().take(few(excess)).map(|one| one.change.address.clone()).collect(),
        (count, _) => idle.iter().rev().take(few(count)).map(|one| one.change.address.clone()).collect(),
    }
}

/// Some of the moves that a budget does not hold while both machines stand, those that save least, with the budget's words:
/// not all, for without some it may hold the others.
pub fn beyond_budgets(plan: &Plan) -> BTreeMap<InstanceAddr, String> {
    let moves = moves(plan);
    let is_broken = |measured: &&Measured| measured.standing == Standing::Broken;
    let broken = plan.budgets.iter().find_map(|of| Some((&of.budget, of.measured.iter().find(is_broken)?)));
    let Some((budget, measured)) = broken else { return BTreeMap::new() };
    let beside = |one: &&Move<'_>| one.change.create_first && covers(budget, &one.change.address);
    let crowding: Vec<&Move<'_>> = moves.iter().filter(beside).collect();
    let words = allowance(budget, measured.limit, measured.allowed);
    let least = crowding.iter().rev().take(few(crowding.len()));
    least.map(|one| (one.change.address.clone(), words.clone())).collect()
}

/// As many as are left out at once: what the others get without them is seen before more are.
fn few(count: usize) -> usize {
    count.div_ceil(16)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FLEET, applied, make, make_from, offer};
    use super::*;
    use crate::plan::PlanOptions;
    use std::sync::Arc;

    fn usd(text: &str) -> Usd {
        Usd(text.parse().expect("an amount"))
    }

    /// Two machines at these prices, and what a plan finds that replaces both in a market with these.
    fn replaced(now: [&str; 2], market: [&str; 2]) -> (Plan, BTreeSet<InstanceAddr>, State) {
        let options = PlanOptions::default();
        let fresh = make(FLEET, &State::default(), &Default::default(), &options).expect("a plan");
        let (mut state, snapshot) = applied(&fresh.plan);
        let machines = state.resources.iter_mut().filter(|(at, _)| at.key.is_some());
        for ((_, record), price) in machines.zip(now) {
            let price: serde_json::Value = serde_json::from_str(price).expect("a price");
            Arc::make_mut(record).attributes.set("hourly_cost", price);
        }
        let asked: BTreeSet<InstanceAddr> = state.resources.keys().filter(|at| at.key.is_some()).cloned().collect();
        let options =
            PlanOptions { replace: asked.iter().cloned().collect(), rebalance: true, ..PlanOptions::default() };
        let market: Vec<_> = (1..).zip(market).map(|(n, price)| offer(n, price)).collect();
        (make_from(FLEET, &state, &snapshot, &options, &market).expect("a plan").plan, asked, state)
    }

    fn stay(now: [&str; 2], market: [&str; 2], limits: Limits) -> Vec<String> {
        let (plan, asked, state) = replaced(now, market);
        that_stay(&plan, &asked, &state, &limits).iter().map(|at| at.key.as_ref().expect("a key").to_string()).collect()
    }

    const ANY: Limits = Limits { min_saving: Usd::ZERO, max_disruptions: None, min_age: SignedDuration::ZERO };

    #[test]
    fn the_dearest_takes_the_cheapest_and_the_others_stay() {
        assert_eq!(stay(["0.45", "0.44"], ["0.20", "0.21"], ANY), [""; 0]);
        // One offer is worth it: the dearer machine takes it, whoever the plan gave it to.
        assert_eq!(stay(["0.45", "0.30"], ["0.20", "0.40"], ANY), ["[1]"]);
        assert_eq!(stay(["0.30", "0.45"], ["0.20", "0.40"], ANY), ["[0]"]);
        assert_eq!(stay(["0.45", "0.44"], ["0.20", "0.21"], Limits { max_disruptions: Some(1), ..ANY }), ["[1]"]);
        // 0.24 and 0.24 USD per hour are less than 200 a month, each.
        assert_eq!(stay(["0.45", "0.44"], ["0.20", "0.21"], Limits { min_saving: usd("200"), ..ANY }).len(), 1);
    }
}
