//! Replacing the state, and what may be removed then.

use super::ask::{Answer, Ask, Attempt, Steps};
use super::link::{Kind, Link};
use crate::store::Version;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Who appended nothing for so long does not rely on the seal that would stand under its next number: it may be gone.
const SILENT: Duration = Duration::from_secs(24 * 60 * 60);
/// A seal of this age is removed: no run before it relies on it any more, and 29 days are more than clocks differ.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether a run was silent since its last append: by the clock that stands still while a machine sleeps, and by the one
/// that can be set.
pub fn is_silent(since: Timestamp, now: Timestamp, awake: Duration) -> bool {
    awake > SILENT || now.duration_since(since).unsigned_abs() > SILENT
}

/// Whether a contained object may go. A seal stays: a run that sleeps would write there, and must be refused.
pub fn may_go(kind: Kind, at: Timestamp, now: Timestamp) -> bool {
    match kind {
        Kind::Entries => true,
        Kind::Begin => now.duration_since(at) > KEPT_FOR,
    }
}

/// Of the objects that a run knows, those that a state up to this entry makes superfluous.
pub fn superfluous<'a>(
    links: impl IntoIterator<Item = (u64, &'a Link)>,
    contained: u64,
    now: Timestamp,
) -> impl Iterator<Item = u64> {
    let gone = move |(number, link): &(u64, &Link)| *number <= contained && may_go(link.kind, link.at, now);
    links.into_iter().filter(gone).map(|(number, _)| number)
}

/// Who replaces the state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Writer {
    /// The last entry that the state contained when this run took over.
    pub found: u64,
    /// The number of its seal.
    pub begin: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Replace,
    Look,
}

/// How it ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Committed {
    /// It is durable.
    Done,
    /// A run before this one was late: its state contains no more than this run read when it took over.
    Behind,
    /// A run after this one has written the state.
    Overtaken,
    /// Somebody else has.
    Changed,
    /// Provably nothing was written.
    NotDone,
    /// Nobody knows. Reading the state settles it.
    InDoubt,
}

/// Replaces the state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Commit {
    over: Version,
    writer: Writer,
    /// The last entry that it contains.
    seq: u64,
    phase: Phase,
}

impl Commit {
    /// Over this version, up to this entry.
    pub fn new(over: Version, writer: Writer, seq: u64) -> Commit {
        Commit { over, writer, seq, phase: Phase::Replace }
    }
}

impl Steps for Commit {
    type End = Committed;

    fn ask(&self) -> Ask {
        match self.phase {
            Phase::Replace => Ask::Replace(self.over.clone()),
            Phase::Look => Ask::State,
        }
    }

    fn answer(&mut self, answer: Answer) -> Option<Committed> {
        match (self.phase, answer) {
            (Phase::Replace, Answer::Tried(attempt)) => match attempt {
                Attempt::Done | Attempt::Late => Some(Committed::Done),
                Attempt::NotDone => Some(Committed::NotDone),
                Attempt::InDoubt => Some(Committed::InDoubt),
                Attempt::Refused => {
                    self.phase = Phase::Look;
                    None
                }
            },
            (Phase::Look, Answer::State(seen)) => Some(match seen.contained.filter(|_| seen.version.0.is_some()) {
                // The seal of a run is behind all that its predecessors wrote, and their states contain at least theirs.
                Some(there) if there > self.writer.found && there < self.writer.begin => Committed::Behind,
                Some(there) if there > self.seq => Committed::Overtaken,
                _ => Committed::Changed,
            }),
            // No answer to what was asked.
            _ => None,
        }
    }
}
