//! Orphans are released as `podform orphans -release` does it.

use super::account::request;
use super::cloud::World;
use super::in_virtual_time;
use super::manners::Manners;
use podform::apply::{release_orphan, unwritten};
use podform::live::{Env, LiveObject, ObjectId, Orphan};
use podform::refresh::{Clock, Refresh, refresh};
use podform::state::{Record, State, orphaned, orphans};
use podform::store::LockedStore;

/// Releases what the network made twice, or too late.
pub async fn release_orphans(world: &World) -> Vec<ObjectId> {
    let (mut store, mut state) = LockedStore::open(world.store(), "orphans", None).await.unwrap();
    let snapshot = refresh(world, &state, Refresh::Orphans).await.unwrap();
    let mut twins = orphans(&state, &snapshot, "sim");
    world.ledger.lock().unwrap().told.extend(twins.iter().map(|orphan| orphan.id.number()));
    twins.retain(|orphan| orphan.proof.is_one());
    for twin in &twins {
        release(world, twin, &mut store, &mut state).await;
    }
    store.snapshot(&mut state).await.unwrap();
    let _ = store.close().await;
    twins.into_iter().map(|twin| twin.id).collect()
}

async fn release(world: &World, orphan: &Orphan, store: &mut LockedStore, state: &mut State) {
    let before = state.clone();
    let clock = Clock::new(world.account().now());
    let commit = async |events: Vec<podform::state::Event>| {
        store.append(&events).await.map_err(|error| unwritten(&error)).map(|_| {
            events.into_iter().for_each(|event| state.apply(event));
        })
    };
    release_orphan(world, orphan, (&before, "sim"), &clock, commit).await.unwrap();
}

/// The old object of a replace is set aside under the claim that made the new one. Should the new one be an orphan, its
/// release leaves the record of the old one alone.
#[test]
fn the_release_of_an_orphan_forgets_nothing_else() {
    in_virtual_time(async {
        let world = World::new(Manners::default());
        let claim = "c0ffee00c0ffee00";
        let address: podform::address::InstanceAddr = "simplepod_instance.a".parse().unwrap();
        let id = {
            let mut account = world.account();
            account.offer("RTX 3090", 30);
            let offer_iri = account.offers[0].iri.clone();
            let env: Env = [("PODFORM_CLAIM".to_owned(), claim.to_owned())].into_iter().collect();
            let id = account.rent(&request(offer_iri, 1, env), true).unwrap();
            let rented = account.machines.get_mut(&id).unwrap();
            rented.stranger = false;
            rented.machine.notes = Some(format!("podform:v1:sim:l:{claim}:{address}").into());
            id
        };
        let mut state = State { lineage: "l".into(), ..State::default() };
        let old = Record { claim: Some("old".into()), ..Record::default() };
        state.deposed.entry(address).or_default().insert(claim[..8].to_owned(), old.into());
        let before = state.deposed.clone();
        let machine = LiveObject::from(world.account().machines[&id].machine.clone());
        // The row of a list that showed it may hold no hash_id.
        let orphan = Orphan { hash_id: None, ..orphaned(&machine, &state, "sim", false).unwrap() };
        let (mut store, _) = LockedStore::open(world.store(), "orphans", None).await.unwrap();
        release(&world, &orphan, &mut store, &mut state).await;
        assert_eq!(world.account().standing().count(), 0);
        assert_eq!(state.deposed, before);
        assert!(state.open.is_empty());
    });
}
