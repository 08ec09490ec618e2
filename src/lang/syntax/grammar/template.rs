//! Templates: interpolations, directives and their nesting, strip markers, and the indentation of `<<-`.
//!
//! As in Terraform, a template is first a flat list of pieces, with one text for each line of a heredoc; strip markers
//! and indentation work on that list, and only then are directives nested.

use super::super::super::ast::{Expr, ExprKind, TemplatePart};
use super::super::super::nfc::nfc;
use super::super::escape::{unescape, unescape_signs};
use super::super::token::Kind;
use super::collection::ForNames;
use super::{Fault, Parsed, Reader, Within};
use crate::clusters::{clusters, count};
use std::borrow::Cow;
use std::iter::Peekable;
use std::vec::IntoIter;

/// A directive of a template that is not closed.
#[derive(PartialEq)]
enum Open {
    If,
    Else,
    For,
}

enum Piece<'a> {
    Text(Cow<'a, str>),
    Interpolation(Expr),
    If(Expr),
    Else,
    EndIf,
    For(ForNames),
    EndFor,
}

impl<'a> Reader<'a> {
    /// A template behind the token that opens it.
    pub(super) fn quoted(&mut self, within: Within, end: Kind) -> Parsed<ExprKind> {
        let opener = self.at.saturating_sub(1);
        self.open.push((within, opener));
        let kind = self.template(end, self.text(opener).starts_with("<<-"))?;
        self.open.pop();
        Ok(kind)
    }

    /// A template up to the token that ends it.
    pub(super) fn template(&mut self, end: Kind, flush: bool) -> Parsed<ExprKind> {
        let mut pieces = Vec::new();
        let mut open = Vec::new();
        let mut strip = false;
        loop {
            let (kind, token) = self.next();
            match kind {
                kind if kind == end => {
                    if !open.is_empty() {
                        return self.fail(Fault::OpenDirective);
                    }
                    self.read();
                    break;
                }
                Kind::StringLit => {
                    self.read();
                    pieces.push(literal(unescape_signs(self.text(token)), std::mem::take(&mut strip)));
                }
                Kind::QuotedLit if let Ok(part) = unescape(self.text(token)) => {
                    self.read();
                    pieces.push(literal(part, std::mem::take(&mut strip)));
                }
                Kind::Interp | Kind::Control => {
                    self.read();
                    if self.text(token).ends_with('~')
                        && let Some(Piece::Text(before)) = pieces.last_mut()
                    {
                        cut(before, |text| text.trim_end());
                    }
                    pieces.push(match kind {
                        Kind::Interp => self.inside(Within::Interpolation, false, |reader| {
                            let expr = reader.expression()?;
                            reader.expect(Kind::SeqEnd, Fault::Interpolation)?;
                            Ok(Piece::Interpolation(expr))
                        })?,
                        _ => self.inside(Within::Directive, false, |reader| reader.directive(&mut open))?,
                    });
                    // What stands inside of an open directive is deeper.
                    match pieces.last() {
                        Some(Piece::If(_) | Piece::For(_)) => self.depth += 1,
                        Some(Piece::EndIf | Piece::EndFor) => self.depth -= 1,
                        _ => {}
                    }
                    strip = self.text(self.at.saturating_sub(1)).starts_with('~');
                }
                _ => return self.fail(Fault::Template),
            }
        }
        if flush {
            dedent(&mut pieces);
        }
        if let [Piece::Text(only)] = pieces.as_mut_slice() {
            return Ok(ExprKind::String(self.literal(std::mem::take(only))));
        }
        let mut parts = nest(&mut pieces.into_iter().peekable());
        Ok(match &mut parts[..] {
            [] => ExprKind::String("".into()),
            [TemplatePart::Text(text)] => ExprKind::String(std::mem::take(text)),
            _ => ExprKind::Template(parts),
        })
    }

    fn directive(&mut self, open: &mut Vec<Open>) -> Parsed<Piece<'a>> {
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
        let piece = match word {
            Some("if") => {
                let condition = self.expression()?;
                open.push(Open::If);
                Piece::If(condition)
            }
            Some("for") => {
                let names = self.for_names()?;
                open.push(Open::For);
                Piece::For(names)
            }
            Some("else") => {
                open.pop();
                open.push(Open::Else);
                Piece::Else
            }
            closing => {
                open.pop();
                if closing == Some("endif") { Piece::EndIf } else { Piece::EndFor }
            }
        };
        self.expect(Kind::SeqEnd, Fault::Directive)?;
        Ok(piece)
    }
}

fn literal(mut text: Cow<'_, str>, strip: bool) -> Piece<'_> {
    if strip {
        cut(&mut text, |text| text.trim_start());
    }
    Piece::Text(text)
}

/// Keeps a part of a text.
fn cut(text: &mut Cow<'_, str>, part: impl Fn(&str) -> &str) {
    *text = match std::mem::take(text) {
        Cow::Borrowed(whole) => Cow::Borrowed(part(whole)),
        Cow::Owned(whole) => Cow::Owned(part(&whole).to_owned()),
    };
}

/// Takes the common indentation from the lines of a `<<-` heredoc: of lines that start with text, and of no line when
/// one starts with an interpolation. Lines of nothing but white space do not count.
fn dedent(pieces: &mut [Piece<'_>]) {
    let mut indents: Vec<usize> = Vec::new();
    let mut adjust = Vec::new();
    let mut line_start = true;
    for (i, piece) in pieces.iter().enumerate() {
        let Piece::Text(line) = piece else {
            if std::mem::take(&mut line_start) {
                indents.push(0);
            }
            continue;
        };
        if line_start {
            let trimmed = line.trim_start();
            if !(trimmed.is_empty() && line.ends_with('\n')) {
                indents.push(count(&line[..line.len() - trimmed.len()]));
                adjust.push(i);
            }
        }
        line_start = line.ends_with('\n');
    }
    let indent = indents.into_iter().min().unwrap_or(0);
    for i in adjust {
        if let Some(Piece::Text(line)) = pieces.get_mut(i) {
            cut(line, |line| {
                // Blanks are letters of their own, unless what follows them is a mark.
                let plain = line.bytes().take(indent).all(|byte| matches!(byte, b' ' | b'\t'))
                    && line.as_bytes().get(indent).is_some_and(u8::is_ascii);
                let len = match plain {
                    true => indent,
                    false => clusters(line).into_iter().take(indent).map(str::len).sum(),
                };
                line.get(len..).unwrap_or_default()
            });
        }
    }
}

/// Nests directives; reads up to the end, or to the `else` or end of the directive that is open.
fn nest(pieces: &mut Peekable<IntoIter<Piece<'_>>>) -> Box<[TemplatePart]> {
    let mut parts = Vec::new();
    let mut literal: Option<Cow<'_, str>> = None;
    while let Some(piece) = pieces.next_if(|piece| !matches!(piece, Piece::Else | Piece::EndIf | Piece::EndFor)) {
        let part = match piece {
            Piece::Text(line) => {
                match &mut literal {
                    None => literal = Some(line),
                    Some(literal) => literal.to_mut().push_str(&line),
                }
                continue;
            }
            Piece::Interpolation(expr) => TemplatePart::Interpolation(expr),
            Piece::If(condition) => {
                let yes = nest(pieces);
                let no = match pieces.next_if(|piece| matches!(piece, Piece::Else)) {
                    Some(_) => nest(pieces),
                    None => Box::default(),
                };
                pieces.next_if(|piece| matches!(piece, Piece::EndIf));
                TemplatePart::If(condition, yes, no)
            }
            Piece::For(ForNames { key_name, value_name, collection }) => {
                let body = nest(pieces);
                pieces.next_if(|piece| matches!(piece, Piece::EndFor));
                TemplatePart::For { key_name, value_name, collection, body }
            }
            Piece::Else | Piece::EndIf | Piece::EndFor => break,
        };
        parts.extend(literal.take().map(|literal| TemplatePart::Text(nfc(literal))));
        parts.push(part);
    }
    // An empty text stays: beside it an interpolation is a string, alone it is any value.
    parts.extend(literal.map(|literal| TemplatePart::Text(nfc(literal))));
    parts.into()
}
