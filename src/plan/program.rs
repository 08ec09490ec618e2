//! The plan at apply time: what each step's object is, now that more is known.

use super::model::{Action, Plan, PlanMode};
use crate::address::InstanceAddr;
use crate::config::{
    CheckResult, Configuration, DataInstance, EvaluatedOutput, Graph, Inputs, Instance, Judging, Resolve, Unresolved,
    evaluate, settled,
};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::{Effects, Kind, Value};
use crate::path::ValuePath;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A configuration with its inputs: everything that evaluation needs.
pub struct Program {
    /// The configuration.
    pub configuration: Configuration,
    /// Its order.
    pub graph: Graph,
    /// Root variables.
    pub inputs: Inputs,
}

/// What the configuration asks for, given what has been applied so far.
#[derive(Debug, Default)]
pub struct Desires {
    /// The planned object of each instance that the plan makes or changes, with all that is known by now.
    pub objects: BTreeMap<InstanceAddr, Value>,
    /// The resources each of them depends on.
    pub dependencies: BTreeMap<InstanceAddr, Arc<Vec<crate::address::ResourceAddr>>>,
    /// Data sources that are read.
    pub data: BTreeMap<InstanceAddr, Value>,
    /// Root outputs.
    pub outputs: BTreeMap<Arc<str>, EvaluatedOutput>,
    /// How the configuration's own rules came out, by address.
    pub checks: Vec<CheckResult>,
}

impl Program {
    /// Evaluates anew. `applied` holds the final objects of finished steps; other instances stand as planned. A value
    /// that the plan knew and that is another now is an error: the plan is stale (invariant 7).
    pub fn desires(
        &self,
        plan: &Plan,
        applied: &BTreeMap<InstanceAddr, Value>,
        effects: &dyn Effects,
        diags: &mut Diagnostics,
    ) -> Desires {
        let mut applying = Applying { plan, applied, desires: Desires::default() };
        let evaluated = evaluate(&self.configuration, &self.graph, &self.inputs, effects, &mut applying, diags);
        let checks = settled(&plan.checks, evaluated.checks);
        Desires { outputs: evaluated.outputs, checks, ..applying.desires }
    }
}

struct Applying<'a> {
    plan: &'a Plan,
    applied: &'a BTreeMap<InstanceAddr, Value>,
    desires: Desires,
}

impl Resolve for Applying<'_> {
    fn judging(&self) -> Judging {
        match self.plan.mode {
            PlanMode::Destroy => Judging::Nothing,
            PlanMode::Normal | PlanMode::RefreshOnly if self.plan.narrowed => Judging::Conditions,
            PlanMode::Normal | PlanMode::RefreshOnly => Judging::Apply,
        }
    }

    /// What a narrowed plan does nothing to was judged by the plan, if at all.
    fn leaves_out(&self, address: &InstanceAddr) -> bool {
        self.plan.narrowed && self.plan.change(address).is_none_or(|change| change.action == Action::NoOp)
    }

    fn leaves_out_output(&self, name: &str) -> bool {
        let address = format!("output.{name}");
        let planned = |check: &CheckResult| check.objects.is_some() && check.config_addr == address;
        self.plan.narrowed && !self.plan.checks.iter().any(planned)
    }

    fn resolve(&mut self, instance: Instance<'_>, diags: &mut Diagnostics) -> Value {
        let address = instance.address.clone();
        self.desires.dependencies.insert(address.clone(), instance.dependencies.clone());
        let planned = self.plan.change(&address).and_then(|change| change.after.clone());
        if let Some(done) = self.applied.get(&address) {
            return done.clone();
        }
        let Some(planned) = planned else { return Unresolved.resolve(instance, diags) };
        let object = complete(&planned, &instance.desired);
        if let Some(path) = contradiction(&planned, &object, &ValuePath::root()) {
            let detail =
                format!("The value of {path} is another one than the plan showed. Nothing was changed for {address}.");
            diags.push(Diagnostic::error("Plan is stale", detail).with_hint("Plan again.").on(&address));
        }
        self.desires.objects.insert(address, object.clone());
        object
    }

    fn data(&mut self, instance: DataInstance<'_>, _: &mut Diagnostics) -> Value {
        let DataInstance { address, resource, given, dependencies } = instance;
        self.desires.dependencies.insert(address.clone(), dependencies.clone());
        let read = self.applied.get(&address).or_else(|| self.plan.data.get(&address));
        match read {
            Some(read) => {
                self.desires.data.insert(address, read.clone());
                read.clone()
            }
            None => {
                self.desires.objects.insert(address.clone(), given.clone());
                super::data::unread(&address, resource.schema, &given)
            }
        }
    }
}

/// The planned object, with what the configuration says by now where the plan had unknowns.
fn complete(planned: &Value, desired: &Value) -> Value {
    match (&planned.kind, &desired.kind) {
        (Kind::Unknown(..), Kind::Null(_)) => planned.clone(),
        (Kind::Unknown(..), _) => desired.clone(),
        (Kind::Object(planned_entries), Kind::Object(_)) => {
            let entry = |(name, value): (&Arc<str>, &Value)| {
                (name.clone(), desired.get(name).map_or_else(|| value.clone(), |desired| complete(value, desired)))
            };
            Value::object(planned_entries.iter().map(entry)).marked(planned.marks)
        }
        _ if planned.is_wholly_known() && desired.is_null() => planned.clone(),
        (Kind::Map(_, entries), Kind::Map(..)) if !planned.is_wholly_known() || entries.is_empty() => desired.clone(),
        _ if !planned.is_wholly_known() => desired.clone(),
        // Secrets of a saved plan are placeholders; the configuration has the values.
        _ if planned.deep_marks().sensitive => desired.clone(),
        _ => planned.clone(),
    }
}

/// The first place where a value that the plan knew differs now. Secrets are compared by the caller, by digest.
fn contradiction(planned: &Value, now: &Value, path: &ValuePath) -> Option<ValuePath> {
    match (&planned.kind, &now.kind) {
        (Kind::Unknown(..), _) => None,
        _ if planned.marks.sensitive => None,
        (Kind::Object(a) | Kind::Map(_, a), Kind::Object(b) | Kind::Map(_, b)) => {
            let inside = |name: &str| match &planned.kind {
                Kind::Map(..) => path.key(name),
                _ => path.attribute(name),
            };
            let lost = a.iter().find_map(|(name, value)| match b.get(name) {
                Some(now) => contradiction(value, now, &inside(name)),
                None => Some(inside(name)),
            });
            lost.or_else(|| b.keys().find(|name| !a.contains_key(*name)).map(|name| inside(name)))
        }
        (Kind::List(_, a), Kind::List(_, b)) if a.len() == b.len() => {
            a.iter().zip(b.iter()).enumerate().find_map(|(at, (a, b))| contradiction(a, b, &path.index(at)))
        }
        (a, b) if a == b => None,
        _ => Some(path.clone()),
    }
}
