//! The one trait between us and where a state lives.
//!
//! A store keeps two things: the snapshot, replaced as a whole by whoever names the version that it read, and the journal,
//! which only grows, group by group. Whoever took the journal over last may write to it; all others are refused. That is the
//! fence (invariant 14): every append proves first that lock and journal are this run's still. A run that is refused keeps
//! what it did beside, for whoever comes next. A write is one attempt, and says what is known of it, as a call to the
//! account does.

use super::fault::StoreError;
use super::holder::LockInfo;
use super::place::{Part, Place};
use crate::state::{Remains, State, encode};
use futures::future::{BoxFuture, FutureExt, ready};
use jiff::Timestamp;
use std::fmt::Debug;
use std::time::Duration;

/// Which snapshot stands there: two that differ in a byte have different versions. The default is that of none at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Version(pub Option<String>);

/// Snapshot and journal as they stood together at one moment.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// The snapshot; `None` before the first.
    pub state: Option<Vec<u8>>,
    /// Its version, for whoever took it over.
    pub version: Version,
    /// The journal, one entry a line.
    pub journal: Vec<u8>,
    /// What runs kept that lost their lock.
    pub kept: Vec<Kept>,
    /// The highest number of an entry that was once written behind all of this: the snapshot was put back to an older one.
    /// `None` where there is none, and where the store cannot tell.
    pub beyond: Option<u64>,
}

/// What a run kept beside that lost its lock: a journal of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its run, by the id of the lock.
    pub run: String,
    /// Where it stands.
    pub place: Place,
    /// One entry a line.
    pub bytes: Vec<u8>,
}

/// A snapshot that stood there once, and of which the store kept a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// Where the copy stands.
    pub place: Place,
    /// By which the store finds it.
    pub key: String,
    /// Its serial, as the store knows it without reading it; `None` where only its text tells.
    pub serial: Option<u64>,
    /// When it was written, where the store knows that.
    pub at: Option<Timestamp>,
}

/// How what was read last stands there, against how this run would write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Just so.
    Current,
    /// Nothing stands there, and what is written will be encrypted.
    First,
    /// In clear, and it is encrypted when it is written next.
    Clear,
    /// With a plain sum, and it gets a keyed one when it is written next.
    Unkeyed,
    /// Encrypted with a key, or by a method, that is used no more.
    Former,
}

/// Copies of snapshots: where, and their bytes.
pub type Copies = Vec<(Place, Vec<u8>)>;

/// Entries that become durable together, or not at all.
#[derive(Clone, Debug)]
pub struct Entries {
    /// The last entry that the snapshot contains: the journal need not hold any up to it.
    pub contained: u64,
    /// The number of the first entry. Whatever the journal holds from it on is of an append that failed, and goes.
    pub first: u64,
    /// The entries, one a line.
    pub lines: String,
}

/// A snapshot that is to be written.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Its serial, for the name of its copy.
    pub serial: u64,
    /// The last entry that it contains.
    pub seq: u64,
    /// Its text. No two differ in nothing but their place: serial or last entry tell them apart.
    pub text: String,
}

impl Snapshot {
    /// Of a state.
    pub fn of(state: &State) -> Snapshot {
        Snapshot { serial: state.serial, seq: state.journal_seq, text: encode(state) }
    }
}

/// What became of one attempt to write.
#[derive(Debug)]
pub enum Written<T> {
    /// It is durable.
    Done(T),
    /// Provably nothing was written.
    NotDone(StoreError),
    /// Nothing was written, for somebody else has changed this part meanwhile. Whoever is refused must stop.
    Refused(Part),
    /// Nothing was written, for a run before this one wrote its snapshot after this one took over. Whoever knows all that
    /// stands there may write over it.
    Behind,
    /// Nobody knows. The same write again settles it: it is refused, or done once.
    InDoubt(StoreError),
}

/// Where the state of one fleet lives, as one run sees it.
pub trait StateStore: Debug + Send + Sync {
    /// How a person finds a part of it.
    fn place(&self, part: Part) -> Place;

    /// Whether entries name the snapshot that they continue, because nothing but that ties the two to each other.
    fn names_snapshots(&self) -> bool {
        true
    }

    /// Between the beginnings of two appends at least. Whoever asks meanwhile shares the next: a server that answers within a
    /// millisecond would else be written hundreds of groups a second, each with a head of its own. Ten calls at once that take
    /// 20 ms hide it.
    fn pace(&self) -> Duration {
        Duration::from_millis(5)
    }

    /// Whether a snapshot must have a new serial though nothing but its place in the journal is new.
    fn needs_new_serials(&self) -> bool {
        false
    }

    /// How the snapshot stands there, as it was read last. One that stands there otherwise than it would be written is
    /// written anew by the next run that may.
    fn form(&self) -> Form {
        Form::Current
    }

    /// Reads without a lock, also while another run writes.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&self) -> BoxFuture<'_, Result<Stored, StoreError>>;

    /// Takes the journal over, and reads what this run goes on from. Runs before it are refused from then on where the
    /// store can see to that; the lock keeps it from happening to one that is alive.
    ///
    /// # Errors
    /// It cannot be read.
    fn take_over(&mut self) -> BoxFuture<'_, Result<Stored, StoreError>>;

    /// Appends to the journal, provided that it is still this run's. It must be awaited to its end: what was begun goes on
    /// without anybody who waits.
    fn append<'a>(&'a mut self, entries: &'a Entries) -> BoxFuture<'a, Written<()>>;

    /// Keeps entries beside that could not be appended any more, in the place of those that this run kept before. Needs no
    /// lock: nobody else keeps any under its name. Returns where.
    ///
    /// # Errors
    /// It cannot be written.
    fn keep<'a>(&'a mut self, run: &'a str, lines: &'a str) -> BoxFuture<'a, Result<Place, StoreError>>;

    /// Takes away what runs kept, where it is this still. One that stays is taken up once more, and changes nothing.
    fn discard<'a>(&'a mut self, kept: &'a [Kept]) -> BoxFuture<'a, ()>;

    /// Copies of snapshots whose name says that they are newer than this serial and this last entry.
    ///
    /// # Errors
    /// They cannot be read.
    fn newer(&self, serial: u64, seq: u64) -> BoxFuture<'_, Result<Copies, StoreError>>;

    /// The copies that are kept, the newest first; most stores keep that of the snapshot that stands there, too. A store that keeps
    /// none says so by an empty list.
    ///
    /// # Errors
    /// They cannot be listed.
    fn history(&self) -> BoxFuture<'_, Result<Vec<Former>, StoreError>> {
        ready(Ok(Vec::new())).boxed()
    }

    /// The text of a copy of [`StateStore::history`]; `None` where it is gone by now.
    ///
    /// # Errors
    /// It cannot be read.
    fn former<'a>(&'a self, _former: &'a Former) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        ready(Ok(None)).boxed()
    }

    /// Replaces the snapshot of this version, keeps a copy, and empties the journal of what the new one contains.
    fn replace<'a>(&'a mut self, over: &'a Version, next: &'a Snapshot) -> BoxFuture<'a, Written<Version>>;

    /// Takes the lock, waiting for at most `timeout` (zero: one try). Returns who held it before and died with it.
    ///
    /// # Errors
    /// [`StoreError::Locked`]; it cannot be written.
    fn lock<'a>(
        &'a mut self,
        info: &'a LockInfo,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Option<LockInfo>, StoreError>>;

    /// Gives this run's lock back; does nothing where it holds none. Where a lock dies with its run, dropping the store does
    /// the same.
    ///
    /// # Errors
    /// It cannot be given back, and stays until somebody takes it away.
    fn unlock(&mut self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Whether it holds a lock that stays when the store is dropped.
    fn holds_what_outlives_it(&self) -> bool {
        false
    }

    /// Who holds the lock, or died with it.
    ///
    /// # Errors
    /// It cannot be read.
    fn holder(&self) -> BoxFuture<'_, Result<Option<LockInfo>, StoreError>>;

    /// Takes the lock away from a run that is known to have died, by the id of the lock.
    ///
    /// # Errors
    /// [`StoreError::Unlock`] where nobody holds it, the id is another's, or its run is known to be alive.
    fn force_unlock<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Everything as it is, understood or not.
    ///
    /// # Errors
    /// It cannot be read. Copies that cannot be read count as empty.
    fn remains(&self) -> BoxFuture<'_, Result<Remains, StoreError>>;

    /// Keeps snapshot and journal beside as they are, and puts this snapshot in their place. Only under the lock. Returns
    /// where they are kept.
    ///
    /// # Errors
    /// It cannot be written: whatever was there is there still, at one place or the other.
    fn mend<'a>(&'a mut self, next: &'a Snapshot) -> BoxFuture<'a, Result<Vec<Place>, StoreError>>;
}
