//! The walk: evaluates every declaration in the order of the graph.

use super::checks::{CheckResult, CheckStatus, CheckedKind, Verdict, Verdicts};
use super::decode::decode;
use super::expand::Expansion;
use super::graph::{Graph, Node};
use super::inputs::Inputs;
use super::model::{Configuration, ModuleId, Repeat, Resource};
use super::provider::ProviderSettings;
use super::resolve::{ImportRequest, Instance, Resolve};
use super::rules::{Wording, judge};
use super::scope::{Frame, FrameScope, Repetition};
use super::trigger::trigger;
use crate::address::{InstanceAddr, Mode, ModulePath, ResourceAddr};
use crate::diag::{Diagnostic, Diagnostics, Severity, Span};
use crate::lang::ast::Expr;
use crate::lang::budget::Budget;
use crate::lang::convert::convert;
use crate::lang::{Effects, Type, Value, eval};
use crate::schema::validate;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How the conditions of a resource are told.
pub(super) fn wording<'a>(kind: &'static str, address: &'a InstanceAddr) -> Wording<'a> {
    let (broken, what) = match kind {
        "precondition" => ("Resource precondition failed", "a precondition"),
        _ => ("Resource postcondition failed", "a postcondition"),
    };
    let (rest, invalid, address) = ("", "Invalid condition result", Some(address));
    Wording { broken, invalid, what, rest, address, severity: Severity::Error, later: None }
}

/// A root output.
#[derive(Clone, Debug)]
pub struct EvaluatedOutput {
    /// Its value; unknown where it failed.
    pub value: Value,
    /// `sensitive`.
    pub sensitive: bool,
}

/// What a configuration evaluates to, apart from its resources, which went to the [`Resolve`].
#[derive(Debug, Default)]
pub struct Evaluated {
    /// Root outputs.
    pub outputs: BTreeMap<Arc<str>, EvaluatedOutput>,
    /// The provider block.
    pub provider: ProviderSettings,
    /// How the configuration's own rules came out, by address.
    pub checks: Vec<CheckResult>,
}

/// Evaluates a configuration. Errors are pushed and evaluation goes on with unknown values.
pub fn evaluate(
    configuration: &Configuration,
    graph: &Graph,
    inputs: &Inputs,
    effects: &dyn Effects,
    resolve: &mut dyn Resolve,
    diags: &mut Diagnostics,
) -> Evaluated {
    let walk = Walk::through(configuration, graph, inputs, effects, resolve, diags);
    let provider = walk.provider(diags);
    let checks = walk.verdicts.results(configuration, graph, resolve.judging());
    Evaluated { outputs: walk.outputs, provider, checks }
}

/// The walk through the graph.
pub(super) struct Walk<'a> {
    pub(super) configuration: &'a Configuration,
    pub(super) graph: &'a Graph,
    pub(super) inputs: &'a Inputs,
    pub(super) effects: &'a dyn Effects,
    pub(super) fleet: Option<&'a str>,
    /// Whether what is unknown stays so.
    pub(super) is_final: bool,
    pub(super) frames: Vec<Frame>,
    budget: Budget,
    /// The frames of each module.
    pub(super) instances: HashMap<ModuleId, Vec<usize>>,
    pub(super) outputs: BTreeMap<Arc<str>, EvaluatedOutput>,
    pub(super) verdicts: Verdicts,
}

impl<'a> Walk<'a> {
    /// Evaluates everything. Errors are pushed and evaluation goes on with unknown values.
    pub(super) fn through(
        configuration: &'a Configuration,
        graph: &'a Graph,
        inputs: &'a Inputs,
        effects: &'a dyn Effects,
        resolve: &mut dyn Resolve,
        diags: &mut Diagnostics,
    ) -> Walk<'a> {
        let root = Frame::new(Configuration::ROOT, ModulePath::root(), None, Repetition::default());
        let fleet = configuration.root().settings.as_ref().and_then(|settings| settings.fleet.as_deref());
        let mut walk = Walk {
            configuration,
            graph,
            inputs,
            effects,
            fleet,
            is_final: resolve.is_final(),
            frames: vec![root],
            instances: HashMap::from([(Configuration::ROOT, vec![0])]),
            outputs: BTreeMap::new(),
            verdicts: Verdicts::default(),
            budget: Budget::default(),
        };
        for node in &graph.order {
            walk.node(node, resolve, diags);
        }
        walk
    }

    pub(super) fn scope(&self, frame: usize, repetition: Repetition) -> FrameScope<'_> {
        FrameScope {
            configuration: self.configuration,
            frames: &self.frames,
            frame,
            repetition,
            fleet: self.fleet,
            effects: self.effects,
            object: None,
            budget: &self.budget,
        }
    }

    pub(super) fn frames_of(&self, module: ModuleId) -> Vec<usize> {
        self.instances.get(&module).cloned().unwrap_or_default()
    }

    fn node(&mut self, node: &Node, resolve: &mut dyn Resolve, diags: &mut Diagnostics) {
        match node {
            Node::Call(module, name) => {
                for frame in self.frames_of(*module) {
                    self.call(frame, name, diags);
                }
            }
            Node::Variable(module, name) => {
                let configuration = self.configuration;
                let Some(variable) = configuration.module(*module).variables.get(name) else { return };
                for frame in self.frames_of(*module) {
                    let value = self.variable(frame, variable, diags);
                    self.frames[frame].variables.insert(name.clone(), value);
                    let verdict = self.validations(frame, variable, diags);
                    if resolve.judging().of(CheckedKind::Var) {
                        self.verdicts.add(node.clone(), self.named(frame, "var", name), verdict);
                    }
                }
            }
            Node::Local(module, name) => {
                let configuration = self.configuration;
                let Some(local) = configuration.module(*module).locals.get(name) else { return };
                for frame in self.frames_of(*module) {
                    let value = eval::evaluate(&local.expr, &self.scope(frame, Repetition::default()), diags);
                    self.frames[frame].locals.insert(name.clone(), value);
                }
            }
            Node::Resource(module, key) => {
                let configuration = self.configuration;
                let Some(resource) = configuration.module(*module).resources.get(key) else { return };
                for frame in self.frames_of(*module) {
                    self.resource(frame, node, resource, resolve, diags);
                }
            }
            Node::Import(at) => self.import(*at, resolve, diags),
            Node::Data(module, key) => {
                let configuration = self.configuration;
                let Some(data) = configuration.module(*module).data.get(key) else { return };
                for frame in self.frames_of(*module) {
                    self.data(frame, node, data, resolve, diags);
                }
            }
            Node::Check(module, _) => {
                let judging = resolve.judging();
                for frame in self.frames_of(*module).into_iter().filter(|_| judging.of(CheckedKind::Check)) {
                    self.check(frame, node, judging, diags);
                }
            }
            Node::Output(module, name) => {
                for frame in self.frames_of(*module) {
                    self.output(frame, node, name, resolve, diags);
                }
            }
        }
    }

    fn import(&self, at: usize, resolve: &mut dyn Resolve, diags: &mut Diagnostics) {
        let Some(import) = self.configuration.root().imports.get(at) else { return };
        let expansion = self.expansion(&Repeat { for_each: import.for_each.clone(), ..Repeat::default() }, 0, diags);
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

    pub(super) fn expansion(&self, repeat: &Repeat, frame: usize, diags: &mut Diagnostics) -> Expansion {
        Expansion::evaluate(repeat, self.is_final, &self.scope(frame, Repetition::default()), diags)
    }

    fn call(&mut self, frame: usize, name: &Arc<str>, diags: &mut Diagnostics) {
        let configuration = self.configuration;
        let Some(call) = configuration.module(self.frames[frame].module).calls.get(name) else { return };
        let expansion = self.expansion(&call.repeat, frame, diags);
        let mut children = Vec::new();
        for repetition in expansion.repetitions() {
            let path = self.frames[frame].path.child(&**name, repetition.key.clone());
            children.push(self.frames.len());
            self.instances.entry(call.module).or_default().push(self.frames.len());
            self.frames.push(Frame::new(call.module, path, Some(frame), repetition));
        }
        self.frames[frame].calls.insert(name.clone(), (expansion, children));
    }

    fn resource(
        &mut self,
        frame: usize,
        node: &Node,
        resource: &'a Resource,
        resolve: &mut dyn Resolve,
        diags: &mut Diagnostics,
    ) {
        let expansion = self.expansion(&resource.repeat, frame, diags);
        let address = self.address(frame, Mode::Managed, &resource.kind, &resource.name);
        let dependencies = Arc::new(self.dependencies(node));
        let mut objects = Vec::new();
        let mut verdicts = Vec::new();
        for repetition in expansion.repetitions() {
            let address = address.instance(repetition.key.clone());
            let mut scope = self.scope(frame, repetition);
            let mut own = Diagnostics::new();
            let lifecycle = &resource.lifecycle;
            let checks = resolve.judging().of(CheckedKind::Resource) && !resolve.leaves_out(&address);
            let named = address.clone();
            let mut verdict = Verdict::default();
            if checks {
                verdict = judge(&lifecycle.preconditions, &scope, &wording("precondition", &address), &mut own);
            }
            let desired = decode(resource.schema, &resource.body, resource.span, &scope, &mut own);
            for (attribute, fault) in validate(&resource.kind, &desired) {
                let at = place_of(resource, &attribute);
                own.push(Diagnostic::error(format!("Invalid value for \"{attribute}\""), fault).at(at).on(&address));
            }
            let prevent_destroy = self.prevents(resource, &scope, &mut own);
            let mut key = |expr: &Expr| eval::evaluate(expr, &scope, &mut own);
            let triggers = lifecycle.replace_triggered_by.iter();
            let triggers = triggers.filter_map(|one| trigger(one, address.resource.clone(), &mut key)).collect();
            let failed = own.has_errors();
            diags.extend(own);
            if failed {
                objects.push(Value::unknown(Type::Dynamic));
                if !lifecycle.postconditions.is_empty() {
                    verdict.and(Verdict::of(CheckStatus::Unknown));
                }
            } else {
                let instance =
                    Instance { address, resource, desired, dependencies: &dependencies, prevent_destroy, triggers };
                let object = resolve.resolve(instance, diags);
                if checks && !lifecycle.postconditions.is_empty() {
                    scope.object = Some(object.clone());
                    verdict.and(judge(&lifecycle.postconditions, &scope, &wording("postcondition", &named), diags));
                }
                objects.push(object);
            }
            if lifecycle.has_rules() {
                verdicts.push((named, checks.then_some(verdict)));
            }
        }
        self.verdicts.add_judged(node, verdicts);
        let value = expansion.collect(objects);
        self.frames[frame].resources.insert((resource.kind.clone(), resource.name.clone()), value);
    }

    /// `prevent_destroy`; what is not known protects.
    pub(super) fn prevents(&self, resource: &Resource, scope: &FrameScope<'_>, diags: &mut Diagnostics) -> bool {
        let Some(expr) = &resource.lifecycle.prevent_destroy else { return false };
        match convert(&eval::evaluate(expr, scope, diags), &Type::Bool) {
            Ok(value) => !value.is_null() && value.as_bool().unwrap_or(true),
            Err(error) => {
                let detail = format!("\"prevent_destroy\" is true or false: {error}.");
                diags.push(Diagnostic::error("Unsuitable value type", detail).at(expr.span));
                true
            }
        }
    }

    /// A resource in one instance of its module.
    pub(super) fn address(&self, frame: usize, mode: Mode, kind: &str, name: &str) -> ResourceAddr {
        ResourceAddr { module: self.frames[frame].path.clone(), mode, kind: kind.to_owned(), name: name.to_owned() }
    }

    /// A variable, output or check in one instance of its module.
    pub(super) fn named(&self, frame: usize, kind: &str, name: &str) -> String {
        let path = &self.frames[frame].path;
        match path.is_root() {
            true => format!("{kind}.{name}"),
            false => format!("{path}.{kind}.{name}"),
        }
    }

    /// What a node depends on: resources, and data sources.
    pub(super) fn dependencies(&self, node: &Node) -> Vec<ResourceAddr> {
        let needs = self.graph.needs.get(node).into_iter().flatten().filter_map(|node| match node {
            Node::Resource(module, key) => Some((Mode::Managed, *module, key)),
            Node::Data(module, key) => Some((Mode::Data, *module, key)),
            _ => None,
        });
        let mut all: Vec<ResourceAddr> = needs
            .flat_map(|(mode, module, (kind, name))| {
                self.frames_of(module).into_iter().map(move |frame| self.address(frame, mode, kind, name))
            })
            .collect();
        all.sort();
        all
    }
}

/// Where the attribute of a finding stands in the source; the header of the block where it is not written.
fn place_of(resource: &Resource, attribute: &str) -> Span {
    let (first, rest) = attribute.split_once('.').map_or((attribute, None), |(first, rest)| (first, Some(rest)));
    let body = &resource.body;
    match rest {
        None => body.attributes.iter().find(|a| &*a.name == first).map_or(resource.span, |a| a.expr.span),
        Some(rest) => {
            let block = body.blocks.iter().find(|block| &*block.kind == first);
            let inner = block.and_then(|block| block.body.attributes.iter().find(|a| &*a.name == rest));
            inner.map(|a| a.expr.span).or(block.map(|block| block.span)).unwrap_or(resource.span)
        }
    }
}
