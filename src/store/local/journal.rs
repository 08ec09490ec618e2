//! The open journal.

use super::private::{make_directory, open_append, read, replace};
use crate::state::{decode_journal, encode_entry};
use crate::store::{Entries, StoreError};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// The file, and how long this run made it.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    length: u64,
}

impl Journal {
    /// Opens it for these entries, at the end of the last whole one before them. What a crash left behind it is cut off, and so
    /// are entries that the snapshot contains already.
    pub fn open(path: &Path, entries: &Entries) -> Result<Journal, StoreError> {
        let bytes = read(path).map_err(StoreError::io("read the journal", path))?.unwrap_or_default();
        let replay = decode_journal(&bytes);
        if let Some(error) = replay.error {
            return Err(StoreError::Journal { place: path.into(), error });
        }
        let live = |seq| seq > entries.contained && seq < entries.first;
        let kept: String = replay.entries.iter().filter(|entry| live(entry.seq)).map(encode_entry).collect();
        let open = || {
            if let Some(directory) = path.parent() {
                make_directory(directory)?;
            }
            if bytes != kept.as_bytes() {
                replace(path, kept.as_bytes())?;
            }
            let file = open_append(path)?;
            let length = file.metadata()?.len();
            Ok(Journal::new(file, length))
        };
        open().map_err(StoreError::io("write the journal", path))
    }

    pub fn new(file: File, length: u64) -> Journal {
        Journal { file, length }
    }

    /// One write and one fdatasync for all of it.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            // Half a group must not stay where others would read it; the handle is dropped either way.
            Err(_) => drop(self.file.set_len(self.length)),
        }
        written
    }

    /// Whether nobody else has written to it.
    pub fn is_whole(&self, path: &Path) -> bool {
        fs::metadata(path).map_or(0, |journal| journal.len()) == self.length
    }
}
