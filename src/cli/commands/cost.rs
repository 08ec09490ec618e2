//! `podform cost`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, VariableArgs};
use crate::cli::waiting::Waiting;
use crate::cloud::fault::fault;
use crate::live::Bill;
use crate::render::{costs_json, costs_text};
use crate::session::{Locking, Planning, Watched};
use crate::state::Costs;
use clap::Args;

/// `cost`.
#[derive(Debug, Args)]
pub struct CostArgs {
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Print JSON.
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// Shows what the fleet costs, and has cost by the account's list of usage. Changes nothing, and takes no lock.
pub async fn run(args: &CostArgs, context: &mut Context) -> Outcome {
    let opening = args.variables.opening(args.account.choice(), 0);
    let looking = context.configure_beside_state(&opening, Locking::none("cost")).await?;
    let Some((fleet, Watched { state, .. })) = looking else { return Ok(Exit::Error) };
    opening
        .looking(&fleet, &state, async |session| {
            let waiting = Waiting::reading(context.terminal);
            // Machines that are gone are told as that: there is nothing to refuse.
            let how = Planning { accept_missing: true, ..Planning::default() };
            let (look, billed) = futures::join!(session.look(&state, &how, false), session.cloud.billing(None));
            let snapshot = look?.snapshot;
            let billed = billed.map_err(|error| Failure::from(fault("Reading the list of usage", &error)))?;
            let now = billed.as_of.unwrap_or_else(jiff::Timestamp::now);
            let bills: Vec<Bill> = billed.rows.iter().filter_map(|row| row.bill(now)).collect();
            let costs = Costs::of(&state, &snapshot, &bills);
            drop(waiting);
            match args.json {
                true => context.terminal.json(&costs_json(&costs, fleet.name()).to_string()),
                false => context.terminal.print(&costs_text(&costs, context.terminal.out)),
            }
            Ok(Exit::Done)
        })
        .await
}
