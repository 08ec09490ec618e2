//! The files of a directory: `podform.state.json`, copies of the last ones in `backups/`, `podform.journal` and
//! `podform.lock`.
//!
//! The state is replaced as a whole (invariant 10); between two snapshots the journal holds what happened since.
//! `state/README.md` of the repository documents all of them.

mod backups;
mod files;
mod journal;
mod lock;
mod places;
mod private;
mod repair;
#[cfg(test)]
mod tests;

pub use files::Files;
pub use places::Places;
pub use private::write_private;
