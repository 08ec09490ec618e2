//! Values of variables: `optional` attributes are filled in, then the value converts to the type.

use super::constraint::Constraint;
use super::convert::{ConvertError, convert};
use super::value::{Kind, Value};
use std::sync::Arc;

/// Converts a value to the type of a variable: `optional` attributes are filled in first.
///
/// # Errors
/// The first place that does not convert.
pub fn conform(value: &Value, constraint: &Constraint) -> Result<Value, ConvertError> {
    convert(&with_defaults(value, constraint), &constraint.to_type())
}

/// Fills in what is missing, or null where a default is given.
fn with_defaults(value: &Value, constraint: &Constraint) -> Value {
    let each = |elements: &Arc<Vec<Value>>, constraint: &Constraint| -> Arc<Vec<Value>> {
        Arc::new(elements.iter().map(|element| with_defaults(element, constraint)).collect())
    };
    // A structure whose elements are filled in may no longer have one element type: it becomes a tuple or object here,
    // and the conversion that follows makes the collection.
    let kind = match (&value.kind, constraint) {
        (
            Kind::Tuple(elements) | Kind::List(_, elements) | Kind::Set(_, elements),
            Constraint::List(inner) | Constraint::Set(inner),
        ) => Kind::Tuple(each(elements, inner)),
        (Kind::Map(_, entries) | Kind::Object(entries), Constraint::Map(inner)) => {
            Kind::Object(Arc::new(entries.map(|_, value| with_defaults(value, inner))))
        }
        (Kind::Tuple(elements), Constraint::Tuple(inner)) => Kind::Tuple(Arc::new(
            elements
                .iter()
                .enumerate()
                .map(|(i, element)| inner.get(i).map_or_else(|| element.clone(), |inner| with_defaults(element, inner)))
                .collect(),
        )),
        (Kind::Map(_, entries) | Kind::Object(entries), Constraint::Object(attributes)) => {
            let mut filled = entries.as_ref().clone();
            for (name, attribute) in attributes {
                let given = filled.get(name).filter(|value| !value.is_null() || attribute.optional.is_none());
                let value = match (given, &attribute.optional) {
                    (Some(given), _) => given.clone(),
                    (None, Some(default)) => default.clone(),
                    (None, None) => continue,
                };
                filled.insert(name.clone(), with_defaults(&value, &attribute.constraint));
            }
            Kind::Object(Arc::new(filled))
        }
        _ => return value.clone(),
    };
    Value { kind, marks: value.marks }
}
