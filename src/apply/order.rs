//! Which steps may start: those whose needs are done.

use super::input::StepEnd;
use crate::plan::{Plan, Step, StepId};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

/// Steps that may start: first the first rent of every host, and what is no rent; then the second ones, and so on. After a
/// rent the market is read once more before the next one of its host: so that is once a round, and not once a rent.
#[derive(Debug)]
struct Ready {
    /// Which rent of its host each step is, from 0.
    rounds: Vec<usize>,
    steps: BTreeMap<usize, VecDeque<StepId>>,
}

impl Ready {
    fn of(plan: &Plan) -> Ready {
        let mut rented: BTreeMap<&str, usize> = BTreeMap::new();
        let mut round = |step: &Step| {
            let host = &plan.change(&step.address).filter(|_| step.action.rents())?.placed.as_ref()?.offer.host;
            let before = rented.entry(host).or_default();
            *before += 1;
            Some(*before - 1)
        };
        let rounds = plan.steps.iter().map(|step| round(step).unwrap_or_default()).collect();
        Ready { rounds, steps: BTreeMap::new() }
    }

    fn push(&mut self, step: StepId) {
        let round = self.rounds.get(step.0).copied().unwrap_or_default();
        self.steps.entry(round).or_default().push_back(step);
    }

    fn pop(&mut self) -> Option<StepId> {
        let mut round = self.steps.first_entry()?;
        let step = round.get_mut().pop_front();
        if round.get().is_empty() {
            round.remove();
        }
        step
    }
}

/// The order of a plan's steps as they end.
#[derive(Debug)]
pub(super) struct Order {
    /// Needs that are not done yet, by step.
    missing: Vec<usize>,
    /// Who needs each step.
    dependents: Vec<Vec<usize>>,
    ready: Ready,
    /// How each ended.
    ended: BTreeMap<StepId, StepEnd>,
}

/// A step that will not be tried, and the one that it needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocked {
    /// Which.
    pub step: StepId,
    /// What it needed.
    pub by: StepId,
}

impl Order {
    pub fn of(plan: &Plan) -> Order {
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        for (at, step) in plan.steps.iter().enumerate() {
            for need in &step.needs {
                if let Some(dependents) = dependents.get_mut(need.0) {
                    dependents.push(at);
                }
            }
        }
        let missing: Vec<usize> = plan.steps.iter().map(|step| step.needs.len()).collect();
        let mut ready = Ready::of(plan);
        let free = missing.iter().enumerate().filter(|(_, missing)| **missing == 0);
        free.for_each(|(at, _)| ready.push(StepId(at)));
        Order { missing, dependents, ready, ended: BTreeMap::new() }
    }

    /// Whether a step may start now.
    pub fn has_ready(&self) -> bool {
        !self.ready.steps.is_empty()
    }

    /// A step that may start now, in the order of the plan, but for rents of a host that was rented from; each is given once.
    pub fn take_ready(&mut self) -> Option<StepId> {
        self.ready.pop()
    }

    /// A step ended. Returns everything that is not tried because of it.
    pub fn end(&mut self, step: StepId, end: StepEnd) -> Vec<Blocked> {
        self.ended.insert(step, end);
        let mut blocked = Vec::new();
        let mut queue = VecDeque::from([step]);
        while let Some(from) = queue.pop_front() {
            for &dependent in self.dependents.get(from.0).into_iter().flatten() {
                let id = StepId(dependent);
                if end == StepEnd::Done {
                    if let Some(missing) = self.missing.get_mut(dependent) {
                        *missing = missing.saturating_sub(1);
                        if *missing == 0 && !self.ended.contains_key(&id) {
                            self.ready.push(id);
                        }
                    }
                } else if let Entry::Vacant(left) = self.ended.entry(id) {
                    left.insert(if end == StepEnd::Interrupted { end } else { StepEnd::Skipped });
                    blocked.push(Blocked { step: id, by: from });
                    queue.push_back(id);
                }
            }
        }
        blocked
    }

    /// How a step ended; `None` while it has not.
    pub fn ended(&self) -> &BTreeMap<StepId, StepEnd> {
        &self.ended
    }
}
