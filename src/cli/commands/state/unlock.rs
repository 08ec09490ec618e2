//! `podform force-unlock`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::StateArgs;
use crate::session::stored;
use crate::store::Part;
use clap::Args;

/// `force-unlock`.
#[derive(Debug, Args)]
pub struct UnlockArgs {
    /// The id of the lock, as whoever was refused was told.
    pub id: String,
    /// Do not ask.
    #[arg(long)]
    pub force: bool,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// Takes the lock away from a run that died on another host; never from one that runs on this host.
pub async fn run(args: &UnlockArgs, context: &mut Context) -> Outcome {
    let store = args.place.store()?;
    let failed = |error| stored::failure(&error);
    if let Some(holder) = store.holder().await.map_err(failed)? {
        context.terminal.tell(&holder.at(&store.place(Part::Lock)).to_string());
    }
    let what = "Another run may be writing the state. Take its lock away only if you know that it died.";
    if !args.force && !context.terminal.approves("\nDo you really want to force-unlock?", what).await {
        context.terminal.tell("\nForce-unlock cancelled. Nothing was changed.\n");
        return Ok(Exit::Error);
    }
    store.force_unlock(&args.id).await.map_err(failed)?;
    context.terminal.line("The state is unlocked.");
    Ok(Exit::Done)
}
