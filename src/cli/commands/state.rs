//! `podform state list` and `podform state show`.

use super::Context;
use crate::address::InstanceAddr;
use crate::cli::account::state_dir;
use crate::cli::args::StateCommand;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::stored;
use crate::diag::{Diagnostic, did_you_mean};
use crate::plan::Target;
use crate::render::record_text;

/// Looks into the state.
pub fn run(command: &StateCommand, context: &Context) -> Outcome {
    match command {
        StateCommand::List { addresses, sandbox } => list(addresses, *sandbox, context),
        StateCommand::Show { address, sandbox } => show(address, *sandbox, context),
    }
}

fn list(addresses: &[String], sandbox: bool, context: &Context) -> Outcome {
    let state = stored::read(&state_dir(sandbox))?;
    let targets: Result<Vec<Target>, _> = addresses.iter().map(|text| text.parse::<Target>()).collect();
    let targets = targets.map_err(|error| Failure::from(Diagnostic::error("Invalid address", error.to_string())))?;
    for address in state.resources.keys() {
        if targets.is_empty() || targets.iter().any(|target| target.matches(address)) {
            context.terminal.line(&address.to_string());
        }
    }
    Ok(Exit::Done)
}

fn show(text: &str, sandbox: bool, context: &Context) -> Outcome {
    let state = stored::read(&state_dir(sandbox))?;
    let refuse = |detail: String| Failure::from(Diagnostic::error("No such object in the state", detail));
    let address: InstanceAddr =
        text.parse().map_err(|error| Failure::from(Diagnostic::error("Invalid address", format!("{error}"))))?;
    let record = state.resources.get(&address).ok_or_else(|| {
        let known: Vec<String> = state.resources.keys().map(ToString::to_string).collect();
        let hint = did_you_mean(text, known.iter().map(String::as_str));
        refuse(format!("Nothing is recorded at {address}.{hint} podform state list shows what is."))
    })?;
    context.terminal.print(&record_text(&address, record, context.terminal.out));
    Ok(Exit::Done)
}
