//! `podform billing` and `podform deposits`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, ListingArgs, VariableArgs, since};
use crate::cli::waiting::Waiting;
use crate::cloud::Cloud as _;
use crate::cloud::fault::fault;
use crate::live::{Bill, MachineId};
use crate::refresh::{Refresh, refresh};
use crate::render::listing::{By, Ledger, bills_table, deposits_table, runway_of};
use crate::state::Costs;
use clap::{Args, ValueEnum};

/// What has a row of its own.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum ByFlag {
    /// Each machine.
    #[default]
    Machine,
    /// Each address of the fleet.
    Address,
    /// Each day, UTC.
    Day,
    /// Each GPU model.
    Model,
}

/// `billing`.
#[derive(Debug, Args)]
pub struct BillingArgs {
    /// A row for each of these. What a machine cost is spread evenly over its time.
    #[arg(long, value_enum, default_value_t)]
    pub by: ByFlag,
    /// Only what was billed since then: so long ago (12h, 7d, 4w), a date or a time. Of a machine that began before, the part
    /// since then.
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only this machine: by its id, or the address where it is recorded. May be repeated.
    #[arg(long, value_name = "ADDRESS|ID")]
    pub machine: Vec<String>,
    /// How it is printed.
    #[command(flatten)]
    pub listing: ListingArgs,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `deposits`.
#[derive(Debug, Args)]
pub struct DepositsArgs {
    /// How it is printed.
    #[command(flatten)]
    pub listing: ListingArgs,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// Shows what machines have cost, by the account's list of usage: also those that are gone.
pub async fn run(args: &BillingArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    let mut machines: Vec<MachineId> = Vec::new();
    for named in &args.machine {
        machines.extend(at_hand.machines_ever(named)?);
    }
    let machines = (!args.machine.is_empty()).then_some(machines);
    let one = machines.as_ref().and_then(|machines| <[MachineId; 1]>::try_from(machines.as_slice()).ok());
    opening
        .reaching(&at_hand, async |client| {
            let waiting = Waiting::reading(context.terminal);
            let seen = refresh(client, &at_hand.state, Refresh::Lists);
            let billed = client.billing(one.map(|[machine]| machine));
            let (snapshot, account, billed) = futures::join!(seen, client.account(), billed);
            let mut snapshot = snapshot.map_err(Failure::from)?;
            snapshot.balance = account.map_err(|error| fault("Reading the balance", &error))?.balance;
            let billed = billed.map_err(|error| fault("Reading the list of usage", &error))?;
            let now = billed.as_of.or(snapshot.as_of).unwrap_or_else(jiff::Timestamp::now);
            let since = args.since.as_ref().map(|text| since(text, now)).transpose()?;
            let bills: Vec<Bill> = billed.rows.iter().filter_map(|row| row.bill(now)).collect();
            let runway = runway_of(&Costs::of(&at_hand.state, &snapshot, &bills));
            let ledger = Ledger::of(billed.rows, machines.as_deref(), since, now);
            let by = match args.by {
                ByFlag::Machine => By::Machine,
                ByFlag::Address => By::Address,
                ByFlag::Day => By::Day,
                ByFlag::Model => By::Model,
            };
            let address_of = |machine| at_hand.address_ever(machine).cloned();
            drop(waiting);
            args.listing.print(&bills_table(&ledger, by, address_of, since, &runway), &context.terminal);
            Ok(Exit::Done)
        })
        .await
}

/// Shows the money that came in.
pub async fn deposits(args: &DepositsArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    opening
        .reaching(&at_hand, async |client| {
            let waiting = Waiting::reading(context.terminal);
            let listed = client.deposits().await;
            drop(waiting);
            let listed = listed.map_err(|error| Failure::from(fault("Reading the list of deposits", &error)))?;
            args.listing.print(&deposits_table(&listed.rows), &context.terminal);
            Ok(Exit::Done)
        })
        .await
}
