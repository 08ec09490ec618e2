//! From text to syntax tree.

mod halves;
mod json;
mod recover;
mod refusal;

use super::ast::{Body, Expr};
use super::syntax::grammar;
use super::syntax::{Source, scan};
use crate::diag::{Diagnostics, FileId};
pub use json::{Meaning, Shape, parse_json_body};
use refusal::{told, tree};

/// Parses a configuration file. Errors are pushed with their place; what could be read is returned all the same.
///
/// Trees may be a thousand levels deep: they are made, walked and dropped on a [`super::stack`] that carries them.
pub fn parse_body(file: FileId, text: &str, diags: &mut Diagnostics) -> Body {
    let source = Source::whole(file, text);
    let tokens = scan::scan(text);
    if let Some(body) = halves::parse_body(source, &tokens) {
        return body;
    }
    match grammar::read(source, &tokens) {
        Ok(read) => tree(source, read, diags),
        Err(refused) => recover::parse_body(source, &refused, diags),
    }
}

/// Parses one expression (`-var name=EXPR`, `console`). Lines may break anywhere, as in parentheses.
pub fn parse_expr(file: FileId, text: &str, diags: &mut Diagnostics) -> Option<Expr> {
    let source = Source::whole(file, text);
    told(source, grammar::read_expression(source, &scan::scan_expression(text)), diags)
}

/// Parses a template that is a whole text: nothing is escaped in it, as in a heredoc.
pub fn parse_template(file: FileId, text: &str, diags: &mut Diagnostics) -> Option<Expr> {
    let source = Source::whole(file, text);
    told(source, grammar::read_template(source, &scan::scan_template(text)), diags)
}
