//! `podform status`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, ListingArgs, VariableArgs};
use crate::cli::waiting::Waiting;
use crate::cloud::Cloud as _;
use crate::cloud::fault::fault;
use crate::diag::Diagnostic;
use crate::live::Bill;
use crate::refresh::{Refresh, refresh};
use crate::render::listing::{conditions, status_table};
use crate::state::Costs;
use clap::Args;

/// `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// How it is printed.
    #[command(flatten)]
    pub listing: ListingArgs,
}

/// Shows the recorded machines as they stand. Changes nothing, takes no lock, and asks for no variable. Exit code 2 where a
/// machine is sick or gone.
pub async fn run(args: &StatusArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    let state = &at_hand.state;
    if at_hand.fleet.is_none() && state.resources.is_empty() {
        let detail = "status shows the machines of the fleet in this directory, and there is none.";
        let hint = "Start it in the directory of a fleet, or name that with -chdir=DIR.";
        return Err(Diagnostic::error("No fleet here", detail).with_hint(hint).into());
    }
    opening
        .reaching(&at_hand, async |client| {
            let waiting = Waiting::reading(context.terminal);
            let machines = refresh(client, state, Refresh::Lists);
            let (snapshot, account, billed) = futures::join!(machines, client.account(), client.billing(None));
            let mut snapshot = snapshot.map_err(Failure::from)?;
            let account = account.map_err(|error| Failure::from(fault("Reading the balance", &error)))?;
            snapshot.balance = account.balance;
            let billed = billed.map_err(|error| Failure::from(fault("Reading the list of usage", &error)))?;
            let now = billed.as_of.or(snapshot.as_of).unwrap_or_else(jiff::Timestamp::now);
            let bills: Vec<Bill> = billed.rows.iter().filter_map(|row| row.bill(now)).collect();
            let costs = Costs::of(state, &snapshot, &bills);
            let conditions = conditions(state, &snapshot, &costs, now);
            drop(waiting);
            args.listing.print(&status_table(&conditions, &costs, now), &context.terminal);
            let sick = conditions.iter().any(|condition| condition.ails.is_some());
            Ok(if sick { Exit::Changes } else { Exit::Done })
        })
        .await
}
