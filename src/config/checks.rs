//! What became of the rules that a configuration sets itself, as Terraform's state and plan JSON tell it.

use super::instances::Instances;
use super::model::{Configuration, ModuleId, ResourceKey};
use super::node::Node;
use super::resolve::Judging;
use super::verdict::{CheckResult, CheckStatus, CheckedKind, CheckedObject, Verdict};
use super::walk::Walk;
use crate::address::Mode;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

impl Walk<'_> {
    /// The verdicts on the instances of a resource or data source; those that were left out stand beside others only.
    fn verdicts_on<'w>(
        &'w self,
        mode: Mode,
        module: ModuleId,
        key: &'w ResourceKey,
    ) -> impl Iterator<Item = (String, Verdict)> + 'w {
        self.frames_of(module).into_iter().flat_map(move |frame| {
            let own = &self.frames[frame];
            let all = if mode == Mode::Data { &own.data } else { &own.resources };
            let verdicts: Vec<_> = all.get(key).into_iter().flat_map(Instances::verdicts).collect();
            let looked = verdicts.iter().any(|(_, verdict)| verdict.is_some());
            let address = self.address(frame, mode, &key.0, &key.1);
            let verdicts = verdicts.into_iter().filter(move |_| looked);
            verdicts.map(move |(key, verdict)| {
                (address.instance(key).to_string(), verdict.unwrap_or(Verdict::of(CheckStatus::Unknown)))
            })
        })
    }

    /// The results of everything that has rules, by address.
    pub fn checks(&self, judging: Judging) -> Vec<CheckResult> {
        let configuration = &self.program.configuration;
        let mut found: HashMap<&Node, BTreeMap<String, Verdict>> = HashMap::new();
        let mut all: Vec<CheckResult> = Vec::new();
        for node in &self.program.graph.order {
            for (on, object, verdict) in self.verdicts.by(node) {
                found.entry(on).or_default().entry(object.clone()).or_default().and(verdict.clone());
            }
            let Some((object_kind, name)) = checked(node, configuration) else { continue };
            let mut config_addr = String::new();
            for call in configuration.call_path(node.module()) {
                let _ = write!(config_addr, "module.{call}.");
            }
            config_addr.push_str(&name);
            let verdicts = match node {
                Node::Resource(module, key) => self.verdicts_on(Mode::Managed, *module, key).collect(),
                Node::Data(module, key) => self.verdicts_on(Mode::Data, *module, key).collect(),
                _ => found.remove(node).unwrap_or_default(),
            };
            let objects: Vec<CheckedObject> = verdicts
                .into_iter()
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
