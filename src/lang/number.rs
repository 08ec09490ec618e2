//! Terraform's numbers: 512-bit binary floats, nearest even; integers exact within.
//!
//! As in Terraform, a literal has 512 bits of precision and a number that a function counted (`length`) has 64; an
//! operation has the precision of its more precise operand, and a number is printed with the fewest digits that name it
//! at its precision.

mod exact;

use super::digits::Digits;
use dashu_int::ops::{BitTest, DivRem, UnsignedAbs as _};
use dashu_int::{IBig, UBig};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// Bits of a literal, as Terraform reads them.
const LITERAL_BITS: usize = 512;
/// Bits of a machine integer: what Go gives the numbers that functions count.
const INTEGER_BITS: usize = 64;
/// Bits of a machine float, an IEEE double.
const FLOAT_BITS: usize = 53;
/// The largest decimal exponent that is read, either way: more would need megabytes to print.
const MAX_DECIMAL_EXPONENT: i64 = 100_000;
/// The same for the binary exponent of a result.
const MAX_EXPONENT: i64 = 700_000;

/// A finite number: `mantissa * 2^exponent`, with an odd mantissa (or all zero).
#[derive(Clone, Debug)]
pub struct Number {
    mantissa: IBig,
    exponent: i64,
    precision: usize,
    /// Zero has a sign too: it is equal to the other zero, but printed with it.
    negative_zero: bool,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.mantissa == other.mantissa && self.exponent == other.exponent
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.mantissa.hash(state);
        self.exponent.hash(state);
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right, _) = self.aligned(other);
        left.cmp(&right)
    }
}

impl From<i64> for Number {
    fn from(n: i64) -> Self {
        Self::rounded(n.into(), 0, INTEGER_BITS)
    }
}

impl From<u64> for Number {
    fn from(n: u64) -> Self {
        Self::rounded(n.into(), 0, INTEGER_BITS)
    }
}

impl From<usize> for Number {
    fn from(n: usize) -> Self {
        Self::rounded(n.into(), 0, INTEGER_BITS)
    }
}

fn magnitude(n: &IBig) -> UBig {
    n.clone().unsigned_abs()
}

impl Number {
    /// Rounds to `precision` bits, to nearest, ties to even.
    fn rounded(mantissa: IBig, exponent: i64, precision: usize) -> Self {
        let (sign, mut magnitude) = mantissa.into_parts();
        let mut exponent = exponent;
        let surplus = magnitude.bit_len().saturating_sub(precision);
        if surplus > 0 {
            let half = UBig::ONE << (surplus - 1);
            let rest = &magnitude & ((UBig::ONE << surplus) - UBig::ONE);
            magnitude >>= surplus;
            let up = match rest.cmp(&half) {
                Ordering::Less => false,
                Ordering::Equal => magnitude.bit(0),
                Ordering::Greater => true,
            };
            if up {
                magnitude += UBig::ONE;
            }
            exponent = exponent.saturating_add_unsigned(surplus as u64);
        }
        let Some(zeros) = magnitude.trailing_zeros() else {
            return Self { mantissa: IBig::ZERO, exponent: 0, precision, negative_zero: false };
        };
        magnitude >>= zeros;
        exponent = exponent.saturating_add_unsigned(zeros as u64);
        Self { mantissa: IBig::from_parts(sign, magnitude), exponent, precision, negative_zero: false }
    }

    /// As [`Number::rounded`]; `None` where the result is too large or too small to be worked with.
    fn checked(mantissa: IBig, exponent: i64, precision: usize) -> Option<Self> {
        let number = Self::rounded(mantissa, exponent, precision);
        (number.exponent.abs() <= MAX_EXPONENT).then_some(number)
    }

    /// Both mantissas over the smaller exponent.
    fn aligned(&self, other: &Self) -> (IBig, IBig, i64) {
        let exponent = self.exponent.min(other.exponent);
        let shift = |n: &Self| &n.mantissa << usize::try_from(n.exponent - exponent).unwrap_or(0);
        (shift(self), shift(other), exponent)
    }

    fn precision_with(&self, other: &Self) -> usize {
        self.precision.max(other.precision)
    }

    /// Reads a decimal number, as in the configuration or in JSON: digits with an optional sign, fraction and exponent.
    /// `None` for what is no number, and for exponents beyond a hundred thousand.
    pub fn parse(text: &str) -> Option<Number> {
        // Most are small.
        if let Ok(small) = text.parse::<u64>() {
            return Some(Self::rounded(small.into(), 0, LITERAL_BITS));
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (digits, scale) = match digits.split_once(['e', 'E']) {
            Some((digits, scale)) => (digits, Some(scale)),
            None => (digits, None),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        // So are most fractions: prices, for instance, which a fleet has thousands of.
        let small = whole
            .bytes()
            .chain(fraction.bytes())
            .try_fold(0_u64, |number, digit| number.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
        let magnitude = match small {
            Some(small) => UBig::from(small),
            None => format!("{whole}{fraction}").parse().ok()?,
        };
        let scale = match scale {
            None => 0,
            Some(scale) => {
                let digits = scale.strip_prefix(['+', '-']).unwrap_or(scale);
                if digits.is_empty() || !all_digits(digits) {
                    return None;
                }
                match scale.parse::<i64>() {
                    Ok(scale) => scale,
                    Err(_) if magnitude == UBig::ZERO => 0,
                    Err(_) => return None,
                }
            }
        };
        let mantissa =
            IBig::from_parts(if negative { dashu_int::Sign::Negative } else { dashu_int::Sign::Positive }, magnitude);
        if mantissa == IBig::ZERO {
            return Some(Number { negative_zero: negative, ..Self::rounded(mantissa, 0, LITERAL_BITS) });
        }
        let scale = scale.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        if scale.abs() > MAX_DECIMAL_EXPONENT {
            return None;
        }
        let exponent = u32::try_from(scale.unsigned_abs()).ok()?;
        let power = match 5_u64.checked_pow(exponent) {
            Some(small) => IBig::from(small),
            None => IBig::from(5).pow(usize::try_from(exponent).ok()?),
        };
        match scale < 0 {
            false => Self::checked(mantissa * power, scale, LITERAL_BITS),
            true => Self::quotient(&mantissa, &power, scale, LITERAL_BITS),
        }
    }

    /// Reads what a string may hold where a number is wanted: as [`Number::parse`], and a binary exponent (`1p3` is 8).
    pub fn parse_lenient(text: &str) -> Option<Number> {
        let Some((digits, power)) = text.split_once(['p', 'P']) else { return Self::parse(text) };
        let number = Self::parse(digits).filter(|_| !digits.contains(['e', 'E']))?;
        let power: i64 = power.parse().ok().filter(|power: &i64| power.abs() <= MAX_EXPONENT)?;
        Some(number.shifted(power))
    }

    /// `left / right * 2^exponent`, rounded once.
    fn quotient(left: &IBig, right: &IBig, exponent: i64, precision: usize) -> Option<Number> {
        let shift = (precision + 2 + magnitude(right).bit_len()).saturating_sub(magnitude(left).bit_len());
        let (quotient, rest) = (left << shift).div_rem(right);
        // One more bit stands for all that were cut off, so that a tie is told from more than a tie.
        let mut quotient: IBig = quotient << 1usize;
        if rest != IBig::ZERO {
            let negative = (left < &IBig::ZERO) != (right < &IBig::ZERO);
            quotient += if negative { -IBig::ONE } else { IBig::ONE };
        }
        Self::checked(quotient, exponent.checked_sub(i64::try_from(shift).ok()?)?.checked_sub(1)?, precision)
    }

    /// A machine float; `None` for what is not finite.
    pub fn from_f64(f: f64) -> Option<Number> {
        if !f.is_finite() {
            return None;
        }
        let bits = f.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let scale = i64::from(u16::try_from((bits >> 52) & 0x7ff).ok()?);
        let (magnitude, exponent) = if scale == 0 { (fraction, -1074) } else { (fraction | (1 << 52), scale - 1075) };
        let mantissa = IBig::from(magnitude);
        let number = Self::rounded(if f.is_sign_negative() { -mantissa } else { mantissa }, exponent, FLOAT_BITS);
        Some(Number { negative_zero: f.is_sign_negative() && number.is_zero(), ..number })
    }

    /// A whole number of any size, exactly.
    pub fn from_integer(n: IBig) -> Number {
        let precision = magnitude(&n).bit_len().max(INTEGER_BITS);
        Self::rounded(n, 0, precision)
    }

    /// The sum; `None` where it is too large.
    pub fn add(&self, other: &Number) -> Option<Number> {
        let (left, right, exponent) = self.aligned(other);
        let mut sum = Self::checked(left + right, exponent, self.precision_with(other))?;
        sum.negative_zero = self.negative_zero && other.negative_zero;
        Some(sum)
    }

    /// The difference; `None` where it is too large.
    pub fn sub(&self, other: &Number) -> Option<Number> {
        self.add(&other.neg())
    }

    /// The product, with as many bits as it needs, at most 512 (or the operands' own); `None` where it is too large.
    pub fn mul(&self, other: &Number) -> Option<Number> {
        let mantissa = &self.mantissa * &other.mantissa;
        let exponent = self.exponent.checked_add(other.exponent)?;
        let mut product = Self::checked(mantissa, exponent, LITERAL_BITS)?;
        product.precision = self.precision_with(other).max(magnitude(&product.mantissa).bit_len());
        Some(product.signed_as(self, other))
    }

    /// The quotient; `None` for division by zero, and where it is too large.
    pub fn div(&self, other: &Number) -> Option<Number> {
        if other.is_zero() {
            return None;
        }
        let exponent = self.exponent.checked_sub(other.exponent)?;
        let quotient = Self::quotient(&self.mantissa, &other.mantissa, exponent, self.precision_with(other))?;
        Some(quotient.signed_as(self, other))
    }

    /// The remainder of the division that rounds towards zero: it has the sign of the left side, and the roundings of
    /// Terraform's quotient, product and difference. `None` for division by zero.
    pub fn rem(&self, other: &Number) -> Option<Number> {
        let quotient = self.div(other)?;
        let whole = if quotient.is_negative() { quotient.ceil() } else { quotient.floor() };
        let product = Self::checked(
            &whole.mantissa * &other.mantissa,
            whole.exponent.checked_add(other.exponent)?,
            whole.precision_with(other),
        )?;
        self.sub(&product)
    }

    /// The number with the other sign.
    #[must_use]
    pub fn neg(&self) -> Number {
        let negative_zero = self.is_zero() && !self.negative_zero;
        Number { mantissa: -&self.mantissa, negative_zero, ..self.clone() }
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(&self) -> Number {
        if self.has_sign() { self.neg() } else { self.clone() }
    }

    /// The largest whole number that is not larger.
    #[must_use]
    pub fn floor(&self) -> Number {
        // A right shift of a signed number rounds towards negative infinity.
        Self::from_integer(&self.mantissa >> usize::try_from(-self.exponent.min(0)).unwrap_or(0))
            .shifted(self.exponent.max(0))
    }

    /// The smallest whole number that is not smaller.
    #[must_use]
    pub fn ceil(&self) -> Number {
        match self.neg().floor() {
            zero if zero.is_zero() && !self.is_zero() => Number::from(0_i64),
            floor => floor.neg(),
        }
    }

    fn shifted(self, by: i64) -> Number {
        if self.is_zero() || by == 0 {
            return self;
        }
        Number { exponent: self.exponent.saturating_add(by), ..self }
    }

    /// True for 0.
    pub fn is_zero(&self) -> bool {
        self.mantissa == IBig::ZERO
    }

    /// True below 0.
    pub fn is_negative(&self) -> bool {
        self.mantissa < IBig::ZERO
    }

    /// True below 0, and for the zero that is written `-0`.
    pub fn has_sign(&self) -> bool {
        self.is_negative() || self.negative_zero
    }

    /// A zero that is a product or quotient of these has their signs.
    fn signed_as(self, left: &Number, right: &Number) -> Number {
        Number { negative_zero: self.is_zero() && left.has_sign() != right.has_sign(), ..self }
    }

    /// True for whole numbers.
    pub fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    /// -1, 0 or 1.
    pub fn signum(&self) -> i8 {
        match self.mantissa.cmp(&IBig::ZERO) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }
    }

    /// A whole number, exactly.
    pub fn to_integer(&self) -> Option<IBig> {
        let shift = usize::try_from(self.exponent).ok()?;
        Some(&self.mantissa << shift)
    }

    /// The value where it is a whole number that fits.
    pub fn as_i64(&self) -> Option<i64> {
        if self.exponent > 64 { None } else { i64::try_from(self.to_integer()?).ok() }
    }

    /// The value where it is a whole number that fits.
    pub fn as_u64(&self) -> Option<u64> {
        if self.exponent > 64 { None } else { u64::try_from(self.to_integer()?).ok() }
    }

    /// The digits of a number that was written with few of them (a price): if the digits of the nearest machine float
    /// name it exactly, they are the fewest. Much cheaper than the exact way.
    fn short(&self, magnitude: &UBig) -> Option<String> {
        let beyond = magnitude.bit_len().saturating_sub(64);
        let power = i32::try_from(self.exponent + i64::try_from(beyond).ok()?).ok()?;
        let top = u64::try_from(magnitude >> beyond).ok()?;
        let near = top as f64 * 2f64.powi(power);
        if self.precision != LITERAL_BITS || !(1e-6..1e15).contains(&near) {
            return None;
        }
        let text = near.to_string();
        let back = Number::parse(&text)?;
        (back.exponent == self.exponent && self::magnitude(&back.mantissa) == *magnitude).then_some(text)
    }

    /// The nearest machine float; infinite where it is too large.
    pub fn as_f64(&self) -> f64 {
        let infinite = if self.is_negative() { f64::NEG_INFINITY } else { f64::INFINITY };
        self.to_string().parse().unwrap_or(infinite)
    }
}

impl std::fmt::Display for Number {
    /// The digits that Terraform prints in a template: the fewest that name the number at its precision.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.has_sign() {
            f.write_str("-")?;
        }
        let magnitude = magnitude(&self.mantissa);
        let bits = i64::try_from(magnitude.bit_len()).unwrap_or(i64::MAX);
        let precision = i64::try_from(self.precision).unwrap_or(i64::MAX);
        if self.exponent >= 0 && bits.saturating_add(self.exponent) <= precision {
            return write!(f, "{}", magnitude << usize::try_from(self.exponent).unwrap_or(0));
        }
        if let Some(text) = self.short(&magnitude) {
            return f.write_str(&text);
        }
        let exact = Digits::of(&magnitude, self.exponent);
        let shift = usize::try_from(precision + 1 - bits).unwrap_or(0);
        f.write_str(&exact.shortest(&(magnitude << shift), self.exponent - i64::try_from(shift).unwrap_or(0)).plain())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn n(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn prints_as_terraform_does() {
        let third = "0.33333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333335";
        assert_eq!(n("1").div(&n("3")).unwrap().to_string(), third);
        assert_eq!(n("0.1").add(&n("0.2")).unwrap().to_string(), "0.3");
        assert_eq!(Number::from(2i64).div(&Number::from(3i64)).unwrap().to_string(), "0.6666666666666666667");
        assert_eq!(n("1e-10").to_string(), "0.0000000001");
        assert_eq!(n("-7").rem(&n("3")).unwrap().to_string(), "-1");
        assert_eq!(n("7.5").rem(&n("-2")).unwrap().to_string(), "1.5");
        assert_eq!(n("123456789012345678901234567890").to_string(), "123456789012345678901234567890");
        assert_eq!(n("-1.50").to_string(), "-1.5");
        assert_eq!(n("0").neg().to_string(), "-0");
    }

    #[test]
    fn refuses_what_would_need_gigabytes() {
        assert_eq!(Number::parse("1e1000000000"), None);
        assert_eq!(Number::parse("1e99999999999999999999"), None);
        let big = n("1e100000");
        assert!(big.mul(&big).and_then(|n| n.mul(&big)).is_none());
    }

    #[test]
    fn rounds_to_whole_numbers() {
        assert_eq!(n("-1.5").floor(), n("-2"));
        assert_eq!(n("-1.5").ceil(), n("-1"));
        assert_eq!(n("8").floor(), n("8"));
        assert_eq!(Number::from_f64(0.1).unwrap().to_string(), "0.1");
        assert_eq!(n("0.1").as_f64(), 0.1);
        assert_eq!(n("18446744073709551615").as_u64(), Some(u64::MAX));
        assert_eq!(n("1.5").as_i64(), None);
    }
}
