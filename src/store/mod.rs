//! State and journal on disk: lock, snapshot, append-only journal.
//!
//! A directory holds `podform.state.json`, copies of the last ones in `backups/`, `podform.journal` and `podform.lock`. The state is replaced as
//! a whole (invariant 10); between two snapshots the journal holds what happened since. `state/README.md` of the
//! repository documents all of them. Everything here blocks.

mod backups;
mod fault;
mod lock;
mod private;
mod read;
mod repair;
#[cfg(test)]
mod tests;
mod write;

pub use fault::StoreError;
pub use lock::{Lock, LockInfo};
pub use private::write_private;
pub use read::{Loaded, Store};
pub use write::LockedStore;
