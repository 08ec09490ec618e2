//! A wait that is told of while it lasts.

use super::foot;
use super::terminal::Terminal;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Whoever waits less than this asks nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// Where lines stay, a wait is told of as rarely as this.
const SPARSE: Duration = Duration::from_secs(30);

/// A wait that is told of while it lasts.
pub struct Waiting(Option<JoinHandle<()>>);

impl Waiting {
    /// `what` goes on from now: `Reading the account`.
    pub fn begin(terminal: Terminal, what: &'static str) -> Waiting {
        if terminal.streams() {
            return Waiting(None);
        }
        Waiting(Some(tokio::spawn(async move {
            let began = Instant::now();
            let every = if terminal.has_foot() { PATIENCE } else { SPARSE };
            loop {
                tokio::time::sleep(every).await;
                let text = format!("{what}... [{}s elapsed]", began.elapsed().as_secs());
                match terminal.has_foot() {
                    true => terminal.foot(&text),
                    false => terminal.tell(&format!("{text}\n")),
                }
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
