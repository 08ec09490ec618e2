//! What the screen asks for: looks at the account and at consoles, and reboots.

use crate::cli::exit::{Exit, Failure};
use crate::cli::rebooting::{WHAT_IT_DOES, Way};
use crate::cloud::fault::{fault, passes};
use crate::cloud::{CallError, Cloud as _};
use crate::diag::Diagnostics;
use crate::live::{LiveObject, Machine, MachineId, ObjectId, Snapshot};
use crate::render::top::{Consoles, Event, Seen, Work};
use crate::session::{AtHand, Locking, Reach};
use std::collections::BTreeSet;
use tokio::time::sleep;

/// So many machines are looked at one by one after each list, since rows of lists may tell neither load nor uptime (C17):
/// those on the screen first. More would take longer than the next look is away.
const DETAILS: usize = 40;

/// What came of it.
pub enum Done {
    /// This.
    Event(Event),
    /// A look that no other one mends; and the event, for who goes on all the same.
    Failed(Failure, Event),
    /// A reboot came to its end.
    Rebooted {
        /// What became of it.
        told: String,
        /// Where it leads.
        exit: Exit,
        /// What the state told.
        diags: Diagnostics,
    },
}

/// Does it. `sight`: all machines, those on the screen first.
pub async fn done(
    work: Work,
    sight: Vec<MachineId>,
    (reach, at_hand, locking): (&Reach<'_>, &AtHand, Locking),
) -> Done {
    match work {
        Work::Look(after) => {
            sleep(after).await;
            look(reach, &sight).await
        }
        Work::Follow(id, after) => {
            sleep(after).await;
            Done::Event(consoles(reach, id).await)
        }
        Work::Ask(id) => {
            let asked = candidate(reach, at_hand, id).await.map_err(|failure| words(&failure));
            Done::Event(Event::Asked(id, asked))
        }
        Work::Reboot(id, name) => {
            let mut diags = Diagnostics::new();
            match reboot(reach, at_hand, locking, (id, &name), &mut diags).await {
                Ok((told, exit)) => Done::Rebooted { told, exit, diags },
                Err(failure) => {
                    let told = format!("{name}: {}", words(&failure));
                    Done::Rebooted { told, exit: failure.exit, diags }
                }
            }
        }
    }
}

/// Machines, balance and usage; only without the first there is nothing to be shown.
async fn look(reach: &Reach<'_>, sight: &[MachineId]) -> Done {
    let (client, mut trouble) = (&reach.client, None);
    let (state, machines, account, billed) =
        futures::join!(reach.recorded(), client.machines(), client.account(), client.billing(None));
    let machines = match machines {
        Ok(machines) => machines,
        Err(error) => return failed("Listing the machines", &error),
    };
    let state = match state.map_err(Failure::from) {
        Ok(state) => state,
        Err(failure) => {
            let event = Event::Failed(words(&failure));
            return Done::Failed(failure, event);
        }
    };
    let mut snapshot = Snapshot { as_of: machines.as_of, read: true, ..Snapshot::default() };
    let listed: BTreeSet<MachineId> = machines.rows.iter().map(|machine| machine.id).collect();
    let bare = machines.rows.iter().filter(|machine| machine.load.uptime.is_none() && !machine.is_gone());
    let bare: BTreeSet<MachineId> = bare.map(|machine| machine.id).collect();
    // Lists never prove that a recorded one is gone (invariant 8).
    let missing = state.recorded_machines().map(|(id, _)| id).filter(|id| !listed.contains(id));
    let wanted: BTreeSet<MachineId> = match sight {
        [] => missing.chain(bare).take(DETAILS).collect(),
        sight => missing.chain(sight.iter().copied().filter(|id| bare.contains(id))).take(DETAILS).collect(),
    };
    snapshot.extend(machines.rows);
    let details = futures::future::join_all(wanted.into_iter().map(async |id| (id, client.machine(id).await))).await;
    for (id, read) in details {
        match read {
            Ok(machine) => {
                let machine = machine.filter(|machine| !machine.is_gone());
                snapshot.objects.insert(ObjectId::Machine(id), machine.map(LiveObject::from));
            }
            Err(error) => trouble = Some(error),
        }
    }
    match account {
        Ok(account) => snapshot.balance = account.balance,
        Err(error) => trouble = Some(error),
    }
    let bills = match billed {
        Ok(billed) => {
            let now = billed.as_of.or(snapshot.as_of).unwrap_or_else(jiff::Timestamp::now);
            billed.rows.iter().filter_map(|row| row.bill(now)).collect()
        }
        Err(error) => {
            trouble = Some(error);
            Vec::new()
        }
    };
    let trouble = trouble.map(|error| error.to_string());
    Done::Event(Event::Seen(Box::new(Seen { snapshot, state, bills, trouble })))
}

fn failed(doing: &str, error: &CallError) -> Done {
    let event = Event::Failed(error.to_string());
    match passes(error) {
        true => Done::Event(event),
        false => Done::Failed(fault(doing, error).into(), event),
    }
}

async fn consoles(reach: &Reach<'_>, id: MachineId) -> Event {
    match reach.client.machine(id).await {
        Ok(Some(Machine { console, console_system, .. })) if console.is_some() || console_system.is_some() => {
            let (own, system) = (console.unwrap_or_default(), console_system.unwrap_or_default());
            Event::Consoles(id, Consoles { own, system })
        }
        Ok(Some(machine)) if !machine.is_gone() => Event::Consoles(id, Consoles::default()),
        Ok(_) => Event::NoMoreConsoles(id, "The machine is gone.".to_owned()),
        Err(error) if passes(&error) => Event::NoConsoles(id, format!("{error}. Looking again until it answers.")),
        Err(error) => Event::NoMoreConsoles(id, error.to_string()),
    }
}

async fn candidate(reach: &Reach<'_>, at_hand: &AtHand, id: MachineId) -> Result<String, Failure> {
    let way = Way::open(&reach.client, reach.window, at_hand.fleet.as_deref()).await?;
    let candidate = way.candidate(id, &reach.recorded().await?).await?;
    Ok(format!("{}\n{WHAT_IT_DOES}", candidate.words))
}

/// As `podform reboot` does it: with the state under its lock where the machine is recorded, and a journal.
async fn reboot(
    reach: &Reach<'_>,
    at_hand: &AtHand,
    locking: Locking,
    (id, name): (MachineId, &str),
    diags: &mut Diagnostics,
) -> Result<(String, Exit), Failure> {
    let state = reach.recorded().await?;
    let is_recorded = state.recorded_machines().any(|(recorded, _)| recorded == id);
    let mut held = if is_recorded { reach.held(locking).await? } else { None };
    let state = held.as_ref().map(|held| held.state.clone()).unwrap_or_default();
    held.iter_mut().for_each(|held| held.tell(diags));
    let way = Way::open(&reach.client, reach.window, at_hand.fleet.as_deref()).await?;
    let done = way.reboot(id, name, &state, held.as_mut()).await;
    if let Some(held) = &mut held {
        // What was done before a failure is recorded too.
        held.fold().await?;
    }
    done.map_err(|not| not.failure)
}

/// What is wrong, in one line.
fn words(failure: &Failure) -> String {
    failure.diags.iter().map(|told| told.text()).collect::<Vec<_>>().join(" ")
}
