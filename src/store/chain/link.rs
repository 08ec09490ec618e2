//! One object of the chain: a group of journal entries, or the seal that a run sets when it takes over; and what the text of
//! a state says of the chain.

use super::packed::{is_packed, packed, unpacked};
use crate::state::{Event, encode_event, own_part};
use jiff::Timestamp;
use memchr::memmem::find;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What an object of the chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A seal. A run took over here, where the run before it would have written next; or it went on here behind a state that
    /// it wrote, where whoever read that state looks next. So it outlives the entries.
    Begin,
    /// Journal entries.
    Entries,
}

/// An object of the chain. It stands under the number of its first entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    /// Whose it is: no two attempts to write different things share it.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// The number under which the next object stands: the one behind its last entry.
    pub next: u64,
    /// When it was written, by the clock of whoever wrote it.
    pub at: Timestamp,
    /// Journal entries, one a line.
    pub lines: String,
}

/// The form of an object, and what stands beside its entries.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    podform_chain: u32,
    id: String,
    kind: Kind,
    next: u64,
    at: Timestamp,
}

/// The form alone, whatever else stands there.
#[derive(Deserialize)]
struct Form {
    podform_chain: u32,
}

/// Head and entries stand there as they are, or all of that packed. Any other form is of a newer podform.
const PLAIN: u32 = 1;
/// Shorter ones stay as they are: little is won, and whoever looks at a seal can read it.
const FROM: usize = 512;

impl Link {
    /// Entries from this number on.
    pub fn of_entries(id: String, first: u64, lines: &str, at: Timestamp) -> Link {
        let count = u64::try_from(lines.lines().count()).unwrap_or(u64::MAX);
        Link { id, kind: Kind::Entries, next: first.saturating_add(count), at, lines: lines.to_owned() }
    }

    /// The same, as a seal: right behind a state.
    pub fn sealing(self) -> Link {
        Link { kind: Kind::Begin, ..self }
    }

    /// The seal of a run that takes over under a number, and goes on at `next`.
    pub fn of_begin((id, run): (String, &str), next: u64, at: Timestamp) -> Link {
        let lines = encode_event(next.saturating_sub(1), at, (Some(run), None), &Event::TakenOver);
        Link { id, kind: Kind::Begin, next, at, lines }
    }

    /// A line that tells of it, and its entries.
    pub fn encode(&self) -> Vec<u8> {
        let Link { id, kind, next, at, lines } = self;
        let head = Head { podform_chain: PLAIN, id: id.clone(), kind: *kind, next: *next, at: *at };
        let head = serde_json::to_string(&head).expect("a head has no fallible parts");
        let plain = format!("{head}\n{lines}");
        match plain.len() < FROM {
            true => plain.into_bytes(),
            false => packed(&plain),
        }
    }

    /// Reads an object.
    ///
    /// # Errors
    /// Why it is none: after "line 1: ".
    pub fn decode(bytes: &[u8]) -> Result<Link, String> {
        let (plain, cut) = plain(bytes);
        if let Some(why) = cut {
            return Err(why);
        }
        let (head, lines) = halves(&plain).ok_or("it is cut off")?;
        match serde_json::from_slice(head) {
            Ok(Form { podform_chain: PLAIN }) => {}
            Ok(_) => return Err("another version of podform wrote it".into()),
            Err(error) => return Err(error.to_string()),
        }
        let head: Head = serde_json::from_slice(head).map_err(|error| error.to_string())?;
        let lines = String::from_utf8(lines.to_vec()).map_err(|error| error.to_string())?;
        let Head { id, kind, next, at, .. } = head;
        Ok(Link { id, kind, next, at, lines })
    }

    /// What can be read of the lines of an object that is damaged.
    pub fn remains(bytes: &[u8]) -> Vec<u8> {
        let (plain, _) = plain(bytes);
        match halves(&plain) {
            Some((head, lines)) if serde_json::from_slice::<Head>(head).is_ok() => lines.to_vec(),
            _ => plain.into_owned(),
        }
    }
}

/// An object as it was before it was packed, and why it ends too early where it does.
fn plain(bytes: &[u8]) -> (Cow<'_, [u8]>, Option<String>) {
    match is_packed(bytes) {
        true => {
            let (plain, cut) = unpacked(bytes);
            (plain.into(), cut.map(|error| error.to_string()))
        }
        false => (bytes.into(), None),
    }
}

/// The first line, and what follows it.
fn halves(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

/// The last entry that the text of a state contains, as its key `podform` says in clear, encrypted or not. Nothing contains
/// none. `None`: another program wrote it, and nobody may go on from it.
pub fn contained(state: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Document {
        podform: Ours,
    }
    #[derive(Deserialize)]
    struct Ours {
        journal_seq: u64,
    }
    if state.is_empty() {
        return Some(0);
    }
    let read = || serde_json::from_slice::<Document>(state).ok().map(|document| document.podform.journal_seq);
    written(state).or_else(read)
}

/// The same, of a text whose own part is found without reading the rest: no megabytes are read for one number.
fn written(state: &[u8]) -> Option<u64> {
    const KEY: &[u8] = b"\n    \"journal_seq\": ";
    let ours = own_part(state)?;
    let number = ours.get(find(ours, KEY)? + KEY.len()..)?;
    let end = number.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(number.get(..end)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{OutputState, State, decode_journal, encode};

    #[test]
    fn a_link_is_read_back_and_what_is_none_says_why() {
        let at = "2026-03-02T09:15:00Z".parse().expect("a time");
        let begin = Link::of_begin(("b".into(), "run"), 8, at);
        let replay = decode_journal(begin.lines.as_bytes());
        assert_eq!(replay.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [7]);
        let entries = Link::of_entries("e".into(), 8, "one\ntwo\n", at);
        assert_eq!(entries.next, 10);
        let many = Link::of_entries("m".into(), 8, &"{\"seq\":8}\n".repeat(200), at);
        let bytes = many.encode();
        assert!(bytes.len() < 300, "{}", bytes.len());
        for link in [begin, entries, many] {
            assert_eq!(Link::decode(&link.encode()), Ok(link));
        }
        let cut = bytes.get(..bytes.len() - 8).expect("more than that");
        Link::decode(cut).expect_err("it is cut off");
        assert!(Link::remains(&bytes).starts_with(b"{\"seq\":8}\n"));
        assert_eq!(Link::remains(cut), b"", "a group that is packed is there as a whole or not at all");
        assert_eq!(Link::remains(b"{}\n"), b"{}\n");
        for bytes in [&b""[..], b"{}", b"{}\n", b"\xff\n", b"{\"podform_chain\":3,\"id\":\"a\"}\n"] {
            Link::decode(bytes).expect_err("no link");
        }
        let newer = String::from_utf8(Link::of_entries("e".into(), 8, "", at).encode()).expect("text");
        for newer in [newer.replace("chain\":1", "chain\":3"), "{\"podform_chain\":2}\n\u{0}".to_owned()] {
            let told = Link::decode(newer.as_bytes()).expect_err("a newer one");
            assert!(told.contains("another version"), "{told}");
        }
    }

    #[test]
    fn a_state_says_what_it_contains_and_terraforms_does_not() {
        assert_eq!(contained(b""), Some(0));
        assert_eq!(contained(encode(&State { journal_seq: 42, ..State::default() }).as_bytes()), Some(42));
        assert_eq!(contained(br#"{"podform":{"journal_seq":7},"encrypted_data":"x","serial":3}"#), Some(7));
        let value =
            serde_json::json!({"podform": {"journal_seq": 8}, "text": "\n  \"podform\": {\n    \"journal_seq\": 9,"});
        let output = OutputState { value, ty: serde_json::json!("dynamic"), sensitive: false };
        let state = State { journal_seq: 42, outputs: [("podform".into(), output)].into(), ..State::default() };
        assert_eq!(written(encode(&state).as_bytes()), Some(42), "nothing that users write is taken for it");
        for none in [&br#"{"version":4,"serial":3}"#[..], b"not JSON", b"[]"] {
            assert_eq!(contained(none), None);
        }
    }
}
