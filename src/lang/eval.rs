//! Evaluation of expressions.

mod branch;
mod call;
mod collection;
mod in_play;
mod iterate;
mod template;
mod traverse;

use super::ast::{BinaryOp, Expr, ExprKind, Operation, UnaryOp};
use super::budget::{self, Size};
use super::ops::{self, OpError};
use super::reference::Scope;
use super::types::Type;
use super::value::{Kind, Value};
use crate::diag::{Diagnostic, Diagnostics, Span, Topic};
use std::sync::Arc;

/// Names that an expression binds (`for`), or a `dynamic` block: the last of a name counts.
pub type Bindings = [(Arc<str>, Value)];

/// The value of an expression. Errors are pushed, and the result is then unknown.
pub fn evaluate(expr: &Expr, scope: &dyn Scope, diags: &mut Diagnostics) -> Value {
    evaluate_in(expr, scope, &[], diags)
}

/// As [`evaluate`], with names that are bound around the expression: the iterators of `dynamic` blocks.
pub fn evaluate_in(expr: &Expr, scope: &dyn Scope, bindings: &Bindings, diags: &mut Diagnostics) -> Value {
    let mut evaluator = Evaluator { scope, bindings: bindings.to_vec(), diags, steps: 0, spent: None };
    let value = evaluator.expr(expr);
    // Told here, where no `try` or `can` is around it.
    match evaluator.spent.take() {
        Some(diagnostic) => {
            diags.push(*diagnostic);
            unknown()
        }
        None => value,
    }
}

/// What an expression refers to, by name: `var.n` "is 5". Nothing secret is among it.
pub fn values_in_play(expr: &Expr, scope: &dyn Scope) -> Vec<(String, String)> {
    let mut told = Diagnostics::new();
    let mut evaluator = Evaluator { scope, bindings: Vec::new(), diags: &mut told, steps: 0, spent: None };
    evaluator.values_in_play(&[expr])
}

/// How many operands before an operator that fails show the values in them: a chain of operators has no end.
const OPERANDS_SHOWN: usize = 16;

fn unknown() -> Value {
    Value::unknown(Type::Dynamic)
}

struct Evaluator<'a> {
    scope: &'a dyn Scope,
    bindings: Vec<(Arc<str>, Value)>,
    diags: &'a mut Diagnostics,
    /// Steps so far ([`budget`]).
    steps: u64,
    /// There were too many: nothing more is evaluated.
    spent: Option<Box<Diagnostic>>,
}

impl Evaluator<'_> {
    fn expr(&mut self, expr: &Expr) -> Value {
        self.charge(1, 0, expr);
        if self.spent.is_some() {
            return unknown();
        }
        match &expr.kind {
            ExprKind::Null => Value::null(Type::Dynamic),
            ExprKind::Bool(b) => Value::bool(*b),
            ExprKind::Number(n) => Value::number(n.number.clone()),
            ExprKind::String(text) => Kind::String(text.clone()).into(),
            ExprKind::Template(parts) => self.template(parts, expr),
            ExprKind::Tuple(elements) => {
                let value = Value::tuple(elements.iter().map(|element| self.expr(element)).collect());
                self.built(value, expr)
            }
            ExprKind::Object(items) => {
                let value = self.object(items);
                self.built(value, expr)
            }
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Variable(_) | ExprKind::Traversal(_) => self.traversal(expr),
            ExprKind::Call(call) => {
                let value = self.call(call, expr);
                self.built(value, expr)
            }
            ExprKind::Unary(op, operand) => self.unary(*op, operand, expr),
            ExprKind::Operation(operation) => self.operation(operation, expr),
            ExprKind::Conditional(inner) => self.conditional(inner, expr),
            ExprKind::For(inner) => {
                let value = self.for_expr(inner);
                self.built(value, expr)
            }
        }
    }

    /// Counts steps, and values that were built.
    fn charge(&mut self, steps: u64, built: u64, at: &Expr) {
        self.steps = self.steps.saturating_add(steps);
        let within = self.scope.budget().is_none_or(|budget| budget.spend(steps, built));
        if self.spent.is_none() && (self.steps > budget::MOST_STEPS || !within) {
            let detail = if within {
                format!("This expression takes more than {} steps. Look for loops inside of loops.", budget::MOST_STEPS)
            } else {
                "The evaluation of this configuration takes more steps, or builds more values, than is allowed, and this expression came last. Look for local values that double each other, and for loops inside of loops.".to_owned()
            };
            self.spent = Some(Box::new(Diagnostic::error("Evaluation too large", detail).at(at.span)));
        }
    }

    /// Counts what a function or operator goes through.
    fn goes_through(&mut self, value: &Value, at: &Expr) {
        let weight = Size::of(value).map_or(budget::MOST_VALUES, Size::weight);
        self.charge(weight, 0, at);
    }

    /// A result, unless it is too large.
    fn built(&mut self, value: Value, expr: &Expr) -> Value {
        match Size::of(&value) {
            Some(size) => {
                self.charge(size.weight(), size.weight(), expr);
                value
            }
            None => {
                self.charge(budget::MOST_VALUES, 0, expr);
                let detail = format!(
                    "One value may hold {} values, {} MiB of text and {} levels of collections. This one would hold more.",
                    budget::MOST_VALUES,
                    budget::MOST_TEXT >> 20,
                    budget::DEEPEST
                );
                self.error("Value too large", detail, expr.span, expr);
                unknown()
            }
        }
    }

    /// Pushes an error at a place, with the values in play in `around`.
    fn error(&mut self, summary: &str, detail: impl Into<String>, at: Span, around: &Expr) {
        self.tell(Diagnostic::error(summary, detail).at(at), &[around]);
    }

    fn tell(&mut self, diagnostic: Diagnostic, around: &[&Expr]) {
        let values = self.values_in_play(around);
        self.diags.push(diagnostic.with_values(values));
    }

    fn unary(&mut self, op: UnaryOp, operand: &Expr, whole: &Expr) -> Value {
        let value = self.expr(operand);
        self.goes_through(&value, whole);
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

    /// The value of an expression, and whether something was wrong with it.
    fn watched(&mut self, expr: &Expr) -> (Value, bool) {
        let (value, own) = self.aside(|inner| inner.expr(expr));
        let failed = own.has_errors();
        self.diags.extend(own);
        (value, failed)
    }

    /// An operand that decides nothing, as in `n != 0 && m / n > 2`: for Terraform a quotient is infinite there, and
    /// harmless. Where it could not be worked out here for that alone, it is as good as what decides.
    fn guarded(&mut self, operand: &Expr, decides: &Value) -> (Value, bool) {
        let (value, own) = self.aside(|inner| inner.expr(operand));
        let (infinite, own): (Vec<_>, Vec<_>) = own.into_iter().partition(|told| told.topic == Some(Topic::Infinite));
        let own: Diagnostics = own.into_iter().collect();
        let failed = own.has_errors();
        self.diags.extend(own);
        let value = if infinite.is_empty() || failed { value } else { decides.clone() };
        (value, failed)
    }

    /// Each operator takes what those before it gave.
    fn operation(&mut self, operation: &Operation, whole: &Expr) -> Value {
        let Operation { first, rest } = operation;
        let (mut value, mut failed) = self.watched(first);
        let mut left = first.span;
        for (number, (op, operand)) in rest.iter().enumerate() {
            if number > 0 {
                self.charge(1, 0, whole);
            }
            let (right, fails) = match *op {
                BinaryOp::And if value.as_bool() == Some(false) => self.guarded(operand, &value),
                BinaryOp::Or if value.as_bool() == Some(true) => self.guarded(operand, &value),
                _ => self.watched(operand),
            };
            failed |= fails;
            if self.spent.is_some() {
                return unknown();
            }
            self.goes_through(&value, whole);
            self.goes_through(&right, whole);
            let all = first.span.to(operand.span);
            value = match ops::binary(*op, &value, &right) {
                Ok(value) => value,
                Err(errors) => {
                    let near = rest.get(number.saturating_sub(OPERANDS_SHOWN)..=number).unwrap_or_default();
                    let near: Vec<&Expr> = std::iter::once(first).chain(near.iter().map(|(_, near)| near)).collect();
                    // Of an operand that could not be evaluated nothing more is wrong.
                    for error in errors.into_iter().filter(|error| !failed || !matches!(error, OpError::Failed(_))) {
                        self.operator_error(error, (left, operand.span, all), &near);
                    }
                    Value::unknown(match op {
                        BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => Type::Number,
                        _ => Type::Bool,
                    })
                }
            };
            left = all;
        }
        value
    }

    fn operator_error(&mut self, error: OpError, (left, right, all): (Span, Span, Span), near: &[&Expr]) {
        let topic = matches!(&error, OpError::Failed(message) if message == ops::BY_ZERO).then_some(Topic::Infinite);
        let (summary, detail, at) = match error {
            OpError::Left(message) => {
                ("Invalid operand", format!("Unsuitable value for left operand: {message}."), left)
            }
            OpError::Right(message) => {
                ("Invalid operand", format!("Unsuitable value for right operand: {message}."), right)
            }
            OpError::Failed(message) => ("Operation failed", format!("Error during operation: {message}."), all),
        };
        self.tell(Diagnostic { topic, ..Diagnostic::error(summary, detail).at(at) }, near);
    }
}
