//! The states that were: what a store kept of them, and going back to one.

use super::failure::Failure;
use super::stored;
use crate::diag::Diagnostic;
use crate::state::{State, decode};
use crate::store::{Former, StateStore};

/// A state that was.
#[derive(Debug)]
pub struct Was {
    /// What the store knows of it.
    pub former: Former,
    /// It; the error says why it is not understood.
    pub state: Result<State, String>,
}

impl Was {
    /// Its serial, as its text says it, else as the store does.
    pub fn serial(&self) -> Option<u64> {
        self.state.as_ref().map(|state| state.serial).ok().or(self.former.serial)
    }
}

/// All copies, the newest first. Of two with the same text, the newest is told.
///
/// # Errors
/// They cannot be listed or read.
pub async fn history(store: &dyn StateStore) -> Result<Vec<Was>, Failure> {
    let failed = |error| stored::failure(&error);
    let mut all = Vec::new();
    for former in store.history().await.map_err(failed)? {
        // One that was just removed is none.
        let Some(bytes) = store.former(&former).await.map_err(failed)? else { continue };
        let state = decode(&bytes).map_err(|error| error.to_string());
        all.push(Was { former, state });
    }
    Ok(all)
}

/// The newest copy of a serial.
///
/// # Errors
/// There is none; it is not understood; it is of another lineage than what is recorded.
pub async fn former(store: &dyn StateStore, serial: u64, now: &State) -> Result<State, Failure> {
    let all = history(store).await?;
    let serials: Vec<String> = all.iter().filter_map(Was::serial).map(|serial| serial.to_string()).collect();
    let Some(was) = all.into_iter().find(|was| was.serial() == Some(serial)) else {
        let there = match serials.is_empty() {
            true => "No copy of a state is kept here.".to_owned(),
            false => format!("There are {}.", serials.join(", ")),
        };
        let detail = format!("No copy of the state with serial {serial} is kept. {there}");
        return Err(Diagnostic::error("No such state", detail).with_hint("podform state history shows them.").into());
    };
    let refuse = |why: String| Failure::from(Diagnostic::error("State cannot be gone back to", why));
    let state = was.state.map_err(|why| refuse(format!("{}: {why}", was.former.place)))?;
    match state.lineage == now.lineage || now.lineage.is_empty() {
        true => Ok(state),
        false => Err(refuse(format!(
            "{} has lineage {}, and the state here has lineage {}: they are of different fleets.",
            was.former.place, state.lineage, now.lineage
        ))),
    }
}
