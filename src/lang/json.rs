//! Values as JSON, and types as JSON.

use super::convert::{ConvertError, convert};
use super::nfc::nfc;
use super::number::Number;
use super::syntax::grammar;
use super::types::Type;
use super::value::{Entries, Kind, Value};
use crate::path::PathStep;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::de::{Deserializer, SliceRead};
use std::sync::Arc;

/// Levels of JSON that are read: each level of a value is two, and more stands around it.
const DEEPEST: usize = 2 * grammar::DEEPEST + 64;

/// Reads what holds values: it nests as deep as they do, on a [`super::stack`] that carries them. serde_json alone reads
/// 128 levels.
///
/// # Errors
/// As of serde_json: "recursion limit exceeded" beyond what values nest.
pub fn read<'de, T: Deserialize<'de>>(text: &'de [u8]) -> serde_json::Result<T> {
    let read = |is_deep: bool| {
        let mut reader = Deserializer::new(SliceRead::new(text));
        if is_deep {
            reader.disable_recursion_limit();
        }
        let value = T::deserialize(&mut reader)?;
        reader.end().map(|()| value)
    };
    // Whether brackets nest too deep is asked of the few texts that cannot be read as they are.
    match read(false) {
        Err(_) if nests_within(text, DEEPEST) => read(true),
        done => done,
    }
}

/// True where brackets outside of strings nest no deeper.
pub(super) fn nests_within(text: &[u8], deepest: usize) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    text.iter().all(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth <= deepest
    })
}

/// The JSON of a value, as states and plans hold it: numbers at full precision, names in order. Unknown and marked values
/// are the caller's affair: unknown gives null, marks are dropped.
pub fn to_json(value: &Value) -> Json {
    with_numbers(value, &number_json)
}

/// The same, as `jsonencode` writes it: zero keeps its sign.
pub fn encoded_json(value: &Value) -> Json {
    with_numbers(value, &signed_json)
}

fn with_numbers(value: &Value, number: &dyn Fn(&Number) -> Json) -> Json {
    let inner = |value: &Value| with_numbers(value, number);
    match &value.kind {
        Kind::Unknown(..) | Kind::Null(_) => Json::Null,
        Kind::Bool(b) => Json::Bool(*b),
        Kind::Number(n) => number(n),
        Kind::String(text) => Json::String(text.to_string()),
        Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
            Json::Array(elements.iter().map(inner).collect())
        }
        Kind::Map(_, entries) | Kind::Object(entries) => {
            Json::Object(entries.iter().map(|(name, value)| (name.to_string(), inner(value))).collect())
        }
    }
}

/// The JSON of a number, as states and plans hold it: zero has no sign, as in Terraform's.
pub fn number_json(n: &Number) -> Json {
    if n.is_zero() { Json::from(0) } else { signed_json(n) }
}

fn signed_json(n: &Number) -> Json {
    let text = n.to_string();
    // The digits of a number are always a JSON number; a string would still be readable.
    serde_json::from_str(&text).unwrap_or(Json::String(text))
}

/// Reads JSON as a value of a type; `Type::Dynamic` takes the type from the JSON, as `jsondecode` does.
///
/// # Errors
/// The first place that does not fit.
pub fn from_json(json: &Json, ty: &Type) -> Result<Value, ConvertError> {
    match (json, ty) {
        (_, Type::Dynamic) => implied(json),
        (Json::Null, _) => Ok(Value::null(ty.clone())),
        (Json::String(text), Type::String) => Ok(Value::string(text)),
        (Json::Array(elements), Type::List(element) | Type::Set(element)) => {
            let element = element.as_ref();
            if *element == Type::Dynamic {
                return convert(&implied(json)?, ty);
            }
            let list = Value::list(element.clone(), array(elements, |_| element)?);
            if matches!(ty, Type::Set(_)) { convert(&list, ty) } else { Ok(list) }
        }
        (Json::Array(elements), Type::Tuple(types)) => {
            if elements.len() != types.len() {
                return Err(fault(format!("a tuple of {} elements is required", types.len())));
            }
            Ok(Value::tuple(array(elements, |index| types.get(index).unwrap_or(&Type::Dynamic))?))
        }
        (Json::Object(_), Type::Map(element)) if **element == Type::Dynamic => convert(&implied(json)?, ty),
        (Json::Object(members), Type::Map(element)) => {
            Ok(Kind::Map(element.as_ref().clone(), Arc::new(object(members, element)?)).into())
        }
        (Json::Object(members), Type::Object(attributes)) => {
            let read = |name: &Arc<str>, ty: &Type| match members.get(&**name) {
                Some(member) => from_json(member, ty).map_err(|error| error.inside(PathStep::Key(name.clone()))),
                None => Err(fault(format!("attribute \"{name}\" is required"))),
            };
            let entries = attributes.try_map(read)?;
            // All attributes are there: with as many members there is no other one.
            if members.len() > attributes.len()
                && let Some(other) = members.keys().find(|name| !attributes.contains_key(name))
            {
                return Err(fault(format!("unsupported attribute \"{other}\"")));
            }
            Ok(Value::from_entries(entries))
        }
        (Json::Bool(_) | Json::Number(_) | Json::String(_), _) => convert(&implied(json)?, ty),
        (_, ty) => Err(fault(format!("{} required", with_article(ty)))),
    }
}

/// True where a value is what [`from_json`] would make of this JSON for its type, but for its own marks: then it need not be
/// made once more. Of what takes long to compare, false.
pub fn is_made_of(value: &Value, json: &Json) -> bool {
    let is_made = |(value, json): (&Value, &Json)| value.marks.is_none() && is_made_of(value, json);
    match (&value.kind, json) {
        (Kind::String(text), Json::String(other)) => **text == **other,
        (Kind::Bool(b), Json::Bool(other)) => b == other,
        (Kind::Number(n), Json::Number(other)) => n.as_i64().is_some_and(|n| other.as_i64() == Some(n)),
        (Kind::List(ty, elements), Json::Array(others)) => {
            *ty != Type::Dynamic && elements.len() == others.len() && elements.iter().zip(others).all(is_made)
        }
        _ => false,
    }
}

/// The value with the type that the JSON itself has: arrays are tuples, objects are objects.
fn implied(json: &Json) -> Result<Value, ConvertError> {
    Ok(match json {
        Json::Null => Value::null(Type::Dynamic),
        Json::Bool(b) => Value::bool(*b),
        Json::Number(n) => {
            Value::number(Number::parse(n.as_str()).ok_or_else(|| fault("the number is too large".to_owned()))?)
        }
        Json::String(text) => Value::string(text),
        Json::Array(elements) => Value::tuple(array(elements, |_| &Type::Dynamic)?),
        Json::Object(members) => Value::from_entries(object(members, &Type::Dynamic)?),
    })
}

fn array<'t>(elements: &[Json], ty: impl Fn(usize) -> &'t Type) -> Result<Vec<Value>, ConvertError> {
    let read = |(index, element)| from_json(element, ty(index)).map_err(|error| error.inside(PathStep::Index(index)));
    elements.iter().enumerate().map(read).collect()
}

fn object(members: &serde_json::Map<String, Json>, ty: &Type) -> Result<Entries, ConvertError> {
    let entry = |(name, member): (&String, &Json)| {
        let value = from_json(member, ty).map_err(|error| error.inside(PathStep::Key(name.as_str().into())))?;
        Ok((nfc(name.as_str()), value))
    };
    members.iter().map(entry).collect()
}

fn fault(message: String) -> ConvertError {
    ConvertError::new(message)
}

fn with_article(ty: &Type) -> &'static str {
    match ty {
        Type::Dynamic => "a value is",
        Type::Bool => "a bool is",
        Type::Number => "a number is",
        Type::String => "a string is",
        Type::List(_) => "a list is",
        Type::Set(_) => "a set is",
        Type::Map(_) => "a map is",
        Type::Tuple(_) => "a tuple is",
        Type::Object(_) => "an object is",
    }
}

/// A type as Terraform writes it in state files: `"string"`, `["list","string"]`, `["object",{...}]`.
pub fn type_to_json(ty: &Type) -> Json {
    let pair = |name: &str, of: Json| Json::Array(vec![name.into(), of]);
    match ty {
        Type::Dynamic => "dynamic".into(),
        Type::Bool => "bool".into(),
        Type::Number => "number".into(),
        Type::String => "string".into(),
        Type::List(element) => pair("list", type_to_json(element)),
        Type::Set(element) => pair("set", type_to_json(element)),
        Type::Map(element) => pair("map", type_to_json(element)),
        Type::Tuple(elements) => pair("tuple", elements.iter().map(type_to_json).collect()),
        Type::Object(attributes) => {
            let members = attributes.iter().map(|(name, ty)| (name.to_string(), type_to_json(ty)));
            pair("object", Json::Object(members.collect()))
        }
    }
}

/// The inverse of [`type_to_json`]; `None` for what is no type.
pub fn type_from_json(json: &Json) -> Option<Type> {
    if let Some(name) = json.as_str() {
        return match name {
            "dynamic" => Some(Type::Dynamic),
            "bool" => Some(Type::Bool),
            "number" => Some(Type::Number),
            "string" => Some(Type::String),
            _ => None,
        };
    }
    let [name, of] = json.as_array()?.as_slice() else { return None };
    Some(match name.as_str()? {
        "list" => Type::list(type_from_json(of)?),
        "set" => Type::set(type_from_json(of)?),
        "map" => Type::map(type_from_json(of)?),
        "tuple" => Type::tuple(of.as_array()?.iter().map(type_from_json).collect::<Option<Vec<_>>>()?),
        "object" => {
            let members = of.as_object()?.iter().map(|(name, ty)| Some((name.as_str(), type_from_json(ty)?)));
            Type::object(members.collect::<Option<Vec<_>>>()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_of_json_is_told_without_making_it() {
        let strings = Type::list(Type::String);
        for (text, ty, long) in [
            (r#""a""#, Type::String, false),
            ("\"e\u{301}\"", Type::String, true),
            ("true", Type::Bool, false),
            ("12", Type::Number, false),
            ("0.5", Type::Number, true),
            (r#"["a","b"]"#, strings.clone(), false),
            ("[]", strings, false),
            ("null", Type::String, true),
            (r#"{"a":1}"#, Type::map(Type::Number), true),
        ] {
            let json = parse(text);
            let value = from_json(&json, &ty).unwrap();
            assert_eq!(is_made_of(&value, &json), !long, "{text}");
            for other in ["\"b\"", "false", "13", r#"["a"]"#, r#"["a","c"]"#, "null", "{}"] {
                assert!(!is_made_of(&value, &parse(other)), "{text} of {other}");
            }
        }
        let marked = Value::list(Type::String, vec![Value::string("a").marked(crate::lang::Marks::SENSITIVE)]);
        assert!(!is_made_of(&marked, &parse(r#"["a"]"#)));
    }

    fn parse(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn values_go_to_json_and_back() {
        for text in ["null", "true", "\"é\"", "[1,\"a\",null]", r#"{"a":{"b":[]},"c":1.5}"#] {
            assert_eq!(to_json(&from_json(&parse(text), &Type::Dynamic).unwrap()).to_string(), text);
        }
    }

    #[test]
    fn text_is_read_as_deep_as_values_nest() {
        let nested = |levels: usize| format!("{}\"\\\"[[\"{}", "[".repeat(levels), "]".repeat(levels));
        super::super::stack::on_deep_stack(|| {
            assert!(read::<Json>(nested(DEEPEST).as_bytes()).is_ok());
            for levels in [DEEPEST + 1, 1_000_000] {
                let refused = read::<Json>(nested(levels).as_bytes()).unwrap_err();
                assert!(refused.to_string().starts_with("recursion limit exceeded"), "{refused}");
            }
            assert!(read::<Json>(b"[1] 2").is_err());
        })
        .unwrap();
    }

    #[test]
    fn numbers_keep_every_digit() {
        let text = "123456789012345678901234567890.125";
        assert_eq!(to_json(&from_json(&parse(text), &Type::Number).unwrap()).to_string(), text);
    }

    #[test]
    fn typed_reading_names_the_place() {
        let ty = Type::object([("a", Type::list(Type::Number))]);
        let error = from_json(&parse(r#"{"a":[1,{}]}"#), &ty).unwrap_err();
        assert_eq!(error.to_string(), "[\"a\"][1]: a number is required");
        assert_eq!(from_json(&parse("{}"), &ty).unwrap_err().message, "attribute \"a\" is required");
        assert_eq!(from_json(&parse(r#"{"a":[],"b":1}"#), &ty).unwrap_err().message, "unsupported attribute \"b\"");
        assert_eq!(from_json(&parse("null"), &ty).unwrap(), Value::null(ty));
    }

    #[test]
    fn types_go_to_json_and_back() {
        let text =
            r#"["object",{"a":["list","string"],"b":["tuple",["number",["map","dynamic"]]],"c":["set","bool"]}]"#;
        assert_eq!(type_to_json(&type_from_json(&parse(text)).unwrap()).to_string(), text);
        assert_eq!(type_from_json(&parse(r#"["list"]"#)), None);
        assert_eq!(type_from_json(&parse("\"list\"")), None);
    }
}
