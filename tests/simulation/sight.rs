//! Whose machine an unanswered rent made, where environments are shown or hidden.

use super::account::request;
use super::cloud::World;
use super::in_virtual_time;
use super::manners::Manners;
use podform::cloud::Cloud;
use podform::live::{Env, GroupId, MachineId};
use podform::refresh::{Search, Sighting, sight};
use podform::state::{Intent, IntentAction};

/// A machine of our own group that somebody rented by hand, while our rent never happened. Its environment is empty, or the
/// answer has none.
fn sighted(shows_env: bool, by_hand: Option<Env>, recorded: Option<&str>) -> Sighting<MachineId> {
    in_virtual_time(async {
        let world = World::new(Manners { shows_env, full_rows: false, ..Manners::default() });
        let mut ours = Vec::new();
        {
            let mut account = world.account();
            for claim in [recorded, Some("")].into_iter().flatten() {
                account.offer("RTX 3090", 30);
                let offer_iri = account.offers.last().unwrap().iri.clone();
                let env: Env = [("PODFORM_CLAIM".to_owned(), claim.to_owned())].into_iter().collect();
                ours.push(account.rent(&request(offer_iri, 1, env), true).unwrap());
            }
            account.machines.get_mut(ours.last().unwrap()).unwrap().machine.env = by_hand;
        }
        ours.pop();
        let now = world.account().now();
        let intent = Intent::new("c0ffee".into(), IntentAction::RENT, "simplepod_instance.a".parse().unwrap(), now);
        let intent = Intent { group_id: Some(1), gpu_model: Some("RTX 3090".into()), gpu_count: Some(1), ..intent };
        let search = Search {
            recorded: ours.into_iter().map(MachineId).collect(),
            own_groups: [GroupId(1)].into(),
            rivals: false,
        };
        let listed = world.machines().await.unwrap();
        match sight(&world, &intent, &listed, &search).await.unwrap() {
            Sighting::Found(machine) => Sighting::Found(Box::new(machine.id)),
            Sighting::Perhaps(ids) => Sighting::Perhaps(ids),
            Sighting::Nowhere => Sighting::Nowhere,
        }
    })
}

/// Others carry the mark of our rent, too; ours perhaps with them. What is adopted, and what may be.
fn borne(shows_env: bool, full_rows: bool, envs: &[Option<&str>]) -> (Option<u64>, Vec<u64>) {
    in_virtual_time(async {
        let world = World::new(Manners { shows_env, full_rows, ..Manners::default() });
        for claim in envs {
            let mut account = world.account();
            account.offer("RTX 3090", 30);
            let offer_iri = account.offers.last().unwrap().iri.clone();
            let (name, value) = claim.map_or(("A", "1"), |claim| ("PODFORM_CLAIM", claim));
            let env: Env = [(name.to_owned(), value.to_owned())].into_iter().collect();
            let id = account.rent(&request(offer_iri, 1, env), true).unwrap();
            let notes = "podform:v1:sim:l:c0ffee:simplepod_instance.a".to_owned().into();
            account.machines.get_mut(&id).unwrap().machine.notes = Some(notes);
        }
        let places: Vec<u64> = world.account().machines.keys().copied().collect();
        let place = |id: u64| u64::try_from(places.iter().position(|known| *known == id).unwrap()).unwrap();
        let now = world.account().now();
        let intent = Intent::new("c0ffee".into(), IntentAction::RENT, "simplepod_instance.a".parse().unwrap(), now);
        let listed = world.machines().await.unwrap();
        match sight(&world, &intent, &listed, &Search::default()).await.unwrap() {
            Sighting::Found(machine) => (Some(place(machine.id.0)), Vec::new()),
            Sighting::Perhaps(ids) => (None, ids.into_iter().map(place).collect()),
            Sighting::Nowhere => (None, Vec::new()),
        }
    })
}

#[test]
fn a_copied_mark_is_not_adopted_where_the_claim_shows_or_another_one_carries_it() {
    let (ours, theirs) = (Some("c0ffee"), None);
    for full_rows in [false, true] {
        assert_eq!(borne(true, full_rows, &[theirs, ours]), (Some(1), vec![]));
        assert_eq!(
            borne(true, full_rows, &[theirs, Some("beef")]),
            (None, vec![]),
            "all of them show that they are not it"
        );
        assert_eq!(borne(false, full_rows, &[theirs, ours]), (None, vec![0, 1]));
        assert_eq!(borne(false, full_rows, &[ours]), (Some(0), vec![]));
    }
}

#[test]
fn an_empty_environment_is_hidden_only_where_nothing_shows_one() {
    let empty = || Some(Env::default());
    let adopted = |sighting: Sighting<MachineId>| matches!(sighting, Sighting::Found(_));
    assert!(adopted(sighted(false, None, Some("beef"))), "all are hidden");
    assert!(adopted(sighted(true, empty(), None)), "nothing was ever shown");
    assert_eq!(sighted(true, empty(), Some("beef")), Sighting::Nowhere, "ours shows its claim");
    assert!(matches!(sighted(true, None, Some("beef")), Sighting::Perhaps(_)), "one answer has none");
}
