//! `podform deposits`: the money that came in.

use super::bills::unread;
use crate::live::{Deposit, LedgerRow};
use crate::money::Usd;
use crate::render::table::{Cell, Column, Table, dollars_and_cents};
use crate::render::words::count;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Words of the API for money that has not come in: not yet, not at all, or no longer. Nobody has published them (API sheet
/// §3.16): those of who handles payments.
const NOT_IN: [&str; 24] = [
    "pending",
    "processing",
    "new",
    "created",
    "open",
    "waiting",
    "unpaid",
    "incomplete",
    "requires_action",
    "failed",
    "failure",
    "error",
    "canceled",
    "cancelled",
    "rejected",
    "refused",
    "declined",
    "denied",
    "expired",
    "voided",
    "refunded",
    "reversed",
    "chargeback",
    "disputed",
];

/// Date, amount and status, the newest first; the sum of what came in, where all of it is of one currency, and one for each
/// status and currency where they differ.
pub fn deposits_table(rows: &[LedgerRow]) -> Table {
    let mut deposits: Vec<Deposit> = rows.iter().filter_map(LedgerRow::deposit).collect();
    deposits.sort_by_key(|deposit| std::cmp::Reverse(deposit.at));
    let columns = vec![
        Column::new("date", "Date (UTC)"),
        Column::new("amount", "Amount"),
        Column::new("status", "Status"),
        Column::new("currency", "Currency").spare(1),
    ];
    let row = |deposit: &Deposit| {
        vec![
            deposit.at.into(),
            money(deposit.amount, &currency(deposit)),
            deposit.status.clone().into(),
            deposit.currency.clone().into(),
        ]
    };
    let unreadable = rows.len() - deposits.len();
    let raw: Json = rows.iter().map(|LedgerRow(row)| Json::Object(row.clone())).collect();
    Table {
        rows_name: "deposits",
        columns,
        rows: deposits.iter().map(row).collect(),
        total: total(&deposits),
        facts: vec![("unread", unreadable.into()), ("rows", Cell::Raw(raw))],
        notes: by_status(&deposits).into_iter().chain(unread(unreadable)).collect(),
        empty: "The account tells of no deposit.".to_owned(),
    }
}

fn total(deposits: &[Deposit]) -> Option<Vec<Cell>> {
    let came_in: Vec<&Deposit> = deposits.iter().filter(|deposit| is_in(deposit)).collect();
    let currencies: BTreeSet<String> = came_in.iter().map(|deposit| currency(deposit)).collect();
    let one = currencies.first().filter(|_| currencies.len() == 1)?;
    let sum: Usd = came_in.iter().map(|deposit| deposit.amount).sum();
    Some(vec![count(came_in.len(), "deposit").into(), money(sum, one), Cell::Empty, Cell::Empty])
}

fn is_in(deposit: &Deposit) -> bool {
    let status = deposit.status.as_deref().unwrap_or_default().trim().to_lowercase();
    !NOT_IN.contains(&status.as_str())
}

fn currency(deposit: &Deposit) -> String {
    match deposit.currency.as_deref().map(|word| word.trim().to_uppercase()) {
        Some(word) if word != "$" => word,
        _ => "USD".to_owned(),
    }
}

/// Only dollars are shown as such.
fn money(amount: Usd, currency: &str) -> Cell {
    match currency {
        "USD" => dollars_and_cents(Some(amount)),
        _ => Cell::Number(amount.0, 2),
    }
}

fn by_status(deposits: &[Deposit]) -> Option<String> {
    let mut sums: BTreeMap<(&str, String), (usize, Usd)> = BTreeMap::new();
    for deposit in deposits {
        let status = deposit.status.as_deref().unwrap_or("without a status");
        let sum = sums.entry((status, currency(deposit))).or_default();
        *sum = (sum.0 + 1, sum.1 + deposit.amount);
    }
    let told = sums.iter().map(|((status, currency), (n, sum))| match currency.as_str() {
        "USD" => format!("{status}: {sum:.2} ({n})"),
        _ => format!("{status}: {:.2} {currency} ({n})", sum.0),
    });
    let told: Vec<String> = told.collect();
    (told.len() > 1).then(|| format!("{}.", told.join(", ")))
}
