//! Texts of the language are in Unicode's form C, as in Terraform.

use std::sync::Arc;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The text in form C; what is in it already, or shared, is not copied for that.
pub(super) fn nfc<T: AsRef<str> + Into<Arc<str>>>(text: T) -> Arc<str> {
    let given = text.as_ref();
    match given.is_ascii() || is_nfc(given) {
        true => text.into(),
        false => given.nfc().collect::<String>().into(),
    }
}
