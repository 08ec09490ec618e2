//! A state on such a server, as one run sees it.

use super::document::{Beside, Document, Journal, live};
use super::server::{JOURNAL, KEPT, Posted, Proof, STATE, Server};
use crate::lang::hex;
use crate::state::Remains;
use crate::store::chain::contained;
use crate::store::{
    Copies, Entries, Kept, LockInfo, Part, Place, Snapshot, StateStore, StoreError, Stored, Version, Written,
};
use futures::future::{BoxFuture, FutureExt, join, ready};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// One state, with its journal beside it.
#[derive(Debug)]
pub struct Web {
    pub(super) server: Arc<Server>,
    /// The lock that this run took, as it took it.
    pub(super) held: Option<LockInfo>,
    /// And that of its journal.
    pub(super) holds_journal: bool,
    /// The server gives nobody a lock that is held, not even its holder.
    pub(super) is_exclusive: bool,
    pub(super) turn: Option<Turn>,
}

/// What a run knows that took the journal over.
#[derive(Debug)]
pub(super) struct Turn {
    /// What it wrote last beside the state.
    pub written: Document<Journal>,
    /// What it tried, and nobody knows what came of it.
    pub pending: Option<Document<Journal>>,
    /// Whose journal this run took over, if that one held the lock too: its last write may be on its way still.
    pub over: Option<String>,
    /// The state that stood there last.
    pub version: Version,
    /// The server refuses a write by whoever does not hold the lock, and this run holds it: nobody else can write.
    pub is_guarded: bool,
}

/// What stands there.
pub(super) struct There {
    pub stored: Stored,
    /// The last entry that the state contains; `None` where it is none of ours.
    pub contained: Option<u64>,
    pub journal: Option<Document<Journal>>,
}

impl Web {
    pub(super) fn new(server: Arc<Server>) -> Web {
        Web { server, held: None, holds_journal: false, is_exclusive: false, turn: None }
    }

    /// By whom this run writes.
    pub(super) fn id(&self) -> Option<&str> {
        self.held.as_ref().map(|held| held.id.as_str())
    }

    /// What it loses where it may write no more.
    pub(super) fn lost(&self) -> Part {
        if self.held.is_some() { Part::Lock } else { Part::Journal }
    }

    /// The journal first, and what runs kept: whatever goes from there is in the state by then, so both are one moment.
    pub(super) async fn look(&self) -> Result<There, StoreError> {
        let (journal, kept) = join(self.server.get(JOURNAL), self.server.get(KEPT)).await;
        let (journal, kept) = (journal?, kept?);
        let state = self.server.get(STATE).await?;
        let damage =
            |ending: &'static str| move |error| StoreError::Journal { place: self.server.place(ending), error };
        let journal = journal.map(|bytes| Document::<Journal>::read(&bytes)).transpose().map_err(damage(JOURNAL))?;
        let kept = kept.map(|bytes| Document::<Beside>::read(&bytes)).transpose().map_err(damage(KEPT))?;
        let contained = contained(state.as_deref().unwrap_or_default());
        let mut stored = Stored { version: version(state.as_deref()), state, ..Stored::default() };
        if let Some(Document { ours, .. }) = &journal {
            let lines = live(&ours.journal, contained.unwrap_or_default());
            let reached = contained.unwrap_or_default().saturating_add(lines.len().try_into().unwrap_or(u64::MAX));
            stored.journal = lines.concat().into_bytes();
            stored.beyond = Some(ours.last).filter(|last| contained.is_some() && *last > reached);
        }
        stored.kept = kept.map(|kept| self.kept_of(&kept.ours)).unwrap_or_default();
        Ok(There { stored, contained, journal })
    }

    async fn commit(&mut self, over: &Version, next: &Snapshot) -> Written<Version> {
        let Some(turn) = &self.turn else { return Written::Refused(Part::Journal) };
        // What stands there is compared before each write: the server compares nothing.
        if !turn.is_guarded {
            let is_own = match self.is_own_turn().await {
                Ok(false) => self.take_back().await,
                own => own,
            };
            match is_own {
                Ok(true) => {}
                Ok(false) => return Written::Refused(self.lost()),
                Err(error) => return Written::NotDone(error),
            }
            match self.prove(STATE).await {
                Ok(Proof::Own | Proof::Silent) => {}
                Ok(Proof::Lost) => return Written::Refused(Part::Lock),
                Err(error) => return Written::NotDone(error),
            }
        }
        match self.server.get(STATE).await {
            Ok(there) if version(there.as_deref()) == *over => {}
            Ok(_) => return Written::Refused(Part::State),
            Err(error) => return Written::NotDone(error),
        }
        let refused = match self.server.post(STATE, self.id(), &next.text).await {
            Posted::Done => return self.committed(next),
            Posted::NotDone(error) => return Written::NotDone(error),
            Posted::InDoubt(error) => return Written::InDoubt(error),
            Posted::Locked(error) => match self.prove(STATE).await {
                Ok(Proof::Own) => error,
                Ok(Proof::Lost | Proof::Silent) => return Written::Refused(self.lost()),
                Err(error) => return Written::InDoubt(error),
            },
            Posted::Stale(error) => error,
        };
        // An attempt before this one may have come through.
        match self.server.get(STATE).await {
            Ok(Some(there)) if there == next.text.as_bytes() => self.committed(next),
            Ok(there) if version(there.as_deref()) != *over => Written::Refused(Part::State),
            Ok(_) => Written::NotDone(refused),
            Err(error) => Written::InDoubt(error),
        }
    }

    fn committed(&mut self, next: &Snapshot) -> Written<Version> {
        let version = version(Some(next.text.as_bytes()));
        if let Some(turn) = &mut self.turn {
            turn.version = version.clone();
        }
        Written::Done(version)
    }
}

impl StateStore for Web {
    fn place(&self, part: Part) -> Place {
        match part {
            Part::State => self.server.place(STATE),
            Part::Journal => self.server.place(JOURNAL),
            Part::Lock => self.server.lock_place(STATE),
        }
    }

    /// Servers that keep versions keep one of each serial.
    fn needs_new_serials(&self) -> bool {
        true
    }

    fn holds_what_outlives_it(&self) -> bool {
        self.held.is_some()
    }

    fn read(&self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        async { Ok(self.look().await?.stored) }.boxed()
    }

    fn take_over(&mut self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        self.begin().boxed()
    }

    fn append<'a>(&'a mut self, entries: &'a Entries) -> BoxFuture<'a, Written<()>> {
        self.append_entries(entries).boxed()
    }

    fn keep<'a>(&'a mut self, run: &'a str, lines: &'a str) -> BoxFuture<'a, Result<Place, StoreError>> {
        self.keep_beside(run, lines).boxed()
    }

    fn discard<'a>(&'a mut self, kept: &'a [Kept]) -> BoxFuture<'a, ()> {
        self.discard_beside(kept).boxed()
    }

    /// There are none: the server keeps versions of its own, which this protocol does not show.
    fn newer(&self, _serial: u64, _seq: u64) -> BoxFuture<'_, Result<Copies, StoreError>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn replace<'a>(&'a mut self, over: &'a Version, next: &'a Snapshot) -> BoxFuture<'a, Written<Version>> {
        self.commit(over, next).boxed()
    }

    fn lock<'a>(
        &'a mut self,
        info: &'a LockInfo,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Option<LockInfo>, StoreError>> {
        async move { self.take_lock(info, timeout).await.map(|()| None) }.boxed()
    }

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.give_back().boxed()
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<LockInfo>, StoreError>> {
        self.who_holds().boxed()
    }

    fn force_unlock<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.take_away(id).boxed()
    }

    fn remains(&self) -> BoxFuture<'_, Result<Remains, StoreError>> {
        self.everything().boxed()
    }

    fn mend<'a>(&'a mut self, next: &'a Snapshot) -> BoxFuture<'a, Result<Vec<Place>, StoreError>> {
        self.set_right(next).boxed()
    }
}

/// No two snapshots have the same bytes.
pub(super) fn version(bytes: Option<&[u8]>) -> Version {
    Version(bytes.map(|bytes| hex(&Sha256::digest(bytes))))
}
