//! The text as the syntax crate is given it: with the same offsets, but plainer, because the crate reads some texts
//! otherwise than Terraform. Lowering takes every text from the original.
//!
//! Line ends that mean nothing and comments become blanks, those between the items of an object commas. A heredoc of text
//! alone becomes `""` and blanks: the crate is slow to read one. In others the text becomes dots, since a line that only
//! starts with the marker would end them.

use super::super::syntax::grammar::{self, LineEnd, Misplaced, Read};
use super::super::syntax::scan::scan;
use super::super::syntax::token::{Kind, Texts, Token};
use super::refusal::Refused;
use hcl::edit::parser as syntax;
use std::ops::Range;

/// What a text is read as.
pub(super) trait Tree: Sized {
    /// Terraform's judgement.
    fn judge(tokens: &[Token], texts: &Texts<'_>) -> Result<Read, Misplaced>;
    /// The syntax crate's.
    fn parse(text: &str) -> Result<Self, syntax::Error>;
}

impl Tree for hcl::edit::structure::Body {
    fn judge(tokens: &[Token], texts: &Texts<'_>) -> Result<Read, Misplaced> {
        grammar::read(tokens, texts)
    }

    fn parse(text: &str) -> Result<Self, syntax::Error> {
        syntax::parse_body(text)
    }
}

impl Tree for hcl::edit::expr::Expression {
    fn judge(tokens: &[Token], texts: &Texts<'_>) -> Result<Read, Misplaced> {
        grammar::read_expression(tokens, texts)
    }

    fn parse(text: &str) -> Result<Self, syntax::Error> {
        syntax::parse_expr(text)
    }
}

/// A text that Terraform reads.
pub(super) struct Plain {
    /// The plainer text.
    pub(super) text: String,
    /// Where its arguments and blocks end; the last may have no line end.
    pub(super) ends: Vec<usize>,
}

/// Makes a text plainer.
pub(super) fn plain<T: Tree>(text: &str) -> Result<Plain, Refused> {
    let tokens = scan(text);
    let texts = Texts { source: text, added: String::new() };
    let place = |token: usize| tokens.get(token).map_or(text.len()..text.len(), range);
    let read = T::judge(&tokens, &texts).map_err(|misplaced| Refused {
        at: place(misplaced.token),
        kind: tokens.get(misplaced.token).map_or(Kind::Eof, |token| token.kind),
        fault: misplaced.fault,
        within: misplaced.within.map(|(within, opener)| (within, place(opener))),
    })?;
    let mut plain = text.as_bytes().to_vec();
    let top_level = read.line_ends.iter().filter(|(_, meaning)| *meaning == LineEnd::TopLevel);
    let ends = top_level.filter_map(|&(number, _)| tokens.get(number)).map(|token| range(token).end).collect();
    let mut line_ends = read.line_ends.into_iter().peekable();
    for (number, token) in tokens.iter().enumerate() {
        let Some(bytes) = plain.get_mut(range(token)) else { continue };
        match token.kind {
            Kind::Newline | Kind::LineComment | Kind::Comment => {
                bytes.fill(b' ');
                if let Some((_, meaning)) = line_ends.next_if(|(token, _)| *token == number)
                    && let Some(last) = bytes.last_mut()
                {
                    *last = if meaning == LineEnd::Item { b',' } else { b'\n' };
                }
            }
            Kind::StringLit => {
                let text = bytes.iter_mut().filter(|byte| !matches!(byte, b'\n' | b' '));
                text.for_each(|byte| *byte = b'.');
            }
            Kind::OHeredoc => {
                let mut inside = tokens.iter().skip(number + 1);
                let end = inside.find(|token| token.kind != Kind::StringLit);
                let end = end.filter(|end| end.kind == Kind::CHeredoc).map(|end| range(end).end);
                if let Some(bytes) = end.and_then(|end| plain.get_mut(range(token).start..end)) {
                    bytes.fill(b' ');
                    bytes.iter_mut().take(2).for_each(|byte| *byte = b'"');
                }
            }
            Kind::CHeredoc => {
                let indent = texts.of(*token).len() - texts.of(*token).trim_start().len();
                bytes.iter_mut().take(indent).for_each(|byte| *byte = b' ');
            }
            _ => {}
        }
    }
    Ok(Plain { text: String::from_utf8(plain).unwrap_or_else(|_| text.to_owned()), ends })
}

fn range(token: &Token) -> Range<usize> {
    token.start as usize..token.end as usize
}
