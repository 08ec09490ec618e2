//! `podform state history` and `podform state rollback`.

use super::recorded::BILLS;
use crate::cli::approval::approved;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{ListingArgs, StateArgs, WriteArgs};
use crate::cli::terminal::{Terminal, may_ask};
use crate::diag::Diagnostic;
use crate::render::listing::{Copied, history_table};
use crate::session::history::{former, history};
use crate::session::stored;
use crate::state::{Rollback, State, Turn, Turned};
use clap::Args;

/// `state history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// How it is printed.
    #[command(flatten)]
    pub listing: ListingArgs,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// `state rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The serial of the state that was, as podform state history shows it.
    pub serial: u64,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// Although machines are forgotten by it, and go on billing.
    #[arg(long)]
    pub force: bool,
    /// How it is written.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// Lists the copies that are kept, the newest first.
pub async fn list(args: &HistoryArgs, context: &Context) -> Outcome {
    let store = args.place.store()?;
    let now = args.place.read().await?;
    let copies = history(&*store).await?.into_iter().map(|was| {
        let serial = was.serial();
        let place = was.former.place.to_string();
        match was.state {
            Ok(state) => Copied {
                place,
                serial,
                at: was.former.at,
                holds: Some((state.objects().count(), state.recorded_machines().count())),
                is_current: state.serial == now.serial && state.lineage == now.lineage,
                unfit: (state.lineage != now.lineage).then(|| "of another lineage".to_owned()),
            },
            Err(_) => {
                Copied { place, serial, at: was.former.at, unfit: Some("no state".to_owned()), ..Copied::default() }
            }
        }
    });
    args.listing.print(&history_table(&copies.collect::<Vec<_>>()), &context.terminal);
    Ok(Exit::Done)
}

/// Says what going back would mean, asks, and does it: the state that was is written anew, with a serial above all others.
pub async fn rollback(args: &RollbackArgs, context: &mut Context) -> Outcome {
    let store = args.write.place.store()?;
    let mut held = args.write.hold("state rollback", &mut context.diags).await?;
    let then = former(&*store, args.serial, &held.state).await?;
    if let Some(intent) = held.state.open.values().next() {
        let detail = format!(
            "A call for {} has no known outcome yet, and a state that was knows nothing of it. Settle it first: podform recover.",
            intent.address
        );
        return Err(Diagnostic::error("Object in doubt", detail).on(&intent.address).into());
    }
    let back = Rollback::of(&held.state, &then);
    if back.is_empty(&held.state) {
        context.terminal.line(&format!("The state says what it said with serial {} already.", args.serial));
        return Ok(Exit::Done);
    }
    for line in told(&back, args.serial, &held.state) {
        context.terminal.line(&line);
    }
    if !back.lost.is_empty() && !args.force {
        let detail = format!(
            "Going back would forget {}, and what podform does not know goes on billing. Release it first (podform destroy -target=ADDRESS), or add -force: podform orphans then finds it by its mark.",
            back.lost.join(", ")
        );
        return Err(Failure::from(Diagnostic::error("Machines would be forgotten", detail)));
    }
    let can_ask = may_ask() && Terminal::is_interactive();
    let question = "\nDo you want to go back to this state?\n  podform writes the state anew; nothing is called. The next plan shows what differs from the account.";
    if !approved(question, args.auto_approve, can_ask, &context.terminal).await? {
        return Ok(Exit::Error);
    }
    let mut next = back.state;
    held.store.put(&mut next).await.map_err(|error| stored::failure(&error))?;
    context.terminal.line(&format!("The state is now that of serial {}, as serial {}.", args.serial, next.serial));
    for machine in back.lost {
        context.terminal.tell(&format!("Forgot {machine}: {BILLS}\n"));
    }
    Ok(Exit::Done)
}

/// As a plan draws it.
fn told(back: &Rollback, serial: u64, now: &State) -> Vec<String> {
    let mut lines = vec![format!("Going back from serial {} to what serial {serial} said:\n", now.serial)];
    lines.extend(back.objects.iter().map(|Turned { place, id, turn }| {
        let id = id.map_or_else(String::new, |id| format!(" ({id})"));
        match turn {
            Turn::Forgotten => format!("  - {place}{id} is forgotten"),
            Turn::Again => format!("  + {place}{id} is recorded again; the next plan looks whether it is still there"),
            Turn::AsThen => format!("  ~ {place}{id} is recorded as it was then"),
        }
    }));
    lines.extend(back.outputs.iter().map(|name| format!("  ~ output {name}")));
    if lines.len() == 1 {
        lines.push("  ~ no object: what else is recorded, as it was then".to_owned());
    }
    lines
}
