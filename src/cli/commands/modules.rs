//! `podform modules`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::render::{modules_json, modules_text};
use crate::session;
use clap::Args;

/// `modules`.
#[derive(Debug, Args)]
pub struct ModulesArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Prints the calls of modules. Nothing is evaluated or called.
pub fn run(args: &ModulesArgs, context: &mut Context) -> Outcome {
    let (configuration, _) = session::read(&mut context.sources, &mut context.diags);
    if context.diags.has_errors() {
        return Ok(Exit::Error);
    }
    match args.json {
        true => context.terminal.json(&modules_json(&configuration).to_string()),
        false => context.terminal.print(&modules_text(&configuration)),
    }
    Ok(Exit::Done)
}
