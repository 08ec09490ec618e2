//! `podform instances show`: everything that the API tells of one machine.

use super::machines::{Listed, seat_of};
use super::ports::ports_table;
use crate::live::{CLAIM_VARIABLE, Env, Status};
use crate::render::table::{Cell, Detail, Details, per_hour};
use crate::schema::observe;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value as Json;

/// Without secrets: of the environment only names, of scripts only how long they are, and no console.
pub fn machine_details(listed: &Listed<'_>) -> Details {
    let Listed { machine, recorded, .. } = listed;
    let address = recorded.map(|(address, _)| address);
    let seen = observe::machine(machine);
    let text = |name: &str| seen.get(name).and_then(Json::as_str);
    let time = |name: &str| text(name).and_then(|text| text.parse::<Timestamp>().ok());
    let percent = |share: Option<Decimal>| share.map_or(Cell::Empty, |share| Cell::Number(share, 1));
    let words = |words: &Vec<String>| if words.is_empty() { Cell::Empty } else { Cell::List(words.clone()) };
    let (notes, mark) = (machine.notes.as_ref().map(|notes| notes.text().to_owned()), machine.noted());
    let copied = mark.is_some_and(|mark| mark.is_copied_to(machine.id));
    let lines = machine.start_script.as_ref().map(|script| script.lines().count()).filter(|lines| *lines > 0);
    let identity = vec![
        Detail::new("id", "Id", machine.id.to_string()),
        Detail::new("address", "Address", address.map(ToString::to_string)),
        Detail::new("fleet", "Fleet", listed.owner()),
        Detail::new("marked_address", "Marked as", mark.map(|mark| mark.address.to_string())),
        Detail::new("mark_is_copied", "Mark is copied", if copied { Cell::Flag(true) } else { Cell::Empty }),
        Detail::new("hash_id", "Hash id", machine.hash_id.as_ref().map(|id| id.0.clone())),
        Detail::new("support_id", "Support id", text("support_id")),
        Detail::new("name", "Name", text("name")),
        Detail::new("notes", "Notes", notes),
    ];
    let hardware = vec![
        Detail::new("machine", "Machine", seat_of(machine)),
        Detail::new("gpu_count", "", machine.gpu_count),
        Detail::new("gpu_model", "", machine.gpu_model.clone()),
        Detail::new("region", "", text("region")),
        Detail::new("country", "", machine.text("country")),
        Detail::new("disk_size", "Disk, GB", machine.disk_size),
        Detail::new("host_ip", "Host", text("host_ip")),
    ];
    let life = vec![
        Detail::new("status", "Status", machine.status.as_ref().map(|Status(status)| status.as_str())),
        Detail::new("errors", "Errors", words(&machine.errors)),
        Detail::new("warnings", "Warnings", words(&machine.warnings)),
        Detail::new("created_at", "Rented", machine.created()),
        Detail::new("uptime", "Up", machine.load.uptime),
        Detail::new("expires_at", "Expires", time("expires_at")),
        Detail::new("auto_renew_at", "Renews", time("auto_renew_at")),
        Detail::new("auto_renew", "Renews by itself", seen.get("auto_renew").and_then(Json::as_bool)),
    ];
    let load = vec![
        Detail::new("cpu_percent", "CPU, %", percent(machine.load.cpu)),
        Detail::new("memory_percent", "Memory, %", percent(machine.load.memory)),
        Detail::new("disk_percent", "Disk, %", percent(machine.load.disk)),
    ];
    let cost = vec![
        Detail::new("hourly_cost", "Per hour", per_hour(machine.hourly_cost())),
        Detail::new("price_per_gpu", "GPU-hour", per_hour(machine.price_per_gpu)),
        Detail::new("price_per_disk", "GB-month of disk", per_hour(machine.price_per_disk)),
    ];
    let software = vec![
        Detail::new("template_group", "Template", machine.group.map(|group| group.to_string())),
        Detail::new("env_variables", "Environment", names(machine.env.as_ref())),
        Detail::new("start_script_lines", "Start script, lines", lines),
    ];
    Details {
        title: match address {
            Some(address) => format!("{address} (machine {})", machine.id),
            None => format!("machine {}", machine.id),
        },
        groups: vec![
            ("Identity", identity),
            ("Machine", hardware),
            ("Life", life),
            ("Load", load),
            ("Cost", cost),
            ("Software", software),
        ],
        lists: vec![("Ports", ports_table(machine))],
    }
}

/// The names of its variables: their values may be secrets.
fn names(env: Option<&Env>) -> Cell {
    let names: Vec<String> = env.into_iter().flat_map(|env| env.0.keys().cloned()).collect();
    let names: Vec<String> = names.into_iter().filter(|name| name != CLAIM_VARIABLE).collect();
    if names.is_empty() { Cell::Empty } else { Cell::List(names) }
}
