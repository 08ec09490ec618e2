//! The planner: from (configuration, variables, recorded, live, market) to a plan. Pure.

use super::check::check;
use super::diff::{Standing, Template, compare, created};
use super::drift::{Difference, LiveObject, differences, refreshed};
use super::model::{Action, Change, CostSummary, Drift, DriftKind, Plan, PlanMode, Reason};
use super::outputs::output_changes;
use super::placing::{Placements, place_all};
use super::program::Program;
use super::select::{Selection, Target};
use super::steps::steps;
use super::variables::planned_variables;
use crate::address::InstanceAddr;
use crate::config::{IgnoreChanges, Instance, Lifecycle, ModuleId, Resolve, ResourceKey, Unresolved, evaluate};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::json::from_json;
use crate::lang::{Effects, Type, Value};
use crate::live::{GroupId, MachineId, Mark, Offer, Snapshot};
use crate::market::Unplaced;
use crate::money::Usd;
use crate::schema::instance::dollars;
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

/// Makes a plan. `None` after errors.
pub fn plan(input: &PlanInput<'_>, diags: &mut Diagnostics) -> Option<Planned> {
    let mut planner = Planner::new(input);
    planner.preflight(diags);
    let program = input.program;
    let destroy = input.options.mode == PlanMode::Destroy;
    let mut surveyed = Surveyed { planner: &mut planner };
    let evaluated = match destroy {
        true => evaluate(&program.configuration, &program.graph, &program.inputs, input.effects, &mut surveyed, diags),
        false => {
            let resolve: &mut dyn Resolve = &mut planner;
            evaluate(&program.configuration, &program.graph, &program.inputs, input.effects, resolve, diags)
        }
    };
    planner.removed(diags);
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
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    let dependencies = std::mem::take(&mut planner.dependencies);
    let placements = Placements { state: input.state, snapshot: input.snapshot, market: input.market };
    let (unplaced, left_out) = place_all(&placements, &mut changes, &dependencies);
    over_budget_of_cap(&changes, diags);
    let steps = match input.options.mode {
        PlanMode::RefreshOnly => Vec::new(),
        PlanMode::Normal | PlanMode::Destroy => steps(&changes, &dependencies, input.state, diags),
    };
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

/// A machine that stands and bills above its cap is an error, never silent (design, section 3).
fn over_budget_of_cap(changes: &[Change], diags: &mut Diagnostics) {
    for change in changes {
        if !matches!(change.action, Action::NoOp | Action::Update) || change.address.resource.kind != INSTANCE {
            continue;
        }
        let (Some(before), Some(after)) = (&change.before, &change.after) else { continue };
        let (Some(price), Some(cap)) = (dollars(before, "price_per_gpu"), dollars(after, "max_price_per_gpu")) else {
            continue;
        };
        if price.exceeds(cap) {
            let address = &change.address;
            let detail = format!(
                "{address} bills {price} per GPU-hour, above its cap of {cap}. Rent another machine with -replace='{address}', or raise max_price_per_gpu to {price} or more."
            );
            diags.push(Diagnostic::error("Machine bills above its price cap", detail).on(address));
        }
    }
}

type Declaration = (ModuleId, ResourceKey);

struct Planner<'a> {
    input: &'a PlanInput<'a>,
    fleet: Option<String>,
    selection: Selection<'a>,
    changes: Vec<Change>,
    drift: Vec<Drift>,
    refresh: Vec<(InstanceAddr, Record)>,
    /// The planned objects, for what refers to them by id.
    planned: BTreeMap<InstanceAddr, Value>,
    /// Template groups by their recorded id.
    groups: BTreeMap<u64, InstanceAddr>,
    /// Resources that each instance depends on, by the configuration.
    dependencies: BTreeMap<InstanceAddr, Arc<Vec<crate::address::ResourceAddr>>>,
    declarations: BTreeMap<(Vec<String>, String, String), Declaration>,
    visited: BTreeSet<InstanceAddr>,
    prevented: BTreeSet<InstanceAddr>,
}

impl<'a> Planner<'a> {
    fn new(input: &'a PlanInput<'a>) -> Self {
        let configuration = &input.program.configuration;
        let mut declarations = BTreeMap::new();
        for (at, module) in configuration.modules.iter().enumerate() {
            let id = ModuleId(at);
            let calls: Vec<String> = configuration.call_path(id).into_iter().map(str::to_owned).collect();
            for key in module.resources.keys() {
                declarations.insert((calls.clone(), key.0.to_string(), key.1.to_string()), (id, key.clone()));
            }
        }
        let groups = input.state.resources.iter().filter(|(address, _)| address.resource.kind == TEMPLATE_GROUP);
        Planner {
            input,
            fleet: configuration.root().settings.as_ref().and_then(|settings| settings.fleet.clone()),
            selection: Selection::new(
                &input.options.targets,
                &input.options.excluded,
                configuration,
                &input.program.graph,
            ),
            changes: Vec::new(),
            drift: Vec::new(),
            refresh: Vec::new(),
            planned: BTreeMap::new(),
            groups: groups.filter_map(|(address, record)| Some((record.id()?, address.clone()))).collect(),
            dependencies: BTreeMap::new(),
            declarations,
            visited: BTreeSet::new(),
            prevented: BTreeSet::new(),
        }
    }

    /// What must hold before anything is planned.
    fn preflight(&self, diags: &mut Diagnostics) {
        if let Some(found) = self.input.program.configuration.missing_fleet() {
            diags.push(found);
        }
        if let (Some(recorded), Some(fleet)) = (&self.input.state.fleet, &self.fleet)
            && recorded != fleet
            && !self.input.state.resources.is_empty()
        {
            let detail = format!(
                "The state belongs to the fleet \"{recorded}\", but the configuration names \"{fleet}\". Machines carry the fleet's name in their mark: name the fleet as before, or use another directory for the new fleet."
            );
            diags.push(Diagnostic::error("Another fleet's state", detail));
        }
        for requested in &self.input.options.replace {
            if !self.input.state.resources.contains_key(requested) {
                let detail = format!("-replace names {requested}, which is not in the state.");
                diags.push(Diagnostic::warning("Nothing to replace", detail));
            }
        }
    }

    fn selected(&self, address: &InstanceAddr) -> bool {
        let resource = &address.resource;
        let calls = resource.module.0.iter().map(|(name, _)| name.clone()).collect();
        let declaration = self.declarations.get(&(calls, resource.kind.clone(), resource.name.clone()));
        self.selection.contains(address, declaration)
    }

    fn live(&self, address: &InstanceAddr, record: &Record) -> Live<'a> {
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
    fn template(&self, object: &Value) -> Template {
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
    fn standing(
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
        let ignored = |name: &str| match declared.map(|(_, lifecycle)| &lifecycle.ignore_changes) {
            None | Some(IgnoreChanges::None) => false,
            Some(IgnoreChanges::All) => true,
            Some(IgnoreChanges::Paths(paths)) => paths.iter().any(|path| path.len() == 1 && &*path[0] == name),
        };
        let left_to_api = |name: &str| {
            schema.attribute(name).is_some_and(|attribute| attribute.presence == Presence::OptionalComputed)
                && desired.is_some_and(|desired| desired.get(name).is_none_or(Value::is_null))
        };
        let fresh = refreshed(schema, record, &found, &|name| ignored(name) || left_to_api(name));
        if fresh != *record {
            self.refresh.push((address.clone(), fresh.clone()));
        }
        let mut object = fresh.object(schema, desired, self.input.key, &mut foreign);
        if !foreign.is_empty() {
            let detail = format!(
                "The recorded digest of {} was made under another key, so podform cannot tell whether the secret changed: it counts as unchanged. Set PODFORM_STATE_KEY to the same value everywhere.",
                foreign.join(", ")
            );
            diags.push(Diagnostic::warning("Secrets cannot be compared", detail).on(address));
        }
        let recorded = record.object(schema, desired, self.input.key, &mut Vec::new());
        let shown: Vec<Difference> = found.into_iter().filter(|difference| is_drift(schema, difference)).collect();
        if !shown.is_empty() {
            object = laid_over(schema, &object, &shown);
            let of = |json: &serde_json::Value, name: &str| {
                let ty = schema.attribute(name).map_or(Type::Dynamic, |attribute| attribute.ty.to_type());
                from_json(json, &ty).unwrap_or_else(|_| Value::null(ty))
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

    /// Whether the live object carries our mark. An object of another fleet is refused.
    fn mark(&self, address: &InstanceAddr, live: LiveObject<'_>, diags: &mut Diagnostics) -> bool {
        let Some(notes) = live.notes() else { return true };
        match Mark::read(notes).1 {
            Some(mark) if Some(&mark.fleet) != self.fleet.as_ref() || mark.lineage != self.input.state.lineage => {
                let detail = format!(
                    "{address} is recorded here, but the live object is marked as {} of the fleet \"{}\" (lineage {}). podform changes nothing that is another fleet's. If it is really yours, remove the mark from its notes.",
                    mark.address, mark.fleet, mark.lineage
                );
                diags.push(Diagnostic::error("Another fleet's mark", detail).on(address));
                true
            }
            Some(mark) => mark.address == *address,
            None => false,
        }
    }

    /// Recorded objects that the configuration does not ask for any more.
    fn removed(&mut self, diags: &mut Diagnostics) {
        let state = self.input.state;
        for (address, record) in &state.resources {
            if self.visited.contains(address) && self.input.options.mode != PlanMode::Destroy {
                continue;
            }
            let Some(schema) = schema::schema(&address.resource.kind) else { continue };
            let live = self.live(address, record);
            if matches!(live, Live::Gone) {
                self.gone(address, schema, record);
            }
            let object = match live {
                Live::Object(object) => {
                    self.mark(address, object, diags);
                    self.standing(address, schema, record, Some(object), None, diags)
                }
                _ => record.object(schema, None, self.input.key, &mut Vec::new()),
            };
            let blocked = state.open_at(address).next().is_some() || !self.selected(address);
            let refresh_only = self.input.options.mode == PlanMode::RefreshOnly;
            let action = match live {
                Live::Gone => Action::Forget,
                _ if blocked || refresh_only => Action::NoOp,
                _ => Action::Delete,
            };
            let destroy = self.input.options.mode == PlanMode::Destroy;
            if action == Action::Delete && self.prevented.contains(address) {
                refuse_destroy(address, diags);
            }
            let reason = match action {
                _ if destroy => Reason::Destroy,
                Action::Forget => Reason::Gone,
                _ if self.is_declared(address) => Reason::NoKey,
                _ => Reason::NoBlock,
            };
            let cost = cost_of(&object);
            let gone = action == Action::Forget;
            self.changes.push(Change {
                address: address.clone(),
                action,
                reason: (action != Action::NoOp).then_some(reason),
                after: (action == Action::NoOp).then(|| object.clone()),
                before: Some(object),
                forced_by: Vec::new(),
                placed: None,
                cost_before: if gone { Usd::ZERO } else { cost },
                cost_after: if action == Action::NoOp { cost } else { Usd::ZERO },
                repair_mark: false,
                remarks: Vec::new(),
            });
        }
    }

    fn is_declared(&self, address: &InstanceAddr) -> bool {
        let resource = &address.resource;
        let calls = resource.module.0.iter().map(|(name, _)| name.clone()).collect();
        self.declarations.contains_key(&(calls, resource.kind.clone(), resource.name.clone()))
    }

    fn gone(&mut self, address: &InstanceAddr, schema: &Schema, record: &Record) {
        let before = record.object(schema, None, self.input.key, &mut Vec::new());
        self.drift.push(Drift { address: address.clone(), kind: DriftKind::Gone, before, after: None });
    }

    fn push(&mut self, change: Change) -> Value {
        let value = change.after.clone().unwrap_or_else(|| Value::unknown(Type::Dynamic));
        self.planned.insert(change.address.clone(), value.clone());
        self.changes.push(change);
        value
    }
}

impl Resolve for Planner<'_> {
    fn resolve(&mut self, instance: Instance<'_>, diags: &mut Diagnostics) -> Value {
        let Instance { address, resource, desired, dependencies } = instance;
        self.visited.insert(address.clone());
        self.dependencies.insert(address.clone(), dependencies.clone());
        let schema = resource.schema;
        let state = self.input.state;
        let record = state.resources.get(&address);
        let live = record.map_or(Live::Gone, |record| self.live(&address, record));
        let blocked = state.open_at(&address).next().is_some()
            || !self.selected(&address)
            || self.input.options.mode == PlanMode::RefreshOnly;
        let name = address.to_string();
        let Some(record) = record.filter(|_| !matches!(live, Live::Gone)) else {
            if let Some(record) = record {
                self.gone(&address, schema, record);
            }
            let template = self.template(&desired);
            let object = created(&name, schema, &desired, &template);
            if blocked {
                self.planned.insert(address, object.clone());
                return object;
            }
            if resource.schema.kind == TEMPLATE_GROUP {
                self.name_is_free(&address, &desired, diags);
            }
            return self.push(Change {
                address,
                action: Action::Create,
                reason: record.map(|_| Reason::Gone),
                before: None,
                after: Some(object),
                forced_by: Vec::new(),
                placed: None,
                cost_before: Usd::ZERO,
                cost_after: Usd::ZERO,
                repair_mark: false,
                remarks: Vec::new(),
            });
        };
        let live = match live {
            Live::Object(object) => Some(object),
            _ => None,
        };
        let marked = live.is_none_or(|live| self.mark(&address, live, diags));
        let object = self.standing(&address, schema, record, live, Some((&desired, &resource.lifecycle)), diags);
        let cost = cost_of(&object);
        if blocked {
            return self.push(Change {
                address,
                action: Action::NoOp,
                reason: None,
                before: Some(object.clone()),
                after: Some(object),
                forced_by: Vec::new(),
                placed: None,
                cost_before: cost,
                cost_after: cost,
                repair_mark: false,
                remarks: Vec::new(),
            });
        }
        let forced = match &record.tainted {
            Some(why) => Some(Reason::Tainted(why.clone())),
            None => self.input.options.replace.contains(&address).then_some(Reason::Requested),
        };
        let template = self.template(&desired);
        let standing = Standing { object: &object, offer: record.offer.as_ref() };
        let diffed = compare(&name, schema, &standing, &desired, &resource.lifecycle, &template, forced);
        let replaced = diffed.action == Action::Replace;
        if replaced && resource.lifecycle.prevent_destroy.is_some() {
            refuse_destroy(&address, diags);
        }
        // What is said of a machine that goes does not matter any more.
        let mut remarks = if replaced { Vec::new() } else { diffed.remarks };
        let repair_mark = !marked && !replaced;
        if repair_mark {
            remarks.push("podform's mark is missing from its notes and is written again".to_owned());
        }
        self.push(Change {
            address,
            action: if repair_mark { Action::Update } else { diffed.action },
            reason: diffed.reason,
            before: Some(object),
            after: Some(diffed.after),
            forced_by: diffed.forced_by,
            placed: None,
            cost_before: cost,
            cost_after: if replaced { Usd::ZERO } else { cost },
            repair_mark,
            remarks,
        })
    }
}

impl Planner<'_> {
    /// A second group of that name that is not ours is an error (design, section 3).
    fn name_is_free(&self, address: &InstanceAddr, desired: &Value, diags: &mut Diagnostics) {
        let Some(name) = desired.get("name").and_then(Value::as_str) else { return };
        let Some(other) = self.input.snapshot.groups.values().find(|group| group.name.as_deref() == Some(name)) else {
            return;
        };
        let holder = match self.groups.get(&other.id.0) {
            Some(holder) => format!("it is {holder}"),
            None => "podform did not make it".to_owned(),
        };
        let detail = format!(
            "The account already holds a template group named \"{name}\" (id {}): {holder}. Names are unique in an account: choose another name, or delete that group first.",
            other.id
        );
        diags.push(Diagnostic::error("Template group already exists", detail).on(address));
    }
}

/// Visits what the configuration declares, for a plan that destroys it all.
struct Surveyed<'p, 'a> {
    planner: &'p mut Planner<'a>,
}

impl Resolve for Surveyed<'_, '_> {
    fn resolve(&mut self, instance: Instance<'_>, diags: &mut Diagnostics) -> Value {
        self.planner.visited.insert(instance.address.clone());
        self.planner.dependencies.insert(instance.address.clone(), instance.dependencies.clone());
        if instance.resource.lifecycle.prevent_destroy.is_some() {
            self.planner.prevented.insert(instance.address.clone());
        }
        Unresolved.resolve(instance, diags)
    }
}

#[derive(Clone, Copy)]
enum Live<'a> {
    /// Proven gone, or never made.
    Gone,
    /// Not read: recorded counts as live.
    Unread,
    /// As read.
    Object(LiveObject<'a>),
}

fn refuse_destroy(address: &InstanceAddr, diags: &mut Diagnostics) {
    let detail = format!(
        "{address} has lifecycle.prevent_destroy set, but the plan calls for it to be destroyed. Remove that setting, or narrow the plan with -target or -exclude."
    );
    diags.push(Diagnostic::error("Instance cannot be destroyed", detail).on(address));
}

/// Facts that move by themselves are no drift worth a reviewer's eyes; prices and what the configuration can say are.
fn is_drift(schema: &Schema, difference: &Difference) -> bool {
    match schema.attribute(difference.attribute) {
        Some(attribute) => {
            attribute.presence != Presence::Computed || ["price_per_gpu", "price_per_disk"].contains(&attribute.name)
        }
        None => false,
    }
}

/// What a plan compares with: where live differs, live counts.
fn laid_over(schema: &Schema, object: &Value, found: &[Difference]) -> Value {
    let mut entries = object.as_entries().cloned().unwrap_or_default();
    for difference in found {
        let Some(attribute) = schema.attribute(difference.attribute) else { continue };
        // What a machine was rented with cannot be edited from outside: the record holds the order, not the delivery.
        if ["gpu_model", "gpu_count"].contains(&attribute.name) {
            continue;
        }
        let ty = attribute.ty.to_type();
        let marks = entries.get(attribute.name).map(|value| value.deep_marks()).unwrap_or_default();
        if let Ok(live) = from_json(&difference.live, &ty) {
            entries.insert(attribute.name.into(), live.marked(marks));
        }
    }
    Value::object(entries)
}

/// USD per hour of a standing object; groups cost nothing.
fn cost_of(object: &Value) -> Usd {
    dollars(object, "hourly_cost").unwrap_or(Usd::ZERO)
}
