//! Values: a kind plus marks. A kind may be unknown, with a type and refinements.

use super::named::Named;
use super::nfc::nfc;
use super::number::Number;
use super::types::Type;
use crate::address::InstanceAddr;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is known of the handling of a value, whatever it is. Marks never vanish by a function or an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks {
    /// Never shown, never stored in clear.
    pub sensitive: bool,
    /// Never stored at all.
    pub ephemeral: bool,
    /// Not the secret: the keyed digest of one that is recorded, and not known any more. No expression makes it.
    pub digest: bool,
}

impl Marks {
    /// No mark.
    pub const NONE: Marks = Marks { sensitive: false, ephemeral: false, digest: false };
    /// Only sensitive.
    pub const SENSITIVE: Marks = Marks { sensitive: true, ..Marks::NONE };
    /// The digest of a secret, in its place.
    pub const DIGEST: Marks = Marks { digest: true, ..Marks::SENSITIVE };

    /// The marks of either.
    #[must_use]
    pub fn and(self, other: Marks) -> Marks {
        Marks {
            sensitive: self.sensitive || other.sensitive,
            ephemeral: self.ephemeral || other.ephemeral,
            digest: self.digest || other.digest,
        }
    }

    /// True when there is none.
    pub fn is_none(self) -> bool {
        self == Marks::NONE
    }
}

/// The least and the most that a number may be, as far as it is known.
pub type Bounds = (Option<Arc<Number>>, Option<Arc<Number>>);

/// What is known of an unknown value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Refinements {
    /// It will not be null.
    pub not_null: bool,
    /// It will start with this text.
    pub prefix: Option<Arc<str>>,
    /// It will have at least and at most so many elements.
    pub length: Option<(u64, Option<u64>)>,
    /// It will be a number from here to there.
    pub bounds: Option<Bounds>,
    /// Which unknown it is. Kept where a value passes unchanged, gone where anything is derived from it. Never part of a
    /// comparison of the language.
    pub origin: Option<Origin>,
}

/// The computed attribute that an unknown value will come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Of which object.
    pub address: Arc<InstanceAddr>,
    /// Its name.
    pub attribute: Arc<str>,
}

/// The entries of a map or an object.
pub type Entries = Named<Value>;

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
    Number(Arc<Number>),
    /// NFC text.
    String(Arc<str>),
    /// A list and its element type.
    List(Type, Arc<Vec<Value>>),
    /// A set and its element type; distinct, in the order Terraform lists them.
    Set(Type, Arc<Vec<Value>>),
    /// A map and its element type.
    Map(Type, Arc<Entries>),
    /// A tuple.
    Tuple(Arc<Vec<Value>>),
    /// An object.
    Object(Arc<Entries>),
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
    pub fn unknown_from(ty: Type, origin: Origin) -> Self {
        let refinements = Refinements { not_null: true, origin: Some(origin), ..Refinements::default() };
        Kind::Unknown(ty, Some(Arc::new(refinements))).into()
    }

    /// The origin of an unknown value.
    pub fn origin(&self) -> Option<&Origin> {
        match &self.kind {
            Kind::Unknown(_, refinements) => refinements.as_ref()?.origin.as_ref(),
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
        Value::number(Number::from(n))
    }

    /// A number.
    pub fn number(n: impl Into<Arc<Number>>) -> Self {
        Kind::Number(n.into()).into()
    }

    /// A text; brought into NFC.
    pub fn string(text: impl AsRef<str>) -> Self {
        Kind::String(nfc(text.as_ref())).into()
    }

    /// A list; every element must be of the type (`Dynamic` for an empty list of unknown type).
    pub fn list(element: Type, elements: Vec<Value>) -> Self {
        Kind::List(element, Arc::new(elements)).into()
    }

    /// Unknown, with what is known of it. A list of which the length is known is a list of unknown elements; so is a set of
    /// one, and what is empty.
    pub fn refined(ty: Type, refinements: Refinements) -> Self {
        // A length alone must not take memory: what is longer stays one unknown.
        const LONGEST: u64 = 1024;
        if let (Some((least, Some(most))), true) = (refinements.length, refinements.not_null)
            && least == most
        {
            let elements = |of: &Arc<Type>| (0..most).map(|_| Value::unknown(of.as_ref().clone())).collect();
            match &ty {
                Type::List(of) if most <= LONGEST => return Value::list(of.as_ref().clone(), elements(of)),
                Type::Set(of) if most <= 1 => return Value::set(of.as_ref().clone(), elements(of)),
                Type::Map(of) if most == 0 => {
                    return Value::map(of.as_ref().clone(), std::iter::empty::<(Arc<str>, Value)>());
                }
                _ => {}
            }
        }
        let refinements = (refinements != Refinements::default()).then(|| Arc::new(refinements));
        Kind::Unknown(ty, refinements).into()
    }

    /// A map; every element must be of the type.
    pub fn map(element: Type, elements: impl IntoIterator<Item = (impl Into<Arc<str>>, Value)>) -> Self {
        Kind::Map(element, Arc::new(elements.into_iter().collect())).into()
    }

    /// A tuple.
    pub fn tuple(elements: Vec<Value>) -> Self {
        Kind::Tuple(Arc::new(elements)).into()
    }

    /// An object.
    pub fn object(attributes: impl IntoIterator<Item = (impl Into<Arc<str>>, Value)>) -> Self {
        Value::from_entries(attributes.into_iter().collect())
    }

    /// An object of these attributes.
    pub fn from_entries(attributes: Entries) -> Self {
        Kind::Object(Arc::new(attributes)).into()
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
            Kind::Object(attributes) => Type::Object(Arc::new(attributes.map(|_, value| value.ty()))),
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

    /// Without any mark, at any depth.
    #[must_use]
    pub fn without_marks(&self) -> Value {
        if self.deep_marks().is_none() {
            return self.clone();
        }
        let each = |elements: &Arc<Vec<Value>>| Arc::new(elements.iter().map(Value::without_marks).collect());
        let entries = |entries: &Entries| Arc::new(entries.map(|_, value| value.without_marks()));
        match &self.kind {
            Kind::List(ty, elements) => Kind::List(ty.clone(), each(elements)),
            Kind::Set(ty, elements) => Kind::Set(ty.clone(), each(elements)),
            Kind::Tuple(elements) => Kind::Tuple(each(elements)),
            Kind::Map(ty, values) => Kind::Map(ty.clone(), entries(values)),
            Kind::Object(values) => Kind::Object(entries(values)),
            other => other.clone(),
        }
        .into()
    }

    /// What is known of an unknown value; `None` for a known one.
    pub fn refinements(&self) -> Option<Refinements> {
        match &self.kind {
            Kind::Unknown(_, refinements) => Some(refinements.as_deref().cloned().unwrap_or_default()),
            _ => None,
        }
    }

    /// Between which numbers a number lies, as far as it is known.
    pub fn bounds(&self) -> Bounds {
        match &self.kind {
            Kind::Number(n) => (Some(n.clone()), Some(n.clone())),
            Kind::Unknown(_, Some(known)) => known.bounds.clone().unwrap_or_default(),
            _ => (None, None),
        }
    }

    /// True for a set whose unknown elements may equal others of it: how many there are is not known.
    pub fn is_set_of_unknown_length(&self) -> bool {
        matches!(&self.kind, Kind::Set(_, elements) if elements.len() > 1) && !self.is_wholly_known()
    }

    /// How many elements a collection has at least and at most. Unknown elements of a set may equal others of it.
    pub fn length_bounds(&self) -> (u64, Option<u64>) {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        match &self.kind {
            Kind::Set(_, elements) if !self.is_wholly_known() => {
                (count(elements.len().min(1)), Some(count(elements.len())))
            }
            Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
                (count(elements.len()), Some(count(elements.len())))
            }
            Kind::Map(_, entries) | Kind::Object(entries) => (count(entries.len()), Some(count(entries.len()))),
            Kind::Unknown(_, Some(known)) => known.length.unwrap_or_default(),
            _ => (0, None),
        }
    }

    /// True where it cannot be null: known and not null, or unknown and refined so.
    pub fn is_definitely_not_null(&self) -> bool {
        match &self.kind {
            Kind::Null(_) => false,
            Kind::Unknown(_, refinements) => refinements.as_ref().is_some_and(|refinements| refinements.not_null),
            _ => true,
        }
    }

    /// The marks of this node and of everything in it.
    pub fn deep_marks(&self) -> Marks {
        self.children().fold(self.marks, |marks, child| marks.and(child.deep_marks()))
    }

    /// Whether both hold the same, however they are to be handled. The digest of a secret is no text.
    pub fn holds_same(&self, other: &Value) -> bool {
        self.deep_marks().digest == other.deep_marks().digest && self.without_marks() == other.without_marks()
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
    pub fn as_entries(&self) -> Option<&Entries> {
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
        self.as_elements().into_iter().flatten().chain(self.as_entries().into_iter().flat_map(Entries::values))
    }
}
