//! Placement: which instance gets which offer, for the whole fleet at once.
//!
//! What is better, in this order: more instances of the most important, then of the next; fewer on hosts that failed; fewer
//! fallback models, then earlier ones; less per hour. Of equals, the host with the better uptime, the faster network, the
//! earlier IRI. Same inputs, same answer.

use super::demand::{Demand, Held};
use super::ground::{Fit, Ground};
use super::requirement::Envelope;
use super::solver::{Choice, Class, Problem, solve};
use crate::address::{InstanceAddr, ResourceAddr};
use crate::live::Offer;
use crate::money::Usd;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

/// Work of the search for a proof, in steps times classes: about as much as a third of a second allows. It is counted, not
/// timed, so that the same plan comes out on every machine.
const WORK: u64 = 8_000_000;

/// No bound or sum of a placement comes near the end of the numbers where this product stays below it: prices are
/// multiplied by the common multiple of all numbers of GPUs, of which 1 to 16 have 720,720.
const ROOM: i128 = i128::MAX / (720_720 * 16);

/// The offer of one instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    /// What is rented.
    pub offer: Offer,
    /// What else may be rented if it vanishes.
    pub envelope: Envelope,
    /// Free GPUs of its host when it was chosen, as far as the market shows them.
    pub free_gpus: u32,
    /// An instance that goes to the same host before. Whether a row stands on after its first rent is an expectation (API
    /// sheet, C18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<InstanceAddr>,
}

/// How good a placement is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// USD per hour that another placement might save at most; `None` where it is not even proven that no more instances
    /// find an offer, or fewer fallbacks are needed. Zero: none is cheaper.
    pub saving: Option<Usd>,
}

/// Where everything goes.
#[derive(Debug)]
pub struct Placements {
    /// In the order of the demands; `None` without an offer.
    pub each: Vec<Option<Placed>>,
    /// How good that is.
    pub proof: Proof,
}

/// Gives demands their offers.
pub fn place(demands: &[Demand], market: &[Offer], held: &Held) -> Placements {
    place_on(&Ground::of(market), demands, held, WORK)
}

/// As [`place`], in a market that was read before; `work` is what a search for a proof may take.
pub(super) fn place_on(ground: &Ground<'_>, demands: &[Demand], held: &Held, work: u64) -> Placements {
    let before = ground.free(held);
    let mut placing =
        Placing { ground, demands, free: before.clone(), given: vec![None; demands.len()], saving: Some(Usd::ZERO) };
    placing.exact(held, work);
    while placing.larger(held) {}
    let Placing { given, saving, .. } = placing;
    let shares = shares(demands, ground.market, &given);
    let each = demands.iter().zip(given).zip(shares).map(|((demand, row), shares)| {
        let offer = ground.market[row?].clone();
        let free_gpus = ground.hosts.get(offer.host.as_str()).map_or(0, |host| before[*host]);
        Some(Placed { offer, envelope: demand.envelope.clone(), free_gpus, shares })
    });
    Placements { each: each.collect(), proof: Proof { saving } }
}

/// A placement under way.
struct Placing<'a> {
    ground: &'a Ground<'a>,
    demands: &'a [Demand],
    /// By host.
    free: Vec<u32>,
    /// By demand, its row.
    given: Vec<Option<usize>>,
    saving: Option<Usd>,
}

impl Placing<'_> {
    /// Rows of exactly the number of GPUs that is wanted.
    fn exact(&mut self, held: &Held, work: u64) {
        let all = (0..self.demands.len()).collect();
        let mut classes = classes(all, self.demands, |demand| self.ground.fitting(demand, false, &self.free, held));
        // Most often all at once. So many levels of importance that their weights would not fit into a number are placed
        // from the top.
        while !classes.is_empty() {
            let (now, weights) = weighable(&mut classes);
            let solution = solve(&problem(&now, &weights, &self.free), work);
            let gap = solution.cost - solution.bound;
            self.saving = self
                .saving
                .filter(|_| gap < weights.cheaper)
                .map(|saving| saving + Usd(Decimal::new(i64::try_from(gap).unwrap_or(0), 6)));
            self.take(&now, &solution.placement, |class, _| class.size);
        }
    }

    /// Parts of larger rows, for those that nothing exact fits and that accept one: at most one of each host, for what it
    /// sells after that its free GPUs tell anew. False where nobody was placed.
    fn larger(&mut self, held: &Held) -> bool {
        let accepts = |at: &usize| self.given[*at].is_none() && self.demands[*at].envelope.larger_offers;
        let open: Vec<usize> = (0..self.demands.len()).filter(accepts).collect();
        if open.is_empty() {
            return false;
        }
        let mut held = held.clone();
        for (demand, row) in self.demands.iter().zip(&self.given) {
            if let Some(row) = row {
                held.hold(demand.address.resource.clone(), &self.ground.market[*row]);
            }
        }
        let mut left = classes(open, self.demands, |demand| self.ground.fitting(demand, true, &self.free, &held));
        left.iter_mut().for_each(|class| class.size = 1);
        let room = vec![1; self.free.len()];
        let mut placed = false;
        while !left.is_empty() {
            let (now, weights) = weighable(&mut left);
            let solution = solve(&problem(&now, &weights, &room), 0);
            placed |= solution.placement.iter().flatten().any(|n| *n > 0);
            self.take(&now, &solution.placement, |_, row| self.ground.market[row].gpu_count);
            if !left.is_empty() && placed {
                // The rest looks at what is left.
                return true;
            }
        }
        placed
    }

    /// Gives classes what a solution gives them.
    fn take(&mut self, classes: &[Alike], placement: &[Vec<u32>], gpus: impl Fn(&Alike, usize) -> u32) {
        for (class, placed) in classes.iter().zip(placement) {
            let slots =
                class.choices.iter().zip(placed).flat_map(|(choice, n)| std::iter::repeat_n(choice, *n as usize));
            for (demand, choice) in class.demands.iter().zip(slots) {
                self.given[*demand] = Some(choice.row);
                self.free[choice.host] = self.free[choice.host].saturating_sub(gpus(class, choice.row));
            }
        }
    }
}

/// Demands that accept the same.
struct Alike {
    /// In the order of their addresses.
    demands: Vec<usize>,
    priority: i64,
    size: u32,
    /// Which classes share a limit per host.
    group: usize,
    /// The best row of each host, best first.
    choices: Vec<Fit>,
}

/// The demands of an order as classes; `fitting` are the rows that would do for one.
fn classes(mut order: Vec<usize>, demands: &[Demand], fitting: impl Fn(&Demand) -> Vec<Fit>) -> Vec<Alike> {
    order.sort_by(|a, b| demands[*a].address.cmp(&demands[*b].address));
    let mut alike: Vec<Vec<usize>> = Vec::new();
    for at in order {
        let demand = &demands[at];
        let same = |class: &&mut Vec<usize>| {
            let first = &demands[class[0]];
            first.envelope == demand.envelope && first.avoid == demand.avoid && block(first) == block(demand)
        };
        match alike.iter_mut().find(same) {
            Some(class) => class.push(at),
            None => alike.push(vec![at]),
        }
    }
    let mut groups: Vec<Option<ResourceAddr>> = Vec::new();
    let mut classes: Vec<Alike> = Vec::new();
    for members in alike {
        let demand = &demands[members[0]];
        let mut choices = fitting(demand);
        // No more hosts than there are machines are ever needed: of so many one is empty, and better.
        choices.truncate(demands.len());
        let block = block(demand);
        let merges = |class: &&mut Alike| {
            block.is_none()
                && groups[class.group].is_none()
                && (class.priority, class.size) == (demand.envelope.priority, demand.envelope.gpu_count)
                && class.choices == choices
        };
        if let Some(class) = classes.iter_mut().find(merges) {
            class.demands.extend(members);
            class.demands.sort_by(|a, b| demands[*a].address.cmp(&demands[*b].address));
            continue;
        }
        let group = match groups.iter().position(|group| block.is_some() && group.as_ref() == block) {
            Some(group) => group,
            None => {
                groups.push(block.cloned());
                groups.len() - 1
            }
        };
        let (priority, size) = (demand.envelope.priority, demand.envelope.gpu_count.max(1));
        classes.push(Alike { demands: members, priority, size, group, choices });
    }
    classes
}

/// Whose machines share a limit per host.
fn block(demand: &Demand) -> Option<&ResourceAddr> {
    demand.envelope.max_per_host.map(|_| &demand.address.resource)
}

/// What each thing weighs that is better or worse: one of the more important ones more than all of the less important.
struct Weights {
    avoided: i128,
    fallback: i128,
    rank: i128,
    /// By priority.
    unfilled: BTreeMap<i64, i128>,
    /// Differences below this are of money alone.
    cheaper: i128,
}

/// Takes the most important classes whose weights fit into a number together: most often all.
fn weighable(classes: &mut Vec<Alike>) -> (Vec<Alike>, Weights) {
    let mut levels: Vec<i64> = classes.iter().map(|class| class.priority).collect();
    levels.sort_unstable_by_key(|level| Reverse(*level));
    levels.dedup();
    loop {
        let lowest = levels.last().copied().unwrap_or_default();
        match weights(classes.iter().filter(|class| class.priority >= lowest), &levels) {
            // One level alone is weighed as it is: its numbers are far from the end.
            Some(weights) => {
                let (now, later) = std::mem::take(classes).into_iter().partition(|class| class.priority >= lowest);
                *classes = later;
                return (now, weights);
            }
            None => drop(levels.pop()),
        }
    }
}

fn weights<'c>(classes: impl Iterator<Item = &'c Alike> + Clone, levels: &[i64]) -> Option<Weights> {
    let machines: i128 = classes.clone().map(|class| i128::try_from(class.demands.len()).unwrap_or(i128::MAX)).sum();
    let fits = || classes.clone().flat_map(|class| &class.choices);
    // The most that one machine can weigh by what was looked at so far.
    let mut most = i128::from(fits().map(|fit| fit.cost).max().unwrap_or(0)) + 1;
    let cheaper = machines * most;
    let mut next = |worst: u32| -> i128 {
        let weight = machines.saturating_mul(most).saturating_add(1);
        most = most.saturating_add(weight.saturating_mul(i128::from(worst)));
        weight
    };
    let rank = next(fits().map(|fit| fit.rank).max().unwrap_or(0));
    let fallback = next(u32::from(fits().any(|fit| fit.rank > 0)));
    let avoided = next(u32::from(fits().any(|fit| fit.avoided)));
    let unfilled: BTreeMap<i64, i128> = levels.iter().rev().map(|level| (*level, next(1))).collect();
    let fit = most.saturating_mul(machines + 1) < ROOM || levels.len() == 1;
    fit.then_some(Weights { avoided, fallback, rank, unfilled, cheaper })
}

fn problem(classes: &[Alike], weights: &Weights, free: &[u32]) -> Problem {
    // Only hosts that somebody may take.
    let mut hosts: HashMap<usize, usize> = HashMap::new();
    let mut room = Vec::new();
    let mut class = |class: &Alike| {
        let choice = |fit: &Fit| {
            let host = *hosts.entry(fit.host).or_insert_with(|| {
                room.push(free[fit.host]);
                room.len() - 1
            });
            let on_list = i128::from(fit.rank) * weights.rank + i128::from(fit.rank > 0) * weights.fallback;
            let cost = i128::from(fit.cost) + on_list + i128::from(fit.avoided) * weights.avoided;
            Choice { host, cost, group_most: fit.group_most }
        };
        Class {
            size: class.size,
            wanted: u32::try_from(class.demands.len()).unwrap_or(u32::MAX),
            unfilled: weights.unfilled.get(&class.priority).copied().unwrap_or_default(),
            group: class.group,
            choices: class.choices.iter().map(choice).collect(),
        }
    };
    let classes = classes.iter().map(&mut class).collect();
    Problem { free: room, classes }
}

/// For each demand, the first other one, in the order of addresses, that goes to its host.
fn shares(demands: &[Demand], market: &[Offer], given: &[Option<usize>]) -> Vec<Option<InstanceAddr>> {
    let host = |at: usize| given[at].map(|row| market[row].host.as_str());
    let mut first: HashMap<&str, usize> = HashMap::new();
    for at in 0..demands.len() {
        let Some(host) = host(at) else { continue };
        let first = first.entry(host).or_insert(at);
        if demands[at].address < demands[*first].address {
            *first = at;
        }
    }
    let shared = |at: usize| host(at).map(|host| first[host]).filter(|first| *first != at);
    (0..demands.len()).map(|at| shared(at).map(|first| demands[first].address.clone())).collect()
}
