//! Answers of the API as what the account holds. Texts that are compared (names, notes, scripts) stay as they are;
//! consoles and messages are cleaned.

use super::clean::{clean, console, one_line};
use super::field::{Row, is_null, list, reference, rows, string, text};
use super::ports::ports;
use crate::live::{Account, Env, Group, GroupId, HashId, LedgerRow, Load, Machine, MachineId, Seen, Status};
use crate::money::Usd;
use crate::schema::{Attribute, Field, Schema, Wire, dollars, group, instance, script};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::time::Duration;

/// The longest time, status or address that is kept, in characters: one short line.
const LINE: usize = 60;
/// The longest error or warning of a machine that is kept, in characters: two or three sentences. What is longer is a
/// log, and the consoles are the place of those.
const MESSAGE: usize = 300;

/// A machine, of a list or in detail (API sheet §3.8, §3.9). `None`: it has no id.
pub(super) fn machine(row: &Row<'_>) -> Option<Machine> {
    let usd = |key: &str| row.decimal(key).map(Usd);
    let messages = |key: &str| row.messages(key).iter().map(|text| one_line(text, MESSAGE)).collect();
    let ports = ["ports", "portMappings", "exposePortMappings"].iter().find_map(|key| ports(row.raw(key)?));
    Some(Machine {
        hidden: BTreeSet::new(),
        id: MachineId(row.id()?),
        hash_id: row.text("hashId").filter(|id| !id.is_empty()).map(HashId),
        shown: shown(row, &instance::SCHEMA),
        notes: row.free_text("notes").map(Into::into),
        status: row.text("status").filter(|text| !text.is_empty()).map(|text| Status(one_line(&text, LINE))),
        gpu_model: row.text("gpuModel"),
        gpu_count: row.gpus("gpuCount"),
        price_per_gpu: usd("pricePerGpu"),
        price_per_disk: usd("pricePerDiskSize"),
        disk_size: row.whole("diskSize"),
        created_at: line(row, "createdAt"),
        group: row.raw("instanceTemplate").and_then(reference).map(GroupId),
        env: row.raw("envVariables").and_then(env),
        start_script: row.free_text("startScript"),
        ports,
        console: row.text("console").map(|text| console(&text)),
        console_system: row.text("consoleSystem").map(|text| console(&text)),
        load: Load {
            uptime: row.whole("processUptime").map(Duration::from_secs),
            cpu: row.decimal("cpuUsage"),
            memory: row.decimal("memUsage"),
            disk: row.decimal("diskUsage"),
        },
        errors: messages("errors"),
        warnings: messages("warnings"),
    })
}

/// The attributes that the table says how to read.
fn shown(row: &Row<'_>, schema: &Schema) -> Seen {
    let rig = row.row("rig");
    let read = |attribute: &Attribute, Field { api, wire, .. }: Field| match wire {
        Wire::Text if attribute.may_be_null() => row.free_text(api).map(Value::String),
        Wire::Text => row.text(api).map(Value::String),
        Wire::Script => row.free_text(api).map(|text| Value::String(script::decode(&text))),
        Wire::Words => row.raw(api).map(|value| match is_null(value) {
            true => Value::Null,
            false => joined(value, " ").map_or(Value::Null, Value::String),
        }),
        Wire::Ports => row
            .raw(api)
            .and_then(|value| joined(value, ","))
            .map(|text| text.split(',').filter_map(|port| port.trim().parse::<u16>().ok()).map(Value::from).collect()),
        Wire::Line => line(row, api).map(Value::String),
        Wire::HostLine => {
            let told = rig.as_ref().and_then(|rig| rig.text(api)).or_else(|| row.text(api));
            told.filter(|text| !text.is_empty()).map(|text| Value::String(one_line(&text, LINE)))
        }
        Wire::Bool => row.truth(api).map(Value::Bool),
        Wire::Whole => row.whole(api).map(Value::from),
        Wire::Decimal => row.decimal(api).map(|number| dollars(Usd(number))),
        Wire::Marked | Wire::Variables => None,
    };
    schema.shown().filter_map(|(attribute, field)| Some((attribute.name, read(attribute, field)?))).collect()
}

fn line(row: &Row<'_>, key: &str) -> Option<String> {
    row.text(key).filter(|text| !text.is_empty()).map(|text| one_line(&text, LINE))
}

/// A template group, ours or a global one, of a list or in detail (API sheet §4). `None`: it has no id.
pub(super) fn group(row: &Row<'_>) -> Option<Group> {
    Some(Group {
        id: GroupId(row.id()?),
        shown: shown(row, &group::SCHEMA),
        env: row.raw("envVariables").and_then(env),
        notes: row.free_text("notes").map(Into::into),
        host: row.free_text("host"),
        username: row.free_text("username"),
        hidden: BTreeSet::new(),
        password_protected: row.truth("isPasswordProtected"),
    })
}

/// A template of the vendor (API sheet §3.2), which may be known by its image alone. `None`: it has no id.
pub(super) fn global_template(row: &Row<'_>) -> Option<Group> {
    let mut group = group(row)?;
    let name = group.shown.get("name").or_else(|| group.shown.get("image_name")).cloned();
    group.shown.insert("name", name.unwrap_or_else(|| format!("template {}", group.id).into()));
    Some(group)
}

/// The balance, wherever the summary keeps it (API sheet §3.14).
pub(super) fn account(value: &RawValue) -> Account {
    let balance = Row::of(value).and_then(|row| {
        let inner = row.row("rentalAvailability");
        let places = inner.iter().chain([&row]);
        places.into_iter().find_map(|row| row.decimal("balanceRental").or_else(|| row.decimal("balance")))
    });
    Account { balance: balance.map(Usd) }
}

/// The id of what a POST made: `id` or `instanceId`, or the end of an IRI (API sheet §3.10, C1).
pub(super) fn created_id(row: &Row<'_>) -> Option<u64> {
    ["id", "instanceId", "@id"].iter().find_map(|key| row.raw(key).and_then(reference)).filter(|id| *id > 0)
}

/// An array of `{name, value}`, a map, or the text of one; null is an empty one.
fn env(value: &RawValue) -> Option<Env> {
    if is_null(value) {
        return Some(Env::default());
    }
    if let Some(json) = string(value) {
        if json.trim().is_empty() {
            return Some(Env::default());
        }
        let inner: &RawValue = serde_json::from_str(&json).ok()?;
        return if string(inner).is_some() { None } else { env(inner) };
    }
    if let Some(map) = Row::of(value).filter(|row| !row.0.iter().any(|(_, value)| Row::of(value).is_some())) {
        return Some(map.0.into_iter().map(|(name, value)| (name.into_owned(), text_of(value))).collect());
    }
    let pair = |entry: &RawValue| {
        let row = Row::of(entry)?;
        Some((row.text("name").or_else(|| row.text("key"))?, row.raw("value").map(text_of).unwrap_or_default()))
    };
    rows(value)?.into_iter().map(pair).collect()
}

/// The value of a variable as a container sees it.
fn text_of(value: &RawValue) -> String {
    if is_null(value) { String::new() } else { text(value).unwrap_or_else(|| value.get().to_owned()) }
}

/// Text, or a list of texts as one; null is empty.
fn joined(value: &RawValue, separator: &str) -> Option<String> {
    match list(value) {
        Some(parts) => Some(parts.into_iter().filter_map(text).collect::<Vec<_>>().join(separator)),
        None if is_null(value) => Some(String::new()),
        None => text(value),
    }
}

/// One row of a ledger.
pub(super) fn ledger_row(row: &Row<'_>) -> Option<LedgerRow> {
    let read = |value: &RawValue| serde_json::from_str(value.get()).map_or(Value::Null, |value| cleaned(&value));
    Some(LedgerRow(row.0.iter().map(|(key, value)| (clean(key), read(value))).collect()))
}

fn cleaned(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(text)),
        Value::Array(list) => list.iter().map(cleaned).collect(),
        Value::Object(object) => object.iter().map(|(key, value)| (clean(key), cleaned(value))).collect(),
        value => value.clone(),
    }
}
