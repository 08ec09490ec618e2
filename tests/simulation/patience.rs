//! What shows late: right inside of a window it is waited for, right outside of it is not, and nothing is lost either way.

use super::account::request;
use super::checker::Ledger;
use super::cloud::World;
use super::exhaustive::market;
use super::fleet::{Block, Fleet};
use super::in_virtual_time;
use super::manners::Manners;
use super::orphans::release_orphans;
use super::run::{End, How, WINDOW, run};
use super::trouble::{Fault, Trouble};
use podform::apply::Ended;
use podform::live::{MachineId, Proof};
use podform::refresh::{Refresh, VISIBLE, details, refresh};
use podform::state::orphans;
use std::time::Duration;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
/// Between two looks, with the look.
const STEP: Duration = Duration::from_millis(3100);

/// One machine is wanted; the call of a number goes wrong.
async fn apply(world: &World, trouble: Trouble) -> End {
    let fleet = Fleet::of(Block::of(1));
    world.configure(&fleet);
    run(world, &How { hcl: fleet.hcl(), trouble, ..How::default() }).await
}

/// What the checker found.
fn faults(world: &World) -> Vec<String> {
    std::mem::take(&mut world.ledger.lock().unwrap().faults)
}

/// The rent is the second call, after that of the group.
const RENT: usize = 1;

fn world(manners: Manners) -> World {
    let world = World::new(manners);
    market(&world);
    world
}

fn ours(world: &World) -> usize {
    world.account().standing().filter(|rented| !rented.stranger).count()
}

fn ended(end: &End) -> Option<Ended> {
    match end {
        End::Applied(result, _) => Some(result.ended()),
        _ => None,
    }
}

#[test]
fn a_new_machine_is_looked_for_by_its_id_as_long_as_it_may_take_to_show() {
    for (id_lag, seen) in [(Duration::ZERO, true), (VISIBLE - SECOND, true), (VISIBLE + STEP, false)] {
        in_virtual_time(async {
            let world = world(Manners { id_lag, ..Manners::default() });
            let offer_iri = world.account().offers[1].iri.clone();
            let request = request(offer_iri, 1, Default::default());
            let id = MachineId(world.account().rent(&request, true).unwrap());
            let began = Instant::now();
            assert_eq!(details(&world, id, true).await.unwrap().is_some(), seen, "{id_lag:?}");
            assert!(began.elapsed() <= VISIBLE + STEP, "{:?}", began.elapsed());
            // One that was seen before is gone when it does not show.
            let began = Instant::now();
            assert!(details(&world, MachineId(999), false).await.unwrap().is_none());
            assert!(began.elapsed() < SECOND);
        });
    }
}

#[test]
fn a_new_machine_that_shows_late_is_marked_late() {
    // Beyond the window the step fails, the machine is recorded, and the next run marks it.
    for (id_lag, codes) in
        [(VISIBLE - SECOND, [Some(Ended::Done), None]), (VISIBLE + STEP, [Some(Ended::Partial), Some(Ended::Done)])]
    {
        in_virtual_time(async {
            let world = world(Manners { id_lag, ..Manners::default() });
            for code in codes {
                let end = apply(&world, Trouble::None).await;
                assert_eq!(ended(&end), code, "{id_lag:?}: {}", end.words());
            }
            let end = apply(&world, Trouble::None).await;
            assert!(matches!(end, End::Nothing(0)), "{id_lag:?}: {}", end.words());
            assert_eq!((ours(&world), faults(&world)), (1, vec![]));
        });
    }
}

#[test]
fn a_rent_that_was_accepted_without_an_id_is_never_given_up() {
    for (list_lag, how) in [(WINDOW - STEP, Ended::Done), (WINDOW + STEP * 2, Ended::InDoubt)] {
        in_virtual_time(async {
            let world = world(Manners { names_machines: false, list_lag, ..Manners::default() });
            let end = apply(&world, Trouble::None).await;
            assert_eq!(ended(&end), Some(how), "{list_lag:?}: {}", end.words());
            let end = apply(&world, Trouble::None).await;
            assert!(matches!(end, End::Nothing(0)) || how == Ended::InDoubt, "{list_lag:?}: {}", end.words());
            let end = apply(&world, Trouble::None).await;
            assert!(matches!(end, End::Nothing(0)), "{list_lag:?}: {}", end.words());
            assert_eq!((ours(&world), faults(&world)), (1, vec![]));
        });
    }
}

/// A rent that is not answered, or whose program dies: what shows inside of the window is adopted; what shows later was given
/// up, and is told as an orphan.
#[test]
fn a_rent_without_an_answer_is_looked_for_until_the_window_is_over() {
    for fault in [Fault::Lost, Fault::CrashAfter] {
        for (list_lag, inside) in [(WINDOW - STEP, true), (WINDOW + STEP * 6, false)] {
            in_virtual_time(async {
                let told = format!("{fault:?}, {list_lag:?}");
                let world = world(Manners { list_lag, ..Manners::default() });
                apply(&world, Trouble::Call(RENT, fault)).await;
                let mut end = apply(&world, Trouble::None).await;
                if inside {
                    end = apply(&world, Trouble::None).await;
                    assert!(matches!(end, End::Nothing(0)), "{told}: {}", end.words());
                    assert_eq!((ours(&world), faults(&world)), (1, vec![]), "{told}");
                    return;
                }
                tokio::time::sleep(list_lag).await;
                let state = world.disk.lock().unwrap().load();
                let seen = refresh(&world, &state, Refresh::Lists).await.unwrap();
                let found = orphans(&state, &seen, "sim");
                assert!(found.len() == 1 && found[0].proof == Proof::GivenUp, "{told}: {found:?}, {}", end.words());
                let recorded = Ledger::recorded_machines(&world.disk.lock().unwrap());
                assert_eq!(ours(&world), recorded.len() + 1, "{told}");
            });
        }
    }
}

/// A call was given up, and what it made shows before anything else is made for its address: it is taken in.
#[test]
fn what_comes_late_is_taken_in_and_not_made_again() {
    let lag = WINDOW + STEP * 6;
    // The group of the first run is made by the first call, the machine by the second.
    for (call, manners) in
        [(0, Manners { group_lag: lag, ..Manners::default() }), (RENT, Manners { list_lag: lag, ..Manners::default() })]
    {
        in_virtual_time(async {
            let world = world(manners);
            let end = apply(&world, Trouble::Call(call, Fault::Lost)).await;
            assert!(end.words().contains("looked for until nothing could be on its way"), "{}", end.words());
            tokio::time::sleep(lag).await;
            let end = apply(&world, Trouble::None).await;
            assert_eq!(ended(&end), Some(Ended::Done), "{}", end.words());
            let end = apply(&world, Trouble::None).await;
            assert!(matches!(end, End::Nothing(0)), "{}", end.words());
            let made = world.account().groups.values().filter(|made| !made.stranger).count();
            assert_eq!((ours(&world), made, faults(&world)), (1, 1, vec![]));
        });
    }
}

#[test]
fn a_template_group_that_is_not_named_is_looked_for_until_the_window_is_over() {
    for fault in [None, Some(Fault::Lost), Some(Fault::CrashAfter)] {
        for (group_lag, inside) in [(WINDOW - STEP, true), (WINDOW + STEP * 6, false)] {
            in_virtual_time(async {
                let told = format!("{fault:?}, {group_lag:?}");
                let world = world(Manners { group_lag, ..Manners::default() });
                let end = apply(&world, fault.map_or(Trouble::None, |fault| Trouble::Call(0, fault))).await;
                if !inside && fault.is_none() {
                    // It was accepted: it exists, and stays in doubt until it shows.
                    assert_eq!(ended(&end), Some(Ended::InDoubt), "{told}: {}", end.words());
                }
                if !inside && fault == Some(Fault::CrashAfter) {
                    apply(&world, Trouble::None).await;
                }
                tokio::time::sleep(group_lag).await;
                let given_up = !inside && fault.is_some();
                if given_up {
                    let state = world.disk.lock().unwrap().load();
                    let seen = refresh(&world, &state, Refresh::Lists).await.unwrap();
                    let found = orphans(&state, &seen, "sim");
                    assert!(found.len() == 1 && found[0].proof == Proof::GivenUp, "{told}: {found:?}");
                    faults(&world);
                    release_orphans(&world).await;
                    world.account().manners.group_lag = Duration::ZERO;
                }
                apply(&world, Trouble::None).await;
                let end = apply(&world, Trouble::None).await;
                let made = world.account().groups.values().filter(|made| !made.stranger).count();
                assert!(matches!(end, End::Nothing(0)), "{told}: {}", end.words());
                assert_eq!((made, faults(&world)), (1, vec![]), "{told}: {}", end.words());
            });
        }
    }
}
