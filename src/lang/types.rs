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

/// One attribute of an `object({...})` constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectAttribute {
    /// What its value must be.
    pub constraint: Constraint,
    /// `Some` for `optional(T)` (the default is null) and `optional(T, default)`.
    pub optional: Option<Value>,
}
