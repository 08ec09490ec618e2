//! The planner: from (configuration, variables, recorded, live, market) to a plan. Pure.

use super::check::check;
use super::draft::{PlanInput, Planner};
use super::model::{CostSummary, Plan, PlanMode};
use super::moves::{self, moved};
use super::outputs::output_changes;
use super::placing::{Placements, place_all};
use super::refusals::{let_go, preflight, within_caps};
use super::resolving::Surveyed;
use super::steps::steps;
use super::variables::planned_variables;
use crate::config::{Evaluated, Resolve, evaluate};
use crate::diag::{Diagnostic, Diagnostics};
use crate::live::Want;
use crate::market::Unplaced;
use std::collections::{BTreeMap, BTreeSet};

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
    let placements =
        Placements { state: input.state, snapshot: input.snapshot, groups: &planner.groups, market: input.market };
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

impl Planner<'_> {
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
}
