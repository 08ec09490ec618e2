//! From text to syntax tree.

use super::ast::{Body, Expr};
use crate::diag::{Diagnostics, FileId};

/// Parses a configuration file. Errors are pushed with their place; what could be read is returned all the same.
pub fn parse_body(file: FileId, text: &str, diags: &mut Diagnostics) -> Body {
    let _ = (file, text, diags);
    unimplemented!()
}

/// Parses one expression (`-var name=EXPR`, `console`).
pub fn parse_expr(file: FileId, text: &str, diags: &mut Diagnostics) -> Option<Expr> {
    let _ = (file, text, diags);
    unimplemented!()
}
