//! `fmt`: the canonical style of configuration files, byte by byte that of `terraform fmt`.
//!
//! The text is cut into tokens (`syntax::scan`), judged by Terraform's grammar (`syntax::grammar`), old forms are written anew
//! (`rewrite`), and the blanks between tokens are set (`layout`). No token is lost but comments between block labels.

mod layout;
mod rewrite;

#[cfg(test)]
mod tests;

use super::parse::parse_body;
use super::syntax::grammar::{self, Fault};
use super::syntax::token::{Kind, Texts, Token};
use super::syntax::{Source, scan};
use crate::diag::{Diagnostic, Diagnostics, FileId};

/// Formats a configuration file. `None` where Terraform would refuse it; then at least one error is pushed.
pub fn format(file: FileId, text: &str, diags: &mut Diagnostics) -> Option<String> {
    // Tokens count bytes in 32 bits, also of what is added.
    if text.len() > u32::MAX as usize / 4 {
        diags.push(Diagnostic::error("File too large", "Files of more than 1 GiB cannot be formatted."));
        return None;
    }
    let tokens = scan::scan(text);
    let read = grammar::read(Source::whole(file, text), &tokens).ok();
    // The parser tells what is wrong. `{ a.b = 1 }` is a question of meaning.
    let is_good = |read: &grammar::Read<_>| read.faults.iter().all(|fault| fault.fault == Fault::AmbiguousKey);
    let Some(read) = read.filter(is_good) else {
        parse_body(file, text, diags);
        return None;
    };
    let mut texts = Texts { source: text, added: String::new() };
    let mut tokens = rewrite::rewrite(tokens, &mut texts, read.places);
    layout::lay_out(&mut tokens, &texts);
    Some(written(&tokens, &texts))
}

/// True where brackets, templates or heredocs are open at the end of an expression, so that more lines belong to it.
pub fn is_open(text: &str) -> bool {
    let text = format!("{text}\n");
    let open = scan::scan(&text).iter().fold(0, |open: i64, token| {
        open + match token.kind {
            Kind::OHeredoc => 1,
            Kind::CHeredoc => -1,
            kind => i64::from(kind.bracket()),
        }
    });
    open > 0
}

fn written(tokens: &[Token], texts: &Texts<'_>) -> String {
    let mut text = String::with_capacity(texts.source.len() + texts.source.len() / 8);
    for token in tokens {
        text.extend(std::iter::repeat_n(' ', token.spaces as usize));
        text.push_str(texts.of(*token));
    }
    text
}
