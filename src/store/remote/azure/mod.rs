//! Containers of Azure's blobs.

mod credentials;
mod lease;
mod objects;

pub use credentials::Credentials;
pub use lease::Lease;
pub use objects::{Container, Settings};
