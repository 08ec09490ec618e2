//! The checker: what must hold whatever went wrong. It reads the bytes on the disk and the account's own books, and
//! shares no code with planner or executor.

use super::account::{Account, Rented};
use super::change::{Change, Done};
use super::disk::Disk;
use super::fleet::{Block, CLOCKS, Fleet, budgeted_cost};
use super::recorded::Recorded;
use jiff::SignedDuration;
use podform::address::ObjectKind;
use podform::money::Usd;
use podform::plan::{Plan, StepAction};
use podform::state::{Intent, State};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

/// What was promised, and what was broken.
#[derive(Debug, Default)]
pub struct Ledger {
    /// What the checker found wrong.
    pub faults: Vec<String>,
    /// Objects of strangers that an import block names.
    pub imported: BTreeSet<u64>,
    /// What a run told as orphans.
    pub told: BTreeSet<u64>,
    /// Claims that were proven absent, for all anybody could see.
    given_up: BTreeSet<String>,
    /// Claims that were sent.
    sent: BTreeSet<String>,
    /// The address that each machine was rented for.
    pub rented_for: BTreeMap<String, String>,
    /// What an offer asked when it was rented, and the cap of then, by claim.
    offered: BTreeMap<String, (Decimal, Decimal)>,
    /// Deletes that were sent, by id.
    deletes: BTreeMap<u64, usize>,
    /// Reboots that were sent, by machine.
    reboots: BTreeMap<u64, usize>,
}

/// A run, as the checker knows it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Who made it.
    pub writer: usize,
    /// When it began.
    pub began: Instant,
    /// How much had been done by then.
    pub since: usize,
    /// The configuration that it applies.
    pub fleet: Fleet,
    /// The price that it saw last, by offer.
    pub shown: BTreeMap<String, Usd>,
}

impl Run {
    /// The next one of a writer.
    pub fn of(writer: usize) -> Run {
        Run { writer, began: Instant::now(), since: 0, fleet: Fleet::default(), shown: BTreeMap::new() }
    }
}

/// The claim of a machine, as the account knows it.
pub fn claim(rented: &Rented) -> Option<&str> {
    rented.machine.env.as_ref()?.0.get("PODFORM_CLAIM").map(String::as_str)
}

fn bills_above(rented: &Rented, cap: Decimal) -> bool {
    rented.machine.price_per_gpu.is_some_and(|price| price.0 > cap)
}

/// How long ago it was rented.
fn age(rented: &Rented) -> SignedDuration {
    SignedDuration::try_from(rented.at.elapsed()).unwrap()
}

/// The claim in the mark of a template group.
fn mark_claim(notes: Option<&str>) -> Option<String> {
    let (_, mark) = notes?.rsplit_once("podform:v1:")?;
    mark.split(':').nth(2).map(str::to_owned)
}

impl Ledger {
    fn fault(&mut self, what: String) {
        self.faults.push(what);
    }

    /// A call leaves: it must have its durable intent, and be of something that is ours (invariants 1 to 4).
    pub fn called(&mut self, change: &Change, run: &Run, disk: &Disk, account: &Account) {
        let intents = disk.durable.iter().map(|event| &event["intent"]).filter(|intent| intent.is_object());
        let intents = intents.collect::<Vec<_>>();
        let of = |action: &str, id: u64| {
            intents.iter().filter(|intent| intent["action"] == action && intent["id"] == id).count()
        };
        match change {
            Change::Rent(request) => {
                let Some(claim) = request.env.0.get("PODFORM_CLAIM") else {
                    return self.fault("a rent without a claim".into());
                };
                let intent = intents.iter().find(|intent| intent["claim"] == **claim && intent["action"] == "rent");
                let Some(intent) = intent else { return self.fault("a rent without a durable intent".into()) };
                let address = intent["address"].as_str().unwrap().to_owned();
                if !self.sent.insert(claim.clone()) {
                    self.fault(format!("the rent of {address} was sent twice"));
                }
                let shown = run.shown.get(&request.offer_iri).map(|price| price.0);
                let cap = run.fleet.cap(block_of(&address));
                if shown.is_none() || cap.is_none() || shown > cap {
                    self.fault(format!("{address} was rented at {shown:?}, and its cap is {cap:?}"));
                }
                let block = run.fleet.blocks.get(block_of(&address));
                if block.and_then(|block| block.rests(account.now())) == Some(true) {
                    self.fault(format!("{address} was rented at {}, when it is not wanted", account.now()));
                }
                let state = disk.load();
                self.given_up.extend(state.watched.keys().cloned());
                let other = |intent: &&Intent| intent.address.to_string() == address && intent.claim != *claim;
                if let Some(open) = state.open.values().filter(|intent| intent.action.rents()).find(other) {
                    self.fault(format!("{address} was rented while the rent {} was in doubt", open.claim));
                }
                if let Some(other) = self.unknown_at(&address, &state, account) {
                    self.fault(format!("{address} was rented again beside {other}, which the state does not know"));
                }
                let expired =
                    state.expired.iter().find(|(at, _)| at.to_string() == address).map(|(_, end)| &*end.expires);
                if let Some((_, text)) = block.and_then(Block::lasts)
                    && expired == Some(&*text)
                {
                    self.fault(format!("{address} was rented again, though it expired after {text}"));
                }
                if let (Some(shown), Some(cap)) = (shown, cap) {
                    self.offered.insert(claim.clone(), (shown, cap));
                }
                if let Some(other) = self.forgotten_at(&address, run, disk, account) {
                    self.fault(format!("{address} was rented again beside {other}, which stands and could be known"));
                }
                self.rented_for.insert(claim.clone(), address);
            }
            Change::UpdateMachine(id, _) | Change::DeleteMachine(id) => {
                let delete = matches!(change, Change::DeleteMachine(_));
                let action = if delete { "delete" } else { "update" };
                let stranger = account.machines.get(id).is_some_and(|rented| rented.stranger);
                if stranger && !self.imported.contains(id) {
                    self.fault(format!("{action} of the stranger's machine {id}"));
                }
                let sent = self.deletes.entry(*id).or_default();
                *sent += usize::from(delete);
                let least = if delete { *sent } else { 1 };
                if of(action, *id) < least {
                    self.fault(format!("{action} of machine {id} without a durable intent"));
                }
            }
            Change::RebootMachine(id) => {
                // A reboot twice is not a reboot once: each has its own.
                let sent = self.reboots.entry(*id).or_default();
                *sent += 1;
                if of("reboot", *id) < *sent {
                    self.fault(format!("reboot of machine {id} without a durable intent"));
                }
                if account.machines.get(id).is_some_and(|rented| rented.stranger) && !self.imported.contains(id) {
                    self.fault(format!("reboot of the stranger's machine {id}"));
                }
            }
            Change::CreateGroup(fields) => {
                let claim = mark_claim(fields.notes.as_deref());
                let intent = intents.iter().find(|intent| intent["claim"].as_str() == claim.as_deref());
                if intent.is_none_or(|intent| intent["action"] != "create_group") {
                    self.fault("a group was created without a durable intent".into());
                }
                if claim.is_some_and(|claim| !self.sent.insert(claim)) {
                    self.fault("the creation of a group was sent twice".into());
                }
            }
            Change::UpdateGroup(id, _) | Change::DeleteGroup(id) => {
                let action = if matches!(change, Change::DeleteGroup(_)) { "delete" } else { "update" };
                if account.groups.get(id).is_some_and(|made| made.stranger) {
                    self.fault(format!("{action} of the stranger's group {id}"));
                }
                if of(action, *id) == 0 {
                    self.fault(format!("{action} of group {id} without a durable intent"));
                }
            }
        }
    }

    /// A machine that was made for an address, stands, and is known to no state: neither recorded, nor looked for, nor given up.
    fn unknown_at(&self, address: &str, state: &State, account: &Account) -> Option<u64> {
        let known = |rented: &Rented| {
            let by_claim = |known: &dyn Fn(&str) -> bool| claim(rented).is_some_and(known);
            state.recorded_machines().any(|(id, _)| id == rented.machine.id)
                || by_claim(&|claim| state.open.contains_key(claim))
                || by_claim(&|claim| self.given_up.contains(claim))
        };
        let ours = account.standing().filter(|rented| !rented.stranger && !rented.twin && !rented.forgotten);
        let here = |rented: &&Rented| {
            claim(rented).and_then(|claim| self.rented_for.get(claim)).map(|s| &**s) == Some(address)
        };
        ours.filter(here).find(|rented| !known(rented)).map(|rented| rented.machine.id.0)
    }

    /// A machine that was made for an address, stands in no state, and could be known as that from the first list of the
    /// run: the state that knew it is another one now, or its call was given up.
    fn forgotten_at(&self, address: &str, run: &Run, disk: &Disk, account: &Account) -> Option<u64> {
        let recorded = Recorded::read(&disk.state)?;
        let lag = account.manners.list_lag;
        let shown = |rented: &&Rented| {
            let marked = rented.machine.notes.as_ref().is_some_and(|notes| notes.contains("podform:v1:"));
            // What a run kept that lost its lock counts as recorded: it stands set aside.
            let kept = |claim: &str| disk.kept.values().any(|lines| lines.contains(claim));
            let given_up = claim(rented).is_some_and(|claim| recorded.watched.contains(claim) && !kept(claim));
            let known = (rented.forgotten && marked) || (given_up && (marked || account.manners.shows_env));
            rented.at + lag <= run.began && known
        };
        let closed = |rented: &&Rented| !claim(rented).is_some_and(|claim| recorded.open.contains(claim));
        let ours = account.standing().filter(|rented| !rented.stranger && !rented.twin).filter(shown).filter(closed);
        let known = |id: u64| recorded.machines.iter().any(|(recorded, _)| *recorded == id);
        let mut here = ours
            .filter(|rented| claim(rented).and_then(|claim| self.rented_for.get(claim)).map(|s| &**s) == Some(address));
        here.find(|rented| !known(rented.machine.id.0)).map(|rented| rented.machine.id.0)
    }

    /// What a run did stands in its plan (invariant 7). `plan` is `None` where the run ended before it had one.
    pub fn within_plan(&mut self, run: &Run, account: &Account, plan: Option<&Plan>) {
        let Some(plan) = plan else {
            let outside = |done: &Done| match &done.change {
                Change::DeleteMachine(id) | Change::UpdateMachine(id, _) => {
                    account.machines.get(id).is_some_and(|rented| self.is_outside(rented, &run.fleet))
                }
                _ => false,
            };
            if let Some(done) = account.done_in(run).find(|done| !done.late && !outside(done)) {
                self.fault(format!("{} before there was a plan", done.change.name()));
            }
            return;
        };
        let mut rents: BTreeMap<String, usize> = BTreeMap::new();
        let mut made = BTreeSet::new();
        let steps = |wanted: &[StepAction]| {
            let steps = plan.steps.iter().filter(|step| wanted.contains(&step.action));
            steps.map(|step| (step.address.to_string(), step.deposed.clone())).collect::<Vec<_>>()
        };
        let changes = |wanted: &[StepAction]| {
            let steps = steps(wanted);
            let of = |change: &&podform::plan::Change| {
                steps
                    .iter()
                    .any(|(address, deposed)| *address == change.address.to_string() && *deposed == change.deposed)
            };
            plan.changes.iter().filter(of).collect::<Vec<_>>()
        };
        let id = |change: &podform::plan::Change| change.before.as_ref()?.get("id")?.as_str()?.parse().ok();
        let ids = |wanted: &[StepAction]| -> BTreeSet<u64> { changes(wanted).into_iter().filter_map(id).collect() };
        let mut updates = ids(&ObjectKind::ALL.map(StepAction::Update));
        // What carries no mark is marked before it is released, where the plan says so.
        let unmarked = changes(&ObjectKind::ALL.map(StepAction::Delete)).into_iter();
        let unmarked = unmarked.filter(|change| change.repair_mark);
        updates.extend(unmarked.filter_map(id));
        let deletes = ids(&ObjectKind::ALL.map(StepAction::Delete));
        let outside = |id: &u64| account.machines.get(id).is_some_and(|rented| self.is_outside(rented, &run.fleet));
        let mut faults = Vec::new();
        for done in account.done_in(run).filter(|done| done.id.is_some()) {
            match &done.change {
                Change::Rent(_) if done.late => made.extend(done.id),
                _ if done.late => {}
                Change::Rent(request) => {
                    let claim = &request.env.0["PODFORM_CLAIM"];
                    *rents.entry(self.rented_for.get(claim).cloned().unwrap_or_default()).or_default() += 1;
                    made.extend(done.id);
                }
                Change::CreateGroup(_) => made.extend(done.id),
                Change::UpdateMachine(id, _) | Change::UpdateGroup(id, _) => {
                    if !updates.contains(id) && !made.contains(id) && !outside(id) {
                        faults.push(format!("{} is not in the plan", done.change.name()));
                    }
                }
                Change::RebootMachine(_) => faults.push(format!("{} is not in the plan", done.change.name())),
                Change::DeleteMachine(id) | Change::DeleteGroup(id) => {
                    if !deletes.contains(id) && !made.contains(id) && !outside(id) {
                        faults.push(format!("{} is not in the plan", done.change.name()));
                    }
                }
            }
        }
        let planned = steps(&[StepAction::RENT]);
        for (address, count) in rents {
            if count > planned.iter().filter(|(planned, _)| *planned == address).count() {
                faults.push(format!("{address} was rented {count} times"));
            }
        }
        self.faults.extend(faults);
    }

    /// After a run that succeeded: nothing that it rented bills above its cap (invariant 3).
    pub fn within_caps(&mut self, run: &Run, account: &Account) {
        let rented = account.done_in(run).filter(|done| !done.late && matches!(done.change, Change::Rent(_)));
        let standing = rented.filter_map(|done| account.machines.get(&done.id?)).filter(|rented| rented.end.is_none());
        // Nobody can tell what is not shown.
        let shown = standing.filter(|rented| rented.priceless <= Instant::now());
        let above: Vec<_> =
            shown.filter(|rented| self.is_above(rented, &run.fleet)).map(|rented| rented.machine.id).collect();
        for id in above {
            self.fault(format!("the machine {id} bills more than its cap, and was kept"));
        }
    }

    /// At no moment of a run stand more machines, or is more paid, than the budget allows, unless it was more before.
    pub fn within_budget(&mut self, run: &Run, account: &Account, plan: &Plan) {
        let Some(most) = run.fleet.budget else { return };
        let machines = plan.changes.iter().filter(|change| {
            change.address.resource.object_kind() == Some(ObjectKind::Instance) && change.before.is_some()
        });
        let id = |change: &podform::plan::Change| change.before.as_ref()?.get("id")?.as_str()?.parse::<u64>().ok();
        let known: Vec<u64> = machines.filter_map(id).collect();
        let doubts = plan.in_doubt.iter().filter(|intent| intent.action.rents());
        // What is in doubt may stand.
        let (before, paid) = doubts.fold((known.len(), plan.cost.before.0), |(count, paid), intent| {
            (count + 1, paid + intent.hourly_cost.unwrap_or_default().0)
        });
        let rented = account.done_in(run).filter(|done| !done.late && matches!(done.change, Change::Rent(_)));
        let rented: Vec<u64> = rented.filter_map(|done| done.id).collect();
        let ours: Vec<&Rented> = known.iter().chain(&rented).filter_map(|id| account.machines.get(id)).collect();
        for now in rented.iter().filter_map(|id| account.machines.get(id)).map(|rented| rented.at) {
            let standing = ours.iter().filter(|one| one.at <= now && one.end.is_none_or(|end| end > now));
            let (count, cost) =
                standing.fold((0, Decimal::ZERO), |(count, cost), one| (count + 1, cost + self.counted(one, now)));
            if count > most.max(before) {
                self.fault(format!("{count} machines stood, where {before} did and the budget allows {most}"));
            }
            let allowed = budgeted_cost(most).max(paid);
            if cost > allowed {
                self.fault(format!("{cost} was paid, where {paid} was and the budget allows {allowed}"));
            }
        }
    }

    /// What a machine is known to cost: what its offer asked, or what it bills where that is less, if anybody can see it.
    fn counted(&self, rented: &Rented, now: Instant) -> Decimal {
        let bills =
            rented.machine.price_per_gpu.filter(|_| rented.priceless <= now).map_or(Decimal::ZERO, |price| price.0);
        let offered = claim(rented).and_then(|claim| self.offered.get(claim));
        offered.map_or(bills, |(asked, _)| bills.min(*asked))
    }

    /// Whether a machine bills more than the cap of the address that it was rented for.
    fn is_above(&self, rented: &Rented, fleet: &Fleet) -> bool {
        let address = claim(rented).and_then(|claim| self.rented_for.get(claim)).cloned().unwrap_or_default();
        fleet.cap(block_of(&address)).is_some_and(|cap| bills_above(rented, cap))
    }

    /// Whether whoever finds it may release it without a plan (invariant 15): it bills more than its cap. A cap that was
    /// raised since is that of the addresses which still stand in the configuration.
    fn is_outside(&self, rented: &Rented, fleet: &Fleet) -> bool {
        let address = claim(rented).and_then(|claim| self.rented_for.get(claim));
        let offered = claim(rented).and_then(|claim| self.offered.get(claim));
        let wanted = address.is_some_and(|address| fleet.wanted().contains(address));
        self.is_above(rented, fleet) || (!wanted && offered.is_some_and(|(_, cap)| bills_above(rented, *cap)))
    }

    /// After a run that ended by itself: every machine is recorded once or open, and no address has two.
    pub fn at_rest(&mut self, account: &Account, disk: &Disk) {
        let Some(recorded) = Recorded::read(&disk.state) else { return };
        let absent = disk.durable.iter().filter_map(|event| event["absent"]["claim"].as_str().map(str::to_owned));
        self.given_up.extend(recorded.watched.iter().cloned().chain(absent));
        for (what, ids) in [("machine", &recorded.machines), ("group", &recorded.groups)] {
            let mut seen = BTreeSet::new();
            for (id, address) in ids {
                if !seen.insert(*id) {
                    self.fault(format!("the {what} {id} is recorded twice, once at {address}"));
                }
            }
        }
        for rented in account.standing().filter(|rented| !rented.stranger) {
            let id = rented.machine.id.0;
            let known = recorded.machines.iter().any(|(recorded, _)| *recorded == id);
            let open = claim(rented).is_some_and(|claim| recorded.open.contains(claim));
            let given_up = claim(rented).is_some_and(|claim| self.given_up.contains(claim));
            if !known && !open && !given_up && !rented.twin && !rented.forgotten {
                let whose = claim(rented).and_then(|claim| self.rented_for.get(claim));
                self.fault(format!("machine {id}, rented for {whose:?}, is an orphan"));
            }
        }
        for made in account.groups.values().filter(|made| !made.stranger) {
            let id = made.group.id.0;
            let known = recorded.groups.iter().any(|(recorded, _)| *recorded == id);
            let claim = mark_claim(made.group.notes.as_deref());
            let open = claim.is_some_and(|claim| recorded.open.contains(&claim) || self.given_up.contains(&claim));
            // It costs nothing, and is told until somebody releases it.
            if !known && !open && !made.twin && !made.forgotten {
                self.fault(format!("group {id} is an orphan"));
            }
        }
    }

    /// The machines of the state file.
    pub fn recorded_machines(disk: &Disk) -> BTreeSet<u64> {
        let recorded = Recorded::read(&disk.state).map(|recorded| recorded.machines).unwrap_or_default();
        recorded.into_iter().map(|(id, _)| id).collect()
    }

    /// After everything came to its end: each wanted machine stands once, and nothing else of ours.
    pub fn at_the_end(&mut self, fleet: &Fleet, account: &Account, disk: &Disk, wanted: &BTreeSet<String>) {
        let recorded = Recorded::read(&disk.state);
        let Some(recorded) = recorded else { return self.fault("there is no state".into()) };
        if !recorded.open.is_empty() || recorded.deposed > 0 {
            self.fault(format!("{} intents are open, {} objects deposed", recorded.open.len(), recorded.deposed));
        }
        for made in account.groups.values().filter(|made| !made.stranger) {
            if !recorded.groups.iter().any(|(id, _)| *id == made.group.id.0) {
                self.fault(format!("the group {} was made twice, and is left", made.group.id));
            }
        }
        for rented in account.standing().filter(|rented| !rented.stranger) {
            if !recorded.machines.iter().any(|(id, _)| *id == rented.machine.id.0) {
                self.fault(format!("the machine {} is recorded nowhere, and is left", rented.machine.id));
            }
        }
        let live = |id: &u64| account.standing().any(|rented| rented.machine.id.0 == *id);
        let standing = recorded.machines.iter().filter(|(id, _)| live(id)).map(|(_, address)| address.clone());
        let standing: BTreeSet<String> = standing.collect();
        let ended = wanted.iter().filter(|address| has_ended(address, fleet, &recorded, account)).cloned();
        let wanted = wanted - &ended.collect();
        if standing != wanted {
            self.fault(format!("{standing:?} stand, and {wanted:?} are wanted"));
        }
        for (id, address) in &recorded.machines {
            let Some(rented) = account.machines.get(id) else { continue };
            let lasts = fleet.blocks.get(block_of(address)).and_then(Block::lasts);
            if let Some((lasts, text)) = lasts
                && age(rented) > lasts + CLOCKS
            {
                self.fault(format!("{address} stands, {:?} old, and expires after {text}", age(rented)));
            }
            let price = rented.machine.price_per_gpu;
            if price.map(|price| price.0) > fleet.cap(block_of(address)) {
                self.fault(format!("{address} bills {price:?}, above its cap"));
            }
        }
    }

    /// After everything came to its end: no machine of these blocks is left that does not work.
    pub fn works(&mut self, account: &Account, disk: &Disk, blocks: &BTreeSet<String>) {
        let Some(recorded) = Recorded::read(&disk.state) else { return };
        let dead = |id: &u64| account.machines.get(id).is_some_and(|rented| rented.stuck && rented.end.is_none());
        for (id, address) in recorded.machines.iter().filter(|(id, _)| dead(id)) {
            if blocks.contains(block_of(address)) {
                self.fault(format!("{address} (machine {id}) does not work, and was kept"));
            }
        }
    }
}

/// Whether the state says that an address expired a duration after its rent, and a machine of ours was as old.
fn has_ended(address: &str, fleet: &Fleet, recorded: &Recorded, account: &Account) -> bool {
    let Some((lasts, text)) = fleet.blocks.get(block_of(address)).and_then(Block::lasts) else { return false };
    let mut ours = account.machines.values().filter(|rented| !rented.stranger);
    recorded.expired.get(address) == Some(&text) && ours.any(|rented| age(rented) + CLOCKS >= lasts)
}

/// `a` of `simplepod_instance.a[0]`.
fn block_of(address: &str) -> &str {
    let name = address.rsplit_once("simplepod_instance.").map_or(address, |(_, name)| name);
    name.split('[').next().unwrap_or(name)
}
