//! `podform ssh`, `podform ssh-config` and `podform exec`: shells on machines. ssh itself makes the connection.

mod config;
mod exec;
mod way;

pub use config::{SshConfigArgs, run as config, update};
pub use exec::{ExecArgs, run as exec};

use crate::cli::commands::instances;
use crate::cli::context::Context;
use crate::cli::exit::{Failure, Outcome};
use crate::cli::flags::{AccountArgs, VariableArgs};
use crate::cli::waiting::Waiting;
use crate::diag::Diagnostic;
use clap::Args;
use std::process::Command;
use way::{LoginArgs, account_of, way};

/// `ssh`.
#[derive(Debug, Args)]
pub struct SshArgs {
    /// The machine: its id, or the address where it is recorded.
    #[arg(value_name = "ADDRESS|ID")]
    pub machine: String,
    /// A command to run there instead of a shell, after `--`.
    #[arg(value_name = "COMMAND", last = true)]
    pub command: Vec<String>,
    /// As whom.
    #[command(flatten)]
    pub login: LoginArgs,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// Becomes ssh: what it ends with is the exit code.
pub async fn run(args: &SshArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    let id = instances::id(&at_hand, &args.machine)?;
    let way = opening
        .reaching(&at_hand, async |client| {
            let _waiting = Waiting::reading(context.terminal);
            let account = account_of(&at_hand, args.account.sandbox, client);
            way(client, &account, id, &instances::name(&at_hand, id)).await
        })
        .await?;
    let mut ssh = Command::new("ssh");
    ssh.args(args.login.words(&way)).args(&args.command);
    Err(become_it(ssh))
}

/// Only where it cannot be started there is an end to tell of.
#[cfg(unix)]
fn become_it(mut ssh: Command) -> Failure {
    use std::os::unix::process::CommandExt;
    not_started(&ssh.exec())
}

#[cfg(not(unix))]
fn become_it(mut ssh: Command) -> Failure {
    match ssh.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(255)),
        Err(error) => not_started(&error),
    }
}

fn not_started(error: &std::io::Error) -> Failure {
    let told = Diagnostic::error("No ssh", format!("The program ssh cannot be started: {error}."));
    told.with_hint("Install OpenSSH's client, or see that its directory is in PATH.").into()
}
