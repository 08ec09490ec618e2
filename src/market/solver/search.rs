//! The search for the cheapest placement below a known one. What a placement loses against the bound is the sum of what
//! each of its hosts loses; with good prices few hosts can lose little in more than one way. Those alone are searched, host
//! by host; what is left to be placed is the state, and of equal states only the best goes on.

use super::bound::{Comers, Prices};
use super::problem::{Choice, Placement, Problem};
use std::collections::HashMap;

/// How a search ended.
#[derive(Debug)]
pub enum Found {
    /// The cheapest placement.
    Best(Placement),
    /// None loses so little.
    None,
    /// It would take too long.
    Unknown,
}

/// One way to fill a host.
#[derive(Clone, Debug)]
struct Way {
    /// How many of each comer.
    takes: Vec<u16>,
    /// Against the host's best.
    loss: i128,
}

/// Where a search stands before a host.
#[derive(Clone, Debug)]
struct State {
    /// By class, what is left to be placed.
    left: Vec<u16>,
    loss: i128,
    /// The state of the layer before, and the way of its host, that led here.
    by: (usize, usize),
}

/// What a search looks at.
#[derive(Clone, Copy, Debug)]
pub struct Search<'p> {
    /// The problem.
    pub problem: &'p Problem,
    /// Good prices.
    pub prices: &'p Prices,
    /// Who may come where.
    pub comers: &'p Comers,
    /// A placement that loses more is not looked for.
    pub most: i128,
}

impl Search<'_> {
    /// The cheapest placement of those that lose little enough. What it does it takes of `work`.
    pub fn run(&self, work: &mut u64) -> Found {
        let mut left: Vec<i64> = self.problem.classes.iter().map(|class| i64::from(class.wanted)).collect();
        // Hosts that have one way only are not searched.
        let (mut fixed, mut open) = (Vec::new(), Vec::new());
        for (host, comers) in self.comers.iter().enumerate().filter(|(_, comers)| !comers.is_empty()) {
            let Some(ways) = self.ways(host, work) else { return Found::Unknown };
            match ways.as_slice() {
                [] => return Found::None,
                [way] => {
                    comers.iter().zip(&way.takes).for_each(|((class, _), n)| left[*class] -= i64::from(*n));
                    fixed.push((host, way.clone()));
                }
                _ => open.push((host, ways)),
            }
        }
        let left: Result<Vec<u16>, _> = left.into_iter().map(u16::try_from).collect();
        let Ok(left) = left else { return Found::None };
        let start = State { left, loss: fixed.iter().map(|(_, way)| way.loss).sum(), by: (0, 0) };
        let Some(layers) = self.layers(start, &open, work) else { return Found::Unknown };
        let last = &layers[layers.len() - 1];
        let ended = |state: &State| state.loss + self.nowhere(&state.left, &vec![0; state.left.len()]);
        let ends = last.iter().enumerate().map(|(at, state)| (ended(state), at));
        let Some((_, mut at)) = ends.filter(|(loss, _)| *loss <= self.most).min() else { return Found::None };
        let mut placement = self.problem.nothing();
        for (layer, (host, ways)) in layers[1..].iter().zip(&open).rev() {
            let (before, way) = layer[at].by;
            self.put(&mut placement, *host, &ways[way]);
            at = before;
        }
        fixed.iter().for_each(|(host, way)| self.put(&mut placement, *host, way));
        Found::Best(placement)
    }

    /// The states before each of the open hosts, and after the last.
    fn layers(&self, start: State, open: &[(usize, Vec<Way>)], work: &mut u64) -> Option<Vec<Vec<State>>> {
        // What the hosts behind can take at most.
        let mut able = vec![vec![0u32; self.problem.classes.len()]];
        for (host, ways) in open.iter().rev() {
            let mut here = able[able.len() - 1].clone();
            for (at, (class, _)) in self.comers[*host].iter().enumerate() {
                here[*class] += ways.iter().map(|way| u32::from(way.takes[at])).max().unwrap_or(0);
            }
            able.push(here);
        }
        able.reverse();
        let mut layers = vec![vec![start]];
        for ((host, ways), able) in open.iter().zip(&able[1..]) {
            let mut known: HashMap<Vec<u16>, usize> = HashMap::new();
            let mut next: Vec<State> = Vec::new();
            for (before, state) in layers[layers.len() - 1].iter().enumerate() {
                for (at, way) in ways.iter().enumerate() {
                    let loss = state.loss + way.loss;
                    if loss > self.most {
                        break;
                    }
                    self.step(work)?;
                    let Some(left) = self.after(&state.left, *host, way) else { continue };
                    if loss + self.nowhere(&left, able) > self.most {
                        continue;
                    }
                    let state = State { left, loss, by: (before, at) };
                    match known.get(&state.left) {
                        Some(there) if next[*there].loss <= loss => {}
                        Some(there) => next[*there] = state,
                        None => {
                            known.insert(state.left.clone(), next.len());
                            next.push(state);
                        }
                    }
                }
            }
            layers.push(next);
        }
        Some(layers)
    }

    /// What is left after a host was filled; `None` where that would be more than is left.
    fn after(&self, left: &[u16], host: usize, way: &Way) -> Option<Vec<u16>> {
        let mut left = left.to_vec();
        for ((class, _), n) in self.comers[host].iter().zip(&way.takes) {
            left[*class] = left[*class].checked_sub(*n)?;
        }
        Some(left)
    }

    /// What those lose that find no place any more, where so many may find one still.
    fn nowhere(&self, left: &[u16], able: &[u32]) -> i128 {
        let classes = self.problem.classes.iter().zip(&self.prices.of);
        let loss = classes.map(|(class, price)| (class.unfilled * self.prices.scale - price).max(0));
        let without = left.iter().zip(able).map(|(left, able)| i128::from(u32::from(*left).saturating_sub(*able)));
        without.zip(loss).map(|(n, loss)| n * loss).sum()
    }

    /// A step copies what is left of each class.
    fn step(&self, work: &mut u64) -> Option<()> {
        *work = work.checked_sub(self.problem.classes.len() as u64)?;
        Some(())
    }

    fn put(&self, placement: &mut Placement, host: usize, way: &Way) {
        for ((class, _), n) in self.comers[host].iter().zip(&way.takes) {
            let choices = &self.problem.classes[*class].choices;
            if let Some(at) = choices.iter().position(|choice| choice.host == host) {
                placement[*class][at] = u32::from(*n);
            }
        }
    }

    /// The ways to fill a host, from the best; `None` where there are too many.
    fn ways(&self, host: usize, work: &mut u64) -> Option<Vec<Way>> {
        let comers = &self.comers[host];
        let free = self.problem.free[host];
        let best = self.prices.best(self.problem, comers, free);
        let mut ways = Vec::new();
        let mut stack = vec![(Vec::new(), free, 0)];
        while let Some((takes, gpus, loss)) = stack.pop() {
            self.step(work)?;
            let at = takes.len();
            let Some((class, choice)) = comers.get(at) else {
                ways.push(Way { takes, loss });
                continue;
            };
            let (size, gain) = (self.problem.classes[*class].size, self.prices.gain(*class, choice));
            let most = (gpus / size).min(self.group_room(comers, &takes, *class, choice));
            for n in 0..=most {
                let rest = gpus - n * size;
                let behind = best[at + 1][rest as usize] + gain * i128::from(n);
                let loss = loss + best[at][gpus as usize] - behind;
                if loss <= self.most {
                    let mut takes = takes.clone();
                    takes.push(u16::try_from(n).unwrap_or(u16::MAX));
                    stack.push((takes, rest, loss));
                }
            }
        }
        ways.sort_by(|a, b| a.loss.cmp(&b.loss).then_with(|| b.takes.cmp(&a.takes)));
        Some(ways)
    }

    fn group_room(&self, comers: &[(usize, Choice)], takes: &[u16], class: usize, choice: &Choice) -> u32 {
        let group = |class: usize| self.problem.classes[class].group;
        let beside = comers.iter().zip(takes).filter(|((other, _), _)| group(*other) == group(class));
        choice.group_most.saturating_sub(beside.map(|(_, n)| u32::from(*n)).sum())
    }
}
