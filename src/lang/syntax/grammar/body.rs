//! Bodies: arguments, blocks and their labels, and the line ends between them.

use super::super::super::ast::{Attribute, Block, Body, Label};
use super::super::escape::unescape;
use super::super::token::Kind;
use super::{Fault, Parsed, Place, Reader, Within};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

impl Reader<'_> {
    pub(super) fn body(&mut self, end: Kind, of_variable: bool) -> Parsed<Body> {
        let mut body = Body::default();
        let mut names = HashSet::new();
        loop {
            match self.peek() {
                kind if kind == end => {
                    self.read();
                    return Ok(body);
                }
                Kind::Newline => {
                    self.read();
                }
                Kind::Ident => {
                    let name = self.read();
                    if self.peek() != Kind::Equal {
                        body.blocks.push(self.block(name)?);
                        self.line_end(Fault::AfterBlock)?;
                        continue;
                    }
                    let attribute = self.argument(name, of_variable, false)?;
                    match names.insert(self.text(name)) {
                        true => body.attributes.push(attribute),
                        false => self.faults.push(self.refused(name, Fault::Repeated)),
                    }
                    self.line_end(Fault::AfterArgument)?;
                }
                _ => return self.fail(Fault::Item),
            }
        }
    }

    /// The end of the file is read by the body around.
    fn line_end(&mut self, fault: Fault) -> Parsed {
        match self.peek() {
            Kind::Eof => Ok(()),
            _ => self.expect(Kind::Newline, fault).map(drop),
        }
    }

    fn argument(&mut self, name: usize, of_variable: bool, one_line: bool) -> Parsed<Attribute> {
        self.expect(Kind::Equal, Fault::Definition)?;
        let (first, start) = self.next();
        let expr = self.expression()?;
        let tokens = start..self.at;
        if of_variable && self.text(name) == "type" {
            self.places.push(Place::Type(tokens));
        } else if first == Kind::OQuote && tokens.len() >= 5 {
            self.places.push(Place::Value { expr: tokens, one_line });
        }
        Ok(Attribute { name: self.name(name), name_span: self.span(name), expr: Arc::new(expr) })
    }

    fn block(&mut self, name: usize) -> Parsed<Block> {
        let (mut labels, mut places) = (Vec::new(), Vec::new());
        loop {
            let (kind, start) = self.next();
            labels.push(match kind {
                Kind::OBrace => break,
                Kind::Ident => {
                    let text = self.name(start);
                    self.read();
                    Label { text, span: self.span(start) }
                }
                Kind::OQuote => Label { text: self.label()?, span: self.since(start) },
                _ if labels.is_empty() => return self.fail_at(name, Fault::Definition),
                _ => return self.fail(Fault::Header),
            });
            places.push(start..self.at);
        }
        let span = self.since(name);
        if let Some(last) = places.last() {
            let all = name + 1..last.end;
            self.places.push(Place::Labels { all, labels: places });
        }
        self.read();
        let of_variable = self.depth == 0 && self.text(name) == "variable";
        let body = self.inside(Within::Block, true, |reader| match reader.peek() {
            Kind::Newline | Kind::Eof | Kind::CBrace => reader.body(Kind::CBrace, of_variable),
            _ => reader.one_line(of_variable),
        })?;
        Ok(Block { kind: self.name(name), kind_span: self.span(name), labels, body: Arc::new(body), span })
    }

    /// The one argument of a block in one line.
    fn one_line(&mut self, of_variable: bool) -> Parsed<Body> {
        let name = self.expect(Kind::Ident, Fault::OneLineItem)?;
        if self.peek() != Kind::Equal {
            return self.fail_at(name, Fault::OneLineItem);
        }
        let attributes = vec![self.argument(name, of_variable, true)?];
        self.expect(Kind::CBrace, Fault::OneLineEnd)?;
        Ok(Body { attributes, ..Body::default() })
    }

    fn label(&mut self) -> Parsed<Arc<str>> {
        self.read();
        self.open.push((Within::Quotes, self.at.saturating_sub(1)));
        let mut label = Cow::Borrowed("");
        loop {
            let (kind, token) = self.next();
            match kind {
                Kind::CQuote => {
                    self.read();
                    self.open.pop();
                    return Ok(self.literal(label));
                }
                Kind::QuotedLit if let Ok(part) = unescape(self.text(token)) => {
                    label += part;
                    self.read();
                }
                _ => return self.fail(Fault::Label),
            }
        }
    }
}
