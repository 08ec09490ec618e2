//! The order of all moves of a configuration, and which address each gives to what was recorded.

use super::model::{Configuration, ModuleId, Moved, Removed};
use crate::address::{InstanceAddr, InstanceKey, Mode, ModulePath, Target};
use crate::diag::{Diagnostic, Diagnostics};
use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::DiGraph;

/// A `moved` block in its module.
#[derive(Clone, Debug)]
pub struct Move<'a> {
    calls: Vec<&'a str>,
    /// The block.
    pub block: &'a Moved,
}

/// A key, or any.
type Key<'a> = Option<&'a Option<InstanceKey>>;

/// Everything that an address of a block may stand for, from the root.
struct Pattern<'a> {
    steps: Vec<(&'a str, Key<'a>)>,
    resource: Option<(Mode, &'a str, &'a str, Key<'a>)>,
}

impl Pattern<'_> {
    /// Whether some object can stand under both, or one is a module that holds the other.
    fn overlaps(&self, other: &Pattern<'_>) -> bool {
        let alike = |a: Key<'_>, b: Key<'_>| a.is_none() || b.is_none() || a == b;
        let path = self.steps.iter().zip(&other.steps).all(|((a, x), (b, y))| a == b && alike(*x, *y));
        path && match (&self.resource, &other.resource, self.steps.len().cmp(&other.steps.len())) {
            (Some((m, k, n, key)), Some((om, ok, on, other)), std::cmp::Ordering::Equal) => {
                (m, k, n) == (om, ok, on) && alike(*key, *other)
            }
            (Some(_), Some(_), _) => false,
            (Some(_), None, order) => order.is_ge(),
            (None, Some(_), order) => order.is_le(),
            (None, None, _) => true,
        }
    }
}

impl<'a> Move<'a> {
    fn keyed(&self) -> bool {
        keyed(&self.block.from) || keyed(&self.block.to)
    }

    fn pattern(&self, target: &'a Target) -> Pattern<'a> {
        let keyed = self.keyed();
        let path = match target {
            Target::Module(path) => path,
            Target::Resource(address) => &address.resource.module,
        };
        let mut steps: Vec<(&str, Key<'_>)> = self.calls.iter().map(|call| (*call, None)).collect();
        steps.extend(path.0.iter().map(|(name, key)| (name.as_str(), Some(key))));
        let resource = match target {
            Target::Module(_) => {
                if let Some(last) = steps.last_mut().filter(|_| !keyed) {
                    last.1 = None;
                }
                None
            }
            Target::Resource(InstanceAddr { resource, key }) => {
                Some((resource.mode, &*resource.kind, &*resource.name, keyed.then_some(key)))
            }
        };
        Pattern { steps, resource }
    }

    /// Whether a module only gets another key, or its first or none.
    fn is_new_key(&self) -> bool {
        match (&self.block.from, &self.block.to) {
            (Target::Module(from), Target::Module(to)) => from.is_alike(to),
            _ => false,
        }
    }

    /// The new address of what is recorded at `address`; `None` where the block says nothing of it.
    pub fn apply(&self, address: &InstanceAddr) -> Option<InstanceAddr> {
        readdress(&self.calls, (&self.block.from, &self.block.to), address)
    }

    /// Whether the block names a resource, as where it was or where it is.
    pub fn mentions(&self, address: &InstanceAddr) -> bool {
        let object = Pattern {
            steps: address.resource.module.0.iter().map(|(name, key)| (name.as_str(), Some(key))).collect(),
            resource: Some((address.resource.mode, &address.resource.kind, &address.resource.name, None)),
        };
        [&self.block.from, &self.block.to].into_iter().any(|target| self.pattern(target).overlaps(&object))
    }
}

/// True where a key stands at the end: the keys then count, and no key means the instance without one.
fn keyed(target: &Target) -> bool {
    match target {
        Target::Module(path) => path.0.last().is_some_and(|(_, key)| key.is_some()),
        Target::Resource(address) => address.key.is_some(),
    }
}

/// What becomes of `address` when all that is `from` is called `to`: both as seen from the module that the calls lead to,
/// in any of its instances. `None` where nothing becomes of it.
pub fn readdress(calls: &[&str], (from, to): (&Target, &Target), address: &InstanceAddr) -> Option<InstanceAddr> {
    let (above, inside) = within(calls, &address.resource.module)?;
    let keyed = keyed(from) || keyed(to);
    let mut moved = address.clone();
    let mut path = above.to_vec();
    match (from, to) {
        (Target::Resource(from), Target::Resource(to)) => {
            let own = &address.resource;
            let named =
                (own.mode, &own.kind, &own.name) == (from.resource.mode, &from.resource.kind, &from.resource.name);
            if !named || inside != from.resource.module.0 || (keyed && address.key != from.key) {
                return None;
            }
            path.extend(to.resource.module.0.iter().cloned());
            moved.resource.kind.clone_from(&to.resource.kind);
            moved.resource.name.clone_from(&to.resource.name);
            if keyed {
                moved.key.clone_from(&to.key);
            }
        }
        (Target::Module(from), Target::Module(to)) => {
            let ((last, key), first) = from.0.split_last()?;
            let ((new, new_key), new_first) = to.0.split_last()?;
            let (name, own_key) = inside.get(first.len())?;
            if !inside.starts_with(first) || name != last || (keyed && own_key != key) {
                return None;
            }
            path.extend(new_first.iter().cloned());
            path.push((new.clone(), if keyed { new_key.clone() } else { own_key.clone() }));
            path.extend(inside.iter().skip(from.0.len()).cloned());
        }
        _ => return None,
    }
    moved.resource.module = ModulePath(path);
    Some(moved)
}

/// The keys of the calling modules, and the rest of the path.
type Split<'p> = (&'p [(String, Option<InstanceKey>)], &'p [(String, Option<InstanceKey>)]);

/// Splits a path behind the module that `calls` lead to; `None` where it leads elsewhere.
fn within<'p>(calls: &[&str], path: &'p ModulePath) -> Option<Split<'p>> {
    let (above, inside) = path.0.split_at_checked(calls.len())?;
    above.iter().zip(calls).all(|((name, _), call)| name == call).then_some((above, inside))
}

impl Configuration {
    /// Every move, in the order in which they hold: a chain from its start. Where they contradict each other nothing
    /// moves.
    pub fn moves(&self) -> Vec<Move<'_>> {
        let moves = self.unordered_moves();
        let graph = Self::graph(&moves);
        let order = toposort(&graph, None).unwrap_or_default();
        order.into_iter().filter_map(|at| moves.get(at.index()).cloned()).collect()
    }

    fn unordered_moves(&self) -> Vec<Move<'_>> {
        let modules = self.modules.iter().enumerate();
        modules
            .flat_map(|(at, module)| {
                let calls = self.call_path(ModuleId(at));
                module.moved.iter().map(move |block| Move { calls: calls.clone(), block })
            })
            .collect()
    }

    /// An edge from each move to those that start where it ends.
    fn graph(moves: &[Move<'_>]) -> DiGraph<(), ()> {
        let mut graph = DiGraph::new();
        let nodes: Vec<_> = moves.iter().map(|_| graph.add_node(())).collect();
        let ends: Vec<_> = moves.iter().map(|m| (m.pattern(&m.block.from), m.pattern(&m.block.to))).collect();
        for (first, (_, to)) in ends.iter().enumerate() {
            for (second, (from, _)) in ends.iter().enumerate() {
                // Objects of a module that only gets another key are named alike before and after, so that what moves
                // inside would come before it too: it comes after (as in Terraform).
                let around = moves[second].calls.len() < moves[first].calls.len() && moves[second].is_new_key();
                if first != second && to.overlaps(from) && !around {
                    graph.add_edge(nodes[first], nodes[second], ());
                }
            }
        }
        graph
    }

    /// What becomes of a recorded object that is declared no more: the `removed` block that names it, the one of its
    /// resource before those of modules around it.
    pub fn removal(&self, address: &InstanceAddr) -> Option<&Removed> {
        let mut found: Option<(usize, &Removed)> = None;
        for (at, module) in self.modules.iter().enumerate().filter(|(_, module)| !module.removed.is_empty()) {
            let calls = self.call_path(ModuleId(at));
            let Some((_, inside)) = within(&calls, &address.resource.module) else { continue };
            let mut relative = address.clone();
            relative.resource.module = ModulePath(inside.to_vec());
            for block in module.removed.iter().filter(|block| block.from.matches(&relative)) {
                let depth = calls.len()
                    + match &block.from {
                        Target::Module(path) => path.0.len(),
                        Target::Resource(_) => usize::MAX - calls.len(),
                    };
                if found.is_none_or(|(other, _)| depth > other) {
                    found = Some((depth, block));
                }
            }
        }
        found.map(|(_, block)| block)
    }
}

/// Reports moves that contradict each other, and what is said to be removed but is still declared.
pub(super) fn check(configuration: &Configuration, diags: &mut Diagnostics) {
    let moves = configuration.unordered_moves();
    for (at, second) in moves.iter().enumerate() {
        for first in moves.iter().take(at).filter(|first| first.calls == second.calls) {
            let (a, b) = (first.block, second.block);
            let what = if matches!(b.from, Target::Module(_)) { "module" } else { "resource" };
            let detail = match (a.from == b.from, a.to == b.to) {
                (true, false) => format!(
                    "Another statement declares that {} moved to {}, but this one declares that it moved to {}. Each {what} can move to only one destination.",
                    a.from, a.to, b.to
                ),
                (false, true) => format!(
                    "Another statement declares that {} moved to {}, but this one declares that {} moved there. Each {what} can have moved from only one source.",
                    a.from, a.to, b.from
                ),
                _ => continue,
            };
            diags.push(Diagnostic::error("Ambiguous move statements", detail).at(b.span));
        }
    }
    for circle in tarjan_scc(&Configuration::graph(&moves)).into_iter().filter(|circle| circle.len() > 1) {
        let mut members: Vec<&Moved> = circle.iter().filter_map(|at| Some(moves.get(at.index())?.block)).collect();
        members.sort_by_key(|block| block.span);
        let named: Vec<String> = members.iter().map(|block| format!("{} to {}", block.from, block.to)).collect();
        let detail = format!(
            "These moves form a circle, so there is no final address: {}. A chain of moves ends with an address that no other one starts from.",
            named.join(", ")
        );
        let found = Diagnostic::error("Cyclic dependency in move statements", detail);
        diags.push(match members.first() {
            Some(first) => found.at(first.span),
            None => found,
        });
    }
    for module in &configuration.modules {
        for block in &module.removed {
            if configuration.declares(module, &block.from) {
                let detail = format!(
                    "This statement declares that {} was removed, but it is still declared in the configuration. Delete this block, or the declaration.",
                    block.from
                );
                diags.push(Diagnostic::error("Removed resource still exists", detail).at(block.span));
            }
        }
    }
}

impl Configuration {
    /// Whether an address without keys, relative to a module, is declared.
    fn declares(&self, module: &super::model::Module, target: &Target) -> bool {
        let path = match target {
            Target::Module(path) => path,
            Target::Resource(address) => &address.resource.module,
        };
        let mut at = module;
        for (name, _) in &path.0 {
            match at.calls.get(name.as_str()) {
                Some(call) => at = self.module(call.module),
                None => return false,
            }
        }
        match target {
            Target::Module(_) => true,
            Target::Resource(address) => {
                let key = (address.resource.kind.clone(), address.resource.name.clone());
                at.resources.contains_key(&key)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Sources, Span};

    fn block(from: &str, to: &str) -> Moved {
        let target = |text: &str| text.parse::<Target>().expect(text);
        let file = Sources::default().add("main.hcl", "");
        Moved { from: target(from), to: target(to), span: Span { file, start: 0, end: 0 } }
    }

    #[track_caller]
    fn moves(calls: &[&str], from: &str, to: &str, address: &str, expected: Option<&str>) {
        let block = block(from, to);
        let found = Move { calls: calls.to_vec(), block: &block }.apply(&address.parse().expect(address));
        assert_eq!(found.map(|address| address.to_string()).as_deref(), expected, "{from} -> {to}: {address}");
    }

    #[test]
    fn addresses_move_as_in_terraform() {
        moves(&[], "a.x", "a.y", "a.x[1]", Some("a.y[1]"));
        moves(&[], "a.x", "a.y[0]", "a.x", Some("a.y[0]"));
        moves(&[], "a.x", "a.y[0]", "a.x[1]", None);
        moves(&[], "a.x[\"k\"]", "module.m.a.x", "a.x[\"k\"]", Some("module.m.a.x"));
        moves(&[], "module.m", "module.n", "module.m[\"k\"].a.x", Some("module.n[\"k\"].a.x"));
        moves(&[], "module.m[0]", "module.n", "module.m[0].module.o.a.x[2]", Some("module.n.module.o.a.x[2]"));
        moves(&[], "module.m[0]", "module.n", "module.m[1].a.x", None);
        moves(&["m"], "a.x", "a.y", "module.m[3].a.x", Some("module.m[3].a.y"));
        moves(&["m"], "a.x", "a.y", "a.x", None);
        moves(&["m"], "module.o", "module.p.module.o", "module.m.module.o.a.x", Some("module.m.module.p.module.o.a.x"));
    }

    #[test]
    fn ends_and_starts_meet_where_an_object_can_stand_in_both() {
        let overlap = |a: &str, b: &str| {
            let (a, b) = (block("z.z", a), block(b, "z.y"));
            let [a, b] = [&a, &b].map(|block| Move { calls: Vec::new(), block });
            a.pattern(&a.block.to).overlaps(&b.pattern(&b.block.from))
        };
        assert!(overlap("a.x", "a.x") && !overlap("a.x", "a.y") && !overlap("a.x[0]", "a.x[1]"));
        let module = block("module.m", "module.n");
        let inside = block("module.n.a.x", "a.x");
        let [module, inside] = [&module, &inside].map(|block| Move { calls: Vec::new(), block });
        assert!(module.pattern(&module.block.to).overlaps(&inside.pattern(&inside.block.from)));
        assert!(!inside.pattern(&inside.block.to).overlaps(&module.pattern(&module.block.from)));
    }
}
