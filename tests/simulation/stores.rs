//! Stores that take their time, that another run takes over, and that do not answer.

use super::cloud::World;
use super::exhaustive::market;
use super::fleet::{Block, Fleet};
use super::in_virtual_time;
use super::manners::Manners;
use super::run::{End, How, run};
use super::trouble::{DiskFault, Trouble};
use podform::apply::{Cancel, Ended};
use podform::diag::Severity;
use podform::state::{Event, decode_journal};
use podform::store::{LockedStore, StoreError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const MACHINES: usize = 100;

fn world(fleet: &Fleet) -> World {
    let world = World::new(Manners::default());
    market(&world);
    for _ in 0..fleet.wanted().len() {
        world.account().offer("RTX 3090", 30);
    }
    world.configure(fleet);
    world
}

/// A fleet made over a store whose appends take so many milliseconds, and how long that took.
async fn made(latency: u64, parallelism: usize) -> (World, Duration) {
    let fleet = Fleet::of(Block::of(MACHINES));
    let world = world(&fleet);
    world.disk.lock().unwrap().latency = Duration::from_millis(latency);
    let began = Instant::now();
    let end = run(&world, &How { hcl: fleet.hcl(), parallelism, ..How::default() }).await;
    assert!(matches!(&end, End::Applied(result, _) if result.added == MACHINES + 1), "{}", end.words());
    assert_eq!(world.ledger.lock().unwrap().faults, Vec::<String>::new());
    (world, began.elapsed())
}

/// Each step waits for a few appends of its own, and for no more than these: the others' go with them.
#[test]
fn a_slow_store_makes_groups_larger_and_steps_wait_only_for_their_own() {
    let apply = |latency: u64| {
        in_virtual_time(async move {
            let (world, took) = made(latency, MACHINES).await;
            let writes = world.troubles.lock().unwrap().writes;
            (writes, took)
        })
    };
    let (_, fast) = apply(0);
    let (writes, slow) = apply(100);
    assert!(writes < 40, "{writes} writes");
    assert!(slow < fast + Duration::from_secs(10), "{slow:?}, without the store {fast:?}, {writes} writes");
}

/// While steps wait for the store others call, and never more at once than was asked for.
#[test]
fn a_slow_store_leaves_no_call_unused() {
    let apply = |latency: u64| {
        in_virtual_time(async move {
            let (world, took) = made(latency, 10).await;
            let under_way = world.troubles.lock().unwrap().under_way;
            (took, under_way)
        })
    };
    // Each machine takes two calls and waits for two appends between them; a call takes 100 ms.
    let (fast, under_way) = apply(0);
    assert_eq!(under_way, (0, 10));
    let (slow, under_way) = apply(60);
    assert_eq!(under_way, (0, 10));
    assert!(slow < fast + Duration::from_secs(1), "{slow:?}, without the store {fast:?}");
}

/// What waits for the store, or for others to call, when an interrupt comes is not sent.
#[test]
fn nothing_is_rented_after_an_interrupt() {
    for after in (400..3000).step_by(260).map(Duration::from_millis) {
        in_virtual_time(async move {
            let fleet = Fleet::of(Block::of(40));
            let world = world(&fleet);
            world.disk.lock().unwrap().latency = Duration::from_millis(60);
            let (sender, cancel) = tokio::sync::watch::channel(Cancel::Running);
            let how = How { hcl: fleet.hcl(), cancel: Some(cancel), ..How::default() };
            let interrupt = async {
                sleep(after).await;
                sender.send(Cancel::Gently).unwrap();
                world.account().standing().count()
            };
            let (end, before) = tokio::join!(run(&world, &how), interrupt);
            let End::Applied(result, _) = &end else { panic!("{after:?}: {}", end.words()) };
            assert_eq!(world.account().standing().count(), before, "{after:?}: {}", end.words());
            assert!(result.interrupted && result.in_doubt.is_empty(), "{after:?}: {}", end.words());
            let end = run(&world, &How { hcl: fleet.hcl(), ..How::default() }).await;
            let done = match &end {
                End::Applied(result, _) => result.ended() == Ended::Done,
                other => before > 40 && matches!(other, End::Nothing(0)),
            };
            assert!(done, "{after:?}: {}", end.words());
            assert_eq!(world.account().standing().filter(|rented| !rented.stranger).count(), 40);
        });
    }
}

/// Nothing is called any more, nothing is written any more, and whoever comes next finds everything.
#[test]
fn a_run_whose_journal_is_taken_over_stops_before_its_next_call() {
    let mut stopped = 0;
    for after in (35..3000).step_by(70) {
        stopped += usize::from(in_virtual_time(taken_over(Duration::from_millis(after))));
    }
    assert!(stopped >= 5, "{stopped} runs were stopped");
}

/// Whether the other run came in time to stop this one.
async fn taken_over(after: Duration) -> bool {
    let fleet = Fleet::of(Block::of(5));
    let world = world(&fleet);
    let how = How { hcl: fleet.hcl(), ..How::default() };
    let other = async {
        sleep(after).await;
        let (_, state) = LockedStore::open(world.store(), "recover", None).await.unwrap();
        (state, world.troubles.lock().unwrap().calls, world.disk.lock().unwrap().clone())
    };
    let (end, (state, calls, disk)) = tokio::join!(run(&world, &how), other);
    let End::Applied(result, _) = &end else { panic!("{after:?}: {}", end.words()) };
    let now = world.disk.lock().unwrap().clone();
    assert_eq!(world.troubles.lock().unwrap().calls, calls, "{after:?}: a call was sent: {}", end.words());
    if result.taken_over {
        assert!(result.ended() >= Ended::TakenOver, "{after:?}: {}", end.words());
        assert_eq!((now.state, now.journal), (disk.state, disk.journal), "{after:?}: something was written");
        assert_eq!((&result.state.open, &result.state.resources), (&state.open, &state.resources), "{after:?}");
        let errors = result.diagnostics.iter().filter(|told| told.severity == Severity::Error);
        assert_eq!(
            errors.map(|told| told.summary.as_str()).collect::<Vec<_>>(),
            ["The journal was taken away"],
            "{after:?}"
        );
    }
    let taken_over = result.taken_over;
    let mut ends = vec![end];
    while ends.len() < 4 && !matches!(ends.last(), Some(End::Nothing(0))) {
        ends.push(run(&world, &how).await);
    }
    let words: Vec<String> = ends.iter().map(End::words).collect();
    assert!(matches!(ends.last(), Some(End::Nothing(0))), "{after:?}: {words:#?}");
    assert_eq!(world.ledger.lock().unwrap().faults, Vec::<String>::new(), "{after:?}: {words:#?}");
    taken_over
}

/// A write whose answer is lost is done once.
#[test]
fn a_write_in_doubt_is_settled_by_writing_it_again() {
    for fault in [DiskFault::Lost, DiskFault::Dropped] {
        in_virtual_time(async {
            let world = World::new(Manners::default());
            let (mut store, mut state) = LockedStore::open(world.store(), "apply", None).await.unwrap();
            world.begin(Trouble::Write(0, fault));
            assert_eq!(store.append(&[Event::End]).await.unwrap(), 1);
            assert_eq!(store.append(&[Event::End]).await.unwrap(), 2);
            assert_eq!(decode_journal(&world.disk.lock().unwrap().journal).entries.len(), 2);
            assert_eq!(world.disk.lock().unwrap().durable.len(), 2);
            world.begin(Trouble::Write(0, fault));
            store.snapshot(&mut state).await.unwrap();
            assert_eq!((state.serial, state.journal_seq), (1, 2));
            assert_eq!(world.disk.lock().unwrap().load(), state);
        });
    }
}

#[test]
fn a_store_that_never_answers_stops_the_run_and_one_that_is_locked_is_left_alone() {
    in_virtual_time(async {
        let world = World::new(Manners::default());
        let held = LockedStore::open(world.store(), "apply", Some(Duration::ZERO)).await.unwrap();
        let refused = LockedStore::open(world.store(), "plan", Some(Duration::ZERO)).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Locked { holder: Some(info), .. } if info.operation == "apply"));
        let holder = world.store().holder().await.unwrap().unwrap();
        world.store().force_unlock("another").await.unwrap_err();
        world.store().force_unlock(&holder.id).await.unwrap();
        let (mut second, mut state) = LockedStore::open(world.store(), "plan", Some(Duration::ZERO)).await.unwrap();
        let (mut first, _) = held;
        assert!(matches!(first.append(&[Event::End]).await, Err(StoreError::Fenced { .. })));
        assert!(matches!(first.snapshot(&mut state.clone()).await, Err(StoreError::Fenced { .. })));
        world.begin(Trouble::EveryWrite(DiskFault::Dropped));
        assert!(matches!(second.append(&[Event::End]).await, Err(StoreError::Io { .. })));
        assert!(matches!(second.snapshot(&mut state).await, Err(StoreError::Io { .. })));
        assert!(world.disk.lock().unwrap().journal.is_empty());
    });
}
