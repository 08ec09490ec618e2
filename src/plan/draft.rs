//! From (configuration, variables, recorded, live) to a draft, and with the market to a plan. Pure.

use super::check::check;
use super::measure::{items, measure, tight};
use super::model::{Change, CostSummary, Drift, Plan, PlanMode};
use super::moves::{self, Moves, moved};
use super::outputs::output_changes;
use super::placing::{Placements, Placing, is_rent, place_all};
use super::planner::{PlanInput, Planner};
use super::refusals::{forgotten, let_go, preflight, within_caps};
use super::resolving::Surveyed;
use super::runway::Runway;
use super::spending::told as told_of_budgets;
use super::steps::steps;
use super::variables::planned_variables;
use crate::address::{InstanceAddr, ResourceAddr};
use crate::config::{Evaluated, Resolve, evaluate};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::Value;
use crate::live::{GroupId, Machine, ObjectId, Offer, Reads, Snapshot, Want};
use crate::market::{UnknownModel, Unplaced};
use crate::money::Usd;
use crate::state::{Expired, Intent, Record, State};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A plan but for its offers.
pub struct Draft<'a> {
    input: PlanInput<'a>,
    /// Recorded, under the addresses of today.
    state: Cow<'a, State>,
    moves: Moves,
    fleet: Option<String>,
    groups: BTreeMap<GroupId, InstanceAddr>,
    evaluated: Evaluated,
    changes: Vec<Change>,
    drift: Vec<Drift>,
    refresh: Vec<(InstanceAddr, Record)>,
    dependencies: BTreeMap<InstanceAddr, Arc<Vec<ResourceAddr>>>,
    imports: Vec<(InstanceAddr, Record)>,
    expired: Vec<(InstanceAddr, Option<Expired>)>,
    data: BTreeMap<InstanceAddr, Value>,
    told: Diagnostics,
}

/// Why there is no draft.
#[derive(Debug)]
pub enum Unfinished {
    /// This must be read first. The answers may lead to more.
    Wants(BTreeSet<Want>),
    /// Something is wrong.
    Wrong(Diagnostics),
}

/// The plan, and the instances that no offer satisfies. Without `-allow-partial` there must be none.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Why each instance without an offer has none.
    pub unplaced: Vec<Unplaced>,
}

/// Evaluates the configuration against what is recorded, live and read.
///
/// # Errors
/// What must be read first, or is wrong.
pub fn draft<'a>(input: &PlanInput<'a>, reads: &Reads) -> Result<Draft<'a>, Unfinished> {
    let mut told = Diagnostics::new();
    let (state, moves) = moved(&input.program.configuration, input.state, &mut told);
    let renamed = PlanInput { state: &state, ..*input };
    let mut planner = Planner::new(&renamed, reads, &moves);
    preflight(&renamed, &mut told);
    let evaluated = planner.evaluate(&mut told);
    if !planner.wanted.is_empty() {
        return Err(Unfinished::Wants(planner.wanted));
    }
    planner.check_imports(&mut told);
    moves::check(&input.program.configuration, &planner.dependencies, &moves, &planner.selection, &mut told);
    planner.leaving(&evaluated.modules, &mut told);
    planner.deposed(&mut told);
    planner.forget_ends();
    forgotten(&planner, &mut told);
    if told.has_errors() {
        return Err(Unfinished::Wrong(told));
    }
    let mut changes = std::mem::take(&mut planner.changes);
    for change in &mut changes {
        change.left_out = !planner.selected(&change.address);
    }
    let Planner { fleet, groups, drift, refresh, dependencies, taken_in: imports, data, expired, .. } = planner;
    changes.sort_by(|a, b| (&a.address, &a.deposed).cmp(&(&b.address, &b.deposed)));
    let input = *input;
    Ok(Draft {
        input,
        state,
        moves,
        fleet,
        groups,
        evaluated,
        changes,
        drift,
        refresh,
        dependencies,
        imports,
        expired,
        data,
        told,
    })
}

impl Draft<'_> {
    /// Whether something is rented: what rents nothing needs no market.
    pub fn rents(&self) -> bool {
        self.changes.iter().any(is_rent)
    }

    /// The plan, with offers for everything it rents. `None` after errors.
    pub fn place(self, market: &[Offer], diags: &mut Diagnostics) -> Option<Planned> {
        let Draft { input, state, moves, fleet, groups, evaluated, mut changes, dependencies, told, .. } = self;
        diags.extend(told);
        let PlanInput { program, options, .. } = input;
        let mode = options.mode;
        let outputs = match mode {
            PlanMode::Destroy => BTreeMap::new(),
            PlanMode::Normal | PlanMode::RefreshOnly => evaluated.outputs,
        };
        let narrowed = options.is_narrowed();
        let failed = state.failed_hosts(input.snapshot.as_of);
        // Who releases, or only looks, is not kept from it by a budget.
        let budgets = if mode == PlanMode::Normal { evaluated.budgets.as_slice() } else { &[] };
        let placements =
            Placements { state: &state, snapshot: input.snapshot, groups: &groups, market, budgets, failed };
        let Placing { unplaced, left_out, proof, unknown_models } = place_all(&placements, &mut changes, &dependencies);
        for UnknownModel { address, model, meant } in unknown_models {
            let text = format!("No offer of the market is of the model \"{model}\", which {address} accepts.");
            let meant: Vec<String> = meant.iter().map(|model| format!("\"{model}\"")).collect();
            let told = Diagnostic::warning("Unknown GPU model", text);
            diags.push(told.with_hint(format!("Did you mean {}?", meant.join(" or "))).on(&address));
        }
        // Who releases, or only looks, is not kept from it by a price, and neither is who leaves the machine out.
        if mode == PlanMode::Normal {
            within_caps(changes.iter().filter(|change| !change.left_out), diags);
        }
        let in_doubt: Vec<Intent> = state.open.values().cloned().collect();
        let cost = CostSummary {
            before: changes.iter().map(|change| change.cost_before).sum(),
            after: changes.iter().map(|change| change.cost_after).sum(),
            unpriced: changes.iter().filter(|change| is_unpriced(change)).count(),
        };
        let others = others(&state, &self.imports, input.snapshot);
        let items = if budgets.is_empty() { Vec::new() } else { items(&changes, in_doubt.iter()) };
        let runway = Runway {
            balance: input.snapshot.balance,
            before: cost.before + others,
            after: cost.after + others,
            at_worst: changes.iter().map(Change::worst_case).sum::<Usd>() + others,
        };
        let measured = measure(budgets, &items, &runway);
        let blocks = program.configuration.root().settings.as_ref().map(|settings| settings.budgets.as_slice());
        // Who looks for moves leaves out those that a budget does not hold.
        if !options.rebalance {
            diags.extend(told_of_budgets(&measured, blocks.unwrap_or_default(), &items));
        }
        // Of a refresh nothing is called, but what is gone is forgotten.
        let steps = steps(&changes, &dependencies, &state, &tight(budgets, &items), diags);
        let_go(&changes, diags);
        if diags.has_errors() {
            return None;
        }
        let plan = Plan {
            mode,
            fleet,
            lineage: state.lineage.clone(),
            serial: state.serial,
            account: input.account.clone(),
            variables: planned_variables(program.configuration.root(), &program.inputs, input.key),
            sealed_by: None,
            cost,
            runway,
            budgets: measured,
            changes,
            drift: self.drift,
            outputs: output_changes(&state, &outputs, (narrowed, input.key.is_blind()), mode),
            checks: evaluated.checks,
            steps,
            proof,
            data: self.data,
            imports: self.imports,
            moves: moves.into_iter().map(|(to, from)| (from, to)).collect(),
            refresh: self.refresh,
            expired: self.expired,
            made_at: input.now,
            in_doubt,
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
}

/// USD per hour of machines of the account that this state does not record: they live off the same balance.
fn others(state: &State, imports: &[(InstanceAddr, Record)], snapshot: &Snapshot) -> Usd {
    let imported = imports.iter().filter_map(|(address, record)| record.object_id(address));
    let own: BTreeSet<ObjectId> = state.identified().map(|(id, ..)| id).chain(imported).collect();
    let machines = snapshot.machines().filter(|machine| !machine.is_gone());
    machines.filter(|machine| !own.contains(&ObjectId::Machine(machine.id))).filter_map(Machine::shown_cost).sum()
}

/// A machine that stays, and whose price nobody could read.
fn is_unpriced(change: &Change) -> bool {
    change.keeps_machine()
        && change.before.as_ref().and_then(|before| before.get("hourly_cost")).is_some_and(Value::is_null)
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
        evaluate(program, effects, resolve, diags)
    }
}
