//! Copies of the last states, in `backups/`: the newest is written just before the state itself, so that it is at least
//! as new.

use super::private::{make_directory, replace};
use crate::store::Snapshot;
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

/// How many are kept: enough to find the one before a bad day, few enough for a large fleet.
pub(super) const KEPT: usize = 10;

/// A copy of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backup {
    /// The file.
    pub path: PathBuf,
    /// The serial of the state, as its name says.
    pub serial: u64,
    /// The last journal entry that it contains, as its name says.
    pub seq: u64,
    modified: SystemTime,
}

impl Backup {
    /// When it was written, as the disk says.
    pub fn written(&self) -> Option<Timestamp> {
        Timestamp::try_from(self.modified).ok()
    }
}

/// Writes the copy of a state, and removes the oldest beyond [`KEPT`].
pub(super) fn keep(directory: &Path, state: &Snapshot) -> io::Result<()> {
    make_directory(directory)?;
    let path = directory.join(format!("podform.state.{}.{}.json", state.serial, state.seq));
    replace(&path, state.text.as_bytes())?;
    let older = list(directory).into_iter().filter(|backup| backup.path != path);
    for backup in older.skip(KEPT - 1) {
        // One too many harms nobody.
        let _ = fs::remove_file(backup.path);
    }
    Ok(())
}

/// All of them, the newest first.
pub(super) fn list(directory: &Path) -> Vec<Backup> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut all: Vec<Backup> = entries.filter_map(|entry| understood(&entry.path())).collect();
    all.sort_by_key(|backup| std::cmp::Reverse((backup.modified, backup.seq, backup.serial)));
    all
}

fn understood(path: &Path) -> Option<Backup> {
    let name = path.file_name()?.to_str()?;
    let (serial, seq) = name.strip_prefix("podform.state.")?.strip_suffix(".json")?.split_once('.')?;
    let modified = fs::metadata(path).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    Some(Backup { path: path.to_owned(), serial: serial.parse().ok()?, seq: seq.parse().ok()?, modified })
}
