//! Operators: three-valued equality, arithmetic, comparison, logic.

use super::ast::{BinaryOp, UnaryOp};
use super::convert::convert;
use super::number::Number;
use super::types::Type;
use super::value::{Kind, Value};
use std::sync::Arc;

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpError {
    /// The left (or only) operand does not convert: a clause.
    Left(String),
    /// The right operand does not convert: a clause.
    Right(String),
    /// The operands are of the right types, but the operation has no result: a clause.
    Failed(String),
}

/// The `==` of the language: unknown where it cannot be told yet. Marks of both sides are on the result.
pub fn equals(left: &Value, right: &Value) -> Value {
    let marks = left.deep_marks().and(right.deep_marks());
    match compare(left, right) {
        Some(equal) => Value::bool(equal),
        None => Value::unknown_not_null(Type::Bool),
    }
    .marked(marks)
}

/// `None` where it cannot be told yet.
fn compare(left: &Value, right: &Value) -> Option<bool> {
    match (&left.kind, &right.kind) {
        (Kind::Null(_), _) if right.is_definitely_not_null() => Some(false),
        (_, Kind::Null(_)) if left.is_definitely_not_null() => Some(false),
        (Kind::Null(_), Kind::Null(_)) => Some(true),
        (Kind::Unknown(..), Kind::Unknown(..)) => None,
        (Kind::Unknown(ty, _), _) => with_unknown(left, ty, right),
        (_, Kind::Unknown(ty, _)) => with_unknown(right, ty, left),
        (Kind::Bool(l), Kind::Bool(r)) => Some(l == r),
        (Kind::Number(l), Kind::Number(r)) => Some(l == r),
        (Kind::String(l), Kind::String(r)) => Some(l == r),
        (Kind::Set(lt, l), Kind::Set(rt, r)) if !(left.is_wholly_known() && right.is_wholly_known()) => {
            let apart = left.length_bounds().0 > count(r) || right.length_bounds().0 > count(l);
            (lt != rt || apart).then_some(false)
        }
        (Kind::List(lt, l), Kind::List(rt, r)) | (Kind::Set(lt, l), Kind::Set(rt, r)) => {
            if lt != rt || l.len() != r.len() { Some(false) } else { all(l.iter().zip(r.iter())) }
        }
        (Kind::Tuple(l), Kind::Tuple(r)) => {
            if l.len() != r.len() || left.ty() != right.ty() {
                Some(false)
            } else {
                all(l.iter().zip(r.iter()))
            }
        }
        (Kind::Map(lt, l), Kind::Map(rt, r)) => match lt == rt && l.keys().eq(r.keys()) {
            false => Some(false),
            true => all(l.values().zip(r.values())),
        },
        (Kind::Object(l), Kind::Object(r)) => match l.keys().eq(r.keys()) && left.ty() == right.ty() {
            false => Some(false),
            true => all(l.values().zip(r.values())),
        },
        _ => Some(false),
    }
}

fn with_unknown(unknown: &Value, ty: &Type, known: &Value) -> Option<bool> {
    let excluded = unknown.refinements().is_some_and(|refinements| match &known.kind {
        Kind::String(text) => refinements.prefix.is_some_and(|prefix| !text.starts_with(&*prefix)),
        Kind::List(_, elements) | Kind::Set(_, elements) => excludes(refinements.length, elements.len()),
        Kind::Map(_, entries) => excludes(refinements.length, entries.len()),
        Kind::Number(n) => refinements
            .bounds
            .is_some_and(|(least, most)| least.is_some_and(|least| *n < least) || most.is_some_and(|most| *n > most)),
        _ => false,
    });
    if excluded {
        return Some(false);
    }
    (!known.is_null() && !ty.has_dynamic() && *ty != known.ty()).then_some(false)
}

fn count(elements: &[Value]) -> u64 {
    u64::try_from(elements.len()).unwrap_or(u64::MAX)
}

/// A comparison that can be told from the bounds of both sides: 'less', or 'more'.
fn apart(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    let ((l_least, l_most), (r_least, r_most)) = (left.bounds(), right.bounds());
    type Bound = Option<Arc<Number>>;
    let below = |most: Bound, least: Bound| most.zip(least).is_some_and(|(most, least)| most < least);
    if below(l_most, r_least) {
        return Some(std::cmp::Ordering::Less);
    }
    below(r_most, l_least).then_some(std::cmp::Ordering::Greater)
}

fn excludes(length: Option<(u64, Option<u64>)>, given: usize) -> bool {
    let given = u64::try_from(given).unwrap_or(u64::MAX);
    length.is_some_and(|(least, most)| given < least || most.is_some_and(|most| given > most))
}

fn all<'a>(pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Option<bool> {
    let mut known = true;
    for (left, right) in pairs {
        match compare(left, right) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => known = false,
        }
    }
    known.then_some(true)
}

/// Why a quotient is an error: here nothing is infinite.
pub const BY_ZERO: &str = "division by zero";

/// A binary operation. Unknown operands give an unknown result; marks of both are on it.
///
/// # Errors
/// An operand of a wrong type, null, division by zero, and results beyond any measure.
pub fn binary(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, Vec<OpError>> {
    let marks = left.deep_marks().and(right.deep_marks());
    match op {
        BinaryOp::Eq => return Ok(equals(left, right)),
        BinaryOp::NotEq => return Ok(not(equals(left, right))),
        _ => {}
    }
    let (operand, result) = match op {
        BinaryOp::And | BinaryOp::Or => (Type::Bool, Type::Bool),
        BinaryOp::Less | BinaryOp::LessEq | BinaryOp::Greater | BinaryOp::GreaterEq => (Type::Number, Type::Bool),
        _ => (Type::Number, Type::Number),
    };
    let (left, right) = match (convert(left, &operand), convert(right, &operand)) {
        (Ok(left), Ok(right)) => (left, right),
        (left, right) => {
            let left = left.err().map(|e| OpError::Left(e.message));
            let right = right.err().map(|e| OpError::Right(e.message));
            return Err(left.into_iter().chain(right).collect());
        }
    };
    let failed = |message: &str| Err(vec![OpError::Failed(message.to_owned())]);
    let value = match (&left.kind, &right.kind) {
        (Kind::Null(_), _) | (_, Kind::Null(_)) => return failed("argument must not be null"),
        (Kind::Bool(l), Kind::Bool(r)) => Value::bool(if op == BinaryOp::And { *l && *r } else { *l || *r }),
        (Kind::Number(l), Kind::Number(r)) => {
            let number = match op {
                BinaryOp::Less => return Ok(Value::bool(l < r).marked(marks)),
                BinaryOp::LessEq => return Ok(Value::bool(l <= r).marked(marks)),
                BinaryOp::Greater => return Ok(Value::bool(l > r).marked(marks)),
                BinaryOp::GreaterEq => return Ok(Value::bool(l >= r).marked(marks)),
                BinaryOp::Div if r.is_zero() => return failed(BY_ZERO),
                // As there.
                BinaryOp::Mod if r.is_zero() => return Ok(Value::number(l.clone()).marked(marks)),
                BinaryOp::Add => l.add(r),
                BinaryOp::Sub => l.sub(r),
                BinaryOp::Mul => l.mul(r),
                BinaryOp::Div => l.div(r),
                _ => l.rem(r),
            };
            match number {
                Some(number) => Value::number(number),
                None => return failed("the result is too large, or too close to zero"),
            }
        }
        _ => match (op, apart(&left, &right)) {
            (BinaryOp::Less | BinaryOp::LessEq, Some(order)) => Value::bool(order.is_lt()),
            (BinaryOp::Greater | BinaryOp::GreaterEq, Some(order)) => Value::bool(order.is_gt()),
            _ => Value::unknown_not_null(result),
        },
    };
    Ok(value.marked(marks))
}

fn not(value: Value) -> Value {
    match value.kind {
        Kind::Bool(b) => Value::bool(!b).marked(value.marks),
        _ => value,
    }
}

/// A unary operation.
///
/// # Errors
/// An operand of a wrong type, or null.
pub fn unary(op: UnaryOp, operand: &Value) -> Result<Value, OpError> {
    let marks = operand.deep_marks();
    let ty = if op == UnaryOp::Not { Type::Bool } else { Type::Number };
    let operand = convert(operand, &ty).map_err(|e| OpError::Left(e.message))?;
    let value = match &operand.kind {
        Kind::Null(_) => return Err(OpError::Failed("argument must not be null".into())),
        Kind::Bool(b) => Value::bool(!b),
        Kind::Number(n) => Value::number(n.neg()),
        _ => Value::unknown_not_null(ty),
    };
    Ok(value.marked(marks))
}
