//! What could move to cheaper offers, for other programs.

use super::ours::decimal;
use crate::money::Usd;
use crate::plan::{Plan, moves};
use serde_json::{Value as Json, json};

/// What `rebalance -json` prints.
pub fn rebalance_json(plan: &Plan) -> Json {
    let moves = moves(plan);
    let saving = |before: Usd, after: Usd| decimal((before - after).per_month());
    let rows = moves.iter().map(|one| {
        let change = one.change;
        json!({
            "address": change.address.to_string(),
            "hourly_cost_now": decimal(change.cost_before),
            "hourly_cost_then": decimal(change.cost_after),
            "monthly_saving": saving(change.cost_before, change.cost_after),
            "cost_once": decimal(one.once()),
            "offer": change.placed.as_ref().map(|placed| &placed.offer),
        })
    });
    let sum = |amount: fn(&crate::plan::Move<'_>) -> Usd| moves.iter().map(amount).sum::<Usd>();
    json!({
        "format_version": "1.0",
        "moves": rows.collect::<Vec<_>>(),
        "monthly_saving": decimal(sum(|one| one.change.cost_before - one.change.cost_after).per_month()),
        "cost_once": decimal(sum(|one| one.once())),
    })
}
