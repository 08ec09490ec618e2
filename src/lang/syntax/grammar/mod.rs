//! Terraform's grammar over tokens: builds the tree while it reads, and finds the places that formatting writes anew.

mod body;
mod collection;
mod expression;
mod fault;
mod template;
mod traversal;

use super::super::ast::{Body, Expr, ExprKind, Literal};
use super::super::nfc::nfc;
use super::Source;
use super::token::{Kind, Token};
use crate::diag::Span;
pub(in crate::lang) use fault::{Fault, Refused, Within};
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::Arc;

/// How deep blocks, brackets, templates, conditionals and signs may nest: a thousand levels of one kind, and what stands
/// around them. Whoever walks a tree takes a few frames for each level, so it walks on a stack that carries them.
pub(in crate::lang) const DEEPEST: usize = 1024;

/// A part that may be written anew; numbers count tokens.
pub(in crate::lang) enum Place {
    /// The expression of an argument.
    Value {
        expr: Range<usize>,
        /// The argument stands in a block of one line.
        one_line: bool,
    },
    /// The expression of `type` in a `variable` block.
    Type(Range<usize>),
    /// What stands between the kind of a block and the end of its last label, and the labels.
    Labels { all: Range<usize>, labels: Vec<Range<usize>> },
}

/// What was read from a text that is in order.
pub(in crate::lang) struct Read<T> {
    pub(in crate::lang) tree: T,
    /// What formatting may write anew, in the order of the source.
    pub(in crate::lang) places: Vec<Place>,
    /// What is wrong although the text can be read.
    pub(in crate::lang) faults: Vec<Refused>,
}

type Parsed<T = ()> = Result<T, Box<Refused>>;

/// Reads a file.
pub(in crate::lang) fn read(source: Source<'_>, tokens: &[Token]) -> Parsed<Read<Body>> {
    Reader::new(source, tokens, true).whole(|reader| reader.body(Kind::Eof, false))
}

/// Reads one expression, whose lines do not count.
pub(in crate::lang) fn read_expression(source: Source<'_>, tokens: &[Token]) -> Parsed<Read<Expr>> {
    Reader::new(source, tokens, false).whole(|reader| {
        let expr = reader.expression()?;
        reader.expect(Kind::Eof, Fault::End)?;
        Ok(expr)
    })
}

/// Reads a template that is the whole text.
pub(in crate::lang) fn read_template(source: Source<'_>, tokens: &[Token]) -> Parsed<Read<Expr>> {
    Reader::new(source, tokens, false).whole(|reader| {
        let kind = reader.template(Kind::Eof, false)?;
        Ok(Expr { kind, span: source.span(0..source.text.len()) })
    })
}

struct Reader<'a> {
    source: Source<'a>,
    tokens: &'a [Token],
    at: usize,
    /// Line ends count here.
    newlines: bool,
    depth: usize,
    /// What is open, and the token that opened it.
    open: Vec<(Within, usize)>,
    /// Every name that was met, and every text in quotes that is ASCII, once.
    names: HashMap<&'a str, Arc<str>>,
    /// Every number that was met, once.
    numbers: HashMap<&'a str, Arc<Literal>>,
    places: Vec<Place>,
    faults: Vec<Refused>,
}

impl<'a> Reader<'a> {
    fn new(source: Source<'a>, tokens: &'a [Token], newlines: bool) -> Self {
        Self {
            source,
            tokens,
            at: 0,
            newlines,
            depth: 0,
            open: Vec::new(),
            names: HashMap::new(),
            numbers: HashMap::new(),
            places: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn whole<T>(mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<Read<T>> {
        let tree = read(&mut self)?;
        Ok(Read { tree, places: self.places, faults: self.faults })
    }

    /// The next token that counts, and its number.
    fn next(&self) -> (Kind, usize) {
        let rest = self.tokens.get(self.at..).unwrap_or_default();
        for (ahead, token) in rest.iter().enumerate() {
            let kind = match token.kind {
                Kind::Comment => continue,
                Kind::LineComment | Kind::Newline if !self.newlines => continue,
                Kind::LineComment => Kind::Newline,
                kind => kind,
            };
            return (kind, self.at + ahead);
        }
        (Kind::Eof, self.tokens.len().saturating_sub(1))
    }

    fn peek(&self) -> Kind {
        self.next().0
    }

    /// Takes the next token, and gives its number.
    fn read(&mut self) -> usize {
        let (_, token) = self.next();
        self.at = token + 1;
        token
    }

    /// Takes the next token where it is of that kind.
    fn read_if(&mut self, kind: Kind) -> bool {
        let (found, token) = self.next();
        if found == kind {
            self.at = token + 1;
        }
        found == kind
    }

    /// The bytes of a token.
    fn range(&self, token: usize) -> Range<usize> {
        let end = self.source.text.len();
        self.tokens.get(token).map_or(end..end, |token| token.start as usize..token.end as usize)
    }

    fn text(&self, token: usize) -> &'a str {
        self.source.text.get(self.range(token)).unwrap_or_default()
    }

    /// The place of a token.
    fn span(&self, token: usize) -> Span {
        self.source.span(self.range(token))
    }

    /// The place of all from a token to the last that was read.
    fn since(&self, first: usize) -> Span {
        self.source.span(self.range(first).start..self.range(self.at.saturating_sub(1)).end)
    }

    /// The name that stands next, if one does.
    fn word(&self) -> Option<&'a str> {
        let (kind, token) = self.next();
        (kind == Kind::Ident).then(|| self.text(token))
    }

    /// The text of a name, shared with all that are alike.
    fn name(&mut self, token: usize) -> Arc<str> {
        self.once(self.text(token))
    }

    fn once(&mut self, text: &'a str) -> Arc<str> {
        self.names.entry(text).or_insert_with(|| text.into()).clone()
    }

    /// A text of the source in form C.
    fn literal(&mut self, text: Cow<'a, str>) -> Arc<str> {
        match text {
            Cow::Borrowed(text) if text.is_ascii() => self.once(text),
            text => nfc(text),
        }
    }

    /// The number of a token, shared with all that are written alike.
    fn number(&mut self, token: usize) -> Option<Arc<Literal>> {
        let text = self.text(token);
        Some(match self.numbers.entry(text) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => new.insert(Literal::parse(text)?.into()).clone(),
        })
    }

    fn refused(&self, token: usize, fault: Fault) -> Refused {
        Refused {
            at: self.range(token),
            kind: self.tokens.get(token).map_or(Kind::Eof, |token| token.kind),
            fault,
            within: self.open.last().map(|(within, opener)| (*within, self.range(*opener))),
        }
    }

    fn fail<T>(&self, fault: Fault) -> Parsed<T> {
        self.fail_at(self.next().1, fault)
    }

    fn fail_at<T>(&self, token: usize, fault: Fault) -> Parsed<T> {
        Err(Box::new(self.refused(token, fault)))
    }

    fn expect(&mut self, wanted: Kind, fault: Fault) -> Parsed<usize> {
        match self.peek() == wanted {
            true => Ok(self.read()),
            false => self.fail(fault),
        }
    }

    /// Reads one level deeper.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEEPEST {
            return self.fail(Fault::TooDeep);
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// Reads one level deeper, behind the token that opens it, with line ends that count or not.
    fn inside<T>(&mut self, within: Within, newlines: bool, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.deeper(|reader| {
            reader.open.push((within, reader.at.saturating_sub(1)));
            let around = std::mem::replace(&mut reader.newlines, newlines);
            let read = read(reader);
            reader.open.pop();
            reader.newlines = around;
            read
        })
    }
}

/// The key of an index as Terraform keeps it in a reference: a text or number that stands there as it is.
fn is_literal(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::String(_) | ExprKind::Number(_))
}
