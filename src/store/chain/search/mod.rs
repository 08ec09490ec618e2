//! Every order in which a few runs can go through the steps, searched: append, take over, commit, compaction, together with
//! intent, rent and adoption. No lock is modelled: any run begins at any time, as where each lock is broken at once. Any run
//! may be held up anywhere, for ever; that is a crash, too. Requests without an answer come through later, or never.
//!
//! Whoever only reads, and holds no lock either, must know all that was durable when it began.
//!
//! One assumption is made, and it is the one of the settle window: nobody counts a call as never sent while the run that may
//! send it is alive and has just proved that nobody had taken over.

mod place;
mod reader;
mod run;

use place::{Design, Place};
use reader::Reader;
use run::{Doing, Fate, Run};
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How much goes wrong.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    runs: u8,
    /// Requests that change something, and whose answer is lost.
    lost: u8,
    /// Runs that die between their intent and their call. Others are held up for ever, which is the same.
    deaths: u8,
    /// Calls that do not come through.
    failures: u8,
    /// Runs that write a state before they do anything, and go on.
    folds: u8,
    /// Those who only read.
    readers: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    place: Place,
    runs: Vec<Run>,
    readers: Vec<Reader>,
    lost: u8,
    deaths: u8,
    failures: u8,
    folds: u8,
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Begin(usize, bool),
    Step(usize, Fate),
    Call(usize, bool),
    Die(usize),
    Compact(usize),
    Land(usize),
    Read(usize),
}

impl World {
    fn new(bounds: Bounds) -> World {
        let runs = (0..bounds.runs).map(Run::new).collect();
        let readers = (0..bounds.readers).map(|_| Reader::Idle).collect();
        let Bounds { lost, deaths, failures, folds, .. } = bounds;
        World { place: Place::default(), runs, readers, lost, deaths, failures, folds }
    }

    fn moves(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        for (at, run) in self.runs.iter().enumerate() {
            match &run.doing {
                // Runs differ in nothing but their names: they begin in their order.
                Doing::Idle if at == 0 || self.runs[at - 1].doing != Doing::Idle => {
                    moves.push(Move::Begin(at, false));
                    moves.extend((self.folds > 0).then_some(Move::Begin(at, true)));
                }
                Doing::Idle | Doing::Over => {}
                Doing::Call => {
                    moves.push(Move::Call(at, true));
                    if self.failures > 0 {
                        moves.push(Move::Call(at, false));
                    }
                    if self.deaths > 0 {
                        moves.push(Move::Die(at));
                    }
                }
                Doing::Compact(_) => moves.push(Move::Compact(at)),
                Doing::TakeOver(_) | Doing::Append(..) | Doing::Commit(_) | Doing::Look(..) => {
                    moves.push(Move::Step(at, Fate::Answered));
                    if self.lost > 0 && matches!(run.ask(), Some(super::Ask::Create(..) | super::Ask::Replace(_))) {
                        moves.push(Move::Step(at, Fate::Lost));
                    }
                }
            }
        }
        moves.extend((0..self.place.flying.len()).map(Move::Land));
        let reads = |at: &usize| !matches!(self.readers[*at], Reader::Over(_));
        moves.extend((0..self.readers.len()).filter(reads).map(Move::Read));
        moves
    }

    fn after(&self, design: Design, chosen: Move) -> World {
        let mut world = self.clone();
        let blocked = world.runs.iter().fold(0, |all, run| all | run.blocks());
        let World { place, runs, readers, lost, deaths, failures, folds } = &mut world;
        match chosen {
            Move::Begin(at, first) => {
                *folds -= u8::from(first);
                runs[at].begin(first);
            }
            Move::Step(at, fate) => {
                *lost -= u8::from(fate == Fate::Lost);
                runs[at].step(place, design, fate, blocked);
            }
            Move::Call(at, comes_through) => {
                *failures -= u8::from(!comes_through);
                runs[at].call(place, comes_through, (design, blocked));
            }
            Move::Die(at) => {
                *deaths -= 1;
                runs[at].die();
            }
            Move::Compact(at) => runs[at].compact(place, (design, blocked)),
            Move::Land(index) => place.land(design, index),
            Move::Read(at) if readers[at] == Reader::Idle => readers[at].begin(place, design),
            Move::Read(at) => readers[at].step(place, design),
        }
        world
    }

    /// What must never be.
    fn fault(&self, design: Design) -> Option<String> {
        let machines = &self.place.machines;
        if machines.len() > 1 {
            return Some(format!("twins: {machines:?}"));
        }
        if self.readers.contains(&Reader::Over(true)) {
            return Some("somebody reads less than was durable when it began".to_owned());
        }
        let known = self.place.known(design);
        let unknown = machines.iter().find(|claim| (known.open | known.recorded) & (1 << **claim) == 0);
        unknown.map(|claim| format!("nobody knows the rent {claim}"))
    }
}

fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}

/// What was found.
struct Found {
    states: usize,
    /// Which state is wrong, and how one comes there.
    fault: Option<(String, Vec<Move>)>,
}

fn search(design: Design, bounds: Bounds) -> Found {
    let start = World::new(bounds);
    let mut seen = HashMap::from([(fingerprint(&start), 0_usize)]);
    let mut came: Vec<(usize, Option<Move>)> = vec![(0, None)];
    let mut queue = VecDeque::from([(0_usize, start)]);
    while let Some((from, world)) = queue.pop_front() {
        for chosen in world.moves() {
            let next = world.after(design, chosen);
            let at = came.len();
            if *seen.entry(fingerprint(&next)).or_insert(at) != at {
                continue;
            }
            came.push((from, Some(chosen)));
            if let Some(fault) = next.fault(design) {
                let mut way = Vec::new();
                let mut back = at;
                while let (before, Some(made)) = came[back] {
                    way.push(made);
                    back = before;
                }
                way.reverse();
                return Found { states: came.len(), fault: Some((fault, way)) };
            }
            queue.push_back((at, next));
        }
    }
    Found { states: came.len(), fault: None }
}

/// Set to search further than every run of the tests has time for: runs, lost answers, deaths, failed calls, runs that write a
/// state first, readers.
const FAR: &str = "PODFORM_SEARCH_FAR";

fn bounds() -> Vec<Bounds> {
    let of = |[runs, lost, deaths, failures, folds, readers]: [u8; 6]| Bounds {
        runs,
        lost,
        deaths,
        failures,
        folds,
        readers,
    };
    match std::env::var(FAR) {
        Ok(text) => {
            let numbers: Vec<u8> = text.split(',').map(|number| number.parse().expect("a number")).collect();
            vec![of(numbers.try_into().expect("six numbers"))]
        }
        Err(_) => vec![of([2, 2, 1, 1, 0, 0]), of([3, 0, 1, 1, 0, 0]), of([2, 1, 0, 0, 1, 0]), of([2, 0, 0, 0, 2, 1])],
    }
}

#[test]
fn no_order_of_three_runs_makes_a_twin_or_a_rent_that_nobody_knows() {
    for bounds in bounds() {
        let began = std::time::Instant::now();
        let found = search(Design::Chain, bounds);
        println!("{bounds:?}: {} states in {:?}", found.states, began.elapsed());
        assert!(found.fault.is_none(), "{:#?}", found.fault);
        assert!(found.states > 1000, "only {} states", found.states);
    }
}

#[test]
fn designs_that_lose_rents_are_found_out() {
    for (design, [runs, lost, folds, readers]) in [
        (Design::SealsGo, [3, 0, 0, 0]),
        (Design::Pointer, [3, 0, 0, 0]),
        (Design::Unlooked, [2, 1, 0, 0]),
        (Design::Unsealed, [1, 0, 1, 1]),
    ] {
        let began = std::time::Instant::now();
        let Found { states, fault } = search(design, Bounds { runs, lost, deaths: 0, failures: 0, folds, readers });
        let (fault, way) = fault.unwrap_or_else(|| panic!("{design:?} stands in all of {states} states"));
        println!("{design:?}: {fault} after {states} states in {:?}, by {way:?}", began.elapsed());
    }
}
