//! Objects that were set aside, beside what stands at their address.

use super::cloud::World;
use super::exhaustive::market;
use super::fleet::{Block, Fleet};
use super::in_virtual_time;
use super::manners::Manners;
use super::run::{End, How, run};
use super::trouble::{Fault, Trouble};
use podform::apply::Ended;
use std::time::Duration;

/// What was set aside goes while another one is rented for its address: they are two objects, and whether the one is gone
/// yet says nothing of the other.
#[test]
fn a_release_of_what_was_set_aside_is_in_no_way_of_a_rent() {
    for trouble in [Trouble::None, Trouble::Call(0, Fault::Slow), Trouble::Call(1, Fault::Slow)] {
        in_virtual_time(async {
            let world = World::new(Manners { delete_lag: Duration::from_secs(20), ..Manners::default() });
            market(&world);
            let mut fleet = Fleet::of(Block { create_first: true, ..Block::of(1) });
            world.configure(&fleet);
            let apply = async |hcl: String, trouble| run(&world, &How { hcl, trouble, ..How::default() }).await;
            apply(fleet.hcl(), Trouble::None).await;
            fleet.a().model = 1;
            // Rent, mark, release.
            apply(fleet.hcl(), Trouble::Call(2, Fault::Refused)).await;
            let (old, new) = {
                let state = world.disk.lock().unwrap().load();
                let deposed = state.deposed.values().flat_map(|all| all.values()).map(|record| record.id().unwrap());
                let current = state.recorded_machines().map(|(id, _)| id.0);
                let old: Vec<u64> = deposed.collect();
                (old.clone(), current.filter(|id| !old.contains(id)).collect::<Vec<_>>())
            };
            assert_eq!((old.len(), new.len()), (1, 1));
            world.account().end(new[0]);
            tokio::time::sleep(Duration::from_secs(60)).await;
            // The rent waits for this.
            *fleet.groups.get_mut("g").unwrap() += 1;
            let end = apply(fleet.hcl(), trouble.clone()).await;
            let End::Applied(result, _) = &end else { panic!("{}", end.words()) };
            assert_eq!(result.ended(), Ended::Done, "{}", end.words());
            assert_eq!(world.account().standing().filter(|rented| !rented.stranger).count(), 1);
            assert_eq!(world.ledger.lock().unwrap().faults, [""; 0]);
        });
    }
}
