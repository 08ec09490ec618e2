//! One message of Terraform's machine-readable stream. What is ours in it stands under `podform`, so that a reader of
//! Terraform's stream reads ours; what Terraform has no message for is a `log` line to it.

use crate::address::{InstanceAddr, InstanceKey};
use crate::render::words::as_of;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Info,
    /// Worth a look.
    Warn,
    /// It fails.
    Error,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message(Map<String, Json>);

impl Message {
    /// A message of a type, and its sentence.
    pub(in crate::render) fn new(level: Level, kind: &str, text: &str) -> Self {
        let level = match level {
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        // By its module Terraform's readers tell a message from the lines of a log.
        let keys = [("@level", level), ("@message", text), ("@module", "terraform.ui"), ("type", kind)];
        Self(keys.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect())
    }

    /// With one more key.
    pub(in crate::render) fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// With what is ours, unless that is nothing.
    pub(in crate::render) fn ours(self, ours: Map<String, Json>) -> Self {
        if ours.is_empty() { self } else { self.with("podform", ours) }
    }

    /// The line, without its break. `at` is when it happened, in microseconds as Terraform tells it.
    pub fn line(mut self, at: Timestamp) -> String {
        self.0.insert("@timestamp".to_owned(), json!(at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()));
        self.0.sort_keys();
        Json::Object(self.0).to_string()
    }
}

/// That the plan that follows is not live.
pub fn as_of_message(at: Timestamp) -> Message {
    let [when, means] = as_of(at);
    let ours = json!({ "as_of": at.to_string() });
    log_message(Level::Warn, &format!("{when} {means}")).with("podform", ours)
}

/// A line for people among the messages.
pub fn log_message(level: Level, text: &str) -> Message {
    Message::new(level, "log", text)
}

/// What comes first: whose stream it is, and which form it has.
pub fn version_message() -> Message {
    let version = env!("CARGO_PKG_VERSION");
    Message::new(Level::Info, "version", &format!("podform {version}"))
        .with("terraform", crate::state::TERRAFORM_VERSION)
        // That of Terraform 1.11: minor steps only add.
        .with("ui", "1.2")
        .with("podform", json!({ "version": version }))
}

/// That nothing is missing, as Terraform's `init -json` says it.
pub fn initialized_message(text: &str) -> Message {
    Message::new(Level::Info, "init_output", text).with("message_code", "output_init_success_message")
}

/// The address of an object, in its parts.
pub(super) fn resource(address: &InstanceAddr) -> Json {
    let resource = &address.resource;
    let full = address.to_string();
    let module = resource.module.to_string();
    let local = full.strip_prefix(&format!("{module}.")).unwrap_or(&full);
    let key = match &address.key {
        Some(InstanceKey::Int(n)) => json!(n),
        Some(InstanceKey::Str(text)) => json!(text),
        None => Json::Null,
    };
    json!({
        "addr": full,
        "module": module,
        "resource": local,
        "implied_provider": "simplepod",
        "resource_type": resource.kind,
        "resource_name": resource.name,
        "resource_key": key,
    })
}

/// By which name an object is known outside, where it is known.
pub(super) fn identify(out: &mut Map<String, Json>, id: Option<&str>) {
    if let Some(id) = id {
        out.insert("id_key".into(), json!("id"));
        out.insert("id_value".into(), json!(id));
    }
}
