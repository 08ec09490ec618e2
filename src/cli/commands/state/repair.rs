//! `podform state repair`.

use crate::address::{InstanceAddr, ObjectKind};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{StateArgs, lock_timeout};
use crate::diag::Diagnostic;
use crate::render::count;
use crate::session::stored;
use crate::state::StateError::Moved;
use crate::state::{decode, repair};
use crate::store::{LockInfo, Remark, Snapshot};
use clap::Args;

/// `state repair`.
#[derive(Debug, Args)]
pub struct RepairArgs {
    /// Although machines may be forgotten by it.
    #[arg(long)]
    pub force: bool,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// How long to wait for the lock, like "30s".
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub lock_timeout: String,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// Says what it would do, asks, and does it. What may forget a machine is done only by force.
pub async fn run(args: &RepairArgs, context: &mut Context) -> Outcome {
    let mut store = args.place.store()?;
    let timeout = lock_timeout(&args.lock_timeout)?;
    let failed = |error| stored::failure(&error);
    let dead = store.lock(&LockInfo::new("state repair"), timeout).await.map_err(failed)?;
    if let Some(dead) = dead {
        context.diags.push(stored::told(&Remark::Died(Box::new(dead))));
    }
    let there = store.read().await.ok().and_then(|stored| stored.state);
    if let Some(Moved { to }) =
        there.as_deref().and_then(|bytes| decode(bytes).err()).filter(|why| matches!(why, Moved { .. }))
    {
        let detail = format!("Nothing is damaged: the state was moved away from here, to {to}.");
        let hint = "Bring the configuration up to date (the backend block), and run podform init. state repair mends it there.";
        return Err(Failure::from(Diagnostic::error("Nothing to repair", detail).with_hint(hint)));
    }
    let Some(repair) = repair(&store.remains().await.map_err(failed)?) else {
        let detail = "Neither the state, nor a backup, nor a journal from its first entry on can be read. Put a copy of your own in their place.";
        return Err(Failure::from(Diagnostic::error("Nothing to repair from", detail)));
    };
    if repair.steps.is_empty() && repair.losses.is_empty() {
        context.terminal.line("Nothing to repair.");
        return Ok(Exit::Done);
    }
    let state = repair.state;
    let is_machine = |address: &InstanceAddr| address.resource.object_kind().is_some_and(ObjectKind::is_rented);
    let machines = state.objects().filter(|(address, _)| is_machine(address)).count();
    for step in &repair.steps {
        context.terminal.line(step);
    }
    context.terminal.sentence(&format!(
        "The state then has serial {}, {}, {machines} of them machines, and {}. The files as they are now are kept beside.",
        state.serial,
        count(state.objects().count(), "object"),
        count(state.open.len(), "open operation")
    ));
    if !repair.losses.is_empty() && !args.force {
        let detail = format!(
            "This would lose what cannot be read any more:\n\n{}\n\nMachines may be forgotten by it, and go on billing. Put a copy of your own in place if you have one; to go on all the same, add -force, and look at podform orphans and the vendor's panel afterwards.",
            repair.losses.join("\n")
        );
        return Err(Failure::from(Diagnostic::error("Repair would lose something", detail)));
    }
    for loss in &repair.losses {
        context.terminal.tell(&format!("Lost: {loss}\n"));
    }
    if !args.auto_approve
        && !context
            .terminal
            .approves("\nDo you want to repair the state?", "podform writes state and journal anew; nothing is called.")
            .await
    {
        context.terminal.tell("\nRepair cancelled. Nothing was changed.\n");
        return Ok(Exit::Error);
    }
    let kept = store.mend(&Snapshot::of(&state)).await.map_err(failed)?;
    context.terminal.line("The state is repaired.");
    for place in kept {
        context.terminal.tell(&format!("Kept: {place}\n"));
    }
    Ok(Exit::Done)
}
