//! Reading on after a syntax error: each top-level block is read alone, so that one run shows the errors of all.

use super::super::ast::{Body, Expr};
use super::super::syntax::grammar::Fault;
use super::lower::Lower;
use super::parts::Whole;
use super::plain::{Tree, plain};
use super::refusal::{Refused, refused};
use super::{Source, explain};
use crate::diag::{Diagnostics, Severity};
use std::borrow::Cow;
use std::ops::Range;

/// How often a repeated name is given a substitute in one part before it is given up.
const SUBSTITUTES: usize = 4096;

/// Reads a text of which something is wrong, part by part.
pub(super) fn parse_body(source: Source<'_>, diags: &mut Diagnostics) -> Body {
    let mut whole = Whole::default();
    let mut after_refusal = false;
    let mut start = 0;
    for end in ends(source.text) {
        let base = source.base.saturating_add_unsigned(start as u64);
        let range = std::mem::replace(&mut start, end)..end;
        let Some(text) = source.text.get(range) else { continue };
        // What only goes on with what was refused.
        if after_refusal && !starts_item(text) {
            continue;
        }
        let part = read(Source { text, base, ..source }, diags, |lower, tree| lower.body(tree));
        after_refusal = part.is_none();
        whole.body.incomplete |= after_refusal;
        if let Some(part) = part {
            whole.add(part, diags);
        }
    }
    whole.body
}

/// Reads one expression.
pub(super) fn parse_expr(source: Source<'_>, diags: &mut Diagnostics) -> Option<Expr> {
    read(source, diags, |lower, tree| lower.expr(tree))
}

/// Reads one text as Terraform does. What only the syntax crate accepts is an error too.
fn read<T: Tree, L>(source: Source<'_>, diags: &mut Diagnostics, lower: impl FnOnce(&mut Lower, &T) -> L) -> Option<L> {
    let (text, refused) = match plain::<T>(source.text) {
        Ok(plain) => (Cow::Owned(plain.text), None),
        Err(fault) if fault.is_read() => (Cow::Borrowed(source.text), Some(fault)),
        Err(fault) => {
            diags.push(refused(source, &fault));
            return None;
        }
    };
    let tree: T = with_substitutes(source, text, diags)?;
    Some(self::lower(source, refused, diags, |lowering| lower(lowering, &tree)))
}

/// Lowers what the syntax crate read. If Terraform refuses it, lowering has words for it, or there are these.
pub(super) fn lower<L>(
    source: Source<'_>,
    fault: Option<Refused>,
    diags: &mut Diagnostics,
    lower: impl FnOnce(&mut Lower<'_>) -> L,
) -> L {
    let before = diags.len();
    let lowered = lower(&mut Lower::new(source, diags));
    if let Some(fault) = fault
        && fault.fault != Fault::TooDeep
        && !diags.iter().skip(before).any(|diagnostic| diagnostic.severity == Severity::Error)
    {
        diags.push(refused(source, &fault));
    }
    lowered
}

/// Parses; where the parser refuses a repeated name, which Terraform allows in objects and we report ourselves in
/// bodies, a free name of the same length takes its place. Lowering reads names from the original text.
pub(super) fn with_substitutes<T: Tree>(
    source: Source<'_>,
    mut text: Cow<'_, str>,
    diags: &mut Diagnostics,
) -> Option<T> {
    let mut last = 0;
    for attempt in 0..SUBSTITUTES {
        let error = match T::parse(&text) {
            Ok(tree) => return Some(tree),
            Err(error) => error,
        };
        let offset = error.location().offset();
        last = offset;
        if error.message().contains("redefined")
            && let Some(range) = name_at(&text, offset)
        {
            text.to_mut().replace_range(range.clone(), &substitute(attempt, range.len()));
            continue;
        }
        // The parser's numbers are machine floats and end where those do; ours are read from the original text.
        if let Some(range) = number_at(&text, offset) {
            text.to_mut().replace_range(range.clone(), &"0".repeat(range.len()));
            continue;
        }
        diags.push(explain::limit(source, offset, error.message()));
        return None;
    }
    diags.push(explain::repeated_too_often(source, last));
    None
}

/// A name of `len` bytes; each attempt gives another, as far as the length goes.
fn substitute(attempt: usize, len: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    let mut rest = attempt;
    (0..len)
        .map(|_| {
            let letter = LETTERS.get(rest % LETTERS.len()).copied().unwrap_or(b'_');
            rest /= LETTERS.len();
            char::from(letter)
        })
        .collect()
}

/// The number literal around an offset, unless it is all zeros.
fn number_at(text: &str, offset: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'.';
    let before = bytes.get(..offset)?.iter().rev().take_while(|b| word(b)).count();
    let start = offset - before;
    let digits = |at: usize| bytes.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = start + digits(start);
    if end == start {
        return None;
    }
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digits(end + 1 + sign) > 0 {
            end += 1 + sign + digits(end + 1 + sign);
        }
    }
    let literal = bytes.get(start..end)?;
    (offset < end && literal.iter().any(|b| *b != b'0')).then_some(start..end)
}

/// The key or name that starts at an offset: up to its `=` or `:`.
fn name_at(text: &str, offset: usize) -> Option<Range<usize>> {
    let rest = text.get(offset..)?;
    let mut lexer = Lexer::new(rest);
    let mut conditionals = 0;
    while let Some((at, byte)) = lexer.next_code() {
        if !lexer.open.is_empty() {
            continue;
        }
        match byte {
            b'?' => conditionals += 1,
            b':' if lexer.starts_with(b":") => lexer.at += 1,
            b':' if conditionals > 0 => conditionals -= 1,
            b'=' | b'!' | b'<' | b'>' if lexer.starts_with(b"=") => lexer.at += 1,
            b'=' | b':' => {
                let len = rest.get(..at)?.trim_end().len();
                return (len > 0).then_some(offset..offset + len);
            }
            _ => {}
        }
    }
    None
}

/// Where the top-level arguments and blocks end. Inside brackets that are never closed, a block that starts in the first
/// column starts a new part.
fn ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut lexer = Lexer::new(text);
    while let Some((at, byte)) = lexer.next_code() {
        if byte != b'\n' {
            continue;
        }
        let restart = !lexer.open.is_empty() && starts_block(text.get(at + 1..).unwrap_or_default());
        if lexer.open.is_empty() || restart {
            ends.push(at + 1);
            lexer.open.clear();
        }
    }
    ends.push(text.len());
    ends
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

/// Walks over the bytes that are code: what is inside quotes, heredocs and comments is passed by.
struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    /// Brackets, and quotation marks of templates with an open interpolation.
    open: Vec<(usize, u8)>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, open: Vec::new() }
    }

    fn starts_with(&self, prefix: &[u8]) -> bool {
        self.text.get(self.at..).is_some_and(|rest| rest.starts_with(prefix))
    }

    fn skip_until(&mut self, end: impl Fn(&[u8]) -> Option<usize>) {
        while let Some(rest) = self.text.get(self.at..).filter(|rest| !rest.is_empty()) {
            if let Some(len) = end(rest) {
                self.at += len;
                return;
            }
            self.at += 1;
        }
    }

    /// The next byte of code and its place. Brackets are already counted when it is returned.
    fn next_code(&mut self) -> Option<(usize, u8)> {
        loop {
            let at = self.at;
            let byte = *self.text.get(at)?;
            if byte == b'#' || self.starts_with(b"//") {
                self.skip_until(|rest| (rest[0] == b'\n').then_some(0));
                continue;
            }
            if self.starts_with(b"/*") {
                self.skip_until(|rest| rest.starts_with(b"*/").then_some(2));
                continue;
            }
            if self.starts_with(b"<<") && self.heredoc() {
                continue;
            }
            self.at += 1;
            match byte {
                b'"' => {
                    self.open.push((at, b'"'));
                    self.quoted();
                }
                b'{' | b'[' | b'(' => self.open.push((at, byte)),
                b'}' | b']' | b')' => {
                    self.close(byte);
                    // The end of an interpolation: on with the string around it.
                    if byte == b'}' && self.open.last().is_some_and(|(_, bracket)| *bracket == b'"') {
                        self.quoted();
                    }
                }
                _ => {}
            }
            return Some((at, byte));
        }
    }

    /// Closes the bracket, and what stands open inside of it; one that closes nothing is passed by.
    fn close(&mut self, byte: u8) {
        let opener = match byte {
            b'}' => b'{',
            b']' => b'[',
            _ => b'(',
        };
        let inside = self.open.iter().rev().take_while(|(_, open)| *open != b'"' && *open != opener).count();
        let at = self.open.len().saturating_sub(inside + 1);
        if self.open.get(at).is_some_and(|(_, open)| *open == opener) {
            self.open.truncate(at);
        }
    }

    /// Reads on in a string up to its end, the end of the line, or an interpolation.
    fn quoted(&mut self) {
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    self.open.pop();
                    return;
                }
                b'\n' => {
                    self.open.pop();
                    return;
                }
                b'$' | b'%'
                    if self.text.get(self.at + 1) == Some(&byte) && self.text.get(self.at + 2) == Some(&b'{') =>
                {
                    self.at += 3;
                }
                b'$' | b'%' if self.text.get(self.at + 1) == Some(&b'{') => {
                    self.open.push((self.at + 1, b'{'));
                    self.at += 2;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    /// Passes over a heredoc; false where `<<` starts none.
    fn heredoc(&mut self) -> bool {
        let rest = self.text.get(self.at + 2..).unwrap_or_default();
        let rest = rest.strip_prefix(b"-").unwrap_or(rest);
        let Some(line_end) = rest.iter().position(|&b| b == b'\n') else { return false };
        let marker = rest[..line_end].trim_ascii_end();
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-' || !b.is_ascii();
        if marker.is_empty() || !marker.iter().all(is_name) {
            return false;
        }
        self.at = self.text.len() - rest.len() + line_end;
        while self.at < self.text.len() {
            let line_start = self.at + 1;
            let line = self.text.get(line_start..).unwrap_or_default();
            let len = line.iter().position(|&b| b == b'\n').unwrap_or(line.len());
            let content = line.get(..len).unwrap_or_default();
            if content.trim_ascii() == marker {
                let indent = content.len() - content.trim_ascii_start().len();
                self.at = line_start + indent + marker.len();
                return true;
            }
            self.at = line_start + len;
        }
        true
    }
}
