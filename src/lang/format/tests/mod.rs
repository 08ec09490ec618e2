//! Recorded answers of `terraform fmt -` 1.11, and what must hold for every text.

#![allow(clippy::unwrap_used)]

mod fixtures;
mod oracle;
mod properties;
mod random;
mod spoiled;

use crate::diag::{Diagnostics, Sources};

/// The formatted text; `None` for what is refused.
fn formatted(text: &str) -> Option<String> {
    let file = Sources::default().add("test.hcl", text);
    let mut diags = Diagnostics::new();
    let formatted = super::format(file, text, &mut diags);
    assert_eq!(formatted.is_none(), diags.has_errors(), "{text:?}: {diags:?}");
    formatted
}
