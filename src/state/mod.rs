//! The state model, the state file format, journal entries and their replay.

pub mod journal;
mod model;

pub use model::{AccountIdentity, Intent, IntentAction, OutputState, Record, SecretDigest, State};
