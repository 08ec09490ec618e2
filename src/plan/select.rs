//! `-target`, `-exclude` and `-replace`: which objects a plan may touch.

use crate::address::{InstanceAddr, Mode, ModulePath, Target};
use crate::config::{Configuration, Graph, Node};
use std::collections::HashSet;

/// The selection of one plan.
#[derive(Debug, Default)]
pub(super) struct Selection<'a> {
    targets: &'a [Target],
    excluded: &'a [Target],
    /// Declarations that go along with a target.
    needed: HashSet<Node>,
    /// Declarations that stay away with something excluded.
    dragged: HashSet<Node>,
}

impl<'a> Selection<'a> {
    /// What is made comes with what it needs; what is destroyed (`destroy`) goes with what needs it.
    pub fn new(
        targets: &'a [Target],
        excluded: &'a [Target],
        destroy: bool,
        configuration: &Configuration,
        graph: &Graph,
    ) -> Self {
        let objects = |targets: &[Target], data: bool| -> Vec<&Node> {
            let kinds = |node: &&Node| matches!(node, Node::Resource(..)) || (data && matches!(node, Node::Data(..)));
            graph.order.iter().filter(|node| kinds(node) && named(targets, node, configuration)).collect()
        };
        let with_needs = |targets| graph.dependencies(objects(targets, true)).into_iter().cloned().collect();
        let with_dependents = |targets| graph.dependents(objects(targets, false)).into_iter().cloned().collect();
        let (needed, dragged) = match destroy {
            false => (with_needs(targets), with_dependents(excluded)),
            true => (with_dependents(targets), with_needs(excluded)),
        };
        Selection { targets, excluded, needed, dragged }
    }

    /// Whether the plan may touch an instance.
    pub fn contains(&self, address: &InstanceAddr, configuration: &Configuration) -> bool {
        let declaration = configuration.declaration(&address.resource).map(|(id, resource)| {
            let key = (resource.kind.clone(), resource.name.clone());
            match address.resource.mode {
                Mode::Managed => Node::Resource(id, key),
                Mode::Data => Node::Data(id, key),
            }
        });
        let is_in = |nodes: &HashSet<Node>| declaration.as_ref().is_some_and(|declaration| nodes.contains(declaration));
        let wanted = is_wanted(self.targets, address) || is_in(&self.needed);
        wanted && !is_named(self.excluded, address) && !is_in(&self.dragged)
    }

    /// Whether an output says something of what is left out, or nothing of what a target names: then it is left out too.
    pub fn leaves_out(&self, output: &Node, configuration: &Configuration, graph: &Graph) -> bool {
        if self.targets.is_empty() && self.excluded.is_empty() {
            return false;
        }
        let needs = graph.dependencies([output]);
        let wanted = |need: &&Node| self.needed.contains(need) || named(self.targets, need, configuration);
        let excluded = |need: &&Node| self.dragged.contains(need) || named(self.excluded, need, configuration);
        !self.targets.is_empty() && (needs.is_empty() || !needs.iter().all(wanted)) || needs.iter().any(excluded)
    }
}

/// Whether `-target` and `-exclude` themselves leave an instance, whatever comes or goes with it.
pub(super) fn picks(targets: &[Target], excluded: &[Target], address: &InstanceAddr) -> bool {
    is_wanted(targets, address) && !is_named(excluded, address)
}

fn is_wanted(targets: &[Target], address: &InstanceAddr) -> bool {
    targets.is_empty() || is_named(targets, address)
}

fn is_named(targets: &[Target], address: &InstanceAddr) -> bool {
    targets.iter().any(|target| target.matches(address))
}

fn named(targets: &[Target], node: &Node, configuration: &Configuration) -> bool {
    targets.iter().any(|target| names(target, node, configuration))
}

/// True for a declaration of which a target may name instances.
pub(super) fn names(target: &Target, node: &Node, configuration: &Configuration) -> bool {
    let calls = configuration.call_path(node.module());
    let path = |path: &ModulePath, exact: bool| {
        (if exact { path.0.len() == calls.len() } else { path.0.len() <= calls.len() })
            && path.0.iter().zip(&calls).all(|((name, _), call)| name == call)
    };
    let (mode, key) = match node {
        Node::Resource(_, key) => (Mode::Managed, key),
        Node::Data(_, key) => (Mode::Data, key),
        _ => return false,
    };
    match target {
        Target::Module(module) => path(module, false),
        Target::Resource(target) => {
            target.resource.mode == mode
                && target.resource.kind == key.0
                && target.resource.name == key.1
                && path(&target.resource.module, true)
        }
    }
}
