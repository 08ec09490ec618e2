//! `replace_triggered_by`: whose changes replace an object.

use crate::address::{InstanceKey, Mode, ResourceAddr};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Expr, ExprKind, Step};
use crate::lang::reference::references;
use crate::lang::{Kind, Subject, Value};
use crate::path::{PathStep, ValuePath};

/// An object, or an attribute of it, as one instance of a module means it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The resource.
    pub resource: ResourceAddr,
    /// The instance; `None` where none is named: any of them.
    pub key: Option<InstanceKey>,
    /// The attribute and what is in it; the root for the whole object.
    pub path: ValuePath,
}

enum Part<'a> {
    Name(&'a str),
    Key(&'a Expr),
}

/// Reports what is no reference to a managed resource.
pub(super) fn check(expr: &Expr, diags: &mut Diagnostics) -> bool {
    let mut own = Diagnostics::new();
    let found = references(expr, &mut own);
    let is_key = |subject: &Subject| matches!(subject, Subject::CountIndex | Subject::EachKey);
    let resources = found.iter().filter(|one| matches!(one.subject, Subject::Resource(Mode::Managed, ..))).count();
    let only =
        found.iter().all(|one| matches!(one.subject, Subject::Resource(Mode::Managed, ..)) || is_key(&one.subject));
    let fits = resources == 1 && only && parts(expr).is_some_and(|parts| parts.len() >= 2) && !own.has_errors();
    if !fits {
        let detail = "Each element names a managed resource, an instance or an attribute of one; only count.index and each.key may stand in its brackets.";
        diags.push(Diagnostic::error("Invalid replace_triggered_by expression", detail).at(expr.span));
    }
    fits
}

fn parts(expr: &Expr) -> Option<Vec<Part<'_>>> {
    let (root, steps) = expr.traversal();
    let ExprKind::Variable(name) = &root.kind else { return None };
    let parts = steps.iter().map(|step| match step {
        Step::Attr(name, _) => Some(Part::Name(name)),
        Step::Index(key, _) => Some(Part::Key(key)),
        Step::Splat(_) | Step::AttrSplat(..) => None,
    });
    std::iter::once(Some(Part::Name(name))).chain(parts).collect()
}

/// What an element means where `value` gives the keys; `None` where one is unknown.
pub(super) fn trigger(
    expr: &Expr,
    mut resource: ResourceAddr,
    value: &mut dyn FnMut(&Expr) -> Value,
) -> Option<Trigger> {
    let mut parts = parts(expr)?.into_iter().peekable();
    let (Some(Part::Name(kind)), Some(Part::Name(name))) = (parts.next(), parts.next()) else { return None };
    (resource.kind, resource.name) = (kind.into(), name.into());
    let key = match parts.next_if(|part| matches!(part, Part::Key(_))) {
        Some(Part::Key(key)) => Some(match &value(key).kind {
            Kind::String(text) => InstanceKey::Str(text.to_string()),
            Kind::Number(number) => InstanceKey::Int(number.as_u64()?),
            _ => return None,
        }),
        _ => None,
    };
    let steps = parts.map(|part| match part {
        Part::Name(name) => Some(PathStep::attribute(name)),
        Part::Key(key) => match &value(key).kind {
            Kind::String(key) => Some(PathStep::Key(key.clone())),
            Kind::Number(at) => at.as_u64().and_then(|at| usize::try_from(at).ok()).map(PathStep::Index),
            _ => None,
        },
    });
    let path = steps.collect::<Option<ValuePath>>()?;
    Some(Trigger { resource, key, path })
}
