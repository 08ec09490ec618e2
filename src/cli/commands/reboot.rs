//! `podform reboot`.

use crate::apply::Cancel;
use crate::cli::approval::approved;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, LockArgs, VariableArgs};
use crate::cli::rebooting::{NotRebooted, STOPPED, WHAT_IT_DOES, Way};
use crate::cli::waiting::Waiting;
use crate::diag::Diagnostic;
use crate::live::MachineId;
use crate::session::{AtHand, Held};
use crate::simplepod::Client;
use clap::Args;
use std::time::Duration;

/// What is told of an interrupt, and of a second one.
const INTERRUPTED: [&str; 2] = [
    "\nInterrupted: the reboot under way is looked after, no other is begun. Ctrl-C again stops at once.\n\n",
    STOPPED,
];

/// `reboot`.
#[derive(Debug, Args)]
pub struct RebootArgs {
    /// The machines: addresses where they are recorded, or ids.
    #[arg(value_name = "ADDRESS|ID", required = true)]
    pub machines: Vec<String>,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// With -auto-approve, also machines that are recorded nowhere here and carry no fleet's mark.
    #[arg(long)]
    pub force: bool,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Lock.
    #[command(flatten)]
    pub locking: LockArgs,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// Reboots machines, one after the other; the failure of one keeps none of the others. Exit code 4 where nobody can tell whether one was.
pub async fn run(args: &RebootArgs, context: &mut Context) -> Outcome {
    let locking = args.locking.locking("reboot")?;
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    let ids = at_hand.all_machines(&args.machines)?;
    if ids.iter().all(|id| at_hand.address_of(*id).is_none()) {
        // Nothing of it is recorded: there is no journal to write to.
        return opening
            .reaching_for(&at_hand, async |client, window| {
                act(args, &ids, &at_hand, (client, window), None, context).await
            })
            .await;
    }
    opening
        .reaching_held(&at_hand, locking, async |client, mut held, window| {
            held.tell(&mut context.diags);
            let done = act(args, &ids, &at_hand, (client, window), Some(&mut held), context).await;
            // What was done before a failure is recorded too.
            match held.fold().await {
                Ok(()) => done,
                Err(unwritten) => {
                    let mut failed = ended(done);
                    failed.add(unwritten);
                    failed.outcome()
                }
            }
        })
        .await
}

async fn act(
    args: &RebootArgs,
    ids: &[MachineId],
    at_hand: &AtHand,
    (client, window): (&Client, Duration),
    mut held: Option<&mut Held>,
    context: &Context,
) -> Outcome {
    let waiting = Waiting::reading(context.terminal);
    let way = Way::open(client, window, at_hand.fleet.as_deref()).await?;
    let state = held.as_ref().map(|held| held.state.clone()).unwrap_or_default();
    let mut lines = String::new();
    for id in ids {
        let candidate = way.candidate(*id, &state).await?;
        if !candidate.is_recorded && args.auto_approve && !args.force {
            let detail = format!(
                "Machine {id} is recorded nowhere here and carries no fleet's mark, so nothing says that it is yours."
            );
            let told = Diagnostic::error("Whose machine", detail);
            return Err(told.with_hint("Leave -auto-approve out to be asked, or add -force.").into());
        }
        lines.push_str(&format!("\n  {}: {}", super::instances::name(at_hand, *id), candidate.words));
    }
    drop(waiting);
    let question = format!("Do you really want to reboot these?{lines}\n  {WHAT_IT_DOES}");
    if !approved(&question, args.auto_approve, args.variables.input, &context.terminal).await? {
        return Ok(Exit::Error);
    }
    let cancel = context.interrupts.handled(Cancel::Gently, INTERRUPTED);
    let mut failed = Failure::none();
    for id in ids {
        if *cancel.borrow() > Cancel::Running {
            failed.exit = failed.exit.max(Exit::Interrupted);
            break;
        }
        let name = super::instances::name(at_hand, *id);
        let waiting = Waiting::often(context.terminal, "Rebooting");
        let done = way.reboot(*id, &name, &state, held.as_deref_mut()).await;
        drop(waiting);
        let (told, ends) = match done {
            Ok(done) => done,
            Err(NotRebooted { failure, is_written }) => {
                failed.add(failure);
                // Without a journal no other is sent.
                if is_written { continue } else { break }
            }
        };
        context.terminal.line(&told);
        failed.exit = failed.exit.max(ends);
    }
    failed.outcome()
}

fn ended(done: Outcome) -> Failure {
    done.map_or_else(|failure| failure, |exit| Failure { exit, ..Failure::none() })
}
