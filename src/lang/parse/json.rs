//! JSON as configuration: the tree that the language's own syntax makes. JSON does not show what is a block: a [`Shape`]
//! says it. Texts are templates, and expressions where the language wants a name or a type.

use super::super::ast::{Attribute, Block, Body, Expr, ExprKind, Label, Literal, ObjectKey};
use super::super::json::nests_within;
use super::super::nfc::nfc;
use super::super::syntax::grammar::{self, DEEPEST};
use super::super::syntax::{Source, scan};
use super::refusal::{repeated, told};
use crate::diag::{Diagnostic, Diagnostics, FileId, Span};
use jsonc_parser::ast::{ObjectProp, ObjectPropName, StringLit, Value};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use std::sync::Arc;

/// What may stand in a body.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The kinds of its blocks, how many labels each has, and what it holds.
    pub blocks: &'static [(&'static str, usize, &'static Shape)],
    /// Arguments whose texts mean something else than those of the others.
    pub texts: &'static [(&'static str, Meaning)],
    /// What the texts of the other arguments are.
    pub others: Meaning,
    /// An object of another name is a block too, of an unknown kind.
    pub blocks_alone: bool,
    /// As a block it may have one label more than is said: where it holds nothing but objects, their names are labels.
    pub may_be_named: bool,
}

impl Shape {
    /// Arguments alone, whose texts are templates.
    pub const ARGUMENTS: Shape =
        Shape { blocks: &[], texts: &[], others: Meaning::Template, blocks_alone: false, may_be_named: false };
    /// Arguments alone, whose texts are what they say: values of variables.
    pub const VALUES: Shape = Shape { others: Meaning::Literal, ..Shape::ARGUMENTS };
}

/// What a text of JSON is.
#[derive(Clone, Copy, Debug)]
pub enum Meaning {
    /// A template: `"a-${var.b}"`.
    Template,
    /// An expression: a reference, a type.
    Code,
    /// Itself.
    Literal,
}

/// JSON and nothing more.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Parses a configuration file in JSON. Errors are pushed with their place.
pub fn parse_json_body(file: FileId, text: &str, shape: &Shape, diags: &mut Diagnostics) -> Body {
    let unread = Body { incomplete: true, ..Body::default() };
    let mut reader = Reader { file, text, diags, incomplete: false };
    let all = Range::new(0, text.len());
    if !nests_within(text.as_bytes(), DEEPEST) {
        reader.refuse("Invalid JSON", format!("The file nests deeper than {DEEPEST} levels."), all);
        return unread;
    }
    match parse_to_ast(text, &CollectOptions::default(), &STRICT).map(|read| read.value) {
        Ok(Some(value)) => {
            let body = reader.body(&value, shape);
            Body { incomplete: reader.incomplete, ..body }
        }
        Ok(None) => {
            reader.refuse("Invalid JSON", "The file is empty. Write an object: {}.".into(), all);
            unread
        }
        Err(error) => {
            let detail = format!("This is no JSON: {}.", error.kind().to_string().to_lowercase());
            reader.refuse("Invalid JSON", detail, error.range());
            unread
        }
    }
}

struct Reader<'a, 'd> {
    file: FileId,
    text: &'a str,
    diags: &'d mut Diagnostics,
    /// Something is left out that could not be read.
    incomplete: bool,
}

impl Reader<'_, '_> {
    fn span(&self, range: Range) -> Span {
        Source::whole(self.file, self.text).span(range.start..range.end)
    }

    fn refuse(&mut self, summary: &str, detail: String, at: Range) {
        self.diags.push(Diagnostic::error(summary, detail).at(self.span(at)));
    }

    fn body(&mut self, value: &Value<'_>, shape: &Shape) -> Body {
        let mut body = Body::default();
        // Values are not laid together from parts, as a configuration may be.
        if matches!(shape.others, Meaning::Literal) && !matches!(value, Value::Object(_)) {
            let detail = "A JSON object is required here, with the values of variables by name.".to_owned();
            self.refuse("Incorrect JSON value type", detail, value.range());
            self.incomplete = true;
            return body;
        }
        for property in self.properties(value, "arguments and blocks") {
            let (name, name_span) = self.name(property);
            let known = shape.blocks.iter().find(|(kind, ..)| **kind == *name);
            let nests = matches!(property.value, Value::Object(_) | Value::Array(_));
            let block = match known {
                Some((_, labels, inner)) => Some((*labels, *inner)),
                None => (shape.blocks_alone && nests).then_some((0, &Shape::ARGUMENTS)),
            };
            if let Some((labels, inner)) = block {
                let header = Header { kind: &name, span: name_span, shape: inner };
                self.blocks(&header, labels, &mut Vec::new(), &property.value, &mut body.blocks);
            } else if body.attributes.iter().any(|other| other.name == name) {
                self.diags.push(repeated(&name, name_span));
            } else {
                let special = shape.texts.iter().find(|(special, _)| **special == *name);
                let meaning = special.map_or(shape.others, |(_, meaning)| *meaning);
                if let Some(expr) = self.expr(&property.value, meaning) {
                    body.attributes.push(Attribute { name, name_span, expr: Arc::new(expr) });
                }
            }
        }
        body
    }

    /// The properties of an object, or of all objects of an array. `"//"` is a comment.
    fn properties<'v, 'j>(&mut self, value: &'v Value<'j>, what: &str) -> Vec<&'v ObjectProp<'j>> {
        let objects = match value {
            Value::NullKeyword(_) => return Vec::new(),
            Value::Array(array) => array.elements.iter().collect(),
            other => vec![other],
        };
        let mut found = Vec::new();
        for value in objects {
            match value {
                Value::Object(object) => found.extend(&object.properties),
                other => {
                    let detail = format!("An object is required here, with {what}.");
                    self.refuse("Incorrect JSON value type", detail, other.range());
                    self.incomplete = true;
                }
            }
        }
        found.retain(|property| property.name.as_str() != "//");
        found
    }

    /// One block for each object behind the labels that are left.
    fn blocks(
        &mut self,
        header: &Header<'_>,
        left: usize,
        labels: &mut Vec<Label>,
        value: &Value<'_>,
        found: &mut Vec<Block>,
    ) {
        if let Some(left) = left.checked_sub(1) {
            let properties = self.properties(value, "labels as names");
            if properties.is_empty() {
                let detail = format!("An object is required here, whose names are labels of {} blocks.", header.kind);
                self.refuse("Missing block label", detail, value.range());
            }
            for property in properties {
                let (text, span) = self.name(property);
                labels.push(Label { text, span });
                self.blocks(header, left, labels, &property.value, found);
                labels.pop();
            }
            return;
        }
        let bodies = match value {
            Value::NullKeyword(_) => Vec::new(),
            Value::Array(array) => array.elements.iter().collect(),
            other => vec![other],
        };
        for value in bodies {
            if !matches!(value, Value::Object(_) | Value::Array(_) | Value::NullKeyword(_)) {
                let detail = format!("An object is required here: what a {} block holds.", header.kind);
                self.refuse("Incorrect JSON value type", detail, value.range());
                self.incomplete = true;
                continue;
            }
            if header.shape.may_be_named && labels.is_empty() && holds_blocks(value) {
                self.blocks(header, 1, labels, value, found);
                continue;
            }
            found.push(Block {
                kind: header.kind.clone(),
                kind_span: header.span,
                labels: labels.clone(),
                body: Arc::new(self.body(value, header.shape)),
                // What stands between the kind and the last label may be other blocks.
                span: labels.last().map_or(header.span, |label| label.span),
            });
        }
    }

    fn name(&self, property: &ObjectProp<'_>) -> (Arc<str>, Span) {
        (nfc(property.name.as_str()), self.span(property.name.range()))
    }

    /// `None` for code that cannot be read.
    fn expr(&mut self, value: &Value<'_>, meaning: Meaning) -> Option<Expr> {
        let kind = match value {
            Value::StringLit(text) => return self.string(text, meaning),
            Value::NumberLit(number) => match Literal::parse(number.value) {
                Some(number) => ExprKind::Number(Arc::new(number)),
                None => {
                    self.refuse("Invalid number literal", "The number is too large.".into(), number.range);
                    ExprKind::Null
                }
            },
            Value::BooleanLit(bool) => ExprKind::Bool(bool.value),
            Value::NullKeyword(_) => ExprKind::Null,
            Value::Array(array) => {
                ExprKind::Tuple(array.elements.iter().filter_map(|element| self.expr(element, meaning)).collect())
            }
            Value::Object(object) => {
                let mut names: Vec<&str> = Vec::new();
                let mut items = Vec::new();
                for property in &object.properties {
                    let name = property.name.as_str();
                    if names.contains(&name) {
                        let detail = format!("An attribute named \"{name}\" stands in this object already.");
                        self.refuse("Duplicate object attribute", detail, property.name.range());
                        continue;
                    }
                    names.push(name);
                    let meaning_of_name = if let Meaning::Template = meaning { meaning } else { Meaning::Literal };
                    let key = match &property.name {
                        ObjectPropName::String(text) => {
                            self.string(text, meaning_of_name).map(|key| ObjectKey::Expr(Box::new(key)))
                        }
                        ObjectPropName::Word(word) => Some(ObjectKey::Name(nfc(word.value), self.span(word.range))),
                    };
                    items.extend(key.zip(self.expr(&property.value, meaning)));
                }
                ExprKind::Object(items.into())
            }
        };
        Some(Expr { kind, span: self.span(value.range()) })
    }

    fn string(&mut self, literal: &StringLit<'_>, meaning: Meaning) -> Option<Expr> {
        let span = self.span(literal.range);
        let text = &*literal.value;
        let inside = literal.range.start + 1;
        let raw = self.text.get(inside..literal.range.end.saturating_sub(1)).unwrap_or_default();
        if raw.bytes().any(|byte| byte < b' ') {
            let detail = "A text of JSON holds no line ends, tabs and other control characters: write \\n, \\t.";
            self.refuse("Invalid JSON", detail.into(), literal.range);
        }
        let places = (raw != text).then(|| places(raw, inside));
        let source = Source { file: self.file, text, base: inside, places: places.as_deref() };
        match meaning {
            Meaning::Template if text.contains(['$', '%']) => {
                let read = grammar::read_template(source, &scan::scan_template(text));
                Some(told(source, read, self.diags).unwrap_or(Expr { kind: ExprKind::Null, span }))
            }
            Meaning::Code => {
                let read = told(source, grammar::read_expression(source, &scan::scan_expression(text)), self.diags);
                self.incomplete |= read.is_none();
                read
            }
            Meaning::Template | Meaning::Literal => Some(Expr { kind: ExprKind::String(nfc(text)), span }),
        }
    }
}

/// Whether an object holds objects, or arrays of objects, and nothing else.
fn holds_blocks(value: &Value<'_>) -> bool {
    let is_object = |value: &Value<'_>| matches!(value, Value::Object(_));
    let is_block = |value: &Value<'_>| match value {
        Value::Array(array) => !array.elements.is_empty() && array.elements.iter().all(is_object),
        other => is_object(other),
    };
    let Value::Object(object) = value else { return false };
    let mut members = object.properties.iter().filter(|property| property.name.as_str() != "//").peekable();
    members.peek().is_some() && members.all(|property| is_block(&property.value))
}

/// What the blocks of one property have in common.
struct Header<'a> {
    kind: &'a Arc<str>,
    span: Span,
    shape: &'a Shape,
}

/// Where each byte of a text stands in the file that writes it with escapes.
fn places(raw: &str, start: usize) -> Vec<usize> {
    let mut places = Vec::with_capacity(raw.len());
    let mut at = start;
    let mut rest = raw;
    while let Some(first) = rest.chars().next() {
        let code = |from: usize| rest.get(from..from + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let (written, bytes) = match rest.as_bytes() {
            [b'\\', b'u', ..] => match (code(2), rest.get(6..8), code(8)) {
                (Some(0xd800..=0xdbff), Some("\\u"), Some(_)) => (12, 4),
                (Some(code), ..) => (6, char::from_u32(code).map_or(3, char::len_utf8)),
                (None, ..) => (2, 1),
            },
            [b'\\', ..] => (2, 1),
            _ => (first.len_utf8(), first.len_utf8()),
        };
        places.extend((0..bytes).map(|byte| at + byte.min(written - 1)));
        at += written;
        rest = rest.get(written..).unwrap_or_default();
    }
    places.push(at);
    places
}
