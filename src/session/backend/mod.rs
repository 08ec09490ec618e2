//! Where the states of a fleet are kept: what the configuration declares, what is said beside it, and the opening of it.

mod declared;
mod given;
mod open;
#[cfg(any(feature = "s3", feature = "gcs", feature = "azurerm", feature = "pg"))]
mod remote;
mod unheeded;
#[cfg(feature = "http-state")]
mod web;

pub use declared::{parsed, without_source};
pub use given::{Partial, forgotten, from_environment, lacking};
pub use open::{initialized, opened};
