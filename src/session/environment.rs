//! Environment variables that are settings.

use crate::diag::Diagnostic;
use std::env::{self, VarError};

/// The text of an environment variable; `None` where it is not set, or empty.
///
/// # Errors
/// It is no text: to go on as if it were not set would be another setting than the one that is meant.
pub fn environment(name: &str) -> Result<Option<String>, Diagnostic> {
    match env::var(name) {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(unreadable(name)),
    }
}

/// That an environment variable is no text. What it holds may be a secret.
pub(super) fn unreadable(name: &str) -> Diagnostic {
    let detail =
        format!("The environment variable {name} holds bytes that are not valid UTF-8. Set it anew, or unset it.");
    Diagnostic::error("Unreadable environment variable", detail)
}
