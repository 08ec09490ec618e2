//! The files: crashes, contention, refusals; and the samples of every released version.

mod disk;
mod journal;
mod locks;
mod repair;
mod samples;
mod snapshot;

use super::*;
use crate::state::sample::{LINEAGE, account, intent, state};
use crate::state::{Event, State, StateError, encode};
use crate::store::{LockInfo, StoreError};
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::new(directory.path().join("fleet/state"));
    (directory, store)
}

fn lock(store: &Store) -> LockedStore {
    store.lock("apply", Duration::ZERO).expect("the lock").0
}

fn begin() -> Event {
    Event::Begin { lineage: LINEAGE.into(), fleet: Some("acme".into()), account: account() }
}

fn opened(claim: &str) -> Event {
    Event::Intent(Box::new(intent(claim, "simplepod_instance.worker[\"c\"]")))
}

fn claims(state: &State) -> Vec<&str> {
    state.open.keys().map(String::as_str).collect()
}

/// A store with a snapshot that contains two entries, and two more in the journal.
fn used(store: &Store) -> State {
    let mut locked = lock(store);
    locked.append(&[begin(), opened("a")]).expect("an append");
    let mut state = locked.load().expect("a state").state;
    locked.snapshot(&mut state).expect("a snapshot");
    locked.append(&[opened("b")]).expect("an append");
    locked.append(&[opened("c")]).expect("an append");
    locked.load().expect("a state").state
}
