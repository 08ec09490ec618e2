//! `dynamic` blocks: expanded into the blocks they stand for.

use super::ast::{Block, Body, ExprKind, Label};
use super::eval::evaluate_in;
use super::number::Number;
use super::reference::Scope;
use super::types::Type;
use super::value::{Kind, Value};
use crate::diag::{Diagnostic, Diagnostics, Span};
use std::sync::Arc;

/// A nested block, with what its expressions must be evaluated with ([`evaluate_in`]).
#[derive(Clone, Debug)]
pub struct ScopedBlock {
    /// `offer`, `timeouts`, ...
    pub kind: Arc<str>,
    /// Its labels.
    pub labels: Vec<Label>,
    /// What stands between the braces; its own nested blocks are expanded with [`expand_dynamic`] and these bindings.
    pub body: Arc<Body>,
    /// The iterators of the `dynamic` blocks around it, outermost first.
    pub bindings: Vec<(Arc<str>, Value)>,
    /// The header of the block, or of the `dynamic` block.
    pub span: Span,
    /// It stands for any number of blocks: the `for_each` is not known yet, and the iterator is unknown.
    pub unknown: bool,
}

/// The name that the content of a `dynamic` block calls its element: `iterator`, or the label.
pub(super) fn iterator_name(block: &Block) -> Option<Arc<str>> {
    let given = block.body.attributes.iter().find(|attribute| &*attribute.name == "iterator");
    match given.map(|attribute| &attribute.expr.kind) {
        Some(ExprKind::Variable(name)) => Some(name.clone()),
        Some(_) => None,
        None => block.labels.first().map(|label| label.text.clone()),
    }
}

/// The nested blocks of a body in source order, with `dynamic` ones expanded.
pub fn expand_dynamic(
    body: &Body,
    scope: &dyn Scope,
    bindings: &[(Arc<str>, Value)],
    diags: &mut Diagnostics,
) -> Vec<ScopedBlock> {
    let mut expanded = Vec::new();
    for block in &body.blocks {
        if &*block.kind == "dynamic" {
            expand(block, scope, bindings, diags, &mut expanded);
        } else {
            expanded.push(ScopedBlock {
                kind: block.kind.clone(),
                labels: block.labels.clone(),
                body: block.body.clone(),
                bindings: bindings.to_vec(),
                span: block.span,
                unknown: false,
            });
        }
    }
    expanded
}

fn expand(
    block: &Block,
    scope: &dyn Scope,
    bindings: &[(Arc<str>, Value)],
    diags: &mut Diagnostics,
    expanded: &mut Vec<ScopedBlock>,
) {
    let mut fail = |summary: &str, detail: String, at: Span| diags.push(Diagnostic::error(summary, detail).at(at));
    let [label] = block.labels.as_slice() else {
        let detail = "A \"dynamic\" block has one label: the kind of the blocks it stands for.".to_owned();
        let summary = if block.labels.is_empty() { "Missing type for dynamic" } else { "Extraneous label for dynamic" };
        return fail(summary, detail, block.labels.get(1).map_or(block.span, |extra| extra.span));
    };
    let kind = &label.text;
    let attribute = |name: &str| block.body.attributes.iter().find(|attribute| &*attribute.name == name);
    for given in &block.body.attributes {
        if !["for_each", "iterator", "labels"].contains(&&*given.name) {
            let detail = format!(
                "An argument named \"{}\" is not expected here: a \"dynamic\" block takes for_each, iterator and labels. Arguments of the {kind} blocks stand in its \"content\" block.",
                given.name
            );
            return fail("Unsupported argument", detail, given.name_span);
        }
    }
    let Some(for_each) = attribute("for_each") else {
        let detail =
            format!("The argument \"for_each\" is required: it says for which elements there is a {kind} block.");
        return fail("Missing required argument", detail, block.span);
    };
    let [content] = block.body.blocks.as_slice() else {
        let detail = format!("A \"dynamic\" block has exactly one \"content\" block: the body of each {kind} block.");
        return fail("Missing or repeated content block", detail, block.span);
    };
    if &*content.kind != "content" {
        let detail = format!("Blocks of kind \"{}\" are not expected here: write a \"content\" block.", content.kind);
        return fail("Unsupported block type", detail, content.kind_span);
    }
    let Some(iterator) = iterator_name(block) else {
        let at = attribute("iterator").map_or(block.span, |given| given.expr.span);
        return fail("Invalid expression", "The iterator is a plain name.".into(), at);
    };
    // No kind of nested block has labels.
    if let Some(given) = attribute("labels") {
        let ExprKind::Tuple(labels) = &given.expr.kind else {
            return fail("Invalid expression", "A static list expression is required.".into(), given.expr.span);
        };
        if let Some(extra) = labels.first() {
            let detail = format!("Blocks of type \"{kind}\" have no labels.");
            return fail("Extraneous dynamic block label", detail, extra.span);
        }
    }
    let value = evaluate_in(&for_each.expr, scope, bindings, diags);
    let mut push = |key: Value, value: Value, unknown: bool| {
        let mut inner = bindings.to_vec();
        inner.push((iterator.clone(), Value::object([("key", key), ("value", value)])));
        expanded.push(ScopedBlock {
            kind: kind.clone(),
            labels: Vec::new(),
            body: content.body.clone(),
            bindings: inner,
            span: block.span,
            unknown,
        });
    };
    let marks = value.marks;
    match &value.kind {
        Kind::Null(_) => diags.push(
            Diagnostic::error("Invalid dynamic for_each value", "Cannot use a null value in for_each.")
                .at(for_each.expr.span),
        ),
        Kind::Unknown(ty, _) if !ty.is_primitive() => {
            let element = Value::unknown(ty.element().cloned().unwrap_or(Type::Dynamic)).marked(marks);
            push(Value::unknown(Type::Dynamic).marked(marks), element, true);
        }
        Kind::List(_, elements) | Kind::Tuple(elements) => {
            for (i, element) in elements.iter().enumerate() {
                push(Value::number(Number::from(i)).marked(marks), element.clone().marked(marks), false);
            }
        }
        Kind::Set(_, elements) => {
            for element in elements.iter() {
                push(element.clone().marked(marks), element.clone().marked(marks), false);
            }
        }
        Kind::Map(_, entries) | Kind::Object(entries) => {
            for (name, element) in entries.iter() {
                push(Value::string(name).marked(marks), element.clone().marked(marks), false);
            }
        }
        _ => {
            let detail = format!(
                "Cannot use a {} value in for_each. An iterable collection is required.",
                value.ty().friendly_name()
            );
            diags.push(Diagnostic::error("Invalid dynamic for_each value", detail).at(for_each.expr.span));
        }
    }
}
