//! `podform plan`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::{AccountArgs, PlanningArgs};
use crate::cli::show_plan::show;
use crate::session::{Prepared, saved};
use clap::Args;
use std::path::{Path, PathBuf};

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
    let how = args.planning.planning(args.destroy)?;
    let opening = args.planning.opening(0);
    let Some((fleet, state)) = context.configure_beside_state(&opening).await? else { return Ok(Exit::Error) };
    opening
        .looking(&fleet, &state, async |session| {
            let Prepared { plan, .. } = session.plan(&state, &how, &mut context.diags).await?;
            show(&plan, &fleet, &state, args.planning.json, context);
            if let Some(path) = &args.out {
                saved::write(path, &plan, &how.options, &fleet, &session.secret_key(&plan.lineage))?;
                if !args.planning.json {
                    context.terminal.line(&next_step(path, &args.planning.account));
                }
            }
            let changes = plan.has_changes() || !plan.left_out.is_empty();
            Ok(if args.detailed_exitcode && changes { Exit::Changes } else { Exit::Done })
        })
        .await
}

/// What to do with the file.
fn next_step(path: &Path, account: &AccountArgs) -> String {
    let sandbox = if account.sandbox { " --sandbox" } else { "" };
    format!("\nThe plan is saved. To do exactly this:\n    podform apply{sandbox} {}", path.display())
}
