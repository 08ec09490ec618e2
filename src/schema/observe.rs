//! What an answer of the API says of our attributes. Only what the answer carried is in the result.

use super::field::dollars;
use super::{instance, script};
use crate::live::{Env, Group, GroupId, LiveObject, Machine, Seen, SshPlace};
use crate::money::Usd;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

/// The attributes of an object, as far as the answer carried them. `env_variables` are left to who knows the template's.
pub fn object(object: &LiveObject) -> Seen {
    match object {
        LiveObject::Machine(found) => machine(found),
        LiveObject::Group(found) => group(found),
    }
}

/// The attributes of a machine. `env_variables` are left to who knows the template's.
pub fn machine(machine: &Machine) -> Seen {
    let mut seen = machine.shown.clone();
    let mut put = |name: &'static str, value: Option<Json>| {
        if let Some(value) = value {
            seen.insert(name, value);
        }
    };
    put("id", Some(json!(machine.id.to_string())));
    put("hash_id", machine.hash_id.as_ref().map(|id| json!(id.0)));
    put("notes", machine.notes.as_ref().map(|notes| json!(notes.text())));
    put("status", machine.status.as_ref().map(|status| json!(status.0)));
    put("rented_gpu_model", machine.gpu_model.clone().map(Json::String));
    put("gpu_count", machine.gpu_count.map(|count| json!(count)));
    put("price_per_gpu", machine.price_per_gpu.map(dollars));
    put("price_per_disk", machine.price_per_disk.map(dollars));
    put("hourly_cost", machine.hourly_cost().map(dollars));
    put("template_group", machine.group.map(|group| json!(group.to_string())));
    put("created_at", machine.created_at.clone().map(Json::String));
    if let Some(ports) = &machine.ports {
        let rows = ports.iter().map(|port| {
            json!({
                "container_port": port.container_port,
                "host_port": port.host_port,
                "ip": port.ip,
                "protocol": port.protocol,
                "url": port.url,
            })
        });
        put("ports", Some(rows.collect()));
        let ssh = machine.ssh();
        put("ssh_host", Some(json!(ssh.as_ref().map(SshPlace::host))));
        put("ssh_port", Some(json!(ssh.as_ref().map(SshPlace::port))));
        let urls = ports.iter().filter_map(|port| Some((port.container_port.clone(), json!(port.url.clone()?))));
        put("urls", Some(Json::Object(urls.collect())));
    }
    seen
}

/// Whether an answer carried what details carry, whatever the API may hide in all of them (C15): a row of a list, or the
/// answer to a PUT, may be as good.
pub fn is_detailed(machine: &Machine) -> bool {
    let settings = instance::SCHEMA.settings().map(|(attribute, _)| attribute.name).filter(|name| *name != "notes");
    let mut shown = settings.chain(["support_id", "expires_at", "host_ip"]);
    let priced = machine.price_per_gpu.is_some() && machine.price_per_disk.is_some() && machine.disk_size.is_some();
    shown.all(|name| machine.shown.contains_key(name))
        && priced
        && machine.notes.is_some()
        && machine.created_at.is_some()
        && machine.hash_id.is_some()
        && machine.status.is_some()
        && machine.group.is_some()
        && machine.ports.is_some()
}

/// The attributes of a template group, but for its environment and its registry's password.
pub fn group(group: &Group) -> Seen {
    let mut seen = group.shown.clone();
    seen.extend([("id", json!(group.id.to_string())), ("iri", json!(group.id.iri()))]);
    seen.extend(group.notes.as_ref().map(|notes| ("notes", json!(notes.text()))));
    seen
}

/// The environment that an object shows, and whether it is the object's own and no other's: a machine may show its
/// template's too (API sheet, C15).
pub fn environment(live: &LiveObject) -> Option<(Env, bool)> {
    match live {
        // An empty one does not even show the claim that every rent sends: it is not shown, and proves nothing.
        LiveObject::Machine(machine) => {
            let shown = machine.env.clone().filter(|env| !env.0.is_empty());
            shown.map(|env| (env.without_claim(), false))
        }
        LiveObject::Group(group) => group.env.clone().map(|env| (env, true)),
    }
}

/// Whether what is shown is what was sent in the server's own form: a group by its id, a script without its last line
/// break.
pub fn in_other_words(name: &str, sent: &Json, shown: &Json) -> bool {
    match (name, sent.as_str(), shown.as_str()) {
        ("template_group", Some(sent), Some(shown)) => {
            GroupId::parse(sent).is_some_and(|group| Some(group) == GroupId::parse(shown))
        }
        ("start_script", Some(sent), Some(shown)) => script::same(shown, sent),
        _ => false,
    }
}

/// Whether two values are equal for a reader: nothing, an empty text and an empty list are; numbers compare by value, but
/// for the noise of a float (API sheet §6), times by instant (API sheet §8).
pub fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        _ if a == b || is_empty(a) && is_empty(b) => true,
        (Json::Number(_), Json::Number(_)) => {
            let amounts = decimal(a).map(Usd).zip(decimal(b).map(Usd));
            amounts.is_some_and(|(a, b)| !a.exceeds(b) && !b.exceeds(a))
        }
        (Json::String(a), Json::String(b)) => {
            matches!((a.parse::<Timestamp>(), b.parse::<Timestamp>()), (Ok(a), Ok(b)) if a == b)
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => false,
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(elements) => elements.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

/// A number as a decimal; rounded to what a decimal holds.
pub fn decimal(value: &Json) -> Option<Decimal> {
    let text = value.as_number()?.to_string();
    text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_in_other_words() {
        assert!(in_other_words("template_group", &json!("/instances/templates/29"), &json!("29")));
        assert!(in_other_words("start_script", &json!("x\n"), &json!("x")));
    }

    #[test]
    fn equal_for_a_reader() {
        assert!(same(&Json::Null, &json!("")));
        assert!(same(&json!(0.5), &json!(0.50)) && same(&json!(0.6), &json!(0.600_000_1)));
        assert!(!same(&json!(1), &json!(2)) && !same(&json!(0.6), &json!(0.6001)));
        assert!(same(&json!("2026-06-30T13:59:01+02:00"), &json!("2026-06-30T11:59:01Z")));
        assert!(!same(&json!("a-b"), &json!("a_b")));
    }
}
