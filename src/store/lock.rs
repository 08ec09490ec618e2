//! The lock: the operating system's on `podform.lock`, which dies with its holder. What stands in the file only tells
//! who holds it.

use super::fault::StoreError;
use super::private::{make_directory, options};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io::{Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fmt, fs, thread};
use uuid::Uuid;

/// How long to wait between two tries.
const POLL: Duration = Duration::from_millis(100);

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockInfo {
    /// A UUID; journal entries name it as their run.
    pub id: String,
    /// `apply`.
    pub operation: String,
    /// `user@host`.
    pub who: String,
    /// The process on that host.
    pub pid: u32,
    /// Which podform.
    pub version: String,
    /// Since when.
    pub created: Timestamp,
}

impl LockInfo {
    fn new(operation: &str) -> LockInfo {
        let user = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        LockInfo {
            id: Uuid::new_v4().to_string(),
            operation: operation.to_owned(),
            who: format!("{}@{}", user.unwrap_or("unknown".into()), gethostname::gethostname().to_string_lossy()),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created: Timestamp::now(),
        }
    }

    /// In Terraform's layout.
    pub fn at(&self, path: &Path) -> impl fmt::Display {
        format!(
            "Lock Info:\n  ID:        {}\n  Path:      {}\n  Operation: {}\n  Who:       {}\n  Version:   {}\n  \
             Created:   {}\n  Info:      process {}\n",
            self.id,
            path.display(),
            self.operation,
            self.who,
            self.version,
            self.created,
            self.pid
        )
    }
}

/// The lock of one directory; free again when dropped, or when the process dies.
#[derive(Debug)]
pub struct Lock {
    /// `None` for `-lock=false`.
    file: Option<File>,
    info: LockInfo,
}

impl Lock {
    /// Takes the lock; makes the directory where there is none.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when it is still held after `timeout` (zero: one try); the system's errors.
    pub(super) fn acquire(path: &Path, operation: &str, timeout: Duration) -> Result<Lock, StoreError> {
        let start = Instant::now();
        let failed = |error| StoreError::io("lock the state", path)(error);
        if let Some(directory) = path.parent() {
            make_directory(directory).map_err(StoreError::io("make the state directory", directory))?;
        }
        let mut file = options().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(StoreError::Locked { path: path.to_owned(), holder: read(path).map(Box::new) });
            }
            thread::sleep(POLL.min(left));
        }
        let info = LockInfo::new(operation);
        write(&mut file, &info).map_err(failed)?;
        Ok(Lock { file: Some(file), info })
    }

    /// No lock at all (`-lock=false`).
    pub(super) fn without(operation: &str) -> Lock {
        Lock { file: None, info: LockInfo::new(operation) }
    }

    /// What others see of it.
    pub fn info(&self) -> &LockInfo {
        &self.info
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // The file stays: whoever opened it already would lock a file that nobody else finds.
            let _ = file.set_len(0);
            let _ = file.unlock();
        }
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
fn read(path: &Path) -> Option<LockInfo> {
    let text = fs::read_to_string(path).ok()?;
    serde_json::from_str(&text).ok()
}
