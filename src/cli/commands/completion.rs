//! `podform completion`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use clap::{Args, ValueEnum};

/// Shells that ask podform what can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bash, from 4.4 on.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
    /// Elvish.
    Elvish,
    /// PowerShell.
    Powershell,
}

/// `completion`.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// Whose script.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the script that a shell loads. What can follow stands not in it: it asks the program, so that it knows the
/// addresses of the fleet at hand and needs no renewal.
pub fn run(args: &CompletionArgs, context: &Context) -> Outcome {
    context.terminal.print(match args.shell {
        Shell::Bash => include_str!("../completing/podform.bash"),
        Shell::Zsh => include_str!("../completing/podform.zsh"),
        Shell::Fish => include_str!("../completing/podform.fish"),
        Shell::Elvish => include_str!("../completing/podform.elv"),
        Shell::Powershell => include_str!("../completing/podform.ps1"),
    });
    Ok(Exit::Done)
}
