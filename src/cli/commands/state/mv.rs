//! `podform state mv`.

use super::recorded::{addresses, named, settled, target};
use crate::address::{InstanceAddr, Mode, Target};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::WriteArgs;
use crate::config::readdress;
use crate::diag::Diagnostic;
use crate::render::count;
use crate::state::State;
use crate::state::journal::Event;
use clap::Args;

/// `state mv`.
#[derive(Debug, Args)]
pub struct MvArgs {
    /// A module, a resource or one instance.
    pub source: String,
    /// What it is called from now on.
    pub destination: String,
    /// Only say what would be moved.
    #[arg(long)]
    pub dry_run: bool,
    /// How it is written.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// Gives everything that the first address names the second one. All of it, or nothing.
pub async fn run(args: &MvArgs, context: &mut Context) -> Outcome {
    let mut held = args.write.hold("state mv", &mut context.diags).await?;
    let moves = moves(&args.source, &args.destination, &held.state)?;
    settled(&held.state, moves.iter().flat_map(|(from, to)| [from, to]))?;
    let verb = if args.dry_run { "Would move" } else { "Move" };
    for (from, to) in &moves {
        context.terminal.line(&format!("{verb} {from} to {to}"));
    }
    if args.dry_run {
        return Ok(Exit::Done);
    }
    let moved = count(moves.len(), "object");
    held.write(moves.into_iter().map(|(from, to)| Event::Moved { from, to }).collect()).await?;
    context.terminal.line(&format!("Successfully moved {moved}."));
    Ok(Exit::Done)
}

/// Each recorded address and the one that it gets.
fn moves(source: &str, destination: &str, state: &State) -> Result<Vec<(InstanceAddr, InstanceAddr)>, Failure> {
    let refuse = |summary: &str, why: String| {
        Err(Failure::from(Diagnostic::error(summary, format!("Cannot move {source} to {destination}: {why}"))))
    };
    let (from, to) = (target(source)?, target(destination)?);
    match (&from, &to) {
        (Target::Module(_), Target::Module(_)) => {}
        (Target::Module(_), _) => {
            return refuse("Invalid target address", "the target must also be a module.".into());
        }
        (Target::Resource(_), Target::Module(_)) => {
            let why = "the target must also be a resource, or an instance of one.";
            return refuse("Invalid target address", why.into());
        }
        (Target::Resource(a), Target::Resource(b)) if a.resource.mode != b.resource.mode => {
            let what = if a.resource.mode == Mode::Managed { "a managed resource" } else { "a data source" };
            return refuse("Invalid state move request", format!("{what} can move only to the address of another."));
        }
        (Target::Resource(a), Target::Resource(b)) if a.resource.kind != b.resource.kind => {
            return refuse("Invalid state move request", "resource types don't match.".into());
        }
        _ => {}
    }
    let recorded = named(source, state)?;
    let moves: Vec<(InstanceAddr, InstanceAddr)> =
        recorded.into_iter().filter_map(|at| readdress(&[], (&from, &to), &at).map(|new| (at, new))).collect();
    if moves.is_empty() {
        let why = "the source is a whole resource or module, or another instance, so the target must be that too.";
        return refuse("Invalid target address", why.into());
    }
    let known = addresses(state);
    match moves.iter().find(|(_, new)| known.contains(&new)) {
        Some((_, taken)) => refuse(
            "Invalid target address",
            format!("something is recorded at {taken} already. podform state list shows it."),
        ),
        None => Ok(moves),
    }
}
