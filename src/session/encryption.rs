//! How states and saved plans of this fleet are encrypted: what its configuration says, and what the environment lays over
//! that.

use super::backend::{parsed, without_source};
use super::bounds::is_untrusted;
use super::environment::environment;
use super::failure::Failure;
use crate::config::{encryption_of, parse_encryption};
use crate::diag::{Diagnostics, Sources};
use crate::state::SumKey;
use crate::store::sealed::{Ciphers, Sealed, SealedBackend};
use crate::store::{Backend, StateStore};
use secrecy::SecretString;
use std::sync::OnceLock;

/// The same as the block, as HCL or JSON: laid over it.
pub const ENCRYPTION_VARIABLE: &str = "PODFORM_ENCRYPTION";

/// The key of digests, and of the sums of what is not encrypted.
pub const STATE_KEY_VARIABLE: &str = "PODFORM_STATE_KEY";

/// Those of this run: keys are come by once.
static CIPHERS: OnceLock<Ciphers> = OnceLock::new();

/// How everything is encrypted here. An untrusted configuration has no say in it: it would choose which program runs, and to
/// whom a token is sent.
///
/// # Errors
/// What says it is wrong, or cannot be read.
pub fn ciphers() -> Result<&'static Ciphers, Failure> {
    if let Some(known) = CIPHERS.get() {
        return Ok(known);
    }
    let mut sources = Sources::default();
    let mut diags = Diagnostics::new();
    let files = match is_untrusted() {
        true => Vec::new(),
        false => parsed("encryption", &mut sources, &mut diags),
    };
    let over = environment(ENCRYPTION_VARIABLE)?.map(|text| {
        let file = sources.add(ENCRYPTION_VARIABLE, text.as_str());
        parse_encryption(file, &text, &mut diags)
    });
    let declared = if diags.has_errors() { None } else { encryption_of(&files, over.as_ref(), &mut diags) };
    if diags.has_errors() {
        let told: Diagnostics = diags.iter().map(|told| without_source(told, &sources)).collect();
        return Err(told.into());
    }
    let ciphers = declared.as_ref().map(Ciphers::new).unwrap_or_default();
    let ciphers = match environment(STATE_KEY_VARIABLE)? {
        Some(key) => ciphers.keyed(SumKey::derive(&SecretString::from(key))),
        None => ciphers,
    };
    Ok(CIPHERS.get_or_init(|| ciphers))
}

/// A backend whose states are encrypted, or have keyed sums, where that is said.
///
/// # Errors
/// As [`ciphers`].
pub fn encrypted(backend: Box<dyn Backend>) -> Result<Box<dyn Backend>, Failure> {
    Ok(match &ciphers()?.state {
        Some(cipher) => Box::new(SealedBackend::new(backend, cipher.clone())),
        None => backend,
    })
}

/// As [`encrypted`], of one state.
///
/// # Errors
/// As [`ciphers`].
pub fn encrypted_store(store: Box<dyn StateStore>) -> Result<Box<dyn StateStore>, Failure> {
    Ok(match &ciphers()?.state {
        Some(cipher) => Box::new(Sealed::new(store, cipher.clone())),
        None => store,
    })
}
