//! The state model, the state file format, journal entries and their replay.

pub mod digest;
pub mod journal;
mod model;
mod record;

pub use model::{AccountIdentity, Intent, IntentAction, OutputState, Record, SecretDigest, State};
