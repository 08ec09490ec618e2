//! What Terraform's forms have no place for: offers, prices, costs, doubts, remarks.

use crate::money::Usd;
use crate::render::words::{offer_text, remark};
use crate::review::{Described, Doubt, FleetCost, Review};
use serde_json::{Map, Value as Json, json};

/// Dollars as a decimal text: never a float.
pub(super) fn decimal(amount: Usd) -> String {
    amount.0.normalize().to_string()
}

/// The offer of a rent, and what is approved with it.
pub(super) fn rent(change: &Described<'_>) -> Map<String, Json> {
    let Some(placed) = change.placed else { return Map::new() };
    Map::from_iter([
        ("offer".to_owned(), json!(placed.offer)),
        ("envelope".to_owned(), json!(placed.envelope)),
        ("shares_host_with".to_owned(), json!(placed.shares.as_ref().map(ToString::to_string))),
        ("summary".to_owned(), json!(offer_text(&placed.offer))),
        ("hourly_cost".to_owned(), json!(decimal(change.cost_after))),
    ])
}

/// What a plan comes to.
pub(super) fn of_plan(review: &Review<'_>) -> Map<String, Json> {
    Map::from_iter([
        ("fleet".to_owned(), json!(review.fleet)),
        ("cost".to_owned(), cost(&review.cost)),
        ("in_doubt".to_owned(), review.in_doubt.iter().map(doubt).collect()),
        ("left_out".to_owned(), review.left_out.iter().map(ToString::to_string).collect()),
        ("narrowed".to_owned(), json!(review.narrowed)),
    ])
}

/// An operation without a known outcome.
fn doubt(doubt: &Doubt<'_>) -> Json {
    json!({
        "address": doubt.address.to_string(),
        "action": doubt.action,
        "since": doubt.since.to_string(),
        "why": doubt.why,
        "hourly_cost": doubt.hourly_cost.map(decimal),
    })
}

/// What the fleet costs, before and afterwards.
fn cost(cost: &FleetCost) -> Json {
    json!({
        "hourly_before": decimal(cost.before),
        "hourly_after": decimal(cost.after),
        "monthly_before": decimal(cost.before.per_month()),
        "monthly_after": decimal(cost.after.per_month()),
        "hourly_at_most": decimal(cost.worst_case),
        "machines_without_price": cost.unpriced,
    })
}

/// What a reader should know of a change.
pub(super) fn remarks(change: &Described<'_>) -> Json {
    change.remarks.iter().map(remark::sentence).collect()
}
