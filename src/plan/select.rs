//! `-target`, `-exclude` and `-replace`: which objects a plan may touch.

use crate::address::{AddressError, InstanceAddr, InstanceKey, Mode, ModulePath};
use crate::config::{Configuration, Graph, ModuleId, ResourceKey};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A module, a resource, or one instance of either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `module.east`: everything in it.
    Module(ModulePath),
    /// `simplepod_instance.a`, with or without a key.
    Resource(InstanceAddr),
}

impl FromStr for Target {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.parse::<InstanceAddr>() {
            Ok(address) => Ok(Target::Resource(address)),
            // A module's address is that of a resource in it, without the resource.
            Err(error) => match format!("{text}.x.x").parse::<InstanceAddr>() {
                Ok(inside) if text.starts_with("module.") && inside.key.is_none() => {
                    Ok(Target::Module(inside.resource.module))
                }
                _ => Err(error),
            },
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Module(path) => path.fmt(f),
            Target::Resource(address) => address.fmt(f),
        }
    }
}

impl Target {
    /// True for an instance that this names.
    pub fn matches(&self, address: &InstanceAddr) -> bool {
        match self {
            Target::Module(path) => inside(path, &address.resource.module),
            Target::Resource(target) => {
                target.resource.kind == address.resource.kind
                    && target.resource.name == address.resource.name
                    && target.resource.module.0.len() == address.resource.module.0.len()
                    && inside(&target.resource.module, &address.resource.module)
                    && fits(target.key.as_ref(), address.key.as_ref())
            }
        }
    }

    /// True for a declaration of which this may name instances.
    pub(super) fn names(&self, calls: &[&str], key: &ResourceKey) -> bool {
        let path = |path: &ModulePath, exact: bool| {
            (if exact { path.0.len() == calls.len() } else { path.0.len() <= calls.len() })
                && path.0.iter().zip(calls).all(|((name, _), call)| name == call)
        };
        match self {
            Target::Module(module) => path(module, false),
            Target::Resource(target) => {
                target.resource.mode == Mode::Managed
                    && target.resource.kind == *key.0
                    && target.resource.name == *key.1
                    && path(&target.resource.module, true)
            }
        }
    }
}

/// A path without a key stands for every instance of the module.
fn inside(outer: &ModulePath, inner: &ModulePath) -> bool {
    outer.0.len() <= inner.0.len()
        && outer.0.iter().zip(&inner.0).all(|((a, a_key), (b, b_key))| a == b && fits(a_key.as_ref(), b_key.as_ref()))
}

fn fits(wanted: Option<&InstanceKey>, key: Option<&InstanceKey>) -> bool {
    wanted.is_none() || wanted == key
}

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
            targets.iter().any(|target| target.names(&calls, key))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_name_modules_resources_and_instances() {
        let address: InstanceAddr = "module.m[0].simplepod_instance.a[\"x\"]".parse().expect("an address");
        for text in
            ["module.m", "module.m[0]", "module.m.simplepod_instance.a", "module.m[0].simplepod_instance.a[\"x\"]"]
        {
            let target = text.parse::<Target>().expect(text);
            assert!(target.matches(&address), "{text}");
            assert_eq!(target.to_string(), text);
        }
        for text in ["module.m[1]", "module.n", "simplepod_instance.a", "module.m.simplepod_instance.a[\"y\"]"] {
            assert!(!text.parse::<Target>().expect(text).matches(&address), "{text}");
        }
        assert!("module".parse::<Target>().is_err());
    }
}
