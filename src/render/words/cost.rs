//! What the fleet costs.

use crate::money::{HOURS_PER_MONTH, Usd};

/// One sentence: what the fleet costs.
pub fn sentence(hourly: Usd) -> String {
    if hourly == Usd::ZERO {
        return "The fleet costs nothing.".to_owned();
    }
    format!("The fleet costs {hourly} per hour, about {:.2} a month ({HOURS_PER_MONTH} h).", hourly.per_month())
}
