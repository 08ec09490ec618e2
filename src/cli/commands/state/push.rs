//! `podform state push`.

use super::recorded::BILLS;
use crate::cli::beside::beside;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::WriteArgs;
use crate::diag::Diagnostic;
use crate::session::{file_or_pipe, stored, up_to_limit};
use crate::state::{State, StateError, contradictions, decode, decode_edited, losses};
use clap::Args;
use std::path::Path;
use std::path::PathBuf;

/// `state push`.
#[derive(Debug, Args)]
pub struct PushArgs {
    /// The file; "-" for standard input.
    pub file: PathBuf,
    /// Although its lineage, serial or account is another, or machines would be forgotten.
    #[arg(long)]
    pub force: bool,
    /// How it is written.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// Puts a state file in the place of the recorded one. What is not understood is never taken, not even by force.
pub async fn run(args: &PushArgs, context: &mut Context) -> Outcome {
    let path = &*args.file;
    let refuse = |summary: &str, detail: String| Failure::from(Diagnostic::error(summary, detail));
    let name = if path.as_os_str() == "-" { "standard input".into() } else { path.display().to_string() };
    let reading = path.to_owned();
    let text = beside(move || read(&reading)).await.unwrap_or_else(|| Err("there is no thread to be had".to_owned()));
    let text = text.map_err(|error| refuse("State cannot be read", format!("{name} cannot be read: {error}.")))?;
    let read = match decode(&text) {
        // Whoever takes the checksum out says that the edit is meant.
        Err(StateError::Unsealed) => decode_edited(&text),
        other => other,
    };
    let mut next = read.map_err(|error| refuse("State cannot be read", format!("{name}: {}", error.of_an_offer())))?;
    if let Some(what) = contradictions(&next).first() {
        return Err(refuse("State cannot be pushed", format!("{name}: {what}")));
    }
    let mut held = args.write.hold("state push", &mut context.diags).await?;
    if held.state == (State { journal_seq: held.state.journal_seq, ..next.clone() }) {
        held.fold().await?;
        context.terminal.line("The state says this already.");
        return Ok(Exit::Done);
    }
    let lost: Vec<String> = losses(&held.state, &next).iter().map(ToString::to_string).collect();
    if !args.force {
        if let Some(why) = unfit(&held.state, &next) {
            return Err(refuse("State cannot be pushed", format!("{why} To put it there all the same, add -force.")));
        }
        if !lost.is_empty() {
            let detail = format!(
                "{name} does not know {}. What podform does not know goes on billing until somebody finds it with podform orphans, or in the vendor's panel. Begin with podform state pull, or add -force.",
                lost.join(", ")
            );
            return Err(refuse("Machines would be forgotten", detail));
        }
    }
    held.store.put(&mut next).await.map_err(|error| stored::failure(&error))?;
    context.terminal.line(&format!("The state is now that of {name}: serial {}.", next.serial));
    for machine in lost {
        context.terminal.tell(&format!("Forgot {machine}: {BILLS}\n"));
    }
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = match path.as_os_str() == "-" {
        true => up_to_limit(std::io::stdin().lock()),
        false => file_or_pipe(path),
    }?;
    String::from_utf8(bytes).map_err(|_| "it is not valid UTF-8".to_owned())
}

/// Why a state is not a later one of the recorded one: Terraform's checks, and invariant 11.
fn unfit(old: &State, new: &State) -> Option<String> {
    if old.lineage.is_empty() {
        return None;
    }
    if new.lineage != old.lineage {
        return Some(format!(
            "It has lineage {}, and the state here has lineage {}: they are of different fleets.",
            new.lineage, old.lineage
        ));
    }
    if new.serial < old.serial {
        return Some(format!(
            "It has serial {}, and the state here has serial {}: it is older.",
            new.serial, old.serial
        ));
    }
    if new.serial == old.serial {
        return Some(format!(
            "It has serial {} as the state here, but says something else. An edited state needs a higher serial.",
            new.serial
        ));
    }
    match (&old.account, &new.account) {
        (Some(old), new) if new.as_ref() != Some(old) => {
            Some("It is of another account or endpoint than the state here.".to_owned())
        }
        _ => None,
    }
}
