//! The states of a fleet in files: that of the default workspace, and below a directory those of all others.

use super::files::Files;
use super::lock::Lock;
use super::private::{make_directory, replace};
use crate::store::{Backend, LockInfo, Place, StateStore, StoreError, TriedOut, is_default, is_workspace_name};
use futures::future::{BoxFuture, FutureExt, ready};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the states of all workspaces are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The file of the default workspace; `None` in a directory of its own.
    file: Option<PathBuf>,
    /// Where the default workspace has its files.
    directory: PathBuf,
    /// Below which every other one has a directory of its own.
    others: PathBuf,
}

impl Places {
    /// Below a directory: `podform.state.json`, and `workspaces/NAME/podform.state.json`.
    pub fn below(directory: impl Into<PathBuf>) -> Places {
        let directory = directory.into();
        Places { file: None, others: directory.join("workspaces"), directory }
    }

    /// The default workspace in this file.
    #[must_use]
    pub fn with_file(self, file: impl Into<PathBuf>) -> Places {
        let file = file.into();
        let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        Places { directory: directory.unwrap_or(Path::new(".")).to_owned(), file: Some(file), ..self }
    }

    /// All others below this directory.
    #[must_use]
    pub fn with_others(self, others: impl Into<PathBuf>) -> Places {
        Places { others: others.into(), ..self }
    }

    /// The files of a workspace.
    pub fn files(&self, workspace: &str) -> Files {
        match (&self.file, is_default(workspace)) {
            (Some(file), true) => Files::at(file),
            (None, true) => Files::new(&self.directory),
            (_, false) => Files::new(self.others.join(workspace)),
        }
    }

    /// Where a workspace has its files.
    pub fn directory(&self, workspace: &str) -> PathBuf {
        match is_default(workspace) {
            true => self.directory.clone(),
            false => self.others.join(workspace),
        }
    }

    /// A directory that holds a lock alone is one that somebody looked into.
    fn list(&self) -> Result<Vec<String>, StoreError> {
        let entries = match fs::read_dir(&self.others) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io("list the workspaces", &self.others)(error)),
        };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let has_state = |name: &String| {
            let files = self.files(name);
            is_workspace_name(name) && (files.state_path().exists() || files.journal_path().exists())
        };
        let mut names: Vec<String> = names.filter(has_state).collect();
        names.sort();
        Ok(names)
    }

    /// A file is written, replaced and removed beside the state, and one is locked while another tries.
    async fn try_out(&self) -> Result<TriedOut, StoreError> {
        let directory = &self.directory;
        let failed = |doing| StoreError::io(doing, directory);
        make_directory(directory).map_err(failed("make the state directory"))?;
        let probe = directory.join(format!(".podform.probe.{}", uuid::Uuid::new_v4()));
        let written = replace(&probe, b"1").and_then(|()| replace(&probe, b"2"));
        let locked = async {
            written.map_err(failed("write and replace a file"))?;
            let info = LockInfo::new("init");
            let (held, _) = Lock::acquire(&probe, &info, Duration::ZERO).await?;
            let second = Lock::acquire(&probe, &info, Duration::ZERO).await;
            drop(held);
            match second {
                Err(StoreError::Locked { .. }) => Ok(()),
                Err(error) => Err(error),
                Ok(_) => Err(failed("lock a file, for two could lock it at once,")(ErrorKind::Unsupported.into())),
            }
        };
        let locked = locked.await;
        let _ = fs::remove_file(&probe);
        locked?;
        let directory = directory.display();
        let told = vec![
            format!("Files can be written and replaced in {directory}."),
            format!("Files can be locked in {directory}: one run at a time, on this machine."),
        ];
        Ok(TriedOut { told, guards_locks: true })
    }

    fn clear(&self, workspace: &str) -> Result<(), StoreError> {
        let directory = self.others.join(workspace);
        match is_default(workspace) {
            true => Ok(()),
            false => fs::remove_dir_all(&directory).map_err(StoreError::io("remove the workspace", &directory)),
        }
    }
}

impl Backend for Places {
    fn place(&self) -> Place {
        self.file.as_deref().unwrap_or(&self.directory).into()
    }

    fn state(&self, workspace: &str) -> Result<Box<dyn StateStore>, StoreError> {
        Ok(Box::new(self.files(workspace)))
    }

    fn workspaces(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        ready(self.list()).boxed()
    }

    fn remove<'a>(&'a self, workspace: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        ready(self.clear(workspace)).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<TriedOut, StoreError>> {
        self.try_out().boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;
    use crate::store::LockedStore;

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(future)
    }

    async fn begin(places: &Places, workspace: &str) {
        let store = places.state(workspace).expect("a store");
        let (mut store, mut state) = LockedStore::open(store, "test", Some(Duration::ZERO)).await.expect("the lock");
        store.snapshot(&mut state).await.expect("written");
    }

    #[test]
    fn every_workspace_has_a_state_of_its_own() {
        let home = tempfile::tempdir().expect("a directory");
        let places = Places::below(home.path().join("state"));
        run(async {
            assert_eq!(places.workspaces().await.expect("a list"), Vec::<String>::new());
            for workspace in ["default", "staging", "b"] {
                begin(&places, workspace).await;
            }
            std::fs::create_dir(home.path().join("state/workspaces/empty")).expect("a directory");
            assert_eq!(places.workspaces().await.expect("a list"), ["b", "staging"]);
            assert!(home.path().join("state/workspaces/b/podform.state.json").exists());
            places.remove("b").await.expect("removed");
            places.remove("default").await.expect("left alone");
            assert_eq!(places.workspaces().await.expect("a list"), ["staging"]);
            assert!(home.path().join("state/podform.state.json").exists());
        });
    }

    #[test]
    fn a_file_and_a_directory_may_be_elsewhere() {
        let home = tempfile::tempdir().expect("a directory");
        let places =
            Places::below("state").with_file(home.path().join("a/x.tfstate")).with_others(home.path().join("w"));
        run(async {
            begin(&places, "default").await;
            begin(&places, "s").await;
            let found = places.probe().await.expect("it can be used");
            assert_eq!(found.told.len(), 2);
        });
        assert!(home.path().join("a/x.tfstate").exists() && home.path().join("w/s/podform.state.json").exists());
        let names = std::fs::read_dir(home.path().join("a")).expect("a directory").count();
        assert_eq!(names, 3, "state, lock and copies: nothing of the probe stays");
        let state: State = run(crate::store::read(&places.files("default"))).expect("a state").0;
        assert_eq!(state.serial, 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_place_that_cannot_be_used_says_so() {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::write(home.path().join("file"), "").expect("a file");
        let told = run(Places::below(home.path().join("file/state")).probe()).expect_err("no directory");
        assert!(told.to_string().contains("make the state directory"), "{told}");
    }
}
