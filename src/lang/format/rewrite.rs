//! What formatting writes anew, beyond blanks: `"${x}"` becomes `x`, types in quotes lose them, block labels get them.
//!
//! Terraform's formatter loses a label with a lone `$` or `%`, and takes the quotes and braces off where what is left
//! is no expression (a comment or an operator behind a line end). Here the label stays, and parentheses hold the rest.

use super::super::syntax::escape::unescape;
use super::super::syntax::grammar::Place;
use super::super::syntax::token::{Kind, Texts, Token};
use crate::printable::escaped_text;
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;

/// The tokens with all places written anew.
pub(super) fn rewrite(tokens: Vec<Token>, texts: &mut Texts<'_>, places: Vec<Place>) -> Vec<Token> {
    let mut edits: Vec<(Range<usize>, Vec<Token>)> = Vec::new();
    for place in places {
        let of = |range: &Range<usize>| tokens.get(range.clone()).unwrap_or_default();
        let edit = match place {
            Place::Value { expr, one_line } => {
                let next = tokens.get(expr.end).map_or(Kind::Eof, |token| token.kind);
                value(of(&expr), one_line, next, texts).map(|new| (expr, new))
            }
            Place::Type(expr) => type_expr(of(&expr), texts).map(|new| (expr, new)),
            Place::Labels { all, labels } => {
                let is_good = labels.iter().map(Range::len).sum::<usize>() == all.len()
                    && labels.iter().all(|label| is_plain(of(label), texts));
                (!is_good).then(|| (all, labels.iter().flat_map(|label| quoted(of(label), texts)).collect()))
            }
        };
        edits.extend(edit);
    }
    if edits.is_empty() {
        return tokens;
    }
    let mut rewritten = Vec::with_capacity(tokens.len());
    let mut from = 0;
    for (range, new) in edits {
        rewritten.extend_from_slice(tokens.get(from..range.start).unwrap_or_default());
        rewritten.extend(new);
        from = range.end;
    }
    rewritten.extend_from_slice(tokens.get(from..).unwrap_or_default());
    rewritten
}

/// What stands in a string that is one single interpolation; `next` stands behind it.
fn value(tokens: &[Token], one_line: bool, next: Kind, texts: &mut Texts<'_>) -> Option<Vec<Token>> {
    let [open, interp, inside @ .., end, close] = tokens else { return None };
    let kinds = [open.kind, interp.kind, end.kind, close.kind];
    if kinds != [Kind::OQuote, Kind::Interp, Kind::SeqEnd, Kind::CQuote] {
        return None;
    }
    let mut quotes = 0;
    for token in inside {
        match token.kind {
            Kind::OQuote => quotes += 1,
            Kind::CQuote => quotes -= 1,
            Kind::Interp | Kind::SeqEnd | Kind::QuotedLit if quotes <= 0 => return None,
            _ => {}
        }
    }
    let not_empty = |token: &Token| token.kind != Kind::Newline;
    let from = inside.iter().position(not_empty)?;
    let to = inside.iter().rposition(not_empty)?;
    let inside = inside.get(from..=to)?;
    let (first, last) = (inside.first()?.kind, inside.last()?.kind);
    let over_lines = inside.iter().any(|token| token.kind == Kind::Newline);
    let in_parentheses = first == Kind::OParen && last == Kind::CParen;
    if !(over_lines && !in_parentheses || ends_early(inside, one_line)) {
        // The marker of a heredoc stands alone on its line.
        return (last != Kind::CHeredoc || next == Kind::Newline).then(|| inside.to_vec());
    }
    if last == Kind::CHeredoc {
        return None;
    }
    let mut wrapped = vec![texts.add(Kind::OParen, "(")];
    wrapped.extend_from_slice(inside);
    wrapped.push(texts.add(Kind::CParen, ")"));
    Some(wrapped)
}

/// True where a line ends outside of all brackets before the expression does.
fn ends_early(inside: &[Token], one_line: bool) -> bool {
    let mut depth = 0;
    let last = match one_line {
        true => inside.len(),
        false => inside.iter().rposition(|token| !token.kind.is_comment()).map_or(0, |last| last + 1),
    };
    inside.iter().take(last).any(|token| {
        depth += token.kind.bracket();
        depth == 0 && token.kind.ends_line()
    })
}

/// Types as Terraform's first versions wrote them.
fn type_expr(tokens: &[Token], texts: &mut Texts<'_>) -> Option<Vec<Token>> {
    let (collection, element) = match tokens {
        [name] if name.kind == Kind::Ident => (*name, "any"),
        [open, name, close] if [open.kind, name.kind, close.kind] == [Kind::OQuote, Kind::QuotedLit, Kind::CQuote] => {
            (Token { kind: Kind::Ident, ..*name }, "string")
        }
        _ => return None,
    };
    let bare = tokens.len() == 1;
    match texts.of(collection) {
        "string" if !bare => return Some(vec![collection]),
        "list" | "map" => {}
        "set" if bare => {}
        _ => return None,
    }
    let rest = [(Kind::OParen, "("), (Kind::Ident, element), (Kind::CParen, ")")];
    Some(std::iter::once(collection).chain(rest.map(|(kind, text)| texts.add(kind, text))).collect())
}

/// True for a quoted label that needs no second look.
fn is_plain(label: &[Token], texts: &Texts<'_>) -> bool {
    match label {
        [open, text, _] if open.kind == Kind::OQuote => {
            texts.of(*text).bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'\\' | b'$' | b'%'))
        }
        [open, _] => open.kind == Kind::OQuote,
        _ => false,
    }
}

fn quoted(label: &[Token], texts: &mut Texts<'_>) -> Vec<Token> {
    let text = label.iter().filter(|token| matches!(token.kind, Kind::Ident | Kind::QuotedLit)).fold(
        String::new(),
        |mut text, token| {
            text.push_str(&unescape(texts.of(*token)).unwrap_or_default());
            text
        },
    );
    let text: String = text.nfc().collect();
    let text = escaped_text(&text);
    let mut tokens = vec![texts.add(Kind::OQuote, "\"")];
    if !text.is_empty() {
        tokens.push(texts.add(Kind::QuotedLit, &text));
    }
    tokens.push(texts.add(Kind::CQuote, "\""));
    tokens
}
