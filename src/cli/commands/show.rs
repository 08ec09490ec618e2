//! `podform show`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::StateArgs;
use crate::diag::{Diagnostic, Diagnostics};
use crate::plan::changed_files;
use crate::render::{configuration_json, plan_json, plan_text, state_json, state_text};
use crate::review::Review;
use crate::session::{self, saved};
use crate::state::State;
use clap::Args;
use std::path::Path;
use std::path::PathBuf;

/// `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A saved plan; the state without it.
    #[arg(value_name = "PLAN")]
    pub file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// Shows the state, or a saved plan.
pub async fn run(args: &ShowArgs, context: &mut Context) -> Outcome {
    let state = args.place.read().await?;
    if let Some(path) = &args.file {
        return saved_plan(path, args.json, &state, context);
    }
    match args.json {
        true => context.terminal.json(&state_json(&state).to_string()),
        false => context.terminal.print(&state_text(&state, context.terminal.out)),
    }
    Ok(Exit::Done)
}

/// A saved plan; as JSON with the configuration beside it, if that is still the one it was made from.
fn saved_plan(path: &Path, json: bool, state: &State, context: &mut Context) -> Outcome {
    let saved = saved::read(path)?;
    if !json {
        context.terminal.print(&plan_text(&Review::of(&saved.plan), context.terminal.out));
        return Ok(Exit::Done);
    }
    let mut ignored = Diagnostics::new();
    let (configuration, texts) = session::read(&mut context.sources, &mut ignored);
    let described = match changed_files(&saved.configuration, &saved::digests(&texts)).is_empty() {
        true => configuration_json(&configuration),
        false => {
            let detail = "The configuration here is not the one that the plan was made from, so the JSON holds none.";
            context.diags.push(Diagnostic::warning("Configuration left out", detail));
            serde_json::json!({})
        }
    };
    context.terminal.json(&plan_json(&Review::of(&saved.plan), described, state).to_string());
    Ok(Exit::Done)
}
