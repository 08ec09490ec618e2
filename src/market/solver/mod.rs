//! The solver: the cheapest placement in whole numbers. Where all machines take the same number of GPUs it is a flow; else
//! flows make good placements, prices bound what any costs, and a search proves the best one or finds a better.

mod bound;
mod flow;
mod problem;
mod search;
#[cfg(test)]
mod tests;

pub use problem::{Choice, Class, Placement, Problem};

use bound::{Comers, Prices, comers, quotient_up};
use flow::{Arc, Source, flow};
use search::{Found, Search};
use std::collections::BTreeSet;

/// How often the prices are bettered: more than a handful of rounds gain next to nothing.
const ROUNDS: usize = 20;

/// What is known of a placement.
#[derive(Clone, Debug)]
pub struct Solution {
    /// The placement.
    pub placement: Placement,
    /// What it costs.
    pub cost: i128,
    /// No placement costs less than this.
    pub bound: i128,
}

/// The cheapest placement; where a search for the proof would be more `work` than this (steps times classes), the best that
/// is known.
pub fn solve(problem: &Problem, mut work: u64) -> Solution {
    let sizes: BTreeSet<u32> = problem.classes.iter().map(|class| class.size).collect();
    let (relaxed, mut prices) = relaxed(problem, &sizes);
    let starts = [relaxed, problem.nothing()].map(|start| polished(problem, start, &sizes));
    let proven = |placement: Placement, cost| Solution { placement, cost, bound: cost };
    let costs = starts.map(|placement| (problem.cost(&placement), placement));
    let [(cost, placement), (other_cost, other)] = costs;
    let (cost, placement) = if other_cost < cost { (other_cost, other) } else { (cost, placement) };
    if sizes.len() <= 1 {
        return proven(placement, cost);
    }
    let comers = comers(problem);
    let scale = prices.scale;
    let bound = bettered(&mut prices, problem, &comers, cost);
    let (mut placement, mut cost) = (placement, cost);
    while quotient_up(bound, scale) < cost
        && let Some(better) = exchanged(problem, &placement, cost)
    {
        placement = polished(problem, better, &sizes);
        cost = problem.cost(&placement);
    }
    // What is better costs a whole unit less.
    let gap = (cost - 1) * scale - bound;
    let mut excluded = 0;
    // A small gap first: it leaves few ways, and most often the best is found there.
    for most in [6, 4, 2, 1, 0].map(|shift| gap >> shift).into_iter().filter(|_| gap >= 0) {
        match (Search { problem, prices: &prices, comers: &comers, most }).run(&mut work) {
            Found::Best(placement) => {
                let cost = problem.cost(&placement);
                return proven(placement, cost);
            }
            Found::None => excluded = most + 1,
            Found::Unknown => {
                return Solution { placement, cost, bound: quotient_up(bound + excluded, scale).min(cost) };
            }
        }
    }
    proven(placement, cost)
}

/// Betters the prices until a cost is proven or nothing is gained; the bound that they make.
fn bettered(prices: &mut Prices, problem: &Problem, comers: &Comers, cost: i128) -> i128 {
    let mut bound = prices.bound(problem, comers);
    for _ in 0..ROUNDS {
        let before = bound;
        for class in 0..problem.classes.len() {
            let mut other = prices.clone();
            other.adjust(problem, comers, class);
            let reached = other.bound(problem, comers);
            if reached > bound {
                (*prices, bound) = (other, reached);
            }
        }
        if bound == before || quotient_up(bound, prices.scale) >= cost {
            break;
        }
    }
    bound
}

/// The flow of single GPUs, which may tear machines apart: what it holds of whole ones, and what one more of each class would
/// cost.
fn relaxed(problem: &Problem, sizes: &BTreeSet<u32>) -> (Placement, Prices) {
    let scale = sizes.iter().fold(1, |all, size| all / divisor(all, *size) * size);
    let source = |class: &Class| {
        let (size, per_gpu) = (u64::from(class.size), i128::from(scale / class.size));
        let arc = |choice: &Choice| Arc {
            host: choice.host,
            cost: choice.cost * per_gpu,
            most: u64::from(problem.free[choice.host] / class.size) * size,
            // It counts machines, not GPUs.
            group_most: u64::MAX,
        };
        Source {
            units: u64::from(class.wanted) * size,
            unfilled: class.unfilled * per_gpu,
            group: class.group,
            arcs: class.choices.iter().map(arc).collect(),
        }
    };
    let sources: Vec<Source> = problem.classes.iter().map(source).collect();
    let room: Vec<u64> = problem.free.iter().map(|free| u64::from(*free)).collect();
    let flow = flow(&sources, &room);
    let of = problem.classes.iter().zip(&flow.price).map(|(class, price)| price * i128::from(class.size)).collect();
    let mut placement = problem.nothing();
    let mut grouped = problem::Grouped::new();
    for ((class, placed), units) in problem.classes.iter().zip(&mut placement).zip(flow.units) {
        for ((choice, n), units) in class.choices.iter().zip(placed).zip(units) {
            let beside = grouped.entry((choice.host, class.group)).or_insert(0);
            let whole = u32::try_from(units / u64::from(class.size)).unwrap_or(u32::MAX);
            *n = whole.min(choice.group_most.saturating_sub(*beside));
            *beside += *n;
        }
    }
    (placement, Prices { scale: i128::from(scale), of })
}

fn divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// Places all machines of one size anew, while the others stay, until no size gains by it.
fn polished(problem: &Problem, mut placement: Placement, sizes: &BTreeSet<u32>) -> Placement {
    let mut cost = problem.cost(&placement);
    loop {
        // The large ones first: the small ones find room between them.
        sizes.iter().rev().for_each(|size| place_anew(problem, &mut placement, &of_size(problem, *size)));
        let now = problem.cost(&placement);
        if now >= cost || sizes.len() == 1 {
            return placement;
        }
        cost = now;
    }
}

fn of_size(problem: &Problem, size: u32) -> Vec<usize> {
    (0..problem.classes.len()).filter(|class| problem.classes[*class].size == size).collect()
}

/// A cheaper placement, in which a class that is not filled goes before those of another size that may be in its way.
fn exchanged(problem: &Problem, placement: &Placement, cost: i128) -> Option<Placement> {
    let open = |class: &usize| placement[*class].iter().sum::<u32>() < problem.classes[*class].wanted;
    let classes = 0..problem.classes.len();
    for first in classes.clone().filter(open) {
        for other in classes.clone().filter(|other| problem.classes[*other].size != problem.classes[first].size) {
            let mut next = placement.clone();
            next[other].fill(0);
            place_anew(problem, &mut next, &[first]);
            place_anew(problem, &mut next, &of_size(problem, problem.classes[other].size));
            if problem.cost(&next) < cost {
                return Some(next);
            }
        }
    }
    None
}

/// Places machines of some classes of one size as cheaply as the others let them: exact, by a flow.
fn place_anew(problem: &Problem, placement: &mut Placement, of: &[usize]) {
    let Some(size) = of.first().map(|class| problem.classes[*class].size) else { return };
    of.iter().for_each(|class| placement[*class].fill(0));
    let (used, grouped) = (problem.used(placement), problem.grouped(placement));
    let room: Vec<u64> = problem.free.iter().zip(&used).map(|(free, used)| u64::from((free - used) / size)).collect();
    let source = |class: &usize| {
        let class = &problem.classes[*class];
        let arc = |choice: &Choice| {
            let beside = grouped.get(&(choice.host, class.group)).copied().unwrap_or(0);
            Arc {
                host: choice.host,
                cost: choice.cost,
                most: u64::MAX,
                group_most: u64::from(choice.group_most.saturating_sub(beside)),
            }
        };
        Source {
            units: u64::from(class.wanted),
            unfilled: class.unfilled,
            group: class.group,
            arcs: class.choices.iter().map(arc).collect(),
        }
    };
    let flow = flow(&of.iter().map(source).collect::<Vec<_>>(), &room);
    for (class, units) in of.iter().zip(flow.units) {
        placement[*class] = units.into_iter().map(|n| u32::try_from(n).unwrap_or(u32::MAX)).collect();
    }
}
