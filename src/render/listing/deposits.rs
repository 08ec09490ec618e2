//! `podform deposits`: the money that came in.

use super::bills::unread;
use crate::live::{Deposit, LedgerRow};
use crate::money::Usd;
use crate::render::table::{Cell, Column, Table, dollars_and_cents};
use crate::render::words::count;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Date, amount and status, the newest first; a sum, and one for each status where they differ.
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
            dollars_and_cents(Some(deposit.amount)),
            deposit.status.clone().into(),
            deposit.currency.clone().into(),
        ]
    };
    let sum: Usd = deposits.iter().map(|deposit| deposit.amount).sum();
    let total = vec![count(deposits.len(), "deposit").into(), dollars_and_cents(Some(sum)), Cell::Empty, Cell::Empty];
    let unreadable = rows.len() - deposits.len();
    let raw: Json = rows.iter().map(|LedgerRow(row)| Json::Object(row.clone())).collect();
    Table {
        rows_name: "deposits",
        columns,
        rows: deposits.iter().map(row).collect(),
        total: (!deposits.is_empty()).then_some(total),
        facts: vec![("unread", unreadable.into()), ("rows", Cell::Raw(raw))],
        notes: by_status(&deposits).into_iter().chain(unread(unreadable)).collect(),
        empty: "The account tells of no deposit.".to_owned(),
    }
}

fn by_status(deposits: &[Deposit]) -> Option<String> {
    let mut sums: BTreeMap<&str, (usize, Usd)> = BTreeMap::new();
    for deposit in deposits {
        let sum = sums.entry(deposit.status.as_deref().unwrap_or("without a status")).or_default();
        *sum = (sum.0 + 1, sum.1 + deposit.amount);
    }
    let told: Vec<String> = sums.iter().map(|(status, (n, sum))| format!("{status}: {sum:.2} ({n})")).collect();
    (told.len() > 1).then(|| format!("{}.", told.join(", ")))
}
