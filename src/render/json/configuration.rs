//! The configuration, as the `configuration` part of Terraform's plan JSON: expressions as constants or references.

use crate::address::Mode;
use crate::config::{Configuration, Module, Resource};
use crate::diag::Diagnostics;
use crate::lang::ast::{Attribute, Block, Expr};
use crate::lang::json::to_json;
use crate::lang::reference::{NoScope, Reference, Subject, references};
use crate::lang::{Constraint, eval};
use crate::path::{PathStep, ValuePath};
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
    if !module.resources.is_empty() || !module.data.is_empty() {
        let managed = module.resources.values().map(|declared| resource(declared, Mode::Managed));
        let data = module.data.values().map(|declared| resource(declared, Mode::Data));
        out.insert("resources".into(), managed.chain(data).collect());
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

fn resource(resource: &Resource, mode: Mode) -> Json {
    let mut told = Map::new();
    let (before, mode) = match mode {
        Mode::Managed => ("", "managed"),
        Mode::Data => ("data.", "data"),
    };
    told.insert("address".into(), json!(format!("{before}{}.{}", resource.kind, resource.name)));
    told.insert("mode".into(), json!(mode));
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

/// Each reference as it is written and all that it is a part of, as Terraform lists them: step by step up to its subject,
/// then without the key of that. A text that is named twice stands there twice.
fn names(found: &[Reference]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for reference in found {
        let (root, owned) = subject(&reference.subject);
        let steps = reference.path.steps();
        let is_key = |step: Option<&PathStep>| matches!(step, Some(PathStep::Index(_) | PathStep::Key(_)));
        let keyed = usize::from(is_key(steps.first()));
        let upto = |taken: usize| {
            let path: ValuePath = steps.iter().take(taken).cloned().collect();
            let point =
                if matches!(steps.first().filter(|_| taken > 0), Some(PathStep::Attribute(_))) { "." } else { "" };
            format!("{root}{point}{path}")
        };
        // The steps that belong to the subject, and those that stay when it is named less exactly.
        let (own, less) = match owned {
            Owned::Outputs if steps.len() > keyed => (keyed + 1, Some(keyed)),
            Owned::Instances | Owned::Outputs => (keyed, Some(0).filter(|_| keyed > 0)),
            Owned::Nothing => (0, None),
        };
        names.extend((own..=steps.len()).rev().chain(less).map(upto));
    }
    names
}

/// What the first steps behind a name belong to.
enum Owned {
    Nothing,
    Instances,
    Outputs,
}

fn subject(subject: &Subject) -> (String, Owned) {
    let owned = match subject {
        Subject::Module(_) => Owned::Outputs,
        Subject::Resource(..) => Owned::Instances,
        _ => Owned::Nothing,
    };
    let name = match subject {
        Subject::Variable(name) => format!("var.{name}"),
        Subject::Local(name) => format!("local.{name}"),
        Subject::Module(name) => format!("module.{name}"),
        Subject::Resource(Mode::Managed, kind, name) => format!("{kind}.{name}"),
        Subject::Resource(Mode::Data, kind, name) => format!("data.{kind}.{name}"),
        Subject::CountIndex => "count.index".into(),
        Subject::EachKey => "each.key".into(),
        Subject::EachValue => "each.value".into(),
        Subject::SelfObject => "self".into(),
        Subject::Path(name) => format!("path.{name}"),
        Subject::Podform(name) if **name == *"workspace" => "terraform.workspace".into(),
        Subject::Podform(name) => format!("podform.{name}"),
    };
    (name, owned)
}

fn repetition(told: &mut Map<String, Json>, count: Option<&Expr>, for_each: Option<&Expr>) {
    for (name, expr) in [("count_expression", count), ("for_each_expression", for_each)] {
        // What is neither a constant nor refers to anything is left out.
        let told_of = expr.map(expression).filter(|told| told.as_object().is_some_and(|told| !told.is_empty()));
        told.extend(told_of.map(|expr| (name.to_owned(), expr)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::lang::parse::parse_expr;

    /// What Terraform 1.11.4 lists for the same expressions, with our kinds of resources.
    #[test]
    fn references_are_listed_as_by_terraform() {
        let listed = |text: &str| {
            let mut diags = Diagnostics::new();
            let expr = parse_expr(Sources::default().add("x", text), text, &mut diags).expect(text);
            assert!(!diags.has_errors(), "{diags:?}");
            names(&references(&expr, &mut diags)).join(" ")
        };
        for (text, expected) in [
            ("module.farm[\"a\"].names", "module.farm[\"a\"].names module.farm[\"a\"]"),
            ("module.one.names[0]", "module.one.names[0] module.one.names module.one"),
            ("module.farm", "module.farm"),
            ("module.farm[\"a\"]", "module.farm[\"a\"] module.farm"),
            ("k_r.g[\"a\"].id", "k_r.g[\"a\"].id k_r.g[\"a\"] k_r.g"),
            ("k_r.c[0].ports[*].ip", "k_r.c[0].ports k_r.c[0] k_r.c"),
            ("k_r.c.0.id", "k_r.c[0].id k_r.c[0] k_r.c"),
            ("k_r.c[*].id", "k_r.c"),
            ("[for x in k_r.g : x.id]", "k_r.g"),
            ("\"${k_r.p.id}-${k_r.p.id}\"", "k_r.p.id k_r.p k_r.p.id k_r.p"),
            ("k_r.g[var.l[0].x == 1 ? \"a\" : \"b\"].id", "k_r.g var.l[0].x var.l[0] var.l"),
            ("data.k_r.d.x", "data.k_r.d.x data.k_r.d"),
            ("var.m[\"a\"].gpu", "var.m[\"a\"].gpu var.m[\"a\"] var.m"),
            ("local.o.k.z", "local.o.k.z local.o.k local.o"),
            ("each.value.gpu", "each.value.gpu each.value"),
            ("each.key", "each.key"),
            ("count.index", "count.index"),
            ("path.module", "path.module"),
            ("terraform.workspace", "terraform.workspace"),
        ] {
            assert_eq!(listed(text), expected, "{text}");
        }
    }
}
