//! Evaluation of expressions.

mod branch;
mod call;
mod collection;
mod in_play;
mod iterate;
mod template;
mod traverse;

use super::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use super::ops::{self, OpError};
use super::reference::Scope;
use super::types::Type;
use super::value::Value;
use crate::diag::{Diagnostic, Diagnostics, Span};
use std::sync::Arc;

/// Names that an expression binds (`for`), or a `dynamic` block: the last of a name counts.
pub type Bindings = [(Arc<str>, Value)];

/// The value of an expression. Errors are pushed, and the result is then unknown.
pub fn evaluate(expr: &Expr, scope: &dyn Scope, diags: &mut Diagnostics) -> Value {
    evaluate_in(expr, scope, &[], diags)
}

/// As [`evaluate`], with names that are bound around the expression: the iterators of `dynamic` blocks.
pub fn evaluate_in(expr: &Expr, scope: &dyn Scope, bindings: &Bindings, diags: &mut Diagnostics) -> Value {
    Evaluator { scope, bindings: bindings.to_vec(), diags }.expr(expr)
}

fn unknown() -> Value {
    Value::unknown(Type::Dynamic)
}

struct Evaluator<'a> {
    scope: &'a dyn Scope,
    bindings: Vec<(Arc<str>, Value)>,
    diags: &'a mut Diagnostics,
}

impl Evaluator<'_> {
    fn expr(&mut self, expr: &Expr) -> Value {
        match &expr.kind {
            ExprKind::Null => Value::null(Type::Dynamic),
            ExprKind::Bool(b) => Value::bool(*b),
            ExprKind::Number(n) => Value::number(n.clone()),
            ExprKind::String(text) => Value::string(text),
            ExprKind::Template(parts) => self.template(parts, expr),
            ExprKind::Tuple(elements) => Value::tuple(elements.iter().map(|element| self.expr(element)).collect()),
            ExprKind::Object(items) => self.object(items),
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Variable(_) | ExprKind::GetAttr(..) | ExprKind::Index(..) => self.traversal(expr),
            ExprKind::Splat(base, tail) => self.splat(base, tail, expr.span),
            ExprKind::AttrSplat(base, tail) => self.splat(base, tail, expr.span),
            ExprKind::Call(call) => self.call(call, expr),
            ExprKind::Unary(op, operand) => self.unary(*op, operand, expr),
            ExprKind::Binary(left, op, right) => self.binary(*op, left, right, expr),
            ExprKind::Conditional(condition, yes, no) => self.conditional(condition, yes, no, expr),
            ExprKind::For(expr) => self.for_expr(expr),
        }
    }

    /// Pushes an error at a place, with the values in play in `around`.
    fn error(&mut self, summary: &str, detail: impl Into<String>, at: Span, around: &Expr) {
        let mut diagnostic = Diagnostic::error(summary, detail).at(at);
        diagnostic.values = self.values_in_play(around);
        self.diags.push(diagnostic);
    }

    fn unary(&mut self, op: UnaryOp, operand: &Expr, whole: &Expr) -> Value {
        let value = self.expr(operand);
        match ops::unary(op, &value) {
            Ok(value) => value,
            Err(OpError::Left(message) | OpError::Right(message)) => {
                let detail = format!("Unsuitable value for unary operand: {message}.");
                self.error("Invalid operand", detail, operand.span, whole);
                Value::unknown(if op == UnaryOp::Not { Type::Bool } else { Type::Number })
            }
            Err(OpError::Failed(message)) => {
                self.error("Operation failed", format!("Error during operation: {message}."), whole.span, whole);
                Value::unknown(if op == UnaryOp::Not { Type::Bool } else { Type::Number })
            }
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, whole: &Expr) -> Value {
        let (left_value, right_value) = (self.expr(left), self.expr(right));
        let errors = match ops::binary(op, &left_value, &right_value) {
            Ok(value) => return value,
            Err(errors) => errors,
        };
        for error in errors {
            let (summary, detail, at) = match error {
                OpError::Left(message) => {
                    ("Invalid operand", format!("Unsuitable value for left operand: {message}."), left.span)
                }
                OpError::Right(message) => {
                    ("Invalid operand", format!("Unsuitable value for right operand: {message}."), right.span)
                }
                OpError::Failed(message) => {
                    ("Operation failed", format!("Error during operation: {message}."), whole.span)
                }
            };
            self.error(summary, detail, at, whole);
        }
        Value::unknown(match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => Type::Number,
            _ => Type::Bool,
        })
    }
}
