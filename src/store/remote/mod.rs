//! Places beyond a network where states are kept: buckets, containers, databases, and servers that keep one state under an
//! address. Each speaks its wire and knows nothing of our protocol.

#[cfg(feature = "azurerm")]
pub mod azure;
#[cfg(any(feature = "signing", feature = "http-state"))]
mod calls;
#[cfg(feature = "signing")]
mod encoded;
#[cfg(feature = "gcs")]
pub mod gcs;
#[cfg(any(feature = "s3", feature = "gcs", feature = "azurerm", feature = "pg"))]
mod keyed;
#[cfg(feature = "pg")]
pub mod pg;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "http-state")]
pub mod web;
#[cfg(any(feature = "s3", feature = "azurerm"))]
mod xml;

#[cfg(any(feature = "s3", feature = "gcs", feature = "azurerm", feature = "pg"))]
pub use keyed::{Keyed, Naming};
