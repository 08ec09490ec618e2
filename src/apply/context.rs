//! What all steps of one apply share.

use super::budgets::Budgets;
use super::input::{Cancel, Connect};
use super::offers::Offers;
use super::protocol::Line;
use super::shared::Shared;
use super::step::{Stop, failed};
use super::turns::Turns;
use crate::address::InstanceAddr;
use crate::cloud::fault::fault;
use crate::cloud::{Cloud, Listed};
use crate::diag::Diagnostic;
use crate::live::{Env, Group, GroupId, Machine, MachineId, Mark, Notes};
use crate::refresh::{Clock, Search, Stranger, beside, same_shape, told_lineages};
use crate::state::digest::SecretKey;
use crate::state::{Intent, IntentAction, Record};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit, watch};
use tokio::task::yield_now;

/// Shared by all steps.
pub(super) struct Context<'a, C> {
    /// The API.
    pub cloud: &'a C,
    /// For the digests of secrets.
    pub key: &'a SecretKey,
    /// What time it is.
    pub clock: &'a Clock,
    /// For `wait_for = "ready"`.
    pub connect: &'a dyn Connect,
    /// The fleet of our marks.
    pub fleet: String,
    /// The lineage of our marks.
    pub lineage: String,
    /// The serial of our marks: that of the state this run went on from.
    pub serial: u64,
    /// How long an unanswered call is looked for.
    pub settle_window: Duration,
    /// To the loop.
    pub line: Line,
    /// How many steps are under way.
    pub places: Semaphore,
    /// How many of them make a call that changes the account.
    pub calls: Semaphore,
    /// Interrupts.
    pub cancel: watch::Receiver<Cancel>,
    /// The lock was taken away: nothing is called any more, as after an interrupt.
    pub fenced: watch::Sender<bool>,
    /// The market.
    pub offers: Offers,
    /// What may be rented still.
    pub budgets: Budgets<'a>,
    /// Which rent may be sent.
    pub turns: Turns,
    /// The list of machines.
    pub machines: Shared<Listed<Machine>>,
    /// The list of template groups.
    pub groups: Shared<Listed<Group>>,
    /// What is recorded by now, for who looks for a machine.
    pub known: Mutex<Known>,
    /// Whether another state works under the same fleet's name: looked at once, before the first rent of a lineage that has
    /// no machine yet. Settled from the start where it has one, or was seen to be alone.
    pub alone: OnceCell<Option<Diagnostic>>,
    /// Environments of template groups that no record holds in clear.
    pub environments: tokio::sync::Mutex<BTreeMap<GroupId, Env>>,
}

/// What is recorded by now.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Machines.
    pub machines: BTreeSet<MachineId>,
    /// Template groups, and where they stand.
    pub groups: BTreeMap<GroupId, InstanceAddr>,
    /// Names under which this apply makes template groups.
    pub names: BTreeSet<String>,
    /// Rents without a known machine, by claim.
    pub rents: BTreeMap<String, Intent>,
}

impl<C> Context<'_, C> {
    /// What is recorded by now.
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place among the steps that are under way.
    ///
    /// # Errors
    /// An interrupt: nothing new starts.
    pub async fn place(&self) -> Result<SemaphorePermit<'_>, Stop> {
        let place = self.places.acquire().await.map_err(|_| Stop::Interrupted)?;
        match self.is_cancelled() {
            true => Err(Stop::Interrupted),
            false => Ok(place),
        }
    }

    /// Makes a call that changes the account, as soon as no more than `parallelism` are made at once; `None` where the lock
    /// was taken away before it is made.
    pub async fn call_unless_fenced<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        self.call_unless(Self::is_fenced, call).await
    }

    /// As [`Context::call_unless_fenced`], also where an interrupt comes before it is made.
    pub async fn call_unless_cancelled<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        self.call_unless(Self::is_cancelled, call).await
    }

    async fn call_unless<T>(&self, stops: impl Fn(&Self) -> bool, call: impl Future<Output = T>) -> Option<T> {
        // Nobody closes it.
        let right = self.calls.acquire().await;
        if stops(self) {
            return None;
        }
        let answer = call.await;
        drop(right);
        // Whoever waits for the right calls first: dealing with an answer takes a while, and ten come at once.
        yield_now().await;
        Some(answer)
    }

    /// An interrupt has come, or the lock was taken away.
    pub fn is_cancelled(&self) -> bool {
        *self.cancel.borrow() >= Cancel::Gently || self.is_fenced()
    }

    /// The lock was taken away.
    pub fn is_fenced(&self) -> bool {
        *self.fenced.borrow()
    }

    /// Returns when an interrupt comes, or the lock was taken away.
    pub async fn cancelled(&self) {
        let (mut cancel, mut fenced) = (self.cancel.clone(), self.fenced.subscribe());
        let interrupted = async {
            // Without a sender nobody can interrupt any more.
            if cancel.wait_for(|cancel| *cancel >= Cancel::Gently).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = interrupted => {}
            _ = fenced.wait_for(|fenced| *fenced) => {}
        }
    }

    /// Sleeps, or returns true at once on an interrupt.
    pub async fn interrupted_after(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.cancelled() => true,
            () = tokio::time::sleep(pause) => false,
        }
    }

    /// An intent that is about to be written.
    pub fn intent(&self, action: IntentAction, address: &InstanceAddr) -> Intent {
        let claim = uuid::Uuid::new_v4().simple().to_string();
        Intent::new(claim, action, address.clone(), self.clock.now())
    }

    /// Our mark, for a machine or for a template group.
    pub fn mark(&self, address: &InstanceAddr, claim: &str, machine: Option<MachineId>) -> Mark {
        Mark {
            machine,
            serial: self.serial,
            fleet: self.fleet.clone(),
            lineage: self.lineage.clone(),
            claim: claim.to_owned(),
            address: address.clone(),
        }
    }

    /// Notes as they are, with the mark of a recorded object written anew.
    pub fn marked(
        &self,
        address: &InstanceAddr,
        record: &Record,
        machine: Option<MachineId>,
        notes: Option<&Notes>,
    ) -> String {
        let text = notes.map_or("", Notes::text);
        self.mark(address, record.claim.as_deref().unwrap_or_default(), machine).write(text)
    }

    /// What a search for the machine of an intent must know.
    pub fn search(&self, intent: &Intent) -> Search {
        let known = self.known();
        let rivals = known.rents.values().any(|other| other.claim != intent.claim && same_shape(other, intent));
        Search { recorded: known.machines.clone(), own_groups: known.groups.keys().copied().collect(), rivals }
    }

    /// Returns where nothing speaks against the first rent of this lineage.
    ///
    /// # Errors
    /// Another state works under the same fleet's name, or nobody can tell.
    pub async fn alone(&self) -> Result<(), Stop>
    where
        C: Cloud,
    {
        let own: BTreeSet<GroupId> = self.known().groups.keys().copied().collect();
        let look = async || match beside(self.cloud, &own, &self.fleet, &self.lineage).await {
            Ok(others) => began_beside(&others, &self.fleet, self.clock.now()),
            Err(error) => Some(fault("Looking for others before the first rent", &error)),
        };
        match self.alone.get_or_init(look).await {
            Some(told) => Err(Stop::Failed(told.clone().into())),
            None => Ok(()),
        }
    }

    /// The environment of a template group, as the API shows it.
    ///
    /// # Errors
    /// The group cannot be read.
    pub async fn live_environment(&self, group: GroupId) -> Result<Env, Stop>
    where
        C: Cloud,
    {
        let mut environments = self.environments.lock().await;
        if let Some(env) = environments.get(&group) {
            return Ok(env.clone());
        }
        let read = self.cloud.group(group).await;
        let read = read.map_err(|error| failed(&format!("Reading template group {group}"), &error))?;
        let env = read.and_then(|group| group.env).unwrap_or_default();
        environments.insert(group, env.clone());
        Ok(env)
    }
}

/// The refusal of a first rent beside others; `None` where there are none.
fn began_beside(others: &[Stranger], fleet: &str, now: jiff::Timestamp) -> Option<Diagnostic> {
    let first = others.first()?;
    let detail = format!(
        "Another run works under the fleet name \"{fleet}\" in this account, with another state: {}. Nothing was rented here; what was made is recorded.",
        told_lineages(others, now)
    );
    let hint = "Where both mean the same fleet, let one of them go on: podform destroy takes away what was made here, then use the other's state. Else choose another fleet name for one of them, after podform destroy.";
    Some(Diagnostic::error("Another run of this fleet", detail).with_hint(hint).on(&first.mark.address))
}
