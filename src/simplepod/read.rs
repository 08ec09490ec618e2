//! Answers of the API as what the account holds. Texts that are compared (names, notes, scripts) stay as they are;
//! consoles and messages are cleaned.

use super::clean::{clean, console, one_line};
use super::field::{Row, reference, rows, text};
use super::ports::ports;
use crate::live::{Account, Env, GlobalTemplate, Group, GroupId, HashId, Machine, MachineId, Status};
use crate::money::Usd;
use serde_json::Value;

/// The longest error or warning of a machine that is kept, in characters.
const MESSAGE: usize = 300;

/// A machine, of a list or in detail (API sheet §3.8, §3.9). `None`: it has no id.
pub(super) fn machine(value: &Value) -> Option<Machine> {
    let row = Row::of(value)?;
    let rig = row.row("rig");
    let usd = |key: &str| row.decimal(key).map(Usd);
    let messages = |key: &str| row.messages(key).iter().map(|text| one_line(text, MESSAGE)).collect();
    let time = |key: &str| row.text(key).filter(|text| !text.is_empty()).map(|text| one_line(&text, 60));
    let host = |key: &str| {
        let told = rig.and_then(|rig| rig.text(key)).or_else(|| row.text(key)).filter(|text| !text.is_empty());
        told.map(|text| one_line(&text, 60))
    };
    let ports = ["ports", "portMappings", "exposePortMappings"].iter().find_map(|key| ports(row.raw(key)?));
    Some(Machine {
        id: MachineId(row.id()?),
        hash_id: row.text("hashId").filter(|id| !id.is_empty()).map(HashId),
        support_id: row.text("supportId"),
        name: row.text("name"),
        notes: row.free_text("notes"),
        status: row.text("status").filter(|text| !text.is_empty()).map(|text| Status(one_line(&text, 60))),
        gpu_model: row.text("gpuModel"),
        gpu_count: row.whole("gpuCount").and_then(|n| u32::try_from(n).ok()),
        price_per_gpu: usd("pricePerGpu"),
        price_per_disk: usd("pricePerDiskSize"),
        disk_size: row.whole("diskSize"),
        auto_renew: row.truth("isAutoRenewOn"),
        max_auto_renew_price: usd("priceAutoRenewMax"),
        created_at: time("createdAt"),
        expires_at: time("expiresAt"),
        auto_renew_at: time("autoRenewAt"),
        group: row.raw("instanceTemplate").and_then(reference).map(GroupId),
        env: row.raw("envVariables").and_then(env),
        start_script: row.free_text("startScript"),
        ports,
        host_ip: host("ip"),
        region: host("region"),
        country: host("country"),
        console: row.text("console").map(|text| console(&text)),
        console_system: row.text("consoleSystem").map(|text| console(&text)),
        errors: messages("errors"),
        warnings: messages("warnings"),
    })
}

/// A template group, ours or a global one, of a list or in detail (API sheet §4). `None`: it has no id.
pub(super) fn group(value: &Value) -> Option<Group> {
    let row = Row::of(value)?;
    Some(Group {
        id: GroupId(row.id()?),
        name: row.text("name"),
        image_name: row.text("imageName"),
        default_tag: row.text("defaultTag"),
        category_name: row.free_text("categoryName"),
        disk_size: row.whole("diskSize"),
        expose_ports: row.raw("exposePorts").and_then(|value| joined(value, ",")),
        start_script: row.free_text("startScript"),
        arg_options: row.raw("argOptions").map(|value| match value {
            Value::Null => None,
            value => joined(value, " "),
        }),
        env: row.raw("envVariables").and_then(env),
        notes: row.free_text("notes"),
        host: row.free_text("host"),
        username: row.free_text("username"),
        password_protected: row.truth("isPasswordProtected"),
        ssh_server: row.truth("isRunSshServerOn"),
        jupyter: row.truth("isRunJupyterOn"),
    })
}

/// A template of the vendor (API sheet §3.2). `None`: it has no id.
pub(super) fn global_template(value: &Value) -> Option<GlobalTemplate> {
    let row = Row::of(value)?;
    let id = GroupId(row.id()?);
    let name = row.text("name").or_else(|| row.text("imageName")).unwrap_or_else(|| format!("template {id}"));
    Some(GlobalTemplate {
        id,
        name,
        image_name: row.text("imageName"),
        default_tag: row.text("defaultTag"),
        disk_size: row.whole("diskSize"),
    })
}

/// The balance, wherever the summary keeps it (API sheet §3.14).
pub(super) fn account(value: &Value) -> Account {
    let balance = Row::of(value).and_then(|row| {
        let places = [row.row("rentalAvailability"), Some(row)];
        places.into_iter().flatten().find_map(|row| row.decimal("balanceRental").or_else(|| row.decimal("balance")))
    });
    Account { balance: balance.map(Usd) }
}

/// The id of what a POST made: `id` or `instanceId`, or the end of an IRI (API sheet §3.10, C1).
pub(super) fn created_id(value: &Value) -> Option<u64> {
    let row = Row::of(value)?;
    ["id", "instanceId", "@id"].iter().find_map(|key| row.raw(key).and_then(reference)).filter(|id| *id > 0)
}

/// An array of `{name, value}`, a map, or the text of one; null is an empty one.
fn env(value: &Value) -> Option<Env> {
    match value {
        Value::Null => Some(Env::default()),
        Value::String(json) if json.trim().is_empty() => Some(Env::default()),
        Value::String(json) => match serde_json::from_str(json).ok()? {
            Value::String(_) => None,
            value => env(&value),
        },
        Value::Object(object) if !object.values().any(Value::is_object) => {
            Some(object.iter().map(|(name, value)| (name.clone(), text_of(value))).collect())
        }
        list => rows(list.clone())?
            .iter()
            .map(|entry| {
                let row = Row::of(entry)?;
                Some((row.text("name").or_else(|| row.text("key"))?, row.raw("value").map(text_of).unwrap_or_default()))
            })
            .collect(),
    }
}

/// The value of a variable as a container sees it.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(truth) => truth.to_string(),
        value => text(value).unwrap_or_else(|| value.to_string()),
    }
}

/// Text, or a list of texts as one; null is empty.
fn joined(value: &Value, separator: &str) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Array(list) => Some(list.iter().filter_map(text).collect::<Vec<_>>().join(separator)),
        value => text(value),
    }
}

/// One row of the lists of usage and of deposits, whose shape nobody has recorded (API sheet §3.15, §3.16): its fields
/// as they came, texts cleaned.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow(pub serde_json::Map<String, Value>);

/// One row of a ledger. `None`: it is no object.
pub(super) fn ledger_row(value: &Value) -> Option<LedgerRow> {
    Some(LedgerRow(value.as_object()?.iter().map(|(key, value)| (clean(key), cleaned(value))).collect()))
}

fn cleaned(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(text)),
        Value::Array(list) => list.iter().map(cleaned).collect(),
        Value::Object(object) => object.iter().map(|(key, value)| (clean(key), cleaned(value))).collect(),
        value => value.clone(),
    }
}
