//! Traversals: a root, and the attributes and indices after it. Walked in a loop, however long.

use super::super::access;
use super::super::ast::{Expr, ExprKind};
use super::super::reference::{Link, chain, resolve};
use super::super::value::Value;
use super::{Evaluator, unknown};

impl Evaluator<'_> {
    pub(super) fn traversal(&mut self, expr: &Expr) -> Value {
        let (root, links) = chain(expr);
        let (mut value, rest) = match &root.kind {
            ExprKind::Variable(name) => match self.bindings.iter().rev().find(|(bound, _)| bound == name) {
                Some((_, value)) => (value.clone(), links.as_slice()),
                None => match resolve(name, root.span, &links) {
                    Ok((subject, taken)) => {
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
