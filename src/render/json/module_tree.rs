//! Resources as JSON, in the tree of their modules.

use crate::address::{InstanceAddr, InstanceKey, Mode, ModulePath};
use crate::schema::PROVIDER;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::collections::btree_map::IntoIter;
use std::iter::Peekable;

/// The keys that name a resource: `address`, `mode`, `type`, `name`, `index`, `provider_name`.
pub fn identity(address: &InstanceAddr, with_module: bool) -> Map<String, Json> {
    let resource = &address.resource;
    let mut all = Map::new();
    all.insert("address".into(), json!(address.to_string()));
    if with_module && !resource.module.is_root() {
        all.insert("module_address".into(), json!(resource.module.to_string()));
    }
    all.insert("mode".into(), json!(if resource.mode == Mode::Data { "data" } else { "managed" }));
    all.insert("type".into(), json!(resource.kind));
    all.insert("name".into(), json!(resource.name));
    match &address.key {
        Some(InstanceKey::Int(n)) => all.insert("index".into(), json!(n)),
        Some(InstanceKey::Str(text)) => all.insert("index".into(), json!(text)),
        None => None,
    };
    all.insert("provider_name".into(), json!(PROVIDER));
    all
}

/// `root_module`: resources by module, children below their parents.
pub fn root_module(resources: impl IntoIterator<Item = (ModulePath, Json)>) -> Json {
    let mut by_module: BTreeMap<ModulePath, Vec<Json>> = BTreeMap::new();
    for (module, resource) in resources {
        // A parent without resources of its own still holds its children.
        for depth in 0..module.0.len() {
            by_module.entry(ModulePath(module.0[..depth].to_vec())).or_default();
        }
        by_module.entry(module).or_default().push(resource);
    }
    let root = by_module.remove(&ModulePath::root()).unwrap_or_default();
    Json::Object(module(&ModulePath::root(), root, &mut by_module.into_iter().peekable()))
}

/// Modules in the order of their paths: whatever begins with a path stands together.
type Rest = Peekable<IntoIter<ModulePath, Vec<Json>>>;

/// A module, and those called in it: they stand right after it, each followed by its own.
fn module(path: &ModulePath, resources: Vec<Json>, rest: &mut Rest) -> Map<String, Json> {
    let mut out = Map::new();
    if !resources.is_empty() {
        out.insert("resources".into(), Json::Array(resources));
    }
    let mut children = Vec::new();
    while let Some((child, resources)) = rest.next_if(|(child, _)| child.0.starts_with(&path.0)) {
        children.push(Json::Object(module(&child, resources, rest)));
    }
    if !children.is_empty() {
        out.insert("child_modules".into(), Json::Array(children));
    }
    if !path.is_root() {
        out.insert("address".into(), json!(path.to_string()));
    }
    out
}
