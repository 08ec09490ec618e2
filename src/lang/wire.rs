//! Values as a JSON tree that loses nothing: types, marks, refinements and the precision of numbers. For saved plans.
//!
//! Every node is an object with one kind (`{"string": "a"}`, `{"list": [...], "of": "number"}`), and with
//! `"sensitive": true` or `"ephemeral": true` where it is so marked.

use super::budget;
use super::json::{type_from_json, type_to_json};
use super::number::Number;
use super::types::Type;
use super::value::{Entries, Kind, Marks, Origin, Refinements, Value};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// Values and types that nest deeper are not read: nothing that is evaluated does.
const DEEPEST: usize = budget::DEEPEST as usize + 1;

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(&Json::deserialize(deserializer)?, DEEPEST).map_err(D::Error::custom)
    }
}

fn write(value: &Value) -> Json {
    let mut node = Map::new();
    let mut put = |name: &str, json: Json| {
        node.insert(name.to_owned(), json);
    };
    let elements = |elements: &[Value]| Json::Array(elements.iter().map(write).collect());
    let entries = |entries: &Entries| {
        Json::Object(entries.iter().map(|(name, value)| (name.to_string(), write(value))).collect())
    };
    match &value.kind {
        Kind::Unknown(ty, known) => {
            put("unknown", type_to_json(ty));
            if let Some(known) = known {
                put("known", refinements(known));
            }
        }
        Kind::Null(ty) => put("null", type_to_json(ty)),
        Kind::Bool(b) => put("bool", Json::Bool(*b)),
        Kind::Number(n) => put("number", Json::String(n.to_exact())),
        Kind::String(text) => put("string", Json::String(text.to_string())),
        Kind::List(of, list) => {
            put("list", elements(list));
            put("of", type_to_json(of));
        }
        Kind::Set(of, set) => {
            put("set", elements(set));
            put("of", type_to_json(of));
        }
        Kind::Map(of, map) => {
            put("map", entries(map));
            put("of", type_to_json(of));
        }
        Kind::Tuple(tuple) => put("tuple", elements(tuple)),
        Kind::Object(object) => put("object", entries(object)),
    }
    let Marks { sensitive, ephemeral, digest } = value.marks;
    for (name, marked) in MARKS.into_iter().zip([sensitive, ephemeral, digest]) {
        if marked {
            put(name, Json::Bool(true));
        }
    }
    Json::Object(node)
}

/// The names of the marks.
const MARKS: [&str; 3] = ["sensitive", "ephemeral", "digest"];

fn refinements(known: &Refinements) -> Json {
    let mut node = Map::new();
    if known.not_null {
        node.insert("not_null".into(), Json::Bool(true));
    }
    if let Some(prefix) = &known.prefix {
        node.insert("prefix".into(), Json::String(prefix.to_string()));
    }
    if let Some((least, most)) = known.length {
        node.insert("length".into(), Json::Array(vec![least.into(), most.map_or(Json::Null, Json::from)]));
    }
    if let Some((least, most)) = &known.bounds {
        let bound = |n: &Option<Arc<Number>>| n.as_ref().map_or(Json::Null, |n| n.to_exact().into());
        node.insert("bounds".into(), json!([bound(least), bound(most)]));
    }
    if let Some(origin) = &known.origin {
        node.insert("origin".into(), json!({ "address": origin.address, "attribute": origin.attribute }));
    }
    Json::Object(node)
}

fn read(json: &Json, left: usize) -> Result<Value, String> {
    let left = left.checked_sub(1).ok_or("a value is nested too deep")?;
    let node = json.as_object().ok_or("a value is not an object")?;
    let flag = |name: &str| match node.get(name) {
        None => Ok(false),
        Some(Json::Bool(true)) => Ok(true),
        Some(_) => Err(format!("\"{name}\" of a value is not true")),
    };
    let [sensitive, ephemeral, digest] = MARKS.map(flag);
    let marks = Marks { sensitive: sensitive?, ephemeral: ephemeral?, digest: digest? };
    let mut kinds = node.iter().filter(|(name, _)| !["of", "known"].iter().chain(&MARKS).any(|other| other == name));
    let (Some((kind, data)), None) = (kinds.next(), kinds.next()) else {
        return Err("a value does not have exactly one kind".to_owned());
    };
    let of = || read_type(node.get("of").ok_or("an element type is missing")?);
    let elements = || -> Result<Vec<Value>, String> {
        data.as_array().ok_or("elements are not an array")?.iter().map(|element| read(element, left)).collect()
    };
    let entries = || -> Result<Entries, String> {
        let entries = data.as_object().ok_or("entries are not an object")?;
        entries.iter().map(|(name, value)| Ok((name.as_str(), read(value, left)?))).collect()
    };
    let kind = match kind.as_str() {
        "unknown" => {
            let known = node.get("known").map(read_refinements).transpose()?;
            Kind::Unknown(read_type(data)?, known.map(Arc::new))
        }
        "null" => Kind::Null(read_type(data)?),
        "bool" => Kind::Bool(data.as_bool().ok_or("a bool is neither true nor false")?),
        "number" => {
            let number = data.as_str().and_then(Number::from_exact);
            Kind::Number(Arc::new(number.ok_or("a number cannot be read")?))
        }
        "string" => Kind::String(data.as_str().ok_or("a string is not a text")?.into()),
        "list" => Kind::List(of()?, Arc::new(elements()?)),
        // A set keeps its order and its marks, whoever wrote it.
        "set" => return Ok(Value::set(of()?, elements()?).marked(marks)),
        "map" => Kind::Map(of()?, Arc::new(entries()?)),
        "tuple" => Kind::Tuple(Arc::new(elements()?)),
        "object" => Kind::Object(Arc::new(entries()?)),
        other => return Err(format!("\"{other}\" is not a kind of value")),
    };
    Ok(Value { kind, marks })
}

fn read_type(json: &Json) -> Result<Type, String> {
    if !is_shallow(json, DEEPEST * 2) {
        return Err("a type is nested too deep".to_owned());
    }
    type_from_json(json).ok_or_else(|| "a type cannot be read".to_owned())
}

fn is_shallow(json: &Json, left: usize) -> bool {
    let Some(left) = left.checked_sub(1) else { return false };
    match json {
        Json::Array(elements) => elements.iter().all(|element| is_shallow(element, left)),
        Json::Object(entries) => entries.values().all(|value| is_shallow(value, left)),
        _ => true,
    }
}

fn read_refinements(json: &Json) -> Result<Refinements, String> {
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(Arc::from);
    let length = match json.get("length") {
        None => None,
        Some(length) => match length.as_array().map(Vec::as_slice) {
            Some([least, Json::Null]) => Some((least.as_u64().ok_or("a length cannot be read")?, None)),
            Some([least, most]) => {
                let both = least.as_u64().zip(most.as_u64()).ok_or("a length cannot be read")?;
                Some((both.0, Some(both.1)))
            }
            _ => return Err("a length cannot be read".to_owned()),
        },
    };
    let bound = |json: &Json| match json {
        Json::Null => Ok(None),
        Json::String(text) => Number::from_exact(text).map(|number| Some(Arc::new(number))).ok_or(NO_BOUNDS),
        _ => Err(NO_BOUNDS),
    };
    let bounds = match json.get("bounds") {
        None => None,
        Some(bounds) => match bounds.as_array().map(Vec::as_slice) {
            Some([least, most]) => Some((bound(least)?, bound(most)?)),
            _ => return Err(NO_BOUNDS.to_owned()),
        },
    };
    let origin = json.get("origin").map(Origin::deserialize).transpose();
    let origin = origin.map_err(|error| format!("an origin cannot be read: {error}"))?;
    let not_null = json.get("not_null").and_then(Json::as_bool).unwrap_or(false);
    Ok(Refinements { not_null, prefix: text("prefix"), length, bounds, origin })
}

const NO_BOUNDS: &str = "bounds cannot be read";

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::address::InstanceAddr;
    use proptest::prelude::*;

    fn types() -> impl Strategy<Value = Type> {
        let plain = prop_oneof![Just(Type::Dynamic), Just(Type::Bool), Just(Type::Number), Just(Type::String)];
        plain.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(Type::list),
                inner.clone().prop_map(Type::set),
                inner.clone().prop_map(Type::map),
                prop::collection::vec(inner.clone(), 0..3).prop_map(Type::tuple),
                prop::collection::btree_map("[a-z\u{0}\"é]{0,4}", inner, 0..3).prop_map(Type::object),
            ]
        })
    }

    fn numbers() -> impl Strategy<Value = Number> {
        prop_oneof![
            any::<i64>().prop_map(Number::from),
            "-?[0-9]{1,40}(\\.[0-9]{1,40})?(e-?[0-9]{1,3})?".prop_map(|text| Number::parse(&text).expect("a number")),
            (any::<i64>(), 1..i64::MAX).prop_map(|(a, b)| Number::from(a).div(&Number::from(b)).expect("a quotient")),
        ]
    }

    fn unknowns() -> impl Strategy<Value = Value> {
        let bound = || prop::option::of(numbers().prop_map(Arc::new));
        let length = prop::option::of((any::<u64>(), any::<Option<u64>>()));
        let known = (any::<bool>(), prop::option::of(".{0,5}"), length, prop::option::of((bound(), bound())));
        (types(), known, prop::option::of(".{0,9}")).prop_map(|(ty, (not_null, prefix, length, bounds), attribute)| {
            let address: InstanceAddr = "module.m[\"#\"].simplepod_template_group.g".parse().expect("an address");
            let origin = |attribute: String| Origin { address: address.into(), attribute: attribute.into() };
            let origin = attribute.map(origin);
            let known = Refinements { not_null, prefix: prefix.map(Arc::from), length, bounds, origin };
            Value::refined(ty, known)
        })
    }

    /// Values of every kind, known and not.
    pub fn random_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            unknowns(),
            types().prop_map(Value::null),
            any::<bool>().prop_map(Value::bool),
            numbers().prop_map(Value::number),
            ".{0,12}".prop_map(Value::string),
        ];
        let marked = |value: BoxedStrategy<Value>| {
            (value, any::<[bool; 3]>()).prop_map(|(value, [sensitive, ephemeral, digest])| {
                value.marked(Marks { sensitive, ephemeral, digest })
            })
        };
        marked(leaf.boxed()).prop_recursive(4, 24, 4, move |inner| {
            let many = prop::collection::vec(inner.clone(), 0..4);
            let named = prop::collection::btree_map(".{0,4}".prop_map(Arc::<str>::from), inner, 0..4);
            let node = prop_oneof![
                (types(), many.clone()).prop_map(|(ty, elements)| Value::list(ty, elements)),
                (types(), many.clone()).prop_map(|(ty, elements)| Value::set(ty, elements)),
                (types(), named.clone()).prop_map(|(ty, entries)| Value::map(ty, entries)),
                many.prop_map(Value::tuple),
                named.prop_map(Value::object),
            ];
            marked(node.boxed())
        })
    }

    proptest! {
        #[test]
        fn nothing_is_lost(value in random_value()) {
            let text = serde_json::to_string(&value).expect("JSON");
            let back: Value = serde_json::from_str(&text).expect("a value");
            // Debug shows the precision of numbers, which `==` does not compare.
            prop_assert_eq!(format!("{:?}", &back), format!("{:?}", &value));
            prop_assert_eq!(back, value);
        }

        #[test]
        fn whatever_comes_is_read_or_refused(text in "[\\[\\]{}:,\"a-z0-9]{0,40}") {
            let _ = serde_json::from_str::<Value>(&text);
        }
    }

    #[test]
    fn an_origin_survives() {
        let address: InstanceAddr = "simplepod_template_group.g".parse().expect("an address");
        let value = Value::unknown_from(Type::String, Origin { address: address.into(), attribute: "id".into() });
        let text = serde_json::to_string(&value).expect("JSON");
        let origin = r#"{"address":"simplepod_template_group.g","attribute":"id"}"#;
        assert_eq!(text, format!(r#"{{"unknown":"string","known":{{"not_null":true,"origin":{origin}}}}}"#));
        assert_eq!(serde_json::from_str::<Value>(&text).expect("a value").origin(), value.origin());
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for text in [
            "1",
            "{}",
            r#"{"bool":1}"#,
            r#"{"bool":true,"string":"a"}"#,
            r#"{"list":[]}"#,
            r#"{"list":{},"of":"string"}"#,
            r#"{"number":"1"}"#,
            r#"{"null":"strange"}"#,
            r#"{"nope":1}"#,
            r#"{"bool":true,"sensitive":false}"#,
            r#"{"unknown":"string","known":{"length":[-1,null]}}"#,
            r#"{"unknown":"string","known":{"length":7}}"#,
            r#"{"unknown":"number","known":{"bounds":7}}"#,
            r#"{"unknown":"number","known":{"bounds":["1",null]}}"#,
            r#"{"unknown":"number","known":{"bounds":[1,null]}}"#,
        ] {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        for (open, close) in [(r#"{"tuple":["#, "]}"), (r#"{"null":["list","#, "]}"), ("[", "]")] {
            let text = format!("{}{}", open.repeat(50_000), close.repeat(50_000));
            assert!(serde_json::from_str::<Value>(&text).is_err());
        }
        let work = || {
            let nested = |levels: usize| (0..levels).fold(Value::bool(true), |inner, _| Value::tuple(vec![inner]));
            let back = |value: &Value| {
                let text = serde_json::to_vec(value).expect("JSON");
                super::super::json::read::<Value>(&text).map_err(|error| error.to_string())
            };
            for deep in [nested(DEEPEST - 1), Value::null(nested(DEEPEST - 1).ty())] {
                assert_eq!(back(&deep).as_ref(), Ok(&deep));
            }
            assert!(back(&nested(DEEPEST)).expect_err("a refusal").contains("too deep"));
            let of = (0..DEEPEST * 2).fold(Type::String, |inner, _| Type::list(inner));
            assert!(back(&Value::null(of)).is_err());
        };
        super::super::stack::on_deep_stack(work).expect("a thread");
    }
}
