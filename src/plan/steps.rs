//! The program: which call needs which.

use super::model::{Action, Change, Step, StepAction, StepId};
use crate::address::{InstanceAddr, ResourceAddr};
use crate::diag::{Diagnostic, Diagnostics};
use crate::schema::INSTANCE;
use crate::state::State;
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

/// Steps of one resource, all its instances together: the order between resources is that of their declarations.
#[derive(Default)]
struct OfResource {
    /// Creates, updates, rents.
    makes: Vec<NodeIndex>,
    /// Releases and deletes.
    removes: Vec<NodeIndex>,
    /// The removes that belong to a replace.
    replaced: Vec<NodeIndex>,
}

/// Orders the changes: dependencies are made first and removed last; a replace removes before it makes; what is only
/// removed waits until nobody that needed it is left.
pub(super) fn steps(
    changes: &[Change],
    dependencies: &BTreeMap<InstanceAddr, Arc<Vec<ResourceAddr>>>,
    state: &State,
    diags: &mut Diagnostics,
) -> Vec<Step> {
    let mut graph: DiGraph<(StepAction, &Change), ()> = DiGraph::new();
    let mut by_resource: HashMap<&ResourceAddr, OfResource> = HashMap::new();
    let mut own: Vec<(&Change, Option<NodeIndex>, Option<NodeIndex>)> = Vec::new();
    for change in changes {
        let (remove, make) = actions(change);
        let remove = remove.map(|action| graph.add_node((action, change)));
        let make = make.map(|action| graph.add_node((action, change)));
        let all = by_resource.entry(&change.address.resource).or_default();
        all.makes.extend(make);
        all.removes.extend(remove);
        if let (Some(remove), Some(make)) = (remove, make) {
            if change.create_first {
                graph.update_edge(make, remove, ());
            } else {
                all.replaced.push(remove);
                graph.update_edge(remove, make, ());
            }
        }
        own.push((change, remove, make));
    }
    for (change, remove, make) in own {
        if let Some(make) = make {
            let needs = dependencies.get(&change.address);
            for needed in needs.into_iter().flat_map(|needs| needs.iter()).filter_map(|need| by_resource.get(need)) {
                for &from in &needed.makes {
                    graph.update_edge(from, make, ());
                }
            }
        }
        let record = match &change.deposed {
            None => state.resources.get(&change.address),
            Some(key) => state.deposed.get(&change.address).and_then(|all| all.get(key)),
        };
        let recorded = record.map(|record| record.dependencies.as_slice());
        for needed in recorded.unwrap_or_default().iter().filter_map(|need| by_resource.get(need)) {
            if let Some(remove) = remove {
                for &later in &needed.removes {
                    graph.update_edge(remove, later, ());
                }
            }
            // What is left moves to something else before the old one goes.
            if let Some(make) = make {
                for &later in needed.removes.iter().filter(|later| !needed.replaced.contains(later)) {
                    graph.update_edge(make, later, ());
                }
            }
        }
    }
    let order = match in_order(&graph) {
        Ok(order) => order,
        Err(node) => {
            let address = graph.node_weight(node).map(|(_, change)| change.address.to_string()).unwrap_or_default();
            let detail = format!(
                "The recorded dependencies and those of the configuration contradict each other at {address}. Apply the change of the dependency and the change of the objects one after the other, with -target."
            );
            diags.push(Diagnostic::error("Cycle of steps", detail).on(address));
            return Vec::new();
        }
    };
    let place: HashMap<NodeIndex, StepId> = order.iter().enumerate().map(|(at, &node)| (node, StepId(at))).collect();
    let step = |node: &NodeIndex| {
        let (action, change) = graph[*node];
        let mut needs: Vec<StepId> =
            graph.neighbors_directed(*node, Direction::Incoming).filter_map(|from| place.get(&from).copied()).collect();
        needs.sort_unstable();
        Step { action, address: change.address.clone(), deposed: change.deposed.clone(), needs }
    };
    order.iter().map(step).collect()
}

/// A topological order; of what is free at the same time, the first by address stands first. A node of a cycle where
/// there is none.
fn in_order<N>(graph: &DiGraph<N, ()>) -> Result<Vec<NodeIndex>, NodeIndex> {
    let mut waits: Vec<usize> =
        graph.node_indices().map(|node| graph.neighbors_directed(node, Direction::Incoming).count()).collect();
    let mut free: BinaryHeap<Reverse<NodeIndex>> =
        graph.node_indices().filter(|node| waits[node.index()] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(waits.len());
    while let Some(Reverse(node)) = free.pop() {
        order.push(node);
        for next in graph.neighbors(node) {
            waits[next.index()] -= 1;
            if waits[next.index()] == 0 {
                free.push(Reverse(next));
            }
        }
    }
    match graph.node_indices().find(|node| waits[node.index()] > 0) {
        Some(node) => Err(node),
        None => Ok(order),
    }
}

/// The removing and the making step of a change.
fn actions(change: &Change) -> (Option<StepAction>, Option<StepAction>) {
    let machine = change.address.resource.kind == INSTANCE;
    let remove = if machine { StepAction::Release } else { StepAction::DeleteGroup };
    let make = if machine { StepAction::Rent } else { StepAction::CreateGroup };
    let update = if machine { StepAction::UpdateMachine } else { StepAction::UpdateGroup };
    match change.action {
        Action::NoOp => (None, None),
        Action::Create => (None, Some(make)),
        Action::Update => (None, Some(update)),
        Action::Replace => (Some(remove), Some(make)),
        Action::Delete => (Some(remove), None),
        Action::Forget => (Some(StepAction::Forget), None),
        Action::Read => (None, Some(StepAction::Read)),
    }
}
