//! `podform instances show` and `podform instances ports`.

use super::one;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::{AccountArgs, ListingArgs, VariableArgs};
use crate::cli::waiting::Waiting;
use crate::diag::Diagnostic;
use crate::render::listing::{Listed, machine_details, ports_table};
use crate::render::table::{details_json, details_text};
use clap::Args;

/// `instances show`, `instances ports`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The machine: its id, or the address where it is recorded.
    #[arg(value_name = "ADDRESS|ID")]
    pub machine: String,
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

/// Shows a machine.
pub async fn run(args: &ShowArgs, context: &mut Context) -> Outcome {
    if args.listing.csv {
        let told = Diagnostic::error("No CSV of one machine", "instances show prints text, or JSON with -json.");
        return Err(told.with_hint("podform instances -csv has a row for each machine.").into());
    }
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    let id = one::id(&at_hand, &args.machine)?;
    opening
        .reaching(&at_hand, async |client| {
            let waiting = Waiting::reading(context.terminal);
            let machine = one::read(client, id).await?;
            drop(waiting);
            let fleet = at_hand.fleet.as_deref();
            let listed = Listed { machine: &machine, recorded: at_hand.recorded(id), fleet };
            let details = machine_details(&listed);
            match args.listing.json {
                true => context.terminal.json(&details_json(&details).to_string()),
                false => context.terminal.print(&details_text(&details, args.listing.wide, context.terminal.out)),
            }
            Ok(Exit::Done)
        })
        .await
}

/// Shows where the ports of a machine are reached.
pub async fn ports(args: &ShowArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    let id = one::id(&at_hand, &args.machine)?;
    opening
        .reaching(&at_hand, async |client| {
            let waiting = Waiting::reading(context.terminal);
            let machine = one::read(client, id).await?;
            drop(waiting);
            args.listing.print(&ports_table(&machine), &context.terminal);
            Ok(Exit::Done)
        })
        .await
}
