//! The ports of a machine, in every shape the API is known to answer (API sheet §3.9, "ports"; C6).

use super::clean::one_line;
use super::field::{Row, list, text, whole};
use crate::live::Port;
use serde_json::value::RawValue;

/// Lists `direct` and `proxy` first, else a map from container ports, else a list. `None`: not told.
pub(super) fn ports(value: &RawValue) -> Option<Vec<Port>> {
    let kinds = Row::of(value).map(|row| ["direct", "proxy"].map(|kind| row.raw(kind)));
    match kinds {
        Some(kinds) if kinds.iter().any(Option::is_some) => {
            Some(kinds.into_iter().flatten().filter_map(listed).flatten().collect())
        }
        _ => listed(value),
    }
}

/// A list, or a map from container ports.
fn listed(value: &RawValue) -> Option<Vec<Port>> {
    if let Some(entries) = list(value) {
        return Some(entries.into_iter().filter_map(|entry| port(None, entry)).collect());
    }
    let row = Row::of(value)?;
    let numbered = row.0.iter().filter(|(key, _)| key.starts_with(|c: char| c.is_ascii_digit()));
    Some(numbered.filter_map(|(key, entry)| port(Some(key), entry)).collect())
}

fn port(key: Option<&str>, entry: &RawValue) -> Option<Port> {
    let row = Row::of(entry)?;
    let container_port = row.text("srcPort").or_else(|| key.map(str::to_owned))?;
    let protocol = row.text("proxyProtocol").or_else(|| row.text("protocol"));
    let url = ["url", "proxyUrl"].iter().find_map(|key| row.text(key).and_then(|url| address(&url)));
    Some(Port {
        container_port: one_line(&container_port, 40),
        host_port: row.raw("destPort").and_then(host_port),
        ip: row.text("ip").filter(|ip| !ip.is_empty()).map(|ip| one_line(&ip, 60)),
        protocol: one_line(&protocol.unwrap_or_else(|| "unknown".into()), 40),
        url,
    })
}

/// Text, a number, or a pair whose second part it is.
fn host_port(value: &RawValue) -> Option<u16> {
    let one = |value: &RawValue| whole(value).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
    match list(value) {
        Some(parts) => parts.into_iter().rev().find_map(one),
        None => one(value).or_else(|| text(value)?.rsplit(':').next()?.parse().ok()),
    }
}

/// An address that a browser opens: `""` and `"closed"` are none.
fn address(url: &str) -> Option<String> {
    let web = url.starts_with("http://") || url.starts_with("https://");
    (web && !url.contains(|c: char| c.is_whitespace() || c.is_control())).then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    type Brief = (String, Option<u16>, Option<String>, String, Option<String>);

    fn read(value: Value) -> Option<Vec<Port>> {
        ports(&serde_json::value::to_raw_value(&value).expect("JSON"))
    }

    fn brief(value: Value) -> Vec<Brief> {
        let ports = read(value).expect("ports");
        ports.into_iter().map(|p| (p.container_port, p.host_port, p.ip, p.protocol, p.url)).collect()
    }

    #[test]
    fn direct_and_proxy() {
        let value = json!({
            "direct": [
                {"srcPort": "0console", "destPort": "20000", "ip": "194.93.49.14", "protocol": "unknown", "url": ""},
                {"srcPort": 8000, "destPort": "20008", "ip": "194.93.49.14", "protocol": "http", "url": "http://194.93.49.14:20008"}],
            "proxy": [{"srcPort": 8000, "protocol": "closed", "url": "closed"},
                      {"srcPort": 8189, "protocol": "https", "url": "https://a-b.trycloudflare.com"}]});
        let ip = || Some("194.93.49.14".to_owned());
        assert_eq!(
            brief(value),
            [
                ("0console".into(), Some(20000), ip(), "unknown".into(), None),
                ("8000".into(), Some(20008), ip(), "http".into(), Some("http://194.93.49.14:20008".into())),
                ("8000".into(), None, None, "closed".into(), None),
                ("8189".into(), None, None, "https".into(), Some("https://a-b.trycloudflare.com".into())),
            ]
        );
    }

    #[test]
    fn other_shapes() {
        let map =
            json!({"20000": {"protocol": "tcp", "proxyProtocol": "https", "proxyUrl": "https://x", "service": "A"}});
        assert_eq!(brief(map), [("20000".into(), None, None, "https".into(), Some("https://x".into()))]);
        assert_eq!(brief(json!([{"srcPort": 22, "destPort": [22, 20022]}]))[0].1, Some(20022));
        assert_eq!(brief(json!({"direct": [{"srcPort": 22, "destPort": 20022.0}]}))[0].1, Some(20022));
        assert_eq!(
            brief(json!({"direct": {"22": {"destPort": "99999"}}}))[0],
            ("22".into(), None, None, "unknown".into(), None)
        );
        assert_eq!(read(json!({})), Some(vec![]));
        assert_eq!(read(json!({"direct": null, "proxy": []})), Some(vec![]));
        assert_eq!(read(json!(null)), None);
    }
}
