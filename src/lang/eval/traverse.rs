//! Traversals: a root, and the names, indices and splats after it. Walked in a loop, however long.

use super::super::access;
use super::super::ast::{Expr, ExprKind, Step};
use super::super::reference::{Repetition, Subject, resolve, up_to};
use super::super::value::Value;
use super::{Evaluator, unknown};
use crate::diag::Diagnostic;

impl Evaluator<'_> {
    /// Tells of a resource with instances that is named without a key, or one without that is named with it.
    fn refuses_key(&mut self, subject: &Subject, root: &Expr, steps: &[Step], taken: usize) -> bool {
        let Some(repetition) = self.scope.repetition(subject) else { return false };
        let (what, written, key) = match (repetition, steps.get(taken)) {
            (Repetition::Single, Some(Step::Index(..))) => {
                let detail = "This resource has neither \"count\" nor \"for_each\", so it has one instance and no keys. Remove the brackets.";
                let at = up_to(root, steps, taken + 1);
                self.diags.push(Diagnostic::error("Unexpected resource instance key", detail).at(at));
                return true;
            }
            (Repetition::Count, Some(Step::Attr(..))) => ("a list", "count", "count.index"),
            (Repetition::ForEach, Some(Step::Attr(..))) => ("a map", "for_each", "each.key"),
            _ => return false,
        };
        let detail = format!(
            "This resource has \"{written}\" set, so it is {what} of instances. Put the key of one behind the name, like [{key}], or [*] for all."
        );
        let at = up_to(root, steps, taken);
        self.diags.push(Diagnostic::error("Missing resource instance key", detail).at(at));
        true
    }

    pub(super) fn traversal(&mut self, expr: &Expr) -> Value {
        let (root, steps) = expr.traversal();
        let (value, rest) = match &root.kind {
            ExprKind::Variable(name) => match self.bindings.iter().rev().find(|(bound, _)| bound == name) {
                Some((_, value)) => (value.clone(), steps),
                None => match resolve(name, root.span, steps) {
                    Ok((subject, taken)) => {
                        if self.refuses_key(&subject, root, steps, taken) {
                            return unknown();
                        }
                        let value = self.scope.value(&subject, up_to(root, steps, taken), self.diags);
                        (value, steps.get(taken..).unwrap_or_default())
                    }
                    Err(diagnostic) => {
                        self.diags.push(*diagnostic);
                        return unknown();
                    }
                },
            },
            _ => (self.expr(root), steps),
        };
        let value = self.follow(value, rest, expr);
        match rest.iter().any(|step| matches!(step, Step::Splat(_) | Step::AttrSplat(..))) {
            true => self.built(value, expr),
            false => value,
        }
    }

    /// What steps from a value lead to. `whole` is the expression that they are of.
    pub(super) fn follow(&mut self, mut value: Value, mut steps: &[Step], whole: &Expr) -> Value {
        while let Some((step, behind)) = steps.split_first() {
            steps = behind;
            let (result, at) = match step {
                Step::Attr(name, span) => (access::attribute(&value, name), *span),
                Step::Index(key, _) => {
                    let key_value = self.expr(key);
                    (access::index(&value, &key_value), key.span)
                }
                Step::Splat(_) => return self.splat(&value, behind, whole),
                Step::AttrSplat(taken, _) => {
                    let (tail, others) = behind.split_at((*taken).min(behind.len()));
                    steps = others;
                    (Ok(self.splat(&value, tail, whole)), whole.span)
                }
            };
            value = match result {
                Ok(value) => value,
                Err(e) => {
                    self.error(e.summary, e.detail, at, whole);
                    return unknown();
                }
            };
        }
        value
    }
}
