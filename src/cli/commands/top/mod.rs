//! `podform top`.

mod look;

use crate::apply::Cancel;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, LockArgs, VariableArgs, pause};
use crate::cli::logs;
use crate::cli::rebooting::STOPPED;
use crate::cli::screen::{Screen, is_there};
use crate::diag::{Diagnostic, Diagnostics};
use crate::render::top::{Event, Model, Todo, Work, draw};
use crate::session::{AtHand, Locking, Reach};
use clap::Args;
use futures::stream::{FuturesUnordered, StreamExt as _};
use look::Done;
use ratatui::crossterm::event::{Event as Told, KeyEventKind};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// The age of what is shown is told in seconds.
const SECOND: Duration = Duration::from_secs(1);

/// `top`.
#[derive(Debug, Args)]
pub struct TopArgs {
    /// How long is waited between two looks at the account, like "5s" or "1m". After failures it is longer, up to a minute.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = pause)]
    pub interval: Duration,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// The lock, for reboots.
    #[command(flatten)]
    pub locking: LockArgs,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// Shows the machines of the account until a key ends it.
pub async fn run(args: &TopArgs, context: &mut Context) -> Outcome {
    if !is_there() {
        let detail = "top draws on a whole screen and reads keys: standard input and output must be a terminal that can move its cursor.";
        let hint = "podform status -json, or podform instances -json, tells the same to programs.";
        return Err(Diagnostic::error("No terminal", detail).with_hint(hint).into());
    }
    if logs::is_on_terminal() {
        let detail = "PODFORM_LOG writes to standard error, and what is drawn here would be overwritten.";
        let hint = "Set PODFORM_LOG_PATH to a file, or add 2>FILE.";
        return Err(Diagnostic::error("Log on the screen", detail).with_hint(hint).into());
    }
    // Nothing may be printed beside the screen.
    let locking = Locking { told: |_, _| {}, ..args.locking.locking("reboot")? };
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    // On the screen nothing else may be printed: the model says what is to be said.
    let stage = context.interrupts.handled(Cancel::Gently, ["", ""]);
    let model = Model::new(at_hand.fleet.clone(), args.interval, !args.variables.input, jiff::Timestamp::now());
    let color = context.terminal.out.color;
    let ended = opening
        .reaching_on(&at_hand, async |reach| shown(model, color, stage, (reach, &at_hand, locking)).await)
        .await?;
    context.diags.extend(ended.diags);
    ended.told.iter().for_each(|line| context.terminal.line(line));
    if ended.stopped {
        context.terminal.tell(STOPPED);
    }
    Ok(ended.exit)
}

/// How it ended.
struct Ended {
    exit: Exit,
    /// What became of reboots: the screen on which it stood is gone.
    told: Vec<String>,
    diags: Diagnostics,
    /// A reboot was under way.
    stopped: bool,
}

/// Takes the screen, draws, and does what is to be done; the screen is given back at its end.
async fn shown(
    mut model: Model,
    color: bool,
    mut stage: watch::Receiver<Cancel>,
    (reach, at_hand, locking): (&Reach<'_>, &AtHand, Locking),
) -> Result<Ended, Failure> {
    let mut screen = Screen::take()?;
    let mut terminal = screen.events();
    let mut tick = interval_at(Instant::now() + SECOND, SECOND);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut work = FuturesUnordered::new();
    let (columns, rows) = screen.size()?;
    model.on(Event::Size(columns, rows));
    let sight = model.by_sight();
    work.push(look::done(Work::Look(Duration::ZERO), sight, (reach, at_hand, locking)));
    let mut ended = Ended { exit: Exit::Done, told: Vec::new(), diags: Diagnostics::new(), stopped: false };
    let (mut heard, mut rebooting) = (false, false);
    loop {
        screen.draw(|area, buf| draw(&model, color, area, buf))?;
        let event = tokio::select! {
            told = terminal.recv() => match told {
                Some(Ok(Told::Key(key))) if key.kind != KeyEventKind::Release => Event::Key(key),
                Some(Ok(Told::Resize(columns, rows))) => Event::Size(columns, rows),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => {
                    let told = Diagnostic::error("Terminal is gone", "It tells no keys any more.");
                    return Err(told.into());
                }
            },
            Some(done) = work.next() => match done {
                Done::Event(event) => {
                    heard |= matches!(event, Event::Seen(_));
                    event
                }
                // Before anything was shown it is told as by every other command.
                Done::Failed(failure, _) if !heard => return Err(failure),
                Done::Failed(_, event) => event,
                Done::Rebooted { told, exit, diags } => {
                    rebooting = false;
                    ended.exit = ended.exit.max(exit);
                    ended.diags.extend(diags);
                    ended.told.push(told.clone());
                    Event::Rebooted(told)
                }
            },
            _ = tick.tick() => Event::Tick(jiff::Timestamp::now()),
            Ok(()) = stage.changed() => Event::Interrupted,
        };
        match model.on(event) {
            None => {}
            Some(Todo::Leave { interrupted }) => {
                ended.stopped = rebooting;
                if rebooting {
                    ended.exit = ended.exit.max(Exit::InDoubt);
                }
                if interrupted {
                    ended.exit = Exit::Interrupted;
                }
                return Ok(ended);
            }
            Some(Todo::Redraw) => screen.clear()?,
            Some(Todo::Work(asked)) => {
                rebooting |= matches!(asked, Work::Reboot(..));
                work.push(look::done(asked, model.by_sight(), (reach, at_hand, locking)));
            }
        }
    }
}
