//! `podform metadata functions`.

use super::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::render::functions_json;

/// Prints the signatures of all functions, each also as `core::NAME`.
pub fn functions(context: &Context) -> Outcome {
    context.terminal.line(&functions_json().to_string());
    Ok(Exit::Done)
}
