//! What ends soon: rentals that are not renewed, and money.

use super::model::{Change, Plan, PlanMode};
use super::spending::little_left;
use crate::config::Limit;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::Value;
use crate::schema::{Expiry, schedule};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// A rental that ends sooner is told, where no budget asks for a runway: whoever plans on Friday hears of what ends on
/// Monday.
const EXPIRY: SignedDuration = SignedDuration::from_hours(72);

/// Warnings about the fleet as a plan leaves it.
pub fn ends_soon(plan: &Plan, now: Timestamp) -> Diagnostics {
    let mut told = Diagnostics::new();
    if plan.mode == PlanMode::Destroy {
        return told;
    }
    let least = least_runway(plan);
    let horizon = least.map_or(EXPIRY, SignedDuration::from_mins);
    for (change, at) in plan.changes.iter().filter_map(|change| Some((change, expiry(change)?))) {
        let left = at.duration_since(now);
        if left <= horizon && !goes_before(change, at, now) {
            let address = &change.address;
            let then = match change.after.as_ref().and_then(Expiry::of) {
                Some(Expiry::After(_)) => "what is on it is lost then, before it expires",
                Some(Expiry::At(_)) | None => "what is on it is lost then, and the next apply rents another one",
            };
            let detail = format!(
                "{address} ends at {at}, in {}, and is not renewed: {then}. Set auto_renew = true to keep it.",
                span(left)
            );
            told.push(Diagnostic::warning("Rental ends soon", detail).on(address));
        }
    }
    // What a budget asks for it warns of itself.
    if least.is_none() {
        told.extend(little_left(plan).map(Diagnostics::from).unwrap_or_default());
    }
    told
}

/// How many minutes the longest `min_runway` asks for.
fn least_runway(plan: &Plan) -> Option<i64> {
    let hours = plan.budgets.iter().filter_map(|of| of.budget.limits.get(&Limit::MinRunway)).max()?;
    (hours * Decimal::from(60)).to_i64()
}

/// When a machine that stays ends without being renewed.
fn expiry(change: &Change) -> Option<Timestamp> {
    let after = change.after.as_ref().filter(|_| change.keeps_machine() && change.deposed.is_none())?;
    let renewed = after.get("auto_renew").and_then(Value::as_bool) != Some(false);
    after.get("expires_at").filter(|_| !renewed)?.as_str()?.parse().ok()
}

/// Whether the configuration itself wants a machine to go before that.
fn goes_before(change: &Change, at: Timestamp, now: Timestamp) -> bool {
    let Some(after) = &change.after else { return false };
    let created = after.get("created_at").and_then(Value::as_str).and_then(|text| text.parse().ok());
    let expires = Expiry::of(after).and_then(|expiry| expiry.instant(created));
    let closes = schedule(after).and_then(|schedule| schedule.changes(now));
    expires.into_iter().chain(closes).any(|end| end <= at)
}

/// `5 h`, `40 min`.
fn span(left: SignedDuration) -> String {
    match left.as_mins().max(0) {
        minutes @ 0..120 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    }
}
