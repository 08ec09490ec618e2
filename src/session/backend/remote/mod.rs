//! Backends beyond a network, of their arguments: one file a wire. What an argument means is Terraform's.

#[cfg(feature = "azurerm")]
mod azurerm;
#[cfg(feature = "gcs")]
mod gcs;
#[cfg(feature = "pg")]
mod pg;
#[cfg(feature = "s3")]
mod s3;

use crate::config::BackendKind;
use crate::diag::Diagnostic;
use crate::session::failure::Failure;
use std::fmt::Display;

#[cfg(feature = "azurerm")]
pub use azurerm::azurerm;
#[cfg(feature = "gcs")]
pub use gcs::gcs;
#[cfg(feature = "pg")]
pub use pg::pg;
#[cfg(feature = "s3")]
pub use s3::s3;

fn unusable(kind: BackendKind, why: &dyn Display) -> Failure {
    let detail = format!("The backend \"{}\" cannot be opened: {why}.", kind.name());
    Diagnostic::error("Backend cannot be opened", detail).into()
}
