//! `podform force-unlock`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::StateArgs;
use crate::session::stored;
use crate::store::Store;
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
pub fn run(args: &UnlockArgs, context: &mut Context) -> Outcome {
    let store = Store::new(args.place.directory());
    if let Some(holder) = store.holder() {
        context.terminal.tell(&holder.at(&store.lock_path().as_path().into()).to_string());
    }
    let what = "Another run may be writing the state. Take its lock away only if you know that it died.";
    if !args.force && !context.terminal.approves("\nDo you really want to force-unlock?", what) {
        context.terminal.tell("\nForce-unlock cancelled. Nothing was changed.\n");
        return Ok(Exit::Error);
    }
    store.force_unlock(&args.id).map_err(|error| stored::failure(&error))?;
    context.terminal.line("The state is unlocked.");
    Ok(Exit::Done)
}
