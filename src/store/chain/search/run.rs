//! One run: it takes over, settles what it finds open, rents where nothing is recorded, and writes the state; some write one
//! before they do anything, too. It may be held up anywhere, for as long as one likes.

use super::super::append::{Append, Appended};
use super::super::ask::{Answer, Ask, Attempt, Steps};
use super::super::commit::{Commit, Committed, Writer, may_go};
use super::super::link::{Kind, Link};
use super::super::walk::{Read, Taker, Walk, Walked};
use super::place::{Design, Entry, Place, Text, Told, version};
use crate::store::Version;
use jiff::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Doing {
    /// It has not begun.
    Idle,
    TakeOver(Walk),
    Append(Append, Link, Entry),
    /// The intent is durable, and nobody had taken over then. The call comes next.
    Call,
    Commit(Commit),
    /// It looks whether its state stands there. `true`: a state before it came late.
    Look(Walk, bool),
    /// These are to be removed.
    Compact(Vec<u64>),
    /// It has ended, was fenced, or is dead.
    Over,
}

/// What may happen to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Answered,
    /// Its answer is lost, and it comes through later, or never.
    Lost,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Run {
    claim: u8,
    pub doing: Doing,
    told: Told,
    next: u64,
    writer: Writer,
    over: Version,
    serial: u8,
    /// Numbers of the chain that it knows of.
    links: Vec<(u64, Kind)>,
    /// It has tried to rent.
    has_rented: bool,
    /// It writes a state before it does anything, and goes on behind it.
    folds: bool,
    /// A state ends before its next number.
    follows_state: bool,
    /// The state as it read it.
    seen: Option<Text>,
}

impl Run {
    pub fn new(claim: u8) -> Run {
        Run {
            claim,
            doing: Doing::Idle,
            told: Told::default(),
            next: 0,
            writer: Writer { found: 0, begin: 0 },
            over: Version::default(),
            serial: 0,
            links: Vec::new(),
            has_rented: false,
            folds: false,
            follows_state: false,
            seen: None,
        }
    }

    /// Runs that are over differ in nothing; of one that only removes, what it knew counts no more.
    fn forget(&mut self) {
        if self.doing == Doing::Over || matches!(self.doing, Doing::Compact(_)) && !self.folds {
            let doing = std::mem::replace(&mut self.doing, Doing::Idle);
            *self = Run { doing, ..Run::new(self.claim) };
        }
    }

    pub fn begin(&mut self, folds: bool) {
        self.folds = folds;
        let taker = Taker { id: format!("b{}", self.claim), run: String::new(), at: Timestamp::UNIX_EPOCH };
        self.doing = Doing::TakeOver(Walk::taking_over(taker));
    }

    /// What it asks for next; nothing where it is to call, to remove, or over.
    pub fn ask(&self) -> Option<Ask> {
        match &self.doing {
            Doing::TakeOver(walk) | Doing::Look(walk, _) => Some(walk.ask()),
            Doing::Append(append, ..) => Some(append.ask()),
            Doing::Commit(commit) => Some(commit.ask()),
            Doing::Idle | Doing::Call | Doing::Compact(_) | Doing::Over => None,
        }
    }

    fn text(&self) -> Text {
        Text { serial: self.serial, contained: self.next - 1, told: self.told }
    }

    /// It dies.
    pub fn die(&mut self) {
        self.doing = Doing::Over;
        self.forget();
    }

    /// Its next request is made. `blocked`: intents whose runs may be about to call, which nobody can say came to nothing.
    pub fn step(&mut self, place: &mut Place, design: Design, fate: Fate, blocked: u8) {
        let Some(ask) = self.ask() else { return };
        let appends = !matches!(self.doing, Doing::TakeOver(_));
        let text = matches!(ask, Ask::Replace(_)).then(|| self.text());
        if ask == Ask::State {
            self.seen = place.text();
        }
        let mut answer = match fate {
            Fate::Answered => place.perform(design, self.claim, appends, &ask, text),
            Fate::Lost => {
                place.send(self.claim, ask, text);
                Answer::Tried(Attempt::InDoubt)
            }
        };
        // An object that stands there is read just before the next one: objects never change, and go from the last to the
        // first, so whatever happens in between could as well have happened before.
        let passes = matches!((&self.doing, &answer), (Doing::TakeOver(_), Answer::Link(Ok(Some(_)))));
        match &mut self.doing {
            Doing::TakeOver(walk) => match walk.answer(answer) {
                None => {}
                Some(Walked::Read(read)) => self.took_over(read, place, (design, blocked)),
                Some(_) => self.doing = Doing::Over,
            },
            Doing::Append(append, link, entry) => {
                // The same object stands there: this design asks no further.
                if design == Design::Unlooked
                    && let (Ask::Create(..), Answer::Tried(Attempt::Done)) = (append.ask(), &answer)
                {
                    *append = Append::new(self.next, link.clone(), false);
                    answer = Answer::Tried(Attempt::Done);
                }
                match append.answer(answer) {
                    None => {}
                    Some(Appended::Done) => {
                        let (link, entry) = (link.clone(), *entry);
                        self.appended(&link, entry, place, (design, blocked));
                    }
                    Some(Appended::InDoubt) => *append = Append::new(self.next, link.clone(), true),
                    Some(Appended::Fenced | Appended::NotDone) => self.doing = Doing::Over,
                }
            }
            Doing::Commit(commit) => match commit.answer(answer) {
                None => {}
                Some(Committed::Done) => self.committed(design),
                Some(Committed::InDoubt | Committed::Changed) => self.doing = Doing::Look(Walk::reading(), false),
                Some(Committed::Behind) => self.doing = Doing::Look(Walk::reading(), true),
                Some(Committed::Overtaken | Committed::NotDone) => self.doing = Doing::Over,
            },
            Doing::Look(walk, is_behind) => {
                let is_behind = *is_behind;
                match walk.answer(answer) {
                    None => {}
                    Some(Walked::Read(read)) => self.looked(read.seen.version, design, is_behind),
                    Some(_) => self.doing = Doing::Over,
                }
            }
            Doing::Idle | Doing::Call | Doing::Compact(_) | Doing::Over => {}
        }
        self.forget();
        if passes {
            self.step(place, design, Fate::Answered, blocked);
        }
    }

    fn took_over(&mut self, read: Read, place: &Place, known: (Design, u8)) {
        let text = self.seen.take();
        self.told = text.map(|text| text.told).unwrap_or_default();
        self.serial = text.map_or(0, |text| text.serial) + 1;
        for (_, link) in &read.links {
            self.told.hear(&link.lines);
        }
        let begin = read.links.iter().rev().find(|(_, link)| link.id == format!("b{}", self.claim));
        self.writer = Writer {
            found: read.seen.contained.unwrap_or_default(),
            begin: begin.map_or(read.next, |(number, _)| *number),
        };
        self.links = read.links.iter().map(|(number, link)| (*number, link.kind)).collect();
        self.next = read.next;
        self.over = read.seen.version;
        match self.folds {
            true => self.commit(),
            false => self.decide(place, known),
        }
    }

    fn commit(&mut self) {
        self.follows_state = true;
        self.doing = Doing::Commit(Commit::new(self.over.clone(), self.writer.clone(), self.next - 1));
    }

    /// What is to be done with what it knows.
    fn decide(&mut self, place: &Place, (design, blocked): (Design, u8)) {
        let open = (0..8).find(|claim| self.told.open & (1 << claim) != 0);
        let entry = match open {
            Some(claim) if place.machines.contains(&claim) => Some(Entry::Recorded(claim)),
            // Proven absent, where its run cannot be about to call. Else it stays in doubt, and this one rents nothing.
            Some(claim) if blocked & (1 << claim) == 0 => Some(Entry::Closed(claim)),
            Some(_) => None,
            None if self.told.recorded == 0 && !self.has_rented => Some(Entry::Intent(self.claim)),
            None => None,
        };
        match entry {
            Some(entry) => {
                let id = format!("{}-{}", self.claim, self.next);
                let link = Link::of_entries(id, self.next, &entry.line(), Timestamp::UNIX_EPOCH);
                let seals = self.follows_state && design != Design::Unsealed;
                let link = if seals { link.sealing() } else { link };
                self.doing = Doing::Append(Append::new(self.next, link.clone(), false), link, entry);
            }
            None => self.commit(),
        }
    }

    fn appended(&mut self, link: &Link, entry: Entry, place: &Place, known: (Design, u8)) {
        self.links.push((self.next, link.kind));
        self.next = link.next;
        self.follows_state = false;
        self.told.hear(&link.lines);
        match entry {
            Entry::Intent(_) => self.doing = Doing::Call,
            Entry::Recorded(_) | Entry::Closed(_) => self.decide(place, known),
        }
    }

    /// The call is sent, and comes through or not.
    pub fn call(&mut self, place: &mut Place, comes_through: bool, (design, blocked): (Design, u8)) {
        self.has_rented = true;
        if comes_through {
            place.machines.push(self.claim);
        }
        self.doing = Doing::Over;
        self.decide(place, (design, blocked & !(1 << self.claim)));
    }

    fn looked(&mut self, version: Version, design: Design, is_behind: bool) {
        match self.seen.take() {
            Some(there) if there == self.text() => self.committed(design),
            Some(there) if is_behind && there.told.all() & !self.told.all() == 0 => {
                self.serial = self.serial.max(there.serial + 1);
                self.over = version;
                self.commit();
            }
            _ if version == self.over => self.commit(),
            _ => self.doing = Doing::Over,
        }
    }

    fn committed(&mut self, design: Design) {
        let goes = |kind: Kind| match design {
            Design::SealsGo => true,
            Design::Chain | Design::Pointer | Design::Unlooked | Design::Unsealed => {
                may_go(kind, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH)
            }
        };
        let gone: Vec<u64> = self.links.iter().filter(|(_, kind)| goes(*kind)).map(|(number, _)| *number).collect();
        if self.folds {
            self.over = version(Some(self.text()));
            self.serial += 1;
            self.writer.found = self.next - 1;
            self.links.retain(|(number, _)| !gone.contains(number));
        }
        let is_over = gone.is_empty() && !self.folds;
        self.doing = if is_over { Doing::Over } else { Doing::Compact(gone) };
    }

    /// Removes the next object that the state contains by now; then it goes on, or is over.
    pub fn compact(&mut self, place: &mut Place, (design, blocked): (Design, u8)) {
        let Doing::Compact(gone) = &mut self.doing else { return };
        if let Some(number) = gone.pop() {
            place.remove(design, self.claim, number);
        }
        if !gone.is_empty() {
            return;
        }
        match std::mem::take(&mut self.folds) {
            true => self.decide(place, (design, blocked)),
            false => self.doing = Doing::Over,
        }
        self.forget();
    }

    /// The intent of a run that may be about to call.
    pub fn blocks(&self) -> u8 {
        if self.doing == Doing::Call { 1 << self.claim } else { 0 }
    }
}
