//! State and journal: what stands between us and where they live ([`StateStore`]), and what reads and writes them there.
//! Each kind of place has a room of its own below this one: the files of a directory, and whatever keeps objects, over which
//! [`chain`] is the protocol.

mod backend;
pub mod chain;
mod fault;
mod guarded;
mod holder;
pub mod local;
mod locked;
mod objects;
mod own;
mod patience;
mod place;
mod recorded;
pub mod remote;
pub mod sealed;
mod workspaces;

pub use backend::{Copies, Entries, Form, Former, Kept, Snapshot, StateStore, Stored, Version, Written};
pub use fault::StoreError;
pub use guarded::{Guarded, all_given_back};
pub use holder::LockInfo;
pub use locked::LockedStore;
pub use objects::{Holding, Lock, Object, Objects, Tried, remove_each};
pub use patience::{Told, lock_patiently};
pub use place::{Part, Place};
pub use recorded::{Remark, read};
pub use workspaces::{Backend, TriedOut, is_default, is_workspace_name};
