//! Conversion of values to types.

use super::number::Number;
use super::types::Type;
use super::value::{Entries, Kind, Refinements, Value};
use crate::path::{PathStep, ValuePath};
use std::fmt;
use std::sync::Arc;

pub use super::conform::conform;
pub use super::unify::unify;

/// Why a value does not convert: `a number is required`, or of an element `.a[0]: a number is required`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertError {
    /// From the value to the element at fault.
    pub path: ValuePath,
    /// What is wrong, as a clause in lower case.
    pub message: String,
}

impl ConvertError {
    /// An error of the value itself.
    pub fn new(message: impl Into<String>) -> Self {
        Self { path: ValuePath::root(), message: message.into() }
    }

    /// The same error, seen from around it.
    #[must_use]
    pub fn inside(self, step: PathStep) -> Self {
        Self { path: self.path.inside(step), message: self.message }
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.steps().first() {
            None => f.write_str(&self.message),
            Some(PathStep::Attribute(_)) => write!(f, ".{}: {}", self.path, self.message),
            Some(PathStep::Index(_) | PathStep::Key(_)) => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

impl std::error::Error for ConvertError {}

/// True where some value of type `from` converts to `to`.
pub fn converts(from: &Type, to: &Type) -> bool {
    mismatch(from, to).is_none()
}

/// Why no value of type `from` converts to `to`; `None` where some do.
pub fn mismatch(from: &Type, to: &Type) -> Option<String> {
    let required = || format!("{} required", to.friendly_name_for_constraint());
    let element = |from: &Type, to: &Type| mismatch(from, to);
    if from == to || matches!(from, Type::Dynamic) {
        return None;
    }
    match (from, to) {
        (_, Type::Dynamic) => None,
        (Type::Bool | Type::Number, Type::String) | (Type::String, Type::Bool | Type::Number) => None,
        (Type::List(f) | Type::Set(f), Type::List(t) | Type::Set(t)) | (Type::Map(f), Type::Map(t)) => {
            let kind = match from {
                Type::List(_) => "list",
                Type::Set(_) => "set",
                _ => "map",
            };
            element(f, t).map(|message| format!("incorrect {kind} element type: {message}"))
        }
        (Type::Tuple(elements), Type::List(t) | Type::Set(t)) => {
            if let Type::Dynamic = t.as_ref() {
                let kind = if matches!(to, Type::List(_)) { "list" } else { "set" };
                return (!elements.is_empty() && in_common(elements).is_none())
                    .then(|| format!("all {kind} elements must have the same type"));
            }
            elements
                .iter()
                .enumerate()
                .find_map(|(i, f)| element(f, t).map(|message| format!("element {i}: {message}")))
        }
        (Type::Tuple(elements), Type::Tuple(wanted)) => {
            if elements.len() != wanted.len() {
                return Some(format!(
                    "a tuple of {} elements is required, and there are {}",
                    wanted.len(),
                    elements.len()
                ));
            }
            let mut pairs = elements.iter().zip(wanted.iter()).enumerate();
            pairs.find_map(|(i, (f, t))| element(f, t).map(|message| format!("element {i}: {message}")))
        }
        (Type::Object(attributes), Type::Map(t)) => {
            if let Type::Dynamic = t.as_ref() {
                let types: Vec<Type> = attributes.values().cloned().collect();
                return (!types.is_empty() && unify(&types).is_none())
                    .then(|| "all map elements must have the same type".into());
            }
            attributes
                .iter()
                .find_map(|(name, f)| element(f, t).map(|message| format!("element \"{name}\": {message}")))
        }
        (Type::Map(f), Type::Object(wanted)) => {
            wanted.iter().find_map(|(name, t)| element(f, t).map(|message| format!("attribute \"{name}\": {message}")))
        }
        (Type::Object(attributes), Type::Object(wanted)) => {
            if let Some(message) = missing(wanted.keys().filter(|name| !attributes.contains_key(name))) {
                return Some(message);
            }
            wanted.iter().find_map(|(name, t)| {
                element(attributes.get(name)?, t).map(|message| format!("attribute \"{name}\": {message}"))
            })
        }
        _ => Some(match to {
            Type::Number | Type::Bool if from.is_primitive() => required(),
            _ => required(),
        }),
    }
}

/// "attribute "a" is required", or the words for several.
pub(super) fn missing<'a>(names: impl Iterator<Item = &'a Arc<str>>) -> Option<String> {
    let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    match names.as_slice() {
        [] => None,
        [name] => Some(format!("attribute {name} is required")),
        [one, two] => Some(format!("attributes {one} and {two} are required")),
        [most @ .., last] => Some(format!("attributes {}, and {last} are required", most.join(", "))),
    }
}

/// Converts a value to a type, as Terraform does at a call or an attribute. Marks stay where they are.
///
/// # Errors
/// The first place that does not convert.
pub fn convert(value: &Value, ty: &Type) -> Result<Value, ConvertError> {
    if matches!(ty, Type::Dynamic) {
        return Ok(value.clone());
    }
    if !matches!(value.kind, Kind::List(..) | Kind::Set(..) | Kind::Map(..) | Kind::Tuple(_) | Kind::Object(_))
        || !ty.has_dynamic()
    {
        let from = value.ty();
        if from == *ty {
            return Ok(value.clone());
        }
        if let Some(message) = mismatch(&from, ty) {
            return Err(ConvertError::new(message));
        }
    }
    known(&value.kind, ty).map(|converted| converted.marked(value.marks))
}

fn known(kind: &Kind, ty: &Type) -> Result<Value, ConvertError> {
    let fail = |kind: &Kind| {
        let from = Value::from(kind.clone()).ty();
        let message = mismatch(&from, ty).unwrap_or_else(|| format!("{} required", ty.friendly_name_for_constraint()));
        Err(ConvertError::new(message))
    };
    Ok(match (kind, ty) {
        (_, Type::Dynamic) => kind.clone().into(),
        (Kind::Unknown(from, refinements), _) => unknown(from, refinements.as_deref(), ty),
        (Kind::Null(_), _) => Value::null(ty.clone()),
        (Kind::Bool(b), Type::String) => Value::string(if *b { "true" } else { "false" }),
        (Kind::Number(n), Type::String) => Value::string(n.to_string()),
        (Kind::String(text), Type::Number) => {
            let number = Number::parse_lenient(text).ok_or_else(|| ConvertError::new("a number is required"))?;
            Value::number(number)
        }
        (Kind::String(text), Type::Bool) => Value::bool(to_bool(text)?),
        (Kind::Bool(_), Type::Bool) | (Kind::Number(_), Type::Number) | (Kind::String(_), Type::String) => {
            kind.clone().into()
        }
        (Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements), Type::List(_) | Type::Set(_)) => {
            return sequence(kind, elements, ty);
        }
        (Kind::Tuple(elements), Type::Tuple(types)) if elements.len() == types.len() => {
            let converted = elements.iter().zip(types.iter()).enumerate();
            let converted =
                converted.map(|(i, (element, ty))| convert(element, ty).map_err(|e| e.inside(PathStep::Index(i))));
            Value::tuple(converted.collect::<Result<_, _>>()?)
        }
        (Kind::Map(_, entries) | Kind::Object(entries), Type::Map(element)) => {
            let mut element = match element.as_ref() {
                Type::Dynamic => common(entries.values(), kind).ok_or_else(|| unlike("map"))?,
                given => given.clone(),
            };
            let all = |element: &Type, entries: &Entries| {
                let inside = |name: &Arc<str>| PathStep::Key(name.clone());
                entries.try_map(|name, value| convert(value, element).map_err(|e| e.inside(inside(name))))
            };
            let mut converted = all(&element, entries)?;
            if let Some(common) = common_to(&element, converted.values(), true, "map")? {
                converted = all(&common, &converted)?;
                element = alike(converted.values(), "map")?;
                converted = all(&element, &converted)?;
            }
            Kind::Map(element, Arc::new(converted)).into()
        }
        (Kind::Map(_, entries) | Kind::Object(entries), Type::Object(attributes)) => {
            if let Some(message) = missing(attributes.keys().filter(|name| !entries.contains_key(name))) {
                return Err(ConvertError::new(message));
            }
            let converted = attributes.iter().filter_map(|(name, ty)| {
                let converted = convert(entries.get(name)?, ty).map_err(|e| e.inside(PathStep::attribute(name)));
                Some(converted.map(|value| (name.clone(), value)))
            });
            Value::from_entries(converted.collect::<Result<_, _>>()?)
        }
        _ => return fail(kind),
    })
}

/// A list, set or tuple as a list or set.
fn sequence(from: &Kind, elements: &Arc<Vec<Value>>, ty: &Type) -> Result<Value, ConvertError> {
    let (is_list, element) = match ty {
        Type::List(element) => (true, element),
        Type::Set(element) => (false, element),
        _ => return Err(ConvertError::new(format!("{} required", ty.friendly_name_for_constraint()))),
    };
    let kind = if is_list { "list" } else { "set" };
    let mut element = match element.as_ref() {
        Type::Dynamic => common(elements.iter(), from).ok_or_else(|| unlike(kind))?,
        given => given.clone(),
    };
    let all = |element: &Type, elements: &[Value]| {
        let inside = |(i, value)| convert(value, element).map_err(|e| e.inside(PathStep::Index(i)));
        elements.iter().enumerate().map(inside).collect::<Result<Vec<Value>, _>>()
    };
    let mut converted = all(&element, elements)?;
    if let Some(common) = common_to(&element, converted.iter(), is_list, kind)? {
        converted = all(&common, &converted)?;
        element = alike(converted.iter(), kind)?;
        converted = all(&element, &converted)?;
    }
    if is_list && matches!(from, Kind::Set(..)) && elements.len() > 1 && !elements.iter().all(Value::is_wholly_known) {
        let length = Some((1, u64::try_from(elements.len()).ok()));
        let refinements = Refinements { not_null: true, length, ..Refinements::default() };
        return Ok(Value::refined(Type::list(element), refinements));
    }
    Ok(if is_list { Value::list(element, converted) } else { Value::set(element, converted) })
}

fn unlike(kind: &str) -> ConvertError {
    ConvertError::new(format!("all {kind} elements must have the same type"))
}

/// The type that elements have in common, each of which was converted for itself to a type that leaves a part open; `None`
/// where none is open. As in Terraform, elements of a set must be alike as they are.
fn common_to<'a>(
    element: &Type,
    converted: impl Iterator<Item = &'a Value>,
    unifies: bool,
    kind: &str,
) -> Result<Option<Type>, ConvertError> {
    if !element.has_dynamic() {
        return Ok(None);
    }
    let types: Vec<Type> = converted.map(Value::ty).collect();
    match types.is_empty() {
        true => Ok(None),
        false if unifies => unify(&types).map(Some).ok_or_else(|| unlike(kind)),
        false => Ok(Some(Type::Dynamic)),
    }
}

/// The one type of elements; what is not known yet, or null without a type, is of the type of the others.
fn alike<'a>(elements: impl Iterator<Item = &'a Value>, kind: &str) -> Result<Type, ConvertError> {
    let mut types = elements.map(Value::ty).filter(|ty| *ty != Type::Dynamic);
    let first = types.next().unwrap_or(Type::Dynamic);
    match types.all(|ty| ty == first) {
        true => Ok(first),
        false => Err(unlike(kind)),
    }
}

/// The element type of a collection whose element type is left to the value.
fn common<'a>(elements: impl Iterator<Item = &'a Value>, from: &Kind) -> Option<Type> {
    if let Kind::List(element, _) | Kind::Set(element, _) | Kind::Map(element, _) = from {
        return Some(element.clone());
    }
    let types: Vec<Type> = elements.map(Value::ty).collect();
    match from {
        _ if types.is_empty() => Some(Type::Dynamic),
        Kind::Tuple(_) => in_common(&types),
        _ => unify(&types),
    }
}

/// The one type of elements, unless it stays open although that of some is known.
fn in_common(types: &[Type]) -> Option<Type> {
    unify(types).filter(|common| *common != Type::Dynamic || types.iter().all(|ty| *ty == Type::Dynamic))
}

/// What is known of an unknown value stays known as far as the conversion lets it.
fn unknown(from: &Type, refinements: Option<&Refinements>, to: &Type) -> Value {
    let to = &filled(from, to);
    let none = Refinements::default();
    let given = refinements.unwrap_or(&none);
    let length = match (from, to) {
        (Type::List(_) | Type::Map(_), Type::List(_) | Type::Map(_)) | (Type::Set(_), Type::Set(_) | Type::List(_)) => {
            given.length
        }
        (Type::Tuple(elements), Type::List(_)) => u64::try_from(elements.len()).ok().map(|n| (n, Some(n))),
        (Type::List(_), Type::Set(_)) => given.length.map(|(least, most)| (least.min(1), most)),
        _ => None,
    };
    Value::refined(to.clone(), Refinements { not_null: given.not_null, length, ..Refinements::default() })
}

/// The type wanted, with what it leaves open filled in from the type given.
fn filled(from: &Type, to: &Type) -> Type {
    match (from, to) {
        (Type::Dynamic, _) => to.clone(),
        (_, Type::Dynamic) => from.clone(),
        (Type::List(f) | Type::Set(f), Type::List(t)) => Type::list(filled(f, t)),
        (Type::List(f) | Type::Set(f), Type::Set(t)) => Type::set(filled(f, t)),
        (Type::Map(f), Type::Map(t)) => Type::map(filled(f, t)),
        (Type::Tuple(fs), Type::List(t)) => Type::list(filled(&unify(fs).unwrap_or(Type::Dynamic), t)),
        (Type::Tuple(fs), Type::Set(t)) => Type::set(filled(&unify(fs).unwrap_or(Type::Dynamic), t)),
        (Type::Object(fs), Type::Map(t)) => {
            let types: Vec<Type> = fs.values().cloned().collect();
            Type::map(filled(&unify(&types).unwrap_or(Type::Dynamic), t))
        }
        _ => to.clone(),
    }
}

fn to_bool(text: &str) -> Result<bool, ConvertError> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        "True" | "TRUE" => Err(ConvertError::new("a bool is required; to convert from string, use lowercase \"true\"")),
        "False" | "FALSE" => {
            Err(ConvertError::new("a bool is required; to convert from string, use lowercase \"false\""))
        }
        _ => Err(ConvertError::new("a bool is required")),
    }
}
