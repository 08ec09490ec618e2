//! State and journal where they are kept: lock, snapshot, append-only journal.

mod fault;
mod holder;
mod local;
mod place;

pub use fault::StoreError;
pub use holder::LockInfo;
pub use local::{Loaded, Lock, LockedStore, Store, write_private};
pub use place::Place;
