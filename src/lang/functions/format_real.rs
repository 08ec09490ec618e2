//! Decimal forms of numbers: `%f`, `%e`, `%g`.

use crate::lang::number::Number;
use dashu_int::{IBig, UBig};

/// A number in the form of a verb: `f`, `e` or `g`; without a precision, `g` has the fewest digits and the others six
/// decimals. Rounds the exact value, ties to even.
pub(super) fn real(n: &Number, verb: char, precision: Option<usize>) -> String {
    let sign = if n.has_sign() { "-" } else { "" };
    let exact = Exact::of(n);
    let text = match (verb, precision) {
        ('f', places) => exact.fixed(places.unwrap_or(6)),
        ('e', places) => {
            let places = places.unwrap_or(6);
            let (digits, exponent) = exact.significant(places + 1);
            scientific(&digits, exponent)
        }
        (_, None) => {
            let plain = n.abs().to_string();
            let (digits, exponent) = shortest(&plain);
            match (-4..6).contains(&exponent) {
                true => plain,
                false => scientific(&digits, exponent),
            }
        }
        (_, Some(count)) => {
            let count = count.max(1);
            let (digits, exponent) = exact.significant(count);
            let digits = digits.trim_end_matches('0');
            let digits = if digits.is_empty() { "0" } else { digits };
            match exponent < -4 || exponent >= i64::try_from(count).unwrap_or(i64::MAX) {
                true => scientific(digits, exponent),
                false => plain(digits, exponent),
            }
        }
    };
    format!("{sign}{text}")
}

/// `numerator / denominator`, without a sign.
struct Exact {
    numerator: UBig,
    denominator: UBig,
    /// The decimal exponent of the first digit.
    exponent: i64,
}

impl Exact {
    fn of(n: &Number) -> Self {
        let (_, exponent) = shortest(&n.abs().to_string());
        let step = Number::from_integer(IBig::ONE << 64usize);
        let (mut whole, mut denominator) = (n.abs(), UBig::ONE);
        loop {
            if let Some(numerator) = whole.to_integer() {
                return Self { numerator: numerator.into_parts().1, denominator, exponent };
            }
            // A product with a power of two is exact.
            match whole.mul(&step) {
                Some(next) => whole = next,
                None => return Self { numerator: UBig::ZERO, denominator: UBig::ONE, exponent: 0 },
            }
            denominator <<= 64usize;
        }
    }

    /// The value times ten to a power, rounded to a whole number.
    fn scaled(&self, power: i64) -> UBig {
        let factor = UBig::from(10u8).pow(usize::try_from(power.unsigned_abs()).unwrap_or_default());
        let (numerator, denominator) = match power >= 0 {
            true => (&self.numerator * factor, self.denominator.clone()),
            false => (self.numerator.clone(), &self.denominator * factor),
        };
        let quotient = &numerator / &denominator;
        let twice = (numerator - &quotient * &denominator) << 1usize;
        let odd = &quotient % UBig::from(2u8) == UBig::ONE;
        match twice.cmp(&denominator) {
            std::cmp::Ordering::Greater => quotient + UBig::ONE,
            std::cmp::Ordering::Equal if odd => quotient + UBig::ONE,
            _ => quotient,
        }
    }

    fn fixed(&self, places: usize) -> String {
        let digits = self.scaled(i64::try_from(places).unwrap_or_default()).to_string();
        if places == 0 {
            return digits;
        }
        let digits = format!("{}{digits}", "0".repeat((places + 1).saturating_sub(digits.len())));
        let (whole, fraction) = digits.split_at(digits.len() - places);
        format!("{whole}.{fraction}")
    }

    /// So many digits, and the decimal exponent of the first.
    fn significant(&self, count: usize) -> (String, i64) {
        let shift = i64::try_from(count).unwrap_or_default() - 1 - self.exponent;
        let mut digits = self.scaled(shift).to_string();
        let carried = digits.len() > count;
        digits.truncate(count);
        let digits = format!("{digits:0<count$}");
        (digits, if carried { self.exponent + 1 } else { self.exponent })
    }
}

/// Digits without zeros around them, and the decimal exponent of the first, of a number written without exponent.
fn shortest(plain: &str) -> (String, i64) {
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let all = format!("{whole}{fraction}");
    let Some(first) = all.find(|c| c != '0') else { return ("0".to_owned(), 0) };
    let position = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    (all[first..].trim_end_matches('0').to_owned(), position(whole.len()) - 1 - position(first))
}

fn scientific(digits: &str, exponent: i64) -> String {
    let (first, rest) = digits.split_at(1.min(digits.len()));
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{rest}e{sign}{:02}", exponent.unsigned_abs())
}

fn plain(digits: &str, exponent: i64) -> String {
    match usize::try_from(exponent) {
        Err(_) => {
            let zeros = usize::try_from(-exponent - 1).unwrap_or_default();
            format!("0.{}{digits}", "0".repeat(zeros))
        }
        Ok(exponent) if digits.len() <= exponent + 1 => format!("{digits:0<width$}", width = exponent + 1),
        Ok(exponent) => format!("{}.{}", &digits[..=exponent], &digits[exponent + 1..]),
    }
}
