//! `podform validate`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::VariableArgs;
use crate::cli::terminal::told_here;
use crate::config::Inputs;
use crate::diag::Diagnostics;
use crate::render::diagnostics_json;
use crate::session::{self, LocalEffects, variables};
use clap::Args;

/// `validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// Checks everything that can be checked without the API. Variables that nobody gives are unknown, as in Terraform.
pub fn run(args: &ValidateArgs, context: &mut Context) -> Outcome {
    let effects = LocalEffects::planning();
    let (configuration, texts) = session::read(&mut context.sources, &mut context.diags);
    let root = configuration.root();
    let mut given = variables::given(&args.variables.settings, root, &mut context.sources, &mut context.diags);
    let missing = Inputs::unknown(root, &given, "validate");
    given.extend(missing);
    let fleet = session::evaluated(configuration, texts, given, &effects, &mut context.sources, &mut context.diags);
    context.diags.extend(fleet.as_ref().map(session::Fleet::misspelt_models).unwrap_or_default());
    // The process ends soon, and its memory goes at once: taking a large configuration apart would be a tenth of the time.
    std::mem::forget(fleet);
    let valid = !context.diags.has_errors();
    if args.json {
        let diags: Diagnostics = std::mem::take(&mut context.diags);
        context
            .terminal
            .json(&format!("{:#}", diagnostics_json(&told_here(&diags.in_source_order()), &context.sources)));
    } else if valid {
        context.terminal.line("Success! The configuration is valid.");
    }
    Ok(if valid { Exit::Done } else { Exit::Error })
}
