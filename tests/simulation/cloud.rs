//! The account behind the seam, with the trouble of the run.

use super::account::{self, Account, error};
use super::change::Change;
use super::checker::{Ledger, Run};
use super::disk::{Disk, Tape};
use super::fleet::Fleet;
use super::life::Life;
use super::manners::Manners;
use super::mirror::mirror;
use super::trouble::{Fault, Trouble, Troubles};
use crate::backends::memory::{KEY, Memory, Weather};
use podform::cloud::{CallError, Cloud, ErrorKind, Listed, Outcome, ReadResult};
use podform::live::{
    Account as Money, Group, GroupFields, GroupId, Machine, MachineFields, MachineId, Offer, RentRequest,
};
use podform::money::Usd;
use podform::store::StateStore;
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::time::{Duration, Instant, sleep};

/// What every call takes.
const LATENCY: Duration = Duration::from_millis(100);
/// The client's time limit.
const LIMIT: Duration = Duration::from_secs(60);

/// Everything outside of the program, as one of those sees it who run it.
pub struct World {
    pub account: Arc<Mutex<Account>>,
    /// What stands where the state lives.
    pub disk: Arc<Mutex<Disk>>,
    pub ledger: Arc<Mutex<Ledger>>,
    lineages: Arc<AtomicUsize>,
    /// The place of a state that many share; else it lives on the disk.
    shared: Option<Memory>,
    writers: Arc<AtomicUsize>,
    pub troubles: Arc<Mutex<Troubles>>,
    life: Mutex<Arc<Life>>,
    run: Mutex<Run>,
}

impl World {
    /// An empty account, an empty disk.
    pub fn new(manners: Manners) -> World {
        World {
            account: Arc::new(Mutex::new(Account::new(manners))),
            disk: Arc::default(),
            ledger: Arc::default(),
            lineages: Arc::default(),
            shared: None,
            writers: Arc::default(),
            troubles: Arc::default(),
            life: Mutex::default(),
            run: Mutex::new(Run::of(0)),
        }
    }

    /// An empty account, an empty place for objects.
    pub fn shared(manners: Manners, memory: Memory) -> World {
        let world = World::new(manners);
        let memory = memory.watched(mirror(world.disk.clone()));
        World { shared: Some(memory), ..world }
    }

    /// As another one sees it who runs the program beside.
    pub fn beside(&self) -> World {
        World {
            account: self.account.clone(),
            disk: self.disk.clone(),
            ledger: self.ledger.clone(),
            lineages: self.lineages.clone(),
            shared: self.shared.clone(),
            writers: self.writers.clone(),
            troubles: Arc::default(),
            life: Mutex::default(),
            run: Mutex::new(Run::of(self.writers.fetch_add(1, Ordering::Relaxed) + 1)),
        }
    }

    /// The run of the program, as the checker knows it.
    pub fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap()
    }

    /// What the next run applies.
    pub fn configure(&self, fleet: &Fleet) {
        self.run().fleet.clone_from(fleet);
    }

    /// Of the program that runs.
    pub fn life(&self) -> Arc<Life> {
        self.life.lock().unwrap().clone()
    }

    /// The account by now.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        let mut account = self.account.lock().unwrap();
        account.settle();
        account
    }

    /// For a state that begins.
    pub fn next_lineage(&self) -> usize {
        self.lineages.fetch_add(1, Ordering::Relaxed)
    }

    /// A run begins.
    pub fn begin(&self, trouble: Trouble) {
        *self.life.lock().unwrap() = Arc::default();
        self.troubles.lock().unwrap().begin(trouble);
        // What was due before is no doing of this run.
        let since = self.account().done.len();
        let run = &mut *self.run();
        (run.began, run.since) = (Instant::now(), since);
    }

    /// The program is gone, and its connections with it.
    pub fn hang_up(&self) {
        let writer = self.run().writer;
        self.account().hang_up(writer);
    }

    /// The store as a run sees it that has not opened it yet.
    pub fn store(&self) -> Box<dyn StateStore> {
        match &self.shared {
            None => self.store_on(self.disk.clone()),
            Some(memory) => {
                let weather = self.troubles.lock().unwrap().weather();
                Box::new(memory.client(Weather { life: self.life(), ..weather }).store())
            }
        }
    }

    /// Somebody takes the lock of a shared state away, whoever holds it. Whether anybody did.
    pub async fn breaks_the_lock(&self) -> bool {
        let Some(memory) = &self.shared else { return false };
        let store = memory.fair().store();
        match store.holder().await.unwrap() {
            Some(holder) => store.force_unlock(&holder.id).await.is_ok(),
            None => false,
        }
    }

    /// The store of another directory.
    pub fn store_on(&self, disk: Arc<Mutex<Disk>>) -> Box<dyn StateStore> {
        let (troubles, life) = (self.troubles.clone(), self.life());
        Box::new(Tape { disk, troubles, life, run: 0 })
    }

    /// Somebody clears the notes of our machines.
    pub fn wipe_notes(&self) {
        let mut account = self.account();
        let ours = account.machines.values_mut().filter(|rented| !rented.stranger);
        ours.for_each(|rented| rented.machine.notes = Some(String::new().into()));
    }

    /// What a person does who was told of a machine that is theirs, and stands in no state: releases it in the panel.
    pub fn release_told(&self) -> Vec<u64> {
        let recorded = Ledger::recorded_machines(&self.disk.lock().unwrap());
        let (told, mut account) = (self.ledger.lock().unwrap().told.clone(), self.account());
        let ours = account.standing().filter(|rented| !rented.stranger).map(|rented| rented.machine.id.0);
        let ids: Vec<u64> = ours.filter(|id| told.contains(id) && !recorded.contains(id)).collect();
        ids.iter().for_each(|id| account.end(*id));
        ids
    }

    /// Somebody writes the notes of one machine onto another.
    pub fn copy_notes(&self, from: u64, to: u64) {
        let mut account = self.account();
        let notes = account.machines[&from].machine.notes.clone();
        account.machines.get_mut(&to).unwrap().machine.notes = notes;
    }

    /// A copy of the state comes back: what it does not know is forgotten. In a shared place it is an older version of its
    /// object that is put back, and what stands beside it stays.
    pub fn bring_back(&self, copy: &Disk) {
        if let Some(memory) = &self.shared {
            memory.set(KEY, copy.state.as_bytes());
        }
        let mut disk = self.disk.lock().unwrap();
        if self.shared.is_none() {
            disk.state.clone_from(&copy.state);
            disk.journal.clone_from(&copy.journal);
        }
        let state = disk.load();
        let mut account = self.account();
        let (machines, groups): (BTreeSet<_>, BTreeSet<_>) = (
            state.recorded_machines().map(|(id, _)| id.0).collect(),
            state.recorded_groups().map(|(id, _)| id.0).collect(),
        );
        let machine = |rented: &mut account::Rented| rented.forgotten |= !machines.contains(&rented.machine.id.0);
        account.machines.values_mut().filter(|rented| !rented.stranger).for_each(machine);
        let group = |made: &mut account::Made| made.forgotten |= !groups.contains(&made.group.id.0);
        account.groups.values_mut().filter(|made| !made.stranger).for_each(group);
    }

    async fn change(&self, change: Change) -> Outcome<u64> {
        let life = self.life();
        life.unless_over().await;
        let run = self.run().clone();
        let fault = self.troubles.lock().unwrap().call(&change.name());
        self.ledger.lock().unwrap().called(&change, &run, &self.disk.lock().unwrap(), &self.account());
        let more = if matches!(change, Change::Rent(_)) { self.account().manners.rent } else { Duration::ZERO };
        let perform = || {
            let performed = self.account().perform(&change, run.writer);
            if let (Change::Rent(_), Ok(id)) = (&change, &performed) {
                self.mishaps(*id);
            }
            performed.map_or_else(Outcome::NotDone, Outcome::Done)
        };
        let nothing = |message: &str| Outcome::InDoubt(error(ErrorKind::Network, None, message));
        let outcome = match fault {
            Some(Fault::CrashBefore) => return life.dies().await,
            None | Some(Fault::Slow) => perform(),
            Some(Fault::Refused) => Outcome::NotDone(account::refusal(422, "Not today.")),
            Some(Fault::Throttled) => {
                Outcome::NotDone(error(ErrorKind::TooManyRequests, Some(429), "Too Many Requests"))
            }
            Some(Fault::Dropped) => nothing("connection reset before the request was read"),
            Some(Fault::Lost | Fault::CrashAfter) => {
                perform();
                nothing("connection reset before the answer")
            }
            Some(Fault::Twice) => {
                let first = perform();
                self.account().perform_again(&change, run.writer);
                first
            }
            Some(Fault::Late(seconds)) => {
                let due = Instant::now() + LIMIT + Duration::from_secs(seconds);
                self.account().under_way.push((due, run.writer, change));
                nothing("no answer within 60 s")
            }
        };
        match fault {
            Some(Fault::CrashAfter) => return life.dies().await,
            Some(Fault::Slow | Fault::Late(_)) => sleep(LIMIT).await,
            _ => sleep(LATENCY + more).await,
        }
        life.unless_over().await;
        self.troubles.lock().unwrap().under_way.0 -= 1;
        outcome
    }

    /// What may be wrong with a machine that was just rented, whatever becomes of the answer.
    fn mishaps(&self, id: u64) {
        let mut troubles = self.troubles.lock().unwrap();
        let what = format!("machine {id}");
        let mut happens = |kind, share| troubles.mishap(kind, &what, share);
        let (stuck, dearer, jumps) =
            (happens("never starts", 3), happens("bills more", 5), happens("bills four times", 5));
        let priceless = [("shows no price for a minute", 60), ("shows no price for ten", 600)];
        let priceless = priceless.into_iter().find(|(kind, _)| happens(kind, 4)).map_or(0, |(_, seconds)| seconds);
        let mut account = self.account();
        let Some(rented) = account.machines.get_mut(&id) else { return };
        rented.stuck |= stuck;
        rented.priceless = Instant::now() + Duration::from_secs(priceless);
        if let Some(price) = &mut rented.machine.price_per_gpu {
            price.0 *= match (jumps, dearer) {
                (true, _) => Decimal::from(4),
                (false, true) => Decimal::new(115, 2),
                (false, false) => Decimal::ONE,
            };
        }
    }

    async fn read<T>(&self, what: &str, answer: impl FnOnce(&mut Account) -> T) -> ReadResult<T> {
        let life = self.life();
        life.unless_over().await;
        sleep(LATENCY).await;
        life.unless_over().await;
        if self.troubles.lock().unwrap().read(what) {
            return Err(error(ErrorKind::Unavailable, Some(503), "Service Unavailable"));
        }
        Ok(answer(&mut self.account()))
    }
}

/// Already gone is done.
fn gone(outcome: Outcome<u64>) -> Outcome<()> {
    match outcome {
        Outcome::NotDone(CallError { kind: ErrorKind::NotFound, .. }) => Outcome::Done(()),
        other => other.map(drop),
    }
}

impl Cloud for World {
    async fn offers(&self) -> ReadResult<Vec<Offer>> {
        let offers = self.read("offers", |account| account.offers.clone()).await?;
        self.run().shown = offers.iter().map(|offer| (offer.iri.clone(), offer.price_per_gpu)).collect();
        Ok(offers)
    }

    async fn global_templates(&self) -> ReadResult<Vec<Group>> {
        self.read("global templates", |_| Vec::new()).await
    }

    async fn account(&self) -> ReadResult<Money> {
        self.read("account", |_| Money { balance: Some(Usd(Decimal::ONE_THOUSAND)) }).await
    }

    async fn groups(&self) -> ReadResult<Listed<Group>> {
        let list = |account: &mut Account| {
            let full = account.manners.full_rows;
            let row = |made: &account::Made| if full { made.group.clone() } else { account::bare(&made.group) };
            let shown = account.groups.values().filter(|made| made.at.elapsed() >= account.manners.group_lag);
            let rows = shown.map(row).collect();
            Listed { rows, as_of: account.date() }
        };
        self.read("groups", list).await
    }

    async fn group(&self, id: GroupId) -> ReadResult<Option<Group>> {
        let details = |account: &mut Account| account.groups.get(&id.0).map(|made| made.group.clone());
        self.read(&format!("group {id}"), details).await
    }

    async fn create_group(&self, fields: &GroupFields) -> Outcome<Option<GroupId>> {
        let names = self.account().manners.names_groups;
        self.change(Change::CreateGroup(fields.clone())).await.map(|id| names.then_some(GroupId(id)))
    }

    async fn update_group(&self, id: GroupId, fields: &GroupFields) -> Outcome<()> {
        self.change(Change::UpdateGroup(id.0, fields.clone())).await.map(drop)
    }

    async fn delete_group(&self, id: GroupId) -> Outcome<()> {
        gone(self.change(Change::DeleteGroup(id.0)).await)
    }

    async fn machines(&self) -> ReadResult<Listed<Machine>> {
        let list = |account: &mut Account| Listed { rows: account.rows(), as_of: account.date() };
        self.read("machines", list).await
    }

    async fn machine(&self, id: MachineId) -> ReadResult<Option<Machine>> {
        self.read(&format!("machine {id}"), |account| account.details(id.0)).await
    }

    async fn rent(&self, request: &RentRequest) -> Outcome<Option<MachineId>> {
        let names = self.account().manners.names_machines;
        self.change(Change::Rent(request.clone())).await.map(|id| names.then_some(MachineId(id)))
    }

    /// An API that names what it makes shows what it changed.
    async fn update_machine(&self, id: MachineId, fields: &MachineFields) -> Outcome<Option<Machine>> {
        let outcome = self.change(Change::UpdateMachine(id.0, fields.clone())).await;
        let account = self.account();
        outcome.map(|id| account.details(id).filter(|_| account.manners.names_machines))
    }

    async fn reboot_machine(&self, id: MachineId) -> Outcome<()> {
        self.change(Change::RebootMachine(id.0)).await.map(drop)
    }

    async fn delete_machine(&self, id: MachineId) -> Outcome<()> {
        gone(self.change(Change::DeleteMachine(id.0)).await)
    }
}
