//! Traversals: a root, and the attributes and indices after it. Walked in a loop, however long.

use super::super::access;
use super::super::ast::{Expr, ExprKind};
use super::super::reference::{Link, Repetition, Subject, chain, resolve};
use super::super::value::Value;
use super::{Evaluator, unknown};
use crate::diag::{Diagnostic, Span};

impl Evaluator<'_> {
    /// Tells of a resource with instances that is named without a key, or one without that is named with it.
    fn refuses_key(&mut self, subject: &Subject, root: Span, links: &[Link<'_>], taken: usize) -> bool {
        let Some(repetition) = self.scope.repetition(subject) else { return false };
        let name = links.get(..taken).and_then(<[Link<'_>]>::last).map_or(root, |link| link.expr.span);
        let Some(next) = links.get(taken) else { return false };
        let indexed = matches!(next.expr.kind, ExprKind::Index(..));
        let (what, written, key) = match (repetition, indexed) {
            (Repetition::Single, true) => {
                let detail = "This resource has neither \"count\" nor \"for_each\", so it has one instance and no keys. Remove the brackets.";
                self.diags.push(Diagnostic::error("Unexpected resource instance key", detail).at(next.expr.span));
                return true;
            }
            (Repetition::Count, false) => ("a list", "count", "count.index"),
            (Repetition::ForEach, false) => ("a map", "for_each", "each.key"),
            _ => return false,
        };
        let detail = format!(
            "This resource has \"{written}\" set, so it is {what} of instances. Put the key of one behind the name, like [{key}], or [*] for all."
        );
        self.diags.push(Diagnostic::error("Missing resource instance key", detail).at(name));
        true
    }

    pub(super) fn traversal(&mut self, expr: &Expr) -> Value {
        let (root, links) = chain(expr);
        let (mut value, rest) = match &root.kind {
            ExprKind::Variable(name) => match self.bindings.iter().rev().find(|(bound, _)| bound == name) {
                Some((_, value)) => (value.clone(), links.as_slice()),
                None => match resolve(name, root.span, &links) {
                    Ok((subject, taken)) => {
                        if self.refuses_key(&subject, root.span, &links, taken) {
                            return unknown();
                        }
                        let at =
                            links.get(..taken).and_then(<[Link<'_>]>::last).map_or(root.span, |link| link.expr.span);
                        (self.scope.value(&subject, at, self.diags), links.get(taken..).unwrap_or_default())
                    }
                    Err(diagnostic) => {
                        self.diags.push(*diagnostic);
                        return unknown();
                    }
                },
            },
            _ => (self.expr(root), links.as_slice()),
        };
        for link in rest {
            let result = match &link.expr.kind {
                ExprKind::GetAttr(_, name, _) => access::attribute(&value, name),
                ExprKind::Index(_, key) => {
                    let key = self.expr(key);
                    access::index(&value, &key)
                }
                _ => return unknown(),
            };
            value = match result {
                Ok(value) => value,
                Err(e) => {
                    let at = link.span();
                    self.error(e.summary, e.detail, at, expr);
                    return unknown();
                }
            };
        }
        value
    }
}
