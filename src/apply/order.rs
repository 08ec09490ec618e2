//! Which steps may start: those whose needs are done.

use super::input::StepEnd;
use crate::plan::{Plan, StepId};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

/// The order of a plan's steps as they end.
#[derive(Debug)]
pub(super) struct Order {
    /// Needs that are not done yet, by step.
    missing: Vec<usize>,
    /// Who needs each step.
    dependents: Vec<Vec<usize>>,
    /// May start.
    ready: VecDeque<StepId>,
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
        let ready =
            missing.iter().enumerate().filter(|(_, missing)| **missing == 0).map(|(at, _)| StepId(at)).collect();
        Order { missing, dependents, ready, ended: BTreeMap::new() }
    }

    /// Whether a step may start now.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// A step that may start now, in the order of the plan; each is given once.
    pub fn take_ready(&mut self) -> Option<StepId> {
        self.ready.pop_front()
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
                            self.ready.push_back(id);
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
