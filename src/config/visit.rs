//! Visits every declaration in the order of the graph, and again those that reach from what became known.

use super::expand::{Expansion, Repetition};
use super::model::{ModuleId, Resource};
use super::node::Node;
use super::program::Program;
use super::resolve::{ImportRequest, Resolve};
use super::scope::Frame;
use super::verdict::CheckedKind;
use super::walk::Walk;
use crate::address::InstanceAddr;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::budget::Budget;
use crate::lang::convert::convert;
use crate::lang::{Effects, Type, Value, eval};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

/// The most instances of modules, and of resources and data sources in all: as many as one block may have.
const MOST: usize = 100_000;

impl<'a> Walk<'a> {
    /// Evaluates everything. What fails is unknown to others.
    pub(super) fn through(program: &'a Program, effects: &'a dyn Effects, resolve: &mut dyn Resolve) -> Walk<'a> {
        let mut walk = Walk::new(program, effects, resolve.is_final());
        for place in 0..program.graph.order.len() {
            walk.node(place, resolve);
        }
        walk
    }

    /// As [`Walk::through`], for a walk that does not go on: objects are kept only for those who refer to them.
    pub(super) fn once(program: &'a Program, effects: &'a dyn Effects, resolve: &mut dyn Resolve) -> Walk<'a> {
        let mut walk = Walk { goes_on: false, ..Walk::new(program, effects, resolve.is_final()) };
        for place in 0..program.graph.order.len() {
            walk.node(place, resolve);
        }
        walk
    }

    /// Whether anything needs a declaration.
    pub(super) fn is_needed(&self, place: usize) -> bool {
        !self.program.graph.needed_by(place).is_empty()
    }

    /// Takes in what an object really is. What reaches from it is stale.
    pub(super) fn settle(&mut self, address: &InstanceAddr, object: Value) {
        self.settled.insert(address.clone(), object);
        let Some(place) = self.declared(&address.resource) else { return };
        self.visits[place].settled.push(address.clone());
        let mut queue = vec![place];
        while let Some(at) = queue.pop() {
            // What reaches from something stale is stale already.
            if !std::mem::replace(&mut self.visits[at].stale, true) {
                queue.extend(self.program.graph.needed_by(at));
            }
        }
    }

    /// Makes one declaration true, with all that it needs.
    pub(super) fn refresh(&mut self, place: usize, resolve: &mut dyn Resolve) {
        let mut found = HashSet::new();
        let mut queue = vec![place];
        while let Some(at) = queue.pop() {
            if self.visits[at].stale && found.insert(at) {
                queue.extend(self.program.graph.needs(at));
            }
        }
        let mut found = Vec::from_iter(found);
        found.sort_unstable();
        self.go_on(found, resolve);
    }

    /// Makes everything true.
    pub(super) fn refresh_all(&mut self, resolve: &mut dyn Resolve) {
        let stale = (0..self.visits.len()).filter(|place| self.visits[*place].stale).collect();
        self.go_on(stale, resolve);
    }

    /// Visits what is stale, each after all that it needs. What none of its needs changed for stays as it is.
    fn go_on(&mut self, stale: Vec<usize>, resolve: &mut dyn Resolve) {
        self.pass += 1;
        self.budget = Budget::of(self.effects.is_untrusted());
        for place in stale {
            let visit = &mut self.visits[place];
            let settled = std::mem::take(&mut visit.settled);
            let since = visit.checked;
            let node = &self.program.graph.order[place];
            let changed = match self.program.graph.needs(place).iter().any(|need| self.visits[*need].changed > since) {
                true => self.node(place, resolve),
                false if settled.is_empty() => false,
                false if matches!(node, Node::Resource(..)) => self.take_settled(&settled),
                false => self.node(place, resolve),
            };
            let visit = &mut self.visits[place];
            visit.stale = false;
            visit.checked = self.pass;
            if changed {
                visit.changed = self.pass;
            }
        }
    }

    /// Evaluates one declaration in all instances of its module. True where it comes out otherwise than before.
    fn node(&mut self, place: usize, resolve: &mut dyn Resolve) -> bool {
        let Program { configuration, graph, .. } = self.program;
        let node = &graph.order[place];
        let module = configuration.module(node.module());
        self.verdicts.forget(node);
        let mut said = Diagnostics::new();
        let mut changed = false;
        for frame in self.frames_of(node.module()) {
            changed |= match node {
                Node::Call(_, name) => {
                    self.call(frame, name, &mut said);
                    false
                }
                Node::Variable(_, name) => {
                    let Some(variable) = module.variables.get(name) else { continue };
                    let value = self.variable(frame, variable, &mut said);
                    let changed = replaced(&mut self.frames[frame].variables, name, value);
                    let verdict = self.validations(frame, variable, &mut said);
                    if resolve.judging().of(CheckedKind::Var) {
                        self.verdicts.add(node, node, self.named(frame, "var", name), verdict);
                    }
                    changed
                }
                Node::Local(_, name) => {
                    let Some(local) = module.locals.get(name) else { continue };
                    let value = eval::evaluate(&local.expr, &self.scope(frame, Repetition::default()), &mut said);
                    replaced(&mut self.frames[frame].locals, name, value)
                }
                Node::Resource(_, key) => {
                    let Some(resource) = module.resources.get(key) else { continue };
                    let instances = self.resource(frame, place, resource, resolve);
                    replaced(&mut self.frames[frame].resources, key, instances)
                }
                Node::Import(at) => {
                    self.import(*at, resolve, &mut said);
                    true
                }
                Node::Data(_, key) => {
                    let Some(data) = module.data.get(key) else { continue };
                    let instances = self.data(frame, place, data, resolve, &mut said);
                    // A check looks at the faults of its data source too.
                    replaced(&mut self.frames[frame].data, key, instances) || data.check.is_some()
                }
                Node::Check(..) => {
                    let judging = resolve.judging();
                    if judging.of(CheckedKind::Check) {
                        self.check(frame, node, judging, &mut said);
                    }
                    false
                }
                Node::Output(_, name) => {
                    let value = self.output(frame, node, name, resolve, &mut said);
                    replaced(&mut self.frames[frame].outputs, name, value)
                }
            };
        }
        if let Node::Call(caller, name) = node {
            changed = self.enlist(*caller, name);
        }
        self.visits[place].said = said.into_iter().collect();
        changed
    }

    fn import(&self, at: usize, resolve: &mut dyn Resolve, diags: &mut Diagnostics) {
        let Some(import) = self.program.configuration.root().imports.get(at) else { return };
        let scope = self.scope(0, Repetition::default());
        let expansion = Expansion::of_import(import.for_each.as_deref(), self.is_final, &scope, diags);
        for repetition in expansion.repetitions() {
            let scope = self.scope(0, repetition);
            let mut own = Diagnostics::new();
            let to = import.address(&mut |key| eval::evaluate(key, &scope, &mut own));
            let id = eval::evaluate(&import.id, &scope, &mut own);
            let failed = own.has_errors();
            diags.extend(own);
            let span = import.id.span;
            match (to, convert(&id, &Type::String)) {
                _ if failed => {}
                (Some(to), Ok(id)) => resolve.import(ImportRequest { to, id, span }, diags),
                (None, _) if !self.is_final => {}
                (None, _) => {
                    let detail =
                        "The keys in \"to\" must be known whole numbers or texts: the address stands in the plan.";
                    diags.push(Diagnostic::error("Invalid import address", detail).at(import.to.span));
                }
                (_, Err(error)) => {
                    let detail = format!("The id of an import is a text: {error}.");
                    diags.push(Diagnostic::error("Invalid import id argument", detail).at(span));
                }
            }
        }
    }

    /// Makes the instances of a called module in one instance of its caller; they stand where nothing of them changes.
    fn call(&mut self, frame: usize, name: &Arc<str>, diags: &mut Diagnostics) {
        let configuration = &self.program.configuration;
        let Some(call) = configuration.module(self.frames[frame].module).calls.get(name) else { return };
        let expansion = self.expansion(&call.repeat, frame, diags);
        if self.frames[frame].calls.get(name).is_some_and(|(before, _)| *before == expansion) {
            return;
        }
        let mut children = Vec::new();
        if self.frames.len().saturating_add(expansion.len()) > MOST {
            let detail = format!(
                "With the instances of module \"{name}\" there would be more than {MOST} instances of modules: those of a module that is called inside of others multiply."
            );
            // Once; what is inside of them has none either.
            if !std::mem::replace(&mut self.full, true) {
                diags.push(Diagnostic::error("Too many module instances", detail).at(call.span));
            }
            return;
        }
        for repetition in expansion.repetitions() {
            let path = self.frames[frame].path.child(&**name, repetition.key.clone());
            children.push(self.frames.len());
            self.frames.push(Frame::new(call.module, path, Some(frame), repetition));
        }
        self.frames[frame].calls.insert(name.clone(), (expansion, children));
    }

    /// The instances of a resource or data source, unless there would be too many in all. What is evaluated again was counted.
    pub(super) fn fitting(&mut self, expansion: Expansion, resource: &Resource, diags: &mut Diagnostics) -> Expansion {
        if self.pass == 0 {
            self.objects = self.objects.saturating_add(expansion.len());
        }
        if self.objects <= MOST {
            return expansion;
        }
        let detail = format!(
            "With the instances of {}.{} there would be more than {MOST} in all: those of a module that has many instances multiply.",
            resource.kind, resource.name
        );
        if !std::mem::replace(&mut self.full, true) {
            diags.push(Diagnostic::error("Too many resource instances", detail).at(resource.span));
        }
        Expansion::Unknown
    }

    /// Lists the instances of a called module. True where they are others than before.
    fn enlist(&mut self, caller: ModuleId, name: &Arc<str>) -> bool {
        let Some(call) = self.program.configuration.module(caller).calls.get(name) else { return false };
        let children = |frame: usize| self.frames[frame].calls.get(name).map(|(_, children)| children.clone());
        let all: Vec<usize> = self.frames_of(caller).into_iter().filter_map(children).flatten().collect();
        let before = self.instances.insert(call.module, all.clone());
        before.is_none_or(|before| before != all)
    }
}

/// Puts a value where another one may have stood. True where it is not the same.
fn replaced<K: Clone + Eq + Hash, V: PartialEq>(all: &mut HashMap<K, V>, key: &K, value: V) -> bool {
    match all.get_mut(key) {
        Some(before) if *before == value => {
            // It may say something else of itself.
            *before = value;
            false
        }
        Some(before) => {
            *before = value;
            true
        }
        None => {
            all.insert(key.clone(), value);
            true
        }
    }
}
