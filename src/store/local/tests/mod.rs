//! The files: crashes, contention, refusals; and the samples of every released version.

mod disk;
mod fence;
mod journal;
mod locks;
mod moved;
mod repair;
mod samples;
mod snapshot;

use super::{Files, write_private};
use crate::state::sample::{LINEAGE, account, intent, state};
use crate::state::{Event, Remains, State, StateError, Verdict, decode, decode_journal, encode};
use crate::store::{LockInfo, LockedStore, Part, Remark, Snapshot, StateStore, StoreError, read};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The files of a directory, each time opened anew; waits for every answer.
#[derive(Clone, Debug)]
struct Store(PathBuf);

/// [`LockedStore`], waiting for every answer.
#[derive(Debug)]
struct Locked {
    store: LockedStore,
    files: Store,
    info: Option<LockInfo>,
}

/// What is recorded, and how it stands in the files.
#[derive(Debug, PartialEq)]
struct Loaded {
    state: State,
    /// The journal holds entries that the snapshot does not.
    journaled: bool,
    /// The journal's last line is not whole.
    torn_tail: bool,
}

fn now<T>(answer: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(answer)
}

impl Store {
    fn files(&self) -> Files {
        Files::new(&self.0)
    }

    fn directory(&self) -> &Path {
        &self.0
    }

    fn state_path(&self) -> PathBuf {
        self.files().state_path()
    }

    fn journal_path(&self) -> PathBuf {
        self.files().journal_path()
    }

    fn lock_path(&self) -> PathBuf {
        self.files().lock_path()
    }

    fn backups_path(&self) -> PathBuf {
        self.0.join("backups")
    }

    fn open_read(&self) -> Result<Loaded, StoreError> {
        let (state, _) = now(read(&self.files()))?;
        let stored = now(self.files().read())?;
        let contained = stored.state.map_or(0, |bytes| decode(&bytes).expect("a state").journal_seq);
        let torn_tail = decode_journal(&stored.journal).torn_tail;
        Ok(Loaded { journaled: state.journal_seq > contained, torn_tail, state })
    }

    fn open(&self, operation: &str, timeout: Option<Duration>) -> Result<(Locked, State), StoreError> {
        let (store, state) = now(LockedStore::open(Box::new(self.files()), operation, timeout))?;
        Ok((Locked { store, files: self.clone(), info: now(self.files().holder())? }, state))
    }

    fn lock(&self, operation: &str, timeout: Duration) -> Result<(Locked, State), StoreError> {
        self.open(operation, Some(timeout))
    }

    fn without_lock(&self, operation: &str) -> Result<(Locked, State), StoreError> {
        self.open(operation, None)
    }

    fn lock_only(&self, operation: &str, timeout: Duration) -> Result<Files, StoreError> {
        let mut files = self.files();
        now(files.lock(&LockInfo::new(operation), timeout))?;
        Ok(files)
    }

    fn force_unlock(&self, id: &str) -> Result<(), StoreError> {
        now(self.files().force_unlock(id))
    }

    fn remains(&self) -> Result<Remains, StoreError> {
        now(self.files().remains())
    }
}

impl Locked {
    fn append(&mut self, events: &[Event]) -> Result<u64, StoreError> {
        now(self.store.append(events))
    }

    fn snapshot(&mut self, state: &mut State) -> Result<(), StoreError> {
        now(self.store.snapshot(state))
    }

    fn put(&mut self, state: &mut State) -> Result<(), StoreError> {
        now(self.store.put(state))
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        self.files.open_read()
    }

    fn info(&self) -> &LockInfo {
        self.info.as_ref().expect("a lock")
    }

    fn dead(&self) -> Option<&LockInfo> {
        self.store.remarks().iter().find_map(|remark| match remark {
            Remark::Died(dead) => Some(&**dead),
            _ => None,
        })
    }
}

fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store(directory.path().join("fleet/state"));
    (directory, store)
}

fn lock(store: &Store) -> Locked {
    store.lock("apply", Duration::ZERO).expect("the lock").0
}

fn begin() -> Event {
    Event::Begin { lineage: LINEAGE.into(), fleet: Some("acme".into()), account: account() }
}

fn opened(claim: &str) -> Event {
    Event::Intent(Box::new(intent(claim, "simplepod_instance.worker[\"c\"]")))
}

fn claims(state: &State) -> Vec<&str> {
    state.open.keys().map(String::as_str).collect()
}

/// A store with a snapshot that contains two entries, and two more in the journal.
fn used(store: &Store) -> State {
    let mut locked = lock(store);
    locked.append(&[begin(), opened("a")]).expect("an append");
    let mut state = locked.load().expect("a state").state;
    locked.snapshot(&mut state).expect("a snapshot");
    locked.append(&[opened("b")]).expect("an append");
    locked.append(&[opened("c")]).expect("an append");
    locked.load().expect("a state").state
}
