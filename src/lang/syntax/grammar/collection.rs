//! Tuples, objects and `for`.

use super::super::super::ast::{Expr, ExprKind, ForExpr, ObjectKey, Step};
use super::super::token::Kind;
use super::{Fault, Parsed, Reader, is_literal};
use std::sync::Arc;

/// The names and the collection of a `for`.
pub(super) struct ForNames {
    pub(super) key_name: Option<Arc<str>>,
    pub(super) value_name: Arc<str>,
    pub(super) collection: Expr,
}

impl Reader<'_> {
    pub(super) fn tuple(&mut self) -> Parsed<ExprKind> {
        if self.word() == Some("for") {
            return self.for_expression(Kind::CBrack);
        }
        let mut elements = Vec::new();
        while self.peek() != Kind::CBrack {
            elements.push(self.expression()?);
            if !self.read_if(Kind::Comma) {
                break;
            }
        }
        self.expect(Kind::CBrack, Fault::Element)?;
        Ok(ExprKind::Tuple(elements.into()))
    }

    pub(super) fn object(&mut self) -> Parsed<ExprKind> {
        let mut items = Vec::new();
        loop {
            let (kind, first) = self.next();
            match kind {
                Kind::Newline => {
                    self.read();
                    continue;
                }
                Kind::CBrace => break,
                _ => {}
            }
            let key = self.expression()?;
            let key = self.key(key, first);
            if !matches!(self.peek(), Kind::Equal | Kind::Colon) {
                return self.fail(Fault::AttributeValue);
            }
            self.read();
            items.push((key, self.expression()?));
            if !matches!(self.peek(), Kind::Comma | Kind::Newline) {
                break;
            }
            self.read();
        }
        self.expect(Kind::CBrace, Fault::Attribute)?;
        Ok(ExprKind::Object(items.into()))
    }

    /// A name alone stands for itself.
    fn key(&mut self, key: Expr, first: usize) -> ObjectKey {
        match &key.kind {
            ExprKind::Variable(name) => return ObjectKey::Name(name.clone(), key.span),
            ExprKind::Null | ExprKind::Bool(_) => return ObjectKey::Name(self.name(first), key.span),
            ExprKind::Traversal(traversal) => {
                let named = |step: &Step| match step {
                    Step::Attr(..) => true,
                    Step::Index(key, _) => is_literal(key),
                    Step::Splat(_) | Step::AttrSplat(..) => false,
                };
                if matches!(traversal.root.kind, ExprKind::Variable(_)) && traversal.steps.iter().all(named) {
                    let mut refused = self.refused(first, Fault::AmbiguousKey);
                    refused.at.end = self.range(self.at.saturating_sub(1)).end;
                    self.faults.push(refused);
                }
            }
            _ => {}
        }
        ObjectKey::Expr(Box::new(key))
    }

    pub(super) fn for_expression(&mut self, end: Kind) -> Parsed<ExprKind> {
        self.read();
        let ForNames { key_name, value_name, collection } = self.for_names()?;
        self.expect(Kind::Colon, Fault::ForColon)?;
        let (_, first) = self.next();
        let mut value = self.expression()?;
        let has_key = self.peek() == Kind::FatArrow;
        if has_key != (end == Kind::CBrace) {
            return self.fail_at(first, if has_key { Fault::NoForKey } else { Fault::ForKey });
        }
        let mut key = None;
        let mut group = false;
        if has_key {
            self.read();
            key = Some(std::mem::replace(&mut value, self.expression()?));
            group = self.read_if(Kind::Ellipsis);
        } else if self.peek() == Kind::Ellipsis {
            return self.fail(Fault::NoGrouping);
        }
        let mut condition = None;
        if self.word() == Some("if") {
            self.read();
            condition = Some(self.expression()?);
        }
        self.expect(end, Fault::ForEnd)?;
        Ok(ExprKind::For(Box::new(ForExpr { key_name, value_name, collection, key, value, group, condition })))
    }

    /// `k, v in EXPR`.
    pub(super) fn for_names(&mut self) -> Parsed<ForNames> {
        let first = self.expect(Kind::Ident, Fault::ForName)?;
        let (mut key_name, mut value_name) = (None, self.name(first));
        if self.read_if(Kind::Comma) {
            let second = self.expect(Kind::Ident, Fault::ForName)?;
            key_name = Some(std::mem::replace(&mut value_name, self.name(second)));
        }
        if self.word() != Some("in") {
            return self.fail(Fault::ForIn);
        }
        self.read();
        Ok(ForNames { key_name, value_name, collection: self.expression()? })
    }
}
