//! An older version of the state is put back in a shared place, as a bucket with versions has them: nothing is planned on it, and
//! what it does not know is taken in.

use super::cloud::World;
use super::exhaustive::market;
use super::fleet::{Block, Fleet};
use super::in_virtual_time;
use super::manners::Manners;
use super::operator::takes_in_newer;
use super::run::{End, How, asleep, run};
use crate::backends::memory::{KEY, Memory};
use podform::apply::Ended;
use std::time::Duration;

#[track_caller]
fn applied(end: &End) {
    assert!(matches!(end, End::Applied(result, _) if result.ended() == Ended::Done), "{}", end.words());
}

#[test]
fn an_older_version_of_a_shared_state_stops_until_the_lost_is_taken_in() {
    for memory in [Memory::default(), Memory::default().generations()] {
        in_virtual_time(async {
            let world = World::shared(Manners::default(), memory.clone());
            market(&world);
            let runs = async |fleet: &Fleet| {
                world.configure(fleet);
                run(&world, &How { hcl: fleet.hcl(), ..How::default() }).await
            };
            let mut fleet = Fleet::of(Block::of(1));
            applied(&runs(&fleet).await);
            let yesterday = memory.bytes(KEY).unwrap();
            // Two runs went on from it: the marks of the second one tell.
            for count in [2, 3] {
                fleet.a().count = count;
                applied(&runs(&fleet).await);
            }
            let ours = || world.account().standing().filter(|rented| !rented.stranger).count();
            let rents = || world.account().done.len();
            let before = rents();
            memory.set(KEY, &yesterday);
            tokio::time::sleep(Duration::from_secs(300)).await;
            // Neither what is wanted, nor less, nor nothing at all.
            let (wanted, mut less, none) = (fleet.clone(), fleet.clone(), Fleet::default());
            less.a().count = 0;
            for fleet in [&wanted, &less, &none] {
                let end = runs(fleet).await;
                let End::Stopped(errors) = &end else { panic!("{}", end.words()) };
                assert!(errors[0].contains("State is older than its machines"), "{errors:?}");
            }
            assert_eq!(rents(), before, "nothing was called");
            let how = How { hcl: wanted.hcl(), ..How::default() };
            let told = takes_in_newer(&world, &how).await;
            assert_eq!(told.len(), 3, "the serial, and two machines: {told:?}");
            let end = runs(&wanted).await;
            assert!(matches!(end, End::Nothing(0)), "{}", end.words());
            assert_eq!(rents(), before, "nothing was called");
            assert_eq!(ours(), 3);
            // It is the newest again, and whoever goes on does.
            applied(&runs(&none).await);
            assert_eq!(ours(), 0);
        });
    }
}

/// Whoever slept while others went on without asking for its lock reads marks that are newer than its state. No state was put
/// back for that.
#[test]
fn a_run_that_was_overtaken_before_it_looked_is_told_that() {
    in_virtual_time(async {
        let world = World::shared(Manners::default(), Memory::default());
        market(&world);
        let how = |fleet: &Fleet| How { hcl: fleet.hcl(), ..How::default() };
        let mut fleet = Fleet::of(Block::of(1));
        world.configure(&fleet);
        applied(&run(&world, &how(&fleet)).await);
        let first = how(&fleet);
        let others = async {
            let beside = world.beside();
            for count in [2, 3] {
                fleet.a().count = count;
                beside.configure(&fleet);
                applied(&run(&beside, &how(&fleet)).await);
            }
        };
        let (end, overtaken) = asleep(&world, &first, Duration::from_millis(60), others).await;
        overtaken.expect("it slept");
        let End::Stopped(errors) = &end else { panic!("{}", end.words()) };
        assert!(errors[0].contains("The state that stands there knows everything"), "{errors:?}");
    });
}
