//! How the rules of a configuration came out.

use super::node::Node;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What has rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckedKind {
    /// A resource or data source with preconditions or postconditions.
    Resource,
    /// An output with preconditions.
    Output,
    /// A check block.
    Check,
    /// A variable with validations.
    Var,
}

/// How rules came out. The last that holds for one of several rules holds for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// All are met.
    #[default]
    Pass,
    /// At least one was not judged, or not known.
    Unknown,
    /// At least one is broken.
    Fail,
    /// At least one could not be evaluated.
    Error,
}

/// The rules of one declaration, in all its instances. In JSON as in Terraform's state format version 4.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckResult {
    /// What it is.
    pub object_kind: CheckedKind,
    /// Its address without keys: `module.m.check.money`.
    pub config_addr: String,
    /// Of all instances together.
    pub status: CheckStatus,
    /// Its instances, by address; `None` where there are none, or nobody looked.
    pub objects: Option<Vec<CheckedObject>>,
}

/// The rules of one instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckedObject {
    /// Its address: `module.m["a"].check.money`.
    pub object_addr: String,
    /// Of all its rules together.
    pub status: CheckStatus,
    /// The messages of broken rules, in order of text; none of them is secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failure_messages: Vec<String>,
}

/// The verdict on some rules of one instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Verdict {
    pub status: CheckStatus,
    pub messages: Vec<String>,
}

impl Verdict {
    pub fn of(status: CheckStatus) -> Verdict {
        Verdict { status, messages: Vec::new() }
    }

    /// Both together.
    pub fn and(&mut self, other: Verdict) {
        self.status = self.status.max(other.status);
        self.messages.extend(other.messages);
    }
}

/// The verdicts of a walk, by the declaration whose evaluation came to them: on what, and which instance of it.
#[derive(Debug, Default)]
pub(super) struct Verdicts(HashMap<Node, Vec<(Node, String, Verdict)>>);

impl Verdicts {
    pub fn forget(&mut self, by: &Node) {
        self.0.remove(by);
    }

    pub fn add(&mut self, by: &Node, on: &Node, object: String, verdict: Verdict) {
        self.0.entry(by.clone()).or_default().push((on.clone(), object, verdict));
    }

    /// Whether this evaluation found a rule of an instance broken.
    pub fn is_broken(&self, by: &Node, object: &str) -> bool {
        self.by(by).any(|(_, other, verdict)| other == object && verdict.status == CheckStatus::Fail)
    }

    /// What one evaluation came to.
    pub fn by(&self, by: &Node) -> impl Iterator<Item = &(Node, String, Verdict)> {
        self.0.get(by).into_iter().flatten()
    }
}
