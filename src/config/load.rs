//! From syntax to declarations: one module, then the modules it calls.

use super::block::{
    META, attribute, check_name, constant_text, depends_on, duplicate, labels, missing_argument, no_blocks_in_locals,
    repeat,
};
use super::check_block::check;
use super::import_block::import;
use super::model::{Configuration, Local, Module, ModuleCall, ModuleId, Output, Resource, Variable};
use super::moved_block::{moved, removed};
use super::moves;
use super::overrides::{self, LoadedFile};
use super::resource_block::resource;
use super::settings_block::{provider, settings};
use super::shape;
use super::value_blocks::{output, variable};
use crate::address::Mode;
use crate::diag::{Diagnostic, Diagnostics, FileId, Span, did_you_mean};
use crate::lang::ast::Block;
use crate::lang::parse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Reads the configuration files of a directory, by name. `None` where the directory cannot be read, with a diagnostic.
/// `at` is the `source` that names the directory; none for the root.
pub type ReadModule<'a> = dyn FnMut(&str, Option<Span>, &mut Diagnostics) -> Option<Vec<LoadedFile>> + 'a;

/// The name of a configuration file without its ending: `*.hcl` and `*.hcl.json`, except `*.vars.hcl`, dot files, and what
/// other programs read: `*.tftest.hcl`, `terragrunt.hcl`.
fn stem(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".json").unwrap_or(name).strip_suffix(".hcl")?;
    let others = [".vars", ".tftest"].iter().any(|end| stem.ends_with(end)) || stem == "terragrunt";
    (!others && !name.starts_with('.')).then_some(stem)
}

/// True for the name of a configuration file.
pub fn is_configuration_file(name: &str) -> bool {
    stem(name).is_some()
}

/// Parses a configuration file.
pub fn parse_file(name: &str, file: FileId, text: &str, diags: &mut Diagnostics) -> LoadedFile {
    let overrides = stem(name).is_some_and(|stem| stem == "override" || stem.ends_with("_override"));
    let body = match name.ends_with(".json") {
        true => parse::parse_json_body(file, text, &shape::FILE, diags),
        false => parse::parse_body(file, text, diags),
    };
    LoadedFile { overrides, body: Arc::new(body) }
}

/// The most blocks of all modules together, each counted as often as it is called: ten times the largest fleet that is
/// measured. Two calls each in modules 24 deep are 16 million.
const MOST: usize = 100_000;

const ROOT_BLOCKS: [&str; 12] = [
    "podform", "provider", "variable", "locals", "output", "resource", "module", "moved", "removed", "import", "data",
    "check",
];

/// Loads the root module at `dir` and every module below it.
pub fn load(dir: &str, read: &mut ReadModule<'_>, diags: &mut Diagnostics) -> Configuration {
    let mut loader = Loader { read, above: Vec::new(), blocks: 0, configuration: Configuration::default(), diags };
    loader.module(dir, None, None);
    let Loader { mut configuration, diags, blocks, .. } = loader;
    if blocks > MOST {
        // Of a part, nothing else is told.
        configuration.modules = vec![Module { dir: dir.to_owned(), incomplete: true, ..Module::default() }];
    }
    moves::check(&configuration, diags);
    configuration
}

struct Loader<'l, 'r> {
    read: &'l mut ReadModule<'r>,
    /// The directories of the modules that call the one being loaded, and its own.
    above: Vec<String>,
    /// How many were declared.
    blocks: usize,
    configuration: Configuration,
    diags: &'l mut Diagnostics,
}

impl Loader<'_, '_> {
    fn module(&mut self, dir: &str, parent: Option<(ModuleId, Arc<str>)>, at: Option<Span>) -> ModuleId {
        let id = ModuleId(self.configuration.modules.len());
        self.configuration.modules.push(Module { dir: dir.to_owned(), parent, ..Module::default() });
        let Some(files) = (self.read)(dir, at, self.diags) else { return id };
        let declared: usize = files.iter().map(|file| file.body.blocks.len()).sum();
        let before = self.blocks;
        self.blocks = before.saturating_add(declared.max(1));
        if self.blocks > MOST {
            // Told once, of the call that is too much.
            if before <= MOST {
                let detail = format!(
                    "All modules together declare more than {MOST} blocks, each counted as often as it is called. Modules that call others several times multiply: call them with for_each instead, or less deep."
                );
                let told = Diagnostic::error("Configuration too large", detail);
                self.diags.push(match at {
                    Some(at) => told.at(at),
                    None => told,
                });
            }
            return id;
        }
        let mut own = self.configuration.modules[id.0].clone();
        let mut calls = Vec::new();
        own.incomplete = files.iter().any(|file| file.body.incomplete);
        for file in &files {
            for attribute in &file.body.attributes {
                let detail = format!(
                    "An argument named \"{}\" is not expected here: the top level of a file holds blocks. Put values into a locals block.",
                    attribute.name
                );
                self.diags.push(Diagnostic::error("Unsupported argument", detail).at(attribute.name_span));
            }
        }
        for block in overrides::blocks(&files, self.diags) {
            declaration(&block, id, &mut own, &mut calls, self.diags);
        }
        self.above.push(dir.to_owned());
        for (block, name) in calls {
            if self.blocks > MOST {
                break;
            }
            if let Some(call) = self.call(&block, name, dir, id) {
                own.calls.insert(call.name.clone(), call);
            }
        }
        self.above.pop();
        self.configuration.modules[id.0] = own;
        id
    }

    fn call(&mut self, block: &Block, name: Arc<str>, dir: &str, caller: ModuleId) -> Option<ModuleCall> {
        let body = &block.body;
        for inner in &body.blocks {
            let detail = format!(
                "Blocks are not allowed in a module block. If \"{0}\" is a variable of the module, write {0} = {{ ... }}.",
                inner.kind
            );
            self.diags.push(Diagnostic::error("Unsupported block type", detail).at(inner.kind_span));
        }
        let Some(source) = attribute(body, "source") else {
            missing_argument("source", block.span, self.diags);
            return None;
        };
        let at = source.expr.span;
        let source = constant_text(source, self.diags)?;
        if !(source.starts_with("./") || source.starts_with("../") || source == "." || source == "..") {
            let detail = "A module is a local directory: its source starts with \"./\" or \"../\".";
            let hint = match source.starts_with(['/', '~']) {
                true => "Write the way to it from the directory of this file.".to_owned(),
                false => format!("If \"{source}\" is a directory beside this file, write \"./{source}\"."),
            };
            self.diags.push(Diagnostic::error("Invalid module source address", detail).at(at).with_hint(hint));
            return None;
        }
        let path = join(dir, &source);
        if self.above.contains(&path) {
            let detail = format!("The module at \"{path}\" calls itself, directly or through others.");
            self.diags.push(Diagnostic::error("Module calls itself", detail).at(at));
            return None;
        }
        let mut repeat = repeat(block, self.diags);
        let child = self.module(&path, Some((caller, name.clone())), Some(at));
        if self.blocks > MOST {
            return None;
        }
        let known = &self.configuration.module(child).variables;
        // A module that has such a variable means that.
        let own_enabled = known.contains_key("enabled");
        if own_enabled {
            repeat.enabled = None;
        }
        let given = |variable: &str| attribute(body, variable).is_some();
        let incomplete = self.configuration.module(child).incomplete;
        for variable in known.values().filter(|variable| variable.default.is_none() && !given(&variable.name)) {
            missing_argument(&variable.name, block.span, self.diags);
        }
        let mut arguments = Vec::new();
        for attribute in &body.attributes {
            let meta = META.contains(&&*attribute.name) && !(own_enabled && &*attribute.name == "enabled");
            if meta || &*attribute.name == "source" {
                continue;
            }
            if !known.contains_key(&attribute.name) {
                if incomplete {
                    continue;
                }
                let detail = match &*attribute.name {
                    "version" => "\"version\" chooses among the releases of a registry, and a module here is a local directory: remove it.".to_owned(),
                    "providers" => "\"providers\" has no meaning here: there is one provider, and every module uses it. Remove the argument.".to_owned(),
                    name => {
                        let hint = did_you_mean(name, known.keys().map(|name| &**name));
                        format!("The module at \"{source}\" has no variable named \"{name}\".{hint}")
                    }
                };
                self.diags.push(Diagnostic::error("Unsupported argument", detail).at(attribute.name_span));
                continue;
            }
            arguments.push(attribute.clone());
        }
        Some(ModuleCall {
            name,
            module: child,
            source,
            arguments,
            repeat,
            depends_on: depends_on(body, self.diags),
            span: block.span,
        })
    }
}

fn declaration(
    block: &Block,
    id: ModuleId,
    own: &mut Module,
    calls: &mut Vec<(Block, Arc<str>)>,
    diags: &mut Diagnostics,
) {
    match &*block.kind {
        "variable" => {
            if let Some(variable) = variable(block, diags) {
                unique(&mut own.variables, variable.name.clone(), variable, block, diags);
            }
        }
        "locals" => {
            if labels::<0>(block, [], diags).is_some() {
                no_blocks_in_locals(&block.body, diags);
                for attribute in &block.body.attributes {
                    let local = Local { expr: attribute.expr.clone(), span: attribute.name_span };
                    match own.locals.entry(attribute.name.clone()) {
                        Entry::Vacant(entry) => {
                            entry.insert(local);
                        }
                        Entry::Occupied(first) => {
                            let detail = format!(
                                "A local value named \"{}\" was already defined. Names of local values must be unique in a module.",
                                attribute.name
                            );
                            let found = Diagnostic::error("Duplicate local value definition", detail);
                            diags.push(found.at(attribute.name_span).against(first.get().span));
                        }
                    }
                }
            }
        }
        "output" => {
            if let Some((name, output)) = output(block, diags) {
                unique(&mut own.outputs, name, output, block, diags);
            }
        }
        "resource" => {
            if let Some(resource) = resource(block, Mode::Managed, diags) {
                let key = (resource.kind.clone(), resource.name.clone());
                unique(&mut own.resources, key, resource, block, diags);
            }
        }
        "data" => {
            if let Some(resource) = resource(block, Mode::Data, diags) {
                let key = (resource.kind.clone(), resource.name.clone());
                unique(&mut own.data, key, resource, block, diags);
            }
        }
        "check" => check(block, own, diags),
        "module" => {
            if let Some([name]) = labels(block, ["name"], diags)
                && check_name(block, 0, diags)
            {
                match calls.iter().find(|(_, other)| *other == name) {
                    None => calls.push((block.clone(), name)),
                    Some((first, _)) => duplicate(block, first.span, diags),
                }
            }
        }
        "podform" => settings(block, id, own, diags),
        "provider" => provider(block, id, own, diags),
        "import" => import(block, id, own, diags),
        "moved" => moved(block, own, diags),
        "removed" => removed(block, own, diags),
        kind @ ("terraform" | "ephemeral") => {
            let detail = match kind {
                "terraform" => "Settings stand in a podform block here: podform { fleet = \"name\" }.".to_owned(),
                _ => "There are no ephemeral resources: the provider has none. A value that is used and not kept is a variable with ephemeral = true, given by PODFORM_VAR_name, -var or a prompt.".to_owned(),
            };
            diags.push(Diagnostic::error("Unsupported block type", detail).at(block.kind_span));
        }
        kind => {
            let detail = format!("Blocks of type \"{kind}\" are not expected here.{}", did_you_mean(kind, ROOT_BLOCKS));
            diags.push(Diagnostic::error("Unsupported block type", detail).at(block.kind_span));
        }
    }
}

fn unique<K: Ord, V: Declared>(map: &mut BTreeMap<K, V>, key: K, value: V, block: &Block, diags: &mut Diagnostics) {
    match map.entry(key) {
        Entry::Vacant(entry) => {
            entry.insert(value);
        }
        Entry::Occupied(first) => duplicate(block, first.get().header(), diags),
    }
}

/// What a block declares.
trait Declared {
    /// Where the header of the block stands.
    fn header(&self) -> Span;
}

impl Declared for Variable {
    fn header(&self) -> Span {
        self.span
    }
}

impl Declared for Output {
    fn header(&self) -> Span {
        self.span
    }
}

impl Declared for Resource {
    fn header(&self) -> Span {
        self.span
    }
}

/// `modules/a` and `../b` give `modules/b`.
fn join(dir: &str, source: &str) -> String {
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    for part in source.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (dir.starts_with('/'), joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}
