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

/// When one of the two begins, and with what.
#[derive(Clone, Copy, Debug)]
struct Begin {
    /// Its template group: of two of one name the API refuses the second.
    group: &'static str,
    after: Duration,
    /// Its group was made before, by a run of its own; and then it waited.
    waited: Option<Duration>,
    /// How long each plan is read before it is approved.
    approval: Duration,
}

/// How many of the two rented, and how their runs ended.
async fn both(world: &World, begin: [Begin; 2]) -> (usize, [End; 2]) {
    let disks: [Arc<Mutex<Disk>>; 2] = Default::default();
    let run = async |disk: &Arc<Mutex<Disk>>, begin: Begin| {
        let how = |count| {
            let fleet = Fleet::of(Block { group: begin.group, ..Block::of(count) });
            How { hcl: fleet.hcl(), approval: begin.approval, ..How::default() }
        };
        tokio::time::sleep(begin.after).await;
        if let Some(waited) = begin.waited {
            body(world, world.store_on(disk.clone()), &how(0), &mut None).await;
            tokio::time::sleep(waited).await;
        }
        body(world, world.store_on(disk.clone()), &how(2), &mut None).await
    };
    let (a, b) = futures::join!(run(&disks[0], begin[0]), run(&disks[1], begin[1]));
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
                rent: Duration::from_secs(if chance.percent(50) { 5 } else { 0 }),
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
            let mut within = |most| Duration::from_millis(u64::try_from(chance.below(most)).unwrap());
            let [apart, waited, read, others_read] = [600, 1000, 1500, 1500].map(&mut within);
            let first = Begin {
                group: "g",
                after: Duration::ZERO,
                waited: chance.percent(50).then_some(waited),
                approval: if chance.percent(50) { read } else { Duration::ZERO },
            };
            let other = Begin {
                group: if chance.percent(50) { "g" } else { "h" },
                after: apart,
                waited: None,
                approval: if chance.percent(50) { others_read } else { Duration::ZERO },
            };
            let begin = [first, other];
            let (rented, ends) = both(&world, begin).await;
            let told = ends.each_ref().map(End::words);
            assert!(rented <= 1, "seed {seed}, {begin:?}: both rented: {told:#?}");
            let ended_well = |told: &&String| told.starts_with("applied, Done");
            assert!(told.iter().filter(ended_well).count() <= 1, "seed {seed}, {begin:?}: nobody was told: {told:#?}");
        });
    }
}
