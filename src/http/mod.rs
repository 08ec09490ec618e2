//! The HTTP transport: reqwest, TLS, limits. The only room that names reqwest.
//!
//! It sends one request and says what is known of it: never sent, sent without an answer, or answered. It neither
//! repeats nor follows anything; what a status means is the business of [`crate::simplepod`].

mod endpoint;
mod exchange;
mod login;
mod pace;
mod proxy;
#[cfg(feature = "signing")]
mod signing;
#[cfg(feature = "s3")]
mod sts;
mod transport;
mod trust;

pub use endpoint::{Endpoint, SetupError};
pub use exchange::{Answer, Failure, Method, Request, Stop, hold, too_long};
pub use login::Login;
#[cfg(feature = "signing")]
pub use signing::{Signing, credentials_context};
#[cfg(feature = "s3")]
pub use sts::Sts;
pub use transport::{Options, Tls, Transport};
pub use trust::is_distrust;

#[cfg(test)]
pub(crate) mod scripted;
#[cfg(test)]
mod tests;

/// Chooses the TLS implementation (ring) for the whole process. May be called any number of times; building a
/// [`Transport`] calls it.
pub fn install_crypto() {
    // Fails only where a provider is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
