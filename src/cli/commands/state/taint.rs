//! `podform taint` and `podform untaint`.

use super::settled;
use crate::address::InstanceAddr;
use crate::cli::commands::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::held::Held;
use crate::cli::state_args::TaintArgs;
use crate::diag::{Diagnostic, did_you_mean};
use crate::state::journal::Event;

/// Marks a recorded instance, so that the next plan replaces it; or takes the mark back.
pub fn run(args: &TaintArgs, taint: bool, context: &mut Context) -> Outcome {
    let address: InstanceAddr = args
        .address
        .parse()
        .map_err(|error| Failure::from(Diagnostic::error("Invalid address", format!("{error}"))))?;
    let mut held = Held::alone(&args.write, if taint { "taint" } else { "untaint" }, context)?;
    let Some(record) = held.state.resources.get(&address) else {
        let known: Vec<String> = held.state.resources.keys().map(ToString::to_string).collect();
        let hint = did_you_mean(&args.address, known.iter().map(String::as_str));
        let detail = format!("Nothing is recorded at {address}.{hint} podform state list shows what is.");
        let summary = "No such resource instance";
        if args.allow_missing {
            context.diags.push(Diagnostic::warning(summary, detail));
            return Ok(Exit::Done);
        }
        return Err(Diagnostic::error(summary, detail).into());
    };
    settled(&held.state, [&address])?;
    let mut record = record.clone();
    match (taint, record.tainted.is_some()) {
        (true, false) => record.tainted = Some("marked with podform taint".to_owned()),
        (true, true) => {}
        (false, true) => record.tainted = None,
        (false, false) => {
            let detail = format!("{address} is not tainted, so there is nothing to take back.");
            return Err(Diagnostic::error("Resource instance is not tainted", detail).into());
        }
    }
    held.write(vec![Event::Recorded { claim: None, address: address.clone(), record: Box::new(record) }])?;
    context.terminal.line(&match taint {
        true => format!("Resource instance {address} has been marked as tainted."),
        false => format!("Resource instance {address} has been successfully untainted."),
    });
    Ok(Exit::Done)
}
