//! What a step wants done, and what came of it. A step asks for one thing at a time and does nothing itself, so that the
//! driver, the simulation and the exhaustive search run the same code.

use super::link::Link;
use crate::store::Version;

/// One request to the place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Read the state.
    State,
    /// Tell the version of the state.
    Version,
    /// Read the object of the chain under a number.
    Link(u64),
    /// Write an object of the chain where none is.
    Create(u64, Link),
    /// Replace the state of this version by the one that is to be written.
    Replace(Version),
}

/// The state as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seen {
    /// Its version.
    pub version: Version,
    /// The last entry that it contains; `None` where its text does not say.
    pub contained: Option<u64>,
}

/// What came of one attempt to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attempt {
    /// It is durable.
    Done,
    /// It is durable, and the answer took so long that another run may have gone on meanwhile.
    Late,
    /// The condition does not hold.
    Refused,
    /// Provably nothing was changed.
    NotDone,
    /// Nobody knows.
    InDoubt,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Of [`Ask::State`].
    State(Seen),
    /// Of [`Ask::Version`].
    Version(Version),
    /// Of [`Ask::Link`]: nothing, an object, or why it is not understood.
    Link(Result<Option<Link>, String>),
    /// Of [`Ask::Create`] and [`Ask::Replace`].
    Tried(Attempt),
}

/// A part of the protocol.
pub trait Steps {
    /// How it ends.
    type End;

    /// What it wants next; the same until that is answered.
    fn ask(&self) -> Ask;

    /// Takes the answer; returns how it ended, once it has.
    fn answer(&mut self, answer: Answer) -> Option<Self::End>;
}
