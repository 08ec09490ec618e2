//! Templates: interpolations, directives and their nesting, escapes.

use super::super::token::Kind;
use super::{Fault, Parsed, Reader, Within};

/// A directive of a template that is not closed.
#[derive(PartialEq)]
enum Open {
    If,
    Else,
    For,
}

impl Reader<'_> {
    /// A template behind the token that opens it.
    pub(super) fn template(&mut self, within: Within, end: Kind) -> Parsed {
        self.open.push((within, self.at.saturating_sub(1)));
        let mut open = Vec::new();
        loop {
            let (kind, token) = self.next();
            match kind {
                kind if kind == end => {
                    if !open.is_empty() {
                        return self.fail(Fault::OpenDirective);
                    }
                    self.read();
                    self.open.pop();
                    return Ok(());
                }
                Kind::StringLit => {
                    self.read();
                }
                Kind::QuotedLit if escapes_are_good(self.text(token)) => {
                    self.read();
                }
                Kind::Interp => {
                    self.read();
                    self.inside(Within::Interpolation, false, |reader| {
                        reader.expression()?;
                        reader.expect(Kind::SeqEnd, Fault::Interpolation)
                    })?;
                }
                Kind::Control => {
                    self.read();
                    self.inside(Within::Directive, false, |reader| reader.directive(&mut open))?;
                }
                _ => return self.fail(Fault::Template),
            }
        }
    }

    fn directive(&mut self, open: &mut Vec<Open>) -> Parsed {
        let word = self.word();
        let fits = matches!(
            (word, open.last()),
            (Some("if" | "for"), _)
                | (Some("else"), Some(Open::If))
                | (Some("endif"), Some(Open::If | Open::Else))
                | (Some("endfor"), Some(Open::For))
        );
        if !fits {
            let known = matches!(word, Some("else" | "endif" | "endfor"));
            return self.fail(if known { Fault::Unbalanced } else { Fault::Keyword });
        }
        self.read();
        match word {
            Some("if") => {
                self.expression()?;
                open.push(Open::If);
            }
            Some("for") => {
                self.for_names()?;
                open.push(Open::For);
            }
            Some("else") => {
                open.pop();
                open.push(Open::Else);
            }
            _ => {
                open.pop();
            }
        }
        self.expect(Kind::SeqEnd, Fault::Directive)
    }
}

/// True where every backslash of a quoted text starts an escape that stands for a letter.
pub(super) fn escapes_are_good(text: &str) -> bool {
    let mut parts = text.split('\\');
    parts.next();
    while let Some(part) = parts.next() {
        let hex = |len: usize| {
            let digits = part.get(1..1 + len).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
            digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32).is_some()
        };
        match part.bytes().next() {
            // A backslash: the part behind it follows an escape, not a backslash.
            None if parts.next().is_some() => {}
            Some(b'n' | b'r' | b't' | b'"') => {}
            Some(b'u') if hex(4) => {}
            Some(b'U') if hex(8) => {}
            _ => return false,
        }
    }
    true
}
