//! The plan at apply time: what each step's object is, now that more is known.

use super::model::{Action, Plan, PlanMode};
use crate::address::{InstanceAddr, Mode, ResourceAddr};
use crate::config::{
    CheckResult, DataInstance, EvaluatedOutput, Evaluation, Instance, Judging, Program, Resolve, Unresolved, settled,
};
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::lang::value::Origin;
use crate::lang::{Effects, Kind, Value};
use crate::path::{PathStep, ValuePath};
use crate::schema::Schema;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the configuration asks for, given what has been applied so far. A value that the plan knew and that is another
/// now is an error: the plan is stale (invariant 7).
pub struct Desires<'a> {
    program: &'a Program,
    evaluation: Evaluation<'a>,
    applying: Applying<'a>,
    /// Data sources that are read.
    read: BTreeSet<InstanceAddr>,
}

/// What an apply comes to.
#[derive(Debug)]
pub struct Outcome {
    /// Everything that is wrong, by all that is known.
    pub faults: Diagnostics,
    /// Data sources that are read.
    pub data: BTreeMap<InstanceAddr, Value>,
    /// Root outputs.
    pub outputs: BTreeMap<Arc<str>, EvaluatedOutput>,
    /// How the configuration's own rules came out, by address.
    pub checks: Vec<CheckResult>,
}

impl<'a> Desires<'a> {
    /// What a configuration asks for while a plan is applied. Instances stand as planned until their objects are known.
    pub fn of(program: &'a Program, plan: &'a Plan, effects: &'a dyn Effects) -> Desires<'a> {
        let mut applying = Applying { plan, given: BTreeMap::new() };
        let evaluation = Evaluation::of(program, effects, &mut applying);
        Desires { program, evaluation, applying, read: plan.data.keys().cloned().collect() }
    }

    /// The final object of a step that is done.
    pub fn settle(&mut self, address: &InstanceAddr, object: Value) {
        if address.resource.mode == Mode::Data {
            self.read.insert(address.clone());
        }
        // Of thousands of machines that nothing else reads, none is held beside its record.
        if self.evaluation.is_read(&address.resource) || self.has_postconditions(address) {
            self.evaluation.settle(address, object);
        }
    }

    fn has_postconditions(&self, address: &InstanceAddr) -> bool {
        let declared = self.program.configuration.declaration(&address.resource);
        declared.is_some_and(|(_, resource)| !resource.lifecycle.postconditions.is_empty())
    }

    /// The object that an instance becomes, or the arguments of a data source, with all that is known by now; `None` where
    /// the plan does nothing to it, or the configuration holds no such object.
    pub fn object(&mut self, address: &InstanceAddr) -> Option<&Value> {
        let object = self.evaluation.object(address, &mut self.applying)?;
        match address.resource.mode {
            Mode::Data => self.applying.given.get(address),
            Mode::Managed => self.applying.plan.change(address)?.after.as_ref().map(|_| object),
        }
    }

    /// What is wrong with an instance, by all that is known by now.
    pub fn faults_of(&mut self, address: &InstanceAddr) -> Diagnostics {
        let faults = self.evaluation.said_of(address, &mut self.applying).into_iter();
        faults.filter(|fault| fault.severity == Severity::Error && fault.address.as_deref() == Some(address)).collect()
    }

    /// As [`Desires::faults_of`], for an object that was just made or changed: as far as it has postconditions.
    pub fn broken_postconditions(&mut self, address: &InstanceAddr) -> Diagnostics {
        match self.has_postconditions(address) {
            true => self.faults_of(address),
            false => Diagnostics::new(),
        }
    }

    /// The resources and data sources that an instance depends on.
    pub fn dependencies(&self, address: &InstanceAddr) -> Vec<ResourceAddr> {
        self.evaluation.dependencies(&address.resource)
    }

    /// What all of it comes to.
    pub fn outcome(&mut self) -> Outcome {
        let mut faults = Diagnostics::new();
        let evaluated = self.evaluation.evaluated(&mut self.applying, &mut faults);
        let mut data = BTreeMap::new();
        for address in &self.read {
            let object = self.evaluation.object(address, &mut self.applying);
            data.extend(object.map(|object| (address.clone(), object.clone())));
        }
        let checks = settled(&self.applying.plan.checks, evaluated.checks);
        Outcome { faults, data, outputs: evaluated.outputs, checks }
    }
}

struct Applying<'a> {
    plan: &'a Plan,
    /// The arguments of data sources that are not read yet.
    given: BTreeMap<InstanceAddr, Value>,
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
        let change = self.plan.change(&instance.address);
        let Some(planned) = change.and_then(|change| change.after.as_ref()) else {
            return match change.is_some_and(|change| change.rest().is_some()) {
                true => instance.desired,
                false => Unresolved.resolve(instance, diags),
            };
        };
        let object = complete(planned, &instance.desired);
        if let Some(path) = contradiction(planned, &object) {
            let address = &instance.address;
            let detail =
                format!("The value of {path} is another one than the plan showed. Nothing was changed for {address}.");
            diags.push(Diagnostic::error("Plan is stale", detail).with_hint("Plan again.").on(address));
        }
        object
    }

    fn data(&mut self, instance: DataInstance<'_>, _: &mut Diagnostics) -> Value {
        let DataInstance { address, resource, given, .. } = instance;
        match self.plan.data.get(&address) {
            Some(read) => read.clone(),
            None => {
                let unread = unread(&address, resource.schema, &given);
                self.given.insert(address, given);
                unread
            }
        }
    }
}

/// The planned object, with what the configuration says by now where the plan had unknowns.
fn complete(planned: &Value, desired: &Value) -> Value {
    match (&planned.kind, &desired.kind) {
        (Kind::Unknown(..), Kind::Null(_)) => planned.clone(),
        (Kind::Unknown(..), _) => desired.clone(),
        (Kind::Object(planned_entries), Kind::Object(desired)) => {
            let mut desired = desired.in_order();
            let entry = |name: &Arc<str>, value: &Value| {
                desired.get(name).map_or_else(|| value.clone(), |desired| complete(value, desired))
            };
            Value::from_entries(planned_entries.map(entry)).marked(planned.marks)
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
fn contradiction(planned: &Value, now: &Value) -> Option<ValuePath> {
    match (&planned.kind, &now.kind) {
        (Kind::Unknown(..), _) => None,
        _ if planned.marks.sensitive => None,
        (Kind::Object(a) | Kind::Map(_, a), Kind::Object(b) | Kind::Map(_, b)) => {
            let step = |name: &Arc<str>| match &planned.kind {
                Kind::Map(..) => PathStep::Key(name.clone()),
                _ => PathStep::attribute(name),
            };
            let mut others = b.in_order();
            let lost = a.iter().find_map(|(name, value)| match others.get(name) {
                Some(now) => Some(contradiction(value, now)?.inside(step(name))),
                None => Some(ValuePath::root().inside(step(name))),
            });
            let new = || b.keys().find(|name| !a.contains_key(name)).map(|name| ValuePath::root().inside(step(name)));
            lost.or_else(|| if a.len() == b.len() { None } else { new() })
        }
        (Kind::List(_, a), Kind::List(_, b)) if a.len() == b.len() => {
            let differs = |(at, (a, b))| Some(contradiction(a, b)?.inside(PathStep::Index(at)));
            a.iter().zip(b.iter()).enumerate().find_map(differs)
        }
        (a, b) if a == b => None,
        _ => Some(ValuePath::root()),
    }
}

/// The object of a data source that is read later.
pub(super) fn unread(address: &InstanceAddr, schema: &Schema, given: &Value) -> Value {
    let mut entries = given.as_entries().cloned().unwrap_or_default();
    let address = Arc::new(address.clone());
    for (name, open) in schema.left_open(&mut entries) {
        *open = Value::unknown_from(open.ty(), Origin { address: address.clone(), attribute: name.clone() });
    }
    Value::from_entries(entries)
}
