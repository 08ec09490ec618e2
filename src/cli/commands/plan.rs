//! `podform plan`.

use super::Context;
use crate::cli::account::{Access, state_dir};
use crate::cli::effects::World;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::PlanningArgs;
use crate::cli::fleet::{self, Fleet};
use crate::cli::{planning, saved, stored};
use crate::plan::{Plan, PlanMode};
use crate::planning::{Basis, Look, Market, look};
use crate::render::{configuration_json, plan_json, plan_text};
use crate::review::Review;
use crate::state::State;
use clap::Args;
use std::path::PathBuf;

/// `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// What the plan is made with.
    #[command(flatten)]
    pub planning: PlanningArgs,
    /// Plan to release and delete everything.
    #[arg(long, conflicts_with_all = ["refresh_only", "replace"])]
    pub destroy: bool,
    /// Write the plan to a file, for apply.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Exit with 2 where there are changes.
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// Shows what an apply would do. Writes neither state nor journal nor account.
pub async fn run(args: &PlanArgs, context: &mut Context) -> Outcome {
    let effects = World::planning();
    let options = planning::options(&args.planning, args.destroy)?;
    let directory = state_dir(args.planning.account.sandbox);
    let Context { sources, diags, terminal, .. } = context;
    let (loaded, state) =
        stored::read_beside(&directory, || fleet::load(&args.planning.variables, &effects, terminal, sources, diags));
    let Some(fleet) = loaded else { return Ok(Exit::Error) };
    let state = state?;
    let access = Access::open(&args.planning.account, &fleet.provider).await?;
    access.check(&state, args.planning.account.accept_account)?;
    let client = access.client(&state, 0)?;
    let rents = options.mode == PlanMode::Normal && fleet.asks_for_more_than(&state);
    let Look { snapshot, market } =
        look(&*client, &state, planning::looking(&args.planning, fleet.name(), rents)).await?;
    let key = access.secret_key(&state.lineage);
    let basis = Basis {
        program: &fleet.program,
        effects: &effects,
        key: &key,
        account: &access.identity,
        state: &state,
        snapshot: &snapshot,
        cloud: &*client,
        options: &options,
    };
    let plan = planning::make(&basis, Market::Api(market), &mut context.diags).await?.plan;
    planning::tell_orphans(&state, &snapshot, &plan, &mut context.diags);
    show(&plan, &fleet, &state, args.planning.json, context);
    if let Some(path) = &args.out {
        saved::write(path, &plan, &options, &fleet, &access)?;
        if !args.planning.json {
            context.terminal.line(&saved::next_step(path, &args.planning.account));
        }
    }
    access.close().await;
    let changes = plan.has_changes() || !plan.left_out.is_empty();
    Ok(if args.detailed_exitcode && changes { Exit::Changes } else { Exit::Done })
}

/// Prints a plan.
pub fn show(plan: &Plan, fleet: &Fleet, state: &State, json: bool, context: &Context) {
    if json {
        context
            .terminal
            .line(&plan_json(&Review::of(plan), configuration_json(&fleet.program.configuration), state).to_string());
    } else {
        context.terminal.print(&plan_text(&Review::of(plan), context.terminal.out));
    }
}
