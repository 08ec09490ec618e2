//! Types of values.

use super::named::Named;
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
    Tuple(Arc<Vec<Type>>),
    /// Named attributes, each with its type.
    Object(Arc<Named<Type>>),
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
        Type::Tuple(Arc::new(elements.into_iter().collect()))
    }

    /// The kind, as messages name it: "string", "list of number", "object".
    pub fn friendly_name(&self) -> String {
        match self {
            Type::Dynamic => "dynamic".into(),
            Type::Bool => "bool".into(),
            Type::Number => "number".into(),
            Type::String => "string".into(),
            Type::List(element) => format!("list of {}", element.friendly_name()),
            Type::Set(element) => format!("set of {}", element.friendly_name()),
            Type::Map(element) => format!("map of {}", element.friendly_name()),
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
