//! `resource` blocks, their meta-arguments and `lifecycle`.

use super::block::{META, allow, attribute, check_name, constant_bool, depends_on, expr, labels, repeat};
use super::model::{IgnoreChanges, Lifecycle, Resource};
use super::rules::rules;
use super::trigger;
use crate::address::Mode;
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::lang::ast::{Attribute, Block, Expr, ExprKind, Step};
use crate::path::{PathStep, ValuePath};
use crate::schema::{self, Schema};
use std::sync::Arc;

/// Terraform's argument that chooses among providers.
const PROVIDER: &str = "provider";

/// A `resource` or `data` block.
pub(super) fn resource(block: &Block, mode: Mode, diags: &mut Diagnostics) -> Option<Resource> {
    let [kind, name] = labels(block, ["type", "name"], diags)?;
    let Some(schema) = schema::table(mode, &kind) else {
        let (what, all) = match mode {
            Mode::Managed => ("resource type", &schema::ALL[..]),
            Mode::Data => ("data source", &schema::data::ALL[..]),
        };
        let hint = did_you_mean(&kind, all.iter().map(|schema| schema.block_type()));
        let detail = format!("podform knows no {what} \"{kind}\".{hint}");
        let span = block.labels.first().map_or(block.span, |label| label.span);
        diags.push(
            Diagnostic::error(if mode == Mode::Data { "Invalid data source" } else { "Invalid resource type" }, detail)
                .at(span),
        );
        return None;
    };
    if !check_name(block, 1, diags) {
        return None;
    }
    let repeat = repeat(block, diags);
    if let Some(chosen) = attribute(&block.body, PROVIDER) {
        let detail =
            "\"provider\" has no meaning here: there is one provider, and every object is its. Remove the argument.";
        diags.push(Diagnostic::error("Unsupported argument", detail).at(chosen.name_span));
    }
    let own = |attribute: &Attribute| !META.contains(&&*attribute.name) && &*attribute.name != PROVIDER;
    let nested = |inner: &Block| &*inner.kind != "lifecycle";
    let mut body = block.body.clone();
    if !(body.attributes.iter().all(own) && body.blocks.iter().all(nested)) {
        let body = Arc::make_mut(&mut body);
        body.attributes.retain(own);
        body.blocks.retain(nested);
    }
    let mut lifecycles = block.body.blocks.iter().filter(|inner| &*inner.kind == "lifecycle");
    let lifecycle = lifecycles.next().map(|inner| lifecycle(inner, schema, diags)).unwrap_or_default();
    if let Some(second) = lifecycles.next() {
        let detail = "A resource has at most one lifecycle block.";
        diags.push(Diagnostic::error("Duplicate lifecycle block", detail).at(second.span));
    }
    if mode == Mode::Data {
        let managed = ["prevent_destroy", "create_before_destroy", "ignore_changes", "replace_triggered_by"];
        for inner in block.body.blocks.iter().filter(|inner| &*inner.kind == "lifecycle") {
            for found in inner.body.attributes.iter().filter(|found| managed.contains(&&*found.name)) {
                let detail =
                    format!("\"{}\" has no meaning for a data source: nothing is made or destroyed.", found.name);
                diags.push(Diagnostic::error("Invalid data source lifecycle argument", detail).at(found.name_span));
            }
        }
    }
    Some(Resource {
        mode,
        check: None,
        kind,
        name,
        schema,
        body,
        repeat,
        depends_on: depends_on(&block.body, diags),
        lifecycle,
        span: block.span,
    })
}

fn lifecycle(block: &Block, schema: &Schema, diags: &mut Diagnostics) -> Lifecycle {
    let body = &block.body;
    let known = ["prevent_destroy", "create_before_destroy", "ignore_changes", "replace_triggered_by"];
    allow(body, "a lifecycle block", &known, &["precondition", "postcondition"], diags);
    let first = attribute(body, "create_before_destroy").and_then(|a| constant_bool(a, diags));
    let triggers = match attribute(body, "replace_triggered_by").map(|attribute| &*attribute.expr) {
        Some(Expr { kind: ExprKind::Tuple(elements), .. }) => elements.to_vec(),
        Some(other) => {
            let detail =
                "\"replace_triggered_by\" is a list of references: [simplepod_template_group.base.image_name].";
            diags.push(Diagnostic::error("Invalid expression", detail).at(other.span));
            Vec::new()
        }
        None => Vec::new(),
    };
    Lifecycle {
        prevent_destroy: expr(body, "prevent_destroy"),
        create_before_destroy: first.unwrap_or_default(),
        ignore_changes: attribute(body, "ignore_changes")
            .map_or(IgnoreChanges::None, |attribute| ignore_changes(&attribute.expr, schema, diags)),
        replace_triggered_by: triggers.into_iter().filter(|element| trigger::check(element, diags)).collect(),
        preconditions: rules(body, "precondition", diags),
        postconditions: rules(body, "postcondition", diags),
    }
}

fn ignore_changes(expr: &Expr, schema: &Schema, diags: &mut Diagnostics) -> IgnoreChanges {
    match &expr.kind {
        ExprKind::Variable(name) if &**name == "all" => return IgnoreChanges::All,
        ExprKind::Tuple(elements) => {
            let mut paths = Vec::new();
            for element in elements {
                match attribute_path(element) {
                    Some((name, path)) if schema.attribute(name).is_some() || schema.block(name).is_some() => {
                        paths.push(path);
                    }
                    Some((name, _)) => {
                        let known =
                            schema.attributes.iter().map(|a| a.name).chain(schema.blocks.iter().map(|b| b.name));
                        let hint = did_you_mean(name, known);
                        let detail =
                            format!("{} has no attribute or block named \"{name}\".{hint}", schema.block_type());
                        diags.push(Diagnostic::error("Unsupported attribute", detail).at(element.span));
                    }
                    None => {
                        let detail = format!(
                            "Each element of ignore_changes names an attribute of {}, without quotes: [notes, env_variables[\"A\"]].",
                            schema.block_type()
                        );
                        diags.push(Diagnostic::error("Invalid expression", detail).at(element.span));
                    }
                }
            }
            return IgnoreChanges::Paths(paths);
        }
        _ => {}
    }
    let detail = "\"ignore_changes\" is a list of attribute names, or the keyword all.";
    diags.push(Diagnostic::error("Invalid expression", detail).at(expr.span));
    IgnoreChanges::None
}

/// `notes`, `env_variables["A"]`, `offer.region`, with the name that it begins with.
fn attribute_path(expr: &Expr) -> Option<(&str, ValuePath)> {
    let (root, steps) = expr.traversal();
    let ExprKind::Variable(name) = &root.kind else { return None };
    let part = |step: &Step| match step {
        Step::Attr(name, _) => Some(PathStep::attribute(name)),
        Step::Index(key, _) => match &key.kind {
            ExprKind::String(key) => Some(PathStep::Key(key.clone())),
            _ => None,
        },
        Step::Splat(_) | Step::AttrSplat(..) => None,
    };
    let path: Option<ValuePath> =
        std::iter::once(Some(PathStep::attribute(name))).chain(steps.iter().map(part)).collect();
    Some((name, path?))
}
