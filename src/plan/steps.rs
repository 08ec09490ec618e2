//! The program: which call needs which.

use super::measure::{covers, leaves};
use super::model::{Action, Change, Step, StepAction, StepId};
use super::placing::is_rent;
use crate::address::{InstanceAddr, ResourceAddr};
use crate::config::Budget;
use crate::diag::{Diagnostic, Diagnostics};
use crate::state::State;
use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
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

/// Why one step comes before another; the weaker give way where steps wait for one another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Before {
    /// A budget does not hold both: what is released makes room for what is rented.
    Frees,
    /// A replace that removes first waits for what its new object needs: where that cannot be made, the old object stands.
    Spares,
    /// What is left moves to something else before the old one goes.
    Moves,
    /// Dependencies, and the two steps of a replace.
    Must,
}

/// Orders the changes: dependencies are made first and removed last; a replace removes before it makes; what is only
/// removed waits until nobody that needed it is left.
pub(super) fn steps(
    changes: &[Change],
    dependencies: &BTreeMap<InstanceAddr, Arc<Vec<ResourceAddr>>>,
    state: &State,
    tight: &[&Budget],
    diags: &mut Diagnostics,
) -> Vec<Step> {
    let mut graph: DiGraph<(StepAction, &Change), Before> = DiGraph::new();
    // The graph itself would look through all edges of a step to find one.
    let mut ordered: HashMap<(NodeIndex, NodeIndex), EdgeIndex> = HashMap::new();
    let mut order = |graph: &mut DiGraph<_, Before>, first, then, why| {
        let edge = *ordered.entry((first, then)).or_insert_with(|| graph.add_edge(first, then, why));
        graph[edge] = why.max(graph[edge]);
    };
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
                order(&mut graph, make, remove, Before::Must);
            } else {
                all.replaced.push(remove);
                order(&mut graph, remove, make, Before::Must);
            }
        }
        own.push((change, remove, make));
    }
    for budget in tight {
        let covered = || own.iter().filter(|(change, ..)| covers(budget, &change.address));
        let frees = covered().filter(|(change, ..)| leaves(change)).filter_map(|(_, remove, _)| *remove);
        let frees: Vec<NodeIndex> = frees.collect();
        let rents = covered().filter(|(change, ..)| is_rent(change)).filter_map(|(_, _, make)| *make);
        for rent in rents {
            frees.iter().for_each(|&remove| order(&mut graph, remove, rent, Before::Frees));
        }
    }
    let mut replaces = Vec::new();
    for (change, remove, make) in own {
        if let (Some(remove), Some(_), false) = (remove, make, change.create_first) {
            replaces.push((change, remove));
        }
        if let Some(make) = make {
            let needs = dependencies.get(&change.address);
            for needed in needs.into_iter().flat_map(|needs| needs.iter()).filter_map(|need| by_resource.get(need)) {
                for &from in &needed.makes {
                    order(&mut graph, from, make, Before::Must);
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
                    order(&mut graph, remove, later, Before::Must);
                }
            }
            if let Some(make) = make {
                for &later in needed.removes.iter().filter(|later| !needed.replaced.contains(later)) {
                    order(&mut graph, make, later, Before::Moves);
                }
            }
        }
    }
    wait_for_needs(&mut graph, &replaces, dependencies, &by_resource);
    let mut order = in_order(&graph);
    for weak in [Before::Frees, Before::Spares, Before::Moves] {
        if order.is_err() {
            give_way(&mut graph, weak);
            order = in_order(&graph);
        }
    }
    let order = match order {
        Ok(order) => order,
        Err(node) => {
            if let Some((_, change)) = graph.node_weight(node) {
                let address = &change.address;
                let detail = format!(
                    "The recorded dependencies and those of the configuration contradict each other at {address}."
                );
                let told = Diagnostic::error("Cycle of steps", detail).on(address);
                diags.push(told.with_hint("Apply the change of the dependency and the change of the objects one after the other, with -target."));
            }
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

/// A replace that removes first waits with that for what its new object needs. What can only be made after it is gone
/// cannot be waited for.
fn wait_for_needs<'a>(
    graph: &mut DiGraph<(StepAction, &'a Change), Before>,
    replaces: &[(&'a Change, NodeIndex)],
    dependencies: &BTreeMap<InstanceAddr, Arc<Vec<ResourceAddr>>>,
    by_resource: &HashMap<&ResourceAddr, OfResource>,
) {
    // Most often the needs of many are the same few: what comes after those is looked up once.
    let mut before: HashMap<NodeIndex, HashSet<NodeIndex>> = HashMap::new();
    for (change, remove) in replaces {
        let needs = dependencies.get(&change.address);
        for needed in needs.into_iter().flat_map(|needs| needs.iter()).filter_map(|need| by_resource.get(need)) {
            for &make in &needed.makes {
                let before = before.entry(make).or_insert_with(|| {
                    let mut all = HashSet::new();
                    let reversed = petgraph::visit::Reversed(&*graph);
                    let mut walk = petgraph::visit::Dfs::new(reversed, make);
                    while let Some(node) = walk.next(reversed) {
                        all.insert(node);
                    }
                    all
                });
                if !before.contains(remove) && graph.find_edge(make, *remove).is_none() {
                    graph.add_edge(make, *remove, Before::Spares);
                }
            }
        }
    }
}

/// Where steps wait for one another, those that may do without do not wait.
fn give_way<N>(graph: &mut DiGraph<N, Before>, weak: Before) {
    let mut component = vec![0; graph.node_count()];
    for (at, nodes) in tarjan_scc(&*graph).into_iter().enumerate() {
        nodes.into_iter().for_each(|node| component[node.index()] = at);
    }
    graph.retain_edges(|graph, edge| {
        let ends = graph.edge_endpoints(edge);
        let inside = ends.is_some_and(|(first, then)| component[first.index()] == component[then.index()]);
        graph[edge] != weak || !inside
    });
}

/// A topological order; of what is free at the same time, the first by address stands first. A node of a cycle where
/// there is none.
fn in_order<N, E>(graph: &DiGraph<N, E>) -> Result<Vec<NodeIndex>, NodeIndex> {
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
    let kind = change.address.resource.object_kind();
    let make = kind.map(StepAction::Create);
    let remove = kind.map(StepAction::Delete);
    match change.action {
        Action::NoOp => (None, None),
        Action::Create => (None, make),
        Action::Update => (None, kind.map(StepAction::Update)),
        Action::Replace => (remove, make),
        Action::Delete => (remove, None),
        Action::Forget => (Some(StepAction::Forget), None),
        Action::Read => (None, Some(StepAction::Read)),
    }
}
