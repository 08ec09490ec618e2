//! The state on disk, for commands that only look.

use super::exit::{Exit, Failure};
use crate::diag::Diagnostic;
use crate::state::State;
use crate::store::{LockInfo, Store, StoreError};
use std::path::Path;

/// What is recorded, with the journal replayed onto it. No state is an empty one.
pub fn read(dir: &Path) -> Result<State, Failure> {
    Store::new(dir).open_read().map(|loaded| loaded.state).map_err(|error| failure(&error))
}

/// Reads the state while something else is done: both take a while in a large fleet.
pub fn read_beside<T>(dir: &Path, other: impl FnOnce() -> T) -> (T, Result<State, Failure>) {
    std::thread::scope(|scope| {
        let state = scope.spawn(|| read(dir));
        (other(), state.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// That a run before died with the lock.
pub fn taken_over(dead: &LockInfo) -> Diagnostic {
    let detail = format!(
        "The run before this one was killed: {} by {}, process {}, since {}. It runs no more, so its lock is taken over. What it did stands in the journal.",
        dead.operation, dead.who, dead.pid, dead.created
    );
    Diagnostic::warning("Stale lock taken over", detail)
}

/// A fault of the store, with its exit code.
pub fn failure(error: &StoreError) -> Failure {
    let (exit, summary) = match error {
        StoreError::Locked { .. } => (Exit::Locked, "State is locked"),
        StoreError::State { .. } => (Exit::Error, "State cannot be read"),
        StoreError::Journal { .. } => (Exit::Error, "Journal cannot be read"),
        StoreError::Changed { .. } => (Exit::Error, "State was changed meanwhile"),
        StoreError::Unlock { .. } => (Exit::Error, "Lock cannot be taken away"),
        _ => (Exit::Error, "State cannot be used"),
    };
    Failure::new(exit, Diagnostic::error(summary, error.to_string()))
}
