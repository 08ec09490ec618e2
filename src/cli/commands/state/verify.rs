//! `podform state verify`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::StateArgs;
use crate::diag::Diagnostic;
use crate::render::count;
use crate::session::stored;
use crate::state::{FileFault, Verdict, verify};
use clap::Args;
use serde_json::json;

/// `state verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// Tells everything that is wrong, each with its file; exit 1 where something is. Writes nothing, needs no lock.
pub async fn run(args: &VerifyArgs, context: &mut Context) -> Outcome {
    let remains = args.place.store()?.remains().await.map_err(|error| stored::failure(&error))?;
    let Verdict { faults, notes } = verify(&remains);
    let exit = if faults.is_empty() { Exit::Done } else { Exit::Error };
    if args.json {
        let all = |all: &[FileFault], word: &str| -> Vec<_> {
            all.iter().map(|found| json!({ "file": found.file, word: found.what })).collect()
        };
        let told = json!({ "valid": faults.is_empty(), "faults": all(&faults, "fault"), "notes": all(&notes, "note") });
        context.terminal.line(&format!("{told:#}"));
        return Ok(exit);
    }
    if faults.is_empty() {
        let backups = count(remains.backups.len(), "backup");
        context.terminal.line(&format!("State, journal and {backups} hold together."));
    }
    for note in notes {
        context.terminal.line(&format!("{}: {}", note.file, note.what));
    }
    for fault in faults {
        context.diags.push(Diagnostic::error("State is damaged", format!("{}: {}", fault.file, fault.what)));
    }
    Ok(exit)
}
