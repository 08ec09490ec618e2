//! How long the prepaid balance lasts: it pays for everything in the account, and machines die when it is used up (API
//! sheet §6).

use crate::money::Usd;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The balance, and what the whole account costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runway {
    /// What is left, where it could be read.
    pub balance: Option<Usd>,
    /// USD per hour now.
    pub before: Usd,
    /// USD per hour after the plan.
    pub after: Usd,
    /// USD per hour after it in the worst case.
    pub at_worst: Usd,
}

impl Runway {
    /// Nothing is rented that would not run for so long: it would die under way.
    pub const LEAST: Decimal = Decimal::ONE;
    /// A balance that lasts less is told where no budget says otherwise: whoever plans once a day hears of it before
    /// machines die.
    pub const WARNED: Decimal = Decimal::from_parts(24, 0, 0, false, 0);

    /// How long the balance lasts at so much per hour; `None` where it is not known, and for nothing.
    pub fn hours(&self, cost: Usd) -> Option<Decimal> {
        let left = self.balance?.0.max(Decimal::ZERO);
        (cost > Usd::ZERO).then(|| left.checked_div(cost.0)).flatten()
    }

    /// Whether it lasts less than so many hours at so much per hour.
    pub fn is_below(&self, cost: Usd, hours: Decimal) -> bool {
        self.hours(cost).is_some_and(|lasts| lasts < hours)
    }

    /// Whether an apply would rent on a balance that does not last an hour.
    pub fn is_too_short(&self) -> bool {
        self.is_below(self.after, Self::LEAST)
    }
}
