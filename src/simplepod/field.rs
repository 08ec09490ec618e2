//! Lenient reading of answers: the API's types are not settled (API sheet §3.1, §7), so a number may be text, an integer
//! a float, a list an object, and a field null or absent. What cannot be read counts as not told; it never costs the
//! rest of the answer.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::{Map, Value};

/// An object of an answer.
#[derive(Clone, Copy)]
pub(super) struct Row<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Row<'a> {
    /// `value` as an object.
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// The raw field; null is `Some(Null)`.
    pub(super) fn raw(self, key: &str) -> Option<&'a Value> {
        self.0.get(key)
    }

    /// An object inside this one.
    pub(super) fn row(self, key: &str) -> Option<Row<'a>> {
        self.raw(key).and_then(Row::of)
    }

    /// Text that says something when it is there: null is not told.
    pub(super) fn text(self, key: &str) -> Option<String> {
        text(self.raw(key)?)
    }

    /// Text that anybody may set and clear: null is empty.
    pub(super) fn free_text(self, key: &str) -> Option<String> {
        match self.raw(key)? {
            Value::Null => Some(String::new()),
            value => text(value),
        }
    }

    /// A number, exactly as written; money among them.
    pub(super) fn decimal(self, key: &str) -> Option<Decimal> {
        decimal(self.raw(key)?)
    }

    /// The number of an object: a whole one, as it stands.
    pub(super) fn id(self) -> Option<u64> {
        let number = decimal(self.raw("id")?)?;
        number.fract().is_zero().then(|| number.to_u64()).flatten()
    }

    /// A whole number from zero.
    pub(super) fn whole(self, key: &str) -> Option<u64> {
        whole(self.raw(key)?)
    }

    /// A truth value.
    pub(super) fn truth(self, key: &str) -> Option<bool> {
        match self.raw(key)? {
            Value::Bool(truth) => Some(*truth),
            Value::String(word) => match word.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(true),
                "false" | "0" | "no" | "off" | "" => Some(false),
                _ => None,
            },
            number @ Value::Number(_) => decimal(number).map(|number| !number.is_zero()),
            _ => None,
        }
    }

    /// Messages: a list of texts or of objects that hold one, one text, or null.
    pub(super) fn messages(self, key: &str) -> Vec<String> {
        self.raw(key).map(messages).unwrap_or_default()
    }
}

/// Text; numbers are text too (`defaultTag: 22.04`).
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A number or numeric text, never by way of a float.
pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    let text = text(value)?;
    let text = text.trim();
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// A whole number from zero, where the value is one; the fraction of a float is cut off.
pub(super) fn whole(value: &Value) -> Option<u64> {
    let number = decimal(value)?;
    (!number.is_sign_negative() || number.is_zero()).then(|| number.trunc().to_u64()).flatten()
}

/// The last part of an IRI as a number, of an object its `id` or `@id`.
pub(super) fn reference(value: &Value) -> Option<u64> {
    match value {
        Value::String(iri) => iri.rsplit('/').next()?.trim().parse().ok(),
        Value::Object(object) => {
            let row = Row(object);
            row.id().or_else(|| row.raw("@id").and_then(reference))
        }
        number => whole(number),
    }
}

fn messages(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().flat_map(messages).collect(),
        Value::Object(object) => {
            let row = Row(object);
            match ["message", "detail", "title", "error"].iter().find_map(|key| row.text(key)) {
                Some(message) => vec![message],
                None => object.values().flat_map(messages).collect(),
            }
        }
        value => text(value).filter(|text| !text.trim().is_empty()).into_iter().collect(),
    }
}

/// The rows of a list: a bare array, a Hydra collection or another object around one, or an array that was turned into
/// an object with its indices as keys. `None`: no list. An empty object is none either: nothing proves that it meant
/// an empty list.
pub(super) fn rows(value: Value) -> Option<Vec<Value>> {
    const NAMES: [&str; 7] = ["hydra:member", "member", "items", "data", "results", "rows", "list"];
    match value {
        Value::Array(rows) => Some(rows),
        Value::Object(mut object) => {
            for name in NAMES {
                if let Some(Value::Array(_)) = object.get(name) {
                    return object.remove(name).and_then(rows);
                }
            }
            let indices = !object.is_empty() && object.keys().all(|key| key.bytes().all(|b| b.is_ascii_digit()));
            indices.then(|| object.into_iter().map(|(_, row)| row).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Value {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn numbers_come_in_every_shape() {
        let value =
            read(r#"{"a":1,"b":"2","c":3.0,"d":0.30000000000000004,"e":1e-2,"f":null,"g":"x","h":-1,"i":" 7 "}"#);
        let row = Row::of(&value).expect("an object");
        assert_eq!((row.whole("a"), row.whole("b"), row.whole("c")), (Some(1), Some(2), Some(3)));
        assert_eq!((row.whole("f"), row.whole("g"), row.whole("h"), row.whole("z")), (None, None, None, None));
        assert_eq!(row.whole("i"), Some(7));
        assert_eq!(row.decimal("d").map(|d| d.to_string()).as_deref(), Some("0.30000000000000004"));
        assert_eq!(row.decimal("e").map(|d| d.to_string()).as_deref(), Some("0.01"));
        let huge = read(r#"{"a":1e999,"b":18446744073709551616,"c":0.1234567890123456789012345678901234567890}"#);
        let row = Row::of(&huge).expect("an object");
        assert_eq!((row.decimal("a"), row.whole("b")), (None, None));
        assert!(row.decimal("c").is_some());
    }

    #[test]
    fn lists_come_in_every_envelope() {
        assert_eq!(rows(json!([1])), Some(vec![json!(1)]));
        assert_eq!(rows(json!({"hydra:member": [1], "hydra:totalItems": 1})), Some(vec![json!(1)]));
        assert_eq!(rows(json!({"0": 1, "2": 3})), Some(vec![json!(1), json!(3)]));
        for no_list in [json!({}), json!(null), json!("x"), json!({"message": "Invalid credentials."})] {
            assert_eq!(rows(no_list), None);
        }
    }

    #[test]
    fn references_and_messages() {
        for value in [json!("/instances/templates/29"), json!({"id": "29"}), json!({"@id": "/x/29"}), json!(29.0)] {
            assert_eq!(reference(&value), Some(29));
        }
        let value = json!({"a": ["x", {"message": "y"}, null, ""], "b": "z", "c": null, "d": {"k": "v"}});
        let row = Row(value.as_object().expect("an object"));
        assert_eq!((row.messages("a"), row.messages("b")), (vec!["x".into(), "y".into()], vec!["z".to_owned()]));
        assert_eq!((row.messages("c"), row.messages("d")), (vec![], vec!["v".to_owned()]));
    }
}
