//! Buckets of Google Cloud Storage, over its JSON interface: the one whose conditions its emulators honour too.

mod credentials;
mod objects;

pub use credentials::Credentials;
pub use objects::{Bucket, Encryption, Settings};
