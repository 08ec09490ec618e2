//! Which machines may be rebooted, and the one way in which they are.

use super::commands::instances;
use super::exit::{Exit, Failure};
use crate::address::InstanceAddr;
use crate::apply::{Reboot, reboot};
use crate::cloud::Cloud as _;
use crate::cloud::fault::fault;
use crate::diag::{Diagnostic, Topic};
use crate::live::{Machine, MachineId, ObjectId};
use crate::refresh::Clock;
use crate::render::listing::machine_words;
use crate::session::Held;
use crate::simplepod::Client;
use crate::state::{Record, State};
use std::sync::Arc;
use std::time::Duration;

/// What is told of a reboot before it is approved.
pub const WHAT_IT_DOES: &str = "What runs on them is stopped, and begins anew.";

/// What is told where nobody waits for the outcome any more.
pub const STOPPED: &str =
    "\nStopped. The call under way is in the journal; podform recover looks what became of it.\n\n";

/// How machines are reached that are to be rebooted.
pub struct Way<'a> {
    client: &'a Client,
    clock: Clock,
    window: Duration,
    fleet: Option<&'a str>,
}

/// Why a machine was not rebooted.
pub struct NotRebooted {
    /// What is told.
    pub failure: Failure,
    /// The journal can be written. Where it cannot, no other reboot may be sent.
    pub is_written: bool,
}

/// A machine that may be rebooted.
pub struct Candidate {
    /// What it is, how it stands, and what is to be known before it is approved.
    pub words: String,
    /// It is recorded here.
    pub is_recorded: bool,
}

impl<'a> Way<'a> {
    /// Looks at the server's clock. `window`: how long a reboot in doubt is looked for; `fleet`: the one of this directory.
    ///
    /// # Errors
    /// The machines cannot be listed.
    pub async fn open(client: &'a Client, window: Duration, fleet: Option<&'a str>) -> Result<Way<'a>, Failure> {
        let clock = Clock::new(jiff::Timestamp::now());
        let listed = client.machines().await;
        clock.observe(listed.map_err(|error| fault("Listing the machines", &error))?.as_of);
        Ok(Way { client, clock, window, fleet })
    }

    /// A machine as it stands now.
    ///
    /// # Errors
    /// It is gone, cannot be read, belongs to others, or something about it is in doubt.
    pub async fn candidate(&self, id: MachineId, state: &State) -> Result<Candidate, Failure> {
        let machine = seen(self.client, id).await?;
        let is_recorded = may_be(&machine, state, self.fleet)?.is_some();
        let whose = if is_recorded { "" } else { "; recorded nowhere here, and without a fleet's mark: is it yours?" };
        Ok(Candidate { words: format!("{}{whose}", machine_words(&machine)), is_recorded })
    }

    /// Reboots a machine that was approved: looks once more, for the question may have stood for hours; writes to the journal
    /// where it is recorded in `state`, which is what `held` read; sends it once. What became of it, in words.
    ///
    /// # Errors
    /// As [`Way::candidate`]; the journal cannot be written, or the API refuses.
    pub async fn reboot(
        &self,
        id: MachineId,
        name: &str,
        state: &State,
        mut held: Option<&mut Held>,
    ) -> Result<(String, Exit), NotRebooted> {
        let mut is_written = true;
        let commit = async |events| match &mut held {
            Some(held) => held.commit(events).await.inspect_err(|_| is_written = false),
            None => Ok(()),
        };
        let done = async {
            let machine = seen(self.client, id).await?;
            let recorded = may_be(&machine, state, self.fleet)?;
            Ok::<_, Failure>(reboot(self.client, &machine, recorded, (&self.clock, self.window), commit).await?)
        };
        let done = done.await;
        Ok(match done.map_err(|failure| NotRebooted { failure, is_written })? {
            Reboot::Accepted => (format!("{name}: the API took the reboot."), Exit::Done),
            Reboot::Seen => (format!("{name} was rebooted. There was no answer; the machine shows it."), Exit::Done),
            Reboot::NotDone(why) => (format!("{name} was not rebooted: {why}."), Exit::Error),
            Reboot::InDoubt(why) => (format!("{name}: whether it was rebooted is not known: {why}."), Exit::InDoubt),
        })
    }
}

async fn seen(client: &Client, id: MachineId) -> Result<Machine, Failure> {
    let machine = instances::read(client, id).await?;
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
