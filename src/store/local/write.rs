//! Writing what is recorded: the journal during a run, the snapshot at its end.

use super::backups::keep;
use super::lock::Lock;
use super::private::{make_directory, open_append, replace, sweep};
use super::read::{Loaded, Store, read};
use crate::state::{Event, State, decode, decode_edited, decode_journal, encode, encode_entry, encode_event};
use crate::store::{LockInfo, StoreError};
use jiff::Timestamp;
use std::fs::{self, File};
use std::io::{self, Write};
use tracing::debug;
use uuid::Uuid;

/// The only writer of a state and its journal.
#[derive(Debug)]
pub struct LockedStore {
    store: Store,
    lock: Lock,
    /// The snapshot on disk; `None` before the first.
    snapshot: Option<State>,
    /// The state file as it was read or written last; `None` for no file.
    bytes: Option<Vec<u8>>,
    /// The last entry that is durable.
    seq: u64,
    /// Open once something was appended, until the journal is replaced.
    journal: Option<Journal>,
}

/// The open journal and how long it is.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    length: u64,
}

impl LockedStore {
    /// Fails when state or journal are not understood: they must not be written over.
    pub(super) fn open(store: Store, lock: Lock) -> Result<(LockedStore, Loaded), StoreError> {
        sweep(store.directory());
        let mut locked = LockedStore { store, lock, snapshot: None, bytes: None, seq: 0, journal: None };
        let loaded = locked.load()?;
        Ok((locked, loaded))
    }

    /// The directory and its files.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The lock; its id is the run of the entries.
    pub fn info(&self) -> &LockInfo {
        self.lock.info()
    }

    /// The run that held the lock before and was killed.
    pub fn dead(&self) -> Option<&LockInfo> {
        self.lock.dead()
    }

    /// Reads what is recorded.
    ///
    /// # Errors
    /// What cannot be read or understood.
    pub(super) fn load(&mut self) -> Result<Loaded, StoreError> {
        let mut disk = self.store.on_disk()?;
        let (snapshot, bytes) = (disk.snapshot.clone(), disk.bytes.take());
        let path = self.store.journal_path();
        let loaded = disk.loaded().map_err(|error| StoreError::Journal { place: path.as_path().into(), error })?;
        self.snapshot = snapshot;
        self.bytes = bytes;
        self.seq = self.seq.max(loaded.state.journal_seq);
        Ok(loaded)
    }

    /// Makes events durable: one write and one fdatasync for all of them. Returns the sequence number of the last one.
    ///
    /// # Errors
    /// The system's; none of the events then counts as written, and the next append starts from what is on disk.
    pub fn append(&mut self, events: &[Event]) -> Result<u64, StoreError> {
        let at = Timestamp::now();
        let mut text = String::new();
        let mut seq = self.seq;
        for event in events {
            seq = seq.saturating_add(1);
            text.push_str(&encode_event(seq, at, Some(&self.lock.info().id), event));
        }
        if events.is_empty() {
            return Ok(seq);
        }
        let mut journal = match self.journal.take() {
            Some(journal) => journal,
            None => self.open_journal()?,
        };
        let path = self.store.journal_path();
        journal.write(text.as_bytes()).map_err(StoreError::io("write the journal", &path))?;
        self.journal = Some(journal);
        for (event, seq) in events.iter().zip(self.seq.saturating_add(1)..) {
            debug!("journal {seq}: {event}");
        }
        self.seq = seq;
        Ok(seq)
    }

    /// Opens the journal at the end of its last whole entry. What a crash left behind it is cut off, and so are entries
    /// that the snapshot contains already.
    fn open_journal(&self) -> Result<Journal, StoreError> {
        let path = self.store.journal_path();
        let bytes = read(&path).map_err(StoreError::io("read the journal", &path))?.unwrap_or_default();
        let replay = decode_journal(&bytes);
        if let Some(error) = replay.error {
            return Err(StoreError::Journal { place: path.as_path().into(), error });
        }
        let contained = self.snapshot.as_ref().map_or(0, |state| state.journal_seq);
        // Past `seq` stand only entries whose append failed: nobody acted on them.
        let live = |seq| (contained.saturating_add(1)..=self.seq).contains(&seq);
        let kept: String = replay.entries.iter().filter(|entry| live(entry.seq)).map(encode_entry).collect();
        let failed = StoreError::io("write the journal", &path);
        let open = || {
            make_directory(self.store.directory())?;
            if bytes != kept.as_bytes() {
                replace(&path, kept.as_bytes())?;
            }
            let file = open_append(&path)?;
            let length = file.metadata()?.len();
            Ok(Journal::new(file, length))
        };
        open().map_err(failed)
    }

    /// Replaces the state file, keeps a copy among the backups, and empties the journal. Sets `journal_seq` to the
    /// last appended entry, raises `serial` where anything else has changed since the snapshot before, and makes a
    /// `lineage` where there is none.
    ///
    /// # Errors
    /// The system's, another lineage, a state that would not be read back, a file that somebody else has changed since it
    /// was read: the state file is as it was before, `state` is unchanged, and the journal holds what was appended.
    pub fn snapshot(&mut self, state: &mut State) -> Result<(), StoreError> {
        let path = self.store.state_path();
        let mut next = state.clone();
        next.journal_seq = self.seq;
        if next.lineage.is_empty() {
            next.lineage = self.snapshot.as_ref().map_or_else(|| Uuid::new_v4().to_string(), |old| old.lineage.clone());
        }
        next.serial = match &self.snapshot {
            Some(old) if old.lineage != next.lineage => {
                let (found, given) = (old.lineage.clone(), next.lineage);
                return Err(StoreError::Lineage { place: path.as_path().into(), found, given });
            }
            Some(old) => {
                let same = State { serial: old.serial, journal_seq: old.journal_seq, ..next.clone() } == *old;
                if same { old.serial } else { old.serial.max(next.serial).saturating_add(1) }
            }
            None => next.serial.saturating_add(1),
        };
        self.replace(next, state)
    }

    /// Puts another state in the place of the recorded one, journal and all, whatever its lineage and serial are. Only
    /// `journal_seq` becomes ours where it is lower: sequence numbers of a directory never repeat.
    ///
    /// # Errors
    /// As [`LockedStore::snapshot`], but for the lineage.
    pub fn put(&mut self, state: &mut State) -> Result<(), StoreError> {
        self.seq = self.seq.max(state.journal_seq);
        let next = State { journal_seq: self.seq, ..state.clone() };
        self.replace(next, state)
    }

    fn replace(&mut self, next: State, state: &mut State) -> Result<(), StoreError> {
        let path = self.store.state_path();
        let text = encode(&next);
        match decode(&text) {
            Ok(back) if back == next => {}
            Ok(_) => return Err(StoreError::Unreadable { place: path.as_path().into(), what: "it differs".into() }),
            Err(error) => return Err(StoreError::Unreadable { place: path.as_path().into(), what: error.to_string() }),
        }
        let directory = self.store.directory();
        make_directory(directory).map_err(StoreError::io("make the state directory", directory))?;
        self.unchanged()?;
        // First, so that the newest copy is never older than the state.
        let backups = self.store.backups_path();
        keep(directory, &next, &text).map_err(StoreError::io("write a backup of the state", &backups))?;
        replace(&path, text.as_bytes()).map_err(StoreError::io("write the state", &path))?;
        self.bytes = Some(text.into_bytes());
        self.snapshot = Some(next.clone());
        *state = next;
        debug!("state: serial {}, up to journal entry {}", state.serial, state.journal_seq);
        self.empty_journal();
        Ok(())
    }

    /// Whoever writes without the lock, or edits by hand, is not written over.
    fn unchanged(&self) -> Result<(), StoreError> {
        let path = self.store.state_path();
        let bytes = read(&path).map_err(StoreError::io("read the state", &path))?;
        if bytes != self.bytes {
            let found = bytes.and_then(|bytes| decode_edited(bytes).ok());
            let was = self.snapshot.as_ref().map(|state| (state.serial, state.lineage.clone()));
            return Err(StoreError::Changed {
                place: path.as_path().into(),
                was,
                found: found.map(|state| (state.serial, state.lineage)),
            });
        }
        let path = self.store.journal_path();
        let length = fs::metadata(&path).map_or(0, |journal| journal.len());
        match &self.journal {
            Some(own) if own.length != length => {
                Err(StoreError::Changed { place: path.as_path().into(), was: None, found: None })
            }
            _ => Ok(()),
        }
    }

    /// The state contains the journal now. Where it cannot be emptied its entries are skipped by every reader and cut
    /// off by the next append, so that is no failure.
    fn empty_journal(&mut self) {
        self.journal = None;
        let path = self.store.journal_path();
        if fs::metadata(&path).is_ok_and(|journal| journal.len() > 0) {
            let _ = replace(&path, b"");
        }
    }
}

impl Journal {
    pub fn new(file: File, length: u64) -> Journal {
        Journal { file, length }
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            // Half a group must not stay where others would read it; the handle is dropped either way.
            Err(_) => drop(self.file.set_len(self.length)),
        }
        written
    }
}
