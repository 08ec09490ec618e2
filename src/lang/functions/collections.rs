//! Functions of any collection: counting, finding, picking.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::lang::convert::{convert, unify};
use crate::lang::ops::equals;
use crate::lang::types::Type;
use crate::lang::value::{Kind, Marks, Value};
use unicode_segmentation::UnicodeSegmentation;

pub(super) const FUNCTIONS: &[Function] = &[
    function("alltrue", &[param("list", Shape::Bools)], Shape::Bool, |args: &Args<'_>| Ok(fold_bools(args, false))),
    function("anytrue", &[param("list", Shape::Bools)], Shape::Bool, |args: &Args<'_>| Ok(fold_bools(args, true))),
    function("coalesce", &[], Shape::Any, coalesce)
        .variadic(param("vals", Shape::Any).nullable().unknown().marked())
        .may_be_null(),
    function("coalescelist", &[], Shape::Any, coalesce_list).variadic(param("vals", Shape::Any).nullable().unknown()),
    function("contains", &[param("list", Shape::Any), param("value", Shape::Any).unknown()], Shape::Bool, contains),
    function("element", &[param("list", Shape::Any).marked(), param("index", Shape::Number)], Shape::Any, element)
        .typed(|args| args.first().map_or(Type::Dynamic, |list| element_type(&list.ty())))
        .may_be_null(),
    function("index", &[param("list", Shape::Any), param("value", Shape::Any).unknown()], Shape::Number, index),
    function("length", &[param("value", Shape::Any).marked()], Shape::Number, length),
    function("one", &[param("list", Shape::Any)], Shape::Any, one)
        .typed(|args| args.first().map_or(Type::Dynamic, |list| element_type(&list.ty())))
        .may_be_null(),
];

/// The type of the elements of a list or set; of other types it depends on the element.
fn element_type(ty: &Type) -> Type {
    match ty {
        Type::List(element) | Type::Set(element) => element.as_ref().clone(),
        _ => Type::Dynamic,
    }
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
        Kind::String(text) => text.graphemes(true).count(),
        // Two unknown elements of a set can turn out to be one.
        Kind::Set(_, elements) if elements.len() > 1 && !value.is_wholly_known() => {
            return Ok(Value::unknown_not_null(Type::Number).marked(value.marks));
        }
        Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => elements.len(),
        Kind::Map(_, entries) | Kind::Object(entries) => entries.len(),
        _ => return Err(CallError::call("argument must be a string, a collection type, or a structural type")),
    };
    Ok(Value::number(count.into()).marked(value.marks))
}

/// The first that is neither null nor an empty string. The marks of those that were looked at are on the result.
fn coalesce(args: &Args<'_>) -> Outcome {
    let typed: Vec<Type> = args.values.iter().filter(|v| v.ty() != Type::Dynamic).map(Value::ty).collect();
    if args.values.iter().any(|v| !v.is_known() && v.ty() == Type::Dynamic) {
        return Ok(Value::unknown(Type::Dynamic));
    }
    let ty = match typed.is_empty() && !args.values.is_empty() {
        true => Type::Dynamic,
        false => unify(&typed)
            .filter(|_| !typed.is_empty())
            .ok_or_else(|| CallError::call("all arguments must have the same type"))?,
    };
    let marks = args.values.iter().fold(Marks::NONE, |marks, value| marks.and(value.marks));
    for (index, value) in args.values.iter().enumerate() {
        if !value.is_known() {
            return Ok(Value::unknown(ty).marked(marks));
        }
        if value.is_null() {
            continue;
        }
        let value = convert(value, &ty).map_err(|error| CallError::argument(index, error.message))?;
        if value.as_str() != Some("") {
            return Ok(value.marked(marks));
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
        match value.ty() {
            Type::List(_) | Type::Set(_) | Type::Tuple(_) => {}
            _ => return Err(CallError::call("coalescelist arguments must be lists or tuples")),
        }
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
            Some(true) => return Ok(Value::number(position.into())),
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
        (_, Some([element])) => Ok(element.clone()),
        _ => Err(CallError::argument(0, "must be a list, set, or tuple value with either zero or one elements")),
    }
}
