//! Values: a kind plus marks. A kind may be unknown, with a type and refinements.

use super::number::Number;
use super::types::Type;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known of the handling of a value, whatever it is. Marks never vanish by a function or an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks {
    /// Never shown, never stored in clear.
    pub sensitive: bool,
    /// Never stored at all.
    pub ephemeral: bool,
}

impl Marks {
    /// No mark.
    pub const NONE: Marks = Marks { sensitive: false, ephemeral: false };
    /// Only sensitive.
    pub const SENSITIVE: Marks = Marks { sensitive: true, ephemeral: false };

    /// The marks of either.
    #[must_use]
    pub fn and(self, other: Marks) -> Marks {
        Marks { sensitive: self.sensitive || other.sensitive, ephemeral: self.ephemeral || other.ephemeral }
    }

    /// True when there is none.
    pub fn is_none(self) -> bool {
        self == Marks::NONE
    }
}

/// What is known of an unknown value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Refinements {
    /// It will not be null.
    pub not_null: bool,
    /// It will start with this text.
    pub prefix: Option<Arc<str>>,
    /// It will have at least and at most so many elements.
    pub length: Option<(u64, Option<u64>)>,
    /// Which unknown it is: the computed attribute it will come from ("simplepod_template_group.x#id"). Kept where a
    /// value passes unchanged, gone where anything is derived from it. Never part of a comparison of the language.
    pub origin: Option<Arc<str>>,
}

/// The data of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Not known before apply.
    Unknown(Type, Option<Arc<Refinements>>),
    /// Null of a type.
    Null(Type),
    /// true or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// NFC text.
    String(Arc<str>),
    /// A list and its element type.
    List(Type, Arc<Vec<Value>>),
    /// A set and its element type; distinct, in the order Terraform lists them.
    Set(Type, Arc<Vec<Value>>),
    /// A map and its element type.
    Map(Type, Arc<BTreeMap<Arc<str>, Value>>),
    /// A tuple.
    Tuple(Arc<Vec<Value>>),
    /// An object.
    Object(Arc<BTreeMap<Arc<str>, Value>>),
}

/// A value of the language. Cloning is cheap.
///
/// `==` is structural: same kind, same data, same marks; unknown equals unknown of the same type. The three-valued `==`
/// of the language is [`super::ops::equals`].
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The data.
    pub kind: Kind,
    /// The marks of this node; elements carry their own.
    pub marks: Marks,
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Self {
        Self { kind, marks: Marks::NONE }
    }
}

impl Value {
    /// Unknown, of a type.
    pub fn unknown(ty: Type) -> Self {
        Kind::Unknown(ty, None).into()
    }

    /// Unknown, but certainly not null: what a computed attribute is before apply.
    pub fn unknown_not_null(ty: Type) -> Self {
        Kind::Unknown(ty, Some(Arc::new(Refinements { not_null: true, ..Refinements::default() }))).into()
    }

    /// Unknown and not null, with its origin ([`Refinements::origin`]).
    pub fn unknown_from(ty: Type, origin: impl Into<Arc<str>>) -> Self {
        let refinements = Refinements { not_null: true, origin: Some(origin.into()), ..Refinements::default() };
        Kind::Unknown(ty, Some(Arc::new(refinements))).into()
    }

    /// The origin of an unknown value.
    pub fn origin(&self) -> Option<&str> {
        match &self.kind {
            Kind::Unknown(_, refinements) => refinements.as_ref()?.origin.as_deref(),
            _ => None,
        }
    }

    /// Null, of a type.
    pub fn null(ty: Type) -> Self {
        Kind::Null(ty).into()
    }

    /// A bool.
    pub fn bool(b: bool) -> Self {
        Kind::Bool(b).into()
    }

    /// A whole number.
    pub fn int(n: i64) -> Self {
        Kind::Number(Number::from(n)).into()
    }

    /// A number.
    pub fn number(n: Number) -> Self {
        Kind::Number(n).into()
    }

    /// A text; brought into NFC.
    pub fn string(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        let text = match unicode_normalization::is_nfc(text) {
            true => Arc::from(text),
            false => Arc::from(unicode_normalization::UnicodeNormalization::nfc(text).collect::<String>()),
        };
        Kind::String(text).into()
    }

    /// A list; every element must be of the type (`Dynamic` for an empty list of unknown type).
    pub fn list(element: Type, elements: Vec<Value>) -> Self {
        Kind::List(element, Arc::new(elements)).into()
    }

    /// A map; every element must be of the type.
    pub fn map(element: Type, elements: BTreeMap<Arc<str>, Value>) -> Self {
        Kind::Map(element, Arc::new(elements)).into()
    }

    /// A tuple.
    pub fn tuple(elements: Vec<Value>) -> Self {
        Kind::Tuple(Arc::new(elements)).into()
    }

    /// An object.
    pub fn object(attributes: impl IntoIterator<Item = (impl Into<Arc<str>>, Value)>) -> Self {
        Kind::Object(Arc::new(attributes.into_iter().map(|(name, value)| (name.into(), value)).collect())).into()
    }

    /// The type.
    pub fn ty(&self) -> Type {
        match &self.kind {
            Kind::Unknown(ty, _) | Kind::Null(ty) => ty.clone(),
            Kind::Bool(_) => Type::Bool,
            Kind::Number(_) => Type::Number,
            Kind::String(_) => Type::String,
            Kind::List(element, _) => Type::list(element.clone()),
            Kind::Set(element, _) => Type::set(element.clone()),
            Kind::Map(element, _) => Type::map(element.clone()),
            Kind::Tuple(elements) => Type::tuple(elements.iter().map(Value::ty)),
            Kind::Object(attributes) => Type::object(attributes.iter().map(|(name, value)| (name.clone(), value.ty()))),
        }
    }

    /// Adds marks to this node.
    #[must_use]
    pub fn marked(mut self, marks: Marks) -> Self {
        self.marks = self.marks.and(marks);
        self
    }

    /// This node without its marks, and the marks.
    pub fn unmarked(&self) -> (Value, Marks) {
        (Value { kind: self.kind.clone(), marks: Marks::NONE }, self.marks)
    }

    /// The marks of this node and of everything in it.
    pub fn deep_marks(&self) -> Marks {
        self.children().fold(self.marks, |marks, child| marks.and(child.deep_marks()))
    }

    /// True unless this node is unknown.
    pub fn is_known(&self) -> bool {
        !matches!(self.kind, Kind::Unknown(..))
    }

    /// True when nothing in it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        self.is_known() && self.children().all(Value::is_wholly_known)
    }

    /// True for null.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null(_))
    }

    /// The text of a known string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// A known bool.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// A known number.
    pub fn as_number(&self) -> Option<&Number> {
        match &self.kind {
            Kind::Number(n) => Some(n),
            _ => None,
        }
    }

    /// The elements of a known list, set or tuple.
    pub fn as_elements(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => Some(elements),
            _ => None,
        }
    }

    /// The entries of a known map or object.
    pub fn as_entries(&self) -> Option<&BTreeMap<Arc<str>, Value>> {
        match &self.kind {
            Kind::Map(_, entries) | Kind::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// An entry of a known map or object, as it stands there (without the marks of `self`).
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_entries()?.get(name)
    }

    fn children(&self) -> impl Iterator<Item = &Value> {
        self.as_elements().into_iter().flatten().chain(self.as_entries().into_iter().flat_map(BTreeMap::values))
    }
}
