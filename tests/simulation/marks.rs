//! Marks that people changed.

use super::account::Manners;
use super::cloud::World;
use super::exhaustive::market;
use super::fleet::{Block, Fleet};
use super::in_virtual_time;
use super::run::{End, How, run};

/// Where environments are hidden, a mark that was copied from another machine's notes stops a release. The way out that the
/// error names works: the block comes back, the mark is written again, and then the machine goes.
#[test]
fn a_copied_mark_stops_a_release_until_an_apply_has_written_it_again() {
    in_virtual_time(async {
        let world = World::new(Manners { shows_env: false, ..Manners::default() });
        market(&world);
        let fleet = Fleet::of(Block::of(1));
        world.ledger.lock().unwrap().caps = fleet.caps();
        let apply = async |hcl: String| run(&world, &How { hcl, ..How::default() }).await;
        let none = || "podform {\n  fleet = \"sim\"\n}\n".to_owned();
        let ours = || world.account().standing().filter(|rented| !rented.stranger).count();
        apply(fleet.hcl()).await;
        for rented in world.account().machines.values_mut().filter(|rented| !rented.stranger) {
            let notes = rented.machine.notes.take().unwrap();
            let claim = notes.split(':').nth(4).unwrap();
            rented.machine.notes = Some(notes.replace(claim, "c0ffee"));
        }
        let refused = apply(none()).await;
        assert!(refused.words().contains("apply once with simplepod_instance.a"), "{}", refused.words());
        assert_eq!(ours(), 1);
        assert!(matches!(apply(fleet.hcl()).await, End::Applied(..)));
        let released = apply(none()).await;
        assert_eq!(ours(), 0, "{}", released.words());
        assert!(matches!(apply(none()).await, End::Nothing(0)));
        assert_eq!(world.ledger.lock().unwrap().faults, [""; 0]);
    });
}
