//! `podform state`: one file per command, but for those that only look.

mod history;
mod look;
mod mv;
mod push;
mod recorded;
mod repair;
mod rm;
pub mod taint;
pub mod unlock;
mod verify;

use crate::cli::context::Context;
use crate::cli::exit::Outcome;
use clap::Subcommand;

/// `state`.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// List the recorded objects, data sources too.
    List(look::ListArgs),
    /// Show one recorded object.
    Show(look::ShowArgs),
    /// Give recorded objects another address, as a moved block does.
    Mv(mv::MvArgs),
    /// Forget objects. They are neither released nor deleted.
    Rm(rm::RmArgs),
    /// Print the state file, with the journal taken in.
    Pull(look::PullArgs),
    /// Look for everything that is wrong with state, journal and backups.
    Verify(verify::VerifyArgs),
    /// Put state and journal together again from what is left of them.
    Repair(repair::RepairArgs),
    /// Put a state file in the place of the recorded one.
    Push(push::PushArgs),
    /// List the states that were, of which copies are kept.
    History(history::HistoryArgs),
    /// Go back to a state that was: says first what that would mean.
    Rollback(history::RollbackArgs),
}

/// Looks into the state, or writes it; calls nothing.
pub async fn run(command: &StateCommand, context: &mut Context) -> Outcome {
    match command {
        StateCommand::List(args) => look::list(args, context).await,
        StateCommand::Show(args) => look::show(args, context).await,
        StateCommand::Mv(args) => mv::run(args, context).await,
        StateCommand::Rm(args) => rm::run(args, context).await,
        StateCommand::Pull(args) => look::pull(args, context).await,
        StateCommand::Verify(args) => verify::run(args, context).await,
        StateCommand::Repair(args) => repair::run(args, context).await,
        StateCommand::Push(args) => push::run(args, context).await,
        StateCommand::History(args) => history::list(args, context).await,
        StateCommand::Rollback(args) => history::rollback(args, context).await,
    }
}
