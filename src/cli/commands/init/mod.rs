//! `podform init` and `podform get`: nothing has to be fetched, so they look whether everything is there; `init` opens the
//! backend, and may write a fleet to begin with.

mod backend;
mod begin;
mod examples;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::AccountArgs;
use crate::render::initialized_message;
use crate::session;
use backend::BackendArgs;
use clap::Args;
use clap::builder::PossibleValuesParser;
use examples::EXAMPLES;

/// `init`. Flags of Terraform's that mean nothing here are taken: programs that drive Terraform give them.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Write an example into this directory, which must hold no configuration.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(EXAMPLES.map(|(name, _)| name)))]
    pub example: Option<String>,
    /// Write a fleet with one machine: of this template, and of the cheapest offer that the market has for it now.
    #[arg(long, value_name = "ID|NAME", conflicts_with = "example")]
    pub from: Option<String>,
    /// With -from: of this model.
    #[arg(long, value_name = "MODEL", requires = "from")]
    pub gpu_model: Option<String>,
    /// The configuration is looked at without values.
    #[arg(long, hide = true, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub var: Vec<String>,
    /// The configuration is looked at without values.
    #[arg(long, hide = true, value_name = "FILE")]
    pub var_file: Vec<String>,
    /// There is nothing to upgrade.
    #[arg(long, hide = true)]
    pub upgrade: bool,
    /// Modules are read where they are.
    #[arg(long, hide = true, value_name = "BOOL", default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub get: Option<bool>,
    /// Tell everything as Terraform's messages, one JSON object a line.
    #[arg(long, conflicts_with_all = ["example", "from"])]
    pub json: bool,
    /// The backend.
    #[command(flatten)]
    pub backend: BackendArgs,
    /// There are no remote versions.
    #[arg(long, hide = true)]
    pub ignore_remote_version: bool,
    /// The provider is a part of podform.
    #[arg(long, hide = true, value_name = "DIR")]
    pub plugin_dir: Vec<String>,
    /// The provider is a part of podform.
    #[arg(long, hide = true, value_name = "MODE")]
    pub lockfile: Option<String>,
    /// There are no test files.
    #[arg(long, hide = true, value_name = "DIR")]
    pub test_directory: Option<String>,
    /// With -from: whose templates and market.
    #[command(flatten)]
    pub account: AccountArgs,
}

/// What is told where nothing is missing.
const READY: &str =
    "podform has been initialized: the provider is a part of it, and modules are read from their directories.";

/// `get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// There is nothing to update.
    #[arg(long, hide = true)]
    pub update: bool,
}

/// Writes what to begin with, where that is asked for; reads the configuration and its modules.
pub async fn run(args: &InitArgs, context: &mut Context) -> Outcome {
    if let Some(name) = &args.example {
        begin::example(name, context)?;
    }
    if let Some(named) = &args.from {
        begin::from(named, args.gpu_model.as_deref(), &args.account, context).await?;
    }
    let configuration = session::read(&mut context.sources, &mut context.diags).0;
    if context.diags.has_errors() {
        return Ok(Exit::Error);
    }
    if args.backend.backend && !args.account.sandbox {
        let block = configuration.root().settings.as_ref().and_then(|settings| settings.backend.as_ref());
        backend::run(&args.backend, block, context).await?;
    }
    if context.terminal.streams() {
        context.terminal.messages([initialized_message(READY)]);
        return Ok(Exit::Done);
    }
    context.terminal.sentence(READY);
    context.terminal.next("\nNext: podform plan shows what would change.");
    Ok(Exit::Done)
}

/// Reads the modules.
pub fn get(context: &mut Context) -> Outcome {
    Ok(if loads(context) { Exit::Done } else { Exit::Error })
}

fn loads(context: &mut Context) -> bool {
    session::read(&mut context.sources, &mut context.diags);
    !context.diags.has_errors()
}
