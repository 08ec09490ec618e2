//! What the planned changes come from: the attributes of objects that the configuration refers to on the way, through
//! locals, variables and modules. By them a reader tells which drift had a part in the plan.
//!
//! Terraform's rule: from every object and root output that changes, and from the outputs of every module (no state keeps
//! those, so that they count as changing), follow each reference to its end, also through the attributes of other objects.
//! What only orders, repeats or judges (`depends_on`, `count`, `for_each`, `lifecycle`) is followed where a value names it.

use super::model::{Action, Plan};
use crate::address::{InstanceAddr, InstanceKey, ModulePath, ResourceAddr};
use crate::config::{Configuration, Module, ModuleCall, Repeat};
use crate::diag::Diagnostics;
use crate::lang::ast::Expr;
use crate::lang::reference::{Reference, Subject, body_references, references};
use crate::path::{PathStep, ValuePath};
use std::collections::{BTreeSet, HashSet};

impl Plan {
    /// Attributes of objects, each once, by address.
    pub fn relevant(&self, configuration: &Configuration) -> BTreeSet<(InstanceAddr, ValuePath)> {
        let mut walk = Walk { configuration, waiting: Vec::new(), seen: HashSet::new(), found: BTreeSet::new() };
        let mut modules = BTreeSet::new();
        walk.modules(&ModulePath::root(), &mut modules);
        for change in &self.changes {
            let module = &change.address.resource.module;
            // What goes shows no module that stays.
            let depths = if change.after.is_some() { 0..=module.0.len() } else { 0..=0 };
            modules.extend(depths.map(|depth| ModulePath(module.0[..depth].to_vec())));
            if change.action != Action::NoOp {
                walk.object(&change.address.resource, &ValuePath::root());
            }
        }
        for name in self.outputs.iter().filter(|output| output.changed).map(|output| output.name.as_str()) {
            walk.output(&ModulePath::root(), name);
        }
        for path in modules.iter().filter(|path| !path.is_root()) {
            walk.outputs(path);
        }
        walk.follow();
        walk.found
    }
}

struct Walk<'a> {
    configuration: &'a Configuration,
    waiting: Vec<(ModulePath, Reference)>,
    seen: HashSet<(ModulePath, Subject, ValuePath)>,
    found: BTreeSet<(InstanceAddr, ValuePath)>,
}

impl<'a> Walk<'a> {
    /// Every module that is called once, wherever nothing above it is repeated.
    fn modules(&self, path: &ModulePath, found: &mut BTreeSet<ModulePath>) {
        for call in self.module(path).into_iter().flat_map(|module| module.calls.values()) {
            if call.repeat.count.is_none() && call.repeat.for_each.is_none() {
                let child = path.child(&*call.name, None);
                self.modules(&child, found);
                found.insert(child);
            }
        }
    }

    fn module(&self, path: &ModulePath) -> Option<&'a Module> {
        let mut id = Configuration::ROOT;
        for (name, _) in &path.0 {
            id = self.configuration.module(id).calls.get(name.as_str())?.module;
        }
        Some(self.configuration.module(id))
    }

    fn call(&self, path: &ModulePath) -> Option<(ModulePath, &'a ModuleCall)> {
        let ((name, _), caller) = path.0.split_last()?;
        let caller = ModulePath(caller.to_vec());
        let call = self.module(&caller)?.calls.get(name.as_str())?;
        Some((caller, call))
    }

    fn follow(&mut self) {
        while let Some((path, reference)) = self.waiting.pop() {
            let Reference { subject, path: steps, .. } = reference;
            if !self.seen.insert((path.clone(), subject.clone(), steps.clone())) {
                continue;
            }
            match subject {
                Subject::Variable(name) => self.argument(&path, &name),
                Subject::Local(name) => {
                    let local = self.module(&path).and_then(|module| module.locals.get(&name));
                    self.expr(&path, local.map(|local| &*local.expr), None);
                }
                Subject::Module(name) => {
                    let (key, rest) = keyed(&steps);
                    let child = path.child(&*name, key);
                    match rest.first() {
                        Some(PathStep::Attribute(output)) => self.output(&child, output),
                        _ => self.outputs(&child),
                    }
                }
                Subject::Resource(mode, kind, name) => {
                    let resource = ResourceAddr { module: path, mode, kind, name };
                    let (key, rest) = keyed(&steps);
                    let rest: ValuePath = rest.iter().cloned().collect();
                    self.object(&resource, &rest);
                    self.found.insert((resource.instance(key), rest));
                }
                Subject::CountIndex | Subject::EachKey | Subject::EachValue | Subject::SelfObject => {}
                Subject::Path(_) | Subject::Podform(_) => {}
            }
        }
    }

    /// What an attribute of a resource is made of; of all of it where none is named.
    fn object(&mut self, resource: &ResourceAddr, attribute: &ValuePath) {
        let Some((_, declared)) = self.configuration.declaration(resource) else { return };
        let body = &declared.body;
        let Some(name) = attribute.steps().first().and_then(PathStep::name) else {
            return self.refer(
                &resource.module,
                body_references(body, &mut Diagnostics::new()),
                Some(&declared.repeat),
            );
        };
        let own = body.attributes.iter().find(|own| own.name == *name);
        self.expr(&resource.module, own.map(|own| &*own.expr), Some(&declared.repeat));
        let is_it = |kind: &str, label: Option<&str>| kind == &**name || kind == "dynamic" && label == Some(&**name);
        for block in &body.blocks {
            if is_it(&block.kind, block.labels.first().map(|label| &*label.text)) {
                let found = body_references(&block.body, &mut Diagnostics::new());
                self.refer(&resource.module, found, Some(&declared.repeat));
            }
        }
    }

    fn argument(&mut self, path: &ModulePath, name: &str) {
        let Some((caller, call)) = self.call(path) else { return };
        let argument = call.arguments.iter().find(|argument| &*argument.name == name);
        self.expr(&caller, argument.map(|argument| &*argument.expr), Some(&call.repeat));
    }

    fn output(&mut self, path: &ModulePath, name: &str) {
        let output = self.module(path).and_then(|module| module.outputs.get(name));
        self.expr(path, output.map(|output| &*output.expr), None);
    }

    fn outputs(&mut self, path: &ModulePath) {
        for output in self.module(path).into_iter().flat_map(|module| module.outputs.values()) {
            self.expr(path, Some(&output.expr), None);
        }
    }

    fn expr(&mut self, path: &ModulePath, expr: Option<&Expr>, repeat: Option<&Repeat>) {
        if let Some(expr) = expr {
            self.refer(path, references(expr, &mut Diagnostics::new()), repeat);
        }
    }

    /// What is named; `count.index` and `each` are made of what repeats.
    fn refer(&mut self, path: &ModulePath, found: Vec<Reference>, repeat: Option<&Repeat>) {
        for reference in found {
            let repeated = match reference.subject {
                Subject::CountIndex => repeat.and_then(|repeat| repeat.count.as_deref()),
                Subject::EachKey | Subject::EachValue => repeat.and_then(|repeat| repeat.for_each.as_deref()),
                _ => None,
            };
            self.expr(path, repeated, None);
            self.waiting.push((path.clone(), reference));
        }
    }
}

/// The key of an instance, where one is written, and what comes behind it.
fn keyed(steps: &ValuePath) -> (Option<InstanceKey>, &[PathStep]) {
    match steps.steps() {
        [PathStep::Index(at), rest @ ..] => (Some(InstanceKey::Int(*at as u64)), rest),
        [PathStep::Key(key), rest @ ..] => (Some(InstanceKey::Str(key.to_string())), rest),
        all => (None, all),
    }
}
