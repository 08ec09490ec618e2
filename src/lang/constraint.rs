//! What the type of a variable asks of its value: types with optional attributes and their defaults.

use super::types::Type;
use super::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The type of a `variable`: a type whose object attributes may be `optional(T, default)`.
#[derive(Clone, Debug, PartialEq)]
pub enum Constraint {
    /// `any`.
    Any,
    /// bool, number, string.
    Primitive(Type),
    /// `list(T)`.
    List(Arc<Constraint>),
    /// `set(T)`.
    Set(Arc<Constraint>),
    /// `map(T)`.
    Map(Arc<Constraint>),
    /// `tuple([...])`.
    Tuple(Vec<Constraint>),
    /// `object({...})`.
    Object(BTreeMap<Arc<str>, ObjectAttribute>),
}

impl Constraint {
    /// The type that a conforming value has; `Dynamic` where it is up to the value.
    pub fn to_type(&self) -> Type {
        match self {
            Constraint::Any => Type::Dynamic,
            Constraint::Primitive(ty) => ty.clone(),
            Constraint::List(element) => Type::list(element.to_type()),
            Constraint::Set(element) => Type::set(element.to_type()),
            Constraint::Map(element) => Type::map(element.to_type()),
            Constraint::Tuple(elements) => Type::tuple(elements.iter().map(Constraint::to_type)),
            Constraint::Object(attributes) => {
                Type::object(attributes.iter().map(|(name, attribute)| (name.clone(), attribute.constraint.to_type())))
            }
        }
    }
}

/// One attribute of an `object({...})` constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectAttribute {
    /// What its value must be.
    pub constraint: Constraint,
    /// `Some` for `optional(T)` (the default is null) and `optional(T, default)`.
    pub optional: Option<Value>,
}
