//! `podform snapshot`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::{AccountArgs, LockArgs, VariableArgs};
use crate::cli::waiting::Waiting;
use crate::session::{Watched, written};
use clap::Args;
use std::path::PathBuf;

/// `snapshot`.
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// The file that it is written to; what is there is replaced.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Lock.
    #[command(flatten)]
    pub locking: LockArgs,
}

/// Writes what a plan reads, without secrets: whoever has the file can plan with -snapshot, without key and network.
pub async fn run(args: &SnapshotArgs, context: &mut Context) -> Outcome {
    let opening = args.variables.opening(args.account.choice(), 0);
    let locking = args.locking.locking("snapshot")?;
    let Some((fleet, Watched { state, lock: _lock })) = context.configure_beside_state(&opening, locking).await? else {
        return Ok(Exit::Error);
    };
    let taken = opening
        .looking(&fleet, &state, async |session| {
            let _waiting = Waiting::reading(context.terminal);
            written::take(session, &state).await.map_err(crate::session::Failure::from)
        })
        .await?;
    written::write(&args.out, &taken)?;
    let (of, machines) = (taken.as_of.strftime("%Y-%m-%d %H:%M"), taken.machines.len());
    context.terminal.line(&format!(
        "The snapshot is written, as of {of} UTC: {machines} machine{}, {} offers, no secret.",
        if machines == 1 { "" } else { "s" },
        taken.offers.len()
    ));
    Ok(Exit::Done)
}
