//! Types of values, and the constraints a `variable` can declare.

use super::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A type of Terraform's language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Not known yet (of an unknown value), or `any` (in a constraint).
    Dynamic,
    /// `true` or `false`.
    Bool,
    /// A 512-bit binary float.
    Number,
    /// NFC text.
    String,
    /// A sequence of one element type.
    List(Arc<Type>),
    /// Distinct elements of one type.
    Set(Arc<Type>),
    /// Text keys, one element type.
    Map(Arc<Type>),
    /// A sequence with a type for each element.
    Tuple(Arc<[Type]>),
    /// Named attributes, each with its type.
    Object(Arc<BTreeMap<Arc<str>, Type>>),
}

impl Type {
    /// `list(element)`.
    pub fn list(element: Type) -> Type {
        Type::List(Arc::new(element))
    }

    /// `set(element)`.
    pub fn set(element: Type) -> Type {
        Type::Set(Arc::new(element))
    }

    /// `map(element)`.
    pub fn map(element: Type) -> Type {
        Type::Map(Arc::new(element))
    }

    /// `object({...})`.
    pub fn object(attributes: impl IntoIterator<Item = (impl Into<Arc<str>>, Type)>) -> Type {
        Type::Object(Arc::new(attributes.into_iter().map(|(name, ty)| (name.into(), ty)).collect()))
    }

    /// `tuple([...])`.
    pub fn tuple(elements: impl IntoIterator<Item = Type>) -> Type {
        Type::Tuple(elements.into_iter().collect())
    }

    /// The kind, as messages name it: "string", "list of number", "object".
    pub fn friendly_name(&self) -> String {
        match self {
            Type::Dynamic => "dynamic".into(),
            Type::Bool => "bool".into(),
            Type::Number => "number".into(),
            Type::String => "string".into(),
            Type::List(element) => format!("list of {}", element.friendly_name_for_constraint()),
            Type::Set(element) => format!("set of {}", element.friendly_name_for_constraint()),
            Type::Map(element) => format!("map of {}", element.friendly_name_for_constraint()),
            Type::Tuple(_) => "tuple".into(),
            Type::Object(_) => "object".into(),
        }
    }

    /// As [`Type::friendly_name`], where the type is demanded: "any type".
    pub fn friendly_name_for_constraint(&self) -> String {
        match self {
            Type::Dynamic => "any type".into(),
            Type::List(element) => format!("list of {}", element.friendly_name_for_constraint()),
            Type::Set(element) => format!("set of {}", element.friendly_name_for_constraint()),
            Type::Map(element) => format!("map of {}", element.friendly_name_for_constraint()),
            other => other.friendly_name(),
        }
    }

    /// The element type of a list, set or map.
    pub fn element(&self) -> Option<&Type> {
        match self {
            Type::List(element) | Type::Set(element) | Type::Map(element) => Some(element),
            _ => None,
        }
    }

    /// True where a part of it is not known.
    pub fn has_dynamic(&self) -> bool {
        match self {
            Type::Dynamic => true,
            Type::Bool | Type::Number | Type::String => false,
            Type::List(element) | Type::Set(element) | Type::Map(element) => element.has_dynamic(),
            Type::Tuple(elements) => elements.iter().any(Type::has_dynamic),
            Type::Object(attributes) => attributes.values().any(Type::has_dynamic),
        }
    }

    /// True for bool, number and string.
    pub fn is_primitive(&self) -> bool {
        matches!(self, Type::Bool | Type::Number | Type::String)
    }
}

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
