//! Reading what is recorded: the snapshot with the journal replayed onto it.

use super::lock::Lock;
use super::write::LockedStore;
use crate::state::{Replay, State, decode, decode_journal};
use crate::store::{LockInfo, StoreError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

/// How often a reader starts anew because the state was replaced under its eyes.
const RETRIES: usize = 50;

/// The directory that holds the state of one fleet: `<fleet>/state`, or `<fleet>/state/sandbox`.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
}

/// What is recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The snapshot with the journal replayed onto it.
    pub state: State,
    /// The journal holds entries that the snapshot does not: a run is under way, or ended before its snapshot.
    pub journaled: bool,
    /// The journal's last line is not whole: a run is writing it, or died while it did.
    pub torn_tail: bool,
}

/// Snapshot and journal as they stand on disk.
pub(super) struct OnDisk {
    /// The bytes of the state file; `None` for no file.
    pub bytes: Option<Vec<u8>>,
    pub snapshot: Option<State>,
    pub replay: Replay,
}

impl OnDisk {
    pub fn loaded(self) -> Result<Loaded, crate::state::JournalDamage> {
        let mut state = self.snapshot.unwrap_or_default();
        let contained = state.journal_seq;
        state.replay(self.replay.entries)?;
        Ok(Loaded { journaled: state.journal_seq > contained, torn_tail: self.replay.torn_tail, state })
    }
}

impl Store {
    /// The store of a directory, which need not exist yet.
    pub fn new(directory: impl Into<PathBuf>) -> Store {
        Store { directory: directory.into() }
    }

    /// `podform.state.json`.
    pub fn state_path(&self) -> PathBuf {
        self.directory.join("podform.state.json")
    }

    /// `backups`: copies of the last states.
    pub fn backups_path(&self) -> PathBuf {
        super::backups::directory(&self.directory)
    }

    /// `podform.journal`.
    pub fn journal_path(&self) -> PathBuf {
        self.directory.join("podform.journal")
    }

    /// `podform.lock`.
    pub fn lock_path(&self) -> PathBuf {
        self.directory.join("podform.lock")
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Reads without a lock; what it returns was recorded at one moment, even while an apply runs. Nothing on disk is an
    /// empty state.
    ///
    /// # Errors
    /// What cannot be read or understood.
    pub fn open_read(&self) -> Result<Loaded, StoreError> {
        let journal = self.journal_path();
        self.on_disk()?.loaded().map_err(|error| StoreError::Journal { place: journal.as_path().into(), error })
    }

    /// Takes the lock, waiting for at most `timeout`, and opens the state for writing. Returns what is recorded, too.
    ///
    /// # Errors
    /// [`StoreError::Locked`]; what cannot be read or understood, for it must not be overwritten.
    pub fn lock(&self, operation: &str, timeout: Duration) -> Result<(LockedStore, Loaded), StoreError> {
        LockedStore::open(self.clone(), self.lock_only(operation, timeout)?)
    }

    /// Opens the state for writing without a lock (`-lock=false`).
    ///
    /// # Errors
    /// As [`Store::lock`], but for the lock.
    pub fn without_lock(&self, operation: &str) -> Result<(LockedStore, Loaded), StoreError> {
        LockedStore::open(self.clone(), Lock::without(operation))
    }

    /// Takes the lock and reads nothing: for the repair of a state that is not understood.
    ///
    /// # Errors
    /// [`StoreError::Locked`] and the system's.
    pub fn lock_only(&self, operation: &str, timeout: Duration) -> Result<Lock, StoreError> {
        Lock::acquire(&self.lock_path(), operation, timeout)
    }

    /// Who holds the lock, or died with it, as far as its file tells.
    pub fn holder(&self) -> Option<LockInfo> {
        super::lock::look(&self.lock_path())
    }

    /// Takes the lock away from a run that is known to have died, by the id of the lock.
    ///
    /// # Errors
    /// [`StoreError::Unlock`] where nobody holds it, the id is another's, or its process runs on this host; the system's.
    pub fn force_unlock(&self, id: &str) -> Result<(), StoreError> {
        super::lock::force_unlock(&self.lock_path(), id)
    }

    /// A journal is emptied only after the state that contains it was replaced. So one that was read while the state
    /// stayed the same belongs to that state.
    pub(super) fn on_disk(&self) -> Result<OnDisk, StoreError> {
        let (state_path, journal_path) = (self.state_path(), self.journal_path());
        let state = || read(&state_path).map_err(StoreError::io("read the state", &state_path));
        let mut before = state()?;
        for _ in 0..RETRIES {
            let journal = read(&journal_path).map_err(StoreError::io("read the journal", &journal_path))?;
            let after = state()?;
            if before == after {
                return self.understand(before, journal.unwrap_or_default());
            }
            before = after;
        }
        Err(StoreError::Busy { place: state_path.as_path().into() })
    }

    fn understand(&self, bytes: Option<Vec<u8>>, journal: Vec<u8>) -> Result<OnDisk, StoreError> {
        let decoded = bytes.as_deref().map(decode).transpose();
        let snapshot =
            decoded.map_err(|error| StoreError::State { place: self.state_path().as_path().into(), error })?;
        let mut replay = decode_journal(&journal);
        match replay.error.take() {
            Some(error) => Err(StoreError::Journal { place: self.journal_path().as_path().into(), error }),
            None => Ok(OnDisk { bytes, snapshot, replay }),
        }
    }
}

pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
