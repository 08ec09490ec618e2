//! Lenient reading of answers: the API's types are not settled (API sheet §3.1, §7), so a number may be text, an integer
//! a float, a list an object, and a field null or absent. What cannot be read counts as not told; it never costs the
//! rest of the answer. A field is read out of the answer's text when somebody asks for it: most are not.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The largest number that anything is believed to be, of dollars, of MB or of whatever else is measured.
const MOST: u64 = 1_000_000_000_000;
/// More GPUs than any machine has: at most 16 are for rent (API reference).
const MOST_GPUS: u32 = 1024;

/// Messages inside messages are looked for this deep: no honest answer has more, and a hostile one ends here.
const DEPTH: usize = 8;

/// An object of an answer: its fields in their order, not yet read.
pub(super) struct Row<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Row<'a> {
    /// `value` as an object.
    pub(super) fn of(value: &'a RawValue) -> Option<Self> {
        value.get().starts_with('{').then(|| serde_json::from_str(value.get()).ok()).flatten()
    }

    /// The raw field; null is one. Of two of the same name the later one counts.
    pub(super) fn raw(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| *value)
    }

    /// An object inside this one.
    pub(super) fn row(&self, key: &str) -> Option<Row<'a>> {
        self.raw(key).and_then(Row::of)
    }

    /// Text that says something when it is there: null is not told.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        text(self.raw(key)?)
    }

    /// Text that anybody may set and clear: null is empty.
    pub(super) fn free_text(&self, key: &str) -> Option<String> {
        let value = self.raw(key)?;
        if is_null(value) { Some(String::new()) } else { text(value) }
    }

    /// A number, exactly as written; money among them. One beyond all measure tells nothing: sums and products of what is
    /// told must not overflow.
    pub(super) fn decimal(&self, key: &str) -> Option<Decimal> {
        // Most have so few digits that their point does not matter.
        let is_believed =
            |number: &Decimal| number.mantissa().unsigned_abs() <= MOST.into() || number.abs() <= Decimal::from(MOST);
        decimal(self.raw(key)?).filter(is_believed)
    }

    /// A number of GPUs of one machine, from one.
    pub(super) fn gpus(&self, key: &str) -> Option<u32> {
        u32::try_from(self.whole(key)?).ok().filter(|gpus| (1..=MOST_GPUS).contains(gpus))
    }

    /// The number of an object: a whole one, as it stands.
    pub(super) fn id(&self) -> Option<u64> {
        let number = decimal(self.raw("id")?)?;
        number.fract().is_zero().then(|| number.to_u64()).flatten()
    }

    /// A whole number from zero.
    pub(super) fn whole(&self, key: &str) -> Option<u64> {
        whole(self.raw(key)?)
    }

    /// A truth value.
    pub(super) fn truth(&self, key: &str) -> Option<bool> {
        let value = self.raw(key)?;
        match value.get() {
            "true" => Some(true),
            "false" => Some(false),
            number if starts_number(number) => decimal(value).map(|number| !number.is_zero()),
            _ => match words(value)?.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(true),
                "false" | "0" | "no" | "off" | "" => Some(false),
                _ => None,
            },
        }
    }

    /// Messages: a list of texts or of objects that hold one, one text, or null.
    pub(super) fn messages(&self, key: &str) -> Vec<String> {
        self.raw(key).map(|value| messages(value, DEPTH)).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Row<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Row<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row<'de>, A::Error> {
                // As many as a row of the market or of a list has, about.
                let mut fields = Vec::with_capacity(32);
                while let Some((Key(key), value)) = map.next_entry()? {
                    fields.push((key, value));
                }
                Ok(Row(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// The name of a field: part of the answer's text, unless it holds escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl<'de> Visitor<'de> for Name {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(Name)
    }
}

/// Null.
pub(super) fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

fn starts_number(json: &str) -> bool {
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// Text, without its quotes and escapes.
pub(super) fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    let inner = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(value.get()).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// Text; numbers are text too (`defaultTag: 22.04`).
fn words(value: &RawValue) -> Option<Cow<'_, str>> {
    if starts_number(value.get()) { Some(Cow::Borrowed(value.get())) } else { string(value) }
}

/// Text; numbers are text too.
pub(super) fn text(value: &RawValue) -> Option<String> {
    words(value).map(Cow::into_owned)
}

/// A number or numeric text, never by way of a float.
pub(super) fn decimal(value: &RawValue) -> Option<Decimal> {
    let text = words(value)?;
    let trimmed = || text.trim().parse().or_else(|_| Decimal::from_scientific(text.trim()));
    text.parse().or_else(|_| trimmed()).ok()
}

/// A whole number from zero, where the value is one; the fraction of a float is cut off.
pub(super) fn whole(value: &RawValue) -> Option<u64> {
    let number = decimal(value)?;
    (!number.is_sign_negative() || number.is_zero()).then(|| number.trunc().to_u64()).flatten()
}

/// The elements of an array.
pub(super) fn list(value: &RawValue) -> Option<Vec<&RawValue>> {
    value.get().starts_with('[').then(|| serde_json::from_str(value.get()).ok()).flatten()
}

/// The last part of an IRI as a number, of an object its `id` or `@id`.
pub(super) fn reference(value: &RawValue) -> Option<u64> {
    let last = |iri: &str| iri.rsplit('/').next()?.trim().parse().ok();
    match Row::of(value) {
        Some(row) => row.id().or_else(|| last(&row.text("@id")?)),
        None => string(value).map_or_else(|| whole(value), |iri| last(&iri)),
    }
}

fn messages(value: &RawValue, depth: usize) -> Vec<String> {
    let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
    if let Some(list) = list(value) {
        return list.into_iter().flat_map(|value| messages(value, depth)).collect();
    }
    match Row::of(value) {
        Some(row) => match ["message", "detail", "title", "error"].iter().find_map(|key| row.text(key)) {
            Some(message) => vec![message],
            None => row.0.iter().flat_map(|(_, value)| messages(value, depth)).collect(),
        },
        None => text(value).filter(|text| !text.trim().is_empty()).into_iter().collect(),
    }
}

/// The rows of a list: a bare array, a Hydra collection or another object around one, or an array that was turned into
/// an object with its indices as keys. `None`: no list. An empty object is none either: nothing proves that it meant
/// an empty list.
pub(super) fn rows(value: &RawValue) -> Option<Vec<&RawValue>> {
    const NAMES: [&str; 7] = ["hydra:member", "member", "items", "data", "results", "rows", "list"];
    let Some(row) = Row::of(value) else { return list(value) };
    if let Some(rows) = NAMES.iter().find_map(|name| list(row.raw(name)?)) {
        return Some(rows);
    }
    let indices = !row.0.is_empty() && row.0.iter().all(|(key, _)| key.bytes().all(|b| b.is_ascii_digit()));
    indices.then(|| row.0.into_iter().map(|(_, row)| row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> &RawValue {
        serde_json::from_str(text).expect("JSON")
    }

    fn raw(value: &serde_json::Value) -> Box<RawValue> {
        serde_json::value::to_raw_value(value).expect("JSON")
    }

    #[test]
    fn numbers_come_in_every_shape() {
        let value =
            read(r#"{"a":1,"b":"2","c":3.0,"d":0.30000000000000004,"e":1e-2,"f":null,"g":"x","h":-1,"i":" 7 "}"#);
        let row = Row::of(value).expect("an object");
        assert_eq!((row.whole("a"), row.whole("b"), row.whole("c")), (Some(1), Some(2), Some(3)));
        assert_eq!((row.whole("f"), row.whole("g"), row.whole("h"), row.whole("z")), (None, None, None, None));
        assert_eq!(row.whole("i"), Some(7));
        assert_eq!(row.decimal("d").map(|d| d.to_string()).as_deref(), Some("0.30000000000000004"));
        assert_eq!(row.decimal("e").map(|d| d.to_string()).as_deref(), Some("0.01"));
        let huge = read(r#"{"a":1e999,"b":18446744073709551616,"c":0.1234567890123456789012345678901234567890}"#);
        let row = Row::of(huge).expect("an object");
        assert_eq!((row.decimal("a"), row.whole("b")), (None, None));
        assert!(row.decimal("c").is_some());
    }

    #[test]
    fn lists_come_in_every_envelope() {
        let brief = |text| rows(read(text)).map(|rows| rows.into_iter().map(RawValue::get).collect::<Vec<_>>());
        assert_eq!(brief(" [1]"), Some(vec!["1"]));
        assert_eq!(brief(r#"{"hydra:member": [1], "hydra:totalItems": 1}"#), Some(vec!["1"]));
        assert_eq!(brief(r#"{"0": 1, "2": {"a": 3}}"#), Some(vec!["1", r#"{"a": 3}"#]));
        for no_list in ["{}", "null", r#""x""#, r#"{"message": "Invalid credentials."}"#] {
            assert_eq!(brief(no_list), None);
        }
    }

    #[test]
    fn references_and_messages() {
        for value in [json!("/instances/templates/29"), json!({"id": "29"}), json!({"@id": "/x/29"}), json!(29.0)] {
            assert_eq!(reference(&raw(&value)), Some(29));
        }
        let value = json!({"a": ["x", {"message": "y"}, null, ""], "b": "z", "c": null, "d": {"k": "v"}});
        let value = raw(&value);
        let row = Row::of(&value).expect("an object");
        assert_eq!((row.messages("a"), row.messages("b")), (vec!["x".into(), "y".into()], vec!["z".to_owned()]));
        assert_eq!((row.messages("c"), row.messages("d")), (vec![], vec!["v".to_owned()]));
    }

    #[test]
    fn escapes_and_repeated_names() {
        let row = Row::of(read(r#"{"\u0061":"x\ny","b":1,"b":"2"}"#)).expect("an object");
        assert_eq!((row.text("a").as_deref(), row.whole("b")), (Some("x\ny"), Some(2)));
    }

    #[test]
    fn messages_end_somewhere() {
        let deep = format!(r#"{{"detail":{}"x"{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(Row::of(read(&deep)).expect("an object").messages("detail").is_empty());
    }
}
