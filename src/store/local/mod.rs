//! The files of a directory: `podform.state.json`, copies of the last ones in `backups/`, `podform.journal` and
//! `podform.lock`.
//!
//! The state is replaced as a whole (invariant 10); between two snapshots the journal holds what happened since.
//! `state/README.md` of the repository documents all of them. Everything here blocks.

mod backups;
mod lock;
mod private;
mod read;
mod repair;
#[cfg(test)]
mod tests;
mod write;

pub use lock::Lock;
pub use private::write_private;
pub use read::{Loaded, Store};
pub use write::LockedStore;
