//! Seeded histories: the fleet is edited, others rent and delete, clocks jump, prices move, calls fail, the program dies;
//! in the end, with nothing going wrong any more, two runs reach an empty plan.
//!
//! `PODFORM_HISTORIES=N` runs so many, `PODFORM_SEED=S` begins at that seed (alone, it runs that one and prints it).

use super::account::{Rented, named, request};
use super::chance::Chance;
use super::cloud::World;
use super::disk::Disk;
use super::fleet::{Block, Expires, Fleet, MODELS};
use super::in_virtual_time;
use super::manners::{Dates, Manners};
use super::operator::{settles, takes_in_newer};
use super::orphans::release_orphans;
use super::run::{End, How, overtaken, run};
use super::trouble::Trouble;
use crate::backends::memory::{Flaw, Memory};
use jiff::{SignedDuration, Timestamp};
use podform::lang::stack::on_deep_stack;
use podform::money::Usd;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many run where nobody says.
const HISTORIES: u64 = 400;
/// Of a hundred calls, so many go wrong in a troubled run.
pub const SHARES: [usize; 3] = [10, 25, 50];

/// Where the state lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In a directory.
    Alone,
    /// In a directory whose store has no fence.
    Unfenced,
    /// In a directory. After all that happens a copy comes back that some runs have left behind.
    Older,
    /// In a place for objects, for several writers. They may lose rents by the way they write.
    Shared(Flaw),
}

/// How often a state was told to be an old one.
static OLD: AtomicU64 = AtomicU64::new(0);

/// One history.
pub struct History {
    pub world: World,
    /// Those who write beside, where the state is shared.
    pub beside: Vec<World>,
    pub fleet: Fleet,
    /// As it was before it was edited last: somebody's checkout is older.
    pub former: Fleet,
    pub chance: Chance,
    /// What happened, for a reproduction.
    pub told: Vec<String>,
    pub runs: u64,
    /// What happened how often.
    pub counted: BTreeMap<String, usize>,
    /// A copy of the state.
    kept: Option<Disk>,
    /// An older state came back once.
    put_back: bool,
    /// Faults and durable events are told too.
    pub talks: bool,
}

impl History {
    /// An API of some manners, a market, an empty fleet.
    fn new(seed: u64, talks: bool, kind: Kind) -> History {
        let mut chance = Chance::new(seed, "history");
        let manners = Manners {
            list_lag: Duration::from_secs(*chance.pick(&[0, 0, 0, 5, 5, 30, 30, 200]).unwrap()),
            group_lag: Duration::ZERO,
            id_lag: Duration::from_secs(*chance.pick(&[0, 0, 0, 8]).unwrap()),
            delete_lag: Duration::from_secs(*chance.pick(&[0, 0, 5, 20]).unwrap()),
            boot: Duration::from_secs(*chance.pick(&[0, 5, 90]).unwrap()),
            names_machines: chance.percent(60),
            names_groups: chance.percent(50),
            shows_env: chance.percent(80),
            full_rows: chance.percent(30),
            dates: *chance.pick(&[Dates::Right, Dates::Right, Dates::Missing, Dates::Wrong]).unwrap(),
            rent: Duration::from_secs(*chance.pick(&[0, 0, 5, 20]).unwrap()),
        };
        // Where nothing names a machine and nothing shows whose it is, only a person can tell.
        let manners = Manners { names_machines: manners.names_machines || !manners.shows_env, ..manners };
        let told = vec![format!("{manners:?}")];
        let world = match kind {
            Kind::Alone | Kind::Unfenced | Kind::Older => World::new(manners),
            Kind::Shared(flaw) => {
                let memory = if seed.is_multiple_of(2) { Memory::default() } else { Memory::default().generations() };
                World::shared(manners, memory.with(flaw))
            }
        };
        world.disk.lock().unwrap().unfenced = kind == Kind::Unfenced;
        let beside = if matches!(kind, Kind::Shared(_)) { vec![world.beside(), world.beside()] } else { Vec::new() };
        let mut fleet = Fleet::of(Block::of(chance.below(4)));
        fleet.a().create_first = chance.percent(30);
        fleet.a().replace_unhealthy = chance.percent(50);
        fleet.a().expires = Expires::some_duration(&mut chance);
        let (former, counted) = (fleet.clone(), BTreeMap::new());
        let mut history = History {
            world,
            beside,
            fleet,
            former,
            chance,
            told,
            runs: 0,
            counted,
            kept: None,
            put_back: false,
            talks,
        };
        history.restock();
        history.spoil();
        history.stranger();
        history
    }

    /// The market has enough of everything.
    fn restock(&mut self) {
        let mut account = self.world.account();
        for model in MODELS {
            let free = account.offers.iter().filter(|offer| offer.available && offer.gpu_model == model);
            for _ in free.count()..12 {
                let cents = 15 + i64::try_from(self.chance.below(30)).unwrap();
                account.offer(model, cents);
            }
        }
    }

    /// The machines of some hosts never start.
    fn spoil(&mut self) {
        let share = *self.chance.pick(&[0, 0, 20]).unwrap();
        let mut account = self.world.account();
        let hosts: Vec<String> = account.offers.iter().map(|offer| offer.host.clone()).collect();
        account.bad.extend(hosts.into_iter().filter(|_| self.chance.percent(share)));
    }

    /// Somebody else rents, and makes a group.
    fn stranger(&mut self) {
        let mut account = self.world.account();
        let free: Vec<_> = account.offers.iter().filter(|offer| offer.available).cloned().collect();
        let Some(offer) = self.chance.pick(&free) else { return };
        let group = account.create_group(&named("theirs"), true);
        account.rent(&request(offer.iri.clone(), group, Default::default()), true).unwrap();
    }

    /// Something that others do.
    async fn others(&mut self) -> String {
        let pick = self.chance.below(10);
        match pick {
            0 => {
                self.stranger();
                return "a stranger rents".into();
            }
            8 => {
                let disk = self.world.disk.lock().unwrap().clone();
                // Before the first state there is nothing to copy.
                self.kept = Some(disk).filter(|disk| !disk.state.is_empty()).or(self.kept.take());
                return "somebody copies the state".into();
            }
            9 => {
                let Some(copy) = self.kept.take() else { return self.recovers().await };
                self.world.bring_back(&copy);
                self.put_back = true;
                return "an older copy of the state comes back".into();
            }
            _ => {}
        }
        let mut account = self.world.account();
        let ours: Vec<u64> =
            account.standing().filter(|rented| !rented.stranger).map(|rented| rented.machine.id.0).collect();
        let theirs: Vec<u64> =
            account.standing().filter(|rented| rented.stranger).map(|rented| rented.machine.id.0).collect();
        match (pick, self.chance.pick(&ours), self.chance.pick(&theirs)) {
            (1, _, Some(id)) => {
                account.end(*id);
                format!("a stranger releases {id}")
            }
            (2, Some(id), _) => {
                account.end(*id);
                format!("somebody releases our machine {id}")
            }
            (3, Some(id), _) => {
                let machine = &mut account.machines.get_mut(id).unwrap().machine;
                machine.shown.insert("name", "edited".into());
                format!("somebody renames our machine {id}")
            }
            (4, Some(id), _) => {
                account.machines.get_mut(id).unwrap().machine.notes = Some("mine".to_owned().into());
                format!("somebody wipes the notes of our machine {id}")
            }
            (6, Some(id), _) => {
                account.machines.get_mut(id).unwrap().stuck = true;
                format!("our machine {id} dies")
            }
            (7, Some(ours), Some(theirs)) => {
                drop(account);
                self.world.copy_notes(*ours, *theirs);
                format!("somebody copies the notes of our machine {ours} onto {theirs}")
            }
            (5, ..) => {
                for offer in &mut account.offers {
                    let cents = 15 + i64::try_from(self.chance.below(45)).unwrap();
                    offer.price_per_gpu = Usd(Decimal::new(cents, 2));
                }
                "prices move".into()
            }
            _ => {
                let most = self.chance.below(6);
                account
                    .offers
                    .iter_mut()
                    .filter(|offer| offer.available)
                    .take(most)
                    .for_each(|offer| offer.available = false);
                format!("others take {most} offers")
            }
        }
    }

    /// Somebody settles what is in doubt, as far as they know.
    async fn recovers(&mut self) -> String {
        self.world.breaks_the_lock().await;
        let how = How { hcl: self.fleet.hcl(), accept_missing: true, lock: Some(Duration::ZERO), ..How::default() };
        format!("podform recover {:?}", settles(&self.world, &how).await)
    }

    /// A state is an old one where one was put back, and never else. Then what newer ones made is taken in, at times.
    pub async fn judge(&mut self, end: &End, takes_in: bool) {
        let End::Stopped(errors) = end else { return };
        if !errors.iter().any(|error| error.contains("carries a mark that a run wrote which went on from serial")) {
            return;
        }
        OLD.fetch_add(1, Ordering::Relaxed);
        if !self.put_back {
            self.world.ledger.lock().unwrap().faults.push(format!("no state was put back: {}", end.words()));
        }
        if takes_in || self.chance.percent(50) {
            let how = How { hcl: self.fleet.hcl(), accept_missing: true, ..How::default() };
            let told = takes_in_newer(&self.world, &how).await;
            self.told.push(format!("podform recover -adopt=all -lineage=OWN: {told:?}"));
        }
    }

    fn how(&mut self, trouble: Trouble) -> How {
        let skew = *self.chance.pick(&[0, 0, -7200, 40, 3600]).unwrap();
        self.world.configure(&self.fleet);
        let lock = (!self.beside.is_empty()).then_some(Duration::ZERO);
        How { hcl: self.fleet.hcl(), trouble, skew, accept_missing: true, lock, ..How::default() }
    }

    /// An apply, and another one that takes its lock away while it sleeps.
    async fn overtaken(&mut self, trouble: Trouble) {
        let how = self.how(trouble.clone());
        let after = Duration::from_millis(u64::try_from(self.chance.below(4000)).unwrap());
        let other = self.how(Trouble::None);
        let (first, second) = overtaken(&self.world, &how, after, &other).await;
        self.runs += 1 + u64::from(second.is_some());
        let words = second.as_ref().map_or_else(|| "which it did not live to see".into(), End::words);
        self.told.push(format!(
            "apply ({trouble:?}), overtaken after {after:?} by another one ({words}): {}",
            first.words()
        ));
        for end in [Some(first), second].into_iter().flatten() {
            self.judge(&end, false).await;
        }
    }

    async fn run(&mut self, trouble: Trouble) -> End {
        let how = self.how(trouble.clone());
        let skew = how.skew;
        let before = self.world.disk.lock().unwrap().durable.len();
        let end = run(&self.world, &how).await;
        self.runs += 1;
        self.tells(before);
        self.told.push(format!("apply ({trouble:?}, clock {skew:+} s): {}", end.words()));
        self.judge(&end, false).await;
        end
    }

    /// What went wrong, and what became durable since.
    pub fn tells(&mut self, before: usize) {
        if !self.talks {
            return;
        }
        for world in std::iter::once(&self.world).chain(&self.beside) {
            let faults = std::mem::take(&mut world.troubles.lock().unwrap().story);
            self.told.extend(faults.into_iter().map(|fault| format!("    {fault}")));
        }
        for event in &self.world.disk.lock().unwrap().durable[before..] {
            let text = event.to_string();
            self.told.push(format!("    {text:.260}"));
        }
    }

    /// Edits, others, clocks, applies.
    async fn happen(&mut self) {
        for step in 0..5 + self.chance.below(8) {
            match self.chance.below(10) {
                0..3 => {
                    self.former.clone_from(&self.fleet);
                    let now = self.world.account().now();
                    let told = match self.chance.percent(25) {
                        true => self.fleet.edit_times(&mut self.chance, now),
                        false => self.fleet.edit(&mut self.chance),
                    };
                    self.told.push(told);
                }
                3 | 4 => {
                    let told = self.others().await;
                    self.told.push(told);
                }
                5 => {
                    let seconds = *self.chance.pick(&[1, 60, 3600, 100_000]).unwrap();
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    self.told.push(format!("{seconds} s pass"));
                }
                _ if !self.beside.is_empty() => self.meet().await,
                _ => {
                    let seed = u64::try_from(self.chance.below(1 << 30)).unwrap() + u64::try_from(step).unwrap();
                    let trouble = if self.chance.percent(75) {
                        Trouble::Random { seed, share: *self.chance.pick(&SHARES).unwrap() }
                    } else {
                        Trouble::None
                    };
                    match self.chance.percent(20) {
                        true => self.overtaken(trouble).await,
                        false => drop(self.run(trouble).await),
                    }
                }
            }
        }
    }

    /// A copy of the state, some runs that change what is rented, and the copy comes back.
    async fn go_back(&mut self) {
        self.restock();
        self.world.breaks_the_lock().await;
        self.run(Trouble::None).await;
        let copy = self.world.disk.lock().unwrap().clone();
        for _ in 0..2 + self.chance.below(3) {
            let told = self.fleet.edit(&mut self.chance);
            self.told.push(told);
            self.run(Trouble::None).await;
        }
        if copy.state.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_secs(300)).await;
        self.world.bring_back(&copy);
        self.releases_what_only_the_lost_state_knew();
        self.put_back = true;
        self.told.push("an older copy of the state comes back".into());
        self.run(Trouble::None).await;
    }

    /// Of a machine without a mark only the lost state knew: a person releases it.
    fn releases_what_only_the_lost_state_knew(&self) {
        let mut account = self.world.account();
        let is_marked = |rented: &Rented| rented.machine.mark().is_some();
        let unknown = account.standing().filter(|rented| rented.forgotten && !rented.stranger && !is_marked(rented));
        let unknown: Vec<u64> = unknown.map(|rented| rented.machine.id.0).collect();
        unknown.into_iter().for_each(|id| account.end(id));
    }

    /// Nothing goes wrong any more: the plan becomes empty.
    async fn come_to_rest(&mut self) {
        self.restock();
        self.world.account().bad.clear();
        tokio::time::sleep(Duration::from_secs(600)).await;
        // The last runs and the look at their end take minutes: what is wanted must not change in them, by nobody's clock.
        let changes = |block: &Block, now: Timestamp| {
            block.rests(now).is_none() || block.rests(now) != block.rests(now + SignedDuration::from_hours(1))
        };
        while self.fleet.blocks.values().any(|block| changes(block, self.world.account().now())) {
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
        self.fleet.blocks.values_mut().for_each(|block| block.cap = 70);
        self.fleet.budget = None;
        self.world.breaks_the_lock().await;
        // What a crashed run left open is settled by then.
        let end = self.run(Trouble::None).await;
        self.judge(&end, true).await;
        if !matches!(end, End::Crashed) {
            let released = release_orphans(&self.world).await;
            self.told.push(format!("podform orphans -release={released:?}"));
            self.told.push(format!("the operator releases {:?}", self.world.release_told()));
            // It shows for a moment still.
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        // A mark that stands on another's machine may be that of an import: a person must look, and takes it off.
        for rented in self.world.account().machines.values_mut().filter(|rented| rented.stranger) {
            rented.machine.notes = None;
        }
        let mut empty = false;
        let mut helped = false;
        for _ in 0..3 {
            self.world.breaks_the_lock().await;
            let mut end = self.run(Trouble::None).await;
            let stuck = match &end {
                End::Nothing(doubts) => *doubts > 0,
                End::Applied(result, _) => result.diagnostics.has_errors(),
                _ => false,
            };
            if stuck && !helped {
                helped = true;
                let recovered = self.recovers().await;
                self.told.push(recovered);
                self.run(Trouble::None).await;
                self.told.push(format!("the operator releases {:?}", self.world.release_told()));
                tokio::time::sleep(Duration::from_secs(60)).await;
                end = self.run(Trouble::None).await;
            }
            if matches!(end, End::Nothing(0)) {
                empty = true;
                break;
            }
        }
        let mut ledger = self.world.ledger.lock().unwrap();
        if !empty {
            ledger.faults.push("two runs did not reach an empty plan".into());
        }
        let (account, disk) = (self.world.account(), self.world.disk.lock().unwrap());
        ledger.at_rest(&account, &disk);
        ledger.at_the_end(&self.fleet, &account, &disk, &self.fleet.wanted_at(account.now()));
        ledger.works(&account, &disk, &self.fleet.replaced_when_unhealthy());
    }
}

/// What one history was.
pub struct Outcome {
    runs: u64,
    injected: BTreeMap<String, usize>,
    /// What is wrong, and how it came to that.
    broken: Option<String>,
    told: Vec<String>,
}

/// The history of a seed.
pub fn history(seed: u64, talks: bool, kind: Kind) -> Outcome {
    // It is more than the stack of a test takes.
    on_deep_stack(|| in_virtual_time(happened(seed, talks, kind))).unwrap()
}

async fn happened(seed: u64, talks: bool, kind: Kind) -> Outcome {
    let mut history = History::new(seed, talks, kind);
    history.happen().await;
    if kind == Kind::Older || (kind == Kind::Shared(Flaw::None) && seed.is_multiple_of(3)) {
        history.go_back().await;
    }
    history.come_to_rest().await;
    let faults = std::mem::take(&mut history.world.ledger.lock().unwrap().faults);
    let broken = (!faults.is_empty()).then(|| {
        let told = history.told.join("\n  ");
        format!("PODFORM_SEED={seed}\n  {}\n  after:\n  {told}\n{}", faults.join("\n  "), history.fleet.hcl())
    });
    let mut injected = std::mem::take(&mut history.counted);
    for world in std::iter::once(&history.world).chain(&history.beside) {
        let all = std::mem::take(&mut world.troubles.lock().unwrap().injected);
        all.into_iter().for_each(|(kind, n)| *injected.entry(kind).or_default() += n);
    }
    Outcome { runs: history.runs, injected, broken, told: history.told }
}

/// What makes a reproduction one.
#[test]
fn a_seed_is_always_the_same_history() {
    for seed in 1..20 {
        for kind in [Kind::Alone, Kind::Shared(Flaw::None)] {
            let told = || history(seed, false, kind).told;
            assert_eq!(told(), told(), "seed {seed}, {kind:?}");
        }
    }
}

/// The checker sees what a store without a fence lets happen.
#[test]
fn histories_over_a_store_without_a_fence_are_broken() {
    assert!(broken(60, Kind::Unfenced) > 0);
}

/// So many of the first histories are broken.
pub fn broken(count: u64, kind: Kind) -> usize {
    let is_broken = |seed: &u64| {
        let outcome = std::panic::catch_unwind(|| history(*seed, false, kind));
        outcome.map_or(true, |outcome| outcome.broken.is_some())
    };
    (1..=count).filter(is_broken).count()
}

/// A copy of the state comes back that others have left behind: the marks tell it, or its orphans do, and the fleet goes on.
#[test]
fn histories_of_old_states_come_to_rest() {
    let (first, count) = (number("PODFORM_SEED").unwrap_or(1), number("PODFORM_HISTORIES").unwrap_or(HISTORIES) / 4);
    let before = OLD.load(Ordering::Relaxed);
    let broken = |seed: u64| {
        let outcome = std::panic::catch_unwind(|| history(seed, false, Kind::Older));
        outcome.map_or_else(|_| Some(format!("PODFORM_SEED={seed} panicked")), |outcome| outcome.broken)
    };
    let broken: Vec<String> = (first..=first + count).filter_map(broken).collect();
    let old = OLD.load(Ordering::Relaxed) - before;
    println!("{count} histories, {old} plans on old states were stopped");
    assert!(broken.is_empty(), "{} of {count} histories are broken:\n{}", broken.len(), broken.join("\n\n"));
    assert!(old > 0, "no state was an old one");
}

/// A number in the environment.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

#[test]
fn histories_come_to_rest() {
    come_to_rest(HISTORIES, Kind::Alone);
}

/// So many histories, where nobody says how many, come to rest.
pub fn come_to_rest(histories: u64, kind: Kind) {
    let seed = number("PODFORM_SEED");
    let count = number("PODFORM_HISTORIES").unwrap_or(if seed.is_some() { 1 } else { histories });
    let first = seed.unwrap_or(1);
    let next = AtomicU64::new(first);
    let total = Mutex::new((0, BTreeMap::<String, usize>::new(), Vec::new()));
    let began = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, std::num::NonZero::get) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        break;
                    }
                    let outcome = std::panic::catch_unwind(|| history(seed, count == 1, kind));
                    let mut total = total.lock().unwrap();
                    match outcome {
                        Ok(outcome) => {
                            total.0 += outcome.runs;
                            outcome.injected.into_iter().for_each(|(kind, n)| *total.1.entry(kind).or_default() += n);
                            total.2.extend(outcome.broken);
                            if count == 1 {
                                println!("{}", outcome.told.join("\n"));
                            }
                        }
                        Err(_) => total.2.push(format!("PODFORM_SEED={seed} panicked")),
                    }
                }
            });
        }
    });
    let (runs, injected, broken) = total.into_inner().unwrap();
    let old = OLD.load(Ordering::Relaxed);
    println!("{count} histories, {runs} runs in {:?}, {old} of old states; faults: {injected:?}", began.elapsed());
    let shown: Vec<&str> = broken.iter().take(500).map(String::as_str).collect();
    assert!(broken.is_empty(), "{} of {count} histories are broken:\n{}", broken.len(), shown.join("\n\n"));
}
