//! `moved` and `removed` blocks: what becomes of objects that were recorded under another address, or are declared no
//! more.

use super::block::{allow, attribute, constant_bool, labels, missing_argument};
use super::model::{Module, Moved, Removed};
use crate::address::{InstanceKey, Mode, Target};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Block, Expr, ExprKind, Step};

pub(super) fn moved(block: &Block, own: &mut Module, diags: &mut Diagnostics) {
    if labels::<0>(block, [], diags).is_none() {
        return;
    }
    allow(&block.body, "a moved block", &["from", "to"], &[], diags);
    let (from, to) = (endpoint(block, "from", diags), endpoint(block, "to", diags));
    let (Some(from), Some(to)) = (from, to) else { return };
    let mut refuse = |summary: &str, detail: String| diags.push(Diagnostic::error(summary, detail).at(block.span));
    match (&from, &to) {
        (Target::Module(_), Target::Resource(_)) | (Target::Resource(_), Target::Module(_)) => {
            let detail =
                "The \"from\" and \"to\" addresses must either both refer to resources or both refer to modules.";
            return refuse("Invalid \"moved\" addresses", detail.to_owned());
        }
        (Target::Resource(a), Target::Resource(b)) if a.resource.kind != b.resource.kind => {
            let detail = format!(
                "{from} cannot become {to}: an object does not change its type from \"{}\" to \"{}\".",
                a.resource.kind, b.resource.kind
            );
            return refuse("Resource type mismatch", detail);
        }
        (Target::Resource(a), _) if a.resource.mode == Mode::Data => {
            let detail = "Data sources are read anew with every plan: there is nothing to move. Delete this block.";
            return refuse("Invalid \"moved\" addresses", detail.to_owned());
        }
        _ => {}
    }
    if from == to {
        let detail = format!(
            "This statement declares a move from {from} to the same address, which is the same as not declaring this move at all."
        );
        return refuse("Redundant move statement", detail);
    }
    own.moved.push(Moved { from, to, span: block.span });
}

pub(super) fn removed(block: &Block, own: &mut Module, diags: &mut Diagnostics) {
    if labels::<0>(block, [], diags).is_none() {
        return;
    }
    allow(&block.body, "a removed block", &["from"], &["lifecycle"], diags);
    let mut destroy = true;
    for inner in block.body.blocks.iter().filter(|inner| &*inner.kind == "lifecycle") {
        allow(&inner.body, "the lifecycle block of a removed block", &["destroy"], &[], diags);
        let given = attribute(&inner.body, "destroy").and_then(|attribute| constant_bool(attribute, diags));
        destroy = given.unwrap_or(destroy);
    }
    let Some(from) = endpoint(block, "from", diags) else { return };
    let at = attribute(&block.body, "from").map_or(block.span, |attribute| attribute.expr.span);
    let path = match &from {
        Target::Module(path) => path,
        Target::Resource(address) => &address.resource.module,
    };
    let refused = match &from {
        _ if path.0.iter().any(|(_, key)| key.is_some()) => Some((
            "Module instance keys not allowed",
            "A removed block names all instances of a module: write the address without a key.",
        )),
        Target::Resource(address) if address.key.is_some() => Some((
            "Resource instance keys not allowed",
            "A removed block names all instances of a resource: write the address without a key.",
        )),
        Target::Resource(address) if address.resource.mode == Mode::Data => Some((
            "Data source address not allowed",
            "Data sources are never destroyed, so a removed block cannot name one: its block is simply deleted.",
        )),
        _ => None,
    };
    match refused {
        Some((summary, detail)) => diags.push(Diagnostic::error(summary, detail).at(at)),
        None => own.removed.push(Removed { from, destroy, span: block.span }),
    }
}

/// The address that an argument names.
fn endpoint(block: &Block, name: &str, diags: &mut Diagnostics) -> Option<Target> {
    let Some(given) = attribute(&block.body, name) else {
        missing_argument(name, block.span, diags);
        return None;
    };
    target(&given.expr, diags)
}

/// An address without anything computed in it.
pub(super) fn target(expr: &Expr, diags: &mut Diagnostics) -> Option<Target> {
    let refused = match address(expr, &mut constant) {
        None => (
            "Invalid expression",
            "An address is written without quotes: attribute access and indexing with constant keys only, no calculations, calls or templates.".to_owned(),
        ),
        Some(text) => match text.strip_prefix("resource.").unwrap_or(&text).parse::<Target>() {
            Ok(Target::Resource(found)) if ["var", "local", "path", "each", "count", "self"].contains(&&*found.resource.kind) => {
                let detail = format!("\"{}\" is no resource type: name a resource or a module.", found.resource.kind);
                ("Invalid address", detail)
            }
            Ok(target) => return Some(target),
            Err(error) => ("Invalid address", error.to_string()),
        },
    };
    diags.push(Diagnostic::error(refused.0, refused.1).at(expr.span));
    None
}

/// A key that stands there as it is.
fn constant(key: &Expr) -> Option<Option<InstanceKey>> {
    match &key.kind {
        ExprKind::String(text) => Some(Some(InstanceKey::Str(text.to_string()))),
        ExprKind::Number(literal) => Some(Some(InstanceKey::Int(literal.number.as_u64()?))),
        _ => None,
    }
}

/// An expression as the text of an address; `key` reads what stands in brackets: `None` for no key at all. `None` where it
/// is more than names and keys.
pub(super) fn address(expr: &Expr, key: &mut dyn FnMut(&Expr) -> Option<Option<InstanceKey>>) -> Option<String> {
    let (root, steps) = expr.traversal();
    let ExprKind::Variable(name) = &root.kind else { return None };
    let mut text = name.to_string();
    for step in steps {
        match step {
            Step::Attr(name, _) => {
                text.push('.');
                text.push_str(name);
            }
            Step::Index(inner, _) => text.push_str(&key(inner)?.map(|key| key.to_string()).unwrap_or_default()),
            Step::Splat(_) | Step::AttrSplat(..) => return None,
        }
    }
    Some(text)
}
