//! The files as they are, understood or not; and mended ones in their place.

use super::backups;
use super::files::Files;
use super::private::{make_directory, read, replace, sweep};
use crate::state::Remains;
use crate::store::{Part, Place, Snapshot, StateStore, StoreError};
use std::path::{Path, PathBuf};

impl Files {
    /// The bytes of state, journal and backups.
    pub(super) fn all(&self) -> Result<Remains, StoreError> {
        let (state, journal) = (self.state_path(), self.journal_path());
        let backups = backups::list(self.copies()).into_iter().map(|backup| {
            let bytes = read(&backup.path).ok().flatten().unwrap_or_default();
            (backup.path.display().to_string(), backup.serial, bytes)
        });
        Ok(Remains {
            state: read(&state).map_err(StoreError::io("read the state", &state))?,
            state_name: self.place(Part::State).to_string(),
            journal: read(&journal).map_err(StoreError::io("read the journal", &journal))?.unwrap_or_default(),
            journal_name: self.place(Part::Journal).to_string(),
            backups: backups.collect(),
            kept: self.kept()?.into_iter().map(|kept| (kept.place.to_string(), kept.bytes)).collect(),
        })
    }

    /// Keeps state and journal beside, then writes both anew.
    pub(super) fn set_right(&self, next: &Snapshot) -> Result<Vec<Place>, StoreError> {
        let directory = self.directory();
        sweep(&self.state_path());
        sweep(&self.journal_path());
        make_directory(directory).map_err(StoreError::io("make the state directory", directory))?;
        let mut kept = Vec::new();
        let remains = self.all()?;
        let journal = self.journal_path();
        for (path, bytes) in [(&self.state_path(), remains.state), (&journal, Some(remains.journal))] {
            let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { continue };
            let beside = free(path);
            replace(&beside, &bytes).map_err(StoreError::io("keep a damaged file", &beside))?;
            kept.push(beside.as_path().into());
        }
        self.write_state(next)?;
        if journal.exists() {
            replace(&journal, b"").map_err(StoreError::io("write the journal", &journal))?;
        }
        for run in self.kept()? {
            let path = self.kept_path(&run.run);
            let beside = free(&path);
            std::fs::rename(&path, &beside).map_err(StoreError::io("put a file aside", &path))?;
            kept.push(beside.as_path().into());
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
