//! `-target`, `-exclude` and `-replace`: which objects a plan may touch.

use crate::address::{InstanceAddr, Mode, ModulePath, Target};
use crate::config::{Configuration, Graph, ModuleId, ResourceKey};
use std::collections::BTreeSet;

/// The selection of one plan.
#[derive(Debug, Default)]
pub(super) struct Selection<'a> {
    targets: &'a [Target],
    excluded: &'a [Target],
    /// Declarations that go along with a target.
    needed: BTreeSet<(ModuleId, ResourceKey)>,
    /// Declarations that stay away with something excluded.
    dragged: BTreeSet<(ModuleId, ResourceKey)>,
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
        let mut selection = Selection { targets, excluded, ..Selection::default() };
        let named = |targets: &[Target], (module, key): &(ModuleId, ResourceKey)| {
            let calls = configuration.call_path(*module);
            targets.iter().any(|target| names(target, &calls, key))
        };
        for (own, needs) in &graph.dependencies {
            let needs_named = |targets: &[Target]| needs.iter().any(|need| named(targets, need));
            if !destroy && named(targets, own) {
                selection.needed.extend(needs.iter().cloned());
            }
            if destroy && needs_named(targets) {
                selection.needed.insert(own.clone());
            }
            if destroy && named(excluded, own) {
                selection.dragged.extend(needs.iter().cloned());
            }
            if !destroy && needs_named(excluded) {
                selection.dragged.insert(own.clone());
            }
        }
        selection
    }

    /// Whether the plan may touch an instance; `declaration` where the configuration still has it.
    pub fn contains(&self, address: &InstanceAddr, declaration: Option<&(ModuleId, ResourceKey)>) -> bool {
        let wanted = self.targets.is_empty()
            || self.targets.iter().any(|target| target.matches(address))
            || declaration.is_some_and(|declaration| self.needed.contains(declaration));
        let excluded = self.excluded.iter().any(|target| target.matches(address))
            || declaration.is_some_and(|declaration| self.dragged.contains(declaration));
        wanted && !excluded
    }
}

/// True for a declaration, in the module that `calls` lead to, of which a target may name instances.
pub(super) fn names(target: &Target, calls: &[&str], key: &ResourceKey) -> bool {
    let path = |path: &ModulePath, exact: bool| {
        (if exact { path.0.len() == calls.len() } else { path.0.len() <= calls.len() })
            && path.0.iter().zip(calls).all(|((name, _), call)| name == call)
    };
    match target {
        Target::Module(module) => path(module, false),
        Target::Resource(target) => {
            target.resource.mode == Mode::Managed
                && target.resource.kind == *key.0
                && target.resource.name == *key.1
                && path(&target.resource.module, true)
        }
    }
}
