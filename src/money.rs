//! Decimal dollars.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};
use std::time::Duration;

/// Hours of a month, as other users of the API count them (API sheet §6).
pub const HOURS_PER_MONTH: u32 = 730;

/// An amount of US dollars. Which rate it is (per hour, per GPU-hour, per GB-month) stands in the name that holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usd(#[serde(with = "rust_decimal::serde::str")] pub Decimal);

impl Usd {
    /// Nothing.
    pub const ZERO: Usd = Usd(Decimal::ZERO);

    /// `self` times a count (GPUs, gigabytes, hours); saturates instead of overflowing.
    fn times(self, n: impl Into<Decimal>) -> Usd {
        Usd(self.0.saturating_mul(n.into()))
    }

    /// The rate of a month, for a rate per hour.
    #[must_use]
    pub fn per_month(self) -> Usd {
        self.times(HOURS_PER_MONTH)
    }

    /// What a rate per hour comes to in this time.
    #[must_use]
    pub fn over(self, time: Duration) -> Usd {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.times(Decimal::from(millis) / Decimal::from(3_600_000))
    }

    /// The rate of an hour, for a rate per month.
    fn month_to_hour(self) -> Usd {
        Usd(self.0 / Decimal::from(HOURS_PER_MONTH))
    }

    /// True when `self` exceeds `cap` by more than the noise that prices carry when they went through a float
    /// (API sheet §6): a millionth of a dollar.
    pub fn exceeds(self, cap: Usd) -> bool {
        self.0 > cap.0 + Decimal::new(1, 6)
    }
}

/// What an instance costs per hour: its GPUs, and its disk billed per GB and month (API sheet §6).
pub fn hourly_cost(price_per_gpu: Usd, gpu_count: u32, price_per_disk: Usd, disk_gb: u64) -> Usd {
    price_per_gpu.times(gpu_count) + price_per_disk.times(disk_gb).month_to_hour()
}

impl Add for Usd {
    type Output = Usd;
    fn add(self, other: Usd) -> Usd {
        Usd(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Usd;
    fn sub(self, other: Usd) -> Usd {
        Usd(self.0.saturating_sub(other.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Usd>>(iter: I) -> Usd {
        iter.fold(Usd::ZERO, Add::add)
    }
}

impl fmt::Display for Usd {
    /// `$0.31`, `$0.3125`: at least two decimals, at most four; a larger precision in the format is honoured exactly. From
    /// five digits on, thousands are parted: `$11,524.15`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = f.precision().map_or(4, |p| u32::try_from(p).unwrap_or(4));
        let rounded = self.0.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
        let sign = if rounded.is_sign_negative() && !rounded.is_zero() { "-" } else { "" };
        let mut digits = rounded.abs();
        if f.precision().is_some() {
            digits.rescale(places);
        } else {
            digits = digits.normalize();
            if digits.scale() < 2 {
                digits.rescale(2);
            }
        }
        f.write_str(&format!("{sign}${}", parted(&digits.to_string())))
    }
}

/// An amount with its thousands parted: four digits are read at a glance, more are counted.
fn parted(digits: &str) -> Cow<'_, str> {
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    if whole.len() < 5 {
        return Cow::Borrowed(digits);
    }
    let mut text = String::with_capacity(digits.len() + whole.len() / 3);
    for (at, digit) in whole.char_indices() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(rest);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn usd(text: &str) -> Usd {
        Usd(Decimal::from_str(text).expect("a decimal"))
    }

    #[test]
    fn displays_between_two_and_four_places() {
        assert_eq!(usd("0.3").to_string(), "$0.30");
        assert_eq!(usd("0.31249").to_string(), "$0.3125");
        assert_eq!(usd("-1").to_string(), "-$1.00");
        assert_eq!(format!("{:.2}", usd("226.309")), "$226.31");
    }

    #[test]
    fn thousands_of_long_amounts_are_parted() {
        assert_eq!(usd("9999.5").to_string(), "$9999.50");
        assert_eq!(format!("{:.2}", usd("-11524.148")), "-$11,524.15");
        assert_eq!(usd("1234567").to_string(), "$1,234,567.00");
    }

    #[test]
    fn an_hour_includes_the_disk() {
        assert_eq!(hourly_cost(usd("0.30"), 2, usd("0.15"), 73), usd("0.615"));
    }

    #[test]
    fn a_rate_adds_up() {
        assert_eq!(usd("0.36").over(Duration::from_secs(90)), usd("0.009"));
        assert_eq!(usd("1").over(Duration::ZERO), Usd::ZERO);
        assert!(usd("1").over(Duration::MAX) > usd("1000"));
    }

    #[test]
    fn float_noise_does_not_exceed_a_cap() {
        assert!(!usd("0.3000000000000001").exceeds(usd("0.3")));
        assert!(usd("0.3001").exceeds(usd("0.3")));
    }
}
