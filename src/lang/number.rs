//! Terraform's numbers: 512-bit binary floats, nearest even; integers exact within.
//!
//! As in Terraform, a literal has 512 bits of precision and a number that a function counted (`length`) has 64; an
//! operation has the precision of its more precise operand, and a number is printed with the fewest digits that name it
//! at its precision.

mod exact;
mod float;
mod written;

use dashu_int::IBig;
use float::{Float, INTEGER_BITS, MAX_EXPONENT};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use written::Written;

/// A finite number.
#[derive(Clone)]
pub struct Number(Form);

#[derive(Clone)]
enum Form {
    /// A literal of few digits. A fleet has thousands of prices, which are compared and printed; its float is made for who
    /// calculates with it.
    Written(Written),
    Float(Float),
}

use Form::{Float as AsFloat, Written as AsWritten};

impl From<Float> for Number {
    fn from(float: Float) -> Self {
        Number(AsFloat(float))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (AsWritten(one), AsWritten(other)) => one == other,
            _ => self.float() == other.float(),
        }
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.float().hash(state);
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (AsWritten(one), AsWritten(other)) => one.cmp(other),
            _ => self.float().cmp(&other.float()),
        }
    }
}

impl From<i64> for Number {
    fn from(n: i64) -> Self {
        Float::rounded(n.into(), 0, INTEGER_BITS).into()
    }
}

impl From<u64> for Number {
    fn from(n: u64) -> Self {
        Float::rounded(n.into(), 0, INTEGER_BITS).into()
    }
}

impl From<usize> for Number {
    fn from(n: usize) -> Self {
        Float::rounded(n.into(), 0, INTEGER_BITS).into()
    }
}

impl Number {
    /// Reads a decimal number, as in the configuration or in JSON: digits with an optional sign, fraction and exponent.
    /// `None` for what is no number, and for exponents beyond a hundred thousand.
    pub fn parse(text: &str) -> Option<Number> {
        match Written::parse(text) {
            Some(written) => Some(Number(AsWritten(written))),
            None => Float::parse(text).map(Number::from),
        }
    }

    /// Reads what a string may hold where a number is wanted: as [`Number::parse`], and a binary exponent (`1p3` is 8).
    pub fn parse_lenient(text: &str) -> Option<Number> {
        let Some((digits, power)) = text.split_once(['p', 'P']) else { return Self::parse(text) };
        let number = Self::parse(digits).filter(|_| !digits.contains(['e', 'E']))?;
        let power: i64 = power.parse().ok().filter(|power: &i64| power.abs() <= MAX_EXPONENT)?;
        Some(number.float().into_owned().shifted(power).into())
    }

    /// What it is calculated with.
    fn float(&self) -> Cow<'_, Float> {
        match &self.0 {
            AsWritten(written) => Cow::Owned(written.float()),
            AsFloat(float) => Cow::Borrowed(float),
        }
    }

    /// As it was written, if that had few digits: `(digits, places)` is `digits / 10^places`.
    pub fn written(&self) -> Option<(i64, u32)> {
        match &self.0 {
            AsWritten(written) => Some((written.digits, written.places)),
            AsFloat(_) => None,
        }
    }

    /// A machine float; `None` for what is not finite.
    pub fn from_f64(f: f64) -> Option<Number> {
        Float::from_f64(f).map(Number::from)
    }

    /// A whole number of any size, exactly.
    pub fn from_integer(n: IBig) -> Number {
        Float::from_integer(n).into()
    }

    /// The sum; `None` where it is too large.
    pub fn add(&self, other: &Number) -> Option<Number> {
        self.float().add(&other.float()).map(Number::from)
    }

    /// The difference; `None` where it is too large.
    pub fn sub(&self, other: &Number) -> Option<Number> {
        self.float().sub(&other.float()).map(Number::from)
    }

    /// The product, with as many bits as it needs, at most 512 (or the operands' own); `None` where it is too large.
    pub fn mul(&self, other: &Number) -> Option<Number> {
        self.float().mul(&other.float()).map(Number::from)
    }

    /// The quotient; `None` for division by zero, and where it is too large.
    pub fn div(&self, other: &Number) -> Option<Number> {
        self.float().div(&other.float()).map(Number::from)
    }

    /// The remainder of the division that rounds towards zero: it has the sign of the left side, and the roundings of
    /// Terraform's quotient, product and difference. `None` for division by zero.
    pub fn rem(&self, other: &Number) -> Option<Number> {
        self.float().rem(&other.float()).map(Number::from)
    }

    /// The number with the other sign.
    #[must_use]
    pub fn neg(&self) -> Number {
        match &self.0 {
            AsWritten(written) if written.digits != 0 => {
                Number(AsWritten(Written { digits: -written.digits, ..*written }))
            }
            _ => self.float().neg().into(),
        }
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(&self) -> Number {
        if self.has_sign() { self.neg() } else { self.clone() }
    }

    /// The largest whole number that is not larger.
    #[must_use]
    pub fn floor(&self) -> Number {
        self.float().floor().into()
    }

    /// The smallest whole number that is not smaller.
    #[must_use]
    pub fn ceil(&self) -> Number {
        self.float().ceil().into()
    }

    /// True for 0.
    pub fn is_zero(&self) -> bool {
        self.signum() == 0
    }

    /// True below 0.
    pub fn is_negative(&self) -> bool {
        self.signum() < 0
    }

    /// True below 0, and for the zero that is written `-0`.
    pub fn has_sign(&self) -> bool {
        match &self.0 {
            AsWritten(written) => written.digits < 0,
            AsFloat(float) => float.has_sign(),
        }
    }

    /// True for whole numbers.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            AsWritten(written) => written.places == 0,
            AsFloat(float) => float.exponent >= 0,
        }
    }

    /// -1, 0 or 1.
    pub fn signum(&self) -> i8 {
        let sign = match &self.0 {
            AsWritten(written) => written.digits.cmp(&0),
            AsFloat(float) => float.mantissa.cmp(&IBig::ZERO),
        };
        match sign {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }
    }

    /// A whole number, exactly.
    pub fn to_integer(&self) -> Option<IBig> {
        match &self.0 {
            AsWritten(written) => (written.places == 0).then(|| written.digits.into()),
            AsFloat(float) => float.to_integer(),
        }
    }

    /// The value where it is a whole number that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            AsWritten(written) => (written.places == 0).then_some(written.digits),
            AsFloat(float) if float.exponent > 64 => None,
            AsFloat(float) => i64::try_from(float.to_integer()?).ok(),
        }
    }

    /// The value where it is a whole number that fits.
    pub fn as_u64(&self) -> Option<u64> {
        match &self.0 {
            AsWritten(_) => u64::try_from(self.as_i64()?).ok(),
            AsFloat(float) if float.exponent > 64 => None,
            AsFloat(float) => u64::try_from(float.to_integer()?).ok(),
        }
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
        match &self.0 {
            AsWritten(written) => written.fmt(f),
            AsFloat(float) => float.fmt(f),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        /// What is kept as it was written is in everything what its float is.
        #[test]
        fn a_written_number_is_its_float(
            one in "[-+]?(0|[0-9]{1,12})(\\.[0-9]{1,8})?", other in "-?[0-9]{1,2}(\\.[0-9]0?)?", near in any::<bool>(),
        ) {
            let other = if near { format!("{}0", if one.contains('.') { &one } else { &other }) } else { other };
            let forms = |text: &str| [n(text), Float::parse(text).unwrap().into()];
            let told = |n: &Number| {
                (n.to_string(), n.to_exact(), n.as_i64(), n.as_u64(), n.to_integer(), n.signum(), n.has_sign(), n.is_integer())
            };
            let [written, float] = forms(&one);
            prop_assert_eq!(told(&written), told(&float));
            prop_assert_eq!(told(&written.neg()), told(&float.neg()));
            prop_assert_eq!((&written, written.cmp(&float)), (&float, Ordering::Equal));
            for (left, right) in forms(&one).iter().zip(forms(&other).iter().rev()) {
                prop_assert_eq!(left.cmp(right), float.float().cmp(&n(&other).float()));
                prop_assert_eq!(left == right, *float.float() == *n(&other).float());
            }
            prop_assert_eq!(n(&one).cmp(&n(&other)), float.float().cmp(&n(&other).float()));
            prop_assert_eq!(n(&one) == n(&other), *float.float() == *n(&other).float());
        }

        #[test]
        fn what_is_a_number_does_not_hang_on_its_length(text in "[-+]?[0-9]{0,3}\\.?[0-9]{0,3}[ex0]?") {
            prop_assert_eq!(Number::parse(&text).is_some(), Float::parse(&text).is_some());
        }
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
