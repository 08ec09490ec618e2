//! `podform workspace`: a fleet has one.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::diag::Diagnostic;
use clap::{Args, Subcommand};

/// The name of the one workspace, as `terraform.workspace` gives it.
const DEFAULT: &str = "default";

/// The commands below `workspace`.
#[derive(Debug, Subcommand)]
pub enum WorkspaceCommand {
    /// Show the name of the workspace.
    Show,
    /// List the workspaces.
    List,
    /// Choose a workspace: there is one.
    Select(SelectArgs),
}

/// `workspace select`.
#[derive(Debug, Args)]
pub struct SelectArgs {
    /// Its name.
    #[arg(value_name = "WORKSPACE")]
    pub name: String,
}

/// Tells of the one that there is.
pub fn run(command: &WorkspaceCommand, context: &Context) -> Outcome {
    match command {
        WorkspaceCommand::Show => context.terminal.line(DEFAULT),
        WorkspaceCommand::List => context.terminal.line(&format!("* {DEFAULT}\n")),
        WorkspaceCommand::Select(args) if args.name == DEFAULT => {}
        WorkspaceCommand::Select(args) => {
            let detail = format!("There is no workspace \"{}\": a fleet has one, \"{DEFAULT}\".", args.name);
            let hint = "Another fleet has a directory of its own.";
            return Err(Diagnostic::error("No such workspace", detail).with_hint(hint).into());
        }
    }
    Ok(Exit::Done)
}
