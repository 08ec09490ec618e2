//! A wait that is told of while it lasts.

use super::foot;
use super::terminal::Terminal;
use crate::render::{Level, log_message};
use crate::session::Telling;
use crate::store::LockInfo;
use jiff::Timestamp;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Whoever waits less than this asks nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// Where lines stay, a wait is told of as rarely as this.
const SPARSE: Duration = Duration::from_secs(30);
/// Money may be at stake: as often as a step of an apply says that it goes on.
const OFTEN: Duration = Duration::from_secs(10);

/// A wait that is told of while it lasts.
pub struct Waiting(Option<JoinHandle<()>>);

impl Waiting {
    /// `what` goes on from now: `Reading the account`. Programs are not told.
    pub fn begin(terminal: Terminal, what: &'static str) -> Waiting {
        match terminal.streams() {
            true => Waiting(None),
            false => Waiting::told(terminal, what, SPARSE),
        }
    }

    /// The account is being read from now.
    pub fn reading(terminal: Terminal) -> Waiting {
        Waiting::begin(terminal, "Reading the account")
    }

    /// As [`Waiting::begin`], of what is told to programs too, and more often.
    pub fn often(terminal: Terminal, what: &'static str) -> Waiting {
        Waiting::told(terminal, what, OFTEN)
    }

    /// As [`Waiting::begin`], where there is a foot: elsewhere the command tells of it itself.
    pub fn at_foot(terminal: Terminal, what: &'static str) -> Waiting {
        match terminal.has_foot() {
            true => Waiting::told(terminal, what, SPARSE),
            false => Waiting(None),
        }
    }

    fn told(terminal: Terminal, what: &'static str, sparse: Duration) -> Waiting {
        Waiting(Some(tokio::spawn(async move {
            let began = Instant::now();
            let every = if terminal.has_foot() { PATIENCE } else { sparse };
            loop {
                tokio::time::sleep(every).await;
                goes_on(terminal, &format!("{what}... [{}s elapsed]", began.elapsed().as_secs()));
            }
        })))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(telling) = self.0.take() {
            telling.abort();
            foot::wipe();
        }
    }
}

impl Telling for Waiting {}

/// Tells who holds the lock that has been waited for so many seconds: on a terminal every second, elsewhere at first and
/// then rarely.
pub fn waiting_for_lock(holder: Option<&LockInfo>, seconds: u64) {
    let Some(terminal) = Terminal::here() else { return };
    if !(terminal.has_foot() || seconds == 1 || seconds.is_multiple_of(SPARSE.as_secs())) {
        return;
    }
    let who = holder.filter(|run| !run.is_nameless()).map_or_else(
        || "another run".to_owned(),
        |run| {
            let form = match Timestamp::now().duration_since(run.created).as_hours() {
                0 => "%H:%M:%S UTC",
                _ => "%Y-%m-%d %H:%M UTC",
            };
            format!("{} by {} since {}, process {}", run.operation, run.who, run.created.strftime(form), run.pid)
        },
    );
    goes_on(terminal, &format!("Waiting for the lock [{seconds}s elapsed]: {who}"));
}

/// At the foot where there is one; a line elsewhere.
fn goes_on(terminal: Terminal, text: &str) {
    match (terminal.streams(), terminal.has_foot()) {
        (true, _) => terminal.messages([log_message(Level::Info, text)]),
        (false, true) => terminal.foot(text),
        (false, false) => terminal.tell(&format!("{text}\n")),
    }
}
