//! `podform instances wait`.

use super::one;
use crate::apply::{TcpConnect, is_as_far};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, VariableArgs};
use crate::cloud::Cloud as _;
use crate::cloud::fault::{fault, passes};
use crate::diag::{Diagnostic, Diagnostics};
use crate::live::{Machine, MachineId, Status};
use crate::schema::instance::{WaitFor, duration};
use crate::simplepod::Client;
use clap::{Args, ValueEnum};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between looks: as apply looks at first.
const PAUSE: Duration = Duration::from_secs(2);
/// Between lines of progress: as apply's.
const EVERY: Duration = Duration::from_secs(10);

/// What is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum For {
    /// Its status is running.
    #[default]
    Running,
    /// It runs, and every direct port accepts a connection from here.
    Ready,
    /// It is gone.
    Gone,
}

/// `instances wait`.
#[derive(Debug, Args)]
pub struct WaitArgs {
    /// The machines: ids, or addresses where they are recorded.
    #[arg(value_name = "ADDRESS|ID", required = true)]
    pub machines: Vec<String>,
    /// What for.
    #[arg(long = "for", value_enum, default_value_t)]
    pub until: For,
    /// How long, like "30s" or "1h30m".
    #[arg(long, value_name = "DURATION", default_value = "20m")]
    pub timeout: String,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// How far a machine is.
enum Stands {
    /// As far as it should be.
    There,
    /// Not yet, and why.
    NotYet(String),
    /// It will not get there.
    Never(String),
}

/// Waits for all of them. Exit code 1 where one does not get there in time, or never will.
pub async fn run(args: &WaitArgs, context: &mut Context) -> Outcome {
    let timeout = duration(&args.timeout).ok_or_else(|| {
        let detail = format!("\"{}\" is no duration. Write it like \"30s\" or \"1h30m\".", args.timeout);
        Failure::from(Diagnostic::error("Invalid -timeout", detail))
    })?;
    let opening = args.variables.opening(args.account.choice(), 0);
    let at_hand = opening.at_hand(&mut context.sources, &mut context.diags).await?;
    let mut left = at_hand.all_machines(&args.machines)?;
    let (terminal, word) = (&context.terminal, word(args.until));
    opening
        .reaching(&at_hand, async |client| {
            let (began, mut told) = (Instant::now(), Instant::now());
            let mut failed = Diagnostics::new();
            loop {
                let looks = futures::future::join_all(left.iter().map(|id| look(client, *id, args.until))).await;
                let passed = began.elapsed();
                let over = passed >= timeout;
                let tells = told.elapsed() >= EVERY;
                if tells {
                    told = Instant::now();
                }
                let mut waiting = Vec::new();
                for (id, stands) in left.into_iter().zip(looks) {
                    let name = one::name(&at_hand, id);
                    let seconds = passed.as_secs();
                    match stands? {
                        Stands::There => terminal.line(&format!("{name} is {word} after {seconds}s.")),
                        Stands::Never(why) => {
                            let detail = format!("{name} will not be {word}: {why}.");
                            failed.push(Diagnostic::error("It will not get there", detail));
                        }
                        Stands::NotYet(why) if over => {
                            let detail = format!("{name} is not {word} after {seconds}s: {why}.");
                            let told = Diagnostic::error("Not in time", detail);
                            failed.push(
                                told.with_hint("-timeout waits longer; podform instances logs shows what it does."),
                            );
                        }
                        Stands::NotYet(why) => {
                            if tells {
                                terminal.tell(&format!("{name}: waiting until it is {word}, {seconds}s: {why}\n"));
                            }
                            waiting.push(id);
                        }
                    }
                }
                left = waiting;
                if left.is_empty() {
                    return if failed.is_empty() { Ok(Exit::Done) } else { Err(failed.into()) };
                }
                sleep(PAUSE.min(timeout.saturating_sub(passed))).await;
            }
        })
        .await
}

async fn look(client: &Client, id: MachineId, until: For) -> Result<Stands, Failure> {
    let machine = match client.machine(id).await {
        Ok(machine) => machine.filter(|machine| !machine.is_gone()),
        Err(error) if passes(&error) => return Ok(Stands::NotYet(format!("the last look failed: {error}"))),
        Err(error) => return Err(fault(&format!("Waiting for machine {id}"), &error).into()),
    };
    let wait_for = match until {
        For::Running => WaitFor::Running,
        For::Ready => WaitFor::Ready,
        For::Gone => {
            return Ok(machine.map_or(Stands::There, |machine| Stands::NotYet(status(&machine))));
        }
    };
    let Some(machine) = machine else { return Ok(Stands::Never("it is gone".to_owned())) };
    Ok(match is_as_far(client, &TcpConnect, &machine, wait_for).await {
        Ok(true) => Stands::There,
        Ok(false) if machine.status.as_ref().is_some_and(Status::is_running) => {
            Stands::NotYet(format!("{}, and not every port accepts a connection yet", status(&machine)))
        }
        Ok(false) => Stands::NotYet(status(&machine)),
        Err(why) => Stands::Never(why),
    })
}

fn status(machine: &Machine) -> String {
    machine
        .status
        .as_ref()
        .map_or_else(|| "its status is not told".to_owned(), |status| format!("its status is {status}"))
}

fn word(until: For) -> &'static str {
    match until {
        For::Running => "running",
        For::Ready => "ready",
        For::Gone => "gone",
    }
}
