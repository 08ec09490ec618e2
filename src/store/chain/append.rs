//! Appending: one object, written where none is. The number is the fence: whoever took over since stands there.

use super::ask::{Answer, Ask, Attempt, Steps};
use super::link::Link;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Create,
    Settle { refused: bool },
    Look,
}

/// How an append ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Appended {
    /// It is durable, and nobody had taken over.
    Done,
    /// Another run took over.
    Fenced,
    /// Provably nothing was written.
    NotDone,
    /// Nobody knows. The same again settles it.
    InDoubt,
}

/// Appends an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Append {
    number: u64,
    link: Link,
    /// An attempt under this number was not answered.
    again: bool,
    phase: Phase,
}

impl Append {
    /// Under a number. `again`: something was tried under it before, and nobody knows what came of it.
    pub fn new(number: u64, link: Link, again: bool) -> Append {
        Append { number, link, again, phase: Phase::Create }
    }

    /// It stands there. An answer that was missed or late proves no more that nobody has taken over since, been through with
    /// it and even removed what was appended: whoever did so left its seal behind it.
    fn done(&mut self) -> Option<Appended> {
        self.phase = Phase::Look;
        None
    }
}

impl Steps for Append {
    type End = Appended;

    fn ask(&self) -> Ask {
        match self.phase {
            Phase::Create => Ask::Create(self.number, self.link.clone()),
            Phase::Settle { .. } => Ask::Link(self.number),
            Phase::Look => Ask::Link(self.link.next),
        }
    }

    fn answer(&mut self, answer: Answer) -> Option<Appended> {
        match (self.phase, answer) {
            (Phase::Create, Answer::Tried(attempt)) => match attempt {
                Attempt::Done if !self.again => Some(Appended::Done),
                Attempt::Done | Attempt::Late => self.done(),
                Attempt::NotDone if !self.again => Some(Appended::NotDone),
                Attempt::NotDone => Some(Appended::InDoubt),
                Attempt::Refused | Attempt::InDoubt => {
                    self.phase = Phase::Settle { refused: attempt == Attempt::Refused };
                    None
                }
            },
            (Phase::Settle { .. }, Answer::Link(Ok(Some(there)))) if there.id == self.link.id => self.done(),
            (Phase::Settle { .. }, Answer::Link(Ok(Some(_)) | Err(_))) => Some(Appended::Fenced),
            // Something stood there, and whoever contains it has removed it.
            (Phase::Settle { refused: true }, Answer::Link(Ok(None))) => Some(Appended::Fenced),
            (Phase::Settle { refused: false }, Answer::Link(Ok(None))) => Some(Appended::InDoubt),
            (Phase::Look, Answer::Link(Ok(None))) => Some(Appended::Done),
            (Phase::Look, Answer::Link(_)) => Some(Appended::Fenced),
            // No answer to what was asked.
            _ => None,
        }
    }
}
