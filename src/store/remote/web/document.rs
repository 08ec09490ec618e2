//! What stands in the states beside a state: each is a whole one in Terraform's format, with what is ours under a key.

use crate::state::{JournalDamage, TERRAFORM_VERSION, decode_journal};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A state that holds nothing but what is ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Document<T> {
    version: u64,
    terraform_version: String,
    /// Rises with each write: a server keeps versions by it, and refuses one that it has.
    pub serial: u64,
    /// That of the state.
    pub lineage: String,
    outputs: Map<String, Value>,
    resources: Vec<Value>,
    check_results: Option<Value>,
    #[serde(rename = "podform")]
    pub ours: T,
}

/// The journal: who writes it, and its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    /// Who took it over last: a unique id, by which a run knows what is its own.
    pub turn: String,
    /// That run holds the lock, and asks after each write whether it does still.
    #[serde(default)]
    pub is_locked: bool,
    /// The highest number of an entry that was ever written here.
    pub last: u64,
    /// One line each.
    pub journal: Vec<String>,
}

/// What runs keep that lost their lock, by run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Beside {
    /// One line each.
    pub kept: BTreeMap<String, Vec<String>>,
}

/// Bytes that were found and put aside, in Base64: they may be anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Aside {
    /// By what they were.
    pub aside: BTreeMap<String, String>,
}

impl<T: Serialize + for<'a> Deserialize<'a>> Document<T> {
    pub fn new(serial: u64, lineage: &str, ours: T) -> Document<T> {
        Document {
            version: 4,
            terraform_version: TERRAFORM_VERSION.to_owned(),
            serial,
            lineage: lineage.to_owned(),
            outputs: Map::new(),
            resources: Vec::new(),
            check_results: None,
            ours,
        }
    }

    /// Its text.
    pub fn text(&self) -> String {
        // Nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads one.
    ///
    /// # Errors
    /// It is not one of ours.
    pub fn read(bytes: &[u8]) -> Result<Document<T>, JournalDamage> {
        let damage = |error: serde_json::Error| JournalDamage::Line {
            line: error.line(),
            what: format!("no journal of podform stands there ({error})"),
        };
        serde_json::from_slice(bytes).map_err(damage)
    }
}

/// The lines of a text, each with its end.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

/// The lines behind the last entry that a state contains. Where they do not follow on it, they are not of this state, which
/// was put back: none. Damaged ones are all there, for whoever says what is wrong.
pub(super) fn live(lines: &[String], contained: u64) -> Vec<String> {
    let replay = decode_journal(lines.concat().as_bytes());
    if replay.error.is_some() || replay.torn_tail || replay.entries.len() != lines.len() {
        return lines.to_vec();
    }
    let numbers = replay.entries.iter().map(|entry| entry.seq);
    let live: Vec<(u64, &String)> = numbers.zip(lines).filter(|(seq, _)| *seq > contained).collect();
    match live.first() {
        Some((first, _)) if *first > contained.saturating_add(1) => Vec::new(),
        _ => live.into_iter().map(|(_, line)| line.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Event, encode_event};
    use jiff::Timestamp;

    fn entry(seq: u64) -> String {
        encode_event(seq, Timestamp::UNIX_EPOCH, (None, None), &Event::End)
    }

    #[test]
    fn a_journal_is_a_state_of_terraform_and_comes_back_whole() {
        let ours = Journal { turn: "t".into(), is_locked: true, last: 2, journal: vec![entry(1), entry(2)] };
        let document = Document::new(3, "l", ours);
        let text = document.text();
        let json: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&json["version"], &json["serial"], &json["lineage"]), (&4.into(), &3.into(), &"l".into()));
        assert!(json["outputs"].is_object() && json["resources"].is_array());
        assert_eq!(Document::read(text.as_bytes()), Ok(document));
        for other in ["", "{}", "[]", r#"{"version":4,"serial":1,"lineage":"l","outputs":{},"resources":[]}"#] {
            assert!(Document::<Journal>::read(other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn entries_that_a_state_contains_are_over_and_those_behind_a_hole_are_anothers() {
        let all: Vec<String> = (4..8).map(entry).collect();
        assert_eq!(live(&all, 3), all);
        assert_eq!(live(&all, 5), all[2..]);
        assert_eq!(live(&all, 9), [""; 0]);
        assert_eq!(live(&all, 2), [""; 0]);
        let damaged = vec![entry(4), "x\n".to_owned(), entry(5)];
        assert_eq!(live(&damaged, 4), damaged);
    }
}
