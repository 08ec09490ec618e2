//! What a place for objects can do: eight verbs and a lock. A bucket, a container and a table of a database can all do it, so
//! one protocol keeps a state in any of them.
//!
//! A verb is one attempt, and says what is known of it. Versions are the place's own: an entity tag, a generation, a digest.
//! No two bodies under one key are ever the same, so that equal tags mean the same write.

use super::backend::Version;
use super::fault::StoreError;
use super::holder::LockInfo;
use super::place::Place;
use futures::future::{BoxFuture, FutureExt, ready};
use futures::stream::{self, StreamExt};
use std::fmt::Debug;
use std::sync::Arc;

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Which of those that stood under its key.
    pub version: Version,
}

/// What became of one attempt to change an object.
#[derive(Debug)]
pub enum Tried<T> {
    /// It is durable.
    Done(T),
    /// The condition does not hold: the key is taken, or holds another version, or nothing.
    Refused,
    /// Provably nothing was changed.
    NotDone(StoreError),
    /// Nobody knows: no answer came, or one that says nothing of the effect. Reading the key settles it.
    InDoubt(StoreError),
}

impl<T> Tried<T> {
    /// Why it was not done. Where somebody else did it there is nothing to say.
    pub fn failure(self) -> Option<StoreError> {
        match self {
            Tried::Done(_) | Tried::Refused => None,
            Tried::NotDone(error) | Tried::InDoubt(error) => Some(error),
        }
    }

    /// With something else of what is done.
    pub fn map<U>(self, done: impl FnOnce(T) -> U) -> Tried<U> {
        match self {
            Tried::Done(what) => Tried::Done(done(what)),
            Tried::Refused => Tried::Refused,
            Tried::NotDone(error) => Tried::NotDone(error),
            Tried::InDoubt(error) => Tried::InDoubt(error),
        }
    }
}

/// Where objects are kept under keys.
pub trait Objects: Debug + Send + Sync {
    /// How a person finds the object of a key.
    fn place(&self, key: &str) -> Place;

    /// Reads an object; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>>;

    /// The version of an object, where asking for it is cheaper than reading all of it; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read.
    fn version<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        async { Ok(self.get(key).await?.map(|object| object.version)) }.boxed()
    }

    /// Writes an object where none is. An answer that says that writes met each other proves nothing: that is in doubt.
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>>;

    /// Replaces an object of this version. Refused where there is none, too.
    fn replace<'a>(&'a self, key: &'a str, over: &'a Version, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>>;

    /// Removes an object: the one of this version, or whatever stands there. One that is gone already is done. A place may
    /// ignore the version: whoever must not remove another one looks just before.
    fn remove<'a>(&'a self, key: &'a str, over: Option<&'a Version>) -> BoxFuture<'a, Tried<()>>;

    /// Removes objects, whatever their versions are, as far as that can be done. Why some stay.
    fn remove_all<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Vec<StoreError>> {
        remove_each(self, keys)
    }

    /// The keys that begin with this, all pages of them, in order.
    ///
    /// # Errors
    /// They cannot be read.
    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>>;
}

/// Removes objects, each by a request of its own. Why some stay.
pub fn remove_each<'a, T: Objects + ?Sized>(objects: &'a T, keys: &'a [String]) -> BoxFuture<'a, Vec<StoreError>> {
    let removed = stream::iter(keys).map(|key| objects.remove(key, None)).buffer_unordered(AT_ONCE);
    removed.filter_map(|tried| ready(tried.failure())).collect().boxed()
}

/// Requests that are sent at once for many objects: none of them is large, and no place minds so many.
const AT_ONCE: usize = 16;

/// One client serves chain and lock.
impl<T: Objects + ?Sized> Objects for Arc<T> {
    fn place(&self, key: &str) -> Place {
        (**self).place(key)
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        (**self).get(key)
    }

    fn version<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        (**self).version(key)
    }

    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        (**self).create(key, bytes)
    }

    fn replace<'a>(&'a self, key: &'a str, over: &'a Version, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        (**self).replace(key, over, bytes)
    }

    fn remove<'a>(&'a self, key: &'a str, over: Option<&'a Version>) -> BoxFuture<'a, Tried<()>> {
        (**self).remove(key, over)
    }

    fn remove_all<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Vec<StoreError>> {
        (**self).remove_all(keys)
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        (**self).list(prefix)
    }
}

impl<T: Lock + ?Sized> Lock for Box<T> {
    fn place(&self) -> Place {
        (**self).place()
    }

    fn take<'a>(&'a self, info: &'a LockInfo) -> BoxFuture<'a, Tried<Holding>> {
        (**self).take(info)
    }

    fn holding(&self) -> BoxFuture<'_, Result<Option<Holding>, StoreError>> {
        (**self).holding()
    }

    fn free<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Tried<()>> {
        (**self).free(holding)
    }
}

/// A lock, where others find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Who holds it; `None` where its text is not understood.
    pub info: Option<LockInfo>,
    /// By which ids it may be taken away: that of its text, and the place's own where it has one (a generation).
    pub ids: Vec<String>,
    /// Which lock of those that stood there.
    pub version: Version,
}

impl Holding {
    /// Who holds it, by what is known.
    pub fn holder(self) -> Option<LockInfo> {
        let Holding { info, ids, .. } = self;
        info.or_else(|| ids.into_iter().next().map(LockInfo::nameless))
    }
}

/// The lock of a state, where Terraform has it and as Terraform writes it. It is politeness: what keeps two runs apart is
/// the journal, so it may be broken at any time.
pub trait Lock: Debug + Send + Sync {
    /// How a person finds it.
    fn place(&self) -> Place;

    /// Takes it, once: what this run holds then. Refused where somebody holds it.
    fn take<'a>(&'a self, info: &'a LockInfo) -> BoxFuture<'a, Tried<Holding>>;

    /// Who holds it.
    ///
    /// # Errors
    /// It cannot be read.
    fn holding(&self) -> BoxFuture<'_, Result<Option<Holding>, StoreError>>;

    /// Gives this run's own back, or takes that holding away: refused where another stands there by now. A place that ignores
    /// conditions of removal is looked at just before; it has no more than that.
    fn free<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Tried<()>>;
}
