//! The configuration, as the `configuration` part of Terraform's plan JSON: expressions as constants or references.

use crate::address::Mode;
use crate::config::{Configuration, Module, Resource};
use crate::diag::Diagnostics;
use crate::lang::ast::{Attribute, Block, Expr};
use crate::lang::json::to_json;
use crate::lang::reference::{NoScope, Reference, Subject, references};
use crate::lang::{Constraint, eval};
use crate::schema::PROVIDER;
use serde_json::{Map, Value as Json, json};

/// The whole configuration. Sensitive variables show no default; constants stand as they are written.
pub fn configuration_json(configuration: &Configuration) -> Json {
    let mut out = Map::new();
    let mut provider = Map::new();
    provider.insert("name".into(), json!("simplepod"));
    provider.insert("full_name".into(), json!(PROVIDER));
    if let Some((body, _)) = &configuration.root().provider {
        // The key never leaves the configuration, not even as a constant.
        let told: Vec<Attribute> =
            body.attributes.iter().filter(|attribute| &*attribute.name != "api_key").cloned().collect();
        provider.insert("expressions".into(), expressions(&told, &[], &|_| false, &no_block));
    }
    out.insert("provider_config".into(), json!({ "simplepod": provider }));
    out.insert("root_module".into(), module(configuration, configuration.root()));
    Json::Object(out)
}

fn module(configuration: &Configuration, module: &Module) -> Json {
    let mut out = Map::new();
    if !module.outputs.is_empty() {
        let outputs = module.outputs.iter().map(|(name, output)| {
            let mut told = Map::new();
            if output.sensitive {
                told.insert("sensitive".into(), json!(true));
            }
            told.insert("expression".into(), hidden_if(output.sensitive, &output.expr));
            describe(&mut told, output.description.as_deref());
            depends_on(&mut told, &output.depends_on);
            (name.to_string(), Json::Object(told))
        });
        out.insert("outputs".into(), Json::Object(outputs.collect()));
    }
    if !module.resources.is_empty() {
        out.insert("resources".into(), module.resources.values().map(resource).collect());
    }
    if !module.calls.is_empty() {
        let calls = module.calls.iter().map(|(name, call)| {
            let mut told = Map::new();
            told.insert("source".into(), json!(call.source));
            let called = configuration.module(call.module);
            if !call.arguments.is_empty() {
                let secret = |name: &str| called.variables.get(name).is_some_and(|variable| variable.sensitive);
                told.insert("expressions".into(), expressions(&call.arguments, &[], &secret, &no_block));
            }
            repetition(&mut told, call.repeat.count.as_deref(), call.repeat.for_each.as_deref());
            told.insert("module".into(), self::module(configuration, called));
            depends_on(&mut told, &call.depends_on);
            (name.to_string(), Json::Object(told))
        });
        out.insert("module_calls".into(), Json::Object(calls.collect()));
    }
    if !module.variables.is_empty() {
        let variables = module.variables.iter().map(|(name, variable)| {
            let mut told = Map::new();
            if let Some(default) = variable.default.as_ref().filter(|_| !variable.sensitive) {
                told.insert("default".into(), to_json(default));
            }
            describe(&mut told, variable.description.as_deref());
            if variable.sensitive {
                told.insert("sensitive".into(), json!(true));
            }
            if let Constraint::Primitive(ty) = &variable.constraint {
                told.insert("type".into(), crate::lang::json::type_to_json(ty));
            }
            (name.to_string(), Json::Object(told))
        });
        out.insert("variables".into(), Json::Object(variables.collect()));
    }
    Json::Object(out)
}

fn resource(resource: &Resource) -> Json {
    let mut told = Map::new();
    told.insert("address".into(), json!(format!("{}.{}", resource.kind, resource.name)));
    told.insert("mode".into(), json!("managed"));
    told.insert("type".into(), json!(resource.kind));
    told.insert("name".into(), json!(resource.name));
    told.insert("provider_config_key".into(), json!("simplepod"));
    let schema = resource.schema;
    let secret = |name: &str| schema.attribute(name).is_some_and(|attribute| attribute.sensitive);
    let secret_in = |block: &str, name: &str| {
        schema.block(block).and_then(|block| block.attribute(name)).is_some_and(|attribute| attribute.sensitive)
    };
    let body = &resource.body;
    told.insert("expressions".into(), expressions(&body.attributes, &body.blocks, &secret, &secret_in));
    told.insert("schema_version".into(), json!(0));
    repetition(&mut told, resource.repeat.count.as_deref(), resource.repeat.for_each.as_deref());
    depends_on(&mut told, &resource.depends_on);
    Json::Object(told)
}

/// `secret` says which attributes are hidden whatever they hold; `secret_in` says it of the attributes of a block.
fn expressions(
    attributes: &[Attribute],
    blocks: &[Block],
    secret: &dyn Fn(&str) -> bool,
    secret_in: &dyn Fn(&str, &str) -> bool,
) -> Json {
    let own = attributes
        .iter()
        .map(|attribute| (attribute.name.to_string(), hidden_if(secret(&attribute.name), &attribute.expr)));
    let nested = blocks.iter().filter(|block| &*block.kind != "dynamic").map(|block| {
        let secret = |name: &str| secret_in(&block.kind, name);
        (block.kind.to_string(), expressions(&block.body.attributes, &block.body.blocks, &secret, secret_in))
    });
    Json::Object(own.chain(nested).collect())
}

fn no_block(_: &str, _: &str) -> bool {
    false
}

/// An expression, without its constant where that is secret.
fn hidden_if(secret: bool, expr: &Expr) -> Json {
    let mut told = expression(expr);
    if secret && let Some(told) = told.as_object_mut() {
        told.remove("constant_value");
    }
    told
}

fn expression(expr: &Expr) -> Json {
    let found = references(expr, &mut Diagnostics::new());
    if !found.is_empty() {
        return json!({ "references": names(&found) });
    }
    let mut diags = Diagnostics::new();
    let value = eval::evaluate(expr, &NoScope, &mut diags);
    match diags.has_errors() || !value.is_wholly_known() || value.deep_marks().sensitive {
        true => json!({}),
        false => json!({ "constant_value": to_json(&value) }),
    }
}

/// Each reference as written, then what it is a part of, as Terraform lists them.
fn names(found: &[Reference]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for reference in found {
        let (subject, whole) = subject(&reference.subject);
        let mut full = subject.clone();
        for part in &reference.path {
            full = match part.parse::<u64>() {
                Ok(index) => format!("{full}[{index}]"),
                Err(_) => format!("{full}.{part}"),
            };
        }
        for name in [Some(full).filter(|full| whole && *full != subject), Some(subject)].into_iter().flatten() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// The name of a subject, and whether what follows it belongs to the reference.
fn subject(subject: &Subject) -> (String, bool) {
    match subject {
        Subject::Variable(name) => (format!("var.{name}"), false),
        Subject::Local(name) => (format!("local.{name}"), false),
        Subject::Module(name) => (format!("module.{name}"), true),
        Subject::Resource(Mode::Managed, kind, name) => (format!("{kind}.{name}"), true),
        Subject::Resource(Mode::Data, kind, name) => (format!("data.{kind}.{name}"), true),
        Subject::CountIndex => ("count.index".into(), false),
        Subject::EachKey => ("each.key".into(), false),
        Subject::EachValue => ("each.value".into(), false),
        Subject::SelfObject => ("self".into(), false),
        Subject::Path(name) => (format!("path.{name}"), false),
        Subject::Podform(name) => (format!("podform.{name}"), false),
    }
}

fn repetition(told: &mut Map<String, Json>, count: Option<&Expr>, for_each: Option<&Expr>) {
    if let Some(count) = count {
        told.insert("count_expression".into(), expression(count));
    }
    if let Some(for_each) = for_each {
        told.insert("for_each_expression".into(), expression(for_each));
    }
}

fn describe(told: &mut Map<String, Json>, description: Option<&str>) {
    if let Some(description) = description {
        told.insert("description".into(), json!(description));
    }
}

fn depends_on(told: &mut Map<String, Json>, found: &[Reference]) {
    if !found.is_empty() {
        told.insert("depends_on".into(), json!(names(found)));
    }
}
