//! How a configuration's own rules came out, as `checks` in the JSON of plans and states.

use crate::address::{InstanceAddr, InstanceKey, Mode};
use crate::config::{CheckResult, CheckStatus, CheckedKind};
use serde_json::{Map, Value as Json, json};

/// The list, in the order of the addresses.
pub fn checks_json(checks: &[CheckResult]) -> Json {
    checks.iter().map(result).collect()
}

fn result(result: &CheckResult) -> Json {
    let (kind, mut address) = static_address(result.object_kind, &result.config_addr);
    address.insert("kind".into(), json!(kind));
    address.insert("to_display".into(), json!(result.config_addr));
    let mut out = status(address, result.status);
    let instances = result.objects.iter().flatten().map(|object| {
        let address = instance_address(result.object_kind, &object.object_addr);
        let mut out = status(address, object.status);
        if !object.failure_messages.is_empty() {
            let problems = object.failure_messages.iter().map(|message| json!({ "message": message }));
            out.insert("problems".into(), problems.collect());
        }
        Json::Object(out)
    });
    let instances: Vec<Json> = instances.collect();
    if !instances.is_empty() {
        out.insert("instances".into(), Json::Array(instances));
    }
    Json::Object(out)
}

fn status(mut address: Map<String, Json>, status: CheckStatus) -> Map<String, Json> {
    address.sort_keys();
    let status = match status {
        CheckStatus::Pass => "pass",
        CheckStatus::Unknown => "unknown",
        CheckStatus::Fail => "fail",
        CheckStatus::Error => "error",
    };
    Map::from_iter([("address".into(), Json::Object(address)), ("status".into(), json!(status))])
}

/// What the declaration is, and the parts of its address.
fn static_address(kind: CheckedKind, text: &str) -> (&'static str, Map<String, Json>) {
    let mut parts = Map::new();
    let kind = match kind {
        CheckedKind::Resource => {
            if let Ok(InstanceAddr { resource, .. }) = text.parse() {
                if !resource.module.is_root() {
                    parts.insert("module".into(), json!(resource.module.to_string()));
                }
                parts.insert("mode".into(), json!(if resource.mode == Mode::Data { "data" } else { "managed" }));
                parts.insert("type".into(), json!(resource.kind));
                parts.insert("name".into(), json!(resource.name));
            }
            return ("resource", parts);
        }
        CheckedKind::Output => "output_value",
        CheckedKind::Check => "check",
        CheckedKind::Var => "var",
    };
    let (module, name) = in_module(text);
    parts.extend(module.map(|module| ("module".into(), json!(module))));
    parts.insert("name".into(), json!(name));
    (kind, parts)
}

fn instance_address(kind: CheckedKind, text: &str) -> Map<String, Json> {
    let mut parts = Map::from_iter([("to_display".into(), json!(text))]);
    let module = match (kind, text.parse::<InstanceAddr>()) {
        (CheckedKind::Resource, Ok(address)) => {
            parts.extend(address.key.map(|key| {
                let key = match key {
                    InstanceKey::Int(n) => json!(n),
                    InstanceKey::Str(text) => json!(text),
                };
                ("instance_key".into(), key)
            }));
            (!address.resource.module.is_root()).then(|| address.resource.module.to_string())
        }
        (CheckedKind::Resource, Err(_)) => None,
        _ => in_module(text).0.map(str::to_owned),
    };
    parts.extend(module.map(|module| ("module".into(), json!(module))));
    parts
}

/// The module, where it is not the root, and the name: of `module.m["a.b"].check.money`, whose last two parts are names.
fn in_module(text: &str) -> (Option<&str>, &str) {
    let Some((rest, name)) = text.rsplit_once('.') else { return (None, text) };
    (rest.rsplit_once('.').map(|(module, _)| module), name)
}
