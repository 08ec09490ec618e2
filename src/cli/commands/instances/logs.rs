//! `podform instances logs`.

use super::one;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::{AccountArgs, VariableArgs};
use crate::cli::waiting::Waiting;
use crate::cloud::Cloud as _;
use crate::cloud::fault::{fault, passes};
use crate::live::console::{GAP, PAUSE};
use crate::live::{Machine, MachineId, Tail};
use crate::simplepod::Client;
use clap::Args;
use serde_json::json;
use tokio::time::sleep;

/// `instances logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The machine: its id, or the address where it is recorded.
    #[arg(value_name = "ADDRESS|ID")]
    pub machine: String,
    /// The system's console: pulling the image, starting the container.
    #[arg(long)]
    pub system: bool,
    /// Look again every few seconds, and print what is new, until the machine is gone.
    #[arg(long)]
    pub follow: bool,
    /// Only the last lines.
    #[arg(long, value_name = "N")]
    pub tail: Option<usize>,
    /// Print JSON: both consoles.
    #[arg(long, conflicts_with_all = ["follow", "system", "tail"])]
    pub json: bool,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

impl LogsArgs {
    fn console<'a>(&self, machine: &'a Machine) -> &'a str {
        let console = if self.system { &machine.console_system } else { &machine.console };
        console.as_deref().unwrap_or_default()
    }
}

/// Prints a console, decoded and without what acts on a terminal.
pub async fn run(args: &LogsArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    let id = one::id(&at_hand, &args.machine)?;
    opening
        .reaching(&at_hand, async |client| {
            let waiting = Waiting::reading(context.terminal);
            let machine = one::read(client, id).await?;
            drop(waiting);
            if args.json {
                let Machine { console, console_system, .. } = &machine;
                let json = json!({"format_version": "1.0", "id": id.to_string(), "console": console, "console_system": console_system});
                context.terminal.json(&json.to_string());
                return Ok(Exit::Done);
            }
            let mut tail = Tail::default();
            let mut lines = tail.look(args.console(&machine)).lines;
            if !args.follow {
                lines.extend(tail.rest());
            }
            let skipped = args.tail.map_or(0, |most| lines.len().saturating_sub(most));
            lines[skipped..].iter().for_each(|line| context.terminal.line(line));
            if !args.follow && lines.is_empty() {
                context.terminal.tell(&format!("The console of {} is empty.\n", one::name(&at_hand, id)));
            }
            match args.follow {
                true => follow((client, id), tail, args, &one::name(&at_hand, id), context).await,
                false => Ok(Exit::Done),
            }
        })
        .await
}

/// Prints what is new until the machine is gone; an interrupt ends it.
async fn follow(
    (client, id): (&Client, MachineId),
    mut tail: Tail,
    args: &LogsArgs,
    name: &str,
    context: &Context,
) -> Outcome {
    let terminal = &context.terminal;
    let mut answers = true;
    loop {
        sleep(PAUSE).await;
        let read = client.machine(id).await;
        let machine = match read {
            Ok(machine) => machine.filter(|machine| !machine.is_gone()),
            Err(error) if passes(&error) => {
                if answers {
                    terminal.tell(&format!("{error}. Looking again until it answers.\n"));
                }
                answers = false;
                continue;
            }
            Err(error) => return Err(fault(&format!("Reading the console of {name}"), &error).into()),
        };
        answers = true;
        let Some(machine) = machine else {
            tail.rest().iter().for_each(|line| terminal.line(line));
            terminal.tell(&format!("{name} is gone.\n"));
            return Ok(Exit::Done);
        };
        let news = tail.look(args.console(&machine));
        if news.gap {
            terminal.tell(&format!("{GAP}\n"));
        }
        news.lines.iter().for_each(|line| terminal.line(line));
    }
}
