//! `podform init` and `podform get`: nothing has to be fetched, so they look whether everything is there; `init` may write a
//! fleet to begin with.

mod begin;
mod examples;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::AccountArgs;
use crate::diag::Diagnostic;
use crate::render::initialized_message;
use crate::session;
use clap::Args;
use clap::builder::PossibleValuesParser;
use examples::EXAMPLES;

/// `init`. The flags of Terraform's are taken, and mean nothing: programs that drive Terraform give them.
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
    /// Nothing is asked for.
    #[arg(long, hide = true, value_name = "BOOL", default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub input: Option<bool>,
    /// The configuration is looked at without values.
    #[arg(long, hide = true, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    pub var: Vec<String>,
    /// The configuration is looked at without values.
    #[arg(long, hide = true, value_name = "FILE")]
    pub var_file: Vec<String>,
    /// There is nothing to upgrade.
    #[arg(long, hide = true)]
    pub upgrade: bool,
    /// State lies in the directory of the fleet.
    #[arg(long, hide = true)]
    pub reconfigure: bool,
    /// State lies in the directory of the fleet.
    #[arg(long, hide = true, value_name = "BOOL", default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub backend: Option<bool>,
    /// Modules are read where they are.
    #[arg(long, hide = true, value_name = "BOOL", default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub get: Option<bool>,
    /// Nothing is written.
    #[arg(long, hide = true, value_name = "BOOL", default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub lock: Option<bool>,
    /// Nothing is written.
    #[arg(long, hide = true, value_name = "DURATION")]
    pub lock_timeout: Option<String>,
    /// There are no backends: whoever configures one is told.
    #[arg(long, hide = true, value_name = "NAME=VALUE", allow_hyphen_values = true, num_args = 0..=1, require_equals = true)]
    pub backend_config: Vec<String>,
    /// State lies in the directory of the fleet.
    #[arg(long, hide = true)]
    pub migrate_state: bool,
    /// State lies in the directory of the fleet.
    #[arg(long, hide = true)]
    pub force_copy: bool,
    /// State lies in the directory of the fleet.
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
    /// Tell everything as Terraform's messages, one JSON object a line.
    #[arg(long, conflicts_with_all = ["example", "from"])]
    pub json: bool,
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
    if !args.backend_config.is_empty() {
        let detail = "podform has no backends, so -backend-config does nothing: the state lies in the directory state of the fleet, or in the file that -state names.";
        context.diags.push(Diagnostic::warning("Backend configuration is ignored", detail));
    }
    if let Some(name) = &args.example {
        begin::example(name, context)?;
    }
    if let Some(named) = &args.from {
        begin::from(named, args.gpu_model.as_deref(), &args.account, context).await?;
    }
    if !loads(context) {
        return Ok(Exit::Error);
    }
    if context.terminal.streams() {
        context.terminal.messages([initialized_message(READY)]);
        return Ok(Exit::Done);
    }
    context.terminal.line(READY);
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
