//! Templates in files and in text.

use super::signature::Function;

pub(super) const FUNCTIONS: &[Function] = &[];
