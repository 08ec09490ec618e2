//! Whether a place honours the conditions that keep two runs apart: tried out on an object of its own, which goes again.

use super::store::Chain;
use crate::store::{Lock, Objects, StoreError, Tried, Version};
use std::fmt;
use uuid::Uuid;

/// A condition of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// Written only where nothing stands.
    Create,
    /// Replaced only where a version stands.
    Replace,
    /// Removed only where a version stands.
    Remove,
}

impl Condition {
    /// Nothing can be kept where it is ignored. Without the last one a lock is read, compared, and removed.
    pub fn is_needed(self) -> bool {
        match self {
            Condition::Create | Condition::Replace => true,
            Condition::Remove => false,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Condition::Create => "that an object is written only where none is",
            Condition::Replace => "that an object is replaced only where the version stands that was read",
            Condition::Remove => "that an object is removed only where the version stands that was read",
        })
    }
}

/// What is tried next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Trial {
    /// Write this where nothing should be.
    Create(&'static str),
    /// Replace what has this version.
    Replace(Version, &'static str),
    /// Remove what has this version, or whatever stands there.
    Remove(Option<Version>),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done; of a write, the version.
    Done(Option<Version>),
    /// The condition does not hold.
    Refused,
}

/// How it ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Probed {
    /// These are ignored.
    Ignored(Vec<Condition>),
    /// What had to be done was refused: this one is not understood at all.
    Unusable(Condition),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Create,
    CreateAgain,
    Replace,
    ReplaceStale,
    RemoveStale,
    Remove,
    ReplaceAbsent,
    Clean,
}

/// The trials, one after the other. Every text is another one, so that each has a version of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Probe {
    phase: Phase,
    /// The version that stands there, and one that stood there before.
    now: Version,
    stale: Version,
    ignored: Vec<Condition>,
    unusable: Option<Condition>,
}

impl Probe {
    /// Nothing was tried yet.
    pub fn new() -> Probe {
        let (now, stale) = Default::default();
        Probe { phase: Phase::Create, now, stale, ignored: Vec::new(), unusable: None }
    }

    /// What is tried next.
    pub fn ask(&self) -> Trial {
        match self.phase {
            Phase::Create => Trial::Create("1"),
            Phase::CreateAgain => Trial::Create("2"),
            Phase::Replace => Trial::Replace(self.now.clone(), "3"),
            Phase::ReplaceStale => Trial::Replace(self.stale.clone(), "4"),
            Phase::RemoveStale => Trial::Remove(Some(self.stale.clone())),
            Phase::Remove | Phase::Clean => Trial::Remove(None),
            Phase::ReplaceAbsent => Trial::Replace(self.now.clone(), "5"),
        }
    }

    fn ignores(&mut self, condition: Condition) {
        if !self.ignored.contains(&condition) {
            self.ignored.push(condition);
        }
    }

    /// Takes what came of it; returns how it ended, once it has.
    pub fn answer(&mut self, outcome: Outcome) -> Option<Probed> {
        let done = matches!(outcome, Outcome::Done(_));
        self.phase = match self.phase {
            Phase::Create if !done => return Some(Probed::Unusable(Condition::Create)),
            Phase::Create => Phase::CreateAgain,
            Phase::CreateAgain => {
                if done {
                    self.ignores(Condition::Create);
                }
                Phase::Replace
            }
            Phase::Replace if !done => {
                self.unusable = Some(Condition::Replace);
                Phase::Clean
            }
            Phase::Replace => Phase::ReplaceStale,
            Phase::ReplaceStale => {
                if done {
                    self.ignores(Condition::Replace);
                }
                Phase::RemoveStale
            }
            Phase::RemoveStale => {
                if done {
                    self.ignores(Condition::Remove);
                }
                Phase::Remove
            }
            Phase::Remove => Phase::ReplaceAbsent,
            Phase::ReplaceAbsent => {
                if done {
                    self.ignores(Condition::Replace);
                }
                Phase::Clean
            }
            Phase::Clean => {
                let ignored = std::mem::take(&mut self.ignored);
                return Some(self.unusable.map_or(Probed::Ignored(ignored), Probed::Unusable));
            }
        };
        if let Outcome::Done(Some(version)) = outcome {
            self.stale = std::mem::replace(&mut self.now, version);
        }
        None
    }
}

impl Default for Probe {
    fn default() -> Probe {
        Probe::new()
    }
}

impl<O: Objects, L: Lock> Chain<O, L> {
    /// Tries out which conditions the place honours.
    ///
    /// # Errors
    /// It cannot be written there.
    pub async fn probe(&self) -> Result<Probed, StoreError> {
        let key = self.keys.probe(&Uuid::new_v4().to_string());
        let mut probe = Probe::new();
        loop {
            let tried = match probe.ask() {
                Trial::Create(text) => self.objects.create(&key, text.as_bytes()).await.map(Some),
                Trial::Replace(over, text) => self.objects.replace(&key, &over, text.as_bytes()).await.map(Some),
                Trial::Remove(over) => self.objects.remove(&key, over.as_ref()).await.map(|()| None),
            };
            let outcome = match tried {
                Tried::Done(version) => Outcome::Done(version),
                Tried::Refused => Outcome::Refused,
                Tried::NotDone(error) | Tried::InDoubt(error) => return Err(error),
            };
            if let Some(end) = probe.answer(outcome) {
                return Ok(end);
            }
        }
    }
}
