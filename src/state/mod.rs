//! The state model, the state file format, journal entries and their replay, and digests of secrets.

mod codec;
mod decode;
pub mod digest;
mod fault;
mod format;
pub mod journal;
mod model;
mod record;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use codec::{Entry, Replay, decode_journal, encode_entry};
pub use decode::decode;
pub use digest::{SecretKey, SecretMatch, fingerprint};
pub use fault::{JournalDamage, StateError};
pub use format::{FORMAT, encode};
pub use journal::Event;
pub use model::{AccountIdentity, Intent, IntentAction, OutputState, Record, SecretDigest, State};
