//! Attribute and index access.

use super::convert::convert;
use super::types::Type;
use super::value::{Kind, Value};
use crate::diag::did_you_mean;

/// Why an access failed: the words of a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessError {
    /// "Invalid index".
    pub summary: &'static str,
    /// What is wrong: whole sentences.
    pub detail: String,
}

fn error(summary: &'static str, detail: impl Into<String>) -> AccessError {
    AccessError { summary, detail: detail.into() }
}

/// `base.name`. Marks of the base are on the result.
///
/// # Errors
/// Null, a missing attribute, or a base without attributes.
pub fn attribute(base: &Value, name: &str) -> Result<Value, AccessError> {
    let unsupported = |detail: String| Err(error("Unsupported attribute", detail));
    let no_attribute = |names: &mut dyn Iterator<Item = &str>| {
        let hint = did_you_mean(name, names);
        unsupported(format!("This object does not have an attribute named \"{name}\".{hint}"))
    };
    let value = match &base.kind {
        Kind::Null(_) => {
            return Err(error(
                "Attempt to get attribute from null value",
                "This value is null, so it does not have any attributes.",
            ));
        }
        Kind::Object(attributes) => match attributes.get(name) {
            Some(value) => value.clone(),
            None => return no_attribute(&mut attributes.keys().map(AsRef::as_ref)),
        },
        Kind::Map(_, entries) => match entries.get(name) {
            Some(value) => value.clone(),
            None => {
                let hint = did_you_mean(name, entries.keys().map(AsRef::as_ref));
                return Err(error(
                    "Missing map element",
                    format!("This map does not have an element with the key \"{name}\".{hint}"),
                ));
            }
        },
        Kind::Unknown(Type::Dynamic, _) => Value::unknown(Type::Dynamic),
        Kind::Unknown(Type::Object(attributes), _) => match attributes.get(name) {
            Some(ty) => Value::unknown(ty.clone()),
            None => return no_attribute(&mut attributes.keys().map(AsRef::as_ref)),
        },
        Kind::Unknown(Type::Map(element), _) => Value::unknown(element.as_ref().clone()),
        _ => {
            return unsupported(match base.ty() {
                ty if ty.is_primitive() => {
                    format!("Can't access attributes on a primitive-typed value ({}).", ty.friendly_name())
                }
                Type::Tuple(types) if types.iter().any(|ty| has(ty, name)) => format!(
                    "Can't access attributes on a list of objects. Did you mean to access attribute \"{name}\" for a specific element of the list, or across all elements of the list?"
                ),
                Type::List(element) if matches!(*element, Type::Object(_)) => format!(
                    "Can't access attributes on a list of objects. Did you mean to access attribute \"{name}\" for a specific element of the list, or across all elements of the list?"
                ),
                Type::Set(element) if matches!(*element, Type::Object(_)) => format!(
                    "Can't access attributes on a set of objects. Did you mean to access attribute \"{name}\" across all elements of the set?"
                ),
                _ => "This value does not have any attributes.".into(),
            });
        }
    };
    Ok(value.marked(base.marks))
}

fn has(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Object(attributes) if attributes.contains_key(name))
}

/// `base[key]`. Marks of the base and of the key are on the result.
///
/// # Errors
/// Null, a key of a wrong type or without an element, or a base without indices.
pub fn index(base: &Value, key: &Value) -> Result<Value, AccessError> {
    let invalid = |detail: String| Err(error("Invalid index", detail));
    let no_element =
        |why: &str| invalid(format!("The given key does not identify an element in this collection value{why}."));
    if base.is_null() {
        return Err(error("Attempt to index null value", "This value is null, so it does not have any indices."));
    }
    if key.is_null() {
        return invalid("Can't use a null value as an indexing key.".into());
    }
    let marks = base.marks.and(key.deep_marks());
    let ty = base.ty();
    let dynamic = Value::unknown(Type::Dynamic).marked(marks);
    let wanted = match &ty {
        Type::Dynamic => return Ok(dynamic),
        Type::List(_) | Type::Tuple(_) => Type::Number,
        Type::Map(_) | Type::Object(_) => Type::String,
        Type::Set(_) => {
            return invalid("Elements of a set are identified only by their value and don't have any separate index or key to select with, so it's only possible to perform operations across all elements of the set.".into());
        }
        _ => return invalid("This value does not have any indices.".into()),
    };
    let numeric = key.ty() == Type::Number;
    let key = match convert(key, &wanted) {
        Ok(key) => key,
        Err(e) => return no_element(&format!(": {}", e.message)),
    };
    let value = match (&base.kind, &key.kind) {
        (_, Kind::Unknown(..)) => match ty.element() {
            Some(element) => Value::unknown(element.clone()),
            None => dynamic,
        },
        (Kind::List(_, elements) | Kind::Tuple(elements), Kind::Number(n)) => {
            let element = n.as_u64().and_then(|i| elements.get(usize::try_from(i).ok()?));
            match element {
                Some(element) => element.clone(),
                None => return no_element(bad_number(n, Some(elements.len()))),
            }
        }
        (Kind::Unknown(Type::List(element), _), Kind::Number(_)) => Value::unknown(element.as_ref().clone()),
        (Kind::Unknown(Type::Tuple(types), _), Kind::Number(n)) => {
            match n.as_u64().and_then(|i| types.get(usize::try_from(i).ok()?)) {
                Some(ty) => Value::unknown(ty.clone()),
                None => return no_element(bad_number(n, None)),
            }
        }
        (Kind::Map(_, entries) | Kind::Object(entries), Kind::String(name)) => match entries.get(name) {
            Some(value) => value.clone(),
            None if numeric && matches!(base.kind, Kind::Object(_)) => {
                return no_element(". An object only supports looking up attributes by name, not by numeric index");
            }
            None => {
                let hint = did_you_mean(name, entries.keys().map(AsRef::as_ref));
                return no_element("").map_err(|e| error(e.summary, e.detail + &hint));
            }
        },
        (Kind::Unknown(Type::Map(element), _), Kind::String(_)) => Value::unknown(element.as_ref().clone()),
        // Terraform does not look which attribute it is.
        (Kind::Unknown(Type::Object(_), _), _) => dynamic,
        _ => return invalid("This value does not have any indices.".into()),
    };
    Ok(value.marked(marks))
}

/// Why a number is no index of a sequence of a length, as Terraform tells it.
fn bad_number(n: &super::number::Number, len: Option<usize>) -> &'static str {
    if !n.is_integer() {
        ": indexing a sequence requires a whole number, but the given index has a fractional part"
    } else if n.is_negative() {
        ": a negative number is not a valid index for a sequence"
    } else if len == Some(0) {
        ": the collection has no elements"
    } else if len.is_some_and(|len| *n == super::number::Number::from(len)) {
        ": the given index is greater than or equal to the length of the collection"
    } else {
        ""
    }
}
