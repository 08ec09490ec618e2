//! The whole simulated world: what is stored, what follows from it, and how time passes over it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use axum::body::Bytes;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::book::{Book, Change};
use super::calls::CallLog;
use super::chance::{draw, mix};
use super::clock::{Clock, HOUR_MS, seconds};
use super::global_templates;
use super::hosts::Hosts;
use super::machines::{End, Machine};
use super::switches::Switches;
use super::templates::Template;
use super::worldfile::{OpenError, WorldFile};
use super::written::Written;

/// What a call changed and the log does not have yet.
#[derive(Default)]
struct Dirty {
    head: bool,
    templates: BTreeSet<u64>,
    machines: BTreeSet<u64>,
}

/// A simulated SimplePod: its market, one account, its clock.
pub struct World {
    pub(super) book: Book,
    pub(super) hosts: Hosts,
    pub(super) globals: Vec<Template>,
    pub(super) switches: Switches,
    pub(super) clock: Clock,
    pub(super) calls: CallLog,
    /// The port it is served on; open machine ports may lead there.
    pub(super) port: u16,
    /// Counts lists, so that a shuffled one is never the same twice.
    pub(super) lists: u64,
    /// Answers of the market by query, valid while `market_version` stands.
    pub(super) market_cache: HashMap<String, (u64, Bytes)>,
    /// The rows of the market.
    pub(super) market_rows: Written,
    /// GPUs rented by us and by strangers since the beginning, by host.
    used: BTreeMap<u64, u32>,
    /// USD per hour of all machines.
    burn: Decimal,
    /// When something happens to which machine.
    schedule: BTreeSet<(i64, u64)>,
    dirty: Dirty,
    file: Option<WorldFile>,
}

impl World {
    /// Opens the world at `path`, or makes a new one there from `seed` (default 1) and the switches `hosts` and
    /// `balance`. A stored world keeps its seed; a different one in `seed` is an error. The file is locked until the
    /// world is dropped.
    pub fn open(path: &Path, seed: Option<u64>, switches: Switches) -> Result<World, OpenError> {
        let new = || Book::new(seed.unwrap_or(1), (switches.market, switches.hosts), switches.balance);
        let (file, book) = WorldFile::open(path, new)?;
        if seed.is_some_and(|seed| seed != book.seed) {
            return Err(OpenError::OtherSeed { path: path.to_owned(), stored: book.seed });
        }
        Ok(World::from_book(book, switches, Some(file)))
    }

    /// A world without a file.
    pub fn in_memory(seed: u64, switches: Switches) -> World {
        let book = Book::new(seed, (switches.market, switches.hosts), switches.balance);
        World::from_book(book, switches, None)
    }

    /// Says to processes that come later where it is served.
    pub(super) fn announce(&self, at: SocketAddr) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.announce(at))
    }

    /// Where it was served last: who was sent there still looks for it there.
    pub fn last_place(&self) -> Option<SocketAddr> {
        self.file.as_ref()?.last
    }

    /// Writes every call as a line of JSON to this file too.
    pub fn log_to(&mut self, path: &Path) -> io::Result<()> {
        self.calls.log_to(path)
    }

    fn from_book(book: Book, switches: Switches, file: Option<WorldFile>) -> World {
        let hosts = Hosts::of(book.seed, book.market, book.hosts);
        let mut used: BTreeMap<u64, u32> = BTreeMap::new();
        for (number, count) in &book.head.strangers {
            if let Some((offer, host)) = hosts.offer(*number) {
                *used.entry(host.number).or_default() += offer.gpus * count;
            }
        }
        let mut burn = Decimal::ZERO;
        let mut schedule = BTreeSet::new();
        for machine in book.machines.values().filter(|machine| machine.end.is_none()) {
            *used.entry(machine.host).or_default() += machine.gpus;
            burn += machine.rate();
            schedule.insert((machine.next_event(), machine.id));
        }
        World {
            clock: Clock::standing(book.head.clock_ms, switches.speed),
            hosts,
            globals: global_templates::all(),
            calls: CallLog::default(),
            port: 0,
            lists: 0,
            market_cache: HashMap::new(),
            market_rows: Written::default(),
            used,
            burn,
            schedule,
            dirty: Dirty::default(),
            file,
            book,
            switches,
        }
    }

    /// The private or global template of a number.
    pub(super) fn template(&self, id: u64) -> Option<&Template> {
        self.book.templates.get(&id).or_else(|| self.globals.iter().find(|template| template.id == id))
    }

    /// Stores a template.
    pub(super) fn put_template(&mut self, template: Template) {
        self.dirty.templates.insert(template.id);
        self.book.templates.insert(template.id, template);
    }

    /// Removes a template.
    pub(super) fn remove_template(&mut self, id: u64) -> bool {
        self.dirty.templates.insert(id);
        self.book.templates.remove(&id).is_some()
    }

    /// Marks the small things as changed.
    pub(super) fn touch(&mut self) {
        self.dirty.head = true;
        self.market_cache.clear();
    }

    /// GPUs of a host that nobody has.
    pub(super) fn free(&self, host: u64) -> u32 {
        let Some(found) = self.hosts.host(host) else { return 0 };
        let used = self.used.get(&host).copied().unwrap_or(0);
        if self.switches.churn > Decimal::ZERO {
            let bucket = self.market_bucket(self.book.head.settled_ms);
            let drawn = draw(self.book.seed ^ mix(host), "churn", bucket) % 1_000;
            if Decimal::from(drawn) < self.switches.churn * Decimal::ONE_THOUSAND {
                return 0;
            }
        }
        found.gpus.saturating_sub(found.taken).saturating_sub(used)
    }

    /// Takes GPUs of a host, or gives them back.
    pub(super) fn occupy(&mut self, host: u64, gpus: u32, take: bool) {
        let used = self.used.entry(host).or_default();
        *used = if take { used.saturating_add(gpus) } else { used.saturating_sub(gpus) };
        self.touch();
    }

    /// Adds a machine that has just been rented.
    pub(super) fn add_machine(&mut self, machine: Machine) {
        self.occupy(machine.host, machine.gpus, true);
        self.burn += machine.rate();
        self.schedule.insert((machine.next_event(), machine.id));
        self.dirty.machines.insert(machine.id);
        self.book.machines.insert(machine.id, machine);
    }

    /// Changes a machine that has not ended; what it bills and when it renews may change with it.
    pub(super) fn change_machine(&mut self, id: u64, now: i64, change: impl FnOnce(&mut Machine)) {
        let Some(machine) = self.book.machines.get_mut(&id) else { return };
        self.schedule.remove(&(machine.next_event(), id));
        if machine.end.is_none() {
            self.burn -= machine.rate();
        }
        machine.close_segment(now);
        change(machine);
        if machine.end.is_none() {
            self.burn += machine.rate();
            self.schedule.insert((machine.next_event(), id));
        }
        self.dirty.machines.insert(id);
    }

    /// Ends a machine and gives its GPUs back.
    pub(super) fn end_machine(&mut self, id: u64, at_ms: i64, why: &str) {
        let Some(machine) = self.book.machines.get(&id).filter(|machine| machine.end.is_none()) else { return };
        let (host, gpus) = (machine.host, machine.gpus);
        self.change_machine(id, at_ms, |machine| machine.end = Some(End { at_ms, why: why.to_owned() }));
        self.occupy(host, gpus, false);
    }

    /// USD that are left.
    pub(super) fn balance(&self) -> Decimal {
        (self.unspent() / Decimal::from(HOUR_MS)).round_dp(6)
    }

    /// USD per hour of all machines.
    pub(super) fn burn(&self) -> Decimal {
        self.burn
    }

    /// Deposits less what is spent, in dollar-milliseconds per hour.
    fn unspent(&self) -> Decimal {
        let deposited: Decimal = self.book.head.deposits.iter().map(|deposit| deposit.amount).sum();
        deposited * Decimal::from(HOUR_MS) - self.book.head.spent
    }

    /// Lets everything happen that is due until now. Returns the time it is.
    pub(super) fn settle(&mut self) -> i64 {
        let now = self.clock.now();
        loop {
            let (due, id) = self.schedule.first().copied().unwrap_or((i64::MAX, 0));
            let broke = self.broke_at();
            if due.min(broke) > now {
                break;
            }
            self.charge_until(due.min(broke));
            if broke <= due {
                let alive: Vec<u64> = self.schedule.iter().map(|(_, id)| *id).collect();
                for id in alive {
                    self.end_machine(id, broke, "balance");
                }
            } else {
                self.happen(id, due);
            }
        }
        self.charge_until(now);
        now
    }

    fn charge_until(&mut self, at: i64) {
        let passed = (at - self.book.head.settled_ms).max(0);
        self.book.head.spent += self.burn * Decimal::from(passed);
        self.book.head.settled_ms = self.book.head.settled_ms.max(at);
    }

    /// When the balance is used up, if nothing changes.
    fn broke_at(&self) -> i64 {
        if self.burn <= Decimal::ZERO {
            return i64::MAX;
        }
        let left = (self.unspent() / self.burn).ceil().to_i64().unwrap_or(i64::MAX).max(0);
        self.book.head.settled_ms.saturating_add(left)
    }

    /// A container exits, or a rental period is over: it renews if it may, at the price of the day.
    fn happen(&mut self, id: u64, at: i64) {
        let Some(machine) = self.book.machines.get(&id) else {
            self.schedule.remove(&(at, id));
            return;
        };
        if machine.exits_ms.is_some_and(|exits| exits <= at) {
            return self.end_machine(id, at, "exited");
        }
        let price = self.offer_price(machine.offer, at) * self.switches.price_jump;
        let max = machine.price_auto_renew_max;
        if !machine.auto_renew || (max > Decimal::ZERO && price > max) {
            return self.end_machine(id, at, "expired");
        }
        let period = seconds(self.switches.period.max(1).saturating_mul(3600));
        self.change_machine(id, at, |machine| {
            machine.price_per_gpu = price;
            machine.renews_ms = at.saturating_add(period);
        });
    }

    /// Writes what changed to the log. Nothing is written when nothing did.
    pub(super) fn save(&mut self) -> io::Result<()> {
        let dirty = std::mem::take(&mut self.dirty);
        if !dirty.head && dirty.templates.is_empty() && dirty.machines.is_empty() {
            return Ok(());
        }
        self.record(dirty)
    }

    /// Writes how late it is, so that a world that is killed does not fall back.
    pub(super) fn save_clock(&mut self) -> io::Result<()> {
        if self.clock.now() <= self.book.head.clock_ms {
            return Ok(());
        }
        self.settle();
        let dirty = std::mem::take(&mut self.dirty);
        self.record(dirty)
    }

    fn record(&mut self, dirty: Dirty) -> io::Result<()> {
        self.book.serial += 1;
        self.book.head.clock_ms = self.clock.now();
        let Some(file) = &mut self.file else { return Ok(()) };
        let kept = dirty.templates.iter().filter_map(|id| self.book.templates.get(id));
        let change = Change {
            serial: self.book.serial,
            head: self.book.head.clone(),
            templates: kept.cloned().collect(),
            templates_gone: dirty
                .templates
                .iter()
                .filter(|id| !self.book.templates.contains_key(id))
                .copied()
                .collect(),
            machines: dirty.machines.iter().filter_map(|id| self.book.machines.get(id)).cloned().collect(),
        };
        file.append(&change, &self.book)
    }

    /// Stops the clock and leaves a snapshot without a log; the file is free for others afterwards.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.settle();
        self.clock.stop();
        self.book.head.clock_ms = self.clock.now();
        match self.file.take() {
            Some(mut file) => file.fold(&self.book),
            None => Ok(()),
        }
    }
}
