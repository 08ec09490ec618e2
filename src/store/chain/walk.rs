//! Reading state and chain as they stood together, and taking the chain over.
//!
//! The chain is read from the first entry that the state does not contain to the first number under which nothing stands.
//! There whoever takes over sets its seal: the run before it would have written there, and is refused from now on. Then the
//! version of the state is looked at again. Where it is another one, what was read may have had a hole that another run's
//! compaction made, and all of it is read anew.
//!
//! Right behind a state there is no such hole: what stands there is a seal, whoever wrote it. So whoever only reads, and finds
//! nothing there, has read both as they stood together, and asks no more. Whoever takes over tries that place at once.

use super::ask::{Answer, Ask, Attempt, Seen, Steps};
use super::link::Link;
use jiff::Timestamp;

/// How often a write without an answer is tried: as often as a run tries its own.
const ATTEMPTS: usize = 5;
/// How often all of it is read anew because the state was replaced meanwhile. Each time a run has written a whole snapshot;
/// so many in a row are no accident.
const RETRIES: usize = 50;

/// Who takes over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Taker {
    /// The unique id of its seal.
    pub id: String,
    /// Its run.
    pub run: String,
    /// When it began.
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    State,
    Walk,
    Begin,
    Settle,
    Check,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// The state.
    pub seen: Seen,
    /// The chain behind it, with the number of each object.
    pub links: Vec<(u64, Link)>,
    /// The number under which nothing stands yet.
    pub next: u64,
}

impl Read {
    /// The highest number that was written, as a seal tells that leads over a gap: no state since contains it.
    pub fn led_over(&self) -> Option<u64> {
        let leads = |(number, link): &&(u64, Link)| {
            let count = u64::try_from(link.lines.lines().count()).unwrap_or(u64::MAX);
            link.next > number.saturating_add(count)
        };
        self.links.iter().rev().find(leads).map(|(_, link)| link.next.saturating_sub(1))
    }
}

/// How reading ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Walked {
    /// It was read, and taken over where that was wanted.
    Read(Read),
    /// The state does not say what it contains: nothing was taken over.
    Foreign(Seen),
    /// The object under this number is not understood: nothing was taken over.
    Damaged(Seen, u64, String),
    /// The seal could not be written.
    NotDone,
    /// Nobody knows whether the seal was written. It does no harm.
    InDoubt,
    /// The state was replaced again and again.
    Busy,
}

/// Reads, and takes over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Walk {
    taker: Option<Taker>,
    phase: Phase,
    read: Read,
    attempts: usize,
    retries: usize,
}

impl Walk {
    /// Only reads.
    pub fn reading() -> Walk {
        let read = Read { seen: Seen { version: Default::default(), contained: None }, links: Vec::new(), next: 1 };
        Walk { taker: None, phase: Phase::State, read, attempts: 0, retries: 0 }
    }

    /// Takes over.
    pub fn taking_over(taker: Taker) -> Walk {
        Walk { taker: Some(taker), ..Walk::reading() }
    }

    fn is_own(&self, link: &Link) -> bool {
        self.taker.as_ref().is_some_and(|taker| taker.id == link.id)
    }

    /// The number is taken by this one.
    fn pass(&mut self, link: Link) {
        let number = std::mem::replace(&mut self.read.next, link.next);
        self.read.links.push((number, link));
    }

    fn begin(&self, taker: &Taker) -> Link {
        Link::of_begin((taker.id.clone(), &taker.run), self.read.next.saturating_add(1), taker.at)
    }

    fn damaged(&self, what: String) -> Option<Walked> {
        Some(Walked::Damaged(self.read.seen.clone(), self.read.next, what))
    }
}

impl Steps for Walk {
    type End = Walked;

    fn ask(&self) -> Ask {
        let next = self.read.next;
        match (self.phase, &self.taker) {
            (Phase::State, _) => Ask::State,
            (Phase::Begin, Some(taker)) => Ask::Create(next, self.begin(taker)),
            (Phase::Walk | Phase::Settle | Phase::Begin, _) => Ask::Link(next),
            (Phase::Check, _) => Ask::Version,
        }
    }

    fn answer(&mut self, answer: Answer) -> Option<Walked> {
        match (self.phase, answer) {
            (Phase::State, Answer::State(seen)) => {
                let Some(contained) = seen.contained else { return Some(Walked::Foreign(seen)) };
                self.read = Read { seen, links: Vec::new(), next: contained.saturating_add(1) };
                self.phase = if self.taker.is_some() { Phase::Begin } else { Phase::Walk };
            }
            (Phase::Walk | Phase::Settle, Answer::Link(Err(what))) => return self.damaged(what),
            (Phase::Walk | Phase::Settle, Answer::Link(Ok(Some(link)))) if link.next <= self.read.next => {
                return self.damaged("it leads back".into());
            }
            (Phase::Walk, Answer::Link(Ok(Some(link)))) => self.pass(link),
            (Phase::Walk, Answer::Link(Ok(None))) if self.taker.is_none() && self.read.links.is_empty() => {
                return Some(Walked::Read(self.read.clone()));
            }
            (Phase::Walk, Answer::Link(Ok(None))) => {
                let sealed = self.read.links.last().is_some_and(|(_, last)| self.is_own(last));
                self.phase = if sealed || self.taker.is_none() { Phase::Check } else { Phase::Begin };
            }
            (Phase::Begin, Answer::Tried(Attempt::Done | Attempt::Late)) => {
                if let Some(begin) = self.taker.as_ref().map(|taker| self.begin(taker)) {
                    self.pass(begin);
                }
                self.phase = Phase::Check;
            }
            (Phase::Begin, Answer::Tried(Attempt::NotDone)) => return Some(Walked::NotDone),
            (Phase::Begin, Answer::Tried(Attempt::Refused | Attempt::InDoubt)) => {
                self.attempts += 1;
                if self.attempts > ATTEMPTS {
                    return Some(Walked::InDoubt);
                }
                self.phase = Phase::Settle;
            }
            // Where the seal came to stand all the same the walk meets it.
            (Phase::Settle, Answer::Link(Ok(Some(link)))) => {
                self.pass(link);
                self.attempts = 0;
                self.phase = Phase::Walk;
            }
            (Phase::Settle, Answer::Link(Ok(None))) => self.phase = Phase::Begin,
            (Phase::Check, Answer::Version(version)) if version == self.read.seen.version => {
                return Some(Walked::Read(self.read.clone()));
            }
            (Phase::Check, Answer::Version(_)) => {
                self.retries += 1;
                if self.retries > RETRIES {
                    return Some(Walked::Busy);
                }
                self.phase = Phase::State;
            }
            // No answer to what was asked.
            _ => {}
        }
        None
    }
}
