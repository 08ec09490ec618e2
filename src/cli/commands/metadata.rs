//! `podform metadata functions`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::render::functions_json;
use clap::{Args, Subcommand};

/// The commands below `metadata`.
#[derive(Debug, Subcommand)]
pub enum MetadataCommand {
    /// The signatures of all functions, in Terraform's format.
    Functions(FunctionsArgs),
}

/// `metadata functions`.
#[derive(Debug, Args)]
pub struct FunctionsArgs {
    /// As JSON: there is no other form.
    #[arg(long, required = true)]
    pub json: bool,
}

/// Prints the signatures of all functions, each also as `core::NAME`.
pub fn run(command: &MetadataCommand, context: &Context) -> Outcome {
    let MetadataCommand::Functions(_) = command;
    context.terminal.line(&functions_json().to_string());
    Ok(Exit::Done)
}
