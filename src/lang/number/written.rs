//! Numbers as they were written.

use super::float::{Float, LITERAL_BITS};
use dashu_int::IBig;
use std::cmp::Ordering;
use std::fmt;

/// So many digits behind the point at most: with as many before it, a comparison stays inside of 128 bits.
const MOST_PLACES: usize = 18;

/// `digits / 10^places`, with as few places as do. No two of them have the same float: that has 154 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) digits: i64,
    pub(super) places: u32,
}

impl Written {
    /// Reads digits with an optional sign and fraction; `None` where there are many, for `-0`, and for what is none.
    pub(super) fn parse(text: &str) -> Option<Written> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        if whole.is_empty() || fraction.len() > MOST_PLACES {
            return None;
        }
        let digits = whole.bytes().chain(fraction.bytes()).try_fold(0_i64, |number, byte| {
            let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
            number.checked_mul(10)?.checked_add(digit)
        })?;
        let places = u32::try_from(fraction.len()).ok()?;
        match negative {
            true if digits == 0 => None,
            true => Some(Written { digits: -digits, places }),
            false => Some(Written { digits, places }),
        }
    }

    /// What it is calculated with.
    pub(super) fn float(self) -> Float {
        let power = 5_u64.pow(self.places);
        Float::divided(&self.digits.into(), &IBig::from(power), LITERAL_BITS).shifted(-i64::from(self.places))
    }
}

impl PartialOrd for Written {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Written {
    fn cmp(&self, other: &Self) -> Ordering {
        let places = self.places.max(other.places);
        let aligned = |number: &Written| i128::from(number.digits) * 10_i128.pow(places - number.places);
        aligned(self).cmp(&aligned(other))
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.places == 0 {
            return write!(f, "{}", self.digits);
        }
        let (sign, digits) = (if self.digits < 0 { "-" } else { "" }, self.digits.unsigned_abs());
        let (one, width) = (10_u64.pow(self.places), self.places as usize);
        write!(f, "{sign}{}.{:0width$}", digits / one, digits % one)
    }
}
