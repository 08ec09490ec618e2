//! `podform taint` and `podform untaint`.

use super::recorded::settled;
use crate::address::{InstanceAddr, Mode};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::WriteArgs;
use crate::diag::{Diagnostic, did_you_mean};
use crate::state::Record;
use crate::state::State;
use crate::state::journal::Event;
use clap::Args;
use std::sync::Arc;

/// `taint` and `untaint`.
#[derive(Debug, Args)]
pub struct TaintArgs {
    /// One instance.
    pub address: String,
    /// It is no error where nothing is recorded there.
    #[arg(long)]
    pub allow_missing: bool,
    /// How it is written.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// Marks a recorded instance, so that the next plan replaces it; or takes the mark back.
pub async fn run(args: &TaintArgs, taint: bool, context: &mut Context) -> Outcome {
    let address: InstanceAddr = args
        .address
        .parse()
        .map_err(|error| Failure::from(Diagnostic::error("Invalid address", format!("{error}"))))?;
    let word = if taint { "tainted" } else { "untainted" };
    if address.resource.mode == Mode::Data {
        let detail = format!("Resource instance {address} cannot be {word}: data sources are read anew by every plan.");
        return Err(Diagnostic::error("Not a managed resource", detail).into());
    }
    let mut held = args.write.hold(if taint { "taint" } else { "untaint" }, &mut context.diags).await?;
    let Some(record) = held.state.resources.get(&address) else {
        let hint = hint(&args.address, &address, &held.state);
        let summary = "No such resource instance";
        if args.allow_missing {
            let detail = format!(
                "Resource instance {address} was not found, but this is not an error because -allow-missing was set.{hint}"
            );
            context.diags.push(Diagnostic::warning(summary, detail));
            return Ok(Exit::Done);
        }
        let detail = format!(
            "There is no resource instance in the state with the address {address}.{hint} If it was just added to the configuration, run podform apply once before it can be {word}; podform state list shows what is recorded."
        );
        return Err(Diagnostic::error(summary, detail).into());
    };
    settled(&held.state, [&address])?;
    let mut record = Record::clone(record);
    match (taint, record.tainted.is_some()) {
        (true, false) => record.tainted = Some("marked with podform taint".to_owned()),
        (true, true) => {}
        (false, true) => record.tainted = None,
        (false, false) => {
            let detail =
                format!("Resource instance {address} is not currently tainted, and so it cannot be untainted.");
            return Err(Diagnostic::error("Resource instance is not tainted", detail).into());
        }
    }
    held.write(vec![Event::Recorded { claim: None, address: address.clone(), record: Arc::new(record) }]).await?;
    context.terminal.line(&match taint {
        true => format!("Resource instance {address} has been marked as tainted."),
        false => format!("Resource instance {address} has been successfully untainted."),
    });
    Ok(Exit::Done)
}

/// What may have been meant.
fn hint(text: &str, address: &InstanceAddr, state: &State) -> String {
    let instances = state.resources.keys().filter(|at| at.resource == address.resource);
    let instances: Vec<String> = instances.take(5).map(ToString::to_string).collect();
    if !instances.is_empty() {
        return format!(" Recorded of it: {}.", instances.join(", "));
    }
    let known: Vec<String> = state.resources.keys().map(ToString::to_string).collect();
    did_you_mean(text, known.iter().map(String::as_str))
}
