//! `podform instances`: the machines of the account.

mod list;
mod logs;
mod one;
mod show;
mod wait;

pub use one::{id, name, read};

use super::super::context::Context;
use super::super::exit::Outcome;
use clap::{Args, Subcommand};

/// `instances`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct InstancesArgs {
    /// What of them; without it, the list.
    #[command(subcommand)]
    pub command: Option<InstancesCommand>,
    /// Which of them.
    #[command(flatten)]
    pub list: list::ListArgs,
}

/// The commands below `instances`.
#[derive(Debug, Subcommand)]
pub enum InstancesCommand {
    /// List the machines of the account: whose they are, how they stand and what they cost.
    List(list::ListArgs),
    /// Show everything that the API tells of a machine, without secrets.
    Show(show::ShowArgs),
    /// Show the console of a machine, as far as the API keeps it: its last 3 KB or so.
    Logs(logs::LogsArgs),
    /// Wait until machines run, are ready or are gone.
    Wait(wait::WaitArgs),
    /// Show where the ports of a machine are reached.
    Ports(show::ShowArgs),
}

/// Looks at machines, or waits for them. Changes nothing, takes no lock, and asks for no variable.
pub async fn run(args: &InstancesArgs, context: &mut Context) -> Outcome {
    match &args.command {
        None => list::run(&args.list, context).await,
        Some(InstancesCommand::List(args)) => list::run(args, context).await,
        Some(InstancesCommand::Show(args)) => show::run(args, context).await,
        Some(InstancesCommand::Logs(args)) => logs::run(args, context).await,
        Some(InstancesCommand::Wait(args)) => wait::run(args, context).await,
        Some(InstancesCommand::Ports(args)) => show::ports(args, context).await,
    }
}
