//! `podform state list`, `show` and `pull`.

use super::recorded::{addresses, named};
use crate::address::InstanceAddr;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::StateArgs;
use crate::diag::Diagnostic;
use crate::render::{data_text, record_text};
use crate::state::{Attributes, Record, State, encode};
use clap::Args;
use serde_json::Value as Json;

/// `state list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only these resources, instances or modules.
    pub addresses: Vec<String>,
    /// Only the object with this id.
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// `state show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Its address.
    pub address: String,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// `state pull`.
#[derive(Debug, Args)]
pub struct PullArgs {
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// Every address, or those that are named, one a line.
pub async fn list(args: &ListArgs, context: &Context) -> Outcome {
    let (texts, id) = (&args.addresses, args.id.as_deref());
    let state = args.place.read().await?;
    if state.lineage.is_empty() {
        let detail = "There is no state here yet: the first apply makes it.";
        let other = "Run the command in the directory of the fleet, or name its state with -state.";
        let hint = args.place.hint(&state).unwrap_or(other);
        return Err(Diagnostic::error("No state was found", detail).with_hint(hint).into());
    }
    let mut wanted = Vec::new();
    for text in texts {
        wanted.extend(named(text, &state)?);
    }
    let has = |attributes: &Attributes| match (id, attributes.get("id")) {
        (None, _) => true,
        (Some(id), Some(Json::String(own))) => own == id,
        (Some(id), Some(Json::Number(own))) => own.as_str() == id,
        (Some(_), _) => false,
    };
    for address in addresses(&state).into_iter().filter(|at| texts.is_empty() || wanted.contains(at)) {
        let own = state.resources.get(address).map(|record| &record.attributes).or(state.data.get(address));
        // As Terraform does it: each line is an address. show tells what stands there.
        if own.into_iter().chain(deposed(&state, address).map(|(_, record)| &record.attributes)).any(has) {
            context.terminal.line(&address.to_string());
        }
    }
    Ok(Exit::Done)
}

/// All that is recorded at one address.
pub async fn show(args: &ShowArgs, context: &Context) -> Outcome {
    let state = args.place.read().await?;
    let text = &args.address;
    let found = named(text, &state)?;
    let [address] = found.as_slice() else {
        let names: Vec<String> = found.iter().map(ToString::to_string).collect();
        let detail = format!("\"{text}\" names {} objects; show one of them: {}.", found.len(), names.join(", "));
        return Err(Failure::from(Diagnostic::error("More than one object", detail)));
    };
    let style = context.terminal.out;
    let own = state.resources.get(address).map(|record| record_text(address, None, record, style));
    let data = state.data.get(address).map(|attributes| data_text(address, attributes, style));
    let others = deposed(&state, address).map(|(key, record)| record_text(address, Some(key), record, style));
    let all: Vec<String> = own.into_iter().chain(data).chain(others).collect();
    context.terminal.print(&all.join("\n"));
    Ok(Exit::Done)
}

/// The text of the state as a snapshot would write it; nothing for no state.
pub async fn pull(args: &PullArgs, context: &Context) -> Outcome {
    let state = args.place.read().await?;
    if state.lineage.is_empty() {
        context.terminal.tell("Nothing is recorded yet.\n");
    } else {
        context.terminal.print(&encode(&state));
    }
    Ok(Exit::Done)
}

fn deposed<'a>(state: &'a State, address: &InstanceAddr) -> impl Iterator<Item = (&'a str, &'a Record)> {
    state.deposed.get(address).into_iter().flatten().map(|(key, record)| (key.as_str(), &**record))
}
