//! Evaluation of expressions.

use super::ast::Expr;
use super::reference::Scope;
use super::value::Value;
use crate::diag::Diagnostics;

/// The value of an expression. Errors are pushed, and the result is then unknown.
pub fn evaluate(expr: &Expr, scope: &dyn Scope, diags: &mut Diagnostics) -> Value {
    let _ = (expr, scope, diags);
    unimplemented!()
}
/// stub
pub type Bindings = [(std::sync::Arc<str>, Value)];
/// stub
pub fn evaluate_in(expr: &Expr, scope: &dyn Scope, bindings: &Bindings, diags: &mut Diagnostics) -> Value {
    let _ = (expr, scope, bindings, diags);
    unimplemented!()
}
