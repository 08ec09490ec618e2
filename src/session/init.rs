//! `init`: opens the backend that is declared, has it tried out, brings states to it, and remembers it.

use super::backend::{forgotten, from_environment, lacking, opened};
use super::data_dir::{DataDir, Remembered, merged};
use super::encryption::encrypted;
use super::failure::Failure;
use super::stored;
use crate::config::{Arguments, BackendBlock, BackendKind};
use crate::diag::Diagnostic;
use crate::live::DEFAULT_WORKSPACE;
use crate::state::{State, StateError};
use crate::store::{self, Backend, LockedStore, Part, Place, StoreError};
use std::time::Duration;

pub use super::backend::Partial;
pub use super::git::{Ignoring, ignore, is_tracked};

/// What `init` finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// No backend is declared, and none was before.
    None,
    /// The one that was opened before.
    Same,
    /// The first one here.
    First,
    /// Another one than before, and why it is.
    Changed(String),
    /// None is declared any more.
    Unset(BackendKind),
}

/// What became of the state of one workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moving {
    /// Nothing was there.
    Nothing,
    /// It is at the same place as before.
    Stays,
    /// It was brought there already, by this or another checkout.
    Already,
    /// It was copied, read back and compared; word was left where it was.
    Copied(Place),
}

/// A backend that is to be opened.
#[derive(Debug)]
pub struct Initializing {
    /// What differs from before.
    pub change: Change,
    /// The place from now on.
    pub backend: Box<dyn Backend>,
    /// The place until now.
    before: Option<Remembered>,
    now: Option<Remembered>,
}

impl Initializing {
    /// Of what is declared and given. `heeds` is false where what was opened before counts for nothing (`-reconfigure`).
    ///
    /// # Errors
    /// Something is missing; this build has no such backend; what was opened before is not understood.
    pub fn of(block: Option<&BackendBlock>, given: Option<Arguments>, heeds: bool) -> Result<Initializing, Failure> {
        let before = match DataDir::here().backend() {
            Ok(before) => before.filter(|_| heeds),
            Err(_) if !heeds => None,
            Err(told) => return Err(told.into()),
        };
        let Some(block) = block else {
            let backend = local()?;
            let change = before.as_ref().map_or(Change::None, |last| Change::Unset(last.kind));
            return Ok(Initializing { change, backend, before, now: None });
        };
        // What was given before is given still, as long as nothing else is.
        let kept = before.as_ref().filter(|last| last.kind == block.kind);
        let (given, forgets) = match (given, kept) {
            (Some(given), _) => (given, None),
            (None, Some(last)) => (last.given.clone(), Some(last.secrets.clone())),
            (None, None) => (Arguments::default(), None),
        };
        let mut now = Remembered::of(block, given);
        now.secrets.extend(forgets.into_iter().flatten());
        let all = from_environment(block.kind, merged(block, &now.given))?;
        forgotten(&now, &all)?;
        let missing = lacking(block.kind, &all, Some(block));
        if missing.has_errors() {
            return Err(missing.into());
        }
        let backend = encrypted(opened(block.kind, &all, false)?)?;
        let change = match &before {
            None => Change::First,
            Some(last) if last.kind != now.kind => Change::Changed(format!(
                "Backend type changed from \"{}\" to \"{}\"",
                last.kind.name(),
                now.kind.name()
            )),
            Some(last) if last.digest != now.digest => {
                Change::Changed("Backend configuration block has changed".to_owned())
            }
            Some(_) => Change::Same,
        };
        Ok(Initializing { change, backend, before, now: Some(now) })
    }

    /// Tries the backend out, and keeps in mind what was found. What was tried: whole sentences.
    ///
    /// # Errors
    /// What does not hold.
    pub async fn try_out(&mut self) -> Result<Vec<String>, Failure> {
        let found = self.backend.probe().await.map_err(|error| stored::failure(&error))?;
        if let Some(now) = &mut self.now {
            now.guards_locks = found.guards_locks;
        }
        Ok(found.told)
    }

    /// The kind of the backend; `None` where none is declared.
    pub fn kind(&self) -> Option<BackendKind> {
        self.now.as_ref().map(|now| now.kind)
    }

    /// Where the states were until now.
    ///
    /// # Errors
    /// What was opened before cannot be opened any more.
    pub fn old(&self) -> Result<Box<dyn Backend>, Failure> {
        match &self.before {
            Some(last) => {
                let arguments = from_environment(last.kind, last.arguments.clone())?;
                encrypted(opened(last.kind, &arguments, last.guards_locks)?)
            }
            None => local(),
        }
    }

    /// The workspaces that hold something in the old place, and have another in the new one.
    ///
    /// # Errors
    /// They cannot be listed or read.
    pub async fn leaving(&self, old: &dyn Backend) -> Result<Vec<String>, Failure> {
        let failed = |error| stored::failure(&error);
        let mut all = vec![DEFAULT_WORKSPACE.to_owned()];
        all.extend(old.workspaces().await.map_err(failed)?);
        let mut leaving = Vec::new();
        for workspace in all {
            let store = old.state(&workspace).map_err(failed)?;
            let stays =
                self.backend.state(&workspace).is_ok_and(|new| new.place(Part::State) == store.place(Part::State));
            if !stays && !is_empty(&*store).await.map_err(failed)? {
                leaving.push(workspace);
            }
        }
        Ok(leaving)
    }

    /// Copies the state of a workspace, reads it back, and leaves word in the old place. The journal is taken in, and both
    /// places are locked meanwhile.
    ///
    /// # Errors
    /// One of the two is locked, or cannot be read or written; another state is in the new place. The old one is what it was.
    pub async fn bring(&self, old: &dyn Backend, workspace: &str, wait: Option<Duration>) -> Result<Moving, Failure> {
        let failed = |error| stored::failure(&error);
        let (from, to) = (old.state(workspace).map_err(failed)?, self.backend.state(workspace).map_err(failed)?);
        if from.place(Part::State) == to.place(Part::State) {
            return Ok(Moving::Stays);
        }
        let (there, place) = (to.place(Part::State), from.place(Part::State));
        let (left, mut state) = match LockedStore::open(from, "init", wait).await {
            Ok(opened) => opened,
            Err(StoreError::State { error: StateError::Moved { .. }, .. }) => return Ok(Moving::Already),
            Err(error) => return Err(failed(error)),
        };
        if state.lineage.is_empty() {
            return Ok(Moving::Nothing);
        }
        let (mut kept, known) = LockedStore::open_anew(to, "init", wait).await.map_err(failed)?;
        if !known.lineage.is_empty() && !is_same(&known, &state) {
            return Err(occupied((&state, &place), (&known, &there), workspace));
        }
        if known.lineage.is_empty() {
            kept.put(&mut state).await.map_err(failed)?;
        }
        let store = self.backend.state(workspace).map_err(failed)?;
        let (back, _) = store::read(&*store).await.map_err(failed)?;
        if !is_same(&back, &state) {
            let detail = format!(
                "The state was written to {there}, and what is read there is another one. {place} is what it was."
            );
            return Err(Diagnostic::error("State was not copied", detail).into());
        }
        left.leave(&state, &there.to_string()).await.map_err(failed)?;
        Ok(Moving::Copied(there))
    }

    /// From now on commands take it for opened.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn remember(&self) -> Result<(), Failure> {
        Ok(DataDir::here().remember(self.now.as_ref())?)
    }
}

/// That of a fleet without a backend.
fn local() -> Result<Box<dyn Backend>, Failure> {
    encrypted(opened(BackendKind::Local, &Arguments::default(), false)?)
}

/// Whether nothing is recorded there, or it was moved away.
async fn is_empty(store: &dyn store::StateStore) -> Result<bool, StoreError> {
    match store::read(store).await {
        Ok((state, _)) => Ok(state.lineage.is_empty()),
        Err(StoreError::State { error: StateError::Moved { .. }, .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether two say the same, whatever their numbers are.
fn is_same(one: &State, other: &State) -> bool {
    *one == State { serial: one.serial, journal_seq: one.journal_seq, ..other.clone() }
}

fn occupied((old, from): (&State, &Place), (new, there): (&State, &Place), workspace: &str) -> Failure {
    let whose = match old.lineage == new.lineage {
        true => "They are of one lineage, and say different things".to_owned(),
        false => format!("They are of two lineages ({} and {})", old.lineage, new.lineage),
    };
    let detail = format!(
        "In the workspace \"{workspace}\" both places hold a state: {from} with serial {}, {there} with serial {}. {whose}, and podform writes over neither.",
        old.serial, new.serial
    );
    let hint = "If the one in the new place is right, podform init -reconfigure goes on with it. If the old one is, put it there with podform state pull and podform state push -force.";
    Diagnostic::error("Both backends hold a state", detail).with_hint(hint).into()
}
