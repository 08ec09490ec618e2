//! Where the state is kept, and reading it for those who only look.

use super::failure::{Failure, Why};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::stack::STACK;
use crate::state::State;
use crate::store::local::Files;
use crate::store::{self, Remark, StateStore, StoreError};
use std::path::{Path, PathBuf};
use std::thread::Builder;
use tokio::runtime::Handle;

/// Where state and journal of the fleet in this directory are kept. Asked for only after the configuration was read, which
/// may come to say something else.
pub fn directory(sandbox: bool) -> PathBuf {
    if sandbox { Path::new("state").join("sandbox") } else { PathBuf::from("state") }
}

/// The store that is there.
pub fn store(sandbox: bool) -> Box<dyn StateStore> {
    Box::new(Files::new(directory(sandbox)))
}

/// What is recorded, and what is to be told of it. No state is an empty one.
pub async fn read(sandbox: bool) -> Result<(State, Diagnostics), Failure> {
    let (state, remarks) = store::read(&*store(sandbox)).await.map_err(|error| failure(&error))?;
    Ok((state, remarks.iter().map(told).collect()))
}

/// Reads the state while something else is done: both take a while in a large fleet.
pub fn read_beside<T>(sandbox: bool, other: impl FnOnce() -> T) -> (T, Result<(State, Diagnostics), Failure>) {
    std::thread::scope(|scope| {
        let runtime = Handle::current();
        // What is recorded nests as deep as what the configuration says.
        let state = Builder::new().stack_size(STACK);
        let state = state.spawn_scoped(scope, move || runtime.block_on(read(sandbox)));
        let done = other();
        let state = match state {
            Ok(state) => state.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => {
                let told = Diagnostic::error("State cannot be read", format!("The system gives no thread: {error}."));
                Err(Failure { why: Why::Wrong, diags: told.into() })
            }
        };
        (done, state)
    })
}

/// What was found beside a state.
pub fn told(remark: &Remark) -> Diagnostic {
    match remark {
        Remark::Died(dead) => {
            let detail = format!(
                "The run before this one was killed: {} by {}, process {}, since {}. It runs no more, so its lock is taken over. What it did stands in the journal.",
                dead.operation, dead.who, dead.pid, dead.created
            );
            Diagnostic::warning("Stale lock taken over", detail)
        }
        Remark::Older { place, what } => {
            Diagnostic::warning("State is older than its backup", format!("{place}: {what}"))
        }
        Remark::TakenUp { place, found } => {
            let found = match found.is_empty() {
                true => "Nothing is in it that was not known.".to_owned(),
                false => format!("Known by it alone: {}.", found.join(", ")),
            };
            let detail = format!(
                "A run lost its lock, and what it did stands in {place}. It is taken up; the file goes when the state is written next. {found}"
            );
            Diagnostic::warning("A run lost its lock", detail)
        }
        Remark::Foreign { place, what } => {
            let detail = format!(
                "A run lost its lock, and what it did stands in {place}. {what} It is not taken up: podform recover -adopt=ID records what it made, and podform state repair says what that is and puts the file aside."
            );
            Diagnostic::warning("A run of another state lost its lock", detail)
        }
    }
}

/// A fault of the store.
pub fn failure(error: &StoreError) -> Failure {
    let (why, summary) = match error {
        StoreError::Locked { .. } => (Why::Locked, "State is locked"),
        StoreError::State { .. } => (Why::Wrong, "State cannot be read"),
        StoreError::Journal { .. } => (Why::Wrong, "Journal cannot be read"),
        StoreError::Changed { .. } => (Why::Wrong, "State was changed meanwhile"),
        StoreError::Fenced { .. } => (Why::Locked, error.taken_away().unwrap_or_default()),
        StoreError::Unlock { .. } => (Why::Wrong, "Lock cannot be taken away"),
        _ => (Why::Wrong, "State cannot be used"),
    };
    let told = Diagnostic { hint: error.hint().map(Into::into), ..Diagnostic::error(summary, error.to_string()) };
    Failure { why, diags: told.into() }
}
