//! `podform reboot`.

use crate::address::InstanceAddr;
use crate::apply::{Cancel, Reboot, reboot};
use crate::cli::approval::approved;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, LockArgs, VariableArgs};
use crate::cloud::Cloud as _;
use crate::cloud::fault::fault;
use crate::diag::{Diagnostic, Diagnostics, Topic};
use crate::live::{Machine, MachineId, ObjectId};
use crate::refresh::Clock;
use crate::render::listing::machine_words;
use crate::session::{AtHand, Held};
use crate::simplepod::Client;
use crate::state::{Record, State};
use clap::Args;
use std::sync::Arc;
use std::time::Duration;

/// What is told of an interrupt, and of a second one.
const INTERRUPTED: [&str; 2] = [
    "\nInterrupted: the reboot under way is looked after, no other is begun. Ctrl-C again stops at once.\n\n",
    "\nStopped. The call under way is in the journal; podform recover looks what became of it.\n\n",
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

/// Reboots machines, one after the other. Exit code 4 where nobody can tell whether one was.
pub async fn run(args: &RebootArgs, context: &mut Context) -> Outcome {
    let locking = args.locking.locking("reboot")?;
    let opening = args.variables.opening(args.account.choice(), 0);
    let at_hand = opening.at_hand(&mut context.sources, &mut context.diags).await?;
    let mut ids: Vec<MachineId> = Vec::new();
    for named in &args.machines {
        let found = at_hand.machines(named)?;
        ids.extend(found.into_iter().filter(|id| !ids.contains(id)).collect::<Vec<_>>());
    }
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
            held.fold().await?;
            done
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
    let clock = Clock::new(jiff::Timestamp::now());
    let listed = client.machines().await;
    clock.observe(listed.map_err(|error| fault("Listing the machines", &error))?.as_of);
    let state = held.as_ref().map(|held| held.state.clone()).unwrap_or_default();
    let mut lines = String::new();
    for id in ids {
        let machine = seen(client, *id).await?;
        let recorded = may_be(&machine, &state, at_hand.fleet.as_deref())?;
        if recorded.is_none() && args.auto_approve && !args.force {
            let detail = format!(
                "Machine {id} is recorded nowhere here and carries no fleet's mark, so nothing says that it is yours."
            );
            let told = Diagnostic::error("Whose machine", detail);
            return Err(told.with_hint("Leave -auto-approve out to be asked, or add -force.").into());
        }
        let whose =
            if recorded.is_some() { "" } else { "; recorded nowhere here, and without a fleet's mark: is it yours?" };
        let name = super::instances::name(at_hand, *id);
        lines.push_str(&format!("\n  {name}: {}{whose}", machine_words(&machine)));
    }
    let question =
        format!("Do you really want to reboot these?{lines}\n  What runs on them is stopped, and begins anew.");
    if !approved(&question, args.auto_approve, args.variables.input, &context.terminal).await? {
        return Ok(Exit::Error);
    }
    let cancel = context.interrupts.handled(Cancel::Gently, INTERRUPTED);
    let mut exit = Exit::Done;
    for id in ids {
        if *cancel.borrow() > Cancel::Running {
            return Err(Failure { exit: Exit::Interrupted, diags: Diagnostics::new() });
        }
        let name = super::instances::name(at_hand, *id);
        // Once more: the question may have stood for hours.
        let machine = seen(client, *id).await?;
        let recorded = may_be(&machine, &state, at_hand.fleet.as_deref())?;
        let commit = async |events| match &mut held {
            Some(held) => held.commit(events).await,
            None => Ok(()),
        };
        let (told, ends) = match reboot(client, &machine, recorded, (&clock, window), commit).await? {
            Reboot::Accepted => (format!("{name}: the API took the reboot."), Exit::Done),
            Reboot::Seen => (format!("{name} was rebooted. There was no answer; the machine shows it."), Exit::Done),
            Reboot::NotDone(why) => (format!("{name} was not rebooted: {why}."), Exit::Error),
            Reboot::InDoubt(why) => (format!("{name}: whether it was rebooted is not known: {why}."), Exit::InDoubt),
        };
        context.terminal.line(&told);
        exit = exit.max(ends);
    }
    Ok(exit)
}

async fn seen(client: &Client, id: MachineId) -> Result<Machine, Failure> {
    let machine = super::instances::read(client, id).await?;
    match machine.is_gone() {
        false => Ok(machine),
        true => Err(Diagnostic::error("No such machine", format!("Machine {id} is gone.")).into()),
    }
}

/// Where a machine that may be rebooted is recorded: that of a stranger may not be, and nothing that is in doubt.
fn may_be<'s>(
    machine: &Machine,
    state: &'s State,
    fleet: Option<&str>,
) -> Result<Option<(&'s InstanceAddr, &'s Arc<Record>)>, Failure> {
    let id = machine.id;
    let refused = |why: String| Err(Diagnostic::error("Not rebooted", why).into());
    let recorded =
        state.resources.iter().find(|(address, record)| record.object_id(address) == Some(ObjectId::Machine(id)));
    let mark = machine.mark();
    let Some((address, record)) = recorded else {
        return match mark {
            None => Ok(None),
            Some(mark) if Some(mark.fleet.as_str()) == fleet => refused(format!(
                "Machine {id} carries the mark of this fleet and is not recorded at an address of its own. podform orphans tells of it and adopts it; a replaced one goes with the next apply."
            )),
            Some(mark) => refused(format!(
                "Machine {id} belongs to the fleet \"{}\" ({}). Reboot it from the directory of that fleet.",
                mark.fleet, mark.address
            )),
        };
    };
    if let Some(intent) = state.open_at(address).next() {
        let why = format!(
            "A call for {address} that was sent {} has no known outcome yet: podform recover settles it. A reboot on top of it may be a second one.",
            intent.at
        );
        return Err(Diagnostic::error("Object in doubt", why).on(address).about(Topic::Unsettled).into());
    }
    if record.hash_id().is_some_and(|hash| machine.hash_id.as_ref().is_some_and(|live| *live != hash)) {
        return refused(format!(
            "The API shows another hash_id for machine {id} than {address} had: it is another machine."
        ));
    }
    match mark {
        Some(mark) if state.fleet.as_ref().is_some_and(|own| *own != mark.fleet) => refused(format!(
            "{address} (machine {id}) carries the mark of the fleet \"{}\": two fleets think that it is theirs.",
            mark.fleet
        )),
        _ => Ok(Some((address, record))),
    }
}
