//! What is left where a state was, once it is kept elsewhere: whoever comes with an older configuration is told where to.

use super::format::TERRAFORM_VERSION;
use crate::lang::json;
use serde::{Deserialize, Serialize};

/// A format that no state has: a podform that knows no such thing refuses the file as that of a later one.
const FORMAT: u64 = 1_000_000;

/// It. For other programs it is a state without anything in it, of the same lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where the state is, as a person finds it.
    pub to: String,
    /// Serial of this file: above that of the state that was here.
    pub serial: u64,
    /// Lineage of the state.
    pub lineage: String,
    /// The last journal entry that the state contained.
    pub journal_seq: u64,
}

#[derive(Serialize, Deserialize)]
struct File {
    version: u64,
    #[serde(default)]
    terraform_version: String,
    serial: u64,
    lineage: String,
    #[serde(default)]
    outputs: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    resources: Vec<()>,
    check_results: Option<()>,
    podform: Ours,
}

#[derive(Serialize, Deserialize)]
struct Ours {
    format: u64,
    version: String,
    moved_to: String,
    journal_seq: u64,
}

impl Moved {
    /// Its text.
    pub fn text(&self) -> String {
        let ours = Ours {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            moved_to: self.to.clone(),
            journal_seq: self.journal_seq,
        };
        let file = File {
            version: 4,
            terraform_version: TERRAFORM_VERSION.to_owned(),
            serial: self.serial,
            lineage: self.lineage.clone(),
            outputs: serde_json::Map::new(),
            resources: Vec::new(),
            check_results: None,
            podform: ours,
        };
        let mut text = serde_json::to_string_pretty(&file).expect("it has text keys and no fallible parts");
        text.push('\n');
        text
    }

    /// Of a text that is one.
    pub fn read(bytes: &[u8]) -> Option<Moved> {
        // Most files are states, and large.
        let is_one = bytes.windows(MARK.len()).any(|window| window == MARK) && bytes.len() < LONGEST;
        let file: File = json::read(bytes).ok().filter(|_| is_one)?;
        let Ours { moved_to: to, journal_seq, .. } = file.podform;
        Some(Moved { to, serial: file.serial, lineage: file.lineage, journal_seq })
    }
}

const MARK: &[u8] = b"\"moved_to\"";

/// In bytes: it holds nothing but the name of a place.
const LONGEST: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{State, StateError, decode, encode};

    #[test]
    fn who_reads_it_as_a_state_is_told_where_that_is() {
        let moved = Moved { to: "s3://b/k".into(), serial: 8, lineage: "l".into(), journal_seq: 3 };
        let text = moved.text();
        assert_eq!(Moved::read(text.as_bytes()), Some(moved));
        let told = decode(&text).expect_err("no state");
        assert!(matches!(&told, StateError::Moved { to } if to == "s3://b/k"), "{told:?}");
        assert!(told.to_string().contains("s3://b/k") && told.to_string().contains("podform init"));
        assert_eq!(Moved::read(encode(&State::default()).as_bytes()), None);
    }
}
