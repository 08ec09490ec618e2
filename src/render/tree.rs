//! The modules of a configuration as a tree, in the form of `terraform providers` and `terraform modules`.

use crate::config::{Configuration, ModuleId};
use crate::schema::PROVIDER;
use serde_json::{Value as Json, json};

/// A line, and what stands below it.
struct Branch {
    label: String,
    below: Vec<Branch>,
}

/// Which modules need the provider; `recorded`: the state does too.
pub fn providers_text(configuration: &Configuration, recorded: bool) -> String {
    let root = requirements(configuration, Configuration::ROOT);
    let mut text = format!("\nProviders required by configuration:\n{}\n", drawn(&root));
    if recorded {
        text.push_str(&format!("Providers required by state:\n\n    {}\n\n", provider()));
    }
    text
}

/// The calls of modules.
pub fn modules_text(configuration: &Configuration) -> String {
    let root = calls(configuration, Configuration::ROOT);
    match root.is_empty() {
        true => "No modules found in configuration.\n".to_owned(),
        false => format!("\nModules declared by configuration:\n{}\n", drawn(&root)),
    }
}

/// The same for programs: each call once, those of a module after it.
pub fn modules_json(configuration: &Configuration) -> Json {
    let mut found = Vec::new();
    list(configuration, Configuration::ROOT, &mut found);
    let modules = if found.is_empty() { Json::Null } else { Json::Array(found) };
    json!({ "format_version": "1.0", "modules": modules })
}

fn provider() -> String {
    format!("provider[{PROVIDER}]")
}

fn requirements(configuration: &Configuration, id: ModuleId) -> Vec<Branch> {
    let module = configuration.module(id);
    let needs = module.provider.is_some() || !module.resources.is_empty() || !module.data.is_empty();
    let own = needs.then(|| Branch { label: provider(), below: Vec::new() });
    let called = module
        .calls
        .values()
        .map(|call| Branch { label: format!("module.{}", call.name), below: requirements(configuration, call.module) });
    own.into_iter().chain(called).collect()
}

fn calls(configuration: &Configuration, id: ModuleId) -> Vec<Branch> {
    let called = configuration.module(id).calls.values();
    let branch = called.map(|call| Branch {
        label: format!("\"{}\"[{}]", call.name, call.source),
        below: calls(configuration, call.module),
    });
    branch.collect()
}

fn list(configuration: &Configuration, id: ModuleId, found: &mut Vec<Json>) {
    for call in configuration.module(id).calls.values() {
        // A directory of one's own has no version.
        found.push(json!({ "key": *call.name, "source": call.source, "version": "" }));
        list(configuration, call.module, found);
    }
}

fn drawn(branches: &[Branch]) -> String {
    let mut text = ".\n".to_owned();
    draw(branches, "", &mut text);
    text
}

fn draw(branches: &[Branch], before: &str, text: &mut String) {
    for (at, branch) in branches.iter().enumerate() {
        let (turn, pass) = if at + 1 == branches.len() { ("└── ", "    ") } else { ("├── ", "│   ") };
        text.push_str(&format!("{before}{turn}{}\n", branch.label));
        draw(&branch.below, &format!("{before}{pass}"), text);
    }
}
