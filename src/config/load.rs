//! From syntax to declarations: one module, then the modules it calls.

use super::block::{allow, attribute, check_name, constant_bool, constant_text, depends_on, expr, labels};
use super::model::{
    Configuration, IgnoreChanges, Lifecycle, Local, Module, ModuleCall, ModuleId, Output, Resource, Settings,
    Validation, Variable,
};
use crate::diag::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::lang::ast::{Block, Body, ExprKind};
use crate::lang::convert::conform;
use crate::lang::reference::{NoScope, references};
use crate::lang::type_expr::parse_constraint;
use crate::lang::{Constraint, Subject, eval};
use crate::schema;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// One configuration file, parsed.
#[derive(Clone, Debug)]
pub struct LoadedFile {
    /// What it holds.
    pub body: Arc<Body>,
}

/// Reads the configuration files of a directory, by name. `None` where the directory cannot be read, with a diagnostic.
/// `at` is the `source` that names the directory; none for the root.
pub type ReadModule<'a> = dyn FnMut(&str, Option<Span>, &mut Diagnostics) -> Option<Vec<LoadedFile>> + 'a;

/// True for the name of a configuration file: `*.hcl` except `*.vars.hcl` and dot files.
pub fn is_configuration_file(name: &str) -> bool {
    name.ends_with(".hcl") && !name.ends_with(".vars.hcl") && !name.starts_with('.') && name != "podform.vars.hcl"
}

/// True for `override.hcl` and `*_override.hcl`.
pub fn is_override_file(name: &str) -> bool {
    name == "override.hcl" || name.ends_with("_override.hcl")
}

const ROOT_BLOCKS: [&str; 7] = ["podform", "provider", "variable", "locals", "output", "resource", "module"];
const META: [&str; 3] = ["count", "for_each", "depends_on"];

/// Loads the root module at `dir` and every module below it.
pub fn load(dir: &str, read: &mut ReadModule<'_>, diags: &mut Diagnostics) -> Configuration {
    let mut configuration = Configuration::default();
    module(dir, None, None, &mut Vec::new(), read, &mut configuration, diags);
    configuration
}

fn module(
    dir: &str,
    parent: Option<(ModuleId, Arc<str>)>,
    at: Option<Span>,
    above: &mut Vec<String>,
    read: &mut ReadModule<'_>,
    configuration: &mut Configuration,
    diags: &mut Diagnostics,
) -> ModuleId {
    let id = ModuleId(configuration.modules.len());
    configuration.modules.push(Module { dir: dir.to_owned(), parent, ..Module::default() });
    let Some(files) = read(dir, at, diags) else { return id };
    let mut own = configuration.modules[id.0].clone();
    let mut calls = Vec::new();
    for file in &files {
        for attribute in &file.body.attributes {
            let detail = format!(
                "An argument named \"{}\" is not expected here: the top level of a file holds blocks. Put values into a locals block.",
                attribute.name
            );
            diags.push(Diagnostic::error("Unsupported argument", detail).at(attribute.name_span));
        }
        for block in &file.body.blocks {
            declaration(block, id, &mut own, &mut calls, diags);
        }
    }
    above.push(dir.to_owned());
    for (block, name) in calls {
        if let Some(call) = call(&block, name, dir, id, above, read, configuration, diags) {
            own.calls.insert(call.name.clone(), call);
        }
    }
    above.pop();
    configuration.modules[id.0] = own;
    id
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
                unique(&mut own.variables, variable.name.clone(), variable, block, "variable", diags);
            }
        }
        "locals" => {
            if labels::<0>(block, [], diags).is_some() {
                allow_no_blocks(&block.body, "a locals block", diags);
                for attribute in &block.body.attributes {
                    let local = Local { expr: attribute.expr.clone(), span: attribute.name_span };
                    match own.locals.entry(attribute.name.clone()) {
                        Entry::Vacant(entry) => {
                            entry.insert(local);
                        }
                        Entry::Occupied(_) => {
                            let detail = format!("A local value named \"{}\" was already defined.", attribute.name);
                            let found = Diagnostic::error("Duplicate local value definition", detail);
                            diags.push(found.at(attribute.name_span));
                        }
                    }
                }
            }
        }
        "output" => {
            if let Some((name, output)) = output(block, diags) {
                unique(&mut own.outputs, name, output, block, "output", diags);
            }
        }
        "resource" => {
            if let Some(resource) = resource(block, diags) {
                let key = (resource.kind.clone(), resource.name.clone());
                unique(&mut own.resources, key, resource, block, "resource", diags);
            }
        }
        "module" => {
            if let Some([name]) = labels(block, ["name"], diags)
                && check_name(block, 0, diags)
            {
                let name: Arc<str> = name.into();
                match calls.iter().any(|(_, other)| *other == name) {
                    false => calls.push((block.clone(), name)),
                    true => duplicate(block, "module", &name, diags),
                }
            }
        }
        "podform" => settings(block, id, own, diags),
        "provider" => provider(block, id, own, diags),
        kind @ ("terraform" | "data" | "moved" | "import" | "removed" | "check" | "ephemeral") => {
            let detail = match kind {
                "terraform" => "Settings stand in a podform block here: podform { fleet = \"name\" }.".to_owned(),
                kind => format!("\"{kind}\" blocks are not supported by this version of podform."),
            };
            diags.push(Diagnostic::error("Unsupported block type", detail).at(block.kind_span));
        }
        kind => {
            let detail = format!("Blocks of type \"{kind}\" are not expected here.{}", did_you_mean(kind, ROOT_BLOCKS));
            diags.push(Diagnostic::error("Unsupported block type", detail).at(block.kind_span));
        }
    }
}

fn unique<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: V, block: &Block, what: &str, diags: &mut Diagnostics) {
    match map.entry(key) {
        Entry::Vacant(entry) => {
            entry.insert(value);
        }
        Entry::Occupied(_) => {
            let name = block.labels.iter().map(|label| &*label.text).collect::<Vec<_>>().join(".");
            duplicate(block, what, &name, diags);
        }
    }
}

fn duplicate(block: &Block, what: &str, name: &str, diags: &mut Diagnostics) {
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" };
    let detail =
        format!("{article} {what} named \"{name}\" was already declared in this module. Names must be unique.");
    diags.push(Diagnostic::error(format!("Duplicate {what} declaration"), detail).at(block.span));
}

fn allow_no_blocks(body: &Body, what: &str, diags: &mut Diagnostics) {
    for block in &body.blocks {
        let detail = format!("Blocks are not allowed in {what}.");
        diags.push(Diagnostic::error("Unexpected block", detail).at(block.kind_span));
    }
}

fn variable(block: &Block, diags: &mut Diagnostics) -> Option<Variable> {
    let [name] = labels(block, ["name"], diags)?;
    if !check_name(block, 0, diags) {
        return None;
    }
    const RESERVED: [&str; 8] =
        ["source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"];
    if RESERVED.contains(&name) {
        let detail = format!("The name \"{name}\" is reserved: it has a meaning in module blocks.");
        diags.push(Diagnostic::error("Invalid variable name", detail).at(block.span));
    }
    let body = &block.body;
    let known = ["type", "default", "description", "sensitive", "nullable", "ephemeral"];
    allow(body, "a variable block", &known, &["validation"], diags);
    let constraint = expr(body, "type").map_or(Constraint::Any, |expr| parse_constraint(&expr, diags));
    let flag = |name: &str, diags: &mut Diagnostics| {
        attribute(body, name).and_then(|attribute| constant_bool(attribute, diags))
    };
    let nullable = flag("nullable", diags).unwrap_or(true);
    let default = attribute(body, "default").map(|attribute| {
        let value = eval::evaluate(&attribute.expr, &NoScope, diags);
        if !nullable && value.is_null() {
            let detail = "The default of a variable with nullable = false cannot be null.";
            diags.push(Diagnostic::error("Invalid default value for variable", detail).at(attribute.expr.span));
        }
        // One that does not fit is told here; the variable is not required for that.
        conform(&value, &constraint).unwrap_or_else(|error| {
            let detail = format!("This default value is not compatible with the variable's type constraint: {error}.");
            diags.push(Diagnostic::error("Invalid default value for variable", detail).at(attribute.expr.span));
            crate::lang::Value::unknown(crate::lang::Type::Dynamic)
        })
    });
    let validations = body.blocks.iter().filter(|inner| &*inner.kind == "validation").filter_map(|inner| {
        labels::<0>(inner, [], diags)?;
        allow(&inner.body, "a validation block", &["condition", "error_message"], &[], diags);
        match (expr(&inner.body, "condition"), expr(&inner.body, "error_message")) {
            (Some(condition), Some(message)) => Some(Validation { condition, message }),
            (condition, _) => {
                let missing = if condition.is_none() { "condition" } else { "error_message" };
                missing_argument(missing, inner.span, diags);
                None
            }
        }
    });
    let validations = validations.collect();
    Some(Variable {
        name: name.into(),
        default,
        description: attribute(body, "description").and_then(|attribute| constant_text(attribute, diags)),
        sensitive: flag("sensitive", diags).unwrap_or(false),
        nullable,
        validations,
        constraint,
        span: block.span,
    })
}

fn missing_argument(name: &str, span: Span, diags: &mut Diagnostics) {
    let detail = format!("The argument \"{name}\" is required, but no definition was found.");
    diags.push(Diagnostic::error("Missing required argument", detail).at(span));
}

fn output(block: &Block, diags: &mut Diagnostics) -> Option<(Arc<str>, Output)> {
    let [name] = labels(block, ["name"], diags)?;
    if !check_name(block, 0, diags) {
        return None;
    }
    let body = &block.body;
    allow(body, "an output block", &["value", "description", "sensitive", "depends_on"], &[], diags);
    let Some(expr) = expr(body, "value") else {
        missing_argument("value", block.span, diags);
        return None;
    };
    let output = Output {
        expr,
        description: attribute(body, "description").and_then(|attribute| constant_text(attribute, diags)),
        sensitive: attribute(body, "sensitive").and_then(|a| constant_bool(a, diags)).unwrap_or(false),
        depends_on: depends_on(body, diags),
        span: block.span,
    };
    Some((name.into(), output))
}

fn resource(block: &Block, diags: &mut Diagnostics) -> Option<Resource> {
    let [kind, name] = labels(block, ["type", "name"], diags)?;
    let Some(schema) = schema::schema(kind) else {
        let hint = did_you_mean(kind, schema::ALL.iter().map(|schema| schema.kind));
        let detail = format!("podform knows no resource type \"{kind}\".{hint}");
        let span = block.labels.first().map_or(block.span, |label| label.span);
        diags.push(Diagnostic::error("Invalid resource type", detail).at(span));
        return None;
    };
    if !check_name(block, 1, diags) {
        return None;
    }
    let count = expr(&block.body, "count");
    let for_each = expr(&block.body, "for_each");
    both(&count, &for_each, block, diags);
    let body = Body {
        attributes: block.body.attributes.iter().filter(|a| !META.contains(&&*a.name)).cloned().collect(),
        blocks: block.body.blocks.iter().filter(|inner| &*inner.kind != "lifecycle").cloned().collect(),
    };
    let mut lifecycles = block.body.blocks.iter().filter(|inner| &*inner.kind == "lifecycle");
    let lifecycle = lifecycles.next().map(|inner| lifecycle(inner, schema, diags)).unwrap_or_default();
    if let Some(second) = lifecycles.next() {
        let detail = "A resource has at most one lifecycle block.";
        diags.push(Diagnostic::error("Duplicate lifecycle block", detail).at(second.span));
    }
    Some(Resource {
        kind: kind.into(),
        name: name.into(),
        schema,
        body,
        count,
        for_each,
        depends_on: depends_on(&block.body, diags),
        lifecycle,
        span: block.span,
    })
}

fn both<T>(count: &Option<T>, for_each: &Option<T>, block: &Block, diags: &mut Diagnostics) {
    if count.is_some() && for_each.is_some() {
        let detail = "The \"count\" and \"for_each\" meta-arguments are mutually exclusive: only one may be given.";
        diags.push(Diagnostic::error("Invalid combination of \"count\" and \"for_each\"", detail).at(block.span));
    }
}

fn lifecycle(block: &Block, schema: &schema::Schema, diags: &mut Diagnostics) -> Lifecycle {
    let body = &block.body;
    for (name, span) in (body.attributes.iter().map(|a| (&a.name, a.name_span)))
        .chain(body.blocks.iter().map(|inner| (&inner.kind, inner.kind_span)))
    {
        if ["create_before_destroy", "replace_triggered_by", "precondition", "postcondition"].contains(&&**name) {
            let detail = format!("\"{name}\" is not supported by this version of podform.");
            diags.push(Diagnostic::error("Unsupported lifecycle setting", detail).at(span));
        } else if !["prevent_destroy", "ignore_changes"].contains(&&**name) {
            let hint = did_you_mean(name, ["prevent_destroy", "ignore_changes"]);
            let detail = format!("An argument named \"{name}\" is not expected in a lifecycle block.{hint}");
            diags.push(Diagnostic::error("Unsupported argument", detail).at(span));
        }
    }
    let prevent = attribute(body, "prevent_destroy");
    Lifecycle {
        prevent_destroy: prevent.filter(|a| constant_bool(a, diags) == Some(true)).map(|a| a.span),
        ignore_changes: attribute(body, "ignore_changes")
            .map_or(IgnoreChanges::None, |attribute| ignore_changes(&attribute.expr, schema, diags)),
    }
}

fn ignore_changes(expr: &crate::lang::ast::Expr, schema: &schema::Schema, diags: &mut Diagnostics) -> IgnoreChanges {
    match &expr.kind {
        ExprKind::Variable(name) if &**name == "all" => return IgnoreChanges::All,
        ExprKind::Tuple(elements) => {
            let mut paths = Vec::new();
            for element in elements {
                match attribute_path(element) {
                    Some(path) if schema.attribute(&path[0]).is_some() || schema.block(&path[0]).is_some() => {
                        paths.push(path);
                    }
                    path => {
                        let known = schema.attributes.iter().map(|a| a.name);
                        let hint = path.map(|path| did_you_mean(&path[0], known)).unwrap_or_default();
                        let detail = format!("Each element names an attribute of {}.{hint}", schema.kind);
                        diags.push(Diagnostic::error("Invalid ignore_changes", detail).at(element.span));
                    }
                }
            }
            return IgnoreChanges::Paths(paths);
        }
        _ => {}
    }
    let detail = "\"ignore_changes\" is a list of attribute names, or the keyword all.";
    diags.push(Diagnostic::error("Invalid ignore_changes", detail).at(expr.span));
    IgnoreChanges::None
}

/// `notes`, `env_variables["A"]`, `offer.region` as a path that is not empty.
fn attribute_path(expr: &crate::lang::ast::Expr) -> Option<Vec<Arc<str>>> {
    match &expr.kind {
        ExprKind::Variable(name) => Some(vec![name.clone()]),
        ExprKind::GetAttr(base, name, _) => {
            let mut path = attribute_path(base)?;
            path.push(name.clone());
            Some(path)
        }
        ExprKind::Index(base, key) => {
            let ExprKind::String(key) = &key.kind else { return None };
            let mut path = attribute_path(base)?;
            path.push(key.clone());
            Some(path)
        }
        _ => None,
    }
}

fn settings(block: &Block, id: ModuleId, own: &mut Module, diags: &mut Diagnostics) {
    if labels::<0>(block, [], diags).is_none() {
        return;
    }
    if id != Configuration::ROOT {
        let detail = "Only the root module holds a podform block.";
        diags.push(Diagnostic::error("Unexpected podform block", detail).at(block.span));
        return;
    }
    allow(&block.body, "a podform block", &["fleet", "required_version"], &[], diags);
    let fleet = attribute(&block.body, "fleet").and_then(|attribute| {
        let fleet = constant_text(attribute, diags)?;
        let valid = !fleet.is_empty()
            && fleet.len() <= 64
            && fleet.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.');
        if !valid {
            let detail = "A fleet's name has 1 to 64 letters, digits, dashes, underscores and dots.";
            diags.push(Diagnostic::error("Invalid fleet name", detail).at(attribute.expr.span));
        }
        valid.then_some(fleet)
    });
    if let Some(attribute) = attribute(&block.body, "required_version")
        && let Some(required) = constant_text(attribute, diags)
    {
        required_version(&required, attribute.expr.span, diags);
    }
    match &own.settings {
        None => own.settings = Some(Settings { fleet, span: block.span }),
        Some(_) => {
            let detail = "A configuration has at most one podform block.";
            diags.push(Diagnostic::error("Duplicate podform block", detail).at(block.span));
        }
    }
}

/// `>= 0.1.0, < 2.0.0`: every condition must hold for this program.
fn required_version(required: &str, span: Span, diags: &mut Diagnostics) {
    let numbers = |text: &str| -> Option<Vec<u64>> { text.trim().split('.').map(|part| part.parse().ok()).collect() };
    let own = numbers(env!("CARGO_PKG_VERSION")).unwrap_or_default();
    let padded = |mut version: Vec<u64>| {
        version.resize(3, 0);
        version
    };
    for condition in required.split(',') {
        let condition = condition.trim();
        let digits = condition.find(|c: char| c.is_ascii_digit()).unwrap_or(condition.len());
        let (operator, version) = (condition[..digits].trim(), numbers(&condition[digits..]));
        let Some(version) = version.filter(|version| version.len() <= 3 && !version.is_empty()) else {
            let detail = format!("\"{condition}\" is no version condition. Write it like \">= 0.1.0\".");
            diags.push(Diagnostic::error("Invalid version constraint", detail).at(span));
            continue;
        };
        let width = version.len();
        let wanted = padded(version);
        let met = match operator {
            "" | "=" => own == wanted,
            "!=" => own != wanted,
            ">" => own > wanted,
            ">=" => own >= wanted,
            "<" => own < wanted,
            "<=" => own <= wanted,
            // Only the last part that is written may rise.
            "~>" => own >= wanted && own[..width.saturating_sub(1).max(1)] == wanted[..width.saturating_sub(1).max(1)],
            _ => {
                let detail = format!("\"{operator}\" is no operator. Use one of = != > >= < <= ~>.");
                diags.push(Diagnostic::error("Invalid version constraint", detail).at(span));
                continue;
            }
        };
        if !met {
            let detail = format!(
                "This configuration asks for podform {condition}, but this is podform {}. Use another version, or change required_version.",
                env!("CARGO_PKG_VERSION")
            );
            diags.push(Diagnostic::error("Unsupported podform version", detail).at(span));
        }
    }
}

fn provider(block: &Block, id: ModuleId, own: &mut Module, diags: &mut Diagnostics) {
    let Some([name]) = labels(block, ["name"], diags) else { return };
    if name != "simplepod" {
        let detail = format!("The only provider is \"simplepod\".{}", did_you_mean(name, ["simplepod"]));
        diags.push(Diagnostic::error("Unknown provider", detail).at(block.span));
        return;
    }
    if id != Configuration::ROOT {
        let detail = "Only the root module holds a provider block.";
        diags.push(Diagnostic::error("Unexpected provider block", detail).at(block.span));
        return;
    }
    let known = ["api_key", "base_url", "settle_window", "requests_per_second"];
    allow(&block.body, "the provider block", &known, &[], diags);
    match &own.provider {
        None => own.provider = Some((block.body.clone(), block.span)),
        Some(_) => {
            let detail = "A configuration has at most one provider block.";
            diags.push(Diagnostic::error("Duplicate provider configuration", detail).at(block.span));
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn call(
    block: &Block,
    name: Arc<str>,
    dir: &str,
    caller: ModuleId,
    above: &mut Vec<String>,
    read: &mut ReadModule<'_>,
    configuration: &mut Configuration,
    diags: &mut Diagnostics,
) -> Option<ModuleCall> {
    let body = &block.body;
    allow_no_blocks(body, "a module block", diags);
    let Some(source) = attribute(body, "source") else {
        missing_argument("source", block.span, diags);
        return None;
    };
    let at = source.expr.span;
    let source = constant_text(source, diags)?;
    if !(source.starts_with("./") || source.starts_with("../") || source == "." || source == "..") {
        let detail = "A module is a local directory: its source starts with \"./\" or \"../\".";
        diags.push(Diagnostic::error("Invalid module source", detail).at(at));
        return None;
    }
    let path = join(dir, &source);
    if above.contains(&path) {
        let detail = format!("The module at \"{path}\" calls itself, directly or through others.");
        diags.push(Diagnostic::error("Module calls itself", detail).at(at));
        return None;
    }
    let count = expr(body, "count");
    let for_each = expr(body, "for_each");
    both(&count, &for_each, block, diags);
    let child = module(&path, Some((caller, name.clone())), Some(at), above, read, configuration, diags);
    let known = &configuration.module(child).variables;
    let given = |variable: &str| attribute(body, variable).is_some();
    for variable in known.values().filter(|variable| variable.default.is_none() && !given(&variable.name)) {
        missing_argument(&variable.name, block.span, diags);
    }
    let mut arguments = Vec::new();
    for attribute in &body.attributes {
        if META.contains(&&*attribute.name) || &*attribute.name == "source" {
            continue;
        }
        if !known.contains_key(&attribute.name) {
            let hint = did_you_mean(&attribute.name, known.keys().map(|name| &**name));
            let detail = format!("The module at \"{source}\" has no variable named \"{}\".{hint}", attribute.name);
            diags.push(Diagnostic::error("Unsupported argument", detail).at(attribute.name_span));
            continue;
        }
        arguments.push(attribute.clone());
    }
    Some(ModuleCall {
        name,
        module: child,
        source,
        arguments,
        count,
        for_each,
        depends_on: depends_on(body, diags),
        span: block.span,
    })
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

/// Every reference of a variable's validation must be to that variable; more comes with the whole language.
pub(super) fn names_only_itself(variable: &Variable, diags: &mut Diagnostics) {
    for validation in &variable.validations {
        let found = references(&validation.condition, diags);
        if !found.iter().any(|reference| reference.subject == Subject::Variable(variable.name.clone())) {
            let detail = format!("The condition must refer to var.{} itself.", variable.name);
            let at = validation.condition.span;
            diags.push(Diagnostic::error("Invalid variable validation condition", detail).at(at));
        }
    }
}
