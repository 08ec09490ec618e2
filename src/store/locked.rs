//! Writing what is recorded: the journal during a run, the snapshot at its end.

use super::backend::{Entries, Part, Snapshot, StateStore, Version, Written};
use super::fault::StoreError;
use super::holder::LockInfo;
use super::recorded::{replayed, snapshot};
use crate::state::{Event, State, decode, decode_edited, encode_event};
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::sleep;
use tracing::debug;
use uuid::Uuid;

/// How often a write is tried whose outcome is not known. Each try waits for as long as its store thinks right; a store that
/// does not answer five times in a row is away, and the run stops.
const ATTEMPTS: usize = 5;
/// Between two tries: a connection that broke is made anew by then.
const PAUSE: Duration = Duration::from_secs(1);

/// The only writer of a state and its journal.
#[derive(Debug)]
pub struct LockedStore {
    store: Box<dyn StateStore>,
    /// Who holds it: its id is the run of the entries.
    info: LockInfo,
    /// The run that held the lock before and was killed.
    dead: Option<LockInfo>,
    /// The snapshot that stands there; `None` before the first.
    snapshot: Option<State>,
    version: Version,
    /// The last entry that is durable.
    seq: u64,
    /// The journal holds something.
    journaled: bool,
    /// What another run took over.
    lost: Option<Part>,
}

impl LockedStore {
    /// Takes the lock, waiting for at most `timeout`, and opens the state for writing. Returns what is recorded, too. `None`
    /// takes no lock at all (`-lock=false`).
    ///
    /// # Errors
    /// [`StoreError::Locked`]; what cannot be read or understood, for it must not be overwritten.
    pub async fn open(
        mut store: Box<dyn StateStore>,
        operation: &str,
        timeout: Option<Duration>,
    ) -> Result<(LockedStore, State), StoreError> {
        let info = LockInfo::new(operation);
        let dead = match timeout {
            Some(timeout) => store.lock(&info, timeout).await?,
            None => None,
        };
        let stored = store.take_over().await?;
        let snapshot = snapshot(&*store, &stored)?;
        let state = replayed(&*store, snapshot.clone(), &stored.journal)?;
        let journaled = !stored.journal.is_empty();
        let (version, seq) = (stored.version, state.journal_seq);
        Ok((LockedStore { store, info, dead, snapshot, version, seq, journaled, lost: None }, state))
    }

    /// The run that held the lock before and was killed.
    pub fn dead(&self) -> Option<&LockInfo> {
        self.dead.as_ref()
    }

    /// Whether the journal holds something that other programs do not see, or that no snapshot has taken away yet.
    pub fn is_journaled(&self) -> bool {
        self.journaled
    }

    /// Makes events durable, all of them or none. Returns the sequence number of the last one.
    ///
    /// # Errors
    /// The store's; none of the events then counts as written. [`StoreError::Fenced`]: nothing more can be written.
    pub async fn append(&mut self, events: &[Event]) -> Result<u64, StoreError> {
        let at = Timestamp::now();
        let mut entries = Entries {
            contained: self.snapshot.as_ref().map_or(0, |state| state.journal_seq),
            first: self.seq.saturating_add(1),
            lines: String::new(),
        };
        let mut seq = self.seq;
        for event in events {
            seq = seq.saturating_add(1);
            entries.lines.push_str(&encode_event(seq, at, Some(&self.info.id), event));
        }
        if events.is_empty() {
            return Ok(seq);
        }
        self.fenced()?;
        let mut left = ATTEMPTS;
        loop {
            left = left.saturating_sub(1);
            match self.store.append(&entries).await {
                Written::Done(()) => break,
                Written::NotDone(error) => return Err(error),
                Written::Refused(part) => {
                    self.lost = Some(part);
                    return self.fenced().map(|()| seq);
                }
                Written::InDoubt(error) if left == 0 => return Err(error),
                Written::InDoubt(error) => debug!("the journal, again: {error}"),
            }
            sleep(PAUSE).await;
        }
        for (event, seq) in events.iter().zip(entries.first..) {
            debug!("journal {seq}: {event}");
        }
        self.seq = seq;
        self.journaled = true;
        Ok(seq)
    }

    /// Replaces the snapshot, and empties the journal. Sets `journal_seq` to the last appended entry, raises `serial` where
    /// anything else has changed since the snapshot before, and makes a `lineage` where there is none.
    ///
    /// # Errors
    /// The store's, another lineage, a state that would not be read back, a snapshot that somebody else has changed since it
    /// was read: it is as it was before, `state` is unchanged, and the journal holds what was appended.
    pub async fn snapshot(&mut self, state: &mut State) -> Result<(), StoreError> {
        let mut next = state.clone();
        next.journal_seq = self.seq;
        if next.lineage.is_empty() {
            next.lineage = self.snapshot.as_ref().map_or_else(|| Uuid::new_v4().to_string(), |old| old.lineage.clone());
        }
        next.serial = match &self.snapshot {
            Some(old) if old.lineage != next.lineage => {
                let (found, given) = (old.lineage.clone(), next.lineage);
                return Err(StoreError::Lineage { place: self.store.place(Part::State), found, given });
            }
            Some(old) => {
                let same = State { serial: old.serial, journal_seq: old.journal_seq, ..next.clone() } == *old;
                if same { old.serial } else { old.serial.max(next.serial).saturating_add(1) }
            }
            None => next.serial.saturating_add(1),
        };
        self.replace(next, state).await
    }

    /// Puts another state in the place of the recorded one, journal and all, whatever its lineage and serial are. Only
    /// `journal_seq` becomes ours where it is lower: sequence numbers of a store never repeat.
    ///
    /// # Errors
    /// As [`LockedStore::snapshot`], but for the lineage.
    pub async fn put(&mut self, state: &mut State) -> Result<(), StoreError> {
        self.seq = self.seq.max(state.journal_seq);
        let next = State { journal_seq: self.seq, ..state.clone() };
        self.replace(next, state).await
    }

    async fn replace(&mut self, next: State, state: &mut State) -> Result<(), StoreError> {
        self.fenced()?;
        let unreadable = |what: String| Err(StoreError::Unreadable { place: self.store.place(Part::State), what });
        let new = Snapshot::of(&next);
        match decode(&new.text) {
            Ok(back) if back == next => {}
            Ok(_) => return unreadable("it differs".into()),
            Err(error) => return unreadable(error.to_string()),
        }
        self.version = self.settle(&new).await?;
        self.snapshot = Some(next.clone());
        self.journaled = false;
        *state = next;
        debug!("state: serial {}, up to journal entry {}", state.serial, state.journal_seq);
        Ok(())
    }

    /// Replaces the snapshot; looks whether it was done where the store does not know.
    async fn settle(&mut self, next: &Snapshot) -> Result<Version, StoreError> {
        let mut left = ATTEMPTS;
        loop {
            left = left.saturating_sub(1);
            let doubt = match self.store.replace(&self.version, next).await {
                Written::Done(version) => return Ok(version),
                Written::NotDone(error) => return Err(error),
                Written::Refused(Part::State) => None,
                // Whoever writes without the lock, or edits by hand, is not written over.
                Written::Refused(part) => {
                    return Err(StoreError::Changed { place: self.store.place(part), was: None, found: None });
                }
                Written::InDoubt(error) => Some(error),
            };
            let there = self.store.read().await?;
            match doubt {
                // An attempt before this one was done, for all its answer was lost.
                _ if there.state.as_deref() == Some(next.text.as_bytes()) => return Ok(there.version),
                Some(error) if left == 0 => return Err(error),
                Some(error) => debug!("the state, again: {error}"),
                None => {
                    let named = |state: &State| (state.serial, state.lineage.clone());
                    let found = there.state.and_then(|bytes| decode_edited(bytes).ok());
                    return Err(StoreError::Changed {
                        place: self.store.place(Part::State),
                        was: self.snapshot.as_ref().map(named),
                        found: found.as_ref().map(named),
                    });
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// Whatever was taken over is not this run's to write to.
    fn fenced(&self) -> Result<(), StoreError> {
        match self.lost {
            Some(part) => Err(StoreError::Fenced { place: self.store.place(part) }),
            None => Ok(()),
        }
    }
}
