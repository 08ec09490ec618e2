//! State and journal as bytes, through the real codec; what is on them outlives a crash.

use super::trouble::DiskFault;
use podform::state::{Entry, Event, State, decode, decode_journal, encode, encode_entry};
use serde_json::Value as Json;

/// The bytes.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// `podform.state.json`; empty before the first snapshot.
    pub state: String,
    /// `podform.journal`.
    pub journal: Vec<u8>,
    /// Every event that ever became durable, as it reads without our types.
    pub durable: Vec<Json>,
    /// The last entry that is durable.
    seq: u64,
}

/// A write that failed.
#[derive(Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The writer is told.
    Full,
    /// The writer is dead.
    Dead,
}

impl Disk {
    /// What is recorded. A torn last line is cut off.
    pub fn load(&mut self) -> State {
        let mut state = match self.state.as_str() {
            "" => State::default(),
            text => decode(text).unwrap_or_else(|error| panic!("the state does not load: {error}")),
        };
        let replay = decode_journal(&self.journal);
        assert!(replay.error.is_none(), "the journal is damaged: {:?}", replay.error);
        // As the store does: an entry may be whole but for its line end.
        self.journal = replay.entries.iter().map(encode_entry).collect::<String>().into_bytes();
        state.replay(replay.entries).unwrap_or_else(|error| panic!("the journal does not replay: {error:?}"));
        self.seq = state.journal_seq;
        state
    }

    /// Appends to the journal.
    pub fn append(&mut self, events: &[Event], fault: Option<DiskFault>) -> Result<(), WriteError> {
        let mut text = String::new();
        let mut seq = self.seq;
        for event in events {
            seq += 1;
            let at = jiff::Timestamp::UNIX_EPOCH;
            text.push_str(&encode_entry(&Entry { seq, at, run: None, event: event.clone() }));
        }
        match fault {
            Some(DiskFault::Full) => return Err(WriteError::Full),
            Some(DiskFault::CrashBefore) => return Err(WriteError::Dead),
            Some(DiskFault::Torn) => {
                let half = &text.as_bytes()[..text.len() / 2];
                self.journal.extend_from_slice(half);
                self.witness(text.lines().take(decode_journal(half).entries.len()));
                return Err(WriteError::Dead);
            }
            Some(DiskFault::CrashAfter) | None => {}
        }
        self.journal.extend_from_slice(text.as_bytes());
        self.witness(text.lines());
        self.seq = seq;
        if fault.is_some() { Err(WriteError::Dead) } else { Ok(()) }
    }

    fn witness<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        self.durable.extend(lines.map(|line| serde_json::from_str::<Json>(line).unwrap()["event"].take()));
    }

    /// Replaces the state; then the journal is empty. Replacing is atomic: a crash in the middle is one before.
    pub fn snapshot(&mut self, state: &mut State, fault: Option<DiskFault>) -> Result<(), WriteError> {
        let mut next = state.clone();
        next.journal_seq = self.seq;
        next.serial += 1;
        let text = encode(&next);
        assert_eq!(decode(&text).ok().as_ref(), Some(&next), "the state would not read back");
        match fault {
            Some(DiskFault::Full) => return Err(WriteError::Full),
            Some(DiskFault::CrashBefore | DiskFault::Torn) => return Err(WriteError::Dead),
            Some(DiskFault::CrashAfter) => {
                self.state = text;
                return Err(WriteError::Dead);
            }
            None => {}
        }
        self.state = text;
        self.journal.clear();
        *state = next;
        Ok(())
    }
}
