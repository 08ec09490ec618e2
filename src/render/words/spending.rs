//! Budgets and the balance, in words.

use crate::config::{Limit, hours};
use crate::plan::{Measured, Runway, Standing};
use rust_decimal::Decimal;

/// `$3.20 -> $4.80 per hour of at most $5.00 per hour, at worst $6.00 per hour: it could be exceeded`.
pub fn measured(of: &Measured) -> String {
    let Measured { limit, allowed, now, expected, at_worst, at_peak, standing } = of;
    let amount = |amount: &Decimal| limit.amount(*amount);
    let (now, expected, worst) =
        (now.as_ref().map(amount), expected.as_ref().map(amount), at_worst.as_ref().map(amount));
    let after = expected.unwrap_or_default();
    let way = match now.filter(|now| *now != after) {
        Some(now) => format!("{now} -> {after}"),
        None => after.clone(),
    };
    let least = if *limit == Limit::MinRunway { "at least" } else { "at most" };
    let worst =
        worst.filter(|worst| *worst != after).map_or(String::new(), |worst| format!(", in the worst case {worst}"));
    let peak = at_peak.map_or(String::new(), |peak| format!(", {} meanwhile", amount(&peak)));
    let means = match standing {
        Standing::Kept => "",
        Standing::AtRisk => ": it could be exceeded",
        Standing::Over => ": over budget",
        Standing::Broken => ": refused",
    };
    format!("{way}{peak} of {least} {}{worst}{means}", limit.amount(*allowed))
}

/// `Balance: $40.00, lasts 31 h now, 12 h after.`; nothing where it is not known, or nothing costs.
pub fn runway(runway: &Runway) -> Option<String> {
    let balance = runway.balance?;
    let lasts = |cost| runway.hours(cost).map(hours);
    let lasts = match (lasts(runway.before), lasts(runway.after)) {
        (Some(before), Some(after)) if before == after => format!("lasts {after}"),
        (Some(before), Some(after)) => format!("lasts {before} now, {after} after"),
        (None, Some(after)) => format!("lasts {after} after"),
        (Some(before), None) => format!("lasts {before} now"),
        (None, None) => return None,
    };
    Some(format!("Balance: {balance:.2}, {lasts}."))
}
