//! Terraform's grammar over tokens. Finds the line ends that count, and the expressions and labels that formatting
//! writes anew.

mod body;
mod fault;
mod template;

use super::super::number::Number;
use super::token::{Kind, Texts, Token};
pub(in crate::lang) use fault::{Fault, Within};
use std::ops::Range;

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
    /// Why.
    pub(in crate::lang) fault: Fault,
    /// What it stands inside of, and the token that opens that.
    pub(in crate::lang) within: Option<(Within, usize)>,
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
    /// The first name of an argument that stands in its body already.
    repeated: Option<usize>,
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
        reader.expect(Kind::Eof, Fault::End)
    })
}

fn read_with<'a>(
    tokens: &'a [Token],
    texts: &'a Texts<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Parsed,
) -> Parsed<Read> {
    let mut reader =
        Reader { tokens, texts, at: 0, newlines: true, depth: 0, open: Vec::new(), found: Read::default() };
    read(&mut reader)?;
    match reader.found.repeated {
        Some(token) => Err(Misplaced { token, fault: Fault::Repeated, within: None }),
        None => Ok(reader.found),
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    texts: &'a Texts<'a>,
    at: usize,
    /// Line ends count here.
    newlines: bool,
    depth: usize,
    /// What is open, and the token that opened it.
    open: Vec<(Within, usize)>,
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

    fn fail<T>(&self, fault: Fault) -> Parsed<T> {
        self.fail_at(self.next().1, fault)
    }

    fn fail_at<T>(&self, token: usize, fault: Fault) -> Parsed<T> {
        Err(Misplaced { token, fault, within: self.open.last().copied() })
    }

    fn expect(&mut self, wanted: Kind, fault: Fault) -> Parsed {
        match self.peek() == wanted {
            true => {
                self.read();
                Ok(())
            }
            false => self.fail(fault),
        }
    }

    /// Reads one level deeper, behind the token that opens it, with line ends that count or not.
    fn inside<T>(&mut self, within: Within, newlines: bool, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEEPEST {
            return self.fail(Fault::TooDeep);
        }
        self.open.push((within, self.at.saturating_sub(1)));
        let around = std::mem::replace(&mut self.newlines, newlines);
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        self.open.pop();
        self.newlines = around;
        read
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
                    self.inside(Within::Conditional, newlines, Self::expression)?;
                    self.expect(Kind::Colon, Fault::Otherwise)?;
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
                self.inside(Within::Parentheses, false, |reader| {
                    reader.expression()?;
                    reader.expect(Kind::CParen, Fault::Parenthesis)
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
                self.template(Within::Quotes, Kind::CQuote)?;
            }
            Kind::OHeredoc => {
                self.read();
                self.template(Within::Heredoc, Kind::CHeredoc)?;
            }
            Kind::OBrack => {
                self.read();
                self.inside(Within::Tuple, false, Self::tuple)?;
            }
            Kind::OBrace => {
                self.read();
                let around = std::mem::replace(&mut self.newlines, false);
                let is_for = self.word() == Some("for");
                self.newlines = around;
                match is_for {
                    true => self.inside(Within::Object, false, |reader| reader.for_expression(Kind::CBrace))?,
                    false => self.inside(Within::Object, true, Self::object)?,
                }
            }
            _ => return self.fail(Fault::Operand),
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
                        self.expect(Kind::CBrack, Fault::Index)?;
                        continue;
                    }
                    self.inside(Within::Index, false, |reader| {
                        reader.expression()?;
                        reader.expect(Kind::CBrack, Fault::Index)
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
                self.fail(Fault::Step)
            }
            Kind::Ident | Kind::NumberLit => {
                self.read();
                Ok(())
            }
            _ => self.fail(Fault::Step),
        }
    }

    fn call(&mut self) -> Parsed {
        while self.peek() == Kind::DoubleColon {
            self.read();
            self.expect(Kind::Ident, Fault::FunctionName)?;
        }
        self.expect(Kind::OParen, Fault::Arguments)?;
        self.inside(Within::Call, false, |reader| {
            while reader.peek() != Kind::CParen {
                reader.expression()?;
                match reader.peek() {
                    Kind::Comma => {
                        reader.read();
                    }
                    Kind::Ellipsis => {
                        let (_, dots) = reader.next();
                        reader.read();
                        if reader.peek() != Kind::CParen {
                            return reader.fail_at(dots, Fault::Expanded);
                        }
                        break;
                    }
                    _ => break,
                }
            }
            reader.expect(Kind::CParen, Fault::Argument)
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
        self.expect(Kind::CBrack, Fault::Element)
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
                _ => return self.fail(Fault::AttributeValue),
            };
            self.expression()?;
            match self.peek() {
                Kind::Comma => {}
                Kind::Newline => self.found.line_ends.push((self.next().1, LineEnd::Item)),
                _ => break,
            }
            self.read();
        }
        self.expect(Kind::CBrace, Fault::Attribute)
    }

    fn for_expression(&mut self, end: Kind) -> Parsed {
        self.read();
        self.for_names()?;
        self.expect(Kind::Colon, Fault::ForColon)?;
        let (_, first) = self.next();
        self.expression()?;
        let has_key = self.peek() == Kind::FatArrow;
        if has_key != (end == Kind::CBrace) {
            return self.fail_at(first, if has_key { Fault::NoForKey } else { Fault::ForKey });
        }
        if has_key {
            self.read();
            self.expression()?;
            if self.peek() == Kind::Ellipsis {
                self.read();
            }
        } else if self.peek() == Kind::Ellipsis {
            return self.fail(Fault::NoGrouping);
        }
        if self.word() == Some("if") {
            self.read();
            self.expression()?;
        }
        self.expect(end, Fault::ForEnd)
    }

    /// `k, v in EXPR`.
    fn for_names(&mut self) -> Parsed {
        self.expect(Kind::Ident, Fault::ForName)?;
        if self.peek() == Kind::Comma {
            self.read();
            self.expect(Kind::Ident, Fault::ForName)?;
        }
        if self.word() != Some("in") {
            return self.fail(Fault::ForIn);
        }
        self.read();
        self.expression()
    }
}
