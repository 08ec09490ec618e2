//! Data sources and checks, evaluated.

use super::decode::decode;
use super::expand::Repetition;
use super::instance::wording;
use super::instances::{Instances, Made};
use super::model::Resource;
use super::node::Node;
use super::resolve::{DataInstance, Judging, Needs, Resolve};
use super::rules::{Wording, judge};
use super::verdict::{CheckStatus, CheckedKind, Verdict};
use super::walk::Walk;
use crate::address::Mode;
use crate::diag::{Diagnostics, Severity};
use crate::lang::{Type, Value};

impl<'a> Walk<'a> {
    pub(super) fn data(
        &mut self,
        frame: usize,
        place: usize,
        resource: &'a Resource,
        resolve: &mut dyn Resolve,
        diags: &mut Diagnostics,
    ) -> Instances {
        let expansion = self.expansion(&resource.repeat, frame, diags);
        let expansion = self.fitting(expansion, resource, diags);
        let address = self.address(frame, Mode::Data, &resource.kind, &resource.name);
        let mut instances = Vec::new();
        for repetition in expansion.repetitions() {
            let address = address.instance(repetition.key.clone());
            let mut scope = self.scope(frame, repetition);
            let mut own = Diagnostics::new();
            let lifecycle = &resource.lifecycle;
            let checks = resolve.judging().of(CheckedKind::Resource) && !resolve.leaves_out(&address);
            let mut verdict = Verdict::default();
            if checks {
                verdict = judge(&lifecycle.preconditions, &scope, &wording("precondition", &address), &mut own);
            }
            let given = decode(resource.schema, &resource.body, resource.span, &scope, &mut own);
            let mut failed = own.has_errors();
            let mut object = Value::unknown(Type::Dynamic);
            if let Some(settled) = self.settled.get(&address).filter(|_| !failed) {
                object = settled.clone();
            } else if !failed {
                let mut found = Diagnostics::new();
                let dependencies = &Needs::new(self, place);
                let address = address.clone();
                object = resolve.data(DataInstance { address, resource, given, dependencies }, &mut found);
                failed = found.has_errors();
                own.extend(found);
            }
            if checks {
                scope.object = Some(object.clone()).filter(|_| !failed);
                verdict.and(match failed && !lifecycle.postconditions.is_empty() {
                    true => Verdict::of(CheckStatus::Unknown),
                    false => judge(&lifecycle.postconditions, &scope, &wording("postcondition", &address), &mut own),
                });
            }
            // What only a check reads stops nothing, but the check is not met.
            let mut most = Severity::Error;
            if let Some(check) = &resource.check {
                most = Severity::Warning;
                let fault = own.iter().find(|found| found.severity == Severity::Error);
                if let Some(fault) = fault.filter(|_| resolve.judging().of(CheckedKind::Check)) {
                    let messages = vec![format!("{}: {}", fault.summary, fault.text())];
                    verdict = Verdict { status: CheckStatus::Fail, messages };
                    let node = &self.program.graph.order[place];
                    let on = Node::Check(node.module(), check.clone());
                    self.verdicts.add(node, &on, self.named(frame, "check", check), verdict.clone());
                }
            }
            for mut found in own {
                found.severity = found.severity.min(most);
                diags.push(found);
            }
            let object = if failed { Value::unknown(Type::Dynamic) } else { object };
            instances.push(Made::of_data(object, failed, checks.then_some(verdict)));
        }
        Instances::new(expansion, Diagnostics::new(), instances)
    }

    pub(super) fn check(&mut self, frame: usize, node: &Node, judging: Judging, diags: &mut Diagnostics) {
        let Node::Check(module, name) = node else { return };
        let Some(check) = self.program.configuration.module(*module).checks.get(name) else { return };
        let address = self.named(frame, "check", name);
        // What could not be read was told, and stays unknown.
        let data = check.data.as_ref().map(|key| Node::Data(*module, key.clone()));
        let is_broken = data.is_some_and(|data| self.verdicts.is_broken(&data, &address));
        let later = judging == Judging::Plan && !is_broken;
        let wording = Wording {
            broken: "Check block assertion failed",
            invalid: "Invalid condition result",
            what: "an assertion",
            rest: "",
            address: None,
            severity: Severity::Warning,
            later: later.then_some("Check block assertion known after apply"),
        };
        let verdict = judge(&check.asserts, &self.scope(frame, Repetition::default()), &wording, diags);
        self.verdicts.add(node, node, address, verdict);
    }
}
