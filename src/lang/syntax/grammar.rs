//! Terraform's grammar over tokens. Finds the line ends that count, and the expressions and labels that formatting
//! writes anew.

mod template;

use super::super::number::Number;
use super::token::{Kind, Texts, Token};
use std::collections::HashSet;
use std::ops::Range;
use template::escapes_are_good;

/// How deep brackets, templates and blocks may nest.
const DEEPEST: usize = 200;

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

/// A token that cannot stand where it stands.
pub(in crate::lang) struct Misplaced {
    /// Which, counted from 0.
    pub(in crate::lang) token: usize,
    /// It is in order, but nests too deep.
    pub(in crate::lang) too_deep: bool,
}

/// What a line end stands behind.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::lang) enum LineEnd {
    /// An argument or block outside of every block, or nothing there.
    TopLevel,
    /// An argument or block inside of a block, or nothing there.
    Block,
    /// An item of an object.
    Item,
}

/// What was found in a text that is in order.
#[derive(Default)]
pub(in crate::lang) struct Read {
    /// What formatting may write anew, in the order of the source.
    pub(in crate::lang) places: Vec<Place>,
    /// The line ends that mean something, by the numbers of their tokens, in ascending order. All others are blanks.
    pub(in crate::lang) line_ends: Vec<(usize, LineEnd)>,
}

type Parsed<T = ()> = Result<T, Misplaced>;

/// Reads a file.
pub(in crate::lang) fn read(tokens: &[Token], texts: &Texts<'_>) -> Parsed<Read> {
    read_with(tokens, texts, |reader| reader.body(Kind::Eof, false))
}

/// Reads one expression, whose lines do not count.
pub(in crate::lang) fn read_expression(tokens: &[Token], texts: &Texts<'_>) -> Parsed<Read> {
    read_with(tokens, texts, |reader| {
        reader.newlines = false;
        reader.expression()?;
        reader.expect(Kind::Eof)
    })
}

fn read_with<'a>(
    tokens: &'a [Token],
    texts: &'a Texts<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Parsed,
) -> Parsed<Read> {
    let mut reader = Reader { tokens, texts, at: 0, newlines: true, depth: 0, found: Read::default() };
    if let Some(token) = tokens.iter().position(|token| token.kind == Kind::Invalid) {
        return Err(Misplaced { token, too_deep: false });
    }
    read(&mut reader)?;
    Ok(reader.found)
}

struct Reader<'a> {
    tokens: &'a [Token],
    texts: &'a Texts<'a>,
    at: usize,
    /// Line ends count here.
    newlines: bool,
    depth: usize,
    found: Read,
}

impl<'a> Reader<'a> {
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

    fn read(&mut self) -> Kind {
        let (kind, token) = self.next();
        self.at = token + 1;
        kind
    }

    fn text(&self, token: usize) -> &'a str {
        self.tokens.get(token).map_or("", |token| self.texts.of(*token))
    }

    /// The name that stands next, if one does.
    fn word(&self) -> Option<&'a str> {
        let (kind, token) = self.next();
        (kind == Kind::Ident).then(|| self.text(token))
    }

    fn fail<T>(&self) -> Parsed<T> {
        Err(Misplaced { token: self.next().1, too_deep: false })
    }

    fn expect(&mut self, wanted: Kind) -> Parsed {
        match self.peek() == wanted {
            true => {
                self.read();
                Ok(())
            }
            false => self.fail(),
        }
    }

    /// Reads one level deeper, with line ends that count or not.
    fn inside<T>(&mut self, newlines: bool, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEEPEST {
            return Err(Misplaced { token: self.next().1, too_deep: true });
        }
        let around = std::mem::replace(&mut self.newlines, newlines);
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        self.newlines = around;
        read
    }

    fn body(&mut self, end: Kind, of_variable: bool) -> Parsed {
        let mut names = HashSet::new();
        loop {
            match self.peek() {
                kind if kind == end => {
                    self.read();
                    return Ok(());
                }
                Kind::Newline => self.line_end()?,
                Kind::Ident => {
                    let (_, name) = self.next();
                    self.read();
                    if self.peek() != Kind::Equal {
                        self.block(name)?;
                    } else if names.insert(self.text(name)) {
                        self.argument(of_variable && self.text(name) == "type", false)?;
                    } else {
                        return Err(Misplaced { token: name, too_deep: false });
                    }
                    self.line_end()?;
                }
                _ => return self.fail(),
            }
        }
    }

    fn line_end(&mut self) -> Parsed {
        match self.peek() {
            // The end of the file is read by the body around.
            Kind::Eof => Ok(()),
            _ => {
                let meaning = if self.depth == 0 { LineEnd::TopLevel } else { LineEnd::Block };
                self.found.line_ends.push((self.next().1, meaning));
                self.expect(Kind::Newline)
            }
        }
    }

    fn argument(&mut self, is_type: bool, one_line: bool) -> Parsed {
        self.expect(Kind::Equal)?;
        let (first, start) = self.next();
        self.expression()?;
        let expr = start..self.at;
        if is_type {
            self.found.places.push(Place::Type(expr));
        } else if first == Kind::OQuote && expr.len() >= 5 {
            self.found.places.push(Place::Value { expr, one_line });
        }
        Ok(())
    }

    fn block(&mut self, name: usize) -> Parsed {
        let mut labels = Vec::new();
        loop {
            let (kind, start) = self.next();
            match kind {
                Kind::OBrace => break,
                Kind::Ident => {
                    self.read();
                }
                Kind::OQuote => self.label()?,
                _ => return self.fail(),
            }
            labels.push(start..self.at);
        }
        if let Some(last) = labels.last() {
            let all = name + 1..last.end;
            self.found.places.push(Place::Labels { all, labels });
        }
        self.read();
        let of_variable = self.depth == 0 && self.text(name) == "variable";
        self.inside(true, |reader| match reader.peek() {
            Kind::Newline | Kind::Eof | Kind::CBrace => reader.body(Kind::CBrace, of_variable),
            _ => {
                let is_type = of_variable && reader.word() == Some("type");
                reader.expect(Kind::Ident)?;
                reader.argument(is_type, true)?;
                reader.expect(Kind::CBrace)
            }
        })
    }

    fn label(&mut self) -> Parsed {
        self.read();
        loop {
            let (kind, token) = self.next();
            match kind {
                Kind::CQuote => {
                    self.read();
                    return Ok(());
                }
                Kind::QuotedLit if escapes_are_good(self.text(token)) => self.read(),
                _ => return self.fail(),
            };
        }
    }

    fn expression(&mut self) -> Parsed {
        loop {
            self.operand()?;
            match self.peek() {
                Kind::Arithmetic | Kind::Star | Kind::Minus | Kind::Comparison | Kind::Logical => {
                    self.read();
                }
                Kind::Question => {
                    self.read();
                    let newlines = self.newlines;
                    self.inside(newlines, Self::expression)?;
                    self.expect(Kind::Colon)?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn operand(&mut self) -> Parsed {
        while matches!(self.peek(), Kind::Minus | Kind::Bang) {
            self.read();
        }
        let (kind, token) = self.next();
        match kind {
            Kind::OParen => {
                self.read();
                self.inside(false, |reader| {
                    reader.expression()?;
                    reader.expect(Kind::CParen)
                })?;
            }
            Kind::NumberLit if Number::parse(self.text(token)).is_some() => {
                self.read();
            }
            Kind::Ident => {
                self.read();
                if matches!(self.peek(), Kind::OParen | Kind::DoubleColon) {
                    self.call()?;
                }
            }
            Kind::OQuote => {
                self.read();
                self.template(Kind::CQuote)?;
            }
            Kind::OHeredoc => {
                self.read();
                self.template(Kind::CHeredoc)?;
            }
            Kind::OBrack => {
                self.read();
                self.inside(false, Self::tuple)?;
            }
            Kind::OBrace => {
                self.read();
                let around = std::mem::replace(&mut self.newlines, false);
                let is_for = self.word() == Some("for");
                self.newlines = around;
                match is_for {
                    true => self.inside(false, |reader| reader.for_expression(Kind::CBrace))?,
                    false => self.inside(true, Self::object)?,
                }
            }
            _ => return self.fail(),
        }
        self.traversals()
    }

    fn traversals(&mut self) -> Parsed {
        loop {
            match self.peek() {
                Kind::Dot => {
                    self.read();
                    if self.peek() != Kind::Star {
                        self.step()?;
                        continue;
                    }
                    self.read();
                    while self.peek() == Kind::Dot {
                        self.read();
                        self.step()?;
                    }
                }
                Kind::OBrack => {
                    self.read();
                    if self.peek() == Kind::Star {
                        self.read();
                        self.expect(Kind::CBrack)?;
                        continue;
                    }
                    self.inside(false, |reader| {
                        reader.expression()?;
                        reader.expect(Kind::CBrack)
                    })?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// What follows a dot: a name, or a number as Terraform's first versions had it.
    fn step(&mut self) -> Parsed {
        let (kind, token) = self.next();
        match kind {
            Kind::NumberLit if self.text(token).contains('.') || Number::parse(self.text(token)).is_none() => {
                self.fail()
            }
            Kind::Ident | Kind::NumberLit => {
                self.read();
                Ok(())
            }
            _ => self.fail(),
        }
    }

    fn call(&mut self) -> Parsed {
        while self.peek() == Kind::DoubleColon {
            self.read();
            self.expect(Kind::Ident)?;
        }
        self.expect(Kind::OParen)?;
        self.inside(false, |reader| {
            while reader.peek() != Kind::CParen {
                reader.expression()?;
                match reader.peek() {
                    Kind::Comma => {
                        reader.read();
                    }
                    Kind::Ellipsis => {
                        reader.read();
                        break;
                    }
                    _ => break,
                }
            }
            reader.expect(Kind::CParen)
        })
    }

    fn tuple(&mut self) -> Parsed {
        if self.word() == Some("for") {
            return self.for_expression(Kind::CBrack);
        }
        while self.peek() != Kind::CBrack {
            self.expression()?;
            if self.peek() != Kind::Comma {
                break;
            }
            self.read();
        }
        self.expect(Kind::CBrack)
    }

    fn object(&mut self) -> Parsed {
        loop {
            match self.peek() {
                Kind::Newline => {
                    self.read();
                    continue;
                }
                Kind::CBrace => break,
                _ => self.expression()?,
            }
            match self.peek() {
                Kind::Equal | Kind::Colon => self.read(),
                _ => return self.fail(),
            };
            self.expression()?;
            match self.peek() {
                Kind::Comma => {}
                Kind::Newline => self.found.line_ends.push((self.next().1, LineEnd::Item)),
                _ => break,
            }
            self.read();
        }
        self.expect(Kind::CBrace)
    }

    fn for_expression(&mut self, end: Kind) -> Parsed {
        self.read();
        self.for_names()?;
        self.expect(Kind::Colon)?;
        self.expression()?;
        let has_key = self.peek() == Kind::FatArrow;
        if has_key != (end == Kind::CBrace) {
            return self.fail();
        }
        if has_key {
            self.read();
            self.expression()?;
            if self.peek() == Kind::Ellipsis {
                self.read();
            }
        }
        if self.word() == Some("if") {
            self.read();
            self.expression()?;
        }
        self.expect(end)
    }

    /// `k, v in EXPR`.
    fn for_names(&mut self) -> Parsed {
        self.expect(Kind::Ident)?;
        if self.peek() == Kind::Comma {
            self.read();
            self.expect(Kind::Ident)?;
        }
        if self.word() != Some("in") {
            return self.fail();
        }
        self.read();
        self.expression()
    }
}
