//! The open journal.

use super::private::{FileId, make_directory, open_append, replace};
use crate::state::{decode_journal, encode_entry};
use crate::store::{Entries, StoreError};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// The file as this run knows it, and how long that is: whatever else stands in its place is somebody else's.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// None where nothing stands there.
    file: Option<Arc<File>>,
    length: u64,
    /// It ends with the entry before the next one.
    is_clean: bool,
}

impl Journal {
    /// That of these bytes, which were just read.
    pub fn known(path: &Path, length: usize) -> io::Result<Journal> {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        match path.try_exists()? {
            true => Ok(Journal { file: Some(Arc::new(open_append(path)?)), length, is_clean: false }),
            false => Ok(Journal { length, ..Journal::default() }),
        }
    }

    /// Whether it stands at its path still, and nobody else has written to it.
    pub fn stands(&self, path: &Path) -> io::Result<bool> {
        let there = match fs::metadata(path) {
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let own = self.file.as_ref().map(|file| file.metadata()).transpose()?;
        Ok(match (own, there) {
            (Some(own), Some(there)) => FileId::of(&own) == FileId::of(&there) && there.len() == self.length,
            (own, there) => own.is_none() && there.is_none(),
        })
    }

    /// Appends, behind the last whole entry before these: what a crash left behind it is cut off, and so are entries that
    /// the snapshot contains already.
    pub fn append(&mut self, path: &Path, entries: &Entries) -> Result<(), StoreError> {
        if !self.is_clean {
            self.clean(path, entries)?;
        }
        self.write(entries.lines.as_bytes()).map_err(StoreError::io("write the journal", path))
    }

    fn clean(&mut self, path: &Path, entries: &Entries) -> Result<(), StoreError> {
        let bytes = super::private::read(path).map_err(StoreError::io("read the journal", path))?.unwrap_or_default();
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
            Ok(Journal { file: Some(Arc::new(file)), length, is_clean: true })
        };
        *self = open().map_err(StoreError::io("write the journal", path))?;
        Ok(())
    }

    /// One write and one fdatasync for all of it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(file) = &self.file else { return Err(io::ErrorKind::NotFound.into()) };
        let written = (&**file).write_all(bytes).and_then(|()| file.sync_data());
        match written {
            Ok(()) => self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            // Half a group must not stay where others would read it; the next attempt cuts off what stays all the same.
            Err(_) => {
                drop(file.set_len(self.length));
                self.length = file.metadata().map_or(self.length, |there| there.len());
                self.is_clean = false;
            }
        }
        written
    }

    #[cfg(test)]
    pub fn of(file: File) -> Journal {
        Journal { file: Some(Arc::new(file)), length: 0, is_clean: true }
    }
}
