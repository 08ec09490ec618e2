//! What the log says about calls: at `info` each try with its outcome, at `trace` the bodies without what may be secret.

use super::clean::one_line;
use super::hide::hide;
use crate::http::{Answer, Failure, Request};
use serde_json::Value;
use tokio::time::Instant;
use tracing::{Level, enabled, info, trace};

/// Texts under these keys say nothing that a configuration may mark sensitive. Of all others the log says how long they
/// are: names, notes, scripts, environments and registries hold whatever the user put there.
const SHOWN: [&str; 31] = [
    "@context",
    "@id",
    "@type",
    "autoRenewAt",
    "code",
    "country",
    "createdAt",
    "cudaVersion",
    "destPort",
    "detail",
    "driverVersion",
    "error",
    "expiresAt",
    "exposePorts",
    "gpuModel",
    "hashId",
    "hydra:description",
    "hydra:title",
    "id",
    "instanceMarket",
    "instanceTemplate",
    "ip",
    "message",
    "protocol",
    "region",
    "rentalStatus",
    "rentalType",
    "srcPort",
    "status",
    "supportId",
    "title",
];

/// The longest body that is written, in characters: most objects wholly, and the head of a list. At `trace` every call
/// writes one.
const LONGEST: usize = 16_000;

/// That a request leaves.
pub(super) fn sent(name: &str, request: &Request, secrets: &[String]) {
    if !enabled!(Level::TRACE) {
        return;
    }
    let query: Vec<String> = request.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let query = one_line(&hide(&query.join("&"), secrets), LONGEST);
    let body = request.body.as_ref().map_or_else(String::new, |(_, body)| redacted(body, secrets));
    trace!("{name} sends: query [{query}], body {body}");
}

/// What came back, after how long, of which try (from 0).
pub(super) fn answered(name: &str, start: Instant, number: u32, end: Result<&Answer, &Failure>, secrets: &[String]) {
    if !enabled!(Level::INFO) {
        return;
    }
    let (time, number) = (start.elapsed().as_millis(), number.saturating_add(1));
    match end {
        Ok(answer) => {
            info!("{name}: {} after {time} ms, try {number}", answer.status);
            if enabled!(Level::TRACE) {
                trace!("{name} answered: body {}", redacted(&answer.body, secrets));
            }
        }
        Err(failure) => {
            let why = one_line(&hide(&format!("{failure:?}"), secrets), 400);
            info!("{name}: no answer after {time} ms, try {number}: {why}");
        }
    }
}

/// A body for the log.
fn redacted(body: &[u8], secrets: &[String]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => one_line(&hide(&without_texts("", value).to_string(), secrets), LONGEST),
        Err(_) => format!("({} bytes, no JSON)", body.len()),
    }
}

fn without_texts(key: &str, value: Value) -> Value {
    match value {
        // In whichever shape: of a map even the names are the user's.
        value if key == "envVariables" => Value::String(format!("({} bytes)", value.to_string().len())),
        Value::String(text) if !SHOWN.contains(&key) && !text.is_empty() => {
            Value::String(format!("({} characters)", text.chars().count()))
        }
        Value::Array(all) => all.into_iter().map(|value| without_texts(key, value)).collect(),
        Value::Object(all) => {
            let entries = all.into_iter().map(|(name, value)| {
                let value = without_texts(&name, value);
                (name, value)
            });
            Value::Object(entries.collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_users_are_not_written() {
        let body = br#"{"id":7,"name":"mine","status":"running","envVariables":{"region":"hidden","code":1},
            "password":"hidden","empty":"","rig":{"ip":"192.0.2.1","note":["hidden"]},"detail":"no k3y-of-mine"}"#;
        assert_eq!(
            redacted(body, &["k3y-of-mine".to_owned()]),
            r#"{"id":7,"name":"(4 characters)","status":"running","envVariables":"(28 bytes)","password":"(6 characters)","empty":"","rig":{"ip":"192.0.2.1","note":["(6 characters)"]},"detail":"no (hidden)"}"#
        );
        assert_eq!(redacted(b"<html>hidden", &[]), "(12 bytes, no JSON)");
    }
}
