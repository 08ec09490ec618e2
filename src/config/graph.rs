//! Which declaration needs which: the order of evaluation, and what each resource depends on.

use super::model::Configuration;
use super::needs::Builder;
use super::node::Node;
use crate::diag::{Diagnostic, Diagnostics};
use petgraph::Direction;
use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Members of a cycle that are named: the whole of every honest one, and no page of a generated one.
const SHOWN: usize = 50;

/// The order of evaluation, and what hangs on what. A declaration is known by its place in that order.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Every declaration after all it needs.
    pub order: Vec<Node>,
    places: HashMap<Node, usize>,
    /// What each needs itself, not through others.
    needs: Vec<Vec<usize>>,
    /// The other way round.
    needed_by: Vec<Vec<usize>>,
    /// Whether a replace makes the new object first.
    creates_first: Vec<bool>,
}

impl Graph {
    /// Orders a configuration. References to what is not declared, and cycles (with all their members), are reported;
    /// after a cycle there is no order.
    pub fn build(configuration: &Configuration, diags: &mut Diagnostics) -> Option<Graph> {
        let mut builder = Builder { configuration, nodes: Vec::new(), index: HashMap::new() };
        builder.collect();
        let mut graph = DiGraph::<(), ()>::with_capacity(builder.nodes.len(), builder.nodes.len());
        for _ in &builder.nodes {
            graph.add_node(());
        }
        for to in 0..builder.nodes.len() {
            // Looking whether an edge is there already would walk all edges of what everybody needs.
            for from in BTreeSet::from_iter(builder.needs(to, diags)) {
                graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
            }
        }
        if report_cycles(&builder, &graph, diags) {
            return None;
        }
        let order = toposort(&graph, None).ok()?;
        let mut place = vec![0; order.len()];
        for (at, index) in order.iter().enumerate() {
            place[index.index()] = at;
        }
        let beside = |index: &NodeIndex, direction| {
            graph.neighbors_directed(*index, direction).map(|other| place[other.index()]).collect()
        };
        let needs = order.iter().map(|index| beside(index, Direction::Incoming)).collect();
        let needed_by: Vec<Vec<usize>> = order.iter().map(|index| beside(index, Direction::Outgoing)).collect();
        let order: Vec<Node> = order.iter().map(|index| builder.nodes[index.index()].clone()).collect();
        let mut creates_first = vec![false; order.len()];
        for (at, node) in order.iter().enumerate().rev() {
            creates_first[at] =
                sets_create_first(configuration, node) || needed_by[at].iter().any(|by| creates_first[*by]);
        }
        let places = order.iter().cloned().zip(0..).collect();
        Some(Graph { order, places, needs, needed_by, creates_first })
    }

    /// Whether a replace makes the new object first: its own `create_before_destroy`, or that of something that needs it,
    /// as in Terraform. The new object of that is made while its old one stands, and needs the new one here.
    pub(super) fn creates_first(&self, place: usize) -> bool {
        self.creates_first.get(place).copied().unwrap_or_default()
    }

    /// The place of a declaration.
    pub(super) fn place(&self, node: &Node) -> Option<usize> {
        self.places.get(node).copied()
    }

    /// The places of what a declaration needs itself.
    pub(super) fn needs(&self, place: usize) -> &[usize] {
        self.needs.get(place).map(Vec::as_slice).unwrap_or_default()
    }

    /// What a declaration needs itself, not only through others.
    pub fn needed_by_itself(&self, node: &Node) -> impl Iterator<Item = &Node> {
        let places = self.place(node).map(|place| self.needs(place)).unwrap_or_default();
        places.iter().filter_map(|place| self.order.get(*place))
    }

    /// The places of what needs a declaration itself.
    pub(super) fn needed_by(&self, place: usize) -> &[usize] {
        self.needed_by.get(place).map(Vec::as_slice).unwrap_or_default()
    }

    /// The resources and data sources that any of these declarations needs, directly or through anything else.
    pub fn dependencies<'a>(&self, nodes: impl IntoIterator<Item = &'a Node>) -> Vec<&Node> {
        self.behind(nodes, Self::needs, |_| false)
    }

    /// As [`Graph::dependencies`], but not those that are needed only through others of them.
    pub fn nearest_dependencies(&self, node: &Node) -> Vec<&Node> {
        let mut nearest = self.behind([node], Self::needs, is_object);
        if nearest.len() > 1 {
            let behind = HashSet::<&Node>::from_iter(self.dependencies(nearest.iter().copied()));
            nearest.retain(|node| !behind.contains(node));
        }
        nearest
    }

    /// The resources and data sources that need any of these declarations, directly or through anything else.
    pub fn dependents<'a>(&self, nodes: impl IntoIterator<Item = &'a Node>) -> Vec<&Node> {
        self.behind(nodes, Self::needed_by, |_| false)
    }

    /// The resources and data sources that are found from these declarations, none of which is looked behind where it
    /// `ends` the search.
    fn behind<'a, 'g>(
        &'g self,
        nodes: impl IntoIterator<Item = &'a Node>,
        next: fn(&'g Graph, usize) -> &'g [usize],
        ends: fn(&Node) -> bool,
    ) -> Vec<&'g Node> {
        let from = nodes.into_iter().filter_map(|node| self.place(node));
        let mut queue: Vec<usize> = from.flat_map(|place| next(self, place)).copied().collect();
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        while let Some(place) = queue.pop() {
            if !seen.insert(place) {
                continue;
            }
            let node = &self.order[place];
            if is_object(node) {
                found.push(node);
            }
            if !ends(node) {
                queue.extend(next(self, place));
            }
        }
        found
    }
}

fn sets_create_first(configuration: &Configuration, node: &Node) -> bool {
    let Node::Resource(module, key) = node else { return false };
    let resource = configuration.module(*module).resources.get(key);
    resource.is_some_and(|resource| resource.lifecycle.create_before_destroy)
}

fn is_object(node: &Node) -> bool {
    matches!(node, Node::Resource(..) | Node::Data(..))
}

fn report_cycles(builder: &Builder<'_>, graph: &DiGraph<(), ()>, diags: &mut Diagnostics) -> bool {
    let mut found = false;
    for component in tarjan_scc(graph) {
        let alone = component.len() == 1;
        let Some(&first) = component.first() else { continue };
        if alone && !graph.contains_edge(first, first) {
            continue;
        }
        found = true;
        let mut members: Vec<&Node> = component.iter().map(|at| &builder.nodes[at.index()]).collect();
        members.sort_by_key(|node| node.span(builder.configuration));
        let header = members.first().and_then(|node| node.span(builder.configuration));
        let span = members.first().filter(|_| alone).and_then(|node| builder.own_reference(node)).or(header);
        let names: Vec<String> = members.iter().map(|node| node.describe(builder.configuration)).collect();
        let diagnostic = match alone {
            true => Diagnostic::error(
                match members.first() {
                    Some(Node::Local(..)) => "Self-referencing local value",
                    _ => "Self-referential block",
                },
                format!("{} refers to itself: its own value is not known while it is evaluated.", names.join("")),
            ),
            false => Diagnostic::error(
                "Cycle",
                format!(
                    "Each of these needs another one of them: {}{}. Break the circle at one place.",
                    names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", "),
                    if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() },
                ),
            ),
        };
        diags.push(match span {
            Some(span) => diagnostic.at(span),
            None => diagnostic,
        });
    }
    found
}
