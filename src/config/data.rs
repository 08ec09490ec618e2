//! Data sources and checks, evaluated.

use super::decode::decode;
use super::evaluate::{Walk, wording};
use super::graph::Node;
use super::model::Resource;
use super::resolve::{DataInstance, Resolve};
use super::rules::{Wording, judge};
use super::scope::Repetition;
use crate::address::Mode;
use crate::diag::{Diagnostics, Severity};
use crate::lang::{Type, Value};
use std::sync::Arc;

impl<'a> Walk<'a> {
    pub(super) fn data(
        &mut self,
        frame: usize,
        node: &Node,
        resource: &'a Resource,
        resolve: &mut dyn Resolve,
        diags: &mut Diagnostics,
    ) {
        let expansion = self.expansion(&resource.repeat, frame, diags);
        let address = self.address(frame, Mode::Data, &resource.kind, &resource.name);
        let dependencies = Arc::new(self.dependencies(node));
        let mut objects = Vec::new();
        for repetition in expansion.repetitions() {
            let address = address.instance(repetition.key.clone());
            let mut scope = self.scope(frame, repetition);
            let mut own = Diagnostics::new();
            let lifecycle = &resource.lifecycle;
            let checks = resolve.checks();
            if checks {
                judge(&lifecycle.preconditions, &scope, &wording("precondition", &address), &mut own);
            }
            let given = decode(resource.schema, &resource.body, resource.span, &scope, &mut own);
            let mut failed = own.has_errors();
            let mut object = Value::unknown(Type::Dynamic);
            if !failed {
                let name = address.clone();
                let mut found = Diagnostics::new();
                object =
                    resolve.data(DataInstance { address, resource, given, dependencies: &dependencies }, &mut found);
                failed = found.has_errors();
                own.extend(found);
                if checks && !failed {
                    scope.object = Some(object.clone());
                    judge(&lifecycle.postconditions, &scope, &wording("postcondition", &name), &mut own);
                }
            }
            // What only a check reads stops nothing.
            let most = if resource.check.is_some() { Severity::Warning } else { Severity::Error };
            for mut found in own {
                found.severity = found.severity.min(most);
                diags.push(found);
            }
            objects.push(if failed { Value::unknown(Type::Dynamic) } else { object });
        }
        let value = expansion.collect(objects);
        self.frames[frame].data.insert((resource.kind.clone(), resource.name.clone()), value);
    }

    pub(super) fn check(&self, frame: usize, name: &Arc<str>, diags: &mut Diagnostics) {
        let Some(check) = self.configuration.module(self.frames[frame].module).checks.get(name) else { return };
        let wording = Wording {
            broken: "Check block assertion failed",
            invalid: "Invalid condition result",
            what: "an assertion",
            rest: "",
            address: None,
            severity: Severity::Warning,
        };
        judge(&check.asserts, &self.scope(frame, Repetition::default()), &wording, diags);
    }
}
