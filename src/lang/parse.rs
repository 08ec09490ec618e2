//! From text to syntax tree.

mod explain;
mod lower;
mod parts;
mod plain;
mod recover;
mod refusal;
mod template;

use super::ast::{Body, Expr, ExprKind};
use crate::diag::{Diagnostics, FileId, Severity, Span};
use hcl::edit::expr::Expression;
use hcl::edit::parser as syntax;
use hcl::edit::structure::Body as Tree;

/// A file that is being read, or the part of it that is read alone after an error.
#[derive(Clone, Copy)]
struct Source<'a> {
    file: FileId,
    /// What is read.
    text: &'a str,
    /// Where `text` starts in the file; -1 where a parenthesis was put before it.
    base: i64,
}

impl Source<'_> {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        let at =
            |offset: usize| u32::try_from(self.base.saturating_add_unsigned(offset as u64).max(0)).unwrap_or(u32::MAX);
        Span { file: self.file, start: at(range.start), end: at(range.end) }
    }
}

/// Parses a configuration file. Errors are pushed with their place; what could be read is returned all the same.
pub fn parse_body(file: FileId, text: &str, diags: &mut Diagnostics) -> Body {
    let (text, base) = match text.strip_prefix('\u{feff}') {
        Some(rest) => (rest, '\u{feff}'.len_utf8() as i64),
        None => (text, 0),
    };
    let source = Source { file, text, base };
    match plain::plain::<Tree>(text) {
        Ok(plain) => parts::parse_body(source, &plain, diags),
        Err(refused) if refused.is_read() => match syntax::parse_body(text) {
            Ok(body) => recover::lower(source, Some(refused), diags, |lower| lower.body(&body)),
            Err(_) => recover::parse_body(source, diags),
        },
        Err(refused) => {
            let before = diags.len();
            let mut body = recover::parse_body(source, diags);
            // Each part alone is in order.
            if !diags.iter().skip(before).any(|diagnostic| diagnostic.severity == Severity::Error) {
                diags.push(refusal::refused(source, &refused));
                body.incomplete = true;
            }
            body
        }
    }
}

/// Parses one expression (`-var name=EXPR`, `console`). Lines may break anywhere, as in parentheses.
pub fn parse_expr(file: FileId, text: &str, diags: &mut Diagnostics) -> Option<Expr> {
    // The syntax crate lets lines break in parentheses only, which nobody should read of.
    let wrapped = format!("({text}\n)");
    let mut found = Diagnostics::new();
    let expr = recover::parse_expr(Source { file, text: &wrapped, base: -1 }, &mut found);
    let own = wrapped.get(1..wrapped.len() - 1).filter(|_| expr.is_none());
    if let Some(text) = own
        && let Some(refused) = plain::plain::<Expression>(text).err().filter(|refused| !refused.is_read())
    {
        diags.push(refusal::refused(Source { file, text, base: 0 }, &refused));
        return None;
    }
    diags.extend(found);
    let expr = expr?;
    match expr.kind {
        ExprKind::Paren(inner) => Some(*inner),
        _ => Some(expr),
    }
}
