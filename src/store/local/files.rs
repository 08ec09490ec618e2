//! The files of one fleet, and how each is read and replaced.

use super::backups;
use super::journal::Journal;
use super::lock::{self, Lock};
use super::private::{Stamp, make_directory, read, replace, sweep};
use crate::lang::hex;
use crate::state::Remains;
use crate::store::{
    Copies, Entries, Former, Kept, LockInfo, Part, Place, Snapshot, StateStore, StoreError, Stored, Version, Written,
};
use futures::future::{BoxFuture, FutureExt, ready};
use sha2::{Digest, Sha256};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often a reader starts anew because the state was replaced under its eyes. Each time a run has written a whole
/// snapshot meanwhile; so many in a row are no accident.
const RETRIES: usize = 50;

/// What the state is called in a directory of its own.
const STATE: &str = "podform.state.json";

/// The directory that holds the state of one fleet: `<fleet>/state`, or `<fleet>/state/sandbox`; or one state among other
/// files. Nothing need exist yet.
#[derive(Debug)]
pub struct Files {
    directory: PathBuf,
    /// The state.
    state: PathBuf,
    /// What the names of its neighbours begin with.
    stem: OsString,
    /// Where the copies of states are.
    copies: PathBuf,
    /// Free again when dropped, by whoever still writes too.
    lock: Option<Arc<Lock>>,
    /// As it was taken over, or written last.
    journal: Journal,
    /// This run writes. Who only reads does without versions: the digest of a large state takes as long as reading it.
    is_writer: bool,
}

/// What this run holds, and where that must stand (invariant 14).
struct Fence {
    lock: Option<Arc<Lock>>,
    lock_path: PathBuf,
    journal_path: PathBuf,
}

impl Fence {
    /// What is not this run's any more.
    fn lost(&self, journal: &Journal) -> Result<Option<Part>, StoreError> {
        let lock = self.lock.as_ref().map_or(Ok(true), |lock| lock.stands(&self.lock_path));
        if !lock.map_err(StoreError::io("read the lock", &self.lock_path))? {
            return Ok(Some(Part::Lock));
        }
        let stands = journal.stands(&self.journal_path);
        let stands = stands.map_err(StoreError::io("read the journal", &self.journal_path))?;
        Ok((!stands).then_some(Part::Journal))
    }

    /// Appends; `None` where it is done. What was taken away meanwhile is told, too: the call that follows must not be sent.
    fn append(&self, journal: &mut Journal, entries: &Entries) -> Result<Option<Part>, StoreError> {
        if let Some(part) = self.lost(journal)? {
            return Ok(Some(part));
        }
        journal.append(&self.journal_path, entries)?;
        self.lost(journal)
    }
}

impl Files {
    /// The files of a directory.
    pub fn new(directory: impl Into<PathBuf>) -> Files {
        let directory = directory.into();
        let (state, copies) = (directory.join(STATE), directory.join("backups"));
        Files {
            directory,
            state,
            stem: "podform".into(),
            copies,
            lock: None,
            journal: Journal::default(),
            is_writer: false,
        }
    }

    /// A state of any name, whose neighbours' names begin with that: `x.tfstate`, `x.tfstate.journal`, `x.tfstate.lock`,
    /// and `x.tfstate.backups/`. One in a directory of its own, by its usual name, is found as ever.
    pub fn at(state: &Path) -> Files {
        let directory = state.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = state.file_name().unwrap_or_default();
        if name == STATE {
            return Files::new(directory);
        }
        let mut copies = name.to_owned();
        copies.push(".backups");
        let copies = directory.join(copies);
        Files { state: state.to_owned(), stem: name.to_owned(), copies, ..Files::new(directory) }
    }

    /// `podform.` and so on.
    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.stem.clone();
        name.push(ending);
        self.directory.join(name)
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// `podform.state.json`.
    pub fn state_path(&self) -> PathBuf {
        self.state.clone()
    }

    /// `podform.journal`.
    pub fn journal_path(&self) -> PathBuf {
        self.beside(".journal")
    }

    /// `podform.lock`.
    pub fn lock_path(&self) -> PathBuf {
        self.beside(".lock")
    }

    /// `podform.journal.RUN`.
    pub(super) fn kept_path(&self, run: &str) -> PathBuf {
        self.beside(&format!(".journal.{run}"))
    }

    /// Where the copies of states are.
    pub(super) fn copies(&self) -> &Path {
        &self.copies
    }

    /// What runs kept that lost their lock, by the names of the files.
    pub(super) fn kept(&self) -> Result<Vec<Kept>, StoreError> {
        let mut kept = Vec::new();
        let journal = self.beside(".journal.");
        let before = journal.file_name().and_then(OsStr::to_str).unwrap_or_default();
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            // Whoever put one aside called it otherwise.
            let Some(run) = name.to_str().and_then(|name| name.strip_prefix(before)).filter(|run| is_run(run)) else {
                continue;
            };
            let path = self.kept_path(run);
            // One that was just taken up is gone.
            let bytes = read(&path).map_err(StoreError::io("read what a run kept", &path))?;
            let place = path.as_path().into();
            kept.extend(bytes.map(|bytes| Kept { run: run.to_owned(), place, bytes }));
        }
        kept.sort_by(|a, b| a.run.cmp(&b.run));
        Ok(kept)
    }

    /// A journal is emptied only after the state that contains it was replaced. So one that was read while the state
    /// stayed the same belongs to that state.
    fn read_both(&self) -> Result<Stored, StoreError> {
        let (state_path, journal_path) = (self.state_path(), self.journal_path());
        let stamp = || Stamp::of(&state_path).map_err(StoreError::io("read the state", &state_path));
        let mut before = stamp()?;
        for _ in 0..RETRIES {
            let state = read(&state_path).map_err(StoreError::io("read the state", &state_path))?;
            let journal = read(&journal_path).map_err(StoreError::io("read the journal", &journal_path))?;
            let after = stamp()?;
            if before == after {
                return Ok(Stored {
                    version: version(state.as_deref().filter(|_| self.is_writer)),
                    state,
                    journal: journal.unwrap_or_default(),
                    kept: self.kept()?,
                    beyond: None,
                });
            }
            before = after;
        }
        Err(StoreError::Busy { place: self.place(Part::State) })
    }

    fn fence(&self) -> Fence {
        Fence { lock: self.lock.clone(), lock_path: self.lock_path(), journal_path: self.journal_path() }
    }

    /// On a thread of its own: an apply goes on meanwhile, so that whatever asks to be written then shares the next write.
    async fn append_to_journal(&mut self, entries: &Entries) -> Written<()> {
        // A run that is interrupted drops what waits for this, while the thread goes on with the lock that the fence holds.
        let (fence, mut journal, entries) = (self.fence(), self.journal.clone(), entries.clone());
        let append = move || {
            let appended = fence.append(&mut journal, &entries);
            (journal, appended)
        };
        match tokio::task::spawn_blocking(append).await {
            Ok((journal, appended)) => {
                self.journal = journal;
                match appended {
                    Ok(None) => Written::Done(()),
                    Ok(Some(part)) => Written::Refused(part),
                    Err(error) => Written::NotDone(error),
                }
            }
            Err(error) => {
                Written::InDoubt(StoreError::io("write the journal", &self.journal_path())(io::Error::other(error)))
            }
        }
    }

    /// What is not this run's any more, or was changed by somebody since this version was read.
    fn changed(&self, since: &Version) -> Result<Option<Part>, StoreError> {
        if let Some(part) = self.fence().lost(&self.journal)? {
            return Ok(Some(part));
        }
        let path = self.state_path();
        let bytes = read(&path).map_err(StoreError::io("read the state", &path))?;
        Ok((version(bytes.as_deref()) != *since).then_some(Part::State))
    }

    fn replace_state(&mut self, over: &Version, next: &Snapshot) -> Result<Written<Version>, StoreError> {
        make_directory(&self.directory).map_err(StoreError::io("make the state directory", &self.directory))?;
        if let Some(part) = self.changed(over)? {
            return Ok(Written::Refused(part));
        }
        self.write_state(next)?;
        // The state contains the journal now. Where it cannot be emptied its entries are skipped by every reader and cut
        // off by the next append, so that is no failure.
        let path = self.journal_path();
        if fs::metadata(&path).is_ok_and(|journal| journal.len() > 0) {
            let _ = replace(&path, b"");
        }
        let there = fs::metadata(&path).map_or(0, |journal| usize::try_from(journal.len()).unwrap_or(usize::MAX));
        self.journal = Journal::known(&path, there).map_err(StoreError::io("read the journal", &path))?;
        Ok(Written::Done(version(Some(next.text.as_bytes()))))
    }

    /// First a copy, so that the newest one is never older than the state.
    pub(super) fn write_state(&self, next: &Snapshot) -> Result<(), StoreError> {
        let copies = &self.copies;
        backups::keep(copies, next).map_err(StoreError::io("write a backup of the state", copies))?;
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

    /// A line more costs nothing here.
    fn pace(&self) -> Duration {
        Duration::ZERO
    }

    fn read(&self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        async { self.read_both() }.boxed()
    }

    fn take_over(&mut self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        async {
            for path in [self.state_path(), self.journal_path()] {
                sweep(&path);
            }
            self.is_writer = true;
            let stored = self.read_both()?;
            let path = self.journal_path();
            let journal = Journal::known(&path, stored.journal.len());
            self.journal = journal.map_err(StoreError::io("open the journal", &path))?;
            Ok(stored)
        }
        .boxed()
    }

    fn keep<'a>(&'a mut self, run: &'a str, lines: &'a str) -> BoxFuture<'a, Result<Place, StoreError>> {
        let path = self.kept_path(run);
        async move {
            let kept = make_directory(&self.directory).and_then(|()| replace(&path, lines.as_bytes()));
            kept.map_err(StoreError::io("keep what this run did", &path))?;
            Ok(path.as_path().into())
        }
        .boxed()
    }

    fn discard<'a>(&'a mut self, kept: &'a [Kept]) -> BoxFuture<'a, ()> {
        for Kept { run, bytes, .. } in kept {
            let path = self.kept_path(run);
            if read(&path).is_ok_and(|there| there.as_ref() == Some(bytes)) {
                let _ = fs::remove_file(path);
            }
        }
        ready(()).boxed()
    }

    fn newer(&self, serial: u64, seq: u64) -> BoxFuture<'_, Result<Copies, StoreError>> {
        let copies = backups::list(&self.copies).into_iter();
        let newer = copies.filter(|copy| copy.serial > serial || copy.seq > seq).map(|copy| {
            let bytes = read(&copy.path).map_err(StoreError::io("read a backup of the state", &copy.path))?;
            Ok((copy.path.as_path().into(), bytes.unwrap_or_default()))
        });
        ready(newer.collect()).boxed()
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<Former>, StoreError>> {
        let former = |copy: backups::Backup| Former {
            place: copy.path.as_path().into(),
            key: copy.path.to_string_lossy().into_owned(),
            serial: Some(copy.serial),
            at: copy.written(),
        };
        ready(Ok(backups::list(&self.copies).into_iter().map(former).collect())).boxed()
    }

    fn former<'a>(&'a self, former: &'a Former) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        let path = Path::new(&former.key);
        ready(read(path).map_err(StoreError::io("read a backup of the state", path))).boxed()
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

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.lock = None;
        ready(Ok(())).boxed()
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

fn is_run(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

fn version(bytes: Option<&[u8]>) -> Version {
    Version(bytes.map(|bytes| hex(&Sha256::digest(bytes))))
}
