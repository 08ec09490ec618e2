//! `podform rebalance`.

use super::plan::{made_from, next_step};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::PlanningArgs;
use crate::cli::waiting::Waiting;
use crate::diag::Diagnostic;
use crate::live::{Reads, Want};
use crate::money::Usd;
use crate::plan::Limits;
use crate::refresh::{Ahead, read};
use crate::render::{rebalance_json, rebalance_text};
use crate::schema::instance::duration;
use crate::session::{Watched, rebalance::rebalance, saved};
use clap::Args;
use jiff::SignedDuration;
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// `rebalance`.
#[derive(Debug, Args)]
pub struct RebalanceArgs {
    /// USD per month that a move must save.
    #[arg(long, value_name = "USD", default_value = "5")]
    pub min_saving: Decimal,
    /// So many machines at most.
    #[arg(long, value_name = "N")]
    pub max_disruptions: Option<usize>,
    /// Machines stay that are younger ("24h").
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = age)]
    pub min_age: SignedDuration,
    /// Write the plan that moves them to a file, for show and apply.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// What the plan is made with.
    #[command(flatten)]
    pub planning: PlanningArgs,
}

fn age(text: &str) -> Result<SignedDuration, String> {
    let length = duration(text).ok_or("write it like \"90m\", \"24h\" or \"0s\"")?;
    SignedDuration::try_from(length).map_err(|error| error.to_string())
}

/// Shows which machines could move to cheaper offers. Changes nothing.
pub async fn run(args: &RebalanceArgs, context: &mut Context) -> Outcome {
    let planning = &args.planning;
    let meaningless = [
        (!planning.replace.is_empty(), "-replace"),
        (planning.refresh_only, "-refresh-only"),
        (planning.allow_partial, "-allow-partial"),
    ];
    if let Some((_, flag)) = meaningless.into_iter().find(|(given, _)| *given) {
        let detail = format!("{flag} has no meaning for rebalance.");
        return Err(Failure::from(Diagnostic::error("Unexpected option", detail)));
    }
    let how = planning.planning(false)?;
    let limits =
        Limits { min_saving: Usd(args.min_saving), max_disruptions: args.max_disruptions, min_age: args.min_age };
    let opening = planning.opening(0);
    let locking = planning.locking.locking("rebalance")?;
    let Some((fleet, Watched { state, lock: _lock })) = context.configure_beside_state(&opening, locking).await? else {
        return Ok(Exit::Error);
    };
    opening
        .looking(&fleet, &state, async |session| {
            let waiting = Waiting::reading(context.terminal);
            let (state, look) = session.foresee(&state, &how, true, &mut context.diags).await?;
            let offers = match Ahead::arrived(look.market).await {
                Some(market) => market.offers,
                None => {
                    let mut reads = Reads::default();
                    read(session.cloud, &BTreeSet::from([Want::Offers]), &mut reads).await?;
                    reads.offers.unwrap_or_default()
                }
            };
            let on = (&*state, &look.snapshot);
            let (plan, options) = rebalance(session, on, (&how.options, &offers), &limits, &mut context.diags).await?;
            drop(waiting);
            match planning.json {
                true => context.terminal.line(&rebalance_json(&plan).to_string()),
                false => context.terminal.print(&rebalance_text(&plan)),
            }
            if let Some(path) = args.out.as_ref().filter(|_| !plan.steps.is_empty()) {
                let (key, approval) = (session.secret_key(&plan.lineage), session.approval(&plan));
                let made_from = made_from(&plan, session, (&state, None), &context.sources);
                saved::write(path, &plan, &options, &fleet, (&key, approval), made_from).await?;
                if !planning.json {
                    context.terminal.next(&next_step(path, &planning.account));
                }
            }
            Ok(Exit::Done)
        })
        .await
}
