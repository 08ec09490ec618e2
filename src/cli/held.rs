//! The state under its lock, for commands that change it.

use super::account::{Access, state_dir};
use super::commands::Context;
use super::exit::Failure;
use super::flags::{LockArgs, PlanningArgs, WriteArgs};
use super::{planning, stored};
use crate::apply::Journal;
use crate::diag::Diagnostic;
use crate::refresh::{Clock, Settle, settle};
use crate::simplepod::Client;
use crate::state::State;
use crate::state::journal::Event as StateEvent;
use crate::store::{LockedStore, Store};
use tracing::debug;

/// How long a rent that was given up is watched for (invariant 2).
const WATCHED: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// The lock, and the state under it.
pub struct Held {
    /// The lock.
    pub store: LockedStore,
    /// What is recorded.
    pub state: State,
}

impl Held {
    /// Takes the lock, and reads.
    pub fn open(args: &PlanningArgs, operation: &str, access: &Access) -> Result<Held, Failure> {
        let mut held = Held::take(args.account.sandbox, &args.locking, operation)?;
        let now = jiff::Timestamp::now();
        held.state.watched.retain(|_, (_, closed)| now.duration_since(*closed) < WATCHED);
        access.check(&held.state, args.account.accept_account)?;
        Ok(held)
    }

    /// As [`Held::open`], for commands that call nothing.
    pub fn alone(args: &WriteArgs, operation: &str, context: &mut Context) -> Result<Held, Failure> {
        let held = Held::take(args.place.sandbox, &args.locking, operation)?;
        held.tell(context);
        Ok(held)
    }

    /// Warns where a run before was killed.
    fn tell(&self, context: &mut Context) {
        if let Some(dead) = self.store.dead() {
            context.diags.push(stored::taken_over(dead));
        }
    }

    fn take(sandbox: bool, args: &LockArgs, operation: &str) -> Result<Held, Failure> {
        let store = Store::new(state_dir(sandbox));
        let timeout = planning::flag_duration("-lock-timeout", &args.lock_timeout)?;
        let locked = match args.lock {
            true => store.lock(operation, timeout),
            false => store.without_lock(operation),
        };
        let (store, loaded) = locked.map_err(|error| stored::failure(&error))?;
        Ok(Held { store, state: loaded.state })
    }

    /// Makes events durable, and the state file say what they say.
    pub fn write(&mut self, events: Vec<StateEvent>) -> Result<(), Failure> {
        self.commit(events)?;
        self.store.snapshot(&mut self.state).map_err(|error| stored::failure(&error))
    }

    /// A state that begins gets its lineage.
    pub fn begin(&mut self) {
        if self.state.lineage.is_empty() {
            self.state.lineage = uuid::Uuid::new_v4().to_string();
        }
    }

    /// Makes events durable, then part of the state.
    pub fn commit(&mut self, events: Vec<StateEvent>) -> Result<(), Diagnostic> {
        self.append(&events)?;
        events.into_iter().for_each(|event| self.state.apply(event));
        Ok(())
    }

    /// Takes into the state file what a run that died left in the journal, so that other programs see it.
    pub fn fold(&mut self) -> Result<(), Failure> {
        let left = std::fs::metadata(self.store.store().journal_path()).is_ok_and(|journal| journal.len() > 0);
        if left { self.store.snapshot(&mut self.state).map_err(|error| stored::failure(&error)) } else { Ok(()) }
    }

    /// Looks for what is in doubt, and waits for it: nothing is planned on a guess.
    pub async fn settle(&mut self, client: &Client, access: &Access, context: &mut Context) -> Result<(), Failure> {
        self.tell(context);
        if self.state.open.is_empty() {
            return Ok(());
        }
        let count = self.state.open.len();
        context
            .terminal
            .tell(&format!("Looking for {count} operation(s) of an earlier run whose outcome is not known...\n"));
        let clock = Clock::new(jiff::Timestamp::now());
        let key = access.secret_key(&self.state.lineage);
        let how = Settle { window: access.settle_window, wait: true, clock: &clock, key: &key };
        let settled = settle(client, &self.state, &how).await?;
        debug!("settled: {} of {count} operation(s) in doubt change their record", settled.events.len());
        self.commit(settled.events)?;
        context.diags.extend(settled.told);
        Ok(())
    }
}

impl Journal for Held {
    fn append(&mut self, events: &[StateEvent]) -> Result<(), Diagnostic> {
        match self.store.append(events) {
            Ok(_) => Ok(()),
            Err(error) => Err(Diagnostic::error("Journal cannot be written", error.to_string())),
        }
    }
}
