//! What is recorded: the snapshot with the journal replayed onto it.

use super::backend::{Part, StateStore, Stored};
use super::fault::StoreError;
use crate::state::{State, decode, decode_journal};

/// Reads without a lock; what it returns was recorded at one moment, even while an apply runs. Nothing at all is an empty
/// state.
///
/// # Errors
/// What cannot be read or understood.
pub async fn read(store: &dyn StateStore) -> Result<State, StoreError> {
    let stored = store.read().await?;
    replayed(store, snapshot(store, &stored)?, &stored.journal)
}

/// The snapshot, where there is one.
pub(super) fn snapshot(store: &dyn StateStore, stored: &Stored) -> Result<Option<State>, StoreError> {
    let decoded = stored.state.as_deref().map(decode).transpose();
    decoded.map_err(|error| StoreError::State { place: store.place(Part::State), error })
}

/// The snapshot with the journal replayed onto it. A last line that is not whole is no entry: a run is writing it, or died
/// while it did.
pub(super) fn replayed(store: &dyn StateStore, snapshot: Option<State>, journal: &[u8]) -> Result<State, StoreError> {
    let replay = decode_journal(journal);
    let mut state = snapshot.unwrap_or_default();
    let replayed = match replay.error {
        Some(error) => Err(error),
        None => state.replay(replay.entries),
    };
    replayed.map_err(|error| StoreError::Journal { place: store.place(Part::Journal), error })?;
    Ok(state)
}
