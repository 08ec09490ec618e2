//! From the parser's tree to ours.

use super::super::ast::{
    Attribute, BinaryOp, Block, Body, Call, Expr, ExprKind, ForExpr, Label, ObjectKey, Step, TemplatePart, UnaryOp,
};
use super::super::number::Number;
use super::{Source, explain};
use crate::diag::{Diagnostics, Span};
use hcl::edit::Span as _;
use hcl::edit::expr as tree;
use hcl::edit::structure;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Lowers the tree of one source text.
pub(super) struct Lower<'a> {
    pub(super) source: Source<'a>,
    pub(super) diags: &'a mut Diagnostics,
}

/// How many attributes and indices may follow each other.
const MAX_STEPS: usize = 256;

/// NFC text.
pub(super) fn text(raw: &str) -> Arc<str> {
    match unicode_normalization::is_nfc(raw) {
        true => raw.into(),
        false => unicode_normalization::UnicodeNormalization::nfc(raw).collect::<String>().into(),
    }
}

impl<'a> Lower<'a> {
    pub(super) fn new(source: Source<'a>, diags: &'a mut Diagnostics) -> Self {
        Self { source, diags }
    }

    pub(super) fn span(&self, range: Option<Range<usize>>) -> Span {
        self.source.span(range.unwrap_or(0..0))
    }

    /// The source behind a range. Names are always read from here: the text that was parsed may hold substitutes.
    pub(super) fn raw(&self, range: Option<Range<usize>>) -> &'a str {
        range.and_then(|range| self.source.text.get(range)).unwrap_or_default()
    }

    pub(super) fn body(&mut self, body: &structure::Body) -> Body {
        let mut lowered = Body::default();
        let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
        for item in body {
            match item {
                structure::Structure::Attribute(attribute) => {
                    let attribute = self.attribute(attribute);
                    match seen.get(&attribute.name) {
                        Some(_) => self.diags.push(explain::attribute_redefined(&attribute.name, attribute.name_span)),
                        None => {
                            seen.insert(attribute.name.clone(), attribute.name_span);
                            lowered.attributes.push(attribute);
                        }
                    }
                }
                structure::Structure::Block(block) => lowered.blocks.push(self.block(block)),
            }
        }
        lowered
    }

    fn attribute(&mut self, attribute: &structure::Attribute) -> Attribute {
        let name_span = self.span(attribute.key.span());
        let expr = Arc::new(self.expr(&attribute.value));
        Attribute { name: self.raw(attribute.key.span()).into(), name_span, span: name_span.to(expr.span), expr }
    }

    fn block(&mut self, block: &structure::Block) -> Block {
        let kind_span = self.span(block.ident.span());
        let labels: Vec<Label> = block
            .labels
            .iter()
            .map(|label| Label { text: text(label.as_str()), span: self.span(label.span()) })
            .collect();
        Block {
            kind: self.raw(block.ident.span()).into(),
            kind_span,
            span: labels.last().map_or(kind_span, |last| kind_span.to(last.span)),
            labels,
            body: Arc::new(self.body(&block.body)),
        }
    }

    pub(super) fn expr(&mut self, expr: &tree::Expression) -> Expr {
        let span = self.span(expr.span());
        let kind = match expr {
            tree::Expression::Null(_) => ExprKind::Null,
            tree::Expression::Bool(b) => ExprKind::Bool(*b.value()),
            tree::Expression::Number(_) => self.number(expr.span(), span),
            tree::Expression::String(_) => {
                let raw = self.raw(expr.span());
                if raw.starts_with('<') {
                    return self.literal_heredoc(expr.span().map_or(0, |range| range.start));
                }
                let inner = expr.span().map(|range| range.start + 1..range.end.saturating_sub(1));
                match raw.contains(['\\', '\n', '$', '%']) {
                    true => ExprKind::String(text(&self.quoted(inner))),
                    false => ExprKind::String(text(self.raw(inner))),
                }
            }
            tree::Expression::StringTemplate(template) => self.string_template(template),
            tree::Expression::HeredocTemplate(heredoc) => self.heredoc(heredoc, expr.span()),
            tree::Expression::Array(array) => ExprKind::Tuple(array.iter().map(|element| self.expr(element)).collect()),
            tree::Expression::Object(object) => {
                let items: Vec<(ObjectKey, Expr)> =
                    object.iter().map(|(key, value)| (self.object_key(key), self.expr(value.expr()))).collect();
                if let Some((ObjectKey::Name(name, span), _)) = items.first()
                    && **name == *"for"
                {
                    self.diags.push(explain::for_as_first_key(*span));
                }
                ExprKind::Object(items)
            }
            tree::Expression::Parenthesis(inner) => ExprKind::Paren(Box::new(self.expr(inner.inner()))),
            tree::Expression::Variable(name) => ExprKind::Variable(name.as_str().into()),
            tree::Expression::Conditional(c) => ExprKind::Conditional(
                Box::new(self.expr(&c.cond_expr)),
                Box::new(self.expr(&c.true_expr)),
                Box::new(self.expr(&c.false_expr)),
            ),
            tree::Expression::FuncCall(call) => ExprKind::Call(self.call(call)),
            tree::Expression::Traversal(traversal) => return self.traversal(traversal),
            tree::Expression::UnaryOp(op) => {
                let operator = match op.operator.value() {
                    tree::UnaryOperator::Neg => UnaryOp::Neg,
                    tree::UnaryOperator::Not => UnaryOp::Not,
                };
                ExprKind::Unary(operator, Box::new(self.expr(&op.expr)))
            }
            tree::Expression::BinaryOp(op) => ExprKind::Binary(
                Box::new(self.expr(&op.lhs_expr)),
                binary_operator(*op.operator.value()),
                Box::new(self.expr(&op.rhs_expr)),
            ),
            tree::Expression::ForExpr(expr) => ExprKind::For(Box::new(ForExpr {
                key_name: expr.intro.key_var.as_ref().map(|name| name.as_str().into()),
                value_name: expr.intro.value_var.as_str().into(),
                collection: self.expr(&expr.intro.collection_expr),
                key: expr.key_expr.as_ref().map(|key| self.expr(key)),
                value: self.expr(&expr.value_expr),
                group: expr.grouping,
                condition: expr.cond.as_ref().map(|cond| self.expr(&cond.expr)),
            })),
        };
        Expr { kind, span }
    }

    /// Read from the source: the parser's own number has 53 bits.
    fn number(&mut self, range: Option<Range<usize>>, span: Span) -> ExprKind {
        let raw = self.raw(range);
        // Blanks and comments may stand between.
        let (negative, digits) = match raw.strip_prefix('-') {
            Some(rest) => {
                let blanks = rest.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-')));
                (true, blanks.and_then(|last| rest.get(last + 1..)).unwrap_or(rest))
            }
            None => (false, raw),
        };
        let Some(number) = Number::parse(digits) else {
            self.diags.push(explain::number_too_large(digits, span));
            return ExprKind::Null;
        };
        match negative {
            false => ExprKind::Number(number),
            true => {
                let skipped = u32::try_from(raw.len() - digits.len()).unwrap_or(0);
                let operand = Span { start: span.start.saturating_add(skipped), ..span };
                ExprKind::Unary(UnaryOp::Neg, Box::new(Expr { kind: ExprKind::Number(number), span: operand }))
            }
        }
    }

    fn object_key(&mut self, key: &tree::ObjectKey) -> ObjectKey {
        let range = key.span();
        let span = self.span(range.clone());
        match key {
            tree::ObjectKey::Ident(name) => {
                let raw = self.raw(range.clone());
                if raw.starts_with(|c: char| c == '_' || c.is_alphabetic()) {
                    return ObjectKey::Name(if raw.is_empty() { name.as_str().into() } else { raw.into() }, span);
                }
                // A substitute for a repeated key that is no name.
                let start = range.map_or(0, |range| range.start);
                let base = self.source.base.saturating_add_unsigned(start as u64);
                match super::recover::parse_expr(Source { text: raw, base, ..self.source }, self.diags) {
                    Some(expr) => ObjectKey::Expr(expr),
                    None => ObjectKey::Name(raw.into(), span),
                }
            }
            tree::ObjectKey::Expression(tree::Expression::Null(_) | tree::Expression::Bool(_)) => {
                ObjectKey::Name(self.raw(range).trim().into(), span)
            }
            tree::ObjectKey::Expression(expr) => {
                let lowered = self.expr(expr);
                if let ExprKind::GetAttr(..) = lowered.kind {
                    self.diags.push(explain::ambiguous_key(lowered.span));
                }
                ObjectKey::Expr(lowered)
            }
        }
    }

    fn call(&mut self, call: &tree::FuncCall) -> Call {
        let mut name = String::new();
        for part in &call.name.namespace {
            name.push_str(part.as_str());
            name.push_str("::");
        }
        name.push_str(call.name.name.as_str());
        let first = call.name.namespace.first().unwrap_or(&call.name.name);
        Call {
            name: name.into(),
            name_span: self.span(first.span()).to(self.span(call.name.name.span())),
            args: call.args.iter().map(|arg| self.expr(arg)).collect(),
            expand: call.args.expand_final(),
        }
    }

    /// Left to right; a splat takes what follows as its tail.
    fn traversal(&mut self, traversal: &tree::Traversal) -> Expr {
        let mut result = self.expr(&traversal.expr);
        if traversal.operators.len() > MAX_STEPS {
            self.diags.push(explain::traversal_too_long(MAX_STEPS, self.span(traversal.span())));
        }
        let mut operators = traversal.operators.get(..MAX_STEPS).unwrap_or(&traversal.operators).iter();
        while let Some(operator) = operators.next() {
            let base = Box::new(result);
            let mut span = base.span.to(self.span(operator.span()));
            let kind = match operator.value() {
                tree::TraversalOperator::GetAttr(name) => {
                    ExprKind::GetAttr(base, name.as_str().into(), self.span(name.span()))
                }
                tree::TraversalOperator::Index(key) => ExprKind::Index(base, Box::new(self.expr(key))),
                tree::TraversalOperator::LegacyIndex(index) => {
                    let next = operators.as_slice().first().map(|next| next.value());
                    if let Some(tree::TraversalOperator::LegacyIndex(_)) = next {
                        self.diags.push(explain::chained_legacy_index(self.span(operator.span())));
                    }
                    let key = self.legacy_index(*index.value(), operator.span());
                    ExprKind::Index(base, Box::new(key))
                }
                tree::TraversalOperator::FullSplat(_) => {
                    let rest = operators.as_slice();
                    operators = [].iter();
                    if let Some(last) = rest.last() {
                        span = span.to(self.span(last.span()));
                    }
                    ExprKind::Splat(base, self.steps(rest))
                }
                tree::TraversalOperator::AttrSplat(_) => {
                    let rest = operators.as_slice();
                    let taken = rest
                        .iter()
                        .take_while(|step| {
                            matches!(
                                step.value(),
                                tree::TraversalOperator::GetAttr(_) | tree::TraversalOperator::LegacyIndex(_)
                            )
                        })
                        .count();
                    let (tail, after) = rest.split_at(taken);
                    operators = after.iter();
                    if let Some(last) = tail.last() {
                        span = span.to(self.span(last.span()));
                    }
                    ExprKind::AttrSplat(base, self.steps(tail))
                }
            };
            result = Expr { kind, span };
        }
        result
    }

    fn steps(&mut self, operators: &[hcl::edit::Decorated<tree::TraversalOperator>]) -> Vec<Step> {
        let mut steps = Vec::with_capacity(operators.len());
        for (i, operator) in operators.iter().enumerate() {
            let step = match operator.value() {
                tree::TraversalOperator::GetAttr(name) => Step::Attr(name.as_str().into(), self.span(name.span())),
                tree::TraversalOperator::Index(key) => Step::Index(self.expr(key)),
                tree::TraversalOperator::LegacyIndex(index) => {
                    Step::Index(self.legacy_index(*index.value(), operator.span()))
                }
                tree::TraversalOperator::FullSplat(_) | tree::TraversalOperator::AttrSplat(_) => {
                    steps.push(Step::Splat(self.steps(&operators[i + 1..]), self.span(operator.span())));
                    break;
                }
            };
            steps.push(step);
        }
        steps
    }

    fn legacy_index(&self, index: u64, range: Option<Range<usize>>) -> Expr {
        Expr { kind: ExprKind::Number(Number::from(index)), span: self.span(range) }
    }

    /// A literal part of a quoted string: escapes are resolved here, so that they are in directives too.
    pub(super) fn quoted(&mut self, range: Option<Range<usize>>) -> String {
        let raw = self.raw(range.clone());
        let start = range.map_or(0, |range| range.start);
        match super::template::unescape(raw) {
            Ok(text) => text,
            Err((at, fault)) => {
                let place = self.span(Some(start + at.start..start + at.end));
                self.diags.push(explain::quoted_literal(&fault, place));
                raw.to_owned()
            }
        }
    }

    /// The parts as an expression: text alone is a string.
    pub(super) fn parts(parts: Vec<TemplatePart>) -> ExprKind {
        match parts.as_slice() {
            [] => ExprKind::String("".into()),
            [TemplatePart::Text(text)] => ExprKind::String(text.clone()),
            _ => ExprKind::Template(parts),
        }
    }
}

fn binary_operator(operator: tree::BinaryOperator) -> BinaryOp {
    match operator {
        tree::BinaryOperator::Plus => BinaryOp::Add,
        tree::BinaryOperator::Minus => BinaryOp::Sub,
        tree::BinaryOperator::Mul => BinaryOp::Mul,
        tree::BinaryOperator::Div => BinaryOp::Div,
        tree::BinaryOperator::Mod => BinaryOp::Mod,
        tree::BinaryOperator::Eq => BinaryOp::Eq,
        tree::BinaryOperator::NotEq => BinaryOp::NotEq,
        tree::BinaryOperator::Less => BinaryOp::Less,
        tree::BinaryOperator::LessEq => BinaryOp::LessEq,
        tree::BinaryOperator::Greater => BinaryOp::Greater,
        tree::BinaryOperator::GreaterEq => BinaryOp::GreaterEq,
        tree::BinaryOperator::And => BinaryOp::And,
        tree::BinaryOperator::Or => BinaryOp::Or,
    }
}
