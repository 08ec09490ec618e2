//! Functions of any collection: counting, finding, picking.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::clusters;
use crate::lang::convert::{convert, unify};
use crate::lang::number::Number;
use crate::lang::ops::equals;
use crate::lang::types::Type;
use crate::lang::value::{Kind, Refinements, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    function("alltrue", &[param("list", Shape::Bools)], Shape::Bool, |args: &Args<'_>| Ok(fold_bools(args, false))),
    function("anytrue", &[param("list", Shape::Bools)], Shape::Bool, |args: &Args<'_>| Ok(fold_bools(args, true))),
    function("coalesce", &[], Shape::Any, coalesce)
        .variadic(param("vals", Shape::Any).nullable().unknown().untyped())
        .may_be_null(),
    function("coalescelist", &[], Shape::Any, coalesce_list)
        .variadic(param("vals", Shape::Any).nullable().unknown().untyped()),
    function("contains", &[param("list", Shape::Any), param("value", Shape::Any)], Shape::Any, contains)
        .typed(|_| Ok(Type::Bool)),
    function("element", &[param("list", Shape::Any).marked(), param("index", Shape::Number)], Shape::Any, element)
        .typed(type_of_element)
        .may_be_null(),
    function("index", &[param("list", Shape::Any), param("value", Shape::Any)], Shape::Any, index)
        .typed(|_| Ok(Type::Number)),
    function("length", &[param("value", Shape::Any).marked().unknown().untyped()], Shape::Number, length),
    function("one", &[param("list", Shape::Any)], Shape::Any, one)
        .typed(|args| match args.first().map(Value::ty) {
            Some(Type::List(element) | Type::Set(element)) => Ok(element.as_ref().clone()),
            Some(Type::Tuple(elements)) if elements.len() < 2 => Ok(elements.first().cloned().unwrap_or(Type::Dynamic)),
            _ => Err(not_one()),
        })
        .may_be_null(),
];

/// The type of a list's elements, or of the one of a tuple that a known index selects.
fn type_of_element(args: &[Value]) -> Result<Type, CallError> {
    let ty = args.first().map_or(Type::Dynamic, Value::ty);
    match &ty {
        Type::List(element) => Ok(element.as_ref().clone()),
        Type::Tuple(elements) => {
            let index = args.get(1).and_then(|index| index.as_number()?.as_u64());
            let position = index.zip(u64::try_from(elements.len()).ok()).and_then(|(i, count)| i.checked_rem(count));
            Ok(position.and_then(|i| elements.get(usize::try_from(i).ok()?)).cloned().unwrap_or(Type::Dynamic))
        }
        other => Err(CallError::call(format!("cannot read elements from {}", other.friendly_name()))),
    }
}

fn not_one() -> CallError {
    CallError::argument(0, "must be a list, set, or tuple value with either zero or one elements")
}

/// `decisive` where one element is it; else unknown where one is unknown; null counts as false.
fn fold_bools(args: &Args<'_>, decisive: bool) -> Value {
    let mut unknown = false;
    for element in args.elements(0) {
        match &element.kind {
            Kind::Unknown(..) => unknown = true,
            Kind::Null(_) if !decisive => return Value::bool(false),
            Kind::Bool(b) if *b == decisive => return Value::bool(decisive),
            _ => {}
        }
    }
    if unknown { Value::unknown_not_null(Type::Bool) } else { Value::bool(!decisive) }
}

fn length(args: &Args<'_>) -> Outcome {
    let value = args.at(0);
    let count = match &value.kind {
        Kind::String(text) => clusters::count(text),
        // Two unknown elements of a set can turn out to be one.
        Kind::Set(..) if value.is_set_of_unknown_length() => {
            let (least, most) = value.length_bounds();
            let bounds = Some((Some(Number::from(least).into()), most.map(|most| Number::from(most).into())));
            let known = Refinements { not_null: true, bounds, ..Refinements::default() };
            return Ok(Value::refined(Type::Number, known).marked(value.marks));
        }
        Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => elements.len(),
        Kind::Map(_, entries) | Kind::Object(entries) => entries.len(),
        Kind::Unknown(Type::Tuple(elements), _) => elements.len(),
        Kind::Unknown(Type::Object(attributes), _) => attributes.len(),
        Kind::Unknown(Type::List(_) | Type::Set(_) | Type::Map(_), _) => {
            let (least, most) = value.length_bounds();
            let bounds = Some((Some(Number::from(least).into()), most.map(|most| Number::from(most).into())));
            let known = Refinements { not_null: true, bounds, ..Refinements::default() };
            return Ok(Value::refined(Type::Number, known).marked(value.marks));
        }
        Kind::Unknown(Type::String | Type::Dynamic, _) => {
            return Ok(Value::unknown_not_null(Type::Number).marked(value.marks));
        }
        _ => return Err(CallError::call("argument must be a string, a collection type, or a structural type")),
    };
    Ok(Value::number(Number::from(count)).marked(value.marks))
}

/// The first that is neither null nor an empty string.
fn coalesce(args: &Args<'_>) -> Outcome {
    let types: Vec<Type> = args.values.iter().map(Value::ty).collect();
    let ty = unify(&types).ok_or_else(|| CallError::call("all arguments must have the same type"))?;
    for (index, value) in args.values.iter().enumerate() {
        if !value.is_known() {
            return Ok(Value::unknown(ty));
        }
        if value.is_null() {
            continue;
        }
        let value = convert(value, &ty).map_err(|error| CallError::argument(index, error.message))?;
        if value.as_str() != Some("") {
            return Ok(value);
        }
    }
    Err(CallError::call("no non-null, non-empty-string arguments"))
}

fn coalesce_list(args: &Args<'_>) -> Outcome {
    if args.values.is_empty() {
        return Err(CallError::call("at least one argument is required"));
    }
    for value in args.values {
        if !value.is_known() {
            return Ok(Value::unknown(Type::Dynamic));
        }
        if !matches!(value.ty(), Type::List(_) | Type::Tuple(_)) {
            return Err(CallError::call("coalescelist arguments must be lists or tuples"));
        }
    }
    for value in args.values {
        if value.as_elements().is_some_and(|elements| !elements.is_empty()) {
            return Ok(value.clone());
        }
    }
    Err(CallError::call("no non-null arguments"))
}

fn contains(args: &Args<'_>) -> Outcome {
    let Some(elements) = args.at(0).as_elements() else {
        return Err(CallError::call("argument must be list, tuple, or set"));
    };
    let mut unknown = false;
    for element in elements {
        match equals(element, args.at(1)).as_bool() {
            Some(true) => return Ok(Value::bool(true)),
            Some(false) => {}
            None => unknown = true,
        }
    }
    Ok(if unknown { Value::unknown_not_null(Type::Bool) } else { Value::bool(false) })
}

fn index(args: &Args<'_>) -> Outcome {
    let elements = match &args.at(0).kind {
        Kind::List(_, elements) | Kind::Tuple(elements) => elements,
        _ => return Err(CallError::call("argument must be a list or tuple")),
    };
    if elements.is_empty() {
        return Err(CallError::call("cannot search an empty list"));
    }
    for (position, element) in elements.iter().enumerate() {
        match equals(element, args.at(1)).as_bool() {
            Some(true) => return Ok(Value::number(Number::from(position))),
            Some(false) => {}
            None => return Ok(Value::unknown_not_null(Type::Number)),
        }
    }
    Err(CallError::call("item not found"))
}

/// The index wraps around, from either end.
fn element(args: &Args<'_>) -> Outcome {
    let list = args.at(0);
    let elements = match &list.kind {
        Kind::List(_, elements) | Kind::Tuple(elements) => elements,
        _ => return Err(CallError::call(format!("cannot read elements from {}", list.ty().friendly_name()))),
    };
    let index = args.int(1).map_err(|error| CallError::call(format!("invalid index: {}", error.message)))?;
    let position = i64::try_from(elements.len()).ok().and_then(|count| index.checked_rem_euclid(count));
    let found = position.and_then(|position| elements.get(usize::try_from(position).ok()?));
    match found {
        Some(element) => Ok(element.clone().marked(list.marks)),
        None => Err(CallError::call("cannot use element function with an empty list")),
    }
}

fn one(args: &Args<'_>) -> Outcome {
    match (&args.at(0).kind, args.at(0).as_elements()) {
        (Kind::List(ty, _) | Kind::Set(ty, _), Some([])) => Ok(Value::null(ty.clone())),
        (_, Some([])) => Ok(Value::null(Type::Dynamic)),
        (Kind::Set(ty, _), _) if args.at(0).is_set_of_unknown_length() => Ok(Value::unknown(ty.clone())),
        (_, Some([element])) => Ok(element.clone()),
        _ => Err(not_one()),
    }
}
