//! The `ports` object of a machine (API sheet §3.9): direct and proxy entries, from unknown to open.

use serde_json::{Value, json};

use super::catalog::{ADJECTIVES, ANIMALS};
use super::chance::{draw, pick};
use super::hosts::Host;
use super::machines::{Machine, Phase};

/// Where the ports of a machine lead.
pub(super) struct Reach<'a> {
    pub seed: u64,
    pub host: Option<&'a Host>,
    /// Open ports lead to this port of the loopback address, closed ones nowhere.
    pub loopback: Option<u16>,
}

/// The whole object.
pub(super) fn ports(machine: &Machine, phase: Phase, reach: &Reach<'_>) -> Value {
    let ip = match reach.loopback {
        Some(_) => "127.0.0.1",
        None => reach.host.map_or("", |host| host.ip.as_str()),
    };
    let base = 20_000 + machine.id % 400 * 100;
    let dest = |offset: u64| match reach.loopback {
        Some(port) if phase == Phase::Open => port.to_string(),
        Some(_) => "1".to_owned(),
        None => (base + offset).to_string(),
    };
    let mut direct = vec![json!({
        "srcPort": "0console", "destPort": dest(0), "ip": ip, "service": "CONSOLE", "protocol": "unknown", "url": "",
    })];
    let mut proxy = Vec::new();
    for (offset, port) in (1..).zip(machine.template.ports()) {
        let dest = dest(offset);
        let ssh = port == 22;
        let service = match port {
            22 => "SSH".to_owned(),
            8888 => "JUPYTER".to_owned(),
            port => format!("PORT-{port}"),
        };
        let (protocol, url) = match phase {
            _ if ssh => ("unknown", String::new()),
            Phase::Open => ("http", format!("http://{ip}:{dest}")),
            Phase::Starting => ("checking", String::new()),
            _ => ("unknown", String::new()),
        };
        direct.push(json!({
            "srcPort": port, "destPort": dest, "ip": ip, "service": service, "protocol": protocol, "url": url,
        }));
        let (protocol, url) = match phase {
            Phase::Open if !ssh => ("https", tunnel(reach.seed, machine, port)),
            Phase::Starting if !ssh => ("checking", String::new()),
            _ => ("closed", "closed".to_owned()),
        };
        proxy.push(json!({"srcPort": port, "protocol": protocol, "url": url}));
    }
    json!({"direct": direct, "proxy": proxy})
}

/// The address of a quick tunnel: another one after every boot.
fn tunnel(seed: u64, machine: &Machine, port: u16) -> String {
    let drawn = draw(seed, "tunnel", machine.id * 1_000 + u64::from(machine.reboots)) ^ u64::from(port);
    let (first, second) = (pick(ADJECTIVES, drawn), pick(ANIMALS, drawn >> 8));
    format!("https://{first}-{second}-{:04x}-{port}.trycloudflare.com", drawn >> 16 & 0xffff)
}
