//! Several writers on one account and one shared state: two or three of them apply at once, from checkouts that may differ,
//! while their place loses answers, shows old lists and fails, and while they die, sleep, go without the lock or take it from
//! each other.
//!
//! As in `histories`, `PODFORM_HISTORIES` and `PODFORM_SEED` say which are run.

use super::chance::Chance;
use super::cloud::World;
use super::fleet::Fleet;
use super::histories::{History, Kind, SHARES, broken, come_to_rest};
use super::run::{End, How, asleep, run};
use super::trouble::Trouble;
use crate::backends::memory::Flaw;
use futures::future::join_all;
use std::time::Duration;
use tokio::time::sleep;

/// How many run where nobody says.
const HISTORIES: u64 = 100;

impl History {
    /// Some of the writers meet.
    pub async fn meet(&mut self) {
        let before = self.world.disk.lock().unwrap().durable.len();
        if self.chance.percent(60) {
            self.former.clone_from(&self.fleet);
            let told = self.fleet.edit(&mut self.chance);
            self.told.push(told);
        }
        let count = 2 + self.chance.below(2);
        let mut parts = Vec::new();
        for world in std::iter::once(&self.world).chain(&self.beside).take(count) {
            let seed = u64::try_from(self.chance.below(1 << 30)).unwrap();
            let mut chance = Chance::new(seed, "writer");
            let mut fleet = if chance.percent(20) { self.former.clone() } else { self.fleet.clone() };
            if chance.percent(25) {
                let told = fleet.edit(&mut chance);
                self.told.push(format!("in one checkout alone, {told}"));
            }
            parts.push(works(world, fleet, chance));
        }
        let mut ends = Vec::new();
        for (writer, runs) in join_all(parts).await.into_iter().enumerate() {
            self.runs += u64::try_from(runs.len()).unwrap();
            for Ran { end, told, breaks } in runs {
                let kind = if breaks { ", lock broken" } else { "" };
                *self.counted.entry(format!("run: {}{kind}", end.kind())).or_default() += 1;
                self.told.push(format!("writer {writer}: {told}"));
                ends.push(end);
            }
        }
        self.tells(before);
        for end in ends {
            self.judge(&end, false).await;
        }
    }
}

/// What one of their runs was.
struct Ran {
    end: End,
    /// Its story.
    told: String,
    /// The lock was taken away from whoever held it, for it was in the way.
    breaks: bool,
}

/// One of them applies, again and again.
async fn works(world: &World, fleet: Fleet, mut chance: Chance) -> Vec<Ran> {
    let mut ran = Vec::new();
    world.configure(&fleet);
    let mut breaks = false;
    for run_of in 0..1 + chance.below(4) {
        sleep(some(&mut chance, if run_of == 0 { 1500 } else { 8000 })).await;
        let trouble = match chance.percent(70) {
            true => Trouble::Random {
                seed: u64::try_from(chance.below(1 << 30)).unwrap(),
                share: *chance.pick(&SHARES).unwrap(),
            },
            false => Trouble::None,
        };
        let how = How {
            hcl: fleet.hcl(),
            trouble,
            skew: *chance.pick(&[0, 0, -7200, 40, 3600]).unwrap(),
            accept_missing: true,
            lock: (!chance.percent(25)).then_some(Duration::ZERO),
            ..How::default()
        };
        let began = world.account().now();
        let end = match chance.percent(25) {
            true => {
                let seconds = *chance.pick(&[1, 10, 100, 400]).unwrap();
                asleep(world, &how, some(&mut chance, 6000), sleep(Duration::from_secs(seconds))).await.0
            }
            false => run(world, &how).await,
        };
        let How { trouble, lock, .. } = &how;
        let ended = world.account().now();
        let broke = if breaks { "the lock taken away, " } else { "" };
        let words = end.words();
        let told = format!("{broke}{began} to {ended}: apply ({trouble:?}, lock {lock:?}): {words}");
        breaks = matches!(end, End::Locked) && chance.percent(60) && world.breaks_the_lock().await;
        ran.push(Ran { end, told, breaks });
    }
    ran
}

/// Up to so many milliseconds.
fn some(chance: &mut Chance, most: usize) -> Duration {
    Duration::from_millis(u64::try_from(chance.below(most)).unwrap())
}

#[test]
fn histories_of_several_writers_come_to_rest() {
    come_to_rest(HISTORIES, Kind::Shared(Flaw::None));
}

/// The checker sees what a journal that loses its seals lets happen.
#[test]
fn histories_over_a_journal_that_loses_its_seals_are_broken() {
    assert!(broken(60, Kind::Shared(Flaw::SealsGo)) > 0);
}
