//! Numbers as text that loses nothing, the precision included.

use super::Number;
use super::float::{Float, MAX_EXPONENT, magnitude};
use dashu_int::IBig;
use dashu_int::ops::BitTest;
use std::fmt;

/// The most bits that are read; more than any number of the language has.
const MOST_BITS: usize = 1 << 20;
/// The most decimal digits of so many bits.
const MOST_DIGITS: usize = 316_000;

impl Number {
    /// `31p-2/512`: 31 * 2^-2, with 512 bits of precision.
    pub fn to_exact(&self) -> String {
        let float = self.float();
        let sign = if float.negative_zero { "-" } else { "" };
        format!("{sign}{}p{}/{}", float.mantissa, float.exponent, float.precision)
    }

    /// The inverse of [`Number::to_exact`]; `None` for what is none, or beyond every bound of the language.
    pub fn from_exact(text: &str) -> Option<Number> {
        let (mantissa, rest) = text.split_once('p').filter(|(mantissa, _)| mantissa.len() <= MOST_DIGITS)?;
        let (exponent, precision) = rest.split_once('/')?;
        let signed = mantissa.starts_with('-');
        let mantissa: IBig = mantissa.parse().ok()?;
        let exponent: i64 = exponent.parse().ok().filter(|exponent: &i64| exponent.abs() <= MAX_EXPONENT * 2)?;
        let precision: usize = precision.parse().ok().filter(|bits| (1..=MOST_BITS).contains(bits))?;
        if magnitude(&mantissa).bit_len() > precision {
            return None;
        }
        let float = Float::rounded(mantissa, exponent, precision);
        Some(Float { negative_zero: signed && float.is_zero(), ..float }.into())
    }
}

impl fmt::Debug for Number {
    /// What `==` does not compare shows, however the number is kept.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_exact())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        let third = Number::from(1_i64).div(&Number::from(3_i64)).expect("a quotient");
        let tenth = Number::parse("0.1").expect("a number");
        let nothing = Number::from(0_i64).neg();
        for number in [third, tenth, nothing, Number::from(0_i64), Number::from(-12_i64)] {
            let back = Number::from_exact(&number.to_exact()).expect("a number");
            assert_eq!(format!("{back:?} {back}"), format!("{number:?} {number}"));
        }
        assert_eq!(Number::from(6_i64).to_exact(), "3p1/64");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in
            ["", "1", "1p2", "1p/1", "p1/1", "1p1/0", "1p99999999/64", "1p1/99999999", "7p0/2", "1p1/-1", "-p1/1"]
        {
            assert!(Number::from_exact(text).is_none(), "{text}");
        }
        assert!(Number::from_exact(&format!("{}p0/64", "9".repeat(MOST_DIGITS + 1))).is_none());
    }
}
