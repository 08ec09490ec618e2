//! `podform show`.

use super::Context;
use crate::cli::account::state_dir;
use crate::cli::args::ShowArgs;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::stored;
use crate::render::{state_json, state_text};

/// Shows the state.
pub fn run(args: &ShowArgs, context: &Context) -> Outcome {
    let state = stored::read(&state_dir(args.sandbox))?;
    match args.json {
        true => context.terminal.line(&state_json(&state).to_string()),
        false => context.terminal.print(&state_text(&state, context.terminal.out)),
    }
    Ok(Exit::Done)
}
