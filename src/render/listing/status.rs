//! `podform status`: the fleet's machines as they stand.

use crate::live::{LiveObject, Machine, MachineId, ObjectId, Snapshot, Status};
use crate::plan::ails_by;
use crate::render::table::{Cell, Column, Table, dollars_and_cents, per_hour};
use crate::render::words::{count, machine_name, machine_seat, runway_of, runway_sentence};
use crate::schema::instance::{CREATE_TIMEOUT, duration};
use crate::state::{Costs, MachineCost, Record, State};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// A recorded machine, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Condition<'a> {
    /// What it is and costs.
    pub cost: &'a MachineCost,
    /// What was recorded of it.
    pub record: Option<&'a Record>,
    /// As the API shows it; `None` where it is gone.
    pub live: Option<&'a Machine>,
    /// Why it is of no use, in words behind its name.
    pub ails: Option<String>,
}

impl Condition<'_> {
    /// The API's word for how it stands.
    pub fn status(&self) -> &str {
        self.live.and_then(|machine| machine.status.as_ref()).map_or("gone", |Status(status)| status.as_str())
    }

    /// When its rent ends, as shown now, else as recorded.
    pub fn expires(&self) -> Option<Timestamp> {
        let recorded = || self.record.and_then(|record| record.attributes.get("expires_at")?.as_str());
        self.live.and_then(|machine| machine.text("expires_at")).or_else(recorded)?.parse().ok()
    }
}

/// Of all recorded machines, in the order of their costs. `now` is the server's clock.
pub fn conditions<'a>(
    state: &'a State,
    snapshot: &'a Snapshot,
    costs: &'a Costs,
    now: Timestamp,
) -> Vec<Condition<'a>> {
    let records: BTreeMap<MachineId, &Record> = state.recorded_machines().collect();
    let of = |cost: &'a MachineCost| {
        let id = ObjectId::Machine(cost.id);
        let live = match snapshot.objects.get(&id) {
            Some(Some(LiveObject::Machine(machine))) => Some(machine.as_ref()).filter(|machine| !machine.is_gone()),
            _ => None,
        };
        let record = records.get(&cost.id).copied();
        let ails = match live {
            Some(machine) => ails_by(machine, may_take(record), Some(now)),
            None => Some("it is gone".to_owned()),
        };
        Condition { cost, record, live, ails }
    };
    costs.machines.iter().map(of).collect()
}

/// How long its block allows it to start.
fn may_take(record: Option<&Record>) -> Duration {
    let text = record.and_then(|record| record.attributes.get("timeouts")?.get("create")?.as_str());
    text.and_then(duration).unwrap_or(CREATE_TIMEOUT)
}

/// Address, id, machine and place, status, age, cost, end of the rent and the way in; sums; what is wrong below.
pub fn status_table(conditions: &[Condition<'_>], costs: &Costs, now: Timestamp) -> Table {
    let columns = vec![
        Column::new("address", "Address"),
        Column::new("id", "Id").spare(2),
        Column::new("machine", "Machine"),
        Column::data("gpu_count"),
        Column::data("gpu_model"),
        Column::data("region"),
        Column::data("country"),
        Column::new("status", "Status"),
        Column::new("age", "Age").spare(3),
        Column::new("hourly_cost", "Per hour"),
        Column::new("cost_so_far", "So far").spare(4),
        Column::new("expires_at", "Expires").spare(5),
        Column::new("ssh", "SSH").spare(1),
        Column::new("ails", "What is wrong").spare(6),
    ];
    let rows = conditions.iter().map(|condition| row(condition, now)).collect();
    let known = !costs.without_usage;
    let mut total = vec![Cell::Empty; columns.len()];
    total[0] = count(conditions.len(), "machine").into();
    total[9] = per_hour(Some(costs.hourly()));
    total[10] = dollars_and_cents(known.then(|| costs.so_far()));
    let sick = conditions.iter().filter_map(|condition| {
        let address = &condition.cost.address;
        condition.ails.as_ref().map(|why| format!("{address} (machine {}): {why}.", condition.cost.id))
    });
    Table {
        rows_name: "machines",
        columns,
        total: (!conditions.is_empty()).then_some(total),
        rows,
        facts: vec![("balance", dollars_and_cents(costs.balance))],
        notes: sick.chain(runway_sentence(&runway_of(costs))).collect(),
        empty: "The fleet recorded no machine.".to_owned(),
    }
}

fn row(condition: &Condition<'_>, now: Timestamp) -> Vec<Cell> {
    let Condition { cost, record, live, ails } = condition;
    let recorded = || record.and_then(|record| record.attributes.get("created_at")?.as_str()?.parse().ok());
    let created = live.and_then(|machine| machine.created()).or_else(recorded);
    let age = created.map(|created| now.duration_since(created)).map(|age| age.max(SignedDuration::ZERO));
    vec![
        machine_name(cost).into(),
        cost.id.to_string().into(),
        machine_seat(cost).into(),
        cost.gpus.into(),
        cost.model.clone().into(),
        cost.region.clone().into(),
        cost.country.clone().into(),
        condition.status().into(),
        age.map(SignedDuration::unsigned_abs).into(),
        per_hour(cost.hourly),
        dollars_and_cents(cost.so_far),
        condition.expires().into(),
        ssh_of(*live, *record).into(),
        ails.clone().into(),
    ]
}

/// `ssh -p PORT root@HOST` takes these: host and port, as shown now, else as recorded.
fn ssh_of(live: Option<&Machine>, record: Option<&Record>) -> Option<String> {
    let live = live.filter(|machine| machine.ports.as_ref().is_some_and(|ports| !ports.is_empty()));
    let place = live.map_or_else(|| record?.ssh(), Machine::ssh);
    place.map(|place| place.to_string())
}
