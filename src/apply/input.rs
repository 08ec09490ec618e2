//! What an apply needs and what it answers.

use crate::config::Program;
use crate::diag::{Diagnostics, Topic};
use crate::lang::Effects;
use crate::plan::{Plan, StepId};
use crate::refresh::{Clock, MarketRead};
use crate::state::digest::SecretKey;
use crate::state::{Intent, State};
use crate::store::LockedStore;
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;

/// Tries whether a port accepts connections.
pub trait Connect: Sync {
    /// True where a TCP connection was accepted.
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, bool>;
}

/// Connects from this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpConnect;

impl Connect for TcpConnect {
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, bool> {
        // A first packet that was lost is sent again within it; a port that is not open yet is tried at the next look.
        let connected = tokio::net::TcpStream::connect((host, port));
        Box::pin(async { matches!(tokio::time::timeout(Duration::from_secs(3), connected).await, Ok(Ok(_))) })
    }
}

/// How far an interrupt goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cancel {
    /// Go on.
    #[default]
    Running,
    /// Start nothing new, wait for nothing; calls that run are finished.
    Gently,
    /// Stop at once: intents are durable, so nothing is lost.
    AtOnce,
}

/// Everything an apply needs.
pub struct ApplyInput<'a, C> {
    /// The API.
    pub cloud: &'a C,
    /// What is done.
    pub plan: &'a Plan,
    /// The configuration the plan was made from.
    pub program: &'a Program,
    /// For functions, with clock and randomness.
    pub effects: &'a dyn Effects,
    /// Read for the plan.
    pub market: Option<MarketRead>,
    /// No other state works under the fleet's name, as the plan saw while a template group of ours stood with its mark. It
    /// counts where the plan leaves the template groups as they are.
    pub alone: bool,
    /// No other offers are rented than the planned ones.
    pub pinned_offers: bool,
    /// What is recorded; its lineage stands already.
    pub state: State,
    /// Where events become durable.
    pub journal: &'a mut LockedStore,
    /// For the digests of secrets.
    pub key: &'a SecretKey,
    /// What time it is.
    pub clock: &'a Clock,
    /// How many calls that change the account are made at once, at least 1.
    pub parallelism: usize,
    /// How long an unanswered rent is looked for before it counts as absent.
    pub settle_window: Duration,
    /// Interrupts.
    pub cancel: watch::Receiver<Cancel>,
    /// For `wait_for = "ready"`.
    pub connect: &'a dyn Connect,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepEnd {
    /// It took effect.
    Done,
    /// It failed; what it made is recorded.
    Failed,
    /// A call was sent and its outcome is not known.
    InDoubt,
    /// Not tried, because a step it needs did not succeed.
    Skipped,
    /// Not tried, because of an interrupt.
    Interrupted,
}

/// How an apply ended; a later one tells more urgent news.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// Everything is done.
    #[default]
    Done,
    /// Nothing was done, and something failed.
    Failed,
    /// Nothing was done, for a budget refuses it.
    Refused,
    /// Lock or journal were taken away.
    TakenOver,
    /// Something was done, and something failed or was left out.
    Partial,
    /// Calls without a known outcome remain.
    InDoubt,
    /// An interrupt ended it.
    Interrupted,
}

impl Ended {
    /// Every end, in order.
    pub const ALL: [Ended; 7] = [
        Ended::Done,
        Ended::Failed,
        Ended::Refused,
        Ended::TakenOver,
        Ended::Partial,
        Ended::InDoubt,
        Ended::Interrupted,
    ];
}

/// What became of a plan.
#[derive(Debug, Default)]
pub struct ApplyResult {
    /// What is recorded now, all of it durable in the journal.
    pub state: State,
    /// How each step ended; a step that ran when everything stopped is missing.
    pub steps: BTreeMap<StepId, StepEnd>,
    /// Objects made.
    pub added: usize,
    /// Objects changed in place.
    pub changed: usize,
    /// Objects removed.
    pub destroyed: usize,
    /// Intents without a known outcome.
    pub in_doubt: Vec<Intent>,
    /// An interrupt ended it.
    pub interrupted: bool,
    /// Another run took the state over, and ended it.
    pub taken_over: bool,
    /// The plan left instances out that no offer satisfies.
    pub left_out: bool,
    /// Errors and warnings, each with its address.
    pub diagnostics: Diagnostics,
}

impl ApplyResult {
    /// How many steps ended so.
    pub fn count(&self, end: StepEnd) -> usize {
        self.steps.values().filter(|other| **other == end).count()
    }

    /// How it ended; where several hold, the greatest counts. What remains where the state was taken over is not this run's
    /// to say.
    pub fn ended(&self) -> Ended {
        if self.taken_over {
            return if self.interrupted { Ended::Interrupted } else { Ended::TakenOver };
        }
        let failed = self.diagnostics.has_errors();
        let holds = [
            (failed, Ended::Failed),
            (self.diagnostics.has_topic(Topic::OverBudget), Ended::Refused),
            (self.left_out || (failed && self.count(StepEnd::Done) > 0), Ended::Partial),
            (!self.in_doubt.is_empty(), Ended::InDoubt),
            (self.interrupted, Ended::Interrupted),
        ];
        holds.into_iter().filter(|(holds, _)| *holds).map(|(_, ended)| ended).max().unwrap_or_default()
    }
}
