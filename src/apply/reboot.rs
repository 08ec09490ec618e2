//! A reboot: an intent first, where the machine is recorded; sent once; what is in doubt is settled by looking (API sheet
//! §3.13).

use crate::address::InstanceAddr;
use crate::cloud::fault::{fault, passes};
use crate::cloud::{Cloud, Outcome};
use crate::diag::Diagnostic;
use crate::live::{Machine, MachineId, ObjectId};
use crate::refresh::{Clock, PAUSE, Rebooted, rebooted};
use crate::state::journal::Event;
use crate::state::{Intent, IntentAction, Record};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reboot {
    /// The API took it.
    Accepted,
    /// There was no answer, and the machine shows that it began anew.
    Seen,
    /// There was no answer, and the machine ran all the time.
    NotDone(String),
    /// There was no answer, and the machine does not tell.
    InDoubt(String),
}

/// Reboots a machine that was just seen so. `recorded` is where it is recorded, and as what; `commit` makes events durable.
///
/// # Errors
/// The journal cannot be written, or the API refuses.
pub async fn reboot<C: Cloud>(
    cloud: &C,
    machine: &Machine,
    recorded: Option<(&InstanceAddr, &Arc<Record>)>,
    (clock, window): (&Clock, Duration),
    mut commit: impl AsyncFnMut(Vec<Event>) -> Result<(), Diagnostic>,
) -> Result<Reboot, Diagnostic> {
    let id = machine.id;
    let before = machine.load.uptime;
    let asked = clock.now();
    let claim = match recorded {
        Some((address, _)) => {
            let uptime = before.map(|before| before.as_secs());
            let intent =
                Intent { uptime, ..super::orphan::intent(IntentAction::Reboot, address, ObjectId::Machine(id), clock) };
            let claim = intent.claim.clone();
            commit(vec![Event::Intent(Box::new(intent))]).await?;
            Some(claim)
        }
        None => None,
    };
    // Without a record there is nothing to be written down.
    let ended = |event: fn(String, String) -> Event, reason: &str| -> Vec<Event> {
        claim.iter().map(|claim| event(claim.clone(), reason.to_owned())).collect()
    };
    let not_done = |claim, reason| Event::NotDone { claim, reason };
    // Nothing that is recorded changes by it.
    let done = || -> Vec<Event> {
        let closed = claim.clone().zip(recorded);
        let closed = closed.map(|(claim, (address, record))| Event::Recorded {
            claim: Some(claim),
            address: address.clone(),
            record: record.clone(),
        });
        closed.into_iter().collect()
    };
    let error = match cloud.reboot_machine(id).await {
        Outcome::Done(()) => {
            commit(done()).await?;
            return Ok(Reboot::Accepted);
        }
        Outcome::NotDone(error) => {
            commit(ended(not_done, &error.to_string())).await?;
            return Err(fault(&format!("Rebooting machine {id}"), &error));
        }
        Outcome::InDoubt(error) => error.to_string(),
    };
    if let Some(claim) = &claim {
        commit(vec![Event::InDoubt { claim: claim.clone(), reason: error.clone(), since: clock.now() }]).await?;
    }
    let began = Instant::now();
    loop {
        let last = look(cloud, id).await;
        let stands = match &last {
            Ok(Some(now)) => rebooted(before, asked, clock.now(), now),
            Ok(None) => {
                commit(ended(not_done, "the machine is gone")).await?;
                return Ok(Reboot::NotDone("the machine is gone".to_owned()));
            }
            Err(_) => Rebooted::Unknown,
        };
        match (stands, began.elapsed() >= window) {
            (Rebooted::Yes, _) => {
                commit(done()).await?;
                return Ok(Reboot::Seen);
            }
            (Rebooted::NotYet, true) => {
                commit(ended(not_done, "the container ran all the time")).await?;
                return Ok(Reboot::NotDone(error));
            }
            (Rebooted::Unknown, true) => {
                return Ok(Reboot::InDoubt(last.err().unwrap_or(error)));
            }
            (Rebooted::NotYet | Rebooted::Unknown, false) => {}
        }
        sleep(PAUSE.min(window)).await;
    }
}

async fn look<C: Cloud>(cloud: &C, id: MachineId) -> Result<Option<Machine>, String> {
    match cloud.machine(id).await {
        Ok(machine) => Ok(machine.filter(|machine| !machine.is_gone())),
        Err(error) if passes(&error) => Err(error.to_string()),
        Err(error) => Err(format!("looking at it failed: {error}")),
    }
}
