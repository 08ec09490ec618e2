//! The `ports` object of a machine (API sheet §3.9): direct and proxy entries, from unknown to open.

use std::borrow::Cow;

use serde::Serialize;

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
#[derive(Serialize)]
pub(super) struct Ports<'a> {
    direct: Vec<Direct<'a>>,
    proxy: Vec<Proxy>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Direct<'a> {
    src_port: Source,
    dest_port: String,
    ip: &'a str,
    service: Cow<'static, str>,
    protocol: &'static str,
    url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Proxy {
    src_port: u16,
    protocol: &'static str,
    url: Cow<'static, str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Source {
    Port(u16),
    Named(&'static str),
}

/// The ports of a machine at a moment.
pub(super) fn ports<'a>(machine: &Machine, phase: Phase, reach: &Reach<'a>) -> Ports<'a> {
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
    let console = Direct {
        src_port: Source::Named("0console"),
        dest_port: dest(0),
        ip,
        service: "CONSOLE".into(),
        protocol: "unknown",
        url: String::new(),
    };
    let (mut direct, mut proxy) = (vec![console], Vec::new());
    for (offset, port) in (1..).zip(machine.template.ports()) {
        let dest_port = dest(offset);
        let ssh = port == 22;
        let service = match port {
            22 => "SSH".into(),
            8888 => "JUPYTER".into(),
            port => format!("PORT-{port}").into(),
        };
        let (protocol, url) = match phase {
            _ if ssh => ("unknown", String::new()),
            Phase::Open => ("http", format!("http://{ip}:{dest_port}")),
            Phase::Starting => ("checking", String::new()),
            _ => ("unknown", String::new()),
        };
        direct.push(Direct { src_port: Source::Port(port), dest_port, ip, service, protocol, url });
        let (protocol, url) = match phase {
            Phase::Open if !ssh => ("https", tunnel(reach.seed, machine, port).into()),
            Phase::Starting if !ssh => ("checking", "".into()),
            _ => ("closed", "closed".into()),
        };
        proxy.push(Proxy { src_port: port, protocol, url });
    }
    Ports { direct, proxy }
}

/// The address of a quick tunnel: another one after every boot.
fn tunnel(seed: u64, machine: &Machine, port: u16) -> String {
    let drawn = draw(seed, "tunnel", machine.id * 1_000 + u64::from(machine.reboots)) ^ u64::from(port);
    let (first, second) = (pick(ADJECTIVES, drawn), pick(ANIMALS, drawn >> 8));
    format!("https://{first}-{second}-{:04x}-{port}.trycloudflare.com", drawn >> 16 & 0xffff)
}
