//! What Terraform's forms have no place for: offers, prices, costs, doubts, remarks.

use crate::money::Usd;
use crate::plan::{Budgeted, Measured, Reason, Runway};
use crate::render::words::{offer_text, remark};
use crate::review::{Described, Doubt, FleetCost, Review};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};

/// Dollars as a decimal text: never a float.
pub(in crate::render) fn decimal(amount: Usd) -> String {
    amount.0.normalize().to_string()
}

/// The offer of a rent, and what is approved with it.
pub(in crate::render) fn rent(change: &Described<'_>) -> Map<String, Json> {
    let Some(placed) = change.placed else { return Map::new() };
    let reason = (change.reason == Some(&Reason::Rebalanced)).then(|| ("reason".to_owned(), json!("rebalance")));
    let facts = [
        ("offer".to_owned(), json!(placed.offer)),
        ("envelope".to_owned(), json!(placed.envelope)),
        ("shares_host_with".to_owned(), json!(placed.shares.as_ref().map(ToString::to_string))),
        ("summary".to_owned(), json!(offer_text(&placed.offer))),
        ("hourly_cost".to_owned(), json!(decimal(change.cost_after))),
    ];
    facts.into_iter().chain(reason).collect()
}

/// What a plan comes to.
pub(in crate::render) fn of_plan(review: &Review<'_>) -> Map<String, Json> {
    Map::from_iter([
        ("fleet".to_owned(), json!(review.fleet)),
        ("digest".to_owned(), json!(review.digest)),
        ("cost".to_owned(), cost(&review.cost)),
        ("runway".to_owned(), runway(review.runway)),
        ("budgets".to_owned(), review.budgets.iter().map(budget).collect()),
        ("in_doubt".to_owned(), review.in_doubt.iter().map(doubt).collect()),
        ("left_out".to_owned(), review.left_out.iter().map(ToString::to_string).collect()),
        ("narrowed".to_owned(), json!(review.narrowed)),
    ])
}

/// How long the balance lasts.
fn runway(runway: &Runway) -> Json {
    json!({
        "balance": runway.balance.map(decimal),
        "hours_before": number(runway.hours(runway.before)),
        "hours_after": number(runway.hours(runway.after)),
    })
}

/// A budget, and what the plan comes to by each of its limits, in dollars, pieces, percent or hours.
fn budget(of: &Budgeted) -> Json {
    let measured = |of: &Measured| {
        json!({
            "limit": of.limit.name(),
            "allowed": number(Some(of.allowed)),
            "before": number(of.now),
            "after": number(of.expected),
            "at_worst": number(of.at_worst),
            "standing": of.standing,
        })
    };
    json!({
        "name": of.budget.name,
        "for": of.budget.targets,
        "limits": of.measured.iter().map(measured).collect::<Vec<_>>(),
    })
}

/// A decimal text, with no more places than tell something.
fn number(amount: Option<Decimal>) -> Json {
    json!(amount.map(|amount| amount.round_dp(6).normalize().to_string()))
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
fn cost(cost: &FleetCost<'_>) -> Json {
    json!({
        "hourly_before": decimal(cost.before),
        "hourly_after": decimal(cost.after),
        "monthly_before": decimal(cost.before.per_month()),
        "monthly_after": decimal(cost.after.per_month()),
        "hourly_at_most": decimal(cost.worst_case),
        "monthly_at_most": decimal(cost.worst_case.per_month()),
        "machines_without_price": cost.unpriced,
    })
}

/// What a reader should know of a change.
pub(super) fn remarks(change: &Described<'_>) -> Json {
    change.remarks.iter().map(remark::sentence).collect()
}
