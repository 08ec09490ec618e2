//! The state under its lock, for commands that change it.

use super::account::Access;
use super::failure::Failure;
use super::person::Person;
use super::stored::{self, Locking};
use super::work::Session;
use crate::apply::unwritten;
use crate::cloud::Cloud;
use crate::diag::{Diagnostic, Diagnostics};
use crate::refresh::Clock;
use crate::state::State;
use crate::state::journal::Event;
use crate::store::{LockedStore, Remark, StateStore};
use tracing::debug;

/// The lock, and the state under it.
pub struct Held {
    /// The lock.
    pub store: LockedStore,
    /// What is recorded.
    pub state: State,
    /// Something was released before anything was planned, or tried to be.
    pub released: bool,
    /// What was found, and is not told yet.
    remarks: Vec<Remark>,
}

impl Held {
    /// Takes the lock, and reads. The state must be that of the account.
    pub async fn open(store: Box<dyn StateStore>, locking: Locking, access: &Access) -> Result<Held, Failure> {
        let held = Held::take(store, locking).await?;
        access.check(&held.state)?;
        Ok(held)
    }

    /// As [`Held::open`], for commands that call nothing.
    pub async fn alone(store: Box<dyn StateStore>, locking: Locking, diags: &mut Diagnostics) -> Result<Held, Failure> {
        let mut held = Held::take(store, locking).await?;
        held.tell(diags);
        Ok(held)
    }

    /// Warns once of what was found beside the state.
    pub fn tell(&mut self, diags: &mut Diagnostics) {
        std::mem::take(&mut self.remarks).iter().for_each(|remark| diags.push(stored::told(remark)));
    }

    async fn take(store: Box<dyn StateStore>, locking: Locking) -> Result<Held, Failure> {
        let opened = LockedStore::open_patiently(store, locking.operation, locking.wait, locking.told).await;
        let (store, state) = opened.map_err(|error| stored::failure(&error))?;
        Ok(Held::of(store, state))
    }

    /// A store that is locked, and what was read of it.
    pub fn of(store: LockedStore, state: State) -> Held {
        let remarks = store.remarks().to_vec();
        Held { store, state, released: false, remarks }
    }

    /// Makes events durable, and the state file say what they say.
    pub async fn write(&mut self, events: Vec<Event>) -> Result<(), Failure> {
        self.commit(events).await?;
        self.store.snapshot(&mut self.state).await.map_err(|error| stored::failure(&error))
    }

    /// A state that begins gets its lineage.
    pub fn begin(&mut self) {
        if self.state.lineage.is_empty() {
            self.state.lineage = uuid::Uuid::new_v4().to_string();
        }
    }

    /// Makes events durable, then part of the state.
    pub async fn commit(&mut self, events: Vec<Event>) -> Result<(), Diagnostic> {
        self.store.append(&events).await.map_err(|error| unwritten(&error))?;
        events.into_iter().for_each(|event| self.state.apply(event));
        Ok(())
    }

    /// As [`Held::fold`], and drops what is watched no more.
    pub async fn fold_watched(&mut self, clock: &Clock) -> Result<(), Failure> {
        match self.state.unwatch(clock.server()) {
            true => self.write(Vec::new()).await,
            false => self.fold().await,
        }
    }

    /// Takes into the state file what a run that died left in the journal, so that other programs see it.
    pub async fn fold(&mut self) -> Result<(), Failure> {
        if !self.store.is_journaled() {
            return Ok(());
        }
        self.store.snapshot(&mut self.state).await.map_err(|error| stored::failure(&error))
    }

    /// Looks for what is in doubt, and waits for it: nothing is planned on a guess.
    pub async fn settle<C: Cloud>(
        &mut self,
        session: &Session<'_, C>,
        person: &dyn Person,
        diags: &mut Diagnostics,
    ) -> Result<(), Failure> {
        self.tell(diags);
        let count = self.state.open.len();
        if count == 0 {
            return Ok(());
        }
        let _telling = person.settling(count);
        let settled = session.settled(&self.state).await?;
        debug!("settled: {} of {count} operation(s) in doubt change their record", settled.events.len());
        self.commit(settled.events).await?;
        diags.extend(settled.told);
        Ok(())
    }
}
