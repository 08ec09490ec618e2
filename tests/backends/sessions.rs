//! Several holders on one state, at once: locks that are broken, kills, pauses, lost answers, stale lists. A rent is unknown
//! when a later session does not know its intent. Time is virtual, nothing runs beside, and each history is its seed's.

use super::conformance::{begin, opened};
use super::memory::{Flaw, Memory, Weather};
use crate::simulation::chance::Chance;
use crate::simulation::in_virtual_time;
use futures::future::join_all;
use podform::state::State;
use podform::store::{LockedStore, StateStore, StoreError};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// So many work on one state at once.
const HOLDERS: u64 = 5;
/// So many sessions each.
const SESSIONS: usize = 4;
/// Histories of every run of the tests; `PODFORM_SEEDS` sets another number, or `PODFORM_SEED` one seed.
const SEEDS: u64 = 120;

/// What happened in one history.
#[derive(Clone, Debug, Default)]
struct Tally {
    /// Claims of rents that were sent, and when they were unknown to a session that began later.
    rents: Vec<String>,
    unknown: usize,
    sessions: usize,
    broken: usize,
    fenced: usize,
    killed: usize,
    committed: usize,
    failed: usize,
}

struct World {
    memory: Memory,
    flaw: Flaw,
    tally: Mutex<Tally>,
}

impl World {
    fn count(&self, count: impl FnOnce(&mut Tally)) {
        count(&mut self.tally.lock().unwrap());
    }

    /// A journal that does not load any more is one more way to lose it all, which a sound design must not know.
    fn lost(&self, error: &StoreError) {
        assert!(self.flaw != Flaw::None, "{error}");
        self.count(|tally| tally.unknown += 1);
    }

    /// Rents that had been sent before must be known to whoever took over since.
    fn check(&self, sent: &[String], state: &State) {
        let unknown = sent.iter().filter(|claim| !state.open.contains_key(*claim)).count();
        self.count(|tally| tally.unknown += unknown);
    }
}

fn weather(seed: u64) -> Weather {
    Weather { unanswered: 10, refused: 3, stale: 20, pause: 200, ..Weather::of(seed) }
}

async fn opened_at_last(world: &World, chance: &mut Chance, seed: u64) -> Option<(LockedStore, State)> {
    for attempt in 0..40 {
        let client = world.memory.client(weather(seed * 100 + attempt));
        let sent = world.tally.lock().unwrap().rents.clone();
        match LockedStore::open(Box::new(client.store()), "apply", Some(Duration::ZERO)).await {
            Ok((store, state)) => {
                world.check(&sent, &state);
                return Some((store, state));
            }
            Err(StoreError::Locked { holder: Some(holder), .. }) if chance.percent(15) => {
                let broken = client.store().force_unlock(&holder.id).await;
                world.count(|tally| tally.broken += usize::from(broken.is_ok()));
            }
            Err(StoreError::Locked { .. } | StoreError::Io { .. } | StoreError::Busy { .. }) => {}
            Err(error) => world.lost(&error),
        }
        sleep(Duration::from_millis(chance.below(300) as u64)).await;
    }
    None
}

async fn session(world: &World, chance: &mut Chance, seed: u64) {
    let Some((mut store, mut state)) = opened_at_last(world, chance, seed).await else { return };
    world.count(|tally| tally.sessions += 1);
    let mut begins = state.lineage.is_empty();
    for group in 0..1 + chance.below(5) {
        let claims: Vec<String> = (0..1 + chance.below(3)).map(|n| format!("{seed}-{group}-{n}")).collect();
        let begin = begins.then(begin);
        let events: Vec<_> = begin.into_iter().chain(claims.iter().map(|claim| opened(claim))).collect();
        match store.append(&events).await {
            Ok(_) => events.into_iter().for_each(|event| state.apply(event)),
            Err(StoreError::Fenced { .. }) => return world.count(|tally| tally.fenced += 1),
            Err(_) => return world.count(|tally| tally.failed += 1),
        }
        begins = false;
        // The calls go out. A run that sleeps here for long sends them late: they are known all the same.
        for claim in claims {
            if chance.percent(30) {
                sleep(Duration::from_millis(chance.below(400) as u64)).await;
            }
            world.count(|tally| tally.rents.push(claim));
        }
        if chance.percent(10) {
            sleep(Duration::from_secs(chance.below(30) as u64)).await;
        }
        // Some write a state in between, and go on.
        if chance.percent(15) && store.snapshot(&mut state).await.is_err() {
            return world.count(|tally| tally.failed += 1);
        }
    }
    if chance.percent(15) {
        return world.count(|tally| tally.killed += 1);
    }
    match store.snapshot(&mut state).await {
        Ok(()) => world.count(|tally| tally.committed += 1),
        Err(StoreError::Fenced { .. } | StoreError::Changed { .. }) => world.count(|tally| tally.fenced += 1),
        Err(_) => world.count(|tally| tally.failed += 1),
    }
    if chance.percent(85) {
        drop(store.close().await);
    }
}

async fn history(seed: u64, flaw: Flaw) -> Tally {
    let memory = if seed.is_multiple_of(2) { Memory::default() } else { Memory::default().generations() };
    let world = Arc::new(World { memory: memory.with(flaw), flaw, tally: Mutex::default() });
    let holders = (0..HOLDERS).map(|holder| {
        let world = world.clone();
        async move {
            let mut chance = Chance::new(seed * HOLDERS + holder, "holder");
            for number in 0..SESSIONS {
                let seed = (seed * HOLDERS + holder) * SESSIONS as u64 + number as u64;
                let alive = match chance.percent(15) {
                    true => Duration::from_millis(chance.below(6000) as u64),
                    false => Duration::from_secs(3600),
                };
                if timeout(alive, session(&world, &mut chance, seed)).await.is_err() {
                    world.count(|tally| tally.killed += 1);
                }
            }
        }
    });
    join_all(holders).await;
    // Whatever was on its way has come through by now.
    sleep(Duration::from_secs(60)).await;
    let (sent, fair) = (world.tally.lock().unwrap().rents.clone(), world.memory.fair());
    if let Ok(Some(holder)) = fair.store().holder().await {
        fair.store().force_unlock(&holder.id).await.unwrap();
    }
    let last = LockedStore::open(Box::new(fair.store()), "apply", Some(Duration::ZERO)).await;
    match last {
        Ok((mut store, mut state)) => {
            world.check(&sent, &state);
            if let Err(error) = store.snapshot(&mut state).await {
                world.lost(&error);
            }
        }
        Err(error) => world.lost(&error),
    }
    let verdict = podform::state::verify(&fair.store().remains().await.unwrap());
    assert!(verdict.faults.is_empty() || flaw != Flaw::None, "{:?}", verdict.faults);
    world.tally.lock().unwrap().clone()
}

/// Says how to see a failure again.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("reproduce: PODFORM_SEED={} cargo test --test podform backends::sessions::whatever", self.0);
        }
    }
}

fn seeds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    match number("PODFORM_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("PODFORM_SEEDS").unwrap_or(SEEDS)).collect(),
    }
}

#[test]
fn whatever_happens_to_several_holders_no_rent_is_unknown_to_a_later_session() {
    let mut all = Tally::default();
    for seed in seeds() {
        let _told = Told(seed);
        let tally = in_virtual_time(history(seed, Flaw::None));
        assert_eq!(tally.unknown, 0, "seed {seed}: {tally:#?}");
        all.rents.extend(tally.rents);
        all.sessions += tally.sessions;
        all.broken += tally.broken;
        all.fenced += tally.fenced;
        all.killed += tally.killed;
        all.committed += tally.committed;
        all.failed += tally.failed;
    }
    let Tally { rents, sessions, broken, fenced, killed, committed, failed, .. } = all;
    println!(
        "{} rents, {sessions} sessions, {broken} locks broken, {fenced} fenced, {killed} killed, {committed} committed, \
         {failed} failed",
        rents.len()
    );
    // One seed alone proves nothing of the sort.
    if seeds().len() > 100 {
        assert!(fenced > sessions / 50 && broken > sessions / 20 && killed > sessions / 20 && committed > sessions / 3);
    }
}

#[test]
fn designs_that_lose_rents_are_found_out_by_the_same_histories() {
    for flaw in [Flaw::SealsGo, Flaw::Pointer] {
        let unknown: usize = (0..60).map(|seed| in_virtual_time(history(seed, flaw)).unknown).sum();
        println!("{flaw:?}: {unknown}");
        assert!(unknown > 20, "{flaw:?}: only {unknown} unknown rents");
    }
}
