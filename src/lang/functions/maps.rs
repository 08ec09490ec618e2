//! Functions of maps and objects.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::lang::convert::convert;
use crate::lang::types::Type;
use crate::lang::value::{Kind, Marks, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    function("keys", &[param("inputMap", Shape::Any).marked().unknown()], Shape::Any, keys),
    function(
        "lookup",
        &[param("inputMap", Shape::Any).marked(), param("key", Shape::String).marked()],
        Shape::Any,
        lookup,
    )
    .variadic(param("default", Shape::Any).nullable().unknown().marked().untyped())
    .typed(lookup_type)
    .may_be_null(),
    function("merge", &[], Shape::Any, merge)
        .variadic(param("maps", Shape::Any).nullable().marked().untyped())
        .typed(merge_type),
    function("transpose", &[param("values", Shape::MapOfStrings).wholly()], Shape::MapOfStrings, transpose),
    function("values", &[param("mapping", Shape::Any).marked()], Shape::Any, values).typed(|args| {
        match args.first().map(Value::ty) {
            Some(Type::Map(element)) => Ok(Type::List(element)),
            Some(Type::Object(attributes)) => Ok(Type::tuple(attributes.values().cloned())),
            _ => Err(CallError::call("values() requires a map as the first argument")),
        }
    }),
    function(
        "zipmap",
        &[param("keys", Shape::Strings).wholly().marked(), param("values", Shape::Any).marked()],
        Shape::Any,
        zip_map,
    )
    .typed(zip_map_type),
];

fn keys(args: &Args<'_>) -> Outcome {
    let map = args.at(0);
    let names = |entries: &mut dyn Iterator<Item = &Arc<str>>| entries.map(Value::string).collect::<Vec<_>>();
    let value = match (&map.kind, map.ty()) {
        (Kind::Map(_, entries), _) => Value::list(Type::String, names(&mut entries.keys())),
        // The names of an object's attributes are part of its type.
        (Kind::Object(_) | Kind::Unknown(..), Type::Object(attributes)) => Value::tuple(names(&mut attributes.keys())),
        (Kind::Unknown(..), Type::Map(_)) => Value::unknown_not_null(Type::list(Type::String)),
        (Kind::Unknown(..), Type::Dynamic) => Value::unknown(Type::Dynamic),
        _ => return Err(CallError::argument(0, "must have map or object type")),
    };
    Ok(value.marked(map.marks))
}

fn values(args: &Args<'_>) -> Outcome {
    let map = args.at(0);
    let value = match &map.kind {
        Kind::Map(ty, entries) => Value::list(ty.clone(), entries.values().cloned().collect()),
        Kind::Object(entries) => Value::tuple(entries.values().cloned().collect()),
        _ => return Err(CallError::call("values() requires a map as the first argument")),
    };
    Ok(value.marked(map.marks))
}

fn lookup_type(args: &[Value]) -> Result<Type, CallError> {
    let default = args.get(2).map(Value::ty);
    match args.first().map(Value::ty) {
        Some(Type::Map(element)) => {
            args.get(2).map_or(Ok(()), |default| default_in(default, &element).map(|_| ()))?;
            Ok(element.as_ref().clone())
        }
        Some(Type::Object(attributes)) => match args.get(1).and_then(Value::as_str) {
            None => Ok(Type::Dynamic),
            Some(key) => attributes
                .get(key)
                .cloned()
                .or(default)
                .ok_or_else(|| CallError::argument(0, format!("the given object has no attribute \"{key}\""))),
        },
        _ => Err(CallError::argument(0, "lookup() requires a map as the first argument")),
    }
}

/// The default of a map is one of its elements.
fn default_in(default: &Value, element: &Type) -> Outcome {
    let fault = |_| CallError::argument(2, "the default value must have the same type as the map elements");
    convert(default, element).map_err(fault)
}

fn lookup(args: &Args<'_>) -> Outcome {
    if args.values.len() > 3 {
        return Err(CallError::call(format!("lookup() takes two or three arguments, got {}", args.values.len())));
    }
    let (map, key) = (args.at(0), args.text(1));
    let mut default = args.values.get(2).cloned();
    let marks = map.marks.and(args.at(1).marks);
    let entries = match &map.kind {
        Kind::Map(ty, entries) => {
            default = default.map(|value| default_in(&value, ty)).transpose()?;
            entries
        }
        Kind::Object(entries) => entries,
        _ => return Err(CallError::argument(0, "lookup() requires a map as the first argument")),
    };
    match (entries.get(key), default, &map.kind) {
        (Some(value), _, _) => Ok(value.clone().marked(marks)),
        (None, Some(value), _) => Ok(value.marked(marks)),
        (None, None, Kind::Object(_)) => {
            Err(CallError::argument(0, format!("the given object has no attribute \"{key}\"")))
        }
        (None, None, _) => Err(CallError::call(format!("lookup failed to find key \"{key}\""))),
    }
}

fn not_mergeable(ty: &Type) -> CallError {
    let kind = match ty {
        Type::List(_) => "list".to_owned(),
        Type::Set(_) => "set".to_owned(),
        other => other.friendly_name(),
    };
    CallError::call(format!("arguments must be maps or objects, got \"{kind}\""))
}

/// One type for all, or the attributes of all; not to be told where a map of unknown keys takes part.
fn merge_type(args: &[Value]) -> Result<Type, CallError> {
    let mut attributes = BTreeMap::new();
    let (mut keys_known, mut untyped) = (true, false);
    for value in args {
        match value.ty() {
            Type::Dynamic => untyped |= !value.is_null(),
            Type::Object(own) if !value.is_null() => {
                attributes.extend(own.iter().map(|(name, ty)| (name.clone(), ty.clone())));
            }
            Type::Object(_) => {}
            Type::Map(element) => match value.as_entries() {
                Some(entries) => attributes.extend(entries.keys().map(|name| (name.clone(), element.as_ref().clone()))),
                None => keys_known &= value.is_null(),
            },
            other => return Err(not_mergeable(&other)),
        }
    }
    let first = args.first().map_or(Type::Dynamic, Value::ty);
    if args.iter().all(|value| value.ty() == first) {
        return Ok(first);
    }
    Ok(if keys_known && !untyped { Type::object(attributes) } else { Type::Dynamic })
}

/// Later entries win. Maps of one element type give a map, anything else an object.
fn merge(args: &Args<'_>) -> Outcome {
    let mut merged: Vec<(Arc<str>, Value)> = Vec::new();
    let mut marks = Marks::NONE;
    let mut element: Option<Type> = None;
    let mut is_map = true;
    for value in args.values {
        marks = marks.and(value.marks);
        let ty = match (&value.kind, value.ty()) {
            (Kind::Map(ty, entries), _) => {
                merged.extend(entries.iter().map(|(k, v)| (k.clone(), v.clone())));
                Some(ty.clone())
            }
            (Kind::Object(entries), _) => {
                merged.extend(entries.iter().map(|(k, v)| (k.clone(), v.clone())));
                None
            }
            (Kind::Null(_), Type::Map(ty)) => Some(ty.as_ref().clone()),
            (Kind::Null(_), Type::Object(_) | Type::Dynamic) => None,
            (_, ty) => return Err(not_mergeable(&ty)),
        };
        is_map &= ty.is_some() && (element.is_none() || element == ty);
        element = element.or(ty);
    }
    Ok(match element.filter(|_| is_map) {
        Some(ty) => Value::map(ty, merged),
        None => Value::object(merged),
    }
    .marked(marks))
}

fn transpose(args: &Args<'_>) -> Outcome {
    let mut turned: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (key, list) in args.at(0).as_entries().into_iter().flatten() {
        let Some(elements) = list.as_elements() else {
            return Err(CallError::call("input must not contain null list"));
        };
        for element in elements {
            let Some(text) = element.as_str() else {
                return Err(CallError::call("input must not contain null string"));
            };
            turned.entry(text.into()).or_default().push(Value::string(key));
        }
    }
    let entries = turned.into_iter().map(|(key, list)| (key, Value::list(Type::String, list)));
    Ok(Value::map(Type::list(Type::String), entries))
}

const ZIP_VALUES: &str = "values argument must be a list or tuple value";

fn zip_map_type(args: &[Value]) -> Result<Type, CallError> {
    match (args.first(), args.get(1).map(Value::ty)) {
        (_, Some(Type::List(element))) => Ok(Type::Map(element)),
        (Some(keys), Some(Type::Tuple(types))) if keys.is_wholly_known() => {
            let names = keys.as_elements().unwrap_or_default();
            if names.len() != types.len() {
                return Err(different_counts(names.len(), types.len()));
            }
            let names = names.iter().map(|name| Arc::from(name.as_str().unwrap_or_default()));
            Ok(Type::Object(Arc::new(names.zip(types.iter().cloned()).collect())))
        }
        (_, Some(Type::Tuple(_))) => Ok(Type::Dynamic),
        _ => Err(CallError::call(ZIP_VALUES)),
    }
}

fn different_counts(keys: usize, values: usize) -> CallError {
    CallError::call(format!("number of keys ({keys}) does not match number of values ({values})"))
}

fn zip_map(args: &Args<'_>) -> Outcome {
    let (keys, values) = (args.at(0), args.at(1));
    let names = args.elements(0);
    let Some(elements) = values.as_elements().filter(|_| !matches!(values.kind, Kind::Set(..))) else {
        return Err(CallError::call(ZIP_VALUES));
    };
    if names.len() != elements.len() {
        return Err(different_counts(names.len(), elements.len()));
    }
    let mut entries: Vec<(Arc<str>, Value)> = Vec::with_capacity(names.len());
    for (index, (name, value)) in names.iter().zip(elements).enumerate() {
        let Some(text) = name.as_str() else {
            return Err(CallError::call(format!("keys list has null value at index {index}")));
        };
        entries.push((text.into(), value.clone()));
    }
    let marks = keys.deep_marks().and(values.marks);
    Ok(match &values.kind {
        Kind::List(ty, _) => Value::map(ty.clone(), entries),
        _ => Value::object(entries),
    }
    .marked(marks))
}
