//! A plan that moves machines to cheaper offers: an ordinary plan of replacements.

use super::work::Session;
use crate::address::InstanceAddr;
use crate::cloud::Cloud;
use crate::diag::{Diagnostic, Diagnostics};
use crate::live::{Offer, Snapshot};
use crate::plan::{Limits, Plan, PlanOptions, movable, that_stay};
use crate::planning::Market;
use crate::state::State;
use std::collections::BTreeSet;

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
        let stay = that_stay(&plan, &asked, state, limits);
        if stay.is_empty() {
            return Ok((plan, PlanOptions { allow_partial: options.allow_partial, ..replacing }));
        }
        asked.retain(|address| !stay.contains(address));
    }
}

fn pending() -> Diagnostic {
    let detail = "The fleet is not as the configuration says, or something is in doubt: what moves would be mixed with what changes.";
    Diagnostic::error("Fleet is not at rest", detail)
        .with_hint("Apply first, then rebalance; podform plan shows what is pending.")
}
