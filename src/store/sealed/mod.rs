//! Encryption of what a store keeps, and of saved plans, in OpenTofu's form: state, copies and saved plans are its
//! envelopes, and each line of the journal holds one. Keys come from a provider, once a run. Where nothing is encrypted and there
//! is a key of sums, those of what is kept are keyed.

mod aes;
mod backend;
mod cipher;
mod ciphers;
mod envelope;
mod external;
mod journal;
mod key;
mod kms;
mod openbao;
mod pbkdf2;
mod store;
mod unanswered;

pub use backend::SealedBackend;
pub use cipher::Cipher;
pub use ciphers::Ciphers;
pub use envelope::{UNPROVEN, is_sealed};
pub use store::Sealed;
