//! `podform instances`: every machine of the account.

use crate::address::InstanceAddr;
use crate::live::{Machine, Status, span};
use crate::money::Usd;
use crate::render::escape::harmless_line;
use crate::render::table::{Cell, Column, Table, per_hour};
use crate::render::words::{count, seat_text};
use crate::review::Seat;
use crate::state::Record;
use jiff::{SignedDuration, Timestamp};

/// A machine, and what is known of it here.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// It.
    pub machine: &'a Machine,
    /// Where it is recorded, and as what.
    pub recorded: Option<(&'a InstanceAddr, &'a Record)>,
    /// The fleet whose directory this is.
    pub fleet: Option<&'a str>,
}

impl Listed<'_> {
    /// Whose it is: the fleet that recorded it, else the one of its mark.
    pub fn owner(&self) -> Option<String> {
        let recorded = self.recorded.and(self.fleet).map(str::to_owned);
        recorded.or_else(|| self.machine.mark().map(|mark| mark.fleet.clone()))
    }

    /// No fleet says that it is its own.
    pub fn is_unmanaged(&self) -> bool {
        self.recorded.is_none() && self.machine.mark().is_none()
    }
}

/// `now` is the server's clock. `total` says how many there are, listed or not; of those that are found for a text, where one
/// is searched for.
pub fn machines_table(listed: &[Listed<'_>], total: usize, search: Option<&str>, now: Timestamp) -> Table {
    let columns = vec![
        Column::new("id", "Id"),
        Column::new("address", "Address").spare(4),
        Column::new("fleet", "Fleet").spare(1),
        Column::new("name", "Name").spare(2),
        Column::new("machine", "Machine"),
        Column::data("gpu_count"),
        Column::data("gpu_model"),
        Column::data("region"),
        Column::data("country"),
        Column::new("status", "Status"),
        Column::new("age", "Age").spare(5),
        Column::new("uptime", "Up").spare(6),
        Column::new("hourly_cost", "Per hour"),
        Column::data("errors"),
        Column::data("warnings"),
    ];
    let mut sums = vec![Cell::Empty; columns.len()];
    let hourly: Usd = listed.iter().filter_map(cost_of).sum();
    sums[0] = count(listed.len(), "machine").into();
    sums[12] = per_hour(Some(hourly));
    let sick = listed.iter().filter(|listed| !listed.machine.errors.is_empty());
    let sick = sick.map(|listed| format!("Machine {}: {}.", listed.machine.id, listed.machine.errors.join("; ")));
    let diskless = match listed.iter().filter(lacks_disk).count() {
        0 => None,
        n => Some(format!("Per hour without the disk for {}: the list does not tell it.", count(n, "machine"))),
    };
    Table {
        rows_name: "machines",
        columns,
        rows: listed.iter().map(|listed| row(listed, now)).collect(),
        total: (!listed.is_empty()).then_some(sums),
        facts: Vec::new(),
        notes: sick.chain(diskless).collect(),
        empty: match (total, search.map(str::escape_debug)) {
            (0, Some(text)) => {
                format!("There is no machine that is found for \"{text}\". Without -search all are listed.")
            }
            (total, Some(text)) => {
                format!("For \"{text}\" the API finds {}, and none that is asked for.", count(total, "machine"))
            }
            (0, None) => "The account holds no machine.".to_owned(),
            (total, None) => format!("The account holds {}, and none that is asked for.", count(total, "machine")),
        },
    }
}

/// USD per hour; nothing is paid for what has ended. Rows of lists may not tell the disk: what was read last does (C17).
pub fn cost_of(listed: &Listed<'_>) -> Option<Usd> {
    let Listed { machine, recorded, .. } = listed;
    let record =
        || Some(Usd(recorded.as_ref()?.1.attributes.get("hourly_cost")?.as_number()?.to_string().parse().ok()?));
    let cost = machine.hourly_cost().or_else(record).or_else(|| machine.shown_cost());
    cost.filter(|_| !machine.is_gone())
}

/// Its cost is told without its disk.
fn lacks_disk(listed: &&Listed<'_>) -> bool {
    listed.recorded.is_none() && !listed.machine.is_gone() && listed.machine.hourly_cost().is_none()
}

/// What it is and where it stands, in words.
pub(super) fn seat_of(machine: &Machine) -> String {
    seat_text(&Seat {
        gpus: machine.gpu_count.unwrap_or(1),
        model: machine.gpu_model.as_deref().unwrap_or_default(),
        region: machine.text("region"),
        country: machine.text("country"),
    })
}

/// What it is, how it stands and since when, in one line.
pub fn machine_words(machine: &Machine) -> String {
    let status = machine.status.as_ref().map(|Status(status)| harmless_line(status));
    let up = machine.load.uptime.map(|up| format!("up {}", span(up.as_secs())));
    let name = machine.text("name").filter(|name| !name.is_empty()).map(|name| format!("\"{}\"", harmless_line(name)));
    [Some(seat_of(machine)), name, status, up].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// How long ago it was made.
pub(super) fn age_of(machine: &Machine, now: Timestamp) -> Cell {
    let age = machine.created().map(|created| now.duration_since(created).max(SignedDuration::ZERO));
    age.map(SignedDuration::unsigned_abs).into()
}

fn row(listed: &Listed<'_>, now: Timestamp) -> Vec<Cell> {
    let Listed { machine, recorded, .. } = listed;
    let words = |words: &Vec<String>| if words.is_empty() { Cell::Empty } else { Cell::List(words.clone()) };
    vec![
        machine.id.to_string().into(),
        recorded.map(|(address, _)| address.to_string()).into(),
        listed.owner().into(),
        machine.text("name").into(),
        seat_of(machine).into(),
        machine.gpu_count.into(),
        machine.gpu_model.clone().into(),
        machine.text("region").into(),
        machine.text("country").into(),
        machine.status.as_ref().map(|Status(status)| status.as_str()).into(),
        age_of(machine, now),
        machine.load.uptime.into(),
        per_hour(cost_of(listed)),
        words(&machine.errors),
        words(&machine.warnings),
    ]
}
