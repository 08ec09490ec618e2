//! What became of the rules that a configuration sets itself, as Terraform's state and plan JSON tell it.

use super::graph::{Graph, Node};
use super::model::Configuration;
use super::resolve::Judging;
use crate::address::InstanceAddr;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

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

/// The verdicts of a walk: by declaration, then by the address of the instance.
#[derive(Debug, Default)]
pub(super) struct Verdicts(HashMap<Node, BTreeMap<String, Verdict>>);

impl Verdicts {
    pub fn add(&mut self, node: Node, object: String, verdict: Verdict) {
        self.0.entry(node).or_default().entry(object).or_default().and(verdict);
    }

    /// The verdicts on the instances of one declaration; those that were left out stand beside others only.
    pub fn add_judged(&mut self, node: &Node, verdicts: Vec<(InstanceAddr, Option<Verdict>)>) {
        if verdicts.iter().any(|(_, verdict)| verdict.is_some()) {
            for (address, verdict) in verdicts {
                self.add(node.clone(), address.to_string(), verdict.unwrap_or(Verdict::of(CheckStatus::Unknown)));
            }
        }
    }

    /// Whether a rule of this instance is broken, as far as was looked.
    pub fn is_broken(&self, node: &Node, object: &str) -> bool {
        let verdict = self.0.get(node).and_then(|objects| objects.get(object));
        verdict.is_some_and(|verdict| verdict.status == CheckStatus::Fail)
    }

    /// The results of everything that has rules, by address.
    pub fn results(mut self, configuration: &Configuration, graph: &Graph, judging: Judging) -> Vec<CheckResult> {
        let mut all: Vec<CheckResult> = Vec::new();
        for node in &graph.order {
            let Some((object_kind, name)) = checked(node, configuration) else { continue };
            let mut config_addr = String::new();
            for call in configuration.call_path(node.module()) {
                let _ = write!(config_addr, "module.{call}.");
            }
            config_addr.push_str(&name);
            let objects = self.0.remove(node).unwrap_or_default().into_iter();
            let objects: Vec<CheckedObject> = objects
                .map(|(object_addr, Verdict { status, messages: mut failure_messages })| {
                    failure_messages.sort();
                    CheckedObject { object_addr, status, failure_messages }
                })
                .collect();
            let looked = judging.of(object_kind) && judging != Judging::Conditions;
            let none = if looked { CheckStatus::Pass } else { CheckStatus::Unknown };
            let status = objects.iter().map(|object| object.status).max().unwrap_or(none);
            let objects = (!objects.is_empty()).then_some(objects);
            all.push(CheckResult { object_kind, config_addr, status, objects });
        }
        all.sort_by(|a, b| a.config_addr.cmp(&b.config_addr));
        all
    }
}

/// What a declaration with rules is, and its address inside its module.
fn checked(node: &Node, configuration: &Configuration) -> Option<(CheckedKind, String)> {
    let module = configuration.module(node.module());
    let (has_rules, kind, name) = match node {
        Node::Resource(_, key) | Node::Data(_, key) => {
            let (declared, data) = match node {
                Node::Data(..) => (&module.data, "data."),
                _ => (&module.resources, ""),
            };
            (declared.get(key)?.lifecycle.has_rules(), CheckedKind::Resource, format!("{data}{}.{}", key.0, key.1))
        }
        Node::Variable(_, name) => {
            (!module.variables.get(name)?.validations.is_empty(), CheckedKind::Var, format!("var.{name}"))
        }
        Node::Output(_, name) => {
            (!module.outputs.get(name)?.preconditions.is_empty(), CheckedKind::Output, format!("output.{name}"))
        }
        Node::Check(_, name) => (true, CheckedKind::Check, format!("check.{name}")),
        Node::Call(..) | Node::Local(..) | Node::Import(_) => return None,
    };
    has_rules.then_some((kind, name))
}

/// The results of an apply: what it could not judge anew stands as the plan judged it.
pub fn settled(planned: &[CheckResult], mut applied: Vec<CheckResult>) -> Vec<CheckResult> {
    let before: HashMap<&str, &CheckedObject> = planned
        .iter()
        .flat_map(|result| result.objects.iter().flatten())
        .map(|object| (object.object_addr.as_str(), object))
        .collect();
    let whole: HashMap<&str, &CheckResult> =
        planned.iter().map(|result| (result.config_addr.as_str(), result)).collect();
    for result in &mut applied {
        let Some(objects) = &mut result.objects else {
            if let Some(planned) = whole.get(result.config_addr.as_str()) {
                *result = (*planned).clone();
            }
            continue;
        };
        for object in objects.iter_mut().filter(|object| object.status == CheckStatus::Unknown) {
            if let Some(planned) = before.get(object.object_addr.as_str()) {
                *object = (*planned).clone();
            }
        }
        result.status = objects.iter().map(|object| object.status).max().unwrap_or_default();
    }
    applied
}
