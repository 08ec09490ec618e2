//! `podform exec`: one command on many machines, side by side.

use super::not_started;
use super::way::{LoginArgs, Way, account_of, way};
use crate::cli::commands::instances;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, VariableArgs};
use crate::cli::terminal::Terminal;
use crate::cli::waiting::Waiting;
use crate::diag::{Diagnostic, Diagnostics};
use crate::live::MachineId;
use crate::render::harmless_line;
use clap::Args;
use futures::{StreamExt as _, stream};
use std::io;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::Command;

/// `exec`.
#[derive(Debug, Args)]
pub struct ExecArgs {
    /// The machines: ids, addresses, or addresses of whole blocks and modules.
    #[arg(value_name = "ADDRESS|ID", required = true)]
    pub machines: Vec<String>,
    /// The command, after `--`.
    #[arg(value_name = "COMMAND", last = true, required = true)]
    pub command: Vec<String>,
    /// On so many machines at once.
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u16).range(1..))]
    pub parallelism: u16,
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

/// Runs it on all of them, and says of each where it failed. Exit code 1 where one did.
pub async fn run(args: &ExecArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    let ids = at_hand.all_machines(&args.machines)?;
    let named: Vec<(MachineId, String)> = ids.into_iter().map(|id| (id, instances::name(&at_hand, id))).collect();
    let ways: Vec<Result<Way, Failure>> = opening
        .reaching::<_, Failure>(&at_hand, async |client| {
            let _waiting = Waiting::reading(context.terminal);
            let account = account_of(&at_hand, args.account.sandbox, client);
            let looks = named.iter().map(|(id, name)| way(client, &account, *id, name));
            Ok(futures::future::join_all(looks).await)
        })
        .await?;
    let terminal = &context.terminal;
    let runs = ways.into_iter().zip(&named).map(async |(way, (_, name))| run_at(way?, name, args, terminal).await);
    let ended: Vec<Result<(), Failure>> = stream::iter(runs).buffered(args.parallelism.into()).collect().await;
    let mut failed = Diagnostics::new();
    ended.into_iter().filter_map(Result::err).for_each(|failure| failed.extend(failure.diags));
    if failed.is_empty() { Ok(Exit::Done) } else { Err(failed.into()) }
}

/// Nobody can answer a question there, so none is asked.
async fn run_at(way: Way, name: &str, args: &ExecArgs, terminal: &Terminal) -> Result<(), Failure> {
    let mut ssh = Command::new("ssh");
    ssh.args(["-o", "BatchMode=yes", "-T"]).args(args.login.words(&way)).args(&args.command);
    ssh.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = ssh.spawn().map_err(|error| not_started(&error))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let print = lines(out, |line| terminal.line(&format!("{name}: {line}")));
    let tell = lines(err, |line| terminal.tell(&format!("{name}: {line}\n")));
    let (printed, told, status) = futures::join!(print, tell, child.wait());
    let ended = match status {
        Ok(status) if status.success() => match printed.and(told) {
            Ok(()) => return Ok(()),
            Err(error) => format!("what it prints cannot be read to its end: {error}"),
        },
        Ok(status) => match status.code() {
            // What ssh itself ends with where there is no connection (ssh(1), "exit status").
            Some(255) => "ssh reached no shell there (exit code 255)".to_owned(),
            Some(code) => format!("the command ended with {code}"),
            None => "ssh was ended by a signal".to_owned(),
        },
        Err(error) => format!("what became of ssh is not known: {error}"),
    };
    Err(Diagnostic::error("Command failed", format!("{name}: {ended}.")).into())
}

/// The most bytes of a line: a command may print without end and without a line break.
const LONGEST: usize = 64 << 10;

/// Each line as it comes, without what a terminal would obey. One that is too long is told in parts, a mark behind each that
/// goes on.
async fn lines(from: Option<impl AsyncRead + Unpin>, mut tell: impl FnMut(&str)) -> io::Result<()> {
    let Some(from) = from else { return Ok(()) };
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        let room = LONGEST.saturating_sub(line.len());
        let ended = (&mut from).take(room as u64).read_until(b'\n', &mut line).await? == 0;
        if ended && line.is_empty() {
            return Ok(());
        }
        let goes_on = !ended && line.len() >= LONGEST && !line.ends_with(b"\n");
        let whole = match std::str::from_utf8(&line) {
            // The edge cuts a character: its beginning stands before what follows.
            Err(cut) if goes_on && cut.error_len().is_none() => cut.valid_up_to(),
            _ => line.len(),
        };
        let rest = line.split_off(whole);
        let text = harmless_line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
        tell(&if goes_on { format!("{text} [the line goes on]") } else { text });
        line = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(printed: &[u8]) -> Vec<String> {
        let mut told = Vec::new();
        lines(Some(printed), |line| told.push(line.to_owned())).await.expect("memory can be read");
        told
    }

    #[tokio::test]
    async fn a_line_without_end_is_told_in_parts() {
        assert_eq!(told(b"a\r\n\nb\x1b").await, ["a", "", "b\\u{1b}"]);
        let endless = format!("x{}\nnext\n", "é".repeat(LONGEST));
        let parts = told(endless.as_bytes()).await;
        assert_eq!(parts.last().map(String::as_str), Some("next"));
        let mark = " [the line goes on]";
        assert!(parts.iter().all(|part| part.len() <= LONGEST + mark.len()));
        assert_eq!(parts.iter().filter(|part| part.ends_with(mark)).count(), 2);
        let whole: String = parts.iter().map(|part| part.trim_end_matches(mark)).collect();
        assert_eq!(whole, endless.replace('\n', ""));
    }
}
