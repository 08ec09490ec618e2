//! Two directories with one fleet name in one account, at once: never do both rent, and what they made can be taken away.

use super::account::{named, request};
use super::chance::Chance;
use super::cloud::World;
use super::disk::Disk;
use super::exhaustive::market;
use super::fleet::{Block, Fleet};
use super::in_virtual_time;
use super::manners::Manners;
use super::run::{End, How, body};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How many of the two rented, and how their runs ended. One of them may have made its template group before, and then
/// waited; that of the other may have a name of its own: of two of one name the API refuses the second.
async fn both(world: &World, apart: Duration, waited: Option<Duration>, other: &'static str) -> (usize, [End; 2]) {
    let disks: [Arc<Mutex<Disk>>; 2] = Default::default();
    let run = async |disk: &Arc<Mutex<Disk>>, group, after: Duration, waited: Option<Duration>| {
        let how = |count| {
            let fleet = Fleet::of(Block { group, ..Block::of(count) });
            How { hcl: fleet.hcl(), ..How::default() }
        };
        tokio::time::sleep(after).await;
        if let Some(waited) = waited {
            body(world, world.store_on(disk.clone()), &how(0), &mut None).await;
            tokio::time::sleep(waited).await;
        }
        body(world, world.store_on(disk.clone()), &how(2), &mut None).await
    };
    let (a, b) = futures::join!(run(&disks[0], "g", Duration::ZERO, waited), run(&disks[1], other, apart, None));
    let of = |disk: &Arc<Mutex<Disk>>| disk.lock().unwrap().load().recorded_machines().count();
    let rented = disks.iter().filter(|disk| of(disk) > 0).count();
    let machines: usize = disks.iter().map(of).sum();
    let ours = world.account().standing().filter(|rented| !rented.stranger).count();
    assert_eq!(machines, ours, "every machine stands in one of the states");
    (rented, [a, b])
}

#[test]
fn two_lineages_of_one_fleet_name_never_both_rent() {
    for seed in 0..300 {
        in_virtual_time(async {
            let mut chance = Chance::new(seed, "lineages");
            let manners = Manners {
                names_groups: chance.percent(50),
                names_machines: chance.percent(50),
                full_rows: chance.percent(50),
                ..Manners::default()
            };
            let world = World::new(manners);
            market(&world);
            // Somebody else's, among which theirs are found.
            for _ in 0..chance.below(3) {
                let mut account = world.account();
                let group = account.create_group(&named("theirs"), true);
                account.offer("RTX 3090", 20);
                let iri = account.offers.last().unwrap().iri.clone();
                account.rent(&request(iri, group, Default::default()), true).unwrap();
            }
            let apart = Duration::from_millis(u64::try_from(chance.below(600)).unwrap());
            let waited = chance.percent(50).then(|| Duration::from_millis(u64::try_from(chance.below(1000)).unwrap()));
            let other = if chance.percent(50) { "g" } else { "h" };
            let (rented, ends) = both(&world, apart, waited, other).await;
            let told = ends.each_ref().map(End::words);
            assert!(rented <= 1, "seed {seed}, {apart:?} apart, {waited:?}, {other}: both rented: {told:#?}");
            let ended_well = |told: &&String| told.starts_with("applied, Done");
            assert!(
                told.iter().filter(ended_well).count() <= 1,
                "seed {seed}, {apart:?} apart, {waited:?}, {other}: nobody was told: {told:#?}"
            );
        });
    }
}
