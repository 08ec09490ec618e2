//! One line for each machine: those that are recorded here, then all others of the account.

use crate::live::{Bill, Machine, MachineId, ObjectId, Snapshot, Status};
use crate::money::Usd;
use crate::render::escape::harmless_line;
use crate::render::listing::{Condition, Listed, conditions, cost_of};
use crate::render::table::{Cell, Column, dollars_and_cents, number, per_hour, word};
use crate::render::words::brief::short;
use crate::render::words::{count, machine_name, runway_of, runway_sentence, seat_text};
use crate::review::Seat;
use crate::state::{Costs, State, billed};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

/// What one look at the account brought.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Its machines, with the balance; `None` for a recorded one that is proven gone.
    pub snapshot: Snapshot,
    /// What is recorded here.
    pub state: State,
    /// What machines have cost.
    pub bills: Vec<Bill>,
    /// What else could not be read, and why.
    pub trouble: Option<String>,
}

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Recorded here, or marked as of this fleet.
    Own,
    /// Without a mark.
    Nobody,
    /// Another fleet's.
    Other,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// It runs.
    Runs,
    /// It may come to run yet.
    Starts,
    /// It is of no use.
    Ails,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// It.
    pub id: MachineId,
    /// Whose.
    pub owner: Owner,
    /// How it stands.
    pub stands: Stands,
    /// Which machine, in full.
    pub name: String,
    /// Where it is, and how the API names it, in words behind the name; what else is told of it stands in the cells.
    pub words: String,
    /// Why it is of no use, in words behind the name.
    pub ails: Option<String>,
    /// As [`COLUMNS`].
    pub cells: Vec<Cell>,
}

impl Line {
    /// All that is drawn of it, for who looks for a text.
    pub fn text(&self) -> String {
        let cells = self.cells.iter().map(word);
        [self.name.clone(), self.words.clone()].into_iter().chain(cells).collect::<Vec<_>>().join(" ").to_lowercase()
    }
}

/// What stands in a line. On a narrow terminal the place goes first, then the id: both stand in the words of the selected one.
pub const COLUMNS: [Column; 12] = [
    Column::new("machine", "Machine"),
    Column::new("id", "Id").spare(1),
    Column::new("status", "Status"),
    Column::new("gpu", "GPU"),
    Column::new("place", "Place").spare(2),
    Column::new("cpu", "CPU"),
    Column::new("memory", "Mem"),
    Column::new("disk", "Disk"),
    Column::new("uptime", "Up"),
    Column::new("price", "Hourly"),
    Column::new("cost", "So far"),
    Column::new("expiry", "Expires"),
];

/// All lines, and what all of them come to, in words.
pub fn lines(seen: &Seen, fleet: Option<&str>, here: Timestamp) -> (Vec<Line>, String) {
    let Seen { snapshot, state, bills, .. } = seen;
    let now = snapshot.as_of.unwrap_or(here);
    let costs = Costs::of(state, snapshot, bills);
    let mut lines: Vec<Line> =
        conditions(state, snapshot, &costs, now).iter().map(|condition| recorded(condition, snapshot, now)).collect();
    let own = lines.len();
    let so_far = billed(bills);
    let known: BTreeSet<MachineId> = lines.iter().map(|line| line.id).collect();
    let mut others: Vec<&Machine> = snapshot.machines().filter(|machine| !known.contains(&machine.id)).collect();
    others.sort_by_key(|machine| machine.id);
    lines.extend(others.into_iter().map(|machine| other(machine, fleet, so_far.get(&machine.id).copied(), now)));
    let sum = |count: String, hourly: Usd| format!("{count} {hourly:.4}/h");
    let others = costs.others;
    let told = match fleet {
        Some(_) if others.count == 0 => vec![sum(count(own, "machine"), costs.hourly())],
        Some(_) => {
            vec![sum(count(own, "machine"), costs.hourly()), sum(count(others.count, "other"), others.hourly)]
        }
        None => vec![sum(count(lines.len(), "machine"), costs.hourly() + others.hourly)],
    };
    let balance = || costs.balance.map(|balance| format!("Balance: {balance:.2}."));
    let left = runway_sentence(&runway_of(&costs)).or_else(balance);
    (lines, [Some(format!("{}.", told.join(", "))), left].into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn recorded(condition: &Condition<'_>, snapshot: &Snapshot, now: Timestamp) -> Line {
    let Condition { cost, live, ails, .. } = condition;
    // Lists never prove that one is gone (invariant 8).
    let is_known = snapshot.objects.contains_key(&ObjectId::Machine(cost.id));
    let status = if is_known { condition.status() } else { "not listed" };
    let ails = ails.clone().filter(|_| is_known);
    let place = [cost.region.as_deref(), cost.country.as_deref()];
    let seat = Seat {
        gpus: cost.gpus.unwrap_or(1),
        model: cost.model.as_deref().unwrap_or_default(),
        region: None,
        country: None,
    };
    let replaced = if cost.deposed { " (replaced)" } else { "" };
    Line {
        id: cost.id,
        owner: Owner::Own,
        stands: stands(*live, ails.is_some()),
        name: harmless_line(&format!("{} (machine {})", machine_name(cost), cost.id)),
        words: live.map_or_else(|| status.to_owned(), |machine| words(machine, place)),
        ails: ails.as_deref().map(harmless_line),
        cells: cells(
            (format!("{}{replaced}", short(&cost.address)), cost.id, status),
            (seat_text(&seat), place),
            *live,
            (cost.hourly, cost.so_far),
            left(condition.expires(), now),
        ),
    }
}

fn other(machine: &Machine, fleet: Option<&str>, so_far: Option<Usd>, now: Timestamp) -> Line {
    let listed = Listed { machine, recorded: None, fleet };
    let id = machine.id;
    let mark = machine.mark();
    let (owner, short, name) = match &mark {
        Some(mark) if Some(mark.fleet.as_str()) == fleet => (
            Owner::Own,
            format!("unrecorded: {}", short(&mark.address)),
            format!("machine {id}, not recorded at {}", mark.address),
        ),
        Some(mark) => (
            Owner::Other,
            format!("{}: {}", mark.fleet, short(&mark.address)),
            format!("machine {id} of the fleet \"{}\" ({})", mark.fleet, short(&mark.address)),
        ),
        None => (Owner::Nobody, format!("{id} {}", machine.text("name").unwrap_or_default()), format!("machine {id}")),
    };
    let status = machine.status.as_ref().map_or("", |Status(status)| status.as_str());
    let ails = (!machine.errors.is_empty()).then(|| machine.errors.join("; "));
    let fails =
        machine.status.as_ref().is_some_and(|status| status.is_failed() || status.is_stopped() || status.is_gone());
    let place = [machine.text("region"), machine.text("country")];
    let seat = Seat {
        gpus: machine.gpu_count.unwrap_or(1),
        model: machine.gpu_model.as_deref().unwrap_or_default(),
        region: None,
        country: None,
    };
    Line {
        id,
        owner,
        stands: stands(Some(machine), ails.is_some() || fails),
        name: harmless_line(&name),
        words: words(machine, place),
        ails: ails.as_deref().map(harmless_line),
        cells: cells(
            (short.trim_end().to_owned(), id, status),
            (seat_text(&seat), place),
            Some(machine),
            (cost_of(&listed), so_far),
            left(machine.text("expires_at").and_then(|text| text.parse().ok()), now),
        ),
    }
}

fn stands(live: Option<&Machine>, ails: bool) -> Stands {
    let runs = live.and_then(|machine| machine.status.as_ref()).is_some_and(Status::is_running);
    match (ails, runs) {
        (true, _) => Stands::Ails,
        (false, true) => Stands::Runs,
        (false, false) => Stands::Starts,
    }
}

fn words(machine: &Machine, place: [Option<&str>; 2]) -> String {
    let name = machine.text("name").filter(|name| !name.is_empty()).map(|name| format!("\"{name}\""));
    harmless_line(&[place_text(place), name].into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn place_text(place: [Option<&str>; 2]) -> Option<String> {
    let parts: Vec<&str> = place.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn left(expires: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    expires.map(|expires| expires.duration_since(now).max(SignedDuration::ZERO).unsigned_abs())
}

fn cells(
    (name, id, status): (String, MachineId, &str),
    (gpu, place): (String, [Option<&str>; 2]),
    live: Option<&Machine>,
    (hourly, so_far): (Option<Usd>, Option<Usd>),
    left: Option<Duration>,
) -> Vec<Cell> {
    let load = live.map(|machine| machine.load).unwrap_or_default();
    vec![
        name.into(),
        id.to_string().into(),
        status.into(),
        gpu.into(),
        place_text(place).into(),
        number(load.cpu, 0),
        number(load.memory, 0),
        number(load.disk, 0),
        load.uptime.into(),
        per_hour(hourly),
        dollars_and_cents(so_far),
        left.into(),
    ]
}
