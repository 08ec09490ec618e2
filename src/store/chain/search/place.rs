//! The place and the account, as few numbers: what a request changes there, and what a later session would know.

use super::super::ask::{Answer, Ask, Attempt, Seen};
use super::super::link::{Kind, Link};
use crate::store::Version;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// How runs write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Design {
    /// As the product does.
    Chain,
    /// Whoever commits removes the seals, too.
    SealsGo,
    /// Each run has a chain of its own, and an object points to the last one. Nobody seals the one before.
    Pointer,
    /// Who missed an answer writes again and believes that one.
    Unlooked,
    /// Who goes on behind a state that it wrote sets no seal there.
    Unsealed,
}

/// Claims, one bit each: the run of a number rents with that claim, once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Told {
    /// Intents without an answer.
    pub open: u8,
    /// Machines that are recorded.
    pub recorded: u8,
    /// Intents that were given up: nothing came of them.
    pub closed: u8,
}

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Entry {
    Intent(u8),
    Recorded(u8),
    Closed(u8),
}

impl Entry {
    pub fn line(self) -> String {
        match self {
            Entry::Intent(claim) => format!("i{claim}\n"),
            Entry::Recorded(claim) => format!("r{claim}\n"),
            Entry::Closed(claim) => format!("c{claim}\n"),
        }
    }
}

impl Told {
    pub fn hear(&mut self, lines: &str) {
        for line in lines.lines() {
            let Some(claim) = line.get(1..).and_then(|claim| claim.parse::<u8>().ok()) else { continue };
            let bit = 1 << claim;
            match line.as_bytes()[0] {
                b'i' => self.open |= bit,
                b'r' => {
                    self.open &= !bit;
                    self.recorded |= bit;
                }
                _ => {
                    self.open &= !bit;
                    self.closed |= bit;
                }
            }
        }
    }

    /// All that it was told of.
    pub fn all(self) -> u8 {
        self.open | self.recorded | self.closed
    }
}

/// The text of a state. Equal texts have the same version, as on S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Text {
    pub serial: u8,
    pub contained: u64,
    pub told: Told,
}

/// An object of the chain. What the seal of a run that takes over says is of no concern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Object {
    id: String,
    kind: Kind,
    next: u64,
    lines: String,
}

/// A request that may still come through, though nobody waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flying {
    run: u8,
    ask: Ask,
    text: Option<Text>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Place {
    state: Option<Text>,
    links: BTreeMap<(u8, u64), Object>,
    /// Whose chain is the last, where there are several.
    pointer: u8,
    pub flying: Vec<Flying>,
    /// Machines, by claim.
    pub machines: Vec<u8>,
}

/// The version of a state of this text.
pub(super) fn version(text: Option<Text>) -> Version {
    Version(text.map(|Text { serial, contained, told: Told { open, recorded, closed } }| {
        format!("{serial}.{contained}.{open}.{recorded}.{closed}")
    }))
}

impl Place {
    pub fn text(&self) -> Option<Text> {
        self.state
    }

    pub fn version(&self) -> Version {
        version(self.state)
    }

    /// Whose chain a run reads, or writes.
    fn chain(&self, design: Design, run: u8, appends: bool) -> u8 {
        match design {
            Design::Pointer if appends => run,
            Design::Pointer => self.pointer,
            Design::Chain | Design::SealsGo | Design::Unlooked | Design::Unsealed => 0,
        }
    }

    /// Does what is asked for.
    pub fn perform(&mut self, design: Design, run: u8, appends: bool, ask: &Ask, text: Option<Text>) -> Answer {
        match ask {
            Ask::State => {
                let contained = Some(self.state.map_or(0, |text| text.contained));
                Answer::State(Seen { version: self.version(), contained })
            }
            Ask::Version => Answer::Version(self.version()),
            Ask::Link(number) => {
                let chain = self.chain(design, run, appends);
                let link = self.links.get(&(chain, *number)).cloned().map(|object| Link {
                    id: object.id,
                    kind: object.kind,
                    next: object.next,
                    at: Timestamp::UNIX_EPOCH,
                    lines: object.lines,
                });
                Answer::Link(Ok(link))
            }
            Ask::Create(number, link) => {
                let chain = self.chain(design, run, true);
                if self.links.contains_key(&(chain, *number)) {
                    return Answer::Tried(Attempt::Refused);
                }
                let takes_over = link.lines.starts_with('{');
                let lines = if takes_over { String::new() } else { link.lines.clone() };
                let object = Object { id: link.id.clone(), kind: link.kind, next: link.next, lines };
                self.links.insert((chain, *number), object);
                if takes_over {
                    self.pointer = run;
                }
                Answer::Tried(Attempt::Done)
            }
            Ask::Replace(over) if *over != self.version() => Answer::Tried(Attempt::Refused),
            Ask::Replace(_) => {
                self.state = text;
                Answer::Tried(Attempt::Done)
            }
        }
    }

    /// Nobody waits for it any more.
    pub fn send(&mut self, run: u8, ask: Ask, text: Option<Text>) {
        self.flying.push(Flying { run, ask, text });
    }

    /// A request that nobody waits for comes through.
    pub fn land(&mut self, design: Design, index: usize) {
        let Flying { run, ask, text } = self.flying.remove(index);
        self.perform(design, run, true, &ask, text);
    }

    pub fn remove(&mut self, design: Design, run: u8, number: u64) {
        let chain = self.chain(design, run, true);
        self.links.remove(&(chain, number));
    }

    /// What a session would know that takes over now.
    pub fn known(&self, design: Design) -> Told {
        let mut told = self.state.map(|text| text.told).unwrap_or_default();
        let mut number = self.state.map_or(0, |text| text.contained) + 1;
        let chain = self.chain(design, 0, false);
        while let Some(object) = self.links.get(&(chain, number)) {
            told.hear(&object.lines);
            number = object.next;
        }
        told
    }
}
