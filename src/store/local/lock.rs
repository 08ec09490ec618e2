//! The lock: the operating system's on `podform.lock`, which dies with its holder. What stands in the file only tells
//! who holds it.

use super::private::{FileId, make_directory, options, read, regular, restrict, target};
use crate::store::StoreError;
use crate::store::holder::{LockInfo, started};
use jiff::Timestamp;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two tries: nobody notices it, and it costs nothing.
const POLL: Duration = Duration::from_millis(100);

/// The lock of one directory; free again when dropped, or when the process dies.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    /// Of the run.
    id: String,
}

impl Lock {
    /// Takes the lock; makes the directory where there is none. Returns who held it before and died with it, too.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when it is still held after `timeout` (zero: one try); the system's errors.
    pub async fn acquire(
        path: &Path,
        info: &LockInfo,
        timeout: Duration,
    ) -> Result<(Lock, Option<LockInfo>), StoreError> {
        let start = Instant::now();
        let failed = |error| StoreError::io("lock the state", path)(error);
        if let Some(directory) = path.parent() {
            make_directory(directory).map_err(StoreError::io("make the state directory", directory))?;
        }
        let (mut file, dead) = loop {
            let mut file = open(path).map_err(failed)?;
            match file.try_lock() {
                // Somebody may have removed the file between the opening and the locking.
                Ok(()) if !is_at(&file, path).map_err(failed)? => continue,
                Ok(()) => match left_behind(&mut file) {
                    // Where the lock of another host is not seen here, its text is all there is.
                    Some(other) if !other.has_died(info, started(&other.pid.to_string()).as_deref()) => drop(other),
                    dead => break (file, dead),
                },
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                let holder = look(path).map(Box::new);
                return Err(StoreError::Locked { place: path.into(), holder, outlives: false });
            }
            sleep(POLL.min(left)).await;
        };
        // Held since now, however long it was waited for.
        write(&mut file, &LockInfo { created: Timestamp::now(), ..info.clone() }).map_err(failed)?;
        Ok((Lock { file, id: info.id.clone() }, dead))
    }

    /// Whether the file at the path is this one still, and names this run.
    pub fn stands(&self, path: &Path) -> std::io::Result<bool> {
        Ok(is_at(&self.file, path)? && self.names_this_run()?)
    }

    fn names_this_run(&self) -> std::io::Result<bool> {
        let (mut file, mut text) = (&self.file, String::new());
        file.rewind()?;
        file.read_to_string(&mut text)?;
        Ok(serde_json::from_str(&text).is_ok_and(|holder: LockInfo| holder.id == self.id))
    }
}

/// Takes a lock away from the run whose id is given.
///
/// # Errors
/// [`StoreError::Unlock`] where nobody holds it, the id is another's, or its process runs on this host; the system's.
pub(super) fn force_unlock(path: &Path, id: &str) -> Result<(), StoreError> {
    let failed = |error| StoreError::io("unlock the state", path)(error);
    let refuse = |why: String| Err(StoreError::Unlock { place: path.into(), why });
    let Some(holder) = look(path) else { return refuse("nobody holds it".into()) };
    if holder.id != id {
        return refuse(format!("its id is {}, not {id}", holder.id));
    }
    let file = open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => file.set_len(0).map_err(failed),
        Err(TryLockError::Error(error)) => Err(failed(error)),
        Err(TryLockError::WouldBlock) if runs_here(&holder) => {
            refuse(format!("the process {} on this host runs and holds it; end that, and the lock is free", holder.pid))
        }
        // The next run makes another file; the other host's lock is on this one.
        Err(TryLockError::WouldBlock) => target(path).and_then(fs::remove_file).map_err(failed),
    }
}

/// Whether the kernel that keeps its lock is this one.
fn runs_here(holder: &LockInfo) -> bool {
    let here = LockInfo::new("force-unlock");
    holder.is_under(&here).unwrap_or(holder.host == here.host)
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The file stays: whoever opened it already would lock a file that nobody else finds. What it says is another's
        // where the lock was taken away.
        if self.names_this_run().unwrap_or_default() {
            let _ = self.file.set_len(0);
        }
        let _ = self.file.unlock();
    }
}

fn write(file: &mut File, info: &LockInfo) -> std::io::Result<()> {
    let mut text = serde_json::to_string_pretty(info)?;
    text.push('\n');
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}

/// Who holds it, as far as the file tells: the holder may be about to write it.
pub(super) fn look(path: &Path) -> Option<LockInfo> {
    serde_json::from_slice(&read(path).ok()??).ok()
}

/// Who did not empty the file at the end.
fn left_behind(file: &mut File) -> Option<LockInfo> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
    serde_json::from_str(&text).ok()
}

fn open(path: &Path) -> std::io::Result<File> {
    regular(path)?;
    let file = options().read(true).write(true).create(true).truncate(false).open(path)?;
    restrict(&file);
    Ok(file)
}

fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    match fs::metadata(path) {
        Ok(there) => Ok(FileId::of(&file.metadata()?) == FileId::of(&there)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
