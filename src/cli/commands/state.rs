//! `podform state list`, `show` and `rm`.

use super::Context;
use crate::address::{InstanceAddr, Target};
use crate::cli::account::state_dir;
use crate::cli::args::StateCommand;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::stored;
use crate::diag::{Diagnostic, did_you_mean};
use crate::render::record_text;
use crate::schema::INSTANCE;
use crate::state::journal::Event;
use crate::state::{Record, State};
use crate::store::Store;
use std::time::Duration;

/// Looks into the state.
pub fn run(command: &StateCommand, context: &Context) -> Outcome {
    match command {
        StateCommand::List { addresses, place } => list(addresses, place.sandbox, context),
        StateCommand::Rm { addresses, place } => forget(addresses, place.sandbox, context),
        StateCommand::Show { address, place } => show(address, place.sandbox, context),
    }
}

fn list(addresses: &[String], sandbox: bool, context: &Context) -> Outcome {
    let state = stored::read(&state_dir(sandbox))?;
    let targets: Result<Vec<Target>, _> = addresses.iter().map(|text| text.parse::<Target>()).collect();
    let targets = targets.map_err(|error| Failure::from(Diagnostic::error("Invalid address", error.to_string())))?;
    let mut addresses: Vec<&InstanceAddr> = state.resources.keys().chain(state.data.keys()).collect();
    addresses.sort();
    for address in addresses {
        if targets.is_empty() || targets.iter().any(|target| target.matches(address)) {
            context.terminal.line(&address.to_string());
        }
    }
    Ok(Exit::Done)
}

/// All of them, or none where one is not recorded.
fn forget(addresses: &[String], sandbox: bool, context: &Context) -> Outcome {
    let failed = |error| stored::failure(&error);
    let mut store = Store::new(state_dir(sandbox)).lock("state rm", Duration::ZERO).map_err(failed)?;
    let mut state = store.load().map_err(failed)?.state;
    let mut events = Vec::new();
    for text in addresses {
        let address = recorded(text, &state)?;
        let id = state.resources.get(&address).and_then(Record::id);
        context.terminal.line(&format!("Removed {address}"));
        if let Some(id) = id.filter(|_| address.resource.kind == INSTANCE) {
            context.terminal.tell(&format!(
                "The machine {id} is not released: it goes on billing until somebody releases it in the vendor's panel.\n"
            ));
        }
        events.push(Event::Removed { claim: None, address, deposed: None });
    }
    store.append(&events).map_err(failed)?;
    events.into_iter().for_each(|event| state.apply(event));
    store.snapshot(&mut state).map_err(failed)?;
    Ok(Exit::Done)
}

fn show(text: &str, sandbox: bool, context: &Context) -> Outcome {
    let state = stored::read(&state_dir(sandbox))?;
    let address = recorded(text, &state)?;
    if let Some(record) = state.resources.get(&address) {
        context.terminal.print(&record_text(&address, record, context.terminal.out));
    }
    Ok(Exit::Done)
}

/// The address that a text names, if something is recorded there.
fn recorded(text: &str, state: &State) -> Result<InstanceAddr, Failure> {
    let address: InstanceAddr =
        text.parse().map_err(|error| Failure::from(Diagnostic::error("Invalid address", format!("{error}"))))?;
    if state.resources.contains_key(&address) {
        return Ok(address);
    }
    let known: Vec<String> = state.resources.keys().map(ToString::to_string).collect();
    let hint = did_you_mean(text, known.iter().map(String::as_str));
    let detail = format!("Nothing is recorded at {address}.{hint} podform state list shows what is.");
    Err(Diagnostic::error("No such object in the state", detail).into())
}
