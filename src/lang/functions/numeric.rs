//! Numbers.

use super::CallError;
use super::signature::{Args, Function, Outcome, Param, Shape, function, param};
use crate::lang::convert::convert;
use crate::lang::number::Number;
use crate::lang::types::Type;
use crate::lang::value::{Kind, Value};
use dashu_int::IBig;

const NUM: &[Param] = &[param("num", Shape::Number)];

pub(super) const FUNCTIONS: &[Function] = &[
    function("abs", NUM, Shape::Number, |args: &Args<'_>| Ok(Value::number(args.number(0).abs()))),
    function("ceil", NUM, Shape::Number, |args: &Args<'_>| Ok(Value::number(args.number(0).ceil()))),
    function("floor", NUM, Shape::Number, |args: &Args<'_>| Ok(Value::number(args.number(0).floor()))),
    function("log", &[param("num", Shape::Number), param("base", Shape::Number)], Shape::Number, |args: &Args<'_>| {
        machine_float(ln(float(args, 0)?) / ln(float(args, 1)?))
    }),
    function("max", &[], Shape::Number, |args: &Args<'_>| {
        // Of equal ones the first: there are two zeros.
        extreme(
            args.values.iter().reduce(|most, other| if other.as_number() > most.as_number() { other } else { most }),
        )
    })
    .variadic(param("numbers", Shape::Number)),
    function("min", &[], Shape::Number, |args: &Args<'_>| extreme(args.values.iter().min_by_key(|v| v.as_number())))
        .variadic(param("numbers", Shape::Number)),
    function("parseint", &[param("number", Shape::Any), param("base", Shape::Number)], Shape::Any, parse_int).typed(
        |args| match args.first().map(Value::ty) {
            Some(Type::String) => Ok(Type::Number),
            other => Err(not_text(&other.unwrap_or(Type::Dynamic))),
        },
    ),
    function("pow", &[param("num", Shape::Number), param("power", Shape::Number)], Shape::Number, |args: &Args<'_>| {
        machine_float(power(float(args, 0)?, args.number(1)))
    }),
    function("signum", NUM, Shape::Number, |args: &Args<'_>| Ok(Value::int(args.int(0)?.signum()))),
    function("sum", &[param("list", Shape::Any)], Shape::Any, sum).typed(|_| Ok(Type::Number)),
];

fn extreme(found: Option<&Value>) -> Outcome {
    found.cloned().ok_or_else(|| CallError::call("must pass at least one number"))
}

/// A number as a machine float.
fn float(args: &Args<'_>, index: usize) -> Result<f64, CallError> {
    let float = args.number(index).as_f64();
    float.is_finite().then_some(float).ok_or_else(|| CallError::call("the number is too large"))
}

/// `pow` and `log` calculate in machine floats, as Terraform does; what is not finite is refused.
fn machine_float(result: f64) -> Outcome {
    match Number::from_f64(result) {
        Some(number) => Ok(Value::number(number)),
        None => Err(CallError::call("the result is not a finite number")),
    }
}

/// Powers by repeated squaring of the fraction, in the steps of Terraform's mathematics: the last digits agree.
fn power(base: f64, exponent: Number) -> f64 {
    let size = exponent.abs().as_f64();
    if size == 0.5 && base >= 0.0 {
        return if exponent.is_negative() { base.sqrt().recip() } else { base.sqrt() };
    }
    // Beyond, every machine float is whole.
    if base == 0.0 || !base.is_finite() || size >= 2.0_f64.powi(63) || (base < 0.0 && size.fract() != 0.0) {
        return base.powf(exponent.as_f64());
    }
    let (mut left, mut part) = (size.trunc() as u64, size.fract());
    if part > 0.5 {
        part -= 1.0;
        left += 1;
    }
    let (mut square, mut square_scale) = fraction(base);
    let (mut product, mut scale) = (if part == 0.0 { 1.0 } else { (part * ln(base)).exp() }, 0_i64);
    while left != 0 {
        if square_scale.abs() > 1 << 12 {
            return base.powf(exponent.as_f64());
        }
        if left & 1 == 1 {
            product *= square;
            scale += square_scale;
        }
        square *= square;
        square_scale *= 2;
        if square < 0.5 {
            square *= 2.0;
            square_scale -= 1;
        }
        left >>= 1;
    }
    if exponent.is_negative() {
        product = product.recip();
        scale = -scale;
    }
    // In two steps, for each factor alone can be out of range.
    let half = i32::try_from(scale / 2).unwrap_or_default();
    let rest = i32::try_from(scale - i64::from(half)).unwrap_or_default();
    product * 2.0_f64.powi(half) * 2.0_f64.powi(rest)
}

/// The natural logarithm by FreeBSD's polynomial, as in Terraform: the last digits agree.
#[allow(clippy::excessive_precision)]
fn ln(x: f64) -> f64 {
    if !x.is_finite() || x <= 0.0 {
        return x.ln();
    }
    let (mut f, mut scale) = fraction(x);
    if f < std::f64::consts::FRAC_1_SQRT_2 {
        f *= 2.0;
        scale -= 1;
    }
    let f = f - 1.0;
    let scale = scale as f64;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let odd = s2
        * (6.666666666666735130e-01
            + s4 * (2.857142874366239149e-01 + s4 * (1.818357216161805012e-01 + s4 * 1.479819860511658591e-01)));
    let even = s4 * (3.999999999940941908e-01 + s4 * (2.222219843214978396e-01 + s4 * 1.531383769920937332e-01));
    let half_square = 0.5 * f * f;
    let correction = s * (half_square + (odd + even)) + scale * 1.90821492927058770002e-10;
    scale * 6.93147180369123816490e-01 - ((half_square - correction) - f)
}

/// `f = fraction * 2^scale`, with a fraction from a half to one.
fn fraction(f: f64) -> (f64, i64) {
    let (f, shift) = if f.abs() < f64::MIN_POSITIVE { (f * 2.0_f64.powi(64), 64) } else { (f, 0) };
    let bits = f.to_bits();
    let scale = i64::try_from((bits >> 52) & 0x7ff).unwrap_or_default() - 1022 - shift;
    (f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52)), scale)
}

fn sum(args: &Args<'_>) -> Outcome {
    let list = args.at(0);
    let elements = match &list.kind {
        Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => elements,
        Kind::Map(..) | Kind::Object(_) => {
            let message = format!("argument must be list, set, or tuple. Received {}", list.ty().friendly_name());
            return Err(CallError::argument(0, message));
        }
        _ => return Err(CallError::argument(0, "cannot sum noniterable")),
    };
    if elements.is_empty() {
        return Err(CallError::argument(0, "cannot sum an empty list"));
    }
    if !list.is_wholly_known() {
        return Ok(Value::unknown_not_null(Type::Number));
    }
    let mut total = Number::from(0i64);
    for element in elements.iter() {
        let number = convert(element, &Type::Number).ok();
        let Some(number) = number.as_ref().and_then(Value::as_number) else {
            return Err(CallError::argument(0, "argument must be list, set, or tuple of number values"));
        };
        total = total.add(number).ok_or_else(|| CallError::call("the sum is too large"))?;
    }
    Ok(Value::number(total))
}

fn not_text(ty: &Type) -> CallError {
    CallError::argument(0, format!("first argument must be a string, not {}", ty.friendly_name()))
}

/// Digits up to base 36 in either case; above, lower case stands before upper case.
fn parse_int(args: &Args<'_>) -> Outcome {
    let Some(text) = args.at(0).as_str() else {
        return Err(not_text(&args.at(0).ty()));
    };
    let base = args.int(1).map_err(|error| CallError::argument(1, error.message))?;
    let Some(base) = u32::try_from(base).ok().filter(|base| (2..=62).contains(base)) else {
        return Err(CallError::argument(1, "base must be a whole number between 2 and 62 inclusive"));
    };
    let wrong = || CallError::argument(0, format!("cannot parse {text:?} as a base {base} integer"));
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() {
        return Err(wrong());
    }
    let mut total = IBig::ZERO;
    for c in digits.chars() {
        let digit = match c {
            'A'..='Z' if base > 36 => Some(c as u32 - 'A' as u32 + 36),
            _ => c.to_digit(36),
        };
        let digit = digit.filter(|&digit| digit < base).ok_or_else(wrong)?;
        total = total * IBig::from(base) + IBig::from(digit);
    }
    Ok(Value::number(Number::from_integer(if negative { -total } else { total })))
}
