//! The planner: from (configuration, variables, recorded, live, market) to a plan. Pure.

use super::check::check;
use super::import::Wanted;
use super::model::{Change, CostSummary, Drift, Plan, PlanMode};
use super::moves::{self, Moves, moved};
use super::outputs::output_changes;
use super::placing::{Placements, place_all};
use super::program::Program;
use super::refusals::{let_go, preflight, within_caps};
use super::resolving::Surveyed;
use super::select::Selection;
use super::steps::steps;
use super::variables::planned_variables;
use crate::address::{InstanceAddr, Target};
use crate::config::{Evaluated, Resolve, evaluate};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::{Effects, Type, Value};
use crate::live::{GroupId, ObjectId, Offer, Reads, Snapshot, Want};
use crate::market::Unplaced;
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

impl PlanOptions {
    /// Whether `-target` or `-exclude` leaves something out.
    pub fn is_narrowed(&self) -> bool {
        !self.targets.is_empty() || !self.excluded.is_empty()
    }
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
    let checks = evaluated.checks;
    let narrowed = input.options.is_narrowed();
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
        checks,
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
    pub(super) groups: BTreeMap<GroupId, InstanceAddr>,
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
        let group = |(address, record): (&InstanceAddr, &Record)| match record.object_id(address)? {
            ObjectId::Group(id) => Some((id, address.clone())),
            ObjectId::Machine(_) => None,
        };
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
            groups: input.state.resources.iter().filter_map(group).collect(),
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
        self.selection.contains(address, &self.input.program.configuration)
    }

    pub(super) fn list(&mut self, change: Change) {
        let moved_from = self.moves.get(&change.address).cloned();
        self.changes.push(Change { moved_from, ..change });
    }

    pub(super) fn push(&mut self, change: Change) -> Value {
        let value = change.after.clone().unwrap_or_else(|| Value::unknown(Type::Dynamic));
        self.planned.insert(change.address.clone(), value.clone());
        self.list(change);
        value
    }
}
