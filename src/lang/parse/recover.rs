//! Reading on after a syntax error: each top-level block is read alone, so that one run shows the errors of all.

use super::super::ast::Body;
use super::super::syntax::Source;
use super::super::syntax::grammar::{self, Fault, Refused};
use super::super::syntax::scan::{Scanner, scan};
use super::super::syntax::token::Kind;
use super::refusal::{self, told};
use crate::diag::Diagnostics;
use std::collections::HashSet;

/// Reads a text of which something is refused, part by part.
pub(super) fn parse_body(source: Source<'_>, refused: &Refused, diags: &mut Diagnostics) -> Body {
    let mut whole = Body { incomplete: true, ..Body::default() };
    // Parts of what nests too deep would be read as blocks of their own.
    if refused.fault == Fault::TooDeep {
        diags.push(refusal::refused(source, refused));
        return whole;
    }
    let mut names = HashSet::new();
    let mut after_refusal = false;
    let mut is_told = false;
    let mut start = 0;
    for end in ends(source.text) {
        let base = source.base.saturating_add(start);
        let range = std::mem::replace(&mut start, end)..end;
        let Some(text) = source.text.get(range) else { continue };
        // What only goes on with what was refused.
        if after_refusal && !starts_item(text) {
            continue;
        }
        let part = Source { text, base, ..source };
        let read = told(part, grammar::read(part, &scan(text)), diags);
        after_refusal = read.is_none();
        is_told |= after_refusal;
        let Some(read) = read else { continue };
        // Of a name that stands in two parts the first counts.
        for attribute in read.attributes {
            if names.insert(attribute.name.clone()) {
                whole.attributes.push(attribute);
            } else {
                diags.push(refusal::repeated(&attribute.name, attribute.name_span));
            }
        }
        whole.blocks.extend(read.blocks);
    }
    // Each part alone is in order.
    if !is_told {
        diags.push(refusal::refused(source, refused));
    }
    whole
}

/// Where the top-level arguments and blocks end. Inside brackets that are never closed, a block that starts in the first
/// column starts a new part; a string ends with its line at the latest.
fn ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut open: Vec<Kind> = Vec::new();
    let mut scanner = Scanner::new(text);
    while let Some(tokens) = scanner.take() {
        for token in tokens {
            let end = token.end as usize;
            let is_line_end = match token.kind {
                Kind::Newline | Kind::LineComment => true,
                Kind::Invalid if text.get(..end).is_some_and(|text| text.ends_with('\n')) => {
                    scanner.leave_quotes();
                    close(&mut open, Kind::OQuote);
                    true
                }
                kind => {
                    match opener(kind) {
                        Some(opener) => close(&mut open, opener),
                        None if is_opener(kind) => open.push(kind),
                        None => {}
                    }
                    false
                }
            };
            if !is_line_end {
                continue;
            }
            let restart = !open.is_empty() && starts_block(text.get(end..).unwrap_or_default());
            if restart {
                scanner.leave_all();
                open.clear();
            }
            if open.is_empty() {
                ends.push(end);
            }
        }
    }
    ends.push(text.len());
    ends
}

fn is_opener(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::OBrace | Kind::OBrack | Kind::OParen | Kind::OQuote | Kind::OHeredoc | Kind::Interp | Kind::Control
    )
}

/// What a token closes; of `${` and `%{` the first stands for both.
fn opener(kind: Kind) -> Option<Kind> {
    Some(match kind {
        Kind::CBrace => Kind::OBrace,
        Kind::CBrack => Kind::OBrack,
        Kind::CParen => Kind::OParen,
        Kind::CQuote => Kind::OQuote,
        Kind::CHeredoc => Kind::OHeredoc,
        Kind::SeqEnd => Kind::Interp,
        _ => return None,
    })
}

/// Closes a bracket, and what stands open inside of it; one that closes nothing is passed by.
fn close(open: &mut Vec<Kind>, opener: Kind) {
    let is_it = |kind: &Kind| *kind == opener || (opener == Kind::Interp && *kind == Kind::Control);
    let in_code = !matches!(opener, Kind::OQuote | Kind::OHeredoc);
    // A bracket reaches no further than the quotes that it stands in.
    let reach = open.iter().rposition(|kind| is_it(kind) || in_code && matches!(kind, Kind::OQuote | Kind::OHeredoc));
    if let Some(at) = reach.filter(|at| open.get(*at).is_some_and(is_it)) {
        open.truncate(at);
    }
}

/// True where the text starts with `name =`, or with the header of a block.
fn starts_item(text: &str) -> bool {
    let text = text.trim_start();
    let name = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
    let rest = text.get(name..).unwrap_or_default().trim_start();
    name > 0 && (rest.starts_with('=') || starts_block(text))
}

/// A line such as `resource "a" "b" {` or `locals {` in the first column.
fn starts_block(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default().trim_end();
    let name = line.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(line.len());
    let labels = line.get(name..).and_then(|rest| rest.strip_suffix('{')).map(str::trim);
    name > 0 && labels.is_some_and(|labels| labels.is_empty() || labels.starts_with('"'))
}
