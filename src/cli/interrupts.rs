//! Ctrl-C, SIGTERM and SIGHUP: the first ends a command in order, the next at once.
//!
//! A command is interrupted by dropping it where it waits: what it holds is released on the way, the lock first of all. One
//! that has calls under way says so, and ends by itself.

use super::exit::{Exit, Outcome};
use super::screen;
use super::terminal::Terminal;
use crate::apply::Cancel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// So soon after the first one, a signal is the same one: of a terminal that closes, SIGHUP comes from the shell and from
/// the kernel; some supervisors send SIGTERM and SIGHUP together. No person is as fast.
const SAME: Duration = Duration::from_millis(100);

/// What is told of an interrupt by default.
const ENDS: &str = "\nInterrupted.\n\n";

/// Interrupts of this process.
#[derive(Clone, Debug)]
pub struct Interrupts {
    stage: Arc<watch::Sender<Cancel>>,
    own: Arc<Mutex<Own>>,
}

/// What the command does about interrupts itself.
#[derive(Clone, Copy, Debug)]
struct Own {
    /// Up to this stage it ends by itself; beyond, it is dropped.
    ends: Cancel,
    told: [&'static str; 2],
}

impl Default for Interrupts {
    fn default() -> Interrupts {
        let own = Own { ends: Cancel::Running, told: [ENDS, ENDS] };
        Interrupts { stage: Arc::new(watch::Sender::new(Cancel::Running)), own: Arc::new(Mutex::new(own)) }
    }
}

impl Interrupts {
    /// Runs a command; an interrupt drops it, unless it ends by itself.
    pub async fn during(&self, terminal: Terminal, command: impl Future<Output = Outcome>) -> Outcome {
        let listener = tokio::spawn(self.clone().listen(Signals::new(), terminal));
        let mut stage = self.stage.subscribe();
        let outcome = tokio::select! {
            biased;
            outcome = command => outcome,
            _ = stage.wait_for(|stage| *stage > self.own().ends) => Ok(Exit::Interrupted),
        };
        listener.abort();
        outcome
    }

    /// From now on the command looks at interrupts, and ends by itself: up to this stage. `told`: what the person is told at
    /// the first, and at the second.
    pub fn handled(&self, ends: Cancel, told: [&'static str; 2]) -> watch::Receiver<Cancel> {
        *self.own.lock().unwrap_or_else(PoisonError::into_inner) = Own { ends, told };
        self.stage.subscribe()
    }

    fn own(&self) -> Own {
        *self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn listen(self, mut signals: Signals, terminal: Terminal) {
        let mut first = None;
        loop {
            signals.next().await;
            if first.is_some_and(|first: Instant| first.elapsed() < SAME) {
                continue;
            }
            let (own, before) = (self.own(), *self.stage.borrow());
            let next = match before {
                Cancel::Running => Cancel::Gently,
                // It computes, or its disk hangs: there is no place where it could be dropped, or end.
                _ if before > own.ends => end_at_once(),
                Cancel::Gently => Cancel::AtOnce,
                Cancel::AtOnce => end_at_once(),
            };
            first.get_or_insert_with(Instant::now);
            terminal.say(own.told[usize::from(before > Cancel::Running)]);
            self.stage.send_replace(next);
        }
    }
}

/// Ends the process where nothing can be dropped any more.
fn end_at_once() -> ! {
    screen::give_back();
    std::process::exit(Exit::Interrupted.code().into())
}

/// What asks a program to end.
#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    fn new() -> Signals {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if !hangup_is_ignored() {
            kinds.push(SignalKind::hangup());
        }
        Signals(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    async fn next(&mut self) {
        let all = self.0.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures::future::select_all(all).await;
    }
}

/// Whether the process was begun with SIGHUP ignored, as `nohup` does it: then it stays so. Where the system does not say,
/// it is left as it is too.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The first of all signals: the lowest bit.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Signals {
        Signals
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
