//! What a refresh costs in an account that holds more than the fleet.

use super::account::{named, request};
use super::cloud::World;
use super::exhaustive::market;
use super::fleet::{Block, Fleet};
use super::in_virtual_time;
use super::manners::Manners;
use super::orphans::release_orphans;
use super::run::{End, How, run};
use super::trouble::{Fault, Trouble};
use podform::refresh::{Refresh, refresh};
use std::time::Duration;

/// One machine is wanted; the call of a number goes wrong.
async fn apply(world: &World, trouble: Trouble) -> End {
    let fleet = Fleet::of(Block::of(1));
    world.configure(&fleet);
    run(world, &How { hcl: fleet.hcl(), trouble, ..How::default() }).await
}

/// 50 machines like ours and 50 groups, by hand.
fn fill(world: &World) {
    let mut account = world.account();
    let group = account.groups.keys().next().copied().unwrap();
    let model = account.standing().next().unwrap().machine.gpu_model.clone().unwrap();
    for number in 0..50 {
        account.create_group(&named(&format!("other-{number}")), true);
        account.offer(&model, 30);
        let offer_iri = account.offers.last().unwrap().iri.clone();
        account.rent(&request(offer_iri, group, Default::default()), true).unwrap();
    }
}

/// Rows tell nothing of notes and environments: nobody can tell from them whose a machine is. Two lists, and a few details.
#[test]
fn what_others_own_is_not_read_one_by_one() {
    in_virtual_time(async {
        let world = World::new(Manners::default());
        market(&world);
        apply(&world, Trouble::None).await;
        fill(&world);
        tokio::time::sleep(Duration::from_secs(60)).await;
        let reads = async |how: Refresh| {
            world.troubles.lock().unwrap().begin(Trouble::None);
            let state = world.disk.lock().unwrap().load();
            refresh(&world, &state, how).await.unwrap();
            world.troubles.lock().unwrap().reads
        };
        let lists = reads(Refresh::Lists).await;
        // A recorded machine is read too: it tells whether environments are shown.
        assert!(lists <= 5, "{lists}");
        assert_eq!(reads(Refresh::Orphans).await, 104);
    });
}

/// Among all those, what one call made twice is found at once.
#[test]
fn a_twin_is_found_among_what_others_own() {
    for call in [0, 1] {
        in_virtual_time(async {
            let world = World::new(Manners::default());
            market(&world);
            apply(&world, Trouble::Call(call, Fault::Twice)).await;
            fill(&world);
            let end = apply(&world, Trouble::None).await;
            let told = world.ledger.lock().unwrap().told.len();
            assert_eq!(told, 1, "{call}: {}", end.words());
            assert_eq!(release_orphans(&world).await.len(), 1);
        });
    }
}
