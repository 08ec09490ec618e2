//! One `podform apply` in a session over the simulated account: settle, refresh, plan, apply, snapshot.

use super::cloud::World;
use super::trouble::Trouble;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use podform::apply::{ApplyResult, Cancel, Connect, Ended};
use podform::config::{self, LoadedFile};
use podform::diag::{Diagnostics, Severity, Sources};
use podform::lang::reference::NoScope;
use podform::lang::{Effects, parse};
use podform::plan::Plan;
use podform::planning::{Look, Market};
use podform::refresh::Clock;
use podform::session::{Fleet, Held, Performing, Planning, Prepared, Session, evaluated};
use podform::state::{AccountIdentity, orphans};
use podform::store::{LockedStore, StateStore, StoreError};
use regex::Regex;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Design, invariant 2.
pub const WINDOW: Duration = Duration::from_secs(120);

/// How a run is made.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// The configuration.
    pub hcl: String,
    /// What goes wrong.
    pub trouble: Trouble,
    /// How far this computer's clock is ahead of the server's, in seconds.
    pub skew: i64,
    /// `-parallelism`, if it is more than eight.
    pub parallelism: usize,
    /// `-accept-missing`.
    pub accept_missing: bool,
    /// Interrupts.
    pub cancel: Option<watch::Receiver<Cancel>>,
    /// How long it waits for the lock; `None` takes none (`-lock=false`).
    pub lock: Option<Duration>,
    /// How long a person reads the plan before it is approved.
    pub approval: Duration,
}

/// How a run ended.
#[derive(Debug)]
pub enum End {
    /// The program died.
    Crashed,
    /// Another one held the lock.
    Locked,
    /// It ended before it called anything, with these errors.
    Stopped(Vec<String>),
    /// Nothing was to be done; so many intents stay in doubt.
    Nothing(usize),
    /// It applied its plan.
    Applied(Box<ApplyResult>, Vec<String>),
}

impl End {
    /// Which kind of end it is.
    pub fn kind(&self) -> String {
        match self {
            End::Crashed => "crashed".into(),
            End::Locked => "locked".into(),
            End::Stopped(_) => "stopped".into(),
            End::Nothing(_) => "nothing to do".into(),
            End::Applied(result, _) => format!("{:?}", result.ended()),
        }
    }

    /// For a reproduction: the same each time.
    pub fn words(&self) -> String {
        let run = Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
        run.replace_all(&self.all_words(), "RUN").into_owned()
    }

    fn all_words(&self) -> String {
        match self {
            End::Crashed => "crashed".into(),
            End::Locked => "locked".into(),
            End::Stopped(errors) => format!("stopped: {}", errors.join(" / ")),
            End::Nothing(doubts) => format!("nothing to do, {doubts} in doubt"),
            End::Applied(result, steps) => {
                let mut told: Vec<String> = result.diagnostics.iter().map(|found| found.text()).collect();
                // Those who wait for one thing hear of it in any order.
                told.sort();
                format!("applied, {:?}: {}; {}", result.ended(), steps.join(", "), told.join(" / "))
            }
        }
    }
}

struct NoPort;

impl Connect for NoPort {
    fn connect<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, bool> {
        Box::pin(async { true })
    }
}

/// Runs, and checks what can be checked at once.
pub async fn run(world: &World, how: &How) -> End {
    world.begin(how.trouble.clone());
    let mut plan = None;
    let end = alive(world, body(world, world.store(), how, &mut plan)).await;
    judged(world, end, plan.as_ref())
}

/// A run that is stopped after a while, as a laptop is that sleeps, until `meanwhile` is over; then it goes on. `None` where
/// it ended before.
pub async fn asleep<T>(
    world: &World,
    how: &How,
    after: Duration,
    meanwhile: impl Future<Output = T>,
) -> (End, Option<T>) {
    world.begin(how.trouble.clone());
    let (mut plan, mut done) = (None, None);
    let end = {
        let mut running = std::pin::pin!(alive(world, body(world, world.store(), how, &mut plan)));
        let ended = tokio::select! {
            biased;
            end = &mut running => Some(end),
            () = tokio::time::sleep(after) => None,
        };
        match ended {
            Some(end) => end,
            None => {
                // Its connections are gone.
                world.hang_up();
                done = Some(meanwhile.await);
                running.await
            }
        }
    };
    (judged(world, end, plan.as_ref()), done)
}

/// As [`asleep`]: another run takes its lock by force and comes to its end meanwhile.
pub async fn overtaken(world: &World, how: &How, after: Duration, other: &How) -> (End, Option<End>) {
    let beside = world.beside();
    beside.configure(&world.run().fleet);
    asleep(world, how, after, run(&beside, other)).await
}

async fn alive(world: &World, body: impl Future<Output = End>) -> End {
    let life = world.life();
    tokio::select! {
        biased;
        () = life.crash.notified() => End::Crashed,
        end = body => end,
    }
}

fn judged(world: &World, mut end: End, plan: Option<&Plan>) -> End {
    if world.life().is_over() {
        end = End::Crashed;
    }
    world.hang_up();
    let (account, run) = (world.account(), world.run().clone());
    let mut ledger = world.ledger.lock().unwrap();
    ledger.within_plan(&run, &account, plan);
    if matches!(&end, End::Applied(result, _) if result.ended() == Ended::Done) {
        ledger.within_caps(&run, &account);
    }
    plan.into_iter().for_each(|plan| ledger.within_budget(&run, &account, plan));
    let is_over = !matches!(&end, End::Crashed | End::Locked | End::Stopped(_))
        && !matches!(&end, End::Applied(result, _) if result.taken_over);
    if is_over && world.disk.lock().unwrap().is_at_rest() {
        ledger.at_rest(&account, &world.disk.lock().unwrap());
    }
    end
}

/// The fleet of a text.
pub fn fleet(hcl: &str, effects: &dyn Effects) -> Fleet {
    let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
    let file = sources.add("main.hcl", hcl);
    let body = Arc::new(parse::parse_body(file, hcl, &mut diags));
    let mut read = |_: &str, _: Option<podform::diag::Span>, _: &mut Diagnostics| {
        Some(vec![LoadedFile { overrides: false, body: body.clone() }])
    };
    let configuration = config::load(".", &mut read, &mut diags);
    let fleet = evaluated(configuration, Default::default(), Vec::new(), effects, &mut sources, &mut diags);
    fleet.unwrap_or_else(|| panic!("{diags:?}\n{hcl}"))
}

fn errors(diags: &Diagnostics) -> Vec<String> {
    let errors = diags.iter().filter(|found| found.severity == Severity::Error);
    errors.map(|found| format!("{}: {}", found.summary, found.text())).collect()
}

/// One run over a store, unchecked.
pub async fn body(world: &World, store: Box<dyn StateStore>, how: &How, planned: &mut Option<Plan>) -> End {
    match prepare(world, store, how, planned).await {
        Ok(end) | Err(end) => end,
    }
}

/// A session over a store, and the state under its lock.
///
/// # Errors
/// The state cannot be read, or what the work says.
pub async fn opened<T>(
    world: &World,
    store: Box<dyn StateStore>,
    how: &How,
    work: impl AsyncFnOnce(&Session<'_, World>, Held) -> Result<T, End>,
) -> Result<T, End> {
    let fleet = fleet(&how.hcl, &NoScope);
    let unwritten = |error: StoreError| match error {
        StoreError::Locked { .. } => End::Locked,
        error => End::Stopped(vec![error.to_string()]),
    };
    let (store, mut state) = LockedStore::open(store, "apply", how.lock).await.map_err(unwritten)?;
    let local = world.account().now() + SignedDuration::from_secs(how.skew);
    if state.lineage.is_empty() {
        state.lineage = format!("lineage-{}", world.next_lineage());
    }
    let session = Session {
        fleet: &fleet,
        cloud: world,
        account: &AccountIdentity { base_url: "https://sim".into(), key_fingerprint: "f".into() },
        state_key: &SecretString::from("key"),
        blind: false,
        settle_window: WINDOW,
        planning: &NoScope,
        applying: &NoScope,
        clock: Clock::new(local),
    };
    work(&session, Held::of(store, state)).await
}

/// The numbers in what was said.
fn numbers(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

async fn prepare(world: &World, store: Box<dyn StateStore>, how: &How, planned: &mut Option<Plan>) -> Result<End, End> {
    opened(world, store, how, async |session, held| applied(world, how, session, held, planned).await).await
}

async fn applied(
    world: &World,
    how: &How,
    session: &Session<'_, World>,
    mut held: Held,
    planned: &mut Option<Plan>,
) -> Result<End, End> {
    let stopped = |diags: Diagnostics| End::Stopped(errors(&diags));
    if !held.state.open.is_empty() {
        let settled = session.settled(&held.state).await.map_err(stopped)?;
        held.commit(settled.events).await.map_err(|told| stopped(told.into()))?;
        // What a call in doubt may have made is told with that call.
        world.ledger.lock().unwrap().told.extend(settled.told.iter().flat_map(|told| numbers(&told.text())));
    }
    let mut diags = Diagnostics::new();
    let planning = Planning { accept_missing: how.accept_missing, ..Planning::default() };
    let Look { snapshot, market, .. } = held.look(session, &planning, true, &mut diags).await.map_err(stopped)?;
    let Held { mut store, mut state, .. } = held;
    let found = orphans(&state, &snapshot, "sim");
    world.ledger.lock().unwrap().told.extend(found.iter().map(|orphan| orphan.id.number()));
    let options = &planning.options;
    let made = session.plan_on((&state, &snapshot), options, Market::Api(market), &mut diags).await;
    let Prepared { plan, market, alone } = made.map_err(stopped)?;
    tokio::time::sleep(how.approval).await;
    let made = planned.insert(plan);
    if !made.has_changes() {
        // A state that cannot be written stays in the journal.
        let _ = store.snapshot(&mut state).await;
        let _ = store.close().await;
        return Ok(End::Nothing(made.in_doubt.len()));
    }
    let parallelism = how.parallelism.max(8);
    let (_nobody, never) = watch::channel(Cancel::Running);
    let cancel = how.cancel.clone().unwrap_or(never);
    let performing = Performing {
        plan: made,
        market,
        alone,
        pinned_offers: false,
        state,
        journal: &mut store,
        parallelism,
        cancel,
        connect: &NoPort,
    };
    let mut result = session.apply(performing, |_| ()).await;
    let _ = store.snapshot(&mut result.state).await;
    let _ = store.close().await;
    let steps = made.steps.iter().map(|step| {
        let why = made.change_of(step).map(|change| (&change.forced_by, change.repair_mark));
        format!("{:?} {} {why:?}", step.action, step.address)
    });
    Ok(End::Applied(Box::new(result), steps.collect()))
}
