//! `podform state`: one file per command, but for those that only look.

mod look;
mod mv;
mod push;
mod repair;
mod rm;
pub mod taint;
pub mod unlock;
mod verify;

use super::Context;
use crate::address::{InstanceAddr, Target};
use crate::cli::exit::{Failure, Outcome};
use crate::diag::{Diagnostic, did_you_mean};
use crate::state::State;
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
}

/// What follows where a machine is forgotten.
const BILLS: &str = "it is not released, and goes on billing. podform orphans finds it again by its mark, and adopts or releases it; the vendor's panel shows every machine.";

/// Looks into the state, or writes it; calls nothing.
pub fn run(command: &StateCommand, context: &mut Context) -> Outcome {
    match command {
        StateCommand::List(args) => look::list(args, context),
        StateCommand::Show(args) => look::show(args, context),
        StateCommand::Mv(args) => mv::run(args, context),
        StateCommand::Rm(args) => rm::run(args, context),
        StateCommand::Pull(args) => look::pull(args, context),
        StateCommand::Verify(args) => verify::run(args, context),
        StateCommand::Repair(args) => repair::run(args, context),
        StateCommand::Push(args) => push::run(args, context),
    }
}

/// Every address at which something is recorded, in order.
fn addresses(state: &State) -> Vec<&InstanceAddr> {
    let mut all: Vec<_> = state.resources.keys().chain(state.deposed.keys()).chain(state.data.keys()).collect();
    all.sort();
    all.dedup();
    all
}

/// What a text names, if it is an address.
fn target(text: &str) -> Result<Target, Failure> {
    text.parse().map_err(|error| Failure::from(Diagnostic::error("Invalid address", format!("{error}"))))
}

/// Everything recorded that a text names; that must be something.
fn named(text: &str, state: &State) -> Result<Vec<InstanceAddr>, Failure> {
    let target = target(text)?;
    let all = addresses(state);
    let found: Vec<InstanceAddr> = all.iter().filter(|at| target.matches(at)).map(|at| (*at).clone()).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let known: Vec<String> = all.iter().map(ToString::to_string).collect();
    let hint = did_you_mean(text, known.iter().map(String::as_str));
    let detail = format!("Nothing is recorded at {target}.{hint} podform state list shows what is.");
    Err(Diagnostic::error("No such object in the state", detail).into())
}

/// Refuses to touch what an unanswered call is about.
fn settled<'a>(state: &State, addresses: impl IntoIterator<Item = &'a InstanceAddr>) -> Result<(), Failure> {
    let Some(intent) = addresses.into_iter().find_map(|address| state.open_at(address).next()) else { return Ok(()) };
    let detail = format!(
        "A call for {} has no known outcome yet, so its record must stay where it is. Settle it first: podform recover.",
        intent.address
    );
    Err(Diagnostic::error("Object in doubt", detail).on(&intent.address).into())
}
