//! `podform instances list`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, ListingArgs, VariableArgs};
use crate::cli::waiting::Waiting;
use crate::cloud::Cloud as _;
use crate::cloud::fault::fault;
use crate::render::listing::{Listed, machines_table};
use clap::Args;

/// `instances list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only machines with this status. May be repeated.
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub status: Vec<String>,
    /// Only machines whose GPU model holds this text.
    #[arg(long, value_name = "TEXT")]
    pub model: Option<String>,
    /// Only machines of this fleet, by their mark.
    #[arg(long, value_name = "NAME", conflicts_with = "unmanaged")]
    pub fleet: Option<String>,
    /// Only machines of no fleet.
    #[arg(long)]
    pub unmanaged: bool,
    /// Only machines that the API finds by this text in what it searches: names and notes, as far as is known.
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
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

impl ListArgs {
    fn takes(&self, listed: &Listed<'_>) -> bool {
        let status = |wanted: &String| {
            listed.machine.status.as_ref().is_some_and(|status| status.0.eq_ignore_ascii_case(wanted))
        };
        let model = |wanted: &String| {
            let model = listed.machine.gpu_model.as_deref().unwrap_or_default();
            model.to_lowercase().contains(&wanted.to_lowercase())
        };
        (self.status.is_empty() || self.status.iter().any(status))
            && self.model.as_ref().is_none_or(model)
            && self.fleet.as_ref().is_none_or(|fleet| listed.owner().as_ref() == Some(fleet))
            && (!self.unmanaged || listed.is_unmanaged())
    }
}

/// Lists them, by id.
pub async fn run(args: &ListArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    opening
        .reaching(&at_hand, async |client| {
            let waiting = Waiting::reading(context.terminal);
            let machines = match &args.search {
                Some(phrase) => client.search_machines(phrase).await,
                None => client.machines().await,
            };
            drop(waiting);
            let machines = machines.map_err(|error| Failure::from(fault("Listing the machines", &error)))?;
            let now = machines.as_of.unwrap_or_else(jiff::Timestamp::now);
            let of =
                |machine| Listed { machine, recorded: at_hand.recorded(machine.id), fleet: at_hand.fleet.as_deref() };
            let mut listed: Vec<Listed<'_>> =
                machines.rows.iter().map(of).filter(|listed| args.takes(listed)).collect();
            listed.sort_by_key(|listed: &Listed<'_>| listed.machine.id);
            let table = machines_table(&listed, machines.rows.len(), args.search.as_deref(), now);
            args.listing.print(&table, &context.terminal);
            Ok(Exit::Done)
        })
        .await
}
