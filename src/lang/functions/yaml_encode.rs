//! `yamlencode`: block style with two spaces, text in double quotes or, over several lines, as a literal block.
//!
//! The layout is that of libyaml's emitter, which Terraform uses: configurations compare such texts byte by byte.

use super::signature::{Args, Function, Shape, function, param};
use crate::lang::Entries;
use crate::lang::value::{Kind, Value};

pub(super) const FUNCTIONS: &[Function] = &[function(
    "yamlencode",
    &[param("value", Shape::Any).nullable().wholly().untyped()],
    Shape::String,
    |args: &Args<'_>| {
        let mut out = Emitter { out: String::new(), column: 0, indented: true, space: true };
        out.node(args.at(0), 0, Place::Root);
        Ok(Value::string(out.finish(args.at(0))))
    },
)];

/// Columns after which a space of a text in quotes may become a line break.
const WIDTH: usize = 80;
/// Columns of one level.
const STEP: usize = 2;
/// Bytes of the longest key that stands before its colon on one line.
const LONGEST_SIMPLE_KEY: usize = 128;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    Value,
    Key,
}

struct Emitter {
    out: String,
    /// Characters since the last line break.
    column: usize,
    /// Only indentation and indicators stand on this line so far.
    indented: bool,
    /// The last character separates.
    space: bool,
}

impl Emitter {
    /// `indent` is where the parts of the node start, should it be a collection.
    fn node(&mut self, value: &Value, indent: usize, place: Place) {
        match &value.kind {
            Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => match elements.is_empty() {
                true => self.indicator("[]", true, false, false),
                false => self.sequence(elements, indent, place),
            },
            Kind::Map(_, entries) | Kind::Object(entries) => match entries.is_empty() {
                true => self.indicator("{}", true, false, false),
                false => self.mapping(entries, indent),
            },
            Kind::String(text) => self.text(text, indent, place),
            Kind::Bool(b) => self.indicator(if *b { "true" } else { "false" }, true, false, false),
            Kind::Number(n) => self.indicator(&n.to_string(), true, false, false),
            Kind::Null(_) | Kind::Unknown(..) => self.indicator("null", true, false, false),
        }
    }

    fn sequence(&mut self, elements: &[Value], indent: usize, place: Place) {
        // Under a key the dashes stand below the key itself.
        let indent = if place == Place::Value && !self.indented { indent - STEP } else { indent };
        for element in elements {
            self.line(indent);
            self.indicator("-", true, false, true);
            self.node(element, indent + STEP, Place::Item);
        }
    }

    fn mapping(&mut self, entries: &Entries, indent: usize) {
        for (key, value) in entries {
            self.line(indent);
            if key.len() <= LONGEST_SIMPLE_KEY && !key.contains(is_break) {
                self.text(key, indent, Place::Key);
                self.indicator(":", false, false, false);
            } else {
                self.indicator("?", true, false, true);
                self.text(key, indent + STEP, Place::Item);
                self.line(indent);
                self.indicator(":", true, false, true);
            }
            self.node(value, indent + STEP, Place::Value);
        }
    }

    fn text(&mut self, text: &str, indent: usize, place: Place) {
        let indent = if place == Place::Root { STEP } else { indent };
        if text.contains('\n') && place != Place::Key && literal_is_faithful(text) {
            self.literal(text, indent);
        } else {
            self.quoted(text, indent, place != Place::Key);
        }
    }

    fn literal(&mut self, text: &str, indent: usize) {
        let mut hint = String::from("|");
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            hint.push_str(&STEP.to_string());
        }
        let mut from_end = text.chars().rev();
        match (from_end.next().is_some_and(is_break), from_end.next().is_none_or(is_break)) {
            (false, _) => hint.push('-'),
            (true, true) => hint.push('+'),
            (true, false) => {}
        }
        self.indicator(&hint, true, false, false);
        self.end_line();
        let mut breaks = true;
        for c in text.chars() {
            if is_break(c) {
                self.push(c);
                self.column = 0;
                self.indented = true;
                breaks = true;
            } else {
                if breaks {
                    self.line(indent);
                }
                self.push(c);
                self.indented = false;
                breaks = false;
            }
        }
    }

    fn quoted(&mut self, text: &str, indent: usize, may_fold: bool) {
        self.indicator("\"", true, false, false);
        let mut chars = text.char_indices().peekable();
        let mut after_space = false;
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            if c == ' ' && may_fold && !after_space && self.column > WIDTH && at > 0 && next.is_some() {
                self.line(indent);
                if next == Some(' ') {
                    self.push('\\');
                }
            } else {
                match escape(c) {
                    Some(escaped) => escaped.chars().for_each(|c| self.push(c)),
                    None => self.push(c),
                }
            }
            after_space = c == ' ';
        }
        self.indicator("\"", false, false, false);
    }

    fn indicator(&mut self, text: &str, needs_space: bool, is_space: bool, is_indentation: bool) {
        if needs_space && !self.space {
            self.push(' ');
        }
        text.chars().for_each(|c| self.push(c));
        self.space = is_space;
        self.indented &= is_indentation;
    }

    /// To the column `indent`, on a line of its own unless only indentation stands there.
    fn line(&mut self, indent: usize) {
        if !self.indented || self.column > indent || (self.column == indent && !self.space) {
            self.end_line();
        }
        while self.column < indent {
            self.push(' ');
        }
        self.space = true;
        self.indented = true;
    }

    fn end_line(&mut self) {
        self.out.push('\n');
        self.column = 0;
        self.space = true;
        self.indented = true;
    }

    fn push(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn finish(mut self, root: &Value) -> String {
        self.line(0);
        if matches!(root.kind, Kind::Bool(_) | Kind::Number(_) | Kind::Null(_)) {
            self.out.push_str("...\n");
        }
        self.out
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

/// True where a literal block reads back as the same text.
fn literal_is_faithful(text: &str) -> bool {
    let space_before_break = text.chars().zip(text.chars().skip(1)).any(|(c, next)| c == ' ' && is_break(next));
    !space_before_break && !text.ends_with(' ') && text.chars().all(is_printable)
}

fn escape(c: char) -> Option<String> {
    if is_printable(c) && !is_break(c) && !matches!(c, '"' | '\\') {
        return None;
    }
    Some(match c {
        '\0' => "\\0".into(),
        '\u{7}' => "\\a".into(),
        '\u{8}' => "\\b".into(),
        '\t' => "\\t".into(),
        '\n' => "\\n".into(),
        '\u{b}' => "\\v".into(),
        '\u{c}' => "\\f".into(),
        '\r' => "\\r".into(),
        '\u{1b}' => "\\e".into(),
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        '\u{85}' => "\\N".into(),
        '\u{2028}' => "\\L".into(),
        '\u{2029}' => "\\P".into(),
        c if u32::from(c) <= 0xff => format!("\\x{:02X}", u32::from(c)),
        c if u32::from(c) <= 0xffff => format!("\\u{:04X}", u32::from(c)),
        c => format!("\\U{:08X}", u32::from(c)),
    })
}
