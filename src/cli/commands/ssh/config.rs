//! `podform ssh-config`: a file for ssh, from what is recorded. It asks the API nothing.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::{AccountArgs, VariableArgs};
use crate::diag::{Diagnostic, Diagnostics};
use crate::render::{quoted, ssh_config};
use crate::session::{Choice, stored};
use crate::store::local::write_private;
use clap::Args;
use std::path::Path;

/// Its name, beside the state.
const FILE: &str = "ssh_config";

/// `ssh-config`.
#[derive(Debug, Args)]
pub struct SshConfigArgs {
    /// Write it beside the state, where apply, destroy and refresh keep it up to date from then on.
    #[arg(long)]
    pub write: bool,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// Prints it, or writes it and says how ssh gets to know of it.
pub async fn run(args: &SshConfigArgs, context: &mut Context) -> Outcome {
    let (_, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    let text = ssh_config(&at_hand.state);
    if !args.write {
        context.terminal.print(&text);
        return Ok(Exit::Done);
    }
    let path = args.account.choice().place().beside(FILE)?;
    write(&path, &text)?;
    let whole = std::path::absolute(&path).unwrap_or(path);
    context.terminal.line(&format!(
        "Written. In ~/.ssh/config, before any Host, stands:\nInclude {}",
        quoted(&whole.display().to_string())
    ));
    Ok(Exit::Done)
}

/// Writes it anew where it was written once. What is wrong with it harms nothing else: a warning tells of it.
pub async fn update(choice: &Choice, diags: &mut Diagnostics) {
    // What is wrong with the state was told.
    let Ok(path) = choice.place().beside(FILE) else { return };
    if !path.is_file() {
        return;
    }
    let written = match stored::read(&choice.place()).await {
        Ok((state, _)) => write(&path, &ssh_config(&state)),
        Err(_) => return,
    };
    if let Err(why) = written {
        diags.push(Diagnostic::warning("The configuration of ssh is old", why.text()));
    }
}

fn write(path: &Path, text: &str) -> Result<(), Diagnostic> {
    if let Some(directory) = path.parent() {
        let made = std::fs::create_dir_all(directory);
        made.map_err(|error| unwritten(path, &error.to_string()))?;
    }
    write_private(path, text.as_bytes()).map_err(|error| unwritten(path, &error.to_string()))
}

fn unwritten(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::error("Not written", format!("{}: {why}.", path.display()))
}
