//! Live attributes against recorded ones: what differs, and how a record takes in what was read.

use super::digest::SecretKey;
use super::model::Record;
use crate::live::Seen;
use crate::schema::observe::{in_other_words, same};
use crate::schema::{Presence, Schema};
use serde_json::Value as Json;

/// The names of the attributes of an answer that differ from what the record expects to read. Of a secret one nobody can
/// tell here: it counts as differing.
pub fn differing(record: &Record, seen: &Seen) -> Vec<&'static str> {
    let mut expected = record.expected();
    seen.iter().filter(|(name, live)| !same(expected(name), live)).map(|(name, _)| *name).collect()
}

impl Record {
    /// What an answer should show of each attribute, as far as is recorded; asked for in the order of their names.
    pub fn expected<'a>(&'a self) -> impl FnMut(&str) -> &'a Json {
        let mut recorded = self.attributes.in_order();
        move |name| self.read_back.get(name).or_else(|| recorded.get(name)).unwrap_or(&Json::Null)
    }
}

/// Takes an answer into a record: facts are stored as read; of a desired attribute, the value read stands beside the one
/// sent where they differ; of a secret, only a digest, made with `key`. Returns the names of desired attributes that the
/// server shows otherwise than before.
pub fn take_in(record: &mut Record, schema: &Schema, seen: &Seen, key: &SecretKey) -> Vec<String> {
    let mut rewritten = Vec::new();
    for (&name, live) in seen {
        let Some(attribute) = schema.attribute(name) else { continue };
        if record.read_secret(name, live, key) {
            continue;
        }
        let sent = record.attributes.get(name).unwrap_or(&Json::Null);
        let fact = match attribute.presence {
            Presence::Computed => true,
            Presence::OptionalComputed => sent.is_null(),
            Presence::Required | Presence::Optional => false,
        };
        if fact {
            record.attributes.set(name, live.clone());
        } else if same(sent, live) {
            record.read_back.remove(name);
        } else {
            let told = in_other_words(name, sent, live);
            if record.read_back.insert(name.to_owned(), live.clone()).as_ref() != Some(live) && !told {
                rewritten.push(name.to_owned());
            }
        }
    }
    rewritten
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::ValuePath;
    use crate::schema::instance::SCHEMA;
    use serde_json::json;

    fn key() -> SecretKey {
        SecretKey::derive(&secrecy::SecretString::from("k"), "l")
    }

    #[test]
    fn of_a_secret_only_a_digest_is_taken_in() {
        let mut record = Record::default();
        for name in ["notes", "name"] {
            record.attributes.set(name, Json::Null);
            let path = ValuePath::of(name);
            record.secrets.insert(path.clone(), key().digest(&path, "sent"));
        }
        let seen = |text: &str| Seen::from_iter(["notes", "name"].map(|name| (name, json!(text))));
        assert_eq!(take_in(&mut record, &SCHEMA, &seen("sent"), &key()), [""; 0]);
        assert_eq!((record.attributes.get("name"), record.read_back.len()), (Some(&Json::Null), 0));
        assert_eq!(take_in(&mut record, &SCHEMA, &seen("canary"), &key()), [""; 0]);
        assert!(!format!("{record:?}").contains("canary"));
        assert_eq!(record.secret_differs("notes", &json!("canary"), &key()), Some(false));
        assert_eq!(record.secret_differs("notes", &json!("sent"), &key()), Some(true));
    }

    #[test]
    fn a_rewritten_name_stands_beside_the_one_sent() {
        let mut record = Record::default();
        record.attributes.set("name", json!("a-b"));
        let seen = Seen::from_iter([("name", json!("a_b")), ("status", json!("created"))]);
        assert_eq!(take_in(&mut record, &SCHEMA, &seen, &key()), ["name"]);
        assert_eq!(take_in(&mut record, &SCHEMA, &seen, &key()), [""; 0]);
        assert_eq!(record.attributes.get("name"), Some(&json!("a-b")));
        assert_eq!(record.read_back["name"], json!("a_b"));
        assert!(differing(&record, &seen).is_empty());
        let seen = Seen::from_iter([("name", json!("a-b"))]);
        assert_eq!(differing(&record, &seen), ["name"]);
        take_in(&mut record, &SCHEMA, &seen, &key());
        assert!(record.read_back.is_empty());
    }
}
