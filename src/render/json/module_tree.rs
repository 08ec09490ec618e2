//! Resources as JSON, in the tree of their modules.

use crate::address::{InstanceAddr, InstanceKey, Mode, ModulePath};
use crate::schema::PROVIDER;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

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
    Json::Object(module(&ModulePath::root(), &by_module))
}

fn module(path: &ModulePath, all: &BTreeMap<ModulePath, Vec<Json>>) -> Map<String, Json> {
    let mut out = Map::new();
    let resources = all.get(path).map_or(&[][..], Vec::as_slice);
    if !resources.is_empty() {
        out.insert("resources".into(), Json::Array(resources.to_vec()));
    }
    let children: Vec<Json> = all
        .keys()
        .filter(|child| child.0.len() == path.0.len() + 1 && child.0.starts_with(&path.0))
        .map(|child| Json::Object(module(child, all)))
        .collect();
    if !children.is_empty() {
        out.insert("child_modules".into(), Json::Array(children));
    }
    if !path.is_root() {
        out.insert("address".into(), json!(path.to_string()));
    }
    out
}
