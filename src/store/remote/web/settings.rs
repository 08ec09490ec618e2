//! What a block `backend "http"` says.

use crate::http::{Method, Tls};
use secrecy::SecretString;
use std::time::Duration;

/// Terraform's arguments, with its meanings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the state is.
    pub address: String,
    /// How it is written: POST or PUT.
    pub update_method: Method,
    /// Where it is locked; without one nothing is.
    pub lock_address: Option<String>,
    /// How: LOCK.
    pub lock_method: Method,
    /// Where a lock is given back; where it was taken, if this says nothing.
    pub unlock_address: Option<String>,
    /// How: UNLOCK.
    pub unlock_method: Method,
    /// Basic authentication.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// `skip_cert_verification`, `client_ca_certificate_pem`, `client_certificate_pem` and `client_private_key_pem`.
    pub tls: Tls,
    /// How often a read is repeated.
    pub retry_max: Option<usize>,
    /// The first pause between two tries.
    pub retry_wait_min: Option<Duration>,
    /// The longest.
    pub retry_wait_max: Option<Duration>,
    /// The server was seen to free a lock for nobody but its holder.
    pub guards_locks: bool,
}

impl Settings {
    /// With nothing but an address.
    pub fn of(address: impl Into<String>) -> Settings {
        Settings {
            address: address.into(),
            update_method: Method::Post,
            lock_address: None,
            lock_method: Method::Lock,
            unlock_address: None,
            unlock_method: Method::Unlock,
            username: None,
            password: None,
            tls: Tls::default(),
            retry_max: None,
            retry_wait_min: None,
            retry_wait_max: None,
            guards_locks: false,
        }
    }
}
