//! Binary floats of any precision: what Terraform calculates with.

use super::super::digits::Digits;
use dashu_int::ops::{BitTest, DivRem, UnsignedAbs as _};
use dashu_int::{IBig, UBig};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Bits of a literal, as Terraform reads them.
pub(super) const LITERAL_BITS: usize = 512;
/// Bits of a machine integer: what Go gives the numbers that functions count.
pub(super) const INTEGER_BITS: usize = 64;
/// Bits of a machine float, an IEEE double.
const FLOAT_BITS: usize = 53;
/// The largest decimal exponent that is read, either way: more would need megabytes to print.
const MAX_DECIMAL_EXPONENT: i64 = 100_000;
/// The same for the binary exponent of a result.
pub(super) const MAX_EXPONENT: i64 = 700_000;

/// `mantissa * 2^exponent`, with an odd mantissa (or all zero).
#[derive(Clone, Debug)]
pub(super) struct Float {
    pub(super) mantissa: IBig,
    pub(super) exponent: i64,
    pub(super) precision: usize,
    /// Zero has a sign too: it is equal to the other zero, but printed with it.
    pub(super) negative_zero: bool,
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.mantissa == other.mantissa && self.exponent == other.exponent
    }
}

impl Eq for Float {}

impl Hash for Float {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.mantissa.hash(state);
        self.exponent.hash(state);
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right, _) = self.aligned(other);
        left.cmp(&right)
    }
}

/// Without the sign.
pub(super) fn magnitude(n: &IBig) -> UBig {
    n.clone().unsigned_abs()
}

impl Float {
    /// Rounds to `precision` bits, to nearest, ties to even.
    pub(super) fn rounded(mantissa: IBig, exponent: i64, precision: usize) -> Self {
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

    /// As [`Float::rounded`]; `None` where the result is too large or too small to be worked with.
    pub(super) fn checked(mantissa: IBig, exponent: i64, precision: usize) -> Option<Self> {
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

    /// Reads any decimal number.
    pub(super) fn parse(text: &str) -> Option<Float> {
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
        let magnitude: UBig = format!("{whole}{fraction}").parse().ok()?;
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
            return Some(Float { negative_zero: negative, ..Self::rounded(mantissa, 0, LITERAL_BITS) });
        }
        let scale = scale.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        if scale.abs() > MAX_DECIMAL_EXPONENT {
            return None;
        }
        let power = IBig::from(5).pow(usize::try_from(scale.unsigned_abs()).ok()?);
        match scale < 0 {
            false => Self::checked(mantissa * power, scale, LITERAL_BITS),
            true => Self::quotient(&mantissa, &power, scale, LITERAL_BITS),
        }
    }

    /// `left / right`, rounded once.
    pub(super) fn divided(left: &IBig, right: &IBig, precision: usize) -> Float {
        let shift = (precision + 2 + magnitude(right).bit_len()).saturating_sub(magnitude(left).bit_len());
        let (quotient, rest) = (left << shift).div_rem(right);
        // One more bit stands for all that were cut off, so that a tie is told from more than a tie.
        let mut quotient: IBig = quotient << 1usize;
        if rest != IBig::ZERO {
            let negative = (left < &IBig::ZERO) != (right < &IBig::ZERO);
            quotient += if negative { -IBig::ONE } else { IBig::ONE };
        }
        Self::rounded(quotient, i64::try_from(shift).map_or(i64::MIN, |shift| -1 - shift), precision)
    }

    /// `left / right * 2^exponent`, rounded once; `None` where that is too large or too small.
    fn quotient(left: &IBig, right: &IBig, exponent: i64, precision: usize) -> Option<Float> {
        let quotient = Self::divided(left, right, precision).shifted(exponent);
        (quotient.exponent.abs() <= MAX_EXPONENT).then_some(quotient)
    }

    /// A machine float; `None` for what is not finite.
    pub(super) fn from_f64(f: f64) -> Option<Float> {
        if !f.is_finite() {
            return None;
        }
        let bits = f.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let scale = i64::from(u16::try_from((bits >> 52) & 0x7ff).ok()?);
        let (magnitude, exponent) = if scale == 0 { (fraction, -1074) } else { (fraction | (1 << 52), scale - 1075) };
        let mantissa = IBig::from(magnitude);
        let number = Self::rounded(if f.is_sign_negative() { -mantissa } else { mantissa }, exponent, FLOAT_BITS);
        Some(Float { negative_zero: f.is_sign_negative() && number.is_zero(), ..number })
    }

    /// A whole number of any size, exactly.
    pub(super) fn from_integer(n: IBig) -> Float {
        let precision = magnitude(&n).bit_len().max(INTEGER_BITS);
        Self::rounded(n, 0, precision)
    }

    /// The sum; `None` where it is too large.
    pub(super) fn add(&self, other: &Float) -> Option<Float> {
        let (left, right, exponent) = self.aligned(other);
        let mut sum = Self::checked(left + right, exponent, self.precision_with(other))?;
        sum.negative_zero = self.negative_zero && other.negative_zero;
        Some(sum)
    }

    /// The difference; `None` where it is too large.
    pub(super) fn sub(&self, other: &Float) -> Option<Float> {
        self.add(&other.neg())
    }

    /// The product, with as many bits as it needs, at most 512 (or the operands' own); `None` where it is too large.
    pub(super) fn mul(&self, other: &Float) -> Option<Float> {
        let mantissa = &self.mantissa * &other.mantissa;
        let exponent = self.exponent.checked_add(other.exponent)?;
        let mut product = Self::checked(mantissa, exponent, LITERAL_BITS)?;
        product.precision = self.precision_with(other).max(magnitude(&product.mantissa).bit_len());
        Some(product.signed_as(self, other))
    }

    /// The quotient; `None` for division by zero, and where it is too large.
    pub(super) fn div(&self, other: &Float) -> Option<Float> {
        if other.is_zero() {
            return None;
        }
        let exponent = self.exponent.checked_sub(other.exponent)?;
        let quotient = Self::quotient(&self.mantissa, &other.mantissa, exponent, self.precision_with(other))?;
        Some(quotient.signed_as(self, other))
    }

    /// The remainder of the division that rounds towards zero: it has the sign of the left side, and the roundings of
    /// Terraform's quotient, product and difference. `None` for division by zero.
    pub(super) fn rem(&self, other: &Float) -> Option<Float> {
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
    pub(super) fn neg(&self) -> Float {
        let negative_zero = self.is_zero() && !self.negative_zero;
        Float { mantissa: -&self.mantissa, negative_zero, ..self.clone() }
    }

    /// The largest whole number that is not larger.
    pub(super) fn floor(&self) -> Float {
        // A right shift of a signed number rounds towards negative infinity.
        Self::from_integer(&self.mantissa >> usize::try_from(-self.exponent.min(0)).unwrap_or(0))
            .shifted(self.exponent.max(0))
    }

    /// The smallest whole number that is not smaller.
    pub(super) fn ceil(&self) -> Float {
        match self.neg().floor() {
            zero if zero.is_zero() && !self.is_zero() => Float::rounded(IBig::ZERO, 0, INTEGER_BITS),
            floor => floor.neg(),
        }
    }

    /// Times `2^by`.
    pub(super) fn shifted(self, by: i64) -> Float {
        if self.is_zero() || by == 0 {
            return self;
        }
        Float { exponent: self.exponent.saturating_add(by), ..self }
    }

    /// True for 0.
    pub(super) fn is_zero(&self) -> bool {
        self.mantissa == IBig::ZERO
    }

    /// True below 0.
    pub(super) fn is_negative(&self) -> bool {
        self.mantissa < IBig::ZERO
    }

    /// True below 0, and for the zero that is written `-0`.
    pub(super) fn has_sign(&self) -> bool {
        self.is_negative() || self.negative_zero
    }

    /// A zero that is a product or quotient of these has their signs.
    fn signed_as(self, left: &Float, right: &Float) -> Float {
        Float { negative_zero: self.is_zero() && left.has_sign() != right.has_sign(), ..self }
    }

    /// A whole number, exactly.
    pub(super) fn to_integer(&self) -> Option<IBig> {
        let shift = usize::try_from(self.exponent).ok()?;
        Some(&self.mantissa << shift)
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
        let back = Float::parse(&text)?;
        (back.exponent == self.exponent && self::magnitude(&back.mantissa) == *magnitude).then_some(text)
    }
}

impl fmt::Display for Float {
    /// The digits that Terraform prints in a template: the fewest that name the number at its precision.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
