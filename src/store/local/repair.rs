//! The files as they are, understood or not; and mended ones in their place.

use super::backups;
use super::lock::Lock;
use super::private::{make_directory, replace, sweep};
use super::read::{Store, read};
use crate::state::{Remains, State, encode};
use crate::store::StoreError;
use std::path::{Path, PathBuf};

impl Store {
    /// The bytes of state, journal and backups.
    ///
    /// # Errors
    /// The system's. Backups that cannot be read count as empty.
    pub fn remains(&self) -> Result<Remains, StoreError> {
        let (state, journal) = (self.state_path(), self.journal_path());
        let backups = backups::list(self.directory()).into_iter().map(|backup| {
            let bytes = std::fs::read(&backup.path).unwrap_or_default();
            (backup.path.display().to_string(), backup.serial, bytes)
        });
        Ok(Remains {
            state: read(&state).map_err(StoreError::io("read the state", &state))?,
            state_name: state.display().to_string(),
            journal: read(&journal).map_err(StoreError::io("read the journal", &journal))?.unwrap_or_default(),
            journal_name: journal.display().to_string(),
            backups: backups.collect(),
        })
    }

    /// Keeps state and journal beside as they are, and puts a mended state in their place. Returns where they are kept.
    ///
    /// # Errors
    /// The system's: whatever was there is there still, under one name or the other.
    pub fn mend(&self, _held: &Lock, state: &State) -> Result<Vec<PathBuf>, StoreError> {
        let directory = self.directory();
        sweep(directory);
        make_directory(directory).map_err(StoreError::io("make the state directory", directory))?;
        let mut kept = Vec::new();
        let remains = self.remains()?;
        for (path, bytes) in [(self.state_path(), remains.state), (self.journal_path(), Some(remains.journal))] {
            let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { continue };
            let beside = free(&path);
            replace(&beside, &bytes).map_err(StoreError::io("keep a damaged file", &beside))?;
            kept.push(beside);
        }
        let text = encode(state);
        let (path, journal) = (self.state_path(), self.journal_path());
        backups::keep(directory, state, &text).map_err(StoreError::io("write a backup of the state", &path))?;
        replace(&path, text.as_bytes()).map_err(StoreError::io("write the state", &path))?;
        if journal.exists() {
            replace(&journal, b"").map_err(StoreError::io("write the journal", &journal))?;
        }
        Ok(kept)
    }
}

/// The first name beside a file that nothing has yet.
fn free(path: &Path) -> PathBuf {
    let named = |n: u64| {
        let mut name = path.as_os_str().to_owned();
        name.push(if n == 1 { ".damaged".to_owned() } else { format!(".damaged-{n}") });
        PathBuf::from(name)
    };
    (1..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(0))
}
