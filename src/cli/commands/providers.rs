//! `podform providers`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::StateArgs;
use crate::render::{provider_schema, providers_text};
use crate::session;
use clap::{Args, Subcommand};

/// `providers`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ProvidersArgs {
    /// What of them; without it, which modules need them.
    #[command(subcommand)]
    pub command: Option<ProvidersCommand>,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// The commands below `providers`.
#[derive(Debug, Subcommand)]
pub enum ProvidersCommand {
    /// The attributes and blocks of the provider, its resources and data sources, in Terraform's format.
    Schema(SchemaArgs),
}

/// `providers schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// As JSON: there is no other form.
    #[arg(long, required = true)]
    pub json: bool,
}

/// Prints which modules need the one provider, or what that has. Nothing is evaluated or called.
pub async fn run(args: &ProvidersArgs, context: &mut Context) -> Outcome {
    if let Some(ProvidersCommand::Schema(_)) = &args.command {
        context.terminal.line(&provider_schema().to_string());
        return Ok(Exit::Done);
    }
    let (configuration, _) = session::read(&mut context.sources, &mut context.diags);
    if context.diags.has_errors() {
        return Ok(Exit::Error);
    }
    let state = args.place.read().await?;
    context.terminal.print(&providers_text(&configuration, !state.resources.is_empty()));
    Ok(Exit::Done)
}
