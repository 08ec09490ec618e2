//! From the names in an expression to what they refer to.

use super::ast::{Body, Expr, ExprKind, ObjectKey, Step, TemplatePart};
use super::reference::{Reference, Subject};
use crate::address::Mode;
use crate::diag::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::path::PathStep;
use std::sync::Arc;

const ROOTS: [&str; 10] = ["var", "local", "module", "data", "each", "count", "self", "path", "podform", "terraform"];

/// What a root and its first steps refer to, and how many steps belong to the subject.
pub(crate) fn resolve(root: &Arc<str>, at: Span, steps: &[Step]) -> Result<(Subject, usize), Box<Diagnostic>> {
    let name = |i: usize| steps.get(i).and_then(Step::name);
    let end = steps.first().map_or(at, |step| at.to(step.span()));
    let invalid = |summary: &str, detail: String| Err(Box::new(Diagnostic::error(summary, detail).at(end)));
    let needs_name = || {
        let detail = match steps.first() {
            None => {
                format!("The \"{root}\" object cannot be accessed directly. Instead, access one of its attributes.")
            }
            Some(_) => format!("The \"{root}\" object does not support this operation."),
        };
        invalid("Invalid reference", detail)
    };
    let attribute_of = |allowed: &[&str]| {
        let Some(given) = name(0) else { return needs_name().map(|_: (Subject, usize)| None) };
        if allowed.contains(&&**given) {
            return Ok(Some(given));
        }
        let hint = did_you_mean(given, allowed.iter().copied());
        let list: Vec<String> = allowed.iter().map(|name| format!("{root}.{name}")).collect();
        let list = list.join(", ");
        let list = list.rsplit_once(", ").map_or(list.clone(), |(others, last)| format!("{others} and {last}"));
        let detail =
            format!("The \"{root}\" object does not have an attribute named \"{given}\".{hint} It has {list}.");
        invalid(&format!("Invalid \"{root}\" attribute"), detail).map(|_: (Subject, usize)| None)
    };
    match (&**root, name(0)) {
        ("var", Some(name)) => Ok((Subject::Variable(name.clone()), 1)),
        ("local", Some(name)) => Ok((Subject::Local(name.clone()), 1)),
        ("module", Some(name)) => Ok((Subject::Module(name.clone()), 1)),
        ("var" | "local" | "module", None) => needs_name(),
        ("self", _) => Ok((Subject::SelfObject, 0)),
        ("each", _) => Ok(match attribute_of(&["key", "value"])? {
            Some(name) if **name == *"key" => (Subject::EachKey, 1),
            _ => (Subject::EachValue, 1),
        }),
        ("count", _) => attribute_of(&["index"]).map(|_| (Subject::CountIndex, 1)),
        ("path", _) => {
            let name = attribute_of(&["module", "root", "cwd"])?;
            Ok((Subject::Path(name.cloned().unwrap_or_default()), 1))
        }
        ("terraform", _) => {
            let name = attribute_of(&["workspace", "applying"])?;
            Ok((Subject::Podform(name.cloned().unwrap_or_default()), 1))
        }
        ("podform", _) => {
            let name = attribute_of(&["workspace", "fleet", "applying"])?;
            Ok((Subject::Podform(name.cloned().unwrap_or_default()), 1))
        }
        ("data", Some(kind)) if name(1).is_some() => {
            Ok((Subject::Resource(Mode::Data, kind.clone(), name(1).cloned().unwrap_or_default()), 2))
        }
        ("data", _) => invalid(
            "Invalid reference",
            "The \"data\" object must be followed by two attribute names: the data source type and the resource name."
                .into(),
        ),
        ("resource", Some(kind)) if name(1).is_some() => {
            Ok((Subject::Resource(Mode::Managed, kind.clone(), name(1).cloned().unwrap_or_default()), 2))
        }
        (_, given) => {
            let hint = did_you_mean(root, ROOTS);
            match given {
                Some(name) if hint.is_empty() || root.contains('_') => {
                    Ok((Subject::Resource(Mode::Managed, root.clone(), name.clone()), 1))
                }
                Some(_) => invalid("Invalid reference", format!("There is no object named \"{root}\".{hint}")),
                None if root.contains('_') => invalid(
                    "Invalid reference",
                    format!("The type of a resource is followed by the name of the resource: {root}.NAME.{hint}"),
                ),
                None => invalid(
                    "Invalid reference",
                    format!(
                        "A name alone refers to nothing. A text is written \"{root}\", a variable var.{root}, and a local value local.{root}.{hint}"
                    ),
                ),
            }
        }
    }
}

/// Every traversal of an expression that starts with a name which the expression itself does not bind.
pub(crate) fn roots(expr: &Expr) -> Vec<&Expr> {
    let mut walk = Walk::default();
    walk.expr(expr);
    walk.found
}

/// Whether an expression means the same in all instances of its block: it names nothing that tells them apart, and calls no
/// function, which might.
pub(crate) fn is_alike(expr: &Expr) -> bool {
    let mut walk = Walk::default();
    walk.expr(expr);
    let tells = |root: &&Expr| match &root.traversal().0.kind {
        ExprKind::Variable(name) => ["count", "each", "self"].contains(&&**name),
        _ => false,
    };
    !walk.calls && !walk.found.iter().any(tells)
}

/// Every reference of an expression, in source order. Names bound by `for` are not references. A malformed reference
/// (`var` alone, `data.x`) pushes a diagnostic.
pub fn references(expr: &Expr, diags: &mut Diagnostics) -> Vec<Reference> {
    let mut walk = Walk::default();
    walk.expr(expr);
    walk.references(diags)
}

/// Every reference of a body and of the blocks in it (the iterator names of `dynamic` blocks are not references).
pub fn body_references(body: &Body, diags: &mut Diagnostics) -> Vec<Reference> {
    let mut walk = Walk::default();
    walk.body(body);
    walk.references(diags)
}

/// Walks a tree with the names that are bound at each place.
#[derive(Default)]
struct Walk<'a> {
    bound: Vec<Arc<str>>,
    found: Vec<&'a Expr>,
    /// A function is called.
    calls: bool,
}

impl<'a> Walk<'a> {
    fn references(self, diags: &mut Diagnostics) -> Vec<Reference> {
        let mut references = Vec::new();
        for expr in self.found {
            let (root, steps) = expr.traversal();
            let ExprKind::Variable(name) = &root.kind else { continue };
            match resolve(name, root.span, steps) {
                Ok((subject, taken)) => {
                    let path = steps.iter().skip(taken).map_while(path_step).collect();
                    let span = up_to(root, steps, taken);
                    references.push(Reference { subject, path, span });
                }
                Err(diagnostic) => diags.push(*diagnostic),
            }
        }
        references
    }

    fn body(&mut self, body: &'a Body) {
        for attribute in &body.attributes {
            self.expr(&attribute.expr);
        }
        for block in &body.blocks {
            if &*block.kind != "dynamic" {
                self.body(&block.body);
                continue;
            }
            let depth = self.bound.len();
            for attribute in &block.body.attributes {
                if &*attribute.name == "for_each" {
                    self.expr(&attribute.expr);
                }
            }
            self.bound.extend(super::body::iterator_name(block));
            for attribute in &block.body.attributes {
                if &*attribute.name == "labels" {
                    self.expr(&attribute.expr);
                }
            }
            for content in &block.body.blocks {
                self.body(&content.body);
            }
            self.bound.truncate(depth);
        }
    }

    fn with_bound(&mut self, key: &Option<Arc<str>>, value: &Arc<str>, walk: impl FnOnce(&mut Self)) {
        let depth = self.bound.len();
        self.bound.extend(key.clone());
        self.bound.push(value.clone());
        walk(self);
        self.bound.truncate(depth);
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => {}
            ExprKind::Template(parts) => self.parts(parts),
            ExprKind::Tuple(elements) => elements.iter().for_each(|element| self.expr(element)),
            ExprKind::Object(items) => {
                for (key, value) in items {
                    if let ObjectKey::Expr(key) = key {
                        self.expr(key);
                    }
                    self.expr(value);
                }
            }
            ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => self.expr(inner),
            ExprKind::Variable(_) | ExprKind::Traversal(_) => self.traversal(expr),
            ExprKind::Call(call) => {
                self.calls = true;
                call.args.iter().for_each(|arg| self.expr(arg));
            }
            ExprKind::Operation(operation) => {
                self.expr(&operation.first);
                operation.rest.iter().for_each(|(_, operand)| self.expr(operand));
            }
            ExprKind::Conditional(inner) => {
                self.expr(&inner.condition);
                self.expr(&inner.yes);
                self.expr(&inner.no);
            }
            ExprKind::For(expr) => {
                self.expr(&expr.collection);
                self.with_bound(&expr.key_name, &expr.value_name, |walk| {
                    expr.key.iter().for_each(|key| walk.expr(key));
                    walk.expr(&expr.value);
                    expr.condition.iter().for_each(|condition| walk.expr(condition));
                });
            }
        }
    }

    fn traversal(&mut self, expr: &'a Expr) {
        let (root, steps) = expr.traversal();
        match &root.kind {
            ExprKind::Variable(name) if self.bound.contains(name) => {}
            ExprKind::Variable(_) => self.found.push(expr),
            _ => self.expr(root),
        }
        for step in steps {
            if let Step::Index(key, _) = step {
                self.expr(key);
            }
        }
    }

    fn parts(&mut self, parts: &'a [TemplatePart]) {
        for part in parts {
            match part {
                TemplatePart::Text(_) => {}
                TemplatePart::Interpolation(expr) => self.expr(expr),
                TemplatePart::If(condition, yes, no) => {
                    self.expr(condition);
                    self.parts(yes);
                    self.parts(no);
                }
                TemplatePart::For { key_name, value_name, collection, body } => {
                    self.expr(collection);
                    self.with_bound(key_name, value_name, |walk| walk.parts(body));
                }
            }
        }
    }
}

/// The place of a root with the first of its steps.
pub(crate) fn up_to(root: &Expr, steps: &[Step], taken: usize) -> Span {
    let last = taken.checked_sub(1).and_then(|last| steps.get(last));
    last.map_or(root.span, |step| root.span.to(step.span()))
}

/// A name, or a key that is a literal.
fn path_step(step: &Step) -> Option<PathStep> {
    match step {
        Step::Attr(name, _) => Some(PathStep::attribute(name)),
        Step::Index(key, _) => match &key.kind {
            ExprKind::String(text) => Some(PathStep::Key(text.clone())),
            ExprKind::Number(n) => Some(PathStep::Index(usize::try_from(n.number.as_u64()?).ok()?)),
            _ => None,
        },
        Step::Splat(_) | Step::AttrSplat(..) => None,
    }
}
