//! `podform instances wait`.

use super::one;
use crate::apply::{TcpConnect, is_as_far};
use crate::cli::context::Context;
use crate::cli::exit::{Failure, Outcome};
use crate::cli::flags::{AccountArgs, VariableArgs};
use crate::cli::waiting::Waiting;
use crate::cloud::Cloud as _;
use crate::cloud::fault::{fault, passes};
use crate::diag::Diagnostic;
use crate::live::{Machine, MachineId, Status};
use crate::schema::instance::{WaitFor, duration};
use crate::simplepod::Client;
use clap::{Args, ValueEnum};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Between looks: as apply looks at first. The last look has as long too, so that it can be answered.
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

/// A machine that is not there yet.
struct Waited {
    id: MachineId,
    /// It is recorded, or was, or the API told of it.
    is_known: bool,
    /// What the last look told.
    why: String,
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
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    let waited = |id| Waited {
        id,
        is_known: at_hand.address_ever(id).is_some(),
        why: "the API did not answer in time".to_owned(),
    };
    let mut left: Vec<Waited> = at_hand.all_machines(&args.machines)?.into_iter().map(waited).collect();
    let (terminal, word) = (&context.terminal, word(args.until));
    opening
        .reaching(&at_hand, async |client| {
            let _waiting = Waiting::at_foot(*terminal, "Waiting");
            let (began, mut told) = (Instant::now(), Instant::now());
            let mut failed = Failure::none();
            loop {
                let last = (began + timeout).max(Instant::now() + PAUSE);
                let looks = left.iter_mut().map(|waited| timeout_at(last, look(client, waited, args.until)));
                let looks = futures::future::join_all(looks).await;
                let passed = began.elapsed();
                let over = passed >= timeout;
                let tells = told.elapsed() >= EVERY;
                if tells {
                    told = Instant::now();
                }
                let mut waiting = Vec::new();
                for (mut waited, stands) in left.into_iter().zip(looks) {
                    let name = one::name(&at_hand, waited.id);
                    let seconds = passed.as_secs();
                    let stands = match stands {
                        Ok(Ok(stands)) => stands,
                        Ok(Err(why)) => {
                            failed.add(why);
                            continue;
                        }
                        Err(_) => Stands::NotYet(waited.why.clone()),
                    };
                    match stands {
                        Stands::There => terminal.line(&format!("{name} is {word} after {seconds}s.")),
                        Stands::Never(why) => {
                            let detail = format!("{name} will not be {word}: {why}.");
                            failed.add(Diagnostic::error("It will not get there", detail));
                        }
                        Stands::NotYet(why) if over => {
                            let detail = format!("{name} is not {word} after {seconds}s: {why}.");
                            let told = Diagnostic::error("Not in time", detail);
                            failed.add(
                                told.with_hint("-timeout waits longer; podform instances logs shows what it does."),
                            );
                        }
                        Stands::NotYet(why) => {
                            if tells {
                                terminal.tell(&format!("{name}: waiting until it is {word}, {seconds}s: {why}\n"));
                            }
                            waited.why = why;
                            waiting.push(waited);
                        }
                    }
                }
                left = waiting;
                if left.is_empty() {
                    return failed.outcome();
                }
                sleep(PAUSE.min(timeout.saturating_sub(passed))).await;
            }
        })
        .await
}

async fn look(client: &Client, waited: &mut Waited, until: For) -> Result<Stands, Diagnostic> {
    let id = waited.id;
    let machine = match client.machine(id).await {
        Ok(machine) => machine,
        Err(error) if passes(&error) => return Ok(Stands::NotYet(format!("the last look failed: {error}"))),
        Err(error) => return Err(fault(&format!("Waiting for machine {id}"), &error)),
    };
    waited.is_known |= machine.is_some();
    // One that never was would be gone at once, and a mistyped id would pass for a release.
    if !waited.is_known {
        return Err(one::unknown(id));
    }
    let machine = machine.filter(|machine| !machine.is_gone());
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
