//! Where everything that a reviewer may ask for is declared.

use super::model::{Configuration, ModuleId};
use crate::address::{Mode, ModulePath, ResourceAddr};
use crate::diag::Span;

impl Configuration {
    /// Resources, data sources and checks of every module by their addresses without keys, and the headers of their blocks.
    pub fn declared(&self) -> Vec<(String, Span)> {
        let mut found = Vec::new();
        // A child stands after its parent: the parent's path is known.
        let mut paths: Vec<ModulePath> = Vec::with_capacity(self.modules.len());
        for module in &self.modules {
            let path = match &module.parent {
                Some((ModuleId(parent), name)) => {
                    paths.get(*parent).cloned().unwrap_or_default().child(name.to_string(), None)
                }
                None => ModulePath::root(),
            };
            for (mode, resources) in [(Mode::Managed, &module.resources), (Mode::Data, &module.data)] {
                found.extend(resources.values().map(|resource| {
                    let (kind, name) = (resource.kind.clone(), resource.name.clone());
                    (ResourceAddr { module: path.clone(), mode, kind, name }.to_string(), resource.span)
                }));
            }
            let inside = if path.is_root() { String::new() } else { format!("{path}.") };
            found.extend(module.checks.iter().map(|(name, check)| (format!("{inside}check.{name}"), check.span)));
            found.extend(module.outputs.iter().map(|(name, output)| (format!("{inside}output.{name}"), output.span)));
            paths.push(path);
        }
        found
    }
}
