//! Journal entries as lines: one JSON object each, with a sequence number and a checksum.

use super::fault::JournalDamage;
use super::journal::Event;
use super::model::State;
use super::sum::{DIGITS, sum};
use crate::lang::json;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Counts the entries of a lineage, from 1, across snapshots.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Which run wrote it, and those behind it up to the next that names one: the id of its lock.
    #[serde(default)]
    pub run: Option<String>,
    /// The checksum of the snapshot that the journal continues; at the first entry that a run writes over one.
    #[serde(default)]
    pub snapshot: Option<String>,
    /// What happened.
    pub event: Event,
    /// A keyed sum that nothing has proven: whoever has the key takes it away.
    #[serde(default)]
    pub mac: Option<String>,
}

impl Entry {
    /// Whether it may stand where this number is expected: numbers are skipped only by whoever takes over.
    pub fn follows(&self, expected: u64) -> bool {
        self.seq == expected || (self.event == Event::TakenOver && self.seq > expected)
    }

    /// Whether all that it says is encrypted.
    pub fn is_sealed(&self) -> bool {
        matches!(self.event, Event::Sealed(_))
    }
}

/// The last entry that tells something: that a run took over does not.
pub fn last_telling(entries: &[Entry]) -> Option<u64> {
    entries.iter().rfind(|entry| entry.event != Event::TakenOver).map(|entry| entry.seq)
}

/// What the bytes of a journal say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replay {
    /// Every whole entry, up to the damage where there is some.
    pub entries: Vec<Entry>,
    /// Bytes of the whole entries, with their line ends.
    pub clean: usize,
    /// The last line was not written to its end: a crash. It is not among the entries; no call followed it, because the
    /// write never returned.
    pub torn_tail: bool,
    /// Damage before the last line, which no crash explains.
    pub error: Option<JournalDamage>,
}

/// What stands between the entry and its checksum.
const SUM: &[u8] = b",\"sum\":\"";

/// The line of an entry, with its line end.
pub fn encode_entry(entry: &Entry) -> String {
    encode_event(entry.seq, entry.at, (entry.run.as_deref(), entry.snapshot.as_deref()), &entry.event)
}

/// The line of an [`Entry`] with these parts. The checksum covers everything before `,"sum"`.
pub fn encode_event(seq: u64, at: Timestamp, (run, snapshot): (Option<&str>, Option<&str>), event: &Event) -> String {
    #[derive(Serialize)]
    struct Parts<'a> {
        seq: u64,
        at: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        run: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        snapshot: Option<&'a str>,
        event: &'a Event,
    }
    let parts = Parts { seq, at, run, snapshot, event };
    let mut line = serde_json::to_string(&parts).expect("an entry has text keys and no fallible parts");
    line.pop();
    closed(line)
}

/// What stands before the checksum of a line, with that and what stands behind.
pub(super) fn closed(mut line: String) -> String {
    let sum = sum(line.as_bytes());
    line.push_str(&format!(",\"sum\":\"{sum}\"}}\n"));
    line
}

/// What the line holds before its checksum, when the checksum says that this is what was written.
pub(super) fn sealed(line: &[u8]) -> Option<&[u8]> {
    let (body, tail) = line.split_at_checked(line.len().checked_sub(SUM.len() + DIGITS + 2)?)?;
    let found = tail.strip_prefix(SUM)?.strip_suffix(b"\"}")?;
    (found == sum(body).as_bytes()).then_some(body)
}

/// True when a whole entry stands at the start of what is no line: its line end was there once, so this is no crash.
fn runs_on(line: &[u8]) -> bool {
    let starts = line.windows(SUM.len()).enumerate().filter(|(_, window)| *window == SUM).map(|(at, _)| at);
    starts.filter_map(|at| line.get(..at + SUM.len() + DIGITS + 2)).any(|start| sealed(start).is_some())
}

fn parse(body: &[u8]) -> Result<Entry, String> {
    let whole = [body, b"}"].concat();
    json::read(&whole).map_err(|error| format!("another version of podform wrote it: {error}"))
}

/// Reads a journal. A torn last line is a crash and dropped; everything else that is wrong is damage.
pub fn decode_journal(bytes: &[u8]) -> Replay {
    let mut replay = Replay::default();
    let mut lines = bytes.split_inclusive(|&b| b == b'\n').enumerate().peekable();
    while let Some((at, whole)) = lines.next() {
        let line = at + 1;
        let entry = match sealed(whole.strip_suffix(b"\n").unwrap_or(whole)).map(parse) {
            Some(Ok(entry)) => entry,
            None if lines.peek().is_none() && !runs_on(whole) => {
                replay.torn_tail = true;
                break;
            }
            damaged => {
                let what = damaged.and_then(Result::err).unwrap_or("its checksum does not match".into());
                replay.error = Some(JournalDamage::Line { line, what });
                break;
            }
        };
        let expected = replay.entries.last().map_or(entry.seq, |previous| previous.seq.saturating_add(1));
        if !entry.follows(expected) {
            replay.error = Some(JournalDamage::Gap { line, expected, found: entry.seq });
            break;
        }
        replay.clean += whole.len();
        replay.entries.push(entry);
    }
    replay
}

/// What can be read of a journal that may be damaged anywhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Salvage {
    /// Every entry whose checksum holds, in the order of the file.
    pub entries: Vec<Entry>,
    /// Everything that is wrong.
    pub damage: Vec<JournalDamage>,
    /// Lines with one wrong bit, which the checksum tells; their entries are among the others.
    pub mended: Vec<usize>,
    /// As in [`Replay`].
    pub torn_tail: bool,
}

/// Reads whatever a journal says, past all damage.
pub fn salvage(bytes: &[u8]) -> Salvage {
    let mut found = Salvage::default();
    let mut lines = bytes.split_inclusive(|&b| b == b'\n').enumerate().peekable();
    while let Some((at, whole)) = lines.next() {
        let line = at + 1;
        let text = whole.strip_suffix(b"\n").unwrap_or(whole);
        let mut body = sealed(text).map(<[u8]>::to_vec);
        if body.is_none() && lines.peek().is_none() && !whole.ends_with(b"\n") && !runs_on(whole) {
            found.torn_tail = true;
            break;
        }
        if body.is_none() {
            body = unflipped(text);
            found.mended.extend(body.as_ref().map(|_| line));
        }
        let entry = body.ok_or_else(|| "its checksum does not match".to_owned()).and_then(|body| parse(&body));
        match entry {
            // Nobody could open it: what it says is lost to whoever goes on from here.
            Ok(entry) if entry.is_sealed() => {
                let what = "it is encrypted, and cannot be decrypted here".to_owned();
                found.damage.push(JournalDamage::Line { line, what });
            }
            Ok(entry) => {
                let expected = found.entries.last().map_or(entry.seq, |previous| previous.seq.saturating_add(1));
                // Behind a damaged line the gap is that line.
                let told =
                    matches!(found.damage.last(), Some(JournalDamage::Line { line: bad, .. }) if bad + 1 == line);
                if !entry.follows(expected) && !told {
                    found.damage.push(JournalDamage::Gap { line, expected, found: entry.seq });
                }
                // Who salvages takes what stands there.
                found.entries.push(Entry { mac: None, ..entry });
            }
            Err(what) => found.damage.push(JournalDamage::Line { line, what }),
        }
    }
    found
}

/// The longest line in which a wrong bit is looked for, in bytes: the work grows with the square of the length, and is
/// 2 GB of checksums, seconds, for this one.
const FLIPPABLE: usize = 16 << 10;

/// What a line held before one of its bits changed.
fn unflipped(line: &[u8]) -> Option<Vec<u8>> {
    let mut line = Some(line).filter(|line| line.len() <= FLIPPABLE)?.to_vec();
    for at in 0..line.len() {
        for bit in 0..8 {
            if let Some(byte) = line.get_mut(at) {
                *byte ^= 1 << bit;
            }
            if let Some(body) = sealed(&line) {
                return Some(body.to_vec());
            }
            if let Some(byte) = line.get_mut(at) {
                *byte ^= 1 << bit;
            }
        }
    }
    None
}

impl State {
    /// Applies the entries that this state does not contain yet. `sum` is the checksum of its text, where it has one.
    ///
    /// # Errors
    /// Entries are missing in between, or belong to another state; the state is then half way and must not be used.
    pub fn replay(&mut self, entries: Vec<Entry>, sum: Option<&str>) -> Result<(), JournalDamage> {
        if entries.iter().any(Entry::is_sealed) {
            return Err(JournalDamage::Sealed);
        }
        if entries.iter().any(|entry| entry.mac.is_some()) {
            return Err(JournalDamage::Keyed);
        }
        let last = entries.last().map_or(0, |entry| entry.seq);
        if last <= self.journal_seq {
            // A crash came between the snapshot and the emptying of the journal; or the journal is of another one.
            return match self.knows(&State::of(entries)) {
                true => Ok(()),
                false => Err(JournalDamage::Another { seq: last }),
            };
        }
        let named = entries.iter().rev().find_map(|entry| entry.snapshot.as_deref());
        let is_another = named.is_some_and(|named| Some(named) != sum);
        for entry in entries {
            if let Event::Begin { lineage, .. } = &entry.event {
                self.becomes(lineage)?;
            }
            if entry.seq <= self.journal_seq {
                continue;
            }
            if !entry.follows(self.journal_seq.saturating_add(1)) {
                return Err(JournalDamage::Detached { state: self.journal_seq, first: entry.seq });
            }
            if is_another {
                return Err(JournalDamage::Another { seq: last });
            }
            let event = self.whole(entry.event).map_err(|change| change.unfounded(entry.seq))?;
            self.journal_seq = entry.seq;
            self.apply(event);
        }
        Ok(())
    }
}
