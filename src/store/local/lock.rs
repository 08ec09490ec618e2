//! The lock: the operating system's on `podform.lock`, which dies with its holder. What stands in the file only tells
//! who holds it.

use super::private::{make_directory, options};
use crate::store::StoreError;
use crate::store::holder::{LockInfo, host, started};
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
                Ok(()) if !is_at(&file, path) => continue,
                Ok(()) => match left_behind(&mut file) {
                    // Where the lock of another host is not seen here, its text is all there is.
                    Some(other) if !died(&other) => drop(other),
                    dead => break (file, dead),
                },
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(StoreError::Locked { place: path.into(), holder: look(path).map(Box::new) });
            }
            sleep(POLL.min(left)).await;
        };
        // Held since now, however long it was waited for.
        write(&mut file, &LockInfo { created: Timestamp::now(), ..info.clone() }).map_err(failed)?;
        Ok((Lock { file }, dead))
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
        Err(TryLockError::WouldBlock) if holder.host == host() => {
            refuse(format!("the process {} on this host runs and holds it; end that, and the lock is free", holder.pid))
        }
        // The next run makes another file; the other host's lock is on this one.
        Err(TryLockError::WouldBlock) => fs::remove_file(path).map_err(failed),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The file stays: whoever opened it already would lock a file that nobody else finds.
        let _ = self.file.set_len(0);
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
    let text = fs::read_to_string(path).ok()?;
    serde_json::from_str(&text).ok()
}

/// Who did not empty the file at the end.
fn left_behind(file: &mut File) -> Option<LockInfo> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
    serde_json::from_str(&text).ok()
}

fn open(path: &Path) -> std::io::Result<File> {
    options().read(true).write(true).create(true).truncate(false).open(path)
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let own = file.metadata().map(place);
    own.is_ok_and(|own| fs::metadata(path).is_ok_and(|there| place(there) == own))
}

/// Elsewhere a file that is open is not removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// True where its process is known to have ended: it ran on this host, and no process of that number, or a later one,
/// runs here. A file that names no host is of an older version, and the kernel's word counts alone.
fn died(holder: &LockInfo) -> bool {
    let here = holder.host == host() || holder.host.is_empty();
    here && holder.started.as_deref().is_none_or(|own| started(&holder.pid.to_string()).as_deref() != Some(own))
}
