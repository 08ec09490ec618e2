//! Indentation, blanks between tokens, and the columns of `=` and comments: the rules of Terraform's `hclwrite`.

use super::super::syntax::token::{Kind, Texts, Token};
use crate::clusters::count;
use std::ops::Range;

/// One line: `lead`, `= assign`, `# comment`, each up to where the next starts. A template over several lines is one.
struct Line {
    start: usize,
    assign: usize,
    comment: usize,
    end: usize,
}

impl Line {
    fn lead(&self) -> Range<usize> {
        self.start..self.assign
    }
    fn assign(&self) -> Range<usize> {
        self.assign..self.comment
    }
}

/// Sets the blanks before every token but the end of the file.
pub(super) fn lay_out(tokens: &mut [Token], texts: &Texts<'_>) {
    let lines = lines(tokens);
    indent(tokens, &lines);
    for line in &lines {
        space(tokens, line.lead(), texts);
        space(tokens, line.assign(), texts);
    }
    align(tokens, &lines, texts, |line| (line.assign != line.comment).then_some((line.lead(), line.assign)));
    align(tokens, &lines, texts, |line| (line.comment != line.end).then_some((line.start..line.comment, line.comment)));
}

fn slice(tokens: &[Token], range: Range<usize>) -> &[Token] {
    tokens.get(range).unwrap_or_default()
}

fn brackets(tokens: &[Token]) -> i32 {
    tokens.iter().map(|token| token.kind.bracket()).sum()
}

fn lines(tokens: &[Token]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        let end = match token.kind {
            Kind::Eof => at,
            kind if kind.ends_line() => at + 1,
            _ => continue,
        };
        if start < end {
            lines.push(line(tokens, start, end));
        }
        start = end;
    }
    lines
}

fn line(tokens: &[Token], start: usize, end: usize) -> Line {
    let last_is_comment = slice(tokens, start..end).last().is_some_and(|last| last.kind.is_comment());
    let comment = if last_is_comment && end - start > 1 { end - 1 } else { end };
    let content = slice(tokens, start..comment);
    let equal = content.iter().skip(1).position(|token| token.kind == Kind::Equal);
    // What opens a bracket that another line closes is no column.
    let assign = match equal.map(|at| start + 1 + at) {
        Some(at) if brackets(slice(tokens, at..comment)) == 0 => at,
        _ => comment,
    };
    Line { start, assign, comment, end }
}

/// Two blanks for each line that opened more than it closed, however much that was.
fn indent(tokens: &mut [Token], lines: &[Line]) {
    let mut open: Vec<i32> = Vec::new();
    for line in lines {
        let lead = slice(tokens, line.lead());
        let counted = match lead.iter().position(|token| token.kind == Kind::OHeredoc) {
            Some(heredoc) => heredoc + 1,
            None => lead.len(),
        };
        let net =
            brackets(lead.get(..counted).unwrap_or_default()).saturating_add(brackets(slice(tokens, line.assign())));
        let Some(first) = tokens.get_mut(line.start) else { continue };
        if first.kind == Kind::Newline {
            first.spaces = 0;
            continue;
        }
        let mut closed = -net;
        while closed > 0
            && let Some(top) = open.last_mut()
        {
            if closed < *top {
                *top -= closed;
                break;
            }
            closed -= *top;
            open.pop();
        }
        first.spaces = u32::try_from(2 * open.len()).unwrap_or(u32::MAX);
        if net > 0 {
            open.push(net);
        }
    }
}

/// Sets the blanks inside one cell.
fn space(tokens: &mut [Token], cell: Range<usize>, texts: &Texts<'_>) {
    let Some(cell) = tokens.get_mut(cell) else { return };
    let mut before = None;
    for at in 1..cell.len() {
        let Some(&subject) = cell.get(at - 1) else { return };
        let Some(after) = cell.get_mut(at) else { return };
        after.spaces = u32::from(space_between(before, subject, after.kind, texts));
        before = Some(subject.kind);
    }
}

fn space_between(before: Option<Kind>, token: Token, after: Kind, texts: &Texts<'_>) -> bool {
    use Kind::*;
    let subject = token.kind;
    match (subject, after) {
        (_, Newline) => false,
        (Ident, OParen | DoubleColon) | (DoubleColon, Ident) => false,
        (Dot, _) | (_, Dot | Comma | Ellipsis) => false,
        (Comma, _) => true,
        (QuotedLit | StringLit | OQuote | OHeredoc, _) | (_, QuotedLit | StringLit | CQuote | CHeredoc) => false,
        // `for x in [1]`, where `in[1]` would look like an index.
        (Ident, _) if before == Some(Ident) && texts.of(token) == "in" => true,
        (Ident | NumberLit, OBrack) => false,
        (_, OBrack) if subject.bracket() < 0 => false,
        (Bang, _) => false,
        (Minus, _) => before.is_some_and(ends_operand),
        (OBrace, CBrace) => false,
        (OBrace, _) | (_, CBrace) => true,
        // `${ {a = 1} }`
        (Interp | Control, OBrace) | (CBrace, SeqEnd) => true,
        (SeqEnd, Interp | Control) => false,
        _ => subject.bracket() <= 0 && after.bracket() >= 0,
    }
}

/// True where a minus behind it takes away, and does not negate.
fn ends_operand(before: Kind) -> bool {
    use Kind::*;
    !matches!(
        before,
        OParen
            | OBrace
            | OBrack
            | Equal
            | Colon
            | Comma
            | Question
            | Arithmetic
            | Star
            | Minus
            | Comparison
            | Logical
            | Bang
    )
}

/// Puts the cells of neighbouring lines that have one below each other. `cell` gives what stands before the cell, and
/// its first token.
fn align(
    tokens: &mut [Token],
    lines: &[Line],
    texts: &Texts<'_>,
    cell: impl Fn(&Line) -> Option<(Range<usize>, usize)>,
) {
    let mut chain: Vec<(usize, u32)> = Vec::new();
    for line in lines {
        match cell(line) {
            Some((before, first)) => chain.push((first, columns(slice(tokens, before), texts))),
            None => close(tokens, &mut chain),
        }
    }
    close(tokens, &mut chain);
}

fn close(tokens: &mut [Token], chain: &mut Vec<(usize, u32)>) {
    let widest = chain.iter().map(|(_, columns)| *columns).max().unwrap_or_default();
    for (first, columns) in chain.drain(..) {
        if let Some(token) = tokens.get_mut(first) {
            token.spaces = (widest - columns).saturating_add(1);
        }
    }
}

fn columns(tokens: &[Token], texts: &Texts<'_>) -> u32 {
    tokens.iter().fold(0, |sum: u32, token| sum.saturating_add(token.spaces).saturating_add(width(texts.of(*token))))
}

fn width(text: &str) -> u32 {
    u32::try_from(count(text)).unwrap_or(u32::MAX)
}
