//! A state in a place for objects: one chain of create-only objects is its journal, and the fence with it.
//!
//! Each object stands under the number of its first entry, and is written only where none is. So whoever wants to write next
//! names a number, and exactly one run gets it: the one that goes on, or the one that takes over and sets its seal there.
//! Everything is a step that asks for one request at a time and does none itself ([`Steps`]); [`Chain`] drives them.
//! `docs/architecture.md` tells the whole protocol, and what each part of it is for.

mod append;
mod ask;
mod behind;
mod beside;
mod commit;
mod drive;
mod keys;
mod link;
mod locking;
mod mend;
mod object_lock;
mod packed;
mod probe;
#[cfg(test)]
mod search;
mod store;
mod walk;

pub use append::{Append, Appended};
pub use ask::{Answer, Ask, Attempt, Seen, Steps};
pub use commit::{Commit, Committed, Writer, is_silent, may_go};
pub use link::{Kind, Link, contained};
pub use locking::{Holds, LockAnswer, LockAsk, Locking, Taken};
pub use object_lock::ObjectLock;
pub use probe::{Condition, Outcome, Probe, Probed, Trial};
pub use store::Chain;
pub use walk::{Read, Taker, Walk, Walked};
