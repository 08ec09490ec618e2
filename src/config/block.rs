//! Reading one block: which attributes and blocks it may hold, and constants out of it.

use super::model::Repeat;
use crate::diag::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::lang::ast::{Attribute, Block, Body, Expr, ExprKind, Step};
use crate::lang::convert::convert;
use crate::lang::reference::{NoScope, references};
use crate::lang::{Reference, Subject, Type, Value, eval};
use crate::path::PathStep;
use std::sync::Arc;

/// The meta-arguments of resources and module calls.
pub(super) const META: [&str; 4] = ["count", "for_each", "enabled", "depends_on"];

/// Reports every attribute and block that is not on the lists; `what` names the block: "a variable block".
pub(super) fn allow(body: &Body, what: &str, attributes: &[&str], blocks: &[&str], diags: &mut Diagnostics) {
    for attribute in &body.attributes {
        if attributes.contains(&&*attribute.name) {
            continue;
        }
        let detail = match blocks.contains(&&*attribute.name) {
            true => format!("\"{}\" is a block in {what}: write it without \"=\".", attribute.name),
            false => format!(
                "An argument named \"{}\" is not expected in {what}.{}",
                attribute.name,
                did_you_mean(&attribute.name, attributes.iter().copied())
            ),
        };
        diags.push(Diagnostic::error("Unsupported argument", detail).at(attribute.name_span));
    }
    for block in &body.blocks {
        if blocks.contains(&&*block.kind) {
            continue;
        }
        let detail = match attributes.contains(&&*block.kind) {
            true => format!("\"{0}\" is an argument in {what}: write \"{0} = ...\".", block.kind),
            false => format!(
                "Blocks of type \"{}\" are not expected in {what}.{}",
                block.kind,
                did_you_mean(&block.kind, blocks.iter().copied())
            ),
        };
        diags.push(Diagnostic::error("Unsupported block type", detail).at(block.kind_span));
    }
}

/// The attribute of that name.
pub(super) fn attribute<'a>(body: &'a Body, name: &str) -> Option<&'a Attribute> {
    body.attributes.iter().find(|attribute| &*attribute.name == name)
}

/// The expression of a meta-argument, shared.
pub(super) fn expr(body: &Body, name: &str) -> Option<Arc<Expr>> {
    attribute(body, name).map(|attribute| attribute.expr.clone())
}

/// A block's labels, if there are as many as its kind takes; `names` says what each is.
pub(super) fn labels<const N: usize>(
    block: &Block,
    names: [&str; N],
    diags: &mut Diagnostics,
) -> Option<[Arc<str>; N]> {
    if let Some(extra) = block.labels.get(N) {
        let detail = match names.as_slice() {
            [] => format!("No labels are expected for {} blocks.", block.kind),
            [name] => format!("Only one label ({name}) is expected for {} blocks.", block.kind),
            names => format!("Only {N} labels ({}) are expected for {} blocks.", names.join(", "), block.kind),
        };
        diags.push(Diagnostic::error(format!("Extraneous label for {}", block.kind), detail).at(extra.span));
        return None;
    }
    if block.labels.len() < N {
        let detail = match names.as_slice() {
            [name] => format!("All {} blocks must have one label ({name}).", block.kind),
            names => format!("All {} blocks must have {N} labels ({}).", block.kind, names.join(", ")),
        };
        let missing = names.get(block.labels.len()).unwrap_or(&"label");
        diags.push(Diagnostic::error(format!("Missing {missing} for {}", block.kind), detail).at(block.span));
        return None;
    }
    Some(std::array::from_fn(|at| block.labels[at].text.clone()))
}

/// Reports a label that cannot be a name.
pub(super) fn check_name(block: &Block, index: usize, diags: &mut Diagnostics) -> bool {
    let Some(label) = block.labels.get(index) else { return false };
    let valid = label
        .text
        .chars()
        .enumerate()
        .all(|(at, c)| c == '_' || c.is_alphabetic() || (at > 0 && (c == '-' || c.is_alphanumeric())));
    if !valid || label.text.is_empty() {
        let detail = "A name must start with a letter or underscore and may contain only letters, digits, underscores and dashes.";
        let what = match &*block.kind {
            "data" => "data source",
            "module" => "module instance",
            kind => kind,
        };
        diags.push(Diagnostic::error(format!("Invalid {what} name"), detail).at(label.span));
    }
    valid
}

/// A text that refers to nothing (`source`, `description`).
pub(super) fn constant_text(attribute: &Attribute, diags: &mut Diagnostics) -> Option<String> {
    constant(attribute, &Type::String, diags)?.as_str().map(str::to_owned)
}

/// A bool that refers to nothing (`sensitive`).
pub(super) fn constant_bool(attribute: &Attribute, diags: &mut Diagnostics) -> Option<bool> {
    constant(attribute, &Type::Bool, diags)?.as_bool()
}

/// The value of an argument that is needed before anything can be evaluated.
fn constant(attribute: &Attribute, ty: &Type, diags: &mut Diagnostics) -> Option<Value> {
    let mut own = Diagnostics::new();
    let value = eval::evaluate(&attribute.expr, &NoScope, &mut own);
    let failed = own.has_errors();
    diags.extend(own);
    match convert(&value, ty) {
        _ if failed => None,
        Ok(value) => Some(value),
        Err(error) => {
            let detail = format!("The value of \"{}\" is not suitable: {error}.", attribute.name);
            diags.push(Diagnostic::error("Unsuitable value type", detail).at(attribute.expr.span));
            None
        }
    }
}

/// `depends_on = [a.b, module.c]`.
pub(super) fn depends_on(body: &Body, diags: &mut Diagnostics) -> Vec<Reference> {
    let Some(attribute) = attribute(body, "depends_on") else { return Vec::new() };
    let ExprKind::Tuple(elements) = &attribute.expr.kind else {
        let detail = "\"depends_on\" is a list of references: depends_on = [simplepod_instance.head].";
        diags.push(Diagnostic::error("Invalid expression", detail).at(attribute.expr.span));
        return Vec::new();
    };
    let mut found = Vec::new();
    for element in elements {
        let mut named = references(element, diags);
        let (root, steps) = element.traversal();
        let traversal = matches!(root.kind, ExprKind::Variable(_))
            && steps.iter().all(|step| matches!(step, Step::Attr(..) | Step::Index(..)));
        let reference = match named.pop() {
            Some(reference) if traversal && named.is_empty() => reference,
            _ => {
                let detail = "Each element of depends_on is one reference, without quotes and without calculation: [simplepod_instance.head].";
                diags.push(Diagnostic::error("Invalid expression", detail).at(element.span));
                continue;
            }
        };
        let refused = match &reference.subject {
            Subject::Resource(..) | Subject::Module(_) | Subject::Local(_) | Subject::Variable(_) => {
                let whole = !matches!(reference.subject, Subject::Resource(..))
                    || matches!(steps.last(), Some(Step::Index(..)))
                    || reference.path.steps().iter().all(|step| matches!(step, PathStep::Index(_)));
                (!whole).then_some("References in depends_on are to a whole resource, not to an attribute of it.")
            }
            _ => Some("Each element of depends_on names a resource or module of this module."),
        };
        match refused {
            Some(detail) => diags.push(Diagnostic::error("Invalid depends_on reference", detail).at(element.span)),
            None => found.push(reference),
        }
    }
    found
}

/// An error for every block of a body of locals.
pub(super) fn no_blocks_in_locals(body: &Body, diags: &mut Diagnostics) {
    for block in &body.blocks {
        let detail = format!("Blocks are not allowed in a locals block: write {} = {{ ... }}.", block.kind);
        diags.push(Diagnostic::error(format!("Unexpected \"{}\" block", block.kind), detail).at(block.kind_span));
    }
}

/// The error for an argument that must be there.
pub(super) fn missing_argument(name: &str, span: Span, diags: &mut Diagnostics) {
    let detail = format!("The argument \"{name}\" is required, but no definition was found.");
    diags.push(Diagnostic::error("Missing required argument", detail).at(span));
}

/// `count`, `for_each` and `enabled` of a body; an error where more than one stands.
pub(super) fn repeat(block: &Block, diags: &mut Diagnostics) -> Repeat {
    let [count, for_each, enabled] = ["count", "for_each", "enabled"].map(|name| expr(&block.body, name));
    let repeat = Repeat { count, for_each, enabled };
    let given = [("count", &repeat.count), ("for_each", &repeat.for_each), ("enabled", &repeat.enabled)];
    let given: Vec<&str> = given.into_iter().filter(|(_, found)| found.is_some()).map(|(name, _)| name).collect();
    if let [first, second, ..] = given.as_slice() {
        let detail =
            format!("The \"{first}\" and \"{second}\" meta-arguments are mutually exclusive: only one may be given.");
        let summary = format!("Invalid combination of \"{first}\" and \"{second}\"");
        let at = attribute(&block.body, second).map_or(block.span, |second| second.name_span);
        diags.push(Diagnostic::error(summary, detail).at(at));
    }
    repeat
}

/// The error for a block that declares what another one, at `first`, has declared; in Terraform's words.
pub(super) fn duplicate(block: &Block, first: Span, diags: &mut Diagnostics) {
    let label = |at: usize| block.labels.get(at).map_or("", |label| &*label.text);
    let (summary, what) = match &*block.kind {
        "variable" => ("Duplicate variable declaration".to_owned(), "variable"),
        "output" => ("Duplicate output definition".to_owned(), "output"),
        "module" => ("Duplicate module call".to_owned(), "module"),
        "check" => (format!("Duplicate check \"{}\" configuration", label(0)), "check"),
        "data" => (format!("Duplicate data \"{}\" configuration", label(0)), "data source"),
        kind => (format!("Duplicate {kind} \"{}\" configuration", label(0)), "resource"),
    };
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" };
    let name = block.labels.iter().map(|label| &*label.text).collect::<Vec<_>>().join(".");
    let detail =
        format!("{article} {what} named \"{name}\" was already declared in this module. Names must be unique.");
    diags.push(Diagnostic::error(summary, detail).at(block.span).against(first));
}
