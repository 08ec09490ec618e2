//! Type expressions of `variable` blocks: `list(object({ a = optional(string, "x") }))`.

use super::ast::Expr;
use super::types::Constraint;
use crate::diag::Diagnostics;

/// Reads a type expression. Defaults of `optional` must be constant. Errors are pushed, and the part is `any`.
pub fn parse_constraint(expr: &Expr, diags: &mut Diagnostics) -> Constraint {
    let _ = (expr, diags);
    unimplemented!()
}
