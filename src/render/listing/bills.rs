//! `podform billing`: what machines have cost.

use crate::address::InstanceAddr;
use crate::live::{Bill, LedgerRow, MachineId};
use crate::money::Usd;
use crate::plan::Runway;
use crate::render::table::{Cell, Column, Table, dollars_and_cents};
use crate::render::words::{count, runway_sentence};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// What has a row of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Each machine.
    Machine,
    /// Each recorded address.
    Address,
    /// Each day, UTC.
    Day,
    /// Each GPU model.
    Model,
}

/// The list of usage, read.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The bills that are asked for.
    pub bills: Vec<Bill>,
    /// What is asked for, as it came, and what could not be read.
    pub rows: Vec<LedgerRow>,
    /// How many could not be read.
    pub unread: usize,
    /// The list of all machines has no row.
    pub is_empty: bool,
}

/// What each day cost, and how many machines.
type Days = BTreeMap<Date, (Usd, usize)>;

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger { bills: Vec::new(), rows: Vec::new(), unread: 0, is_empty: true }
    }
}

impl Ledger {
    /// The bills of some machines (none named: of all), since then, from a list that was made at `now`.
    pub fn of(
        rows: Vec<LedgerRow>,
        machines: Option<&[MachineId]>,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Ledger {
        let mut ledger = Ledger { is_empty: rows.is_empty() && machines.is_none(), ..Ledger::default() };
        for row in rows {
            let Some(bill) = row.bill(now) else {
                ledger.unread += 1;
                ledger.rows.push(row);
                continue;
            };
            let named = machines.is_none_or(|machines| machines.contains(&bill.machine));
            let part = if let Some(since) = since { bill.since(since) } else { Some(bill) };
            if let Some(bill) = part.filter(|_| named) {
                ledger.bills.push(bill);
                ledger.rows.push(row);
            }
        }
        ledger
    }

    /// Day by day through what begins and what is over, for bills may be of years.
    fn days(&self) -> Days {
        let mut changes: BTreeMap<Date, Vec<(MachineId, Usd, bool)>> = BTreeMap::new();
        for bill in &self.bills {
            for (first, last, each) in bill.days() {
                changes.entry(first).or_default().push((bill.machine, each, true));
                if let Ok(after) = last.tomorrow() {
                    changes.entry(after).or_default().push((bill.machine, each, false));
                }
            }
        }
        let mut days = Days::new();
        let mut amount = Usd::ZERO;
        let mut running: BTreeMap<MachineId, usize> = BTreeMap::new();
        let ends = changes.keys().skip(1).copied().map(Some).chain([None]);
        for ((first, changed), end) in changes.iter().zip(ends) {
            for (machine, each, begins) in changed {
                let bills = running.entry(*machine).or_default();
                (*bills, amount) =
                    if *begins { (*bills + 1, amount + *each) } else { (bills.saturating_sub(1), amount - *each) };
            }
            running.retain(|_, bills| *bills > 0);
            if running.is_empty() {
                amount = Usd::ZERO;
                continue;
            }
            // After the last day of the calendar nothing is over.
            let run = first.series(1.day()).take_while(|day| end.is_none_or(|end| *day < end));
            days.extend(run.map(|day| (day, (amount, running.len()))));
        }
        days
    }

    fn undated(&self) -> impl Iterator<Item = &Bill> {
        self.bills.iter().filter(|bill| !bill.is_dated())
    }

    fn sum(&self) -> Usd {
        self.bills.iter().map(|bill| bill.amount).sum()
    }
}

/// The table, with the days as a curve and the balance below.
pub fn bills_table(
    ledger: &Ledger,
    by: By,
    address_of: impl Fn(MachineId) -> Option<InstanceAddr>,
    since: Option<Timestamp>,
    runway: &Runway,
) -> Table {
    let days = ledger.days();
    let (columns, mut rows) = match by {
        By::Machine => by_machine(ledger, address_of),
        By::Address => by_address(ledger, address_of),
        By::Day => by_day(ledger, &days),
        By::Model => by_model(ledger),
    };
    let amount = columns.iter().position(|column| column.key == "amount").unwrap_or_default();
    if by != By::Day {
        let paid = |row: &[Cell]| match row.get(amount) {
            Some(Cell::Money(Usd(amount), _)) => *amount,
            _ => Usd::ZERO.0,
        };
        rows.sort_by_key(|row| std::cmp::Reverse(paid(row)));
    }
    let mut total = vec![Cell::Empty; columns.len()];
    // One may stand in several rows.
    let machines: BTreeSet<MachineId> = ledger.bills.iter().map(|bill| bill.machine).collect();
    total[0] = count(machines.len(), "machine").into();
    total[amount] = dollars_and_cents(Some(ledger.sum()));
    let days_json: Json =
        days.iter().map(|(day, (amount, _))| json!({"day": day.to_string(), "amount": number(*amount)})).collect();
    let raw: Json = ledger.rows.iter().map(|LedgerRow(row)| Json::Object(row.clone())).collect();
    let empty = match since {
        _ if ledger.is_empty => "The account's list of usage is empty.".to_owned(),
        Some(since) => format!("Nothing was billed since {}.", since.strftime("%Y-%m-%d %H:%M UTC")),
        None => "Of what is asked for nothing was billed.".to_owned(),
    };
    Table {
        rows_name: "bills",
        columns,
        total: (!rows.is_empty()).then_some(total),
        rows,
        facts: vec![
            ("balance", dollars_and_cents(runway.balance)),
            ("unread", ledger.unread.into()),
            ("days", Cell::Raw(days_json)),
            ("rows", Cell::Raw(raw)),
        ],
        notes: notes(ledger, &days, since, runway),
        empty,
    }
}

fn notes(ledger: &Ledger, days: &Days, since: Option<Timestamp>, runway: &Runway) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(curve(days));
    if let (Some(_), 1..) = (since, ledger.undated().count()) {
        let undated = count(ledger.undated().count(), "bill");
        notes.push(format!("{undated} without a time: counted as if since then."));
    }
    notes.extend(unread(ledger.unread));
    notes.extend(runway_sentence(runway));
    notes
}

/// What is said of rows that nobody could read.
pub(super) fn unread(rows: usize) -> Option<String> {
    (rows > 0).then(|| {
        format!(
            "{} of the API's list could not be read, and no sum holds what it says: -json shows it in \"rows\".",
            count(rows, "row")
        )
    })
}

/// The last days, each a bar. So many fit beside nothing else on a terminal of 80 columns.
const MOST_DAYS: i64 = 60;

fn curve(days: &Days) -> Option<String> {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let last = *days.last_key_value()?.0;
    let first = *days.first_key_value().filter(|(first, _)| **first < last)?.0;
    let first =
        last.checked_sub(SignedDuration::from_hours(24 * (MOST_DAYS - 1))).map_or(first, |bound| first.max(bound));
    let highest = days.range(first..).map(|(_, (amount, _))| *amount).max().filter(|highest| *highest > Usd::ZERO)?;
    let bar = |day: Date| {
        let amount = days.get(&day).map(|(amount, _)| *amount).filter(|amount| *amount > Usd::ZERO);
        let Some(amount) = amount else { return ' ' };
        let share = (amount.0 / highest.0 * rust_decimal::Decimal::from(BARS.len())).ceil().to_usize();
        BARS[share.unwrap_or(1).clamp(1, BARS.len()) - 1]
    };
    let mut bars = String::new();
    let mut day = first;
    loop {
        bars.push(bar(day));
        match day.tomorrow() {
            Ok(next) if next <= last => day = next,
            _ => break,
        }
    }
    Some(format!(
        "By day, {first} to {last} (UTC), at most {highest:.2} a day; what a machine cost is spread evenly over its time:\n  {bars}"
    ))
}

fn number(amount: Usd) -> Json {
    crate::schema::dollars(amount)
}

type Grid = (Vec<Column>, Vec<Vec<Cell>>);

fn by_machine(ledger: &Ledger, address_of: impl Fn(MachineId) -> Option<InstanceAddr>) -> Grid {
    let columns = vec![
        Column::new("id", "Id"),
        Column::new("address", "Address").spare(1),
        Column::new("name", "Name").spare(4),
        Column::new("machine", "Machine"),
        Column::data("gpu_count"),
        Column::data("gpu_model"),
        Column::new("from", "From").spare(2),
        Column::new("until", "Until").spare(3),
        Column::new("time", "Time"),
        Column::new("amount", "Amount"),
    ];
    let groups = grouped(ledger, |bill| bill.machine);
    let rows = groups.iter().map(|(machine, Group { first: bill, amount, from, until, time, .. })| {
        let seat = bill.gpu_model.as_ref().map(|model| format!("{}x {model}", bill.gpu_count.unwrap_or(1)));
        vec![
            machine.to_string().into(),
            address_of(*machine).map(|address| address.to_string()).into(),
            bill.name.clone().into(),
            seat.into(),
            bill.gpu_count.into(),
            bill.gpu_model.clone().into(),
            (*from).into(),
            (*until).into(),
            time.map(SignedDuration::unsigned_abs).into(),
            dollars_and_cents(Some(*amount)),
        ]
    });
    (columns, rows.collect())
}

fn by_address(ledger: &Ledger, address_of: impl Fn(MachineId) -> Option<InstanceAddr>) -> Grid {
    let columns = vec![
        Column::new("address", "Address"),
        Column::new("machines", "Machines"),
        Column::new("time", "Time"),
        Column::new("amount", "Amount"),
    ];
    let groups = grouped(ledger, |bill| address_of(bill.machine));
    let rows = groups.iter().map(|(address, group)| {
        let address = address.as_ref().map_or_else(|| "(not recorded here)".to_owned(), ToString::to_string);
        vec![
            address.into(),
            group.machines.len().into(),
            group.time.map(SignedDuration::unsigned_abs).into(),
            dollars_and_cents(Some(group.amount)),
        ]
    });
    (columns, rows.collect())
}

fn by_model(ledger: &Ledger) -> Grid {
    let columns = vec![
        Column::new("gpu_model", "Model"),
        Column::new("machines", "Machines"),
        Column::new("time", "Time"),
        Column::new("amount", "Amount"),
    ];
    let groups = grouped(ledger, |bill| bill.gpu_model.clone());
    let rows = groups.iter().map(|(model, group)| {
        let model = model.clone().unwrap_or_else(|| "(not told)".to_owned());
        vec![
            model.into(),
            group.machines.len().into(),
            group.time.map(SignedDuration::unsigned_abs).into(),
            dollars_and_cents(Some(group.amount)),
        ]
    });
    (columns, rows.collect())
}

fn by_day(ledger: &Ledger, days: &Days) -> Grid {
    let columns =
        vec![Column::new("day", "Day (UTC)"), Column::new("machines", "Machines"), Column::new("amount", "Amount")];
    let row = |(day, (amount, machines)): (&Date, &(Usd, usize))| {
        vec![day.to_string().into(), (*machines).into(), dollars_and_cents(Some(*amount))]
    };
    let mut rows: Vec<Vec<Cell>> = days.iter().map(row).collect();
    let (machines, amount) = ledger.undated().fold((BTreeSet::new(), Usd::ZERO), |(mut machines, sum), bill| {
        machines.insert(bill.machine);
        (machines, sum + bill.amount)
    });
    if !machines.is_empty() {
        rows.push(vec!["(not told)".into(), machines.len().into(), dollars_and_cents(Some(amount))]);
    }
    (columns, rows)
}

/// Bills that are alike in something.
struct Group<'a> {
    first: &'a Bill,
    machines: BTreeSet<MachineId>,
    amount: Usd,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    time: Option<SignedDuration>,
}

fn grouped<K: Ord>(ledger: &Ledger, key: impl Fn(&Bill) -> K) -> BTreeMap<K, Group<'_>> {
    let mut groups: BTreeMap<K, Group<'_>> = BTreeMap::new();
    for bill in &ledger.bills {
        let group = groups.entry(key(bill)).or_insert_with(|| Group {
            first: bill,
            machines: BTreeSet::new(),
            amount: Usd::ZERO,
            from: None,
            until: None,
            time: None,
        });
        group.machines.insert(bill.machine);
        group.amount = group.amount + bill.amount;
        group.from = group.from.into_iter().chain(bill.from).min();
        group.until = group.until.max(bill.until);
        group.time = match (group.time, bill.lasted()) {
            (Some(time), Some(more)) => Some(time.saturating_add(more)),
            (time, more) => time.or(more),
        };
    }
    groups
}
