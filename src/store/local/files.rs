//! The files of one fleet, and how each is read and replaced.

use super::backups;
use super::journal::Journal;
use super::lock::{self, Lock};
use super::private::{make_directory, read, replace, sweep};
use crate::lang::hex;
use crate::state::Remains;
use crate::store::{Entries, LockInfo, Part, Place, Snapshot, StateStore, StoreError, Stored, Version, Written};
use futures::future::{BoxFuture, FutureExt, ready};
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often a reader starts anew because the state was replaced under its eyes. Each time a run has written a whole
/// snapshot meanwhile; so many in a row are no accident.
const RETRIES: usize = 50;

/// The directory that holds the state of one fleet: `<fleet>/state`, or `<fleet>/state/sandbox`. It need not exist yet.
#[derive(Debug)]
pub struct Files {
    directory: PathBuf,
    /// Free again when dropped, by whoever still writes too.
    lock: Option<Arc<Lock>>,
    /// Open once something was appended, until it is emptied.
    journal: Option<Journal>,
}

impl Files {
    /// The files of a directory.
    pub fn new(directory: impl Into<PathBuf>) -> Files {
        Files { directory: directory.into(), lock: None, journal: None }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// `podform.state.json`.
    pub fn state_path(&self) -> PathBuf {
        self.directory.join("podform.state.json")
    }

    /// `podform.journal`.
    pub fn journal_path(&self) -> PathBuf {
        self.directory.join("podform.journal")
    }

    /// `podform.lock`.
    pub fn lock_path(&self) -> PathBuf {
        self.directory.join("podform.lock")
    }

    /// A journal is emptied only after the state that contains it was replaced. So one that was read while the state
    /// stayed the same belongs to that state.
    fn read_both(&self) -> Result<Stored, StoreError> {
        let (state_path, journal_path) = (self.state_path(), self.journal_path());
        let state = || read(&state_path).map_err(StoreError::io("read the state", &state_path));
        let mut before = state()?;
        for _ in 0..RETRIES {
            let journal = read(&journal_path).map_err(StoreError::io("read the journal", &journal_path))?;
            let after = state()?;
            if before == after {
                return Ok(Stored {
                    version: version(after.as_deref()),
                    state: after,
                    journal: journal.unwrap_or_default(),
                });
            }
            before = after;
        }
        Err(StoreError::Busy { place: self.place(Part::State) })
    }

    /// On a thread of its own: an apply goes on meanwhile, so that whatever asks to be written then shares the next write.
    async fn append_to_journal(&mut self, entries: &Entries) -> Written<()> {
        let (path, open, entries) = (self.journal_path(), self.journal.take(), entries.clone());
        // A run that is interrupted drops what waits for this, and the lock with it, while the thread goes on.
        let lock = self.lock.clone();
        let append = move || {
            let _lock = lock;
            let mut journal = open.map_or_else(|| Journal::open(&path, &entries), Ok)?;
            journal.write(entries.lines.as_bytes()).map_err(StoreError::io("write the journal", &path))?;
            Ok(journal)
        };
        match tokio::task::spawn_blocking(append).await {
            Ok(Ok(journal)) => {
                self.journal = Some(journal);
                Written::Done(())
            }
            Ok(Err(error)) => Written::NotDone(error),
            // The next attempt opens it anew, and cuts off what this one may have written.
            Err(error) => {
                Written::InDoubt(StoreError::io("write the journal", &self.journal_path())(io::Error::other(error)))
            }
        }
    }

    /// Which of the two somebody else has changed since this version was read.
    fn changed(&self, since: &Version) -> Result<Option<Part>, StoreError> {
        let path = self.state_path();
        let bytes = read(&path).map_err(StoreError::io("read the state", &path))?;
        if version(bytes.as_deref()) != *since {
            return Ok(Some(Part::State));
        }
        let journal = self.journal.as_ref();
        Ok(journal.is_some_and(|own| !own.is_whole(&self.journal_path())).then_some(Part::Journal))
    }

    fn replace_state(&mut self, over: &Version, next: &Snapshot) -> Result<Written<Version>, StoreError> {
        make_directory(&self.directory).map_err(StoreError::io("make the state directory", &self.directory))?;
        if let Some(part) = self.changed(over)? {
            return Ok(Written::Refused(part));
        }
        self.write_state(next)?;
        // The state contains the journal now. Where it cannot be emptied its entries are skipped by every reader and cut
        // off by the next append, so that is no failure.
        self.journal = None;
        let path = self.journal_path();
        if fs::metadata(&path).is_ok_and(|journal| journal.len() > 0) {
            let _ = replace(&path, b"");
        }
        Ok(Written::Done(version(Some(next.text.as_bytes()))))
    }

    /// First a copy, so that the newest one is never older than the state.
    pub(super) fn write_state(&self, next: &Snapshot) -> Result<(), StoreError> {
        let copies = backups::directory(&self.directory);
        backups::keep(&copies, next).map_err(StoreError::io("write a backup of the state", &copies))?;
        let path = self.state_path();
        replace(&path, next.text.as_bytes()).map_err(StoreError::io("write the state", &path))
    }
}

/// All but the appends blocks, and no longer than a disk takes; only for the lock others are waited for.
impl StateStore for Files {
    fn place(&self, part: Part) -> Place {
        let path = match part {
            Part::State => self.state_path(),
            Part::Journal => self.journal_path(),
            Part::Lock => self.lock_path(),
        };
        path.as_path().into()
    }

    fn read(&self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        async { self.read_both() }.boxed()
    }

    fn take_over(&mut self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        async {
            sweep(&self.directory);
            self.read_both()
        }
        .boxed()
    }

    fn append<'a>(&'a mut self, entries: &'a Entries) -> BoxFuture<'a, Written<()>> {
        self.append_to_journal(entries).boxed()
    }

    fn replace<'a>(&'a mut self, over: &'a Version, next: &'a Snapshot) -> BoxFuture<'a, Written<Version>> {
        async { self.replace_state(over, next).unwrap_or_else(Written::NotDone) }.boxed()
    }

    fn lock<'a>(
        &'a mut self,
        info: &'a LockInfo,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Option<LockInfo>, StoreError>> {
        async move {
            let (lock, dead) = Lock::acquire(&self.lock_path(), info, timeout).await?;
            self.lock = Some(Arc::new(lock));
            Ok(dead)
        }
        .boxed()
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<LockInfo>, StoreError>> {
        ready(Ok(lock::look(&self.lock_path()))).boxed()
    }

    fn force_unlock<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        async { lock::force_unlock(&self.lock_path(), id) }.boxed()
    }

    fn remains(&self) -> BoxFuture<'_, Result<Remains, StoreError>> {
        async { self.all() }.boxed()
    }

    fn mend<'a>(&'a mut self, next: &'a Snapshot) -> BoxFuture<'a, Result<Vec<Place>, StoreError>> {
        async { self.set_right(next) }.boxed()
    }
}

fn version(bytes: Option<&[u8]>) -> Version {
    Version(bytes.map(|bytes| hex(&Sha256::digest(bytes))))
}
