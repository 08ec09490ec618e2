//! `podform show`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::StateArgs;
use crate::render::{Detail, plan_json, plan_text, state_json, state_text};
use crate::review::Review;
use crate::session::saved;
use clap::Args;
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
    /// Show every attribute of every change of a plan.
    #[arg(long)]
    pub detail: bool,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// Shows the state, or a saved plan, which tells all of itself.
pub async fn run(args: &ShowArgs, context: &mut Context) -> Outcome {
    match (&args.file, args.json) {
        (Some(path), json) => {
            let saved = saved::read(path).await?;
            let review = Review::of(&saved.plan).approving(&saved.approval);
            match json {
                true => context.terminal.json(&plan_json(&review, &saved.made_from).to_string()),
                false => {
                    if let Some(as_of) = saved.made_from.snapshot {
                        context.terminal.as_of(as_of);
                    }
                    context.terminal.print(&plan_text(&review, context.terminal.out, Detail::asked(args.detail)));
                }
            }
        }
        (None, true) => context.terminal.json(&state_json(&args.place.read().await?).to_string()),
        (None, false) => {
            let state = args.place.read().await?;
            context.terminal.print(&state_text(&state, context.terminal.out));
            if let Some(hint) = args.place.hint(&state) {
                context.terminal.tell(&format!("{hint}\n"));
            }
        }
    }
    Ok(Exit::Done)
}
