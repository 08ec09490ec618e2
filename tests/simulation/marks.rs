//! Marks that people changed.

use super::account::request;
use super::change::Change;
use super::cloud::World;
use super::exhaustive::market;
use super::fleet::{Block, Fleet};
use super::in_virtual_time;
use super::manners::Manners;
use super::orphans::release_orphans;
use super::run::{End, How, run};
use std::time::Duration;

fn nothing() -> String {
    "podform {\n  fleet = \"sim\"\n}\n".to_owned()
}

/// Where environments are hidden, a mark that was copied from another machine's notes stops a release. The way out that the
/// error names works: the block comes back, the mark is written again, and then the machine goes.
#[test]
fn a_copied_mark_stops_a_release_until_an_apply_has_written_it_again() {
    in_virtual_time(async {
        let world = World::new(Manners { shows_env: false, ..Manners::default() });
        market(&world);
        let fleet = Fleet::of(Block::of(1));
        world.configure(&fleet);
        let apply = async |hcl: String| run(&world, &How { hcl, ..How::default() }).await;
        let ours = || world.account().standing().filter(|rented| !rented.stranger).count();
        apply(fleet.hcl()).await;
        for rented in world.account().machines.values_mut().filter(|rented| !rented.stranger) {
            let notes = rented.machine.notes.take().unwrap();
            let claim = notes.split(':').nth(4).unwrap();
            rented.machine.notes = Some(notes.replace(claim, "c0ffee").into());
        }
        let refused = apply(nothing()).await;
        assert!(refused.words().contains("apply once with simplepod_instance.a"), "{}", refused.words());
        assert_eq!(ours(), 1);
        assert!(matches!(apply(fleet.hcl()).await, End::Applied(..)));
        let released = apply(nothing()).await;
        assert_eq!(ours(), 0, "{}", released.words());
        assert!(matches!(apply(nothing()).await, End::Nothing(0)));
        assert_eq!(world.ledger.lock().unwrap().faults, [""; 0]);
    });
}

/// Somebody copies the notes of our machine onto theirs, or clones it with its environment. Ours is released since, and so
/// is what says it: neither its claim nor its mark makes theirs ours.
#[test]
fn the_copy_of_a_machine_that_was_released_is_never_released() {
    for (shows_env, cloned) in [(false, false), (true, false), (true, true)] {
        in_virtual_time(async {
            let world = World::new(Manners { shows_env, ..Manners::default() });
            market(&world);
            let fleet = Fleet::of(Block::of(1));
            world.configure(&fleet);
            let apply = async |hcl: String| run(&world, &How { hcl, ..How::default() }).await;
            apply(fleet.hcl()).await;
            let theirs = {
                let mut account = world.account();
                let ours = account.standing().find(|rented| !rented.stranger).unwrap().machine.clone();
                let offer = account.offers.iter().find(|offer| offer.available).unwrap().iri.clone();
                let env = if cloned { ours.env.clone().unwrap() } else { Default::default() };
                let id = account.rent(&request(offer, ours.group.unwrap().0, env), true).unwrap();
                account.machines.get_mut(&id).unwrap().machine.notes = ours.notes;
                id
            };
            tokio::time::sleep(Duration::from_secs(1000)).await;
            apply(nothing()).await;
            for hours in [0, 23, 2, 1000] {
                tokio::time::sleep(Duration::from_secs(hours * 3600)).await;
                assert_eq!(release_orphans(&world).await, [], "{hours} h later");
                assert!(matches!(apply(fleet.hcl()).await, End::Applied(..)), "it is in nobody's way");
                apply(nothing()).await;
            }
            assert!(world.account().standing().any(|rented| rented.machine.id.0 == theirs));
            assert!(world.account().standing().all(|rented| rented.stranger));
            assert_eq!(world.ledger.lock().unwrap().faults, [""; 0]);
        });
    }
}

/// The network delivers a rent twice, and its second machine shows late: the first one, and the group of both, are gone.
#[test]
fn the_twin_of_a_machine_that_was_released_is_told_and_released() {
    in_virtual_time(async {
        let lag = Duration::from_secs(200);
        let world = World::new(Manners { list_lag: lag, ..Manners::default() });
        market(&world);
        let fleet = Fleet::of(Block::of(1));
        world.configure(&fleet);
        let apply = async |hcl: String| run(&world, &How { hcl, ..How::default() }).await;
        apply(fleet.hcl()).await;
        let twin = {
            let mut account = world.account();
            let rent = account.done.iter().find(|done| matches!(done.change, Change::Rent(_))).unwrap().change.clone();
            account.perform_again(&rent, 0);
            account.done.last().unwrap().id.unwrap()
        };
        apply(nothing()).await;
        assert_eq!(release_orphans(&world).await, [], "it does not show yet");
        tokio::time::sleep(lag).await;
        assert!(matches!(apply(nothing()).await, End::Nothing(0)));
        assert!(world.ledger.lock().unwrap().told.contains(&twin));
        let released: Vec<u64> = release_orphans(&world).await.into_iter().map(|id| id.number()).collect();
        assert_eq!(released, [twin]);
        assert!(world.account().standing().all(|rented| rented.stranger));
        assert_eq!(world.ledger.lock().unwrap().faults, [""; 0]);
    });
}
