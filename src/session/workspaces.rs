//! The workspaces of the fleet in this directory: listed, made, selected, deleted.

use super::data_dir::DataDir;
use super::failure::Failure;
use super::history::history;
use super::stored::{self, Locking, StatePlace};
use super::workspace::{Chosen, WORKSPACE_VARIABLE, invalid, workspace};
use crate::diag::Diagnostic;
use crate::live::DEFAULT_WORKSPACE;
use crate::state::State;
use crate::store::{Backend, LockedStore, is_default, is_workspace_name};
use std::sync::Arc;

/// So many of the objects that a workspace holds are named: a screen is longer.
const NAMED: usize = 20;

/// Those of one backend.
#[derive(Debug)]
pub struct Workspaces {
    backend: Arc<dyn Backend>,
    /// The one that is meant.
    pub chosen: Chosen,
}

impl Workspaces {
    /// Those that are here.
    ///
    /// # Errors
    /// The backend cannot be opened; what chooses a workspace is no name.
    pub fn here(place: &StatePlace) -> Result<Workspaces, Failure> {
        Ok(Workspaces { chosen: workspace()?, backend: place.backend()? })
    }

    /// Their names, the default one first.
    ///
    /// # Errors
    /// They cannot be listed.
    pub async fn names(&self) -> Result<Vec<String>, Failure> {
        let others = self.backend.workspaces().await.map_err(|error| stored::failure(&error))?;
        Ok(std::iter::once(DEFAULT_WORKSPACE.to_owned()).chain(others).collect())
    }

    async fn has(&self, name: &str) -> Result<bool, Failure> {
        Ok(self.names().await?.iter().any(|known| known == name))
    }

    /// Makes one, with a state in which nothing is recorded, and selects it.
    ///
    /// # Errors
    /// It is no name, or there is one; the environment chooses another one; its state cannot be written.
    pub async fn create(&self, name: &str, locking: Locking) -> Result<(), Failure> {
        if !is_workspace_name(name) {
            return Err(Diagnostic::error("Invalid workspace name", invalid(name)).into());
        }
        if self.chosen.by_environment && self.chosen.name != name {
            let detail = format!(
                "The workspace is currently overridden using the {WORKSPACE_VARIABLE} environment variable. You cannot create a new workspace when using this setting."
            );
            let hint = "Either unset this environment variable or update it to match the workspace name you are trying to create, and then run this command again.";
            return Err(Diagnostic::error("Workspace is overridden", detail).with_hint(hint).into());
        }
        if self.has(name).await? {
            let detail = format!("Workspace \"{name}\" already exists.");
            let hint = format!("podform workspace select {name} switches to it.");
            return Err(Diagnostic::error("Workspace exists", detail).with_hint(hint).into());
        }
        let store = self.backend.state(name).map_err(|error| stored::failure(&error))?;
        let opened = LockedStore::open(store, locking.operation, locking.wait).await;
        let (mut store, mut state) = opened.map_err(|error| stored::failure(&error))?;
        store.snapshot(&mut state).await.map_err(|error| stored::failure(&error))?;
        Ok(DataDir::here().select(name)?)
    }

    /// Selects one. False where it was selected already.
    ///
    /// # Errors
    /// There is no such workspace; the environment chooses one.
    pub async fn select(&self, name: &str) -> Result<bool, Failure> {
        if self.chosen.by_environment {
            let detail = format!(
                "The selected workspace is currently overridden using the {WORKSPACE_VARIABLE} environment variable."
            );
            let hint = "To select a new workspace, either update this environment variable or unset it and then run this command again.";
            return Err(Diagnostic::error("Workspace is overridden", detail).with_hint(hint).into());
        }
        if !is_workspace_name(name) {
            return Err(Diagnostic::error("Invalid workspace name", invalid(name)).into());
        }
        if !self.has(name).await? {
            return Err(missing(name));
        }
        if self.chosen.name == name {
            return Ok(false);
        }
        DataDir::here().select(name)?;
        Ok(true)
    }

    /// Deletes one. Returns the addresses that were recorded in it, for it is done only by `force` where there are any.
    ///
    /// # Errors
    /// There is no such workspace; it is the one that is meant, or the default one; it is locked; something is recorded in it.
    pub async fn delete(&self, name: &str, force: bool, locking: Locking) -> Result<Vec<String>, Failure> {
        if !self.has(name).await? {
            return Err(missing(name));
        }
        if self.chosen.name == name {
            let detail = format!(
                "Workspace \"{name}\" is your active workspace. You cannot delete the currently active workspace."
            );
            let hint = "Please switch to another workspace and try again: podform workspace select NAME.";
            return Err(Diagnostic::error("Workspace is active", detail).with_hint(hint).into());
        }
        if is_default(name) {
            let detail = "The workspace \"default\" cannot be deleted: every backend has it.";
            return Err(Diagnostic::error("Workspace cannot be deleted", detail).into());
        }
        let store = self.backend.state(name).map_err(|error| stored::failure(&error))?;
        let opened = LockedStore::open(store, locking.operation, locking.wait).await;
        let (held, state) = opened.map_err(|error| stored::failure(&error))?;
        let mut there = recorded(&state);
        // A state that was lost records nothing, and its copies do.
        let newest = history(&*self.backend.state(name).map_err(|error| stored::failure(&error))?).await?;
        let newest = newest.into_iter().find_map(|was| was.state.ok()).filter(|copy| copy.serial > state.serial);
        if let Some(copy) = newest.filter(|_| there.is_empty()) {
            there = recorded(&copy);
        }
        if !there.is_empty() && !force {
            return Err(not_empty(name, &there));
        }
        self.backend.remove(name).await.map_err(|error| stored::failure(&error))?;
        drop(held);
        Ok(there)
    }
}

/// What would be forgotten with a state.
fn recorded(state: &State) -> Vec<String> {
    let objects = state.objects().map(|(address, record)| match record.id() {
        Some(id) => format!("{address} ({id})"),
        None => address.to_string(),
    });
    let open = state.open.values().map(|intent| format!("{} (a call without known outcome)", intent.address));
    objects.chain(open).collect()
}

fn not_empty(name: &str, there: &[String]) -> Failure {
    let more = match there.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    let shown: Vec<&str> = there.iter().take(NAMED).map(String::as_str).collect();
    let detail = format!(
        "Workspace \"{name}\" is currently tracking the following resource instances:\n  - {}{more}\n\nDeleting this workspace would cause podform to lose track of them, and machines go on billing.",
        shown.join("\n  - ")
    );
    let hint = format!(
        "Release them first: podform workspace select {name}, then podform destroy. To delete the workspace all the same and have podform forget them, add -force."
    );
    Diagnostic::error("Workspace is not empty", detail).with_hint(hint).into()
}

fn missing(name: &str) -> Failure {
    let detail = format!("Workspace \"{name}\" doesn't exist.");
    let hint = "You can create this workspace with the \"new\" subcommand or include the \"-or-create\" flag with the \"select\" subcommand.";
    Diagnostic::error("No such workspace", detail).with_hint(hint).into()
}
