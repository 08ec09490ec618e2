//! A plan that moves machines to cheaper offers: an ordinary plan of replacements.

use super::work::Session;
use crate::address::InstanceAddr;
use crate::cloud::Cloud;
use crate::diag::{Diagnostic, Diagnostics};
use crate::live::{Offer, Snapshot};
use crate::plan::{Limits, Plan, PlanOptions, beyond_budgets, movable, that_stay};
use crate::planning::Market;
use crate::state::State;
use std::collections::{BTreeMap, BTreeSet};

/// The replacements that are worth it, with the options that plan them again; without any, nothing is replaced.
///
/// # Errors
/// What the plan says; or the fleet has changes pending, which would be part of it.
pub async fn rebalance<C: Cloud>(
    session: &Session<'_, C>,
    (state, snapshot): (&State, &Snapshot),
    (options, market): (&PlanOptions, &[Offer]),
    limits: &Limits,
    diags: &mut Diagnostics,
) -> Result<(Plan, PlanOptions), Diagnostics> {
    let on = (state, snapshot);
    let quiet = PlanOptions { allow_partial: true, ..options.clone() };
    let still = session.plan_on(on, &quiet, Market::Saved(market), diags).await?.plan;
    if !still.steps.is_empty() || !still.in_doubt.is_empty() || !still.left_out.is_empty() {
        return Err(pending().into());
    }
    let mut crowding = BTreeMap::new();
    let mut asked: BTreeSet<InstanceAddr> = movable(&still, limits).filter(|at| options.picks(at)).cloned().collect();
    loop {
        let replacing = PlanOptions {
            replace: asked.iter().cloned().collect(),
            rebalance: true,
            allow_partial: true,
            ..options.clone()
        };
        let mut unheard = Diagnostics::new();
        let plan = session.plan_on(on, &replacing, Market::Saved(market), &mut unheard).await?.plan;
        let beyond = beyond_budgets(&plan);
        if !beyond.is_empty() {
            asked.retain(|address| !beyond.contains_key(address));
            crowding.extend(beyond);
            continue;
        }
        let stay = that_stay(&plan, &asked, state, limits);
        if stay.is_empty() {
            diags.extend(crowded(&crowding));
            return Ok((plan, PlanOptions { allow_partial: options.allow_partial, ..replacing }));
        }
        asked.retain(|address| !stay.contains(address));
    }
}

/// Who stays for a budget, by its words.
fn crowded(crowding: &BTreeMap<InstanceAddr, String>) -> Diagnostics {
    let mut by_budget: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (address, budget) in crowding {
        by_budget.entry(budget).or_default().push(address.to_string());
    }
    let told = |(budget, addresses): (&str, Vec<String>)| {
        let detail = format!(
            "A replacement stands beside what it replaces (create_before_destroy), and {budget}. These stay where they are: {}.",
            addresses.join(", ")
        );
        Diagnostic::warning("Moves that a budget does not hold", detail)
    };
    let mut diags = Diagnostics::new();
    by_budget.into_iter().for_each(|one| diags.push(told(one)));
    diags
}

fn pending() -> Diagnostic {
    let detail = "The fleet is not as the configuration says, or something is in doubt: what moves would be mixed with what changes.";
    Diagnostic::error("Fleet is not at rest", detail)
        .with_hint("Apply first, then rebalance; podform plan shows what is pending.")
}
