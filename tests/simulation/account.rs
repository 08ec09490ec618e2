//! The account as a small model: what exists, who made it, and what every call did.

use super::change::{Change, Done};
use super::checker::Run;
use super::manners::{Dates, Manners};
use jiff::{SignedDuration, Timestamp};
use podform::cloud::{CallError, ErrorKind};
use podform::live::{
    Env, Group, GroupFields, GroupId, HashId, Machine, MachineId, Offer, OfferFacts, RentRequest, Status,
};
use podform::money::Usd;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::{Duration, Instant};

/// A machine with what only the account knows.
#[derive(Clone, Debug)]
pub struct Rented {
    /// As its details show it while it lives.
    pub machine: Machine,
    /// Not ours.
    pub stranger: bool,
    /// Which offer it holds.
    pub offer: String,
    /// When it was rented.
    pub at: Instant,
    /// When it ended.
    pub end: Option<Instant>,
    /// It never starts, or died.
    pub stuck: bool,
    /// Until then its answers carry no price.
    pub priceless: Instant,
    /// The network delivered the call that rented it twice: this one, or its like, is nobody's.
    pub twin: bool,
    /// An older copy of the state came back, which does not know it.
    pub forgotten: bool,
}

/// A template group with what only the account knows.
#[derive(Clone, Debug)]
pub struct Made {
    /// As its details show it.
    pub group: Group,
    /// Not ours.
    pub stranger: bool,
    /// When it was made.
    pub at: Instant,
    /// The network delivered the call that made it twice: this one, or its like, is nobody's.
    pub twin: bool,
    /// An older copy of the state came back, which does not know it.
    pub forgotten: bool,
}

/// Everything the vendor knows.
#[derive(Debug)]
pub struct Account {
    pub manners: Manners,
    pub machines: BTreeMap<u64, Rented>,
    pub groups: BTreeMap<u64, Made>,
    pub offers: Vec<Offer>,
    /// Hosts whose machines never start.
    pub bad: BTreeSet<String>,
    /// Calls that are under way: when they take effect, and who sent them.
    pub under_way: Vec<(Instant, usize, Change)>,
    /// What podform did.
    pub done: Vec<Done>,
    next: u64,
    began: Instant,
    lists: usize,
    /// Whatever podform rents bills four times what its offer said.
    pub jumps: bool,
}

/// The longest that a call takes after its connection closed.
const HANGS: Duration = Duration::from_secs(75);

/// When the world begins.
fn beginning() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

impl Account {
    /// A market, and nothing else. `Instant`s are of the runtime that this is called in.
    pub fn new(manners: Manners) -> Account {
        Account {
            manners,
            machines: BTreeMap::new(),
            groups: BTreeMap::new(),
            offers: Vec::new(),
            bad: BTreeSet::new(),
            under_way: Vec::new(),
            done: Vec::new(),
            next: 100,
            began: Instant::now(),
            lists: 0,
            jumps: false,
        }
    }

    /// The server's clock.
    pub fn now(&self) -> Timestamp {
        beginning() + SignedDuration::try_from(self.began.elapsed()).unwrap()
    }

    /// What a list says of the time.
    pub fn date(&mut self) -> Option<Timestamp> {
        self.lists += 1;
        let ahead = SignedDuration::from_hours(i64::from(self.lists.is_multiple_of(3)));
        match self.manners.dates {
            Dates::Right => Some(self.now()),
            Dates::Missing => None,
            Dates::Wrong => Some(self.now() + ahead),
        }
    }

    /// Adds an offer: one machine's worth.
    pub fn offer(&mut self, model: &str, cents: i64) {
        let number = self.take_number();
        self.offers.push(Offer {
            iri: format!("/instances/market/{number}"),
            available: true,
            gpu_model: model.to_owned(),
            gpu_count: 1,
            price_per_gpu: Usd(Decimal::new(cents, 2)),
            row_price: None,
            price_per_disk: Usd(Decimal::new(15, 2)),
            facts: OfferFacts::default(),
            host: format!("host{number}"),
        });
    }

    fn take_number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// What was under way and is due by now takes effect.
    pub fn settle(&mut self) {
        let (now, server) = (Instant::now(), self.now());
        let (due, later) = std::mem::take(&mut self.under_way).into_iter().partition(|(at, ..)| *at <= now);
        self.under_way = later;
        let due: Vec<(Instant, usize, Change)> = due;
        for (at, by, change) in due {
            let id = self.carry_out(&change).ok();
            match (&change, id.and_then(|id| self.machines.get_mut(&id))) {
                (Change::Rent(_), Some(rented)) => {
                    rented.at = at;
                    let ago = SignedDuration::try_from(now - at).unwrap();
                    rented.machine.created_at = Some((server - ago).to_string());
                }
                (Change::DeleteMachine(_), Some(rented)) => rented.end = Some(at),
                _ => {}
            }
            self.done.push(Done { change, id, late: true, by });
        }
    }

    /// A program is gone, and its connections with it: what it has under way still comes to its end from here, within the
    /// settle window.
    pub fn hang_up(&mut self, writer: usize) {
        let latest = Instant::now() + HANGS;
        let own = self.under_way.iter_mut().filter(|(_, by, _)| *by == writer);
        own.for_each(|(due, ..)| *due = latest.min(*due));
    }

    /// What a run did, and what took effect late meanwhile, whoever sent it.
    pub fn done_in(&self, run: &Run) -> impl Iterator<Item = &Done> {
        self.done[run.since..].iter().filter(|done| done.late || done.by == run.writer)
    }

    /// Carries out what podform asked. The id of the object, or the refusal.
    pub fn perform(&mut self, change: &Change, by: usize) -> Result<u64, CallError> {
        let result = self.carry_out(change);
        let id = result.as_ref().ok().copied();
        self.done.push(Done { change: change.clone(), id, late: false, by });
        result
    }

    /// The network delivers a call once more. A host may have room for a second machine; where environments are hidden nobody
    /// could tell that one from a stranger's.
    pub fn perform_again(&mut self, change: &Change, by: usize) {
        if let Change::Rent(request) = change {
            if !self.manners.shows_env {
                return;
            }
            self.offers
                .iter_mut()
                .filter(|offer| offer.iri == request.offer_iri)
                .for_each(|offer| offer.available = true);
            let env = Some(&request.env);
            let likes = self.machines.values_mut().filter(|rented| rented.machine.env.as_ref() == env);
            likes.for_each(|rented| rented.twin = true);
        }
        let id = self.carry_out(change).ok();
        if let (Change::Rent(_), Some(rented)) = (change, id.and_then(|id| self.machines.get_mut(&id))) {
            rented.twin = true;
        }
        self.done.push(Done { change: change.clone(), id, late: true, by });
    }

    fn carry_out(&mut self, change: &Change) -> Result<u64, CallError> {
        match change {
            Change::Rent(request) => self.rent(request, false),
            Change::UpdateMachine(id, fields) => {
                let machine = &mut self.visible(*id).ok_or_else(not_found)?.machine;
                machine.shown.extend(fields.settings.clone());
                set(&mut machine.notes, &fields.notes.clone().map(Into::into));
                set(&mut machine.group, &fields.group);
                set(&mut machine.env, &fields.env);
                Ok(*id)
            }
            Change::DeleteMachine(id) => {
                self.visible(*id).ok_or_else(not_found)?.end = Some(Instant::now());
                self.free(*id);
                Ok(*id)
            }
            Change::RebootMachine(id) => self.visible(*id).map(|_| *id).ok_or_else(not_found),
            Change::CreateGroup(fields) => Ok(self.create_group(fields, false)),
            Change::UpdateGroup(id, fields) => {
                write(&mut self.groups.get_mut(id).ok_or_else(not_found)?.group, fields);
                Ok(*id)
            }
            Change::DeleteGroup(id) => self.groups.remove(id).map(|_| *id).ok_or_else(not_found),
        }
    }

    /// Somebody rents; a stranger or podform.
    pub fn rent(&mut self, request: &RentRequest, stranger: bool) -> Result<u64, CallError> {
        if !stranger && !self.groups.contains_key(&request.group.0) {
            return Err(refusal(400, "Item not found for the template."));
        }
        let offer = self.offers.iter_mut().find(|offer| offer.iri == request.offer_iri && offer.available);
        let offer = offer.ok_or_else(|| refusal(422, "This offer is not available any more."))?;
        if request.ordered.get("gpu_count") != Some(&json!(offer.gpu_count)) {
            return Err(refusal(422, "gpuCount does not fit."));
        }
        offer.available = false;
        let offer = offer.clone();
        let id = self.take_number();
        let factor = Decimal::from(if self.jumps && !stranger { 4 } else { 1 });
        let machine = Machine {
            hash_id: Some(HashId(format!("hash{id}"))),
            shown: [
                ("name", json!(format!("random_{id}"))),
                ("auto_renew", json!(true)),
                ("max_auto_renew_price", json!(0)),
            ]
            .into(),
            notes: Some(String::new().into()),
            gpu_model: Some(offer.gpu_model),
            gpu_count: Some(offer.gpu_count),
            price_per_gpu: Some(Usd(offer.price_per_gpu.0 * factor)),
            price_per_disk: Some(offer.price_per_disk),
            disk_size: Some(32),
            created_at: Some(self.now().to_string()),
            group: Some(request.group),
            env: Some(request.env.clone()),
            start_script: request.ordered.get("start_script").and_then(Json::as_str).map(str::to_owned),
            ..Machine::bare(MachineId(id))
        };
        let at = Instant::now();
        let stuck = !stranger && self.bad.contains(&offer.host);
        let offer = offer.iri;
        let (twin, forgotten) = (false, false);
        let rented = Rented { machine, stranger, offer, at, end: None, stuck, priceless: at, twin, forgotten };
        self.machines.insert(id, rented);
        Ok(id)
    }

    /// Somebody makes a template group.
    pub fn create_group(&mut self, fields: &GroupFields, stranger: bool) -> u64 {
        let id = self.take_number();
        let mut group = Group {
            shown: [
                ("category_name", json!("")),
                ("disk_size", json!(32)),
                ("expose_ports", json!([])),
                ("start_script", json!("")),
                ("arg_options", Json::Null),
                ("ssh_server", json!(false)),
                ("jupyter", json!(false)),
            ]
            .into(),
            env: Some(Env::default()),
            notes: Some(String::new().into()),
            password_protected: Some(false),
            ..Group::bare(GroupId(id))
        };
        write(&mut group, fields);
        let mut likes = self.groups.values_mut().filter(|other| !stranger && other.group.notes == group.notes);
        let twin = likes.next().map(|like| like.twin = true).is_some();
        self.groups.insert(id, Made { group, stranger, at: Instant::now(), twin, forgotten: false });
        id
    }

    /// Ends a machine as its owner, or the vendor, does in the panel.
    pub fn end(&mut self, id: u64) {
        if let Some(rented) = self.machines.get_mut(&id) {
            rented.end = Some(Instant::now());
        }
        self.free(id);
    }

    /// Its offer is free again.
    fn free(&mut self, id: u64) {
        let Some(held) = self.machines.get(&id).map(|rented| rented.offer.clone()) else { return };
        self.offers.iter_mut().filter(|offer| offer.iri == held).for_each(|offer| offer.available = true);
    }

    fn visible(&mut self, id: u64) -> Option<&mut Rented> {
        let lag = self.manners.id_lag;
        self.machines.get_mut(&id).filter(|rented| rented.end.is_none() && rented.at.elapsed() >= lag)
    }

    /// The answer to a read by id.
    pub fn details(&self, id: u64) -> Option<Machine> {
        let rented = self.machines.get(&id)?;
        if rented.end.is_some_and(|end| end.elapsed() >= self.manners.delete_lag)
            || rented.at.elapsed() < self.manners.id_lag
        {
            return None;
        }
        let mut machine = rented.machine.clone();
        let status = match rented {
            Rented { stuck: true, .. } => "error",
            _ if rented.at.elapsed() >= self.manners.boot => "running",
            _ => "created",
        };
        machine.status = Some(Status(status.to_owned()));
        if rented.priceless > Instant::now() {
            machine.price_per_gpu = None;
        }
        if !self.manners.shows_env {
            machine.env = None;
        }
        Some(machine)
    }

    /// The rows of the list.
    pub fn rows(&self) -> Vec<Machine> {
        let old = self.machines.values().filter(|rented| rented.at.elapsed() >= self.manners.list_lag);
        let details = old.filter_map(|rented| self.details(rented.machine.id.0));
        let row = |machine: Machine| match self.manners.full_rows {
            true => machine,
            false => Machine {
                shown: machine
                    .shown
                    .get_key_value("name")
                    .map(|(name, own)| (*name, own.clone()))
                    .into_iter()
                    .collect(),
                notes: machine.notes,
                status: machine.status,
                gpu_model: machine.gpu_model,
                gpu_count: machine.gpu_count,
                price_per_gpu: machine.price_per_gpu,
                created_at: machine.created_at,
                ..Machine::bare(machine.id)
            },
        };
        details.map(row).collect()
    }

    /// Machines that run and bill.
    pub fn standing(&self) -> impl Iterator<Item = &Rented> {
        self.machines.values().filter(|rented| rented.end.is_none())
    }
}

/// A row that tells no more than id and name.
pub fn bare(group: &Group) -> Group {
    let shown = group.shown.get_key_value("name").map(|(name, own)| (*name, own.clone()));
    Group { shown: shown.into_iter().collect(), ..Group::bare(group.id) }
}

/// The body that makes a group with nothing but a name.
pub fn named(name: &str) -> GroupFields {
    GroupFields { settings: [("name", json!(name))].into(), ..GroupFields::default() }
}

/// The body that rents one GPU.
pub fn request(offer_iri: String, group: u64, env: Env) -> RentRequest {
    RentRequest { offer_iri, ordered: [("gpu_count", json!(1))].into(), group: GroupId(group), env }
}

fn set<T: Clone>(slot: &mut Option<T>, value: &Option<T>) {
    if value.is_some() {
        slot.clone_from(value);
    }
}

fn write(group: &mut Group, fields: &GroupFields) {
    let stored = fields.settings.iter().filter(|(name, _)| **name != "arg_options");
    group.shown.extend(stored.map(|(name, value)| (*name, value.clone())));
    set(&mut group.env, &fields.env);
    set(&mut group.notes, &fields.notes.clone().map(Into::into));
}

/// 404.
pub fn not_found() -> CallError {
    error(ErrorKind::NotFound, Some(404), "Not Found")
}

/// 400, 422.
pub fn refusal(status: u16, message: &str) -> CallError {
    error(ErrorKind::Refused, Some(status), message)
}

/// Any other.
pub fn error(kind: ErrorKind, status: Option<u16>, message: &str) -> CallError {
    CallError { kind, call: "call".to_owned(), status, message: message.to_owned() }
}
