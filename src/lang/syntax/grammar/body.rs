//! Bodies: arguments, blocks and their labels, and the line ends between them.

use super::super::token::Kind;
use super::template::escapes_are_good;
use super::{Fault, LineEnd, Parsed, Place, Reader, Within};
use std::collections::HashSet;

impl Reader<'_> {
    pub(super) fn body(&mut self, end: Kind, of_variable: bool) -> Parsed {
        let mut names = HashSet::new();
        loop {
            match self.peek() {
                kind if kind == end => {
                    self.read();
                    return Ok(());
                }
                Kind::Newline => self.line_end(Fault::Item)?,
                Kind::Ident => {
                    let (_, name) = self.next();
                    self.read();
                    if self.peek() != Kind::Equal {
                        self.block(name)?;
                        self.line_end(Fault::AfterBlock)?;
                        continue;
                    }
                    if !names.insert(self.text(name)) {
                        self.found.repeated.get_or_insert(name);
                    }
                    self.argument(of_variable && self.text(name) == "type", false)?;
                    self.line_end(Fault::AfterArgument)?;
                }
                _ => return self.fail(Fault::Item),
            }
        }
    }

    fn line_end(&mut self, fault: Fault) -> Parsed {
        match self.peek() {
            // The end of the file is read by the body around.
            Kind::Eof => Ok(()),
            _ => {
                let meaning = if self.depth == 0 { LineEnd::TopLevel } else { LineEnd::Block };
                self.found.line_ends.push((self.next().1, meaning));
                self.expect(Kind::Newline, fault)
            }
        }
    }

    fn argument(&mut self, is_type: bool, one_line: bool) -> Parsed {
        self.expect(Kind::Equal, Fault::Definition)?;
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
                _ if labels.is_empty() => return self.fail_at(name, Fault::Definition),
                _ => return self.fail(Fault::Header),
            }
            labels.push(start..self.at);
        }
        if let Some(last) = labels.last() {
            let all = name + 1..last.end;
            self.found.places.push(Place::Labels { all, labels });
        }
        self.read();
        let of_variable = self.depth == 0 && self.text(name) == "variable";
        self.inside(Within::Block, true, |reader| match reader.peek() {
            Kind::Newline | Kind::Eof | Kind::CBrace => reader.body(Kind::CBrace, of_variable),
            _ => {
                let is_type = of_variable && reader.word() == Some("type");
                let (_, name) = reader.next();
                reader.expect(Kind::Ident, Fault::OneLineItem)?;
                if reader.peek() != Kind::Equal {
                    return reader.fail_at(name, Fault::OneLineItem);
                }
                reader.argument(is_type, true)?;
                reader.expect(Kind::CBrace, Fault::OneLineEnd)
            }
        })
    }

    fn label(&mut self) -> Parsed {
        self.read();
        self.open.push((Within::Quotes, self.at.saturating_sub(1)));
        loop {
            let (kind, token) = self.next();
            match kind {
                Kind::CQuote => {
                    self.read();
                    self.open.pop();
                    return Ok(());
                }
                Kind::QuotedLit if escapes_are_good(self.text(token)) => self.read(),
                _ => return self.fail(Fault::Label),
            };
        }
    }
}
