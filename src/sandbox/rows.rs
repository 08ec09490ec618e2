//! Lists: pages, order, envelope; and how a machine reads (API sheet §1, §3.8, §3.9).

use std::ops::Range;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::chance::{draw, mix};
use super::choices::{EnvRule, ListOrder, Wrapping};
use super::clock::stamp;
use super::fields::EnvVariable;
use super::machines::{Machine, disk_price};
use super::ports::{Ports, Reach, ports};
use super::switches::Switches;
use super::wire::{Answer, Call, Dressed, Refusal, dressed, number};
use super::world::World;

/// About how many bytes a row takes.
pub(super) const ROW: usize = 1024;

/// A machine, as a list shows it and as details do.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row<'a> {
    id: u64,
    hash_id: &'a str,
    support_id: &'a str,
    name: &'a str,
    notes: &'a str,
    gpu_model: Option<&'a str>,
    gpu_memory_size: Option<u64>,
    gpu_count: u32,
    status: &'a str,
    price_per_gpu: Option<Value>,
    created_at: String,
    errors: Vec<String>,
    warnings: [(); 0],
    ports: Ports<'a>,
    rig: Rig<'a>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

#[derive(Serialize)]
struct Rig<'a> {
    ip: Option<&'a str>,
    region: Option<&'a str>,
    country: Option<&'a str>,
}

/// The rows of the page a query asks for.
pub(super) fn page(query: &[(String, String)], switches: &Switches, total: usize) -> Result<Range<usize>, Refusal> {
    let get = |name: &str| query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let parse = |text: &str| text.parse::<i64>().unwrap_or(0);
    let asked = get("page").map_or(1, parse);
    if asked < 1 {
        return Err(Refusal::bad("Page should not be less than 1"));
    }
    let default = i64::try_from(switches.page_size).unwrap_or(30);
    let mut size = get("itemsPerPage").map_or(default, parse);
    if size < 0 {
        return Err(Refusal::bad("Limit should not be less than 0"));
    }
    if switches.page_clamp > 0 {
        size = size.min(i64::try_from(switches.page_clamp).unwrap_or(i64::MAX));
    }
    let before = if switches.page_ignored { 0 } else { asked - 1 };
    let start = before.saturating_mul(size.saturating_add(switches.page_shift)).max(0);
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(total);
    let end = start.saturating_add(usize::try_from(size).unwrap_or(0)).min(total);
    Ok(start..end)
}

/// The rows of a list in the envelope of the switch: about so many bytes.
pub(super) fn enveloped<R: Serialize>(
    rows: &[R],
    total: usize,
    iri: &str,
    switches: &Switches,
    length: usize,
) -> Answer {
    #[derive(Serialize)]
    struct Hydra<'a, R> {
        #[serde(rename = "@context")]
        context: &'a str,
        #[serde(rename = "@id")]
        iri: &'a str,
        #[serde(rename = "@type")]
        kind: &'a str,
        #[serde(rename = "hydra:member")]
        member: &'a [R],
        #[serde(rename = "hydra:totalItems")]
        total: usize,
    }
    #[derive(Serialize)]
    struct Member<'a, R> {
        #[serde(rename = "@id")]
        iri: &'a str,
        #[serde(rename = "@type")]
        kind: &'a str,
        member: &'a [R],
        #[serde(rename = "totalItems")]
        total: usize,
    }
    match switches.envelope {
        Wrapping::None => Answer::json_of_about(length, 200, &rows),
        Wrapping::Hydra => {
            let (context, kind) = ("/contexts/Instance", "hydra:Collection");
            Answer::json_of_about(length, 200, &Hydra { context, iri, kind, member: rows, total })
        }
        Wrapping::Member => {
            Answer::json_of_about(length, 200, &Member { iri, kind: "Collection", member: rows, total })
        }
    }
}

impl World {
    /// Orders entities, which come in the order of their ids, by the switch, cuts the page, and answers it.
    pub(super) fn list<'a, T, R: Serialize>(
        &'a self,
        call: &Call<'_>,
        mut items: Vec<&'a T>,
        id: impl Fn(&T) -> u64,
        row: impl Fn(&'a T) -> R,
    ) -> Result<Answer, Refusal> {
        match self.switches.list_order {
            ListOrder::Newest => items.reverse(),
            ListOrder::Id => {}
            ListOrder::Shuffled => items.sort_by_cached_key(|item| mix(id(item) ^ mix(self.lists))),
        }
        let shown = page(&call.query, &self.switches, items.len())?;
        let rows: Vec<Dressed<R>> =
            items.get(shown).unwrap_or_default().iter().map(|item| dressed(row(item), &self.switches)).collect();
        let length = rows.len() * ROW;
        Ok(enveloped(&rows, items.len(), call.path, &self.switches, length))
    }

    /// `GET /instances/list`.
    pub(super) fn machine_list(&mut self, call: &Call<'_>, now: i64) -> Result<Answer, Refusal> {
        self.lists += 1;
        let phrase = call.query.iter().find(|(key, _)| key == "search").map(|(_, value)| value.to_lowercase());
        let found = |machine: &Machine| {
            phrase.as_deref().is_none_or(|phrase| {
                let model = self.hosts.host(machine.host).map_or("", |host| host.model.name);
                [machine.name.as_str(), machine.notes.as_str(), model]
                    .iter()
                    .any(|text| text.to_lowercase().contains(phrase))
            })
        };
        let machines = self.book.machines.values();
        let listed: Vec<&Machine> =
            machines.filter(|machine| machine.listed(now, &self.switches) && found(machine)).collect();
        self.list(
            call,
            listed,
            |machine| machine.id,
            |machine| self.machine_row(machine, now, self.switches.list_detail),
        )
    }

    /// A machine as its details show it.
    pub(super) fn machine_document<'a>(&'a self, machine: &'a Machine, now: i64) -> Dressed<Row<'a>> {
        let mut document = self.machine_row(machine, now, true);
        document.more.insert("console".to_owned(), machine.console(now, &self.switches).into());
        document.more.insert("consoleSystem".to_owned(), machine.console_system(now, &self.switches).into());
        dressed(document, &self.switches)
    }

    /// A machine as a list shows it, with the fields of the details or without.
    pub(super) fn machine_row<'a>(&'a self, machine: &'a Machine, now: i64, detail: bool) -> Row<'a> {
        let switches = &self.switches;
        let phase = machine.phase(now, switches);
        let host = self.hosts.host(machine.host);
        let reach = Reach { seed: self.book.seed, host, loopback: switches.loopback_ports.then_some(self.port) };
        Row {
            id: machine.id,
            hash_id: &machine.hash_id,
            support_id: &machine.support_id,
            name: &machine.name,
            notes: &machine.notes,
            gpu_model: host.map(|host| host.model.name),
            gpu_memory_size: host.map(|host| host.model.memory),
            gpu_count: machine.gpus,
            status: machine.status(now, switches),
            price_per_gpu: switches.machine_prices.then(|| number(machine.price_per_gpu)),
            created_at: stamp(machine.created_ms),
            errors: machine.errors(now, switches),
            warnings: [],
            ports: ports(machine, phase, &reach),
            rig: Rig {
                ip: if switches.loopback_ports { Some("127.0.0.1") } else { host.map(|host| host.ip.as_str()) },
                region: host.map(|host| host.place.region),
                country: host.map(|host| host.place.country),
            },
            more: if detail { self.detail(machine, now) } else { Map::new() },
        }
    }

    /// What the details show and rows may not.
    fn detail(&self, machine: &Machine, now: i64) -> Map<String, Value> {
        let switches = &self.switches;
        let uptime = machine.uptime_ms(now, switches) / 1000;
        let share = |whole: Option<u64>| {
            whole
                .zip(self.hosts.host(machine.host))
                .map(|(whole, host)| whole * u64::from(machine.gpus) / u64::from(host.gpus.max(1)))
        };
        let host = self.hosts.host(machine.host);
        let load = |label: &str| {
            let drawn = draw(self.book.seed ^ machine.id, label, u64::try_from(now / 60_000).unwrap_or(0)) % 100;
            if uptime > 0 { drawn } else { 0 }
        };
        let template = self.template(machine.template.id).unwrap_or(&machine.template);
        let end = machine.end.as_ref().map_or(now, |end| end.at_ms);
        let detail = json!({
            "cpuCoreCount": share(host.map(|host| host.cores)),
            "systemMemory": share(host.map(|host| host.memory)),
            "diskSize": machine.template.disk_size,
            "diskSizeMax": host.map(|host| host.disk),
            "duration": (end - machine.created_ms).max(0) / 1000,
            "rentalType": "demand",
            "pricePerDiskSize": number(disk_price()),
            "expiresAt": stamp(machine.renews_ms),
            "autoRenewAt": stamp(machine.renews_ms),
            "instanceTemplate": template.reference(),
            "startScript": machine.start_script,
            "cpuUsage": load("cpu"),
            "memUsage": load("memory"),
            "diskUsage": load("disk"),
            "processUptime": uptime,
        });
        let Value::Object(mut detail) = detail else { return Map::new() };
        detail.extend(machine.set());
        if switches.details_env {
            detail.insert("envVariables".to_owned(), json!(environment(machine, switches)));
        }
        detail
    }
}

/// The environment of the container: template and rent together, or the rent's alone (C15).
fn environment(machine: &Machine, switches: &Switches) -> Vec<EnvVariable> {
    let own = &machine.env_variables;
    match switches.env {
        EnvRule::Replace if !own.is_empty() => own.clone(),
        _ => {
            let template = machine.template.env_variables.iter();
            let kept = template.filter(|variable| own.iter().all(|mine| mine.name != variable.name));
            kept.chain(own).cloned().collect()
        }
    }
}
