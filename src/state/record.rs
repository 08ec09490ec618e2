//! Records as values of the language, and back. Secrets leave as digests and come back as placeholders.

use super::digest::{SecretKey, SecretMatch};
use super::model::{Record, SecretDigest};
use crate::lang::convert::convert;
use crate::lang::json::{from_json, is_made_of, to_json};
use crate::lang::{Entries, Kind, Marks, Type, Value};
use crate::path::ValuePath;
use crate::schema::Schema;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::sync::Arc;

impl Record {
    /// The record of a wholly known object: marked values are left out of `attributes`, their digests stand in
    /// `secrets`.
    pub fn of(object: &Value, key: &SecretKey) -> Record {
        let mut record = Record::default();
        if let Some(entries) = object.as_entries() {
            let taken = entries.map(|name, value| record.take(&ValuePath::of(name), value, Marks::NONE, key));
            record.attributes = taken.into();
        }
        record
    }

    fn take(&mut self, path: &ValuePath, value: &Value, above: Marks, key: &SecretKey) -> Json {
        let marks = above.and(value.marks);
        match &value.kind {
            Kind::Object(entries) | Kind::Map(_, entries) => {
                let block = matches!(value.kind, Kind::Object(_));
                let mut all = Map::new();
                for (name, element) in entries.iter() {
                    let json = self.take(&inside(path, name, block), element, marks, key);
                    all.insert(name.to_string(), json);
                }
                Json::Object(all)
            }
            // Kept by ignore_changes: what was recorded of it stays recorded.
            Kind::String(digest) if value.marks.digest => {
                let kept = SecretDigest { key_id: key.id().to_owned(), digest: digest.to_string() };
                self.secrets.insert(path.clone(), kept);
                Json::Null
            }
            // A list with one secret element is secret as a whole.
            _ if marks.and(value.deep_marks()).sensitive && !value.is_null() => {
                self.secrets.insert(path.clone(), key.digest(path, &text_of(&to_json(value))));
                Json::Null
            }
            _ => to_json(value),
        }
    }

    /// The object of a record, of the table's type. Secrets are marked: where `desired` holds one at the same place with
    /// the same digest, that value itself; else the digest, marked as one: it equals no secret. A digest under another key counts as
    /// the same, and its path is pushed to `foreign`.
    pub fn object(
        &self,
        schema: &Schema,
        desired: Option<&Value>,
        key: &SecretKey,
        foreign: &mut Vec<ValuePath>,
    ) -> Value {
        let mut recorded = self.attributes.in_order();
        let mut wishes = desired.and_then(Value::as_entries).map(Entries::in_order);
        let attribute = |name: &Arc<str>, absent: &Value| {
            let ty = match &absent.kind {
                // That of a list of objects is large.
                Kind::Null(ty) => Cow::Borrowed(ty),
                _ => Cow::Owned(absent.ty()),
            };
            let json = recorded.get(name).unwrap_or(&Json::Null);
            let wanted = wishes.as_mut().and_then(|wishes| wishes.get(name));
            let value = match wanted.filter(|wanted| is_made_of(wanted, json)) {
                // Of thousands of machines most of what is recorded is what is wanted.
                Some(wanted) => wanted.unmarked().0,
                None => from_json(json, &ty).unwrap_or_else(|_| Value::null(ty.into_owned())),
            };
            // Most attributes hold no secret: no path is made for them.
            match self.holds_secret(name) || wanted.is_some_and(|wanted| wanted.deep_marks().sensitive) {
                true => self.put_back(&ValuePath::of(name), value, wanted, key, foreign),
                false => marked_as(value, wanted),
            }
        };
        Value::from_entries(schema.absent().map(attribute))
    }

    /// Takes the settings out: they were not sent. What is secret of them stays secret.
    pub fn unset(&mut self, schema: &Schema) {
        for (attribute, _) in schema.settings() {
            self.attributes.set(attribute.name, Json::Null);
            let secrets = self.secrets.iter_mut().filter(|(path, _)| path.is_in(attribute.name));
            secrets.for_each(|(_, digest)| digest.unsend());
        }
    }

    /// Takes over what the server shows for an attribute that is secret by now: as digests.
    pub fn hide(&mut self, name: &str, live: Value, key: &SecretKey) {
        let hidden = self.take(&ValuePath::of(name), &live.marked(Marks::SENSITIVE), Marks::NONE, key);
        self.attributes.set(name, hidden);
        self.read_back.remove(name);
    }

    /// True where an attribute is secret, or something in it.
    pub fn holds_secret(&self, name: &str) -> bool {
        self.secrets.keys().any(|path| path.is_in(name))
    }

    /// The digest of an attribute that is secret as a whole.
    fn secret(&self, name: &str) -> Option<&SecretDigest> {
        self.secrets.iter().find(|(path, _)| path.is(name)).map(|(_, digest)| digest)
    }

    /// Keeps what the server shows for a secret attribute as a digest (its own, where the server rewrites). False where
    /// the attribute is not secret: then nothing is done.
    pub fn read_secret(&mut self, name: &str, live: &Json, key: &SecretKey) -> bool {
        let Some(sent) = self.secret(name) else { return false };
        let path = ValuePath::of(name);
        match key.compare(sent, &path, &text_of(live)) {
            SecretMatch::Same => self.read_back.remove(name),
            SecretMatch::Changed | SecretMatch::OtherKey => {
                self.read_back.insert(name.to_owned(), Json::String(key.digest(&path, &text_of(live)).digest))
            }
        };
        true
    }

    /// Whether the server shows for a secret attribute another value than it did last; `None` where the attribute is
    /// not secret. Digests of another key cannot be compared, and count as the same.
    pub fn secret_differs(&self, name: &str, live: &Json, key: &SecretKey) -> Option<bool> {
        let sent = self.secret(name)?;
        let expected = match self.read_back.get(name).and_then(Json::as_str) {
            Some(digest) => SecretDigest { key_id: sent.key_id.clone(), digest: digest.to_owned() },
            None => sent.clone(),
        };
        Some(key.compare(&expected, &ValuePath::of(name), &text_of(live)) == SecretMatch::Changed)
    }

    fn put_back(
        &self,
        path: &ValuePath,
        value: Value,
        wanted: Option<&Value>,
        key: &SecretKey,
        foreign: &mut Vec<ValuePath>,
    ) -> Value {
        // What nobody may know, where a secret stands: as far as anybody can tell, it is that.
        if key.is_blind()
            && let Some(withheld) = wanted.filter(|wanted| !wanted.is_known() && wanted.marks.sensitive)
            && self.secrets.keys().any(|secret| secret.steps().starts_with(path.steps()))
        {
            foreign.push(path.clone());
            return withheld.clone();
        }
        if let Some(digest) = self.secrets.get(path) {
            let known = wanted.filter(|wanted| wanted.is_wholly_known() && !wanted.is_null());
            let text = known.map(|wanted| text_of(&to_json(wanted)));
            let held = match (text.map(|text| key.compare(digest, path, &text)), wanted) {
                (Some(SecretMatch::Same), Some(wanted)) => wanted.clone(),
                (Some(SecretMatch::OtherKey), Some(wanted)) => {
                    foreign.push(path.clone());
                    wanted.clone()
                }
                _ => {
                    let placeholder = Value::string(&digest.digest).marked(Marks::DIGEST);
                    convert(&placeholder, &value.ty()).unwrap_or(placeholder)
                }
            };
            return held.marked(Marks::SENSITIVE);
        }
        let value = marked_as(value, wanted);
        let mut inner = |entries: &Entries, block: bool| {
            entries.map(|name, element| {
                let wanted = wanted.and_then(|wanted| wanted.get(name));
                self.put_back(&inside(path, name, block), element.clone(), wanted, key, foreign)
            })
        };
        match &value.kind {
            Kind::Object(entries) => Value::from_entries(inner(entries, true)).marked(value.marks),
            Kind::Map(_, entries) => {
                Value::from(Kind::Map(Type::String, Arc::new(inner(entries, false)))).marked(value.marks)
            }
            _ => value,
        }
    }
}

/// What is digested of a secret: a text itself, everything else as JSON.
pub(super) fn text_of(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

/// What was recorded in clear and is secret by now is not shown any more.
fn marked_as(value: Value, wanted: Option<&Value>) -> Value {
    let marks = value.marks.and(wanted.map(|wanted| wanted.marks).unwrap_or_default());
    value.marked(marks)
}

/// An attribute of a block, or an element of a map.
fn inside(path: &ValuePath, name: &str, block: bool) -> ValuePath {
    if block { path.attribute(name) } else { path.key(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::instance::SCHEMA;

    #[test]
    fn what_was_not_sent_is_no_secret_and_stays_one() {
        let key = SecretKey::derive(&secrecy::SecretString::from("k"), "l");
        let secret = |text: &str| Value::string(text).marked(Marks::SENSITIVE);
        let mut record = Record::of(&Value::object([("notes", secret("canary")), ("name", Value::string("w"))]), &key);
        record.unset(&SCHEMA);
        let other = SecretKey::derive(&secrecy::SecretString::from("other"), "l");
        for key in [&key, &other] {
            assert_eq!(record.secret_differs("notes", &Json::from("canary"), key), Some(true));
        }
        assert!(record.read_secret("notes", &Json::from("canary"), &key) && !format!("{record:?}").contains("canary"));
        assert_eq!(record.attributes.get("name"), Some(&Json::Null));
        let wanted = Value::object([("notes", secret("canary"))]);
        let object = record.object(&SCHEMA, Some(&wanted), &key, &mut Vec::new());
        assert!(object.get("notes").is_some_and(|notes| notes.marks.digest && notes.marks.sensitive));
        record.hide("name", Value::string("canary"), &key);
        assert!(record.holds_secret("name") && !format!("{record:?}").contains("canary"));
    }
}
