//! The planner: from (configuration, variables, recorded, live, market) to a plan. Pure.

use super::change::{ignores, removal, unchanged};
use super::check::check;
use super::diff::{Standing, Template, compare, created};
use super::drift::{Difference, LiveObject, differences, is_drift, laid_over, refreshed};
use super::import::{Import, Wanted};
use super::model::{Action, Change, CostSummary, Drift, DriftKind, Plan, PlanMode, Reason};
use super::moves::{self, Moves, moved};
use super::outputs::output_changes;
use super::placing::{Placements, place_all};
use super::program::Program;
use super::refusals::{carries_mark, let_go, name_is_free, preflight, refuse_destroy, refuse_import, within_caps};
use super::select::Selection;
use super::steps::steps;
use super::variables::planned_variables;
use crate::address::{InstanceAddr, Target};
use crate::config::{
    DataInstance, Evaluated, ImportRequest, Instance, Lifecycle, Resolve, Trigger, Unresolved, evaluate,
};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::json::from_json;
use crate::lang::{Effects, Marks, Type, Value};
use crate::live::{GroupId, MachineId, Offer, Reads, Snapshot, Want};
use crate::market::Unplaced;
use crate::money::Usd;
use crate::schema::{self, INSTANCE, Presence, Schema, TEMPLATE_GROUP};
use crate::state::digest::SecretKey;
use crate::state::{AccountIdentity, Record, State};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How a plan is made.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// What it is for.
    pub mode: PlanMode,
    /// `-target`; empty for everything.
    pub targets: Vec<Target>,
    /// `-exclude`.
    pub excluded: Vec<Target>,
    /// `-replace`.
    pub replace: Vec<InstanceAddr>,
    /// `-allow-partial`: instances that no offer satisfies are left out instead of failing the plan.
    pub allow_partial: bool,
}

/// Everything a plan is a function of.
pub struct PlanInput<'a> {
    /// Configuration and variables.
    pub program: &'a Program,
    /// Files for functions; no clock and no randomness.
    pub effects: &'a dyn Effects,
    /// Recorded.
    pub state: &'a State,
    /// Live.
    pub snapshot: &'a Snapshot,
    /// The market.
    pub market: &'a [Offer],
    /// What [`wants`] named.
    pub reads: &'a Reads,
    /// For the digests of secrets.
    pub key: &'a SecretKey,
    /// Whose account.
    pub account: AccountIdentity,
    /// How.
    pub options: &'a PlanOptions,
}

/// The plan, and the instances that no offer satisfies. Without `-allow-partial` there must be none.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Why each instance without an offer has none.
    pub unplaced: Vec<Unplaced>,
}

/// What must be read beside the lists before a plan can be made; empty once nothing is missing. Answers may lead to more.
pub fn wants(input: &PlanInput<'_>) -> BTreeSet<Want> {
    if !input.program.configuration.reads() {
        return BTreeSet::new();
    }
    let mut unheard = Diagnostics::new();
    let (state, moves) = moved(&input.program.configuration, input.state, &mut unheard);
    let input = &PlanInput { state: &state, account: input.account.clone(), ..*input };
    let mut planner = Planner::new(input, &moves);
    planner.evaluate(&mut unheard);
    planner.wanted
}

/// Makes a plan. `None` after errors.
pub fn plan(input: &PlanInput<'_>, diags: &mut Diagnostics) -> Option<Planned> {
    let (state, moves) = moved(&input.program.configuration, input.state, diags);
    let input = &PlanInput { state: &state, account: input.account.clone(), ..*input };
    let mut planner = Planner::new(input, &moves);
    preflight(input, diags);
    let program = input.program;
    let destroy = input.options.mode == PlanMode::Destroy;
    let evaluated = planner.evaluate(diags);
    planner.check_imports(diags);
    moves::check(&program.configuration, &planner.visited, &moves, &planner.selection, diags);
    planner.leaving(diags);
    planner.deposed(diags);
    if diags.has_errors() {
        return None;
    }
    let outputs = match destroy {
        true => BTreeMap::new(),
        false => evaluated.outputs,
    };
    let narrowed = !input.options.targets.is_empty() || !input.options.excluded.is_empty();
    let outputs = output_changes(input.state, &outputs, narrowed, input.options.mode);
    let mut changes = std::mem::take(&mut planner.changes);
    changes.sort_by(|a, b| (&a.address, &a.deposed).cmp(&(&b.address, &b.deposed)));
    let dependencies = std::mem::take(&mut planner.dependencies);
    let placements = Placements { state: input.state, snapshot: input.snapshot, market: input.market };
    let (unplaced, left_out) = place_all(&placements, &mut changes, &dependencies);
    // Who releases, or only looks, is not kept from it by a price.
    if input.options.mode == PlanMode::Normal {
        within_caps(&changes, diags);
    }
    let steps = match input.options.mode {
        // Nothing is called, but what is gone is forgotten.
        PlanMode::RefreshOnly | PlanMode::Normal | PlanMode::Destroy => {
            steps(&changes, &dependencies, input.state, diags)
        }
    };
    let_go(&changes, diags);
    if diags.has_errors() {
        return None;
    }
    let cost = CostSummary {
        before: changes.iter().map(|change| change.cost_before).sum(),
        after: changes.iter().map(|change| change.cost_after).sum(),
    };
    let plan = Plan {
        mode: input.options.mode,
        fleet: planner.fleet.clone(),
        lineage: input.state.lineage.clone(),
        serial: input.state.serial,
        account: input.account.clone(),
        variables: planned_variables(program.configuration.root(), &program.inputs, input.key),
        sealed_by: None,
        changes,
        drift: std::mem::take(&mut planner.drift),
        outputs,
        steps,
        data: std::mem::take(&mut planner.data),
        imports: std::mem::take(&mut planner.taken_in),
        moves: moves.iter().map(|(to, from)| (from.clone(), to.clone())).collect(),
        refresh: std::mem::take(&mut planner.refresh),
        cost,
        in_doubt: input.state.open.values().cloned().collect(),
        left_out,
        narrowed,
    };
    for fault in check(&plan) {
        diags.push(Diagnostic::error(
            "Planner fault",
            format!("{fault} This is a fault of podform: nothing was called."),
        ));
    }
    (!diags.has_errors()).then_some(Planned { plan, unplaced })
}

pub(super) struct Planner<'a> {
    pub(super) input: &'a PlanInput<'a>,
    pub(super) moves: &'a Moves,
    pub(super) fleet: Option<String>,
    pub(super) selection: Selection<'a>,
    pub(super) changes: Vec<Change>,
    pub(super) drift: Vec<Drift>,
    pub(super) refresh: Vec<(InstanceAddr, Record)>,
    /// The planned objects, for what refers to them by id.
    pub(super) planned: BTreeMap<InstanceAddr, Value>,
    /// Template groups by their recorded id.
    pub(super) groups: BTreeMap<u64, InstanceAddr>,
    /// Resources that each instance depends on, by the configuration.
    pub(super) dependencies: BTreeMap<InstanceAddr, Arc<Vec<crate::address::ResourceAddr>>>,
    pub(super) visited: BTreeSet<InstanceAddr>,
    pub(super) prevented: BTreeSet<InstanceAddr>,
    /// By the address they will have.
    pub(super) imports: BTreeMap<InstanceAddr, Wanted>,
    /// Records of imported objects.
    pub(super) taken_in: Vec<(InstanceAddr, Record)>,
    /// Data sources as they were read.
    pub(super) data: BTreeMap<InstanceAddr, Value>,
    /// What is not read yet.
    pub(super) wanted: BTreeSet<Want>,
}

impl<'a> Planner<'a> {
    fn evaluate(&mut self, diags: &mut Diagnostics) -> Evaluated {
        let (program, effects) = (self.input.program, self.input.effects);
        let mut surveyed;
        let resolve: &mut dyn Resolve = match self.input.options.mode {
            PlanMode::Destroy => {
                surveyed = Surveyed { planner: self };
                &mut surveyed
            }
            PlanMode::Normal | PlanMode::RefreshOnly => self,
        };
        evaluate(&program.configuration, &program.graph, &program.inputs, effects, resolve, diags)
    }

    fn new(input: &'a PlanInput<'a>, moves: &'a Moves) -> Self {
        let configuration = &input.program.configuration;
        let groups = input.state.resources.iter().filter(|(address, _)| address.resource.kind == TEMPLATE_GROUP);
        Planner {
            input,
            moves,
            fleet: configuration.fleet().map(str::to_owned),
            selection: Selection::new(
                &input.options.targets,
                &input.options.excluded,
                input.options.mode == PlanMode::Destroy,
                configuration,
                &input.program.graph,
            ),
            changes: Vec::new(),
            drift: Vec::new(),
            refresh: Vec::new(),
            planned: BTreeMap::new(),
            groups: groups.filter_map(|(address, record)| Some((record.id()?, address.clone()))).collect(),
            dependencies: BTreeMap::new(),
            visited: BTreeSet::new(),
            prevented: BTreeSet::new(),
            imports: BTreeMap::new(),
            taken_in: Vec::new(),
            data: BTreeMap::new(),
            wanted: BTreeSet::new(),
        }
    }

    pub(super) fn selected(&self, address: &InstanceAddr) -> bool {
        let declaration = self.input.program.configuration.declaration(&address.resource);
        let declaration = declaration.map(|(id, resource)| (id, (resource.kind.clone(), resource.name.clone())));
        self.selection.contains(address, declaration.as_ref())
    }

    pub(super) fn live(&self, address: &InstanceAddr, record: &Record) -> Live<'a> {
        let snapshot = self.input.snapshot;
        let Some(id) = record.id() else { return Live::Unread };
        match address.resource.kind.as_str() {
            _ if !snapshot.read => Live::Unread,
            INSTANCE if snapshot.gone_machines.contains(&MachineId(id)) => Live::Gone,
            INSTANCE => {
                snapshot.machines.get(&MachineId(id)).map_or(Live::Unread, |m| Live::Object(LiveObject::Machine(m)))
            }
            _ if snapshot.gone_groups.contains(&GroupId(id)) => Live::Gone,
            _ => snapshot.groups.get(&GroupId(id)).map_or(Live::Unread, |g| Live::Object(LiveObject::Group(g))),
        }
    }

    /// The template an object would be rented from.
    pub(super) fn template(&self, object: &Value) -> Template {
        let Some(reference) = object.get("template_group") else { return Template::default() };
        let address = match reference.as_str() {
            Some(id) => GroupId::parse(id).and_then(|id| self.groups.get(&id.0)).cloned(),
            None => reference.origin().and_then(|origin| origin.rsplit_once('#')?.0.parse().ok()),
        };
        let group = address.and_then(|address| self.planned.get(&address));
        let secret = |path: &str, text: &str| self.input.key.digest(path, text).digest;
        Template { digest: group.and_then(|group| schema::group::digest(group, &secret)) }
    }

    /// The object as it stands: the record with live laid over it; pushes drift and what the refresh takes over.
    #[allow(clippy::too_many_arguments)] // Each is another thing that the object hangs on.
    pub(super) fn standing(
        &mut self,
        address: &InstanceAddr,
        schema: &Schema,
        record: &Record,
        live: Option<LiveObject<'_>>,
        declared: Option<(&Value, &Lifecycle)>,
        diags: &mut Diagnostics,
    ) -> Value {
        let desired = declared.map(|(desired, _)| desired);
        let mut foreign = Vec::new();
        let found = live.map(|live| differences(schema, record, live, self.input.key)).unwrap_or_default();
        let ignored = |name: &str| declared.is_some_and(|(_, lifecycle)| ignores(lifecycle, name));
        let left_to_api = |name: &str| {
            schema.attribute(name).is_some_and(|attribute| attribute.presence == Presence::OptionalComputed)
                && desired.is_some_and(|desired| desired.get(name).is_none_or(Value::is_null))
        };
        let fresh = refreshed(schema, record, &found, self.input.key, &|name| ignored(name) || left_to_api(name));
        let mut object = fresh.as_ref().unwrap_or(record).object(schema, desired, self.input.key, &mut foreign);
        self.refresh.extend(fresh.map(|fresh| (address.clone(), fresh)));
        if !foreign.is_empty() {
            let detail = format!(
                "The recorded digest of {} was made under another key, so podform cannot tell whether the secret changed: it counts as unchanged. Set PODFORM_STATE_KEY to the same value everywhere.",
                foreign.join(", ")
            );
            diags.push(Diagnostic::warning("Secrets cannot be compared", detail).on(address));
        }
        let shown: Vec<Difference> = found.into_iter().filter(|difference| is_drift(schema, difference)).collect();
        if !shown.is_empty() {
            let recorded = record.object(schema, desired, self.input.key, &mut Vec::new());
            object = laid_over(schema, &object, &shown);
            let of = |json: &serde_json::Value, name: &str| {
                let ty = schema.attribute(name).map_or(Type::Dynamic, |attribute| attribute.ty.to_type());
                let marks = [&recorded, &object].into_iter().filter_map(|object| Some(object.get(name)?.deep_marks()));
                let marks = marks.fold(Marks::NONE, Marks::and);
                from_json(json, &ty).unwrap_or_else(|_| Value::null(ty)).marked(marks)
            };
            let changed = shown
                .iter()
                .map(|d| (d.attribute.to_owned(), of(&d.recorded, d.attribute), of(&d.live, d.attribute)))
                .collect();
            self.drift.push(Drift {
                address: address.clone(),
                kind: DriftKind::Changed(changed),
                before: recorded,
                after: Some(object.clone()),
            });
        }
        object
    }

    pub(super) fn list(&mut self, change: Change) {
        let moved_from = self.moves.get(&change.address).cloned();
        self.changes.push(Change { moved_from, ..change });
    }

    /// Whether something that `replace_triggered_by` names changes.
    fn triggered(&self, trigger: &Trigger) -> bool {
        let moves = |action| matches!(action, Action::Update | Action::Replace);
        let named = self.changes.iter().filter(|change| {
            change.address.resource == trigger.resource
                && trigger.key.as_ref().is_none_or(|key| Some(key) == change.address.key.as_ref())
        });
        let inside = |object: &Option<Value>| {
            let mut at = object.clone()?;
            for name in &trigger.path {
                at = at.get(name)?.clone();
            }
            Some(at)
        };
        named.filter(|change| moves(change.action)).any(|change| {
            let (before, after) = (inside(&change.before), inside(&change.after));
            trigger.path.is_empty() || after.as_ref().is_some_and(|after| !after.is_wholly_known()) || before != after
        })
    }

    pub(super) fn push(&mut self, change: Change) -> Value {
        let value = change.after.clone().unwrap_or_else(|| Value::unknown(Type::Dynamic));
        self.planned.insert(change.address.clone(), value.clone());
        self.list(change);
        value
    }
}

impl Resolve for Planner<'_> {
    fn import(&mut self, request: ImportRequest, diags: &mut Diagnostics) {
        self.wants_import(request, diags);
    }

    fn data(&mut self, instance: DataInstance<'_>, diags: &mut Diagnostics) -> Value {
        self.read_data(instance, diags)
    }

    fn resolve(&mut self, instance: Instance<'_>, diags: &mut Diagnostics) -> Value {
        let Instance { address, resource, desired, dependencies, prevent_destroy, triggers } = instance;
        self.visited.insert(address.clone());
        self.dependencies.insert(address.clone(), dependencies.clone());
        let schema = resource.schema;
        let state = self.input.state;
        let mut record = state.resources.get(&address);
        let mut live = record.map_or(Live::Gone, |record| self.live(&address, record));
        let blocked = state.open_at(&address).next().is_some()
            || !self.selected(&address)
            || self.input.options.mode == PlanMode::RefreshOnly;
        let name = address.to_string();
        let import = match record {
            None if !blocked => self.imported(&address, schema, &desired, diags),
            _ => None,
        };
        let taken_in;
        let importing = match import {
            None => None,
            Some(Import::Open) => {
                let object = created(&name, schema, &desired, &self.template(&desired));
                self.planned.insert(address, object.clone());
                return object;
            }
            Some(Import::Done(id, imported, object)) => {
                taken_in = Record { prevent_destroy, ..*imported };
                record = Some(&taken_in);
                live = Live::Object(object);
                self.taken_in.push((address.clone(), taken_in.clone()));
                Some(id)
            }
        };
        let Some(record) = record.filter(|_| !matches!(live, Live::Gone)) else {
            if let Some(record) = record {
                self.gone(&address, schema, record);
                if self.input.options.mode == PlanMode::RefreshOnly {
                    let object = record.object(schema, None, self.input.key, &mut Vec::new());
                    self.list(removal(&address, object, Action::Forget, Reason::Gone));
                }
            }
            let template = self.template(&desired);
            let object = created(&name, schema, &desired, &template);
            if blocked {
                self.planned.insert(address, object.clone());
                return object;
            }
            if resource.schema.kind == TEMPLATE_GROUP {
                name_is_free(self.input, &address, &desired, diags);
            }
            let (action, reason) = (Action::Create, record.map(|_| Reason::Gone));
            let stands = unchanged(address, None);
            return self.push(Change { action, reason, after: Some(object), prevent_destroy, ..stands });
        };
        let live = match live {
            Live::Object(object) => Some(object),
            _ => None,
        };
        let marked = live.is_none_or(|live| carries_mark(self.input, &address, record, live, diags));
        let object = self.standing(&address, schema, record, live, Some((&desired, &resource.lifecycle)), diags);
        if blocked {
            return self.push(unchanged(address, Some(object)));
        }
        let forced = match &record.tainted {
            Some(why) => Some(Reason::Tainted(why.clone())),
            None if self.input.options.replace.contains(&address) => Some(Reason::Requested),
            None => triggers.iter().any(|trigger| self.triggered(trigger)).then_some(Reason::Triggered),
        };
        // A reference that is ignored stays what it is: its template counts, not the one that is written.
        let referring = if ignores(&resource.lifecycle, "template_group") { &object } else { &desired };
        let template = self.template(referring);
        let standing = Standing { object: &object, offer: record.offer.as_ref() };
        let diffed = compare(&name, schema, &standing, &desired, &resource.lifecycle, &template, forced);
        let replaced = diffed.action == Action::Replace;
        if replaced && prevent_destroy {
            refuse_destroy(&address, diags);
        }
        if replaced && importing.is_some() {
            refuse_import(&address, &diffed.forced_by, diags);
        }
        // What is said of a machine that goes does not matter any more.
        let mut remarks = if replaced { Vec::new() } else { diffed.remarks };
        let remembers = diffed.action == Action::NoOp && record.prevent_destroy != prevent_destroy;
        if remembers {
            remarks.push(match prevent_destroy {
                true => "prevent_destroy is recorded: it holds even when the block is gone".to_owned(),
                false => "prevent_destroy is no longer recorded".to_owned(),
            });
        }
        let create_first = replaced && resource.lifecycle.create_before_destroy;
        if create_first && schema.kind == TEMPLATE_GROUP {
            name_is_free(self.input, &address, &desired, diags);
        }
        let repair_mark = !marked && !replaced;
        if repair_mark {
            remarks.push(match self.moves.contains_key(&address) {
                _ if importing.is_some() => "podform's mark is written into its notes".to_owned(),
                true => "podform's mark in its notes is written anew with this address".to_owned(),
                false => "podform's mark is missing from its notes and is written again".to_owned(),
            });
        }
        let stands = unchanged(address, Some(object));
        self.push(Change {
            action: if repair_mark || remembers { Action::Update } else { diffed.action },
            prevent_destroy,
            create_first,
            reason: diffed.reason,
            after: Some(diffed.after),
            forced_by: diffed.forced_by,
            cost_after: if replaced { Usd::ZERO } else { stands.cost_before },
            // It was nobody's before.
            cost_before: if importing.is_some() { Usd::ZERO } else { stands.cost_before },
            importing,
            repair_mark,
            remarks,
            ..stands
        })
    }
}

/// Visits what the configuration declares, for a plan that destroys it all.
struct Surveyed<'p, 'a> {
    planner: &'p mut Planner<'a>,
}

impl Resolve for Surveyed<'_, '_> {
    fn data(&mut self, instance: DataInstance<'_>, diags: &mut Diagnostics) -> Value {
        self.planner.read_data(instance, diags)
    }

    fn checks(&self) -> bool {
        false
    }

    fn resolve(&mut self, instance: Instance<'_>, diags: &mut Diagnostics) -> Value {
        self.planner.visited.insert(instance.address.clone());
        self.planner.dependencies.insert(instance.address.clone(), instance.dependencies.clone());
        if instance.prevent_destroy {
            self.planner.prevented.insert(instance.address.clone());
        }
        Unresolved.resolve(instance, diags)
    }
}

/// What the account holds of a recorded object.
#[derive(Clone, Copy)]
pub(super) enum Live<'a> {
    /// Proven gone, or never made.
    Gone,
    /// Not read: recorded counts as live.
    Unread,
    /// As read.
    Object(LiveObject<'a>),
}
