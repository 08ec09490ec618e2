//! Conversions and marks.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, map_children, param};
use crate::lang::convert::convert;
use crate::lang::types::Type;
use crate::lang::value::{Kind, Marks, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    function("ephemeralasnull", &[any("value")], Shape::Any, |args: &Args<'_>| Ok(ephemeral_as_null(args.at(0)))),
    function("issensitive", &[any("value")], Shape::Bool, is_sensitive),
    function("nonsensitive", &[any("value")], Shape::Any, |args: &Args<'_>| {
        let (value, marks) = args.at(0).unmarked();
        if marks.sensitive && args.effects.is_untrusted() {
            return Err(CallError::argument(0, "it is sensitive, and an untrusted configuration may not disclose it"));
        }
        Ok(value.marked(Marks { sensitive: false, ..marks }))
    }),
    function("sensitive", &[any("value")], Shape::Any, |args: &Args<'_>| {
        Ok(args.at(0).clone().marked(Marks::SENSITIVE))
    }),
    function("tobool", &[any("v")], Shape::Bool, |args: &Args<'_>| to_type(args, Type::Bool)),
    function("tolist", &[any("v")], Shape::List, |args: &Args<'_>| to_type(args, Type::list(Type::Dynamic))),
    function("tomap", &[any("v")], Shape::Map, |args: &Args<'_>| to_type(args, Type::map(Type::Dynamic))),
    function("tonumber", &[any("v")], Shape::Number, |args: &Args<'_>| to_type(args, Type::Number)),
    function("toset", &[any("v")], Shape::Set, to_set),
    function("tostring", &[any("v")], Shape::String, |args: &Args<'_>| to_type(args, Type::String)),
];

const fn any(name: &'static str) -> super::signature::Param {
    param(name, Shape::Any).nullable().unknown().marked().untyped()
}

fn is_sensitive(args: &Args<'_>) -> Outcome {
    let value = args.at(0);
    Ok(match (value.marks.sensitive, value.is_known()) {
        (true, _) => Value::bool(true),
        // What is unknown can still turn out to be sensitive.
        (false, false) => Value::unknown_not_null(Type::Bool),
        (false, true) => Value::bool(false),
    })
}

fn ephemeral_as_null(value: &Value) -> Value {
    match value.marks.ephemeral {
        true => Value::null(value.ty()).marked(Marks { ephemeral: false, ..value.marks }),
        false => map_children(value, ephemeral_as_null),
    }
}

/// A set has no marks on its elements: they go to the set.
fn to_set(args: &Args<'_>) -> Outcome {
    let value = args.at(0);
    let marks = value.deep_marks();
    let set = convert_to(&value.without_marks(), &Type::set(Type::Dynamic))?;
    open_type(value, set.marked(marks), &Type::set(Type::Dynamic))
}

fn to_type(args: &Args<'_>, ty: Type) -> Outcome {
    open_type(args.at(0), convert_to(args.at(0), &ty)?, &ty)
}

/// Terraform leaves the element type of an unknown collection open.
fn open_type(given: &Value, value: Value, ty: &Type) -> Outcome {
    Ok(match value.refinements() {
        Some(known) if ty.has_dynamic() && !given.is_known() => Value::refined(ty.clone(), known).marked(value.marks),
        _ => value,
    })
}

fn convert_to(value: &Value, ty: &Type) -> Outcome {
    convert(value, ty).map_err(|error| {
        let from = value.ty().friendly_name();
        let to = match ty {
            Type::List(_) => "list of any single type".to_owned(),
            Type::Set(_) => "set of any single type".to_owned(),
            Type::Map(_) => "map of any single type".to_owned(),
            other => other.friendly_name(),
        };
        let message = match (&value.kind, value.marks.sensitive, ty) {
            (Kind::String(_), true, Type::Number | Type::Bool) => {
                format!("cannot convert this sensitive string to {to}")
            }
            (Kind::String(text), false, Type::Number) => {
                format!("cannot convert {text:?} to number; given string must be a decimal representation of a number")
            }
            (Kind::String(text), false, Type::Bool) => {
                format!("cannot convert {text:?} to bool; only the strings \"true\" or \"false\" are allowed")
            }
            _ if error.path.steps().is_empty() => format!("cannot convert {from} to {to}"),
            _ => format!("cannot convert {from} to {to}: {error}"),
        };
        CallError::argument(0, message)
    })
}
