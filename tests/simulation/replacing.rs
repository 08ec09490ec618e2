//! A replacement that turns out to be outside of what was approved: it goes, and what it was to replace stands on.

use super::cloud::World;
use super::exhaustive::market;
use super::fleet::{Block, Fleet};
use super::in_virtual_time;
use super::manners::Manners;
use super::run::{End, How, run};
use super::trouble::{DISK_FAULTS, FAULTS, Trouble};
use std::collections::BTreeSet;

/// A machine is to be replaced by one that bills four times what its offer said, and one thing goes wrong; then the old
/// configuration comes back. Returns how many calls and writes the replacing run made.
async fn one(trouble: Trouble, manners: Manners) -> Result<(usize, usize), String> {
    let world = World::new(manners);
    market(&world);
    let before = Fleet::of(Block { create_first: true, ..Block::of(1) });
    let mut after = before.clone();
    after.a().model = 1;
    world.configure(&before);
    let apply =
        async |fleet: &Fleet, trouble: Trouble| run(&world, &How { hcl: fleet.hcl(), trouble, ..How::default() }).await;
    let ours = || -> BTreeSet<u64> {
        world.account().standing().filter(|rented| !rented.stranger).map(|rented| rented.machine.id.0).collect()
    };
    let mut told = vec![apply(&before, Trouble::None).await.words()];
    let old = ours();
    world.account().jumps = true;
    told.push(apply(&after, trouble).await.words());
    world.account().jumps = false;
    let counts = world.troubles.lock().map(|troubles| (troubles.calls, troubles.writes)).unwrap();
    let mut end = apply(&before, Trouble::None).await;
    told.push(end.words());
    if !matches!(end, End::Nothing(0)) {
        end = apply(&before, Trouble::None).await;
        told.push(end.words());
    }
    let account = world.account();
    let mut ledger = world.ledger.lock().unwrap();
    let left: BTreeSet<u64> = account
        .standing()
        .filter(|rented| !rented.stranger && !rented.twin)
        .map(|rented| rented.machine.id.0)
        .collect();
    if !old.is_subset(&left) {
        ledger.faults.push(format!("{old:?} stood, and {left:?} is left"));
    }
    if !matches!(end, End::Nothing(0)) {
        ledger.faults.push("two reruns did not reach an empty plan".into());
    }
    match ledger.faults.is_empty() {
        true => Ok(counts),
        false => Err(format!("{}\n  {}", ledger.faults.join("\n  "), told.join("\n  "))),
    }
}

#[test]
fn what_was_to_be_replaced_stands_on_when_the_new_machine_is_above_its_cap() {
    let mut broken = Vec::new();
    for manners in [Manners::default(), Manners { names_machines: false, shows_env: false, ..Manners::default() }] {
        let mut try_it = |trouble: Trouble| {
            let name = format!("{trouble:?}");
            in_virtual_time(one(trouble, manners))
                .map_err(|why| broken.push(format!("{name}: {why}")))
                .unwrap_or_default()
        };
        let (calls, writes) = try_it(Trouble::None);
        for call in 0..calls {
            for fault in FAULTS {
                try_it(Trouble::Call(call, fault));
            }
        }
        for write in 0..writes {
            for fault in DISK_FAULTS {
                try_it(Trouble::Write(write, fault));
            }
        }
    }
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}
