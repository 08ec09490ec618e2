//! Templates: interpolation and directives.

use super::super::ast::{Expr, TemplatePart};
use super::super::budget::{MOST_TEXT, may_be_text};
use super::super::convert::convert;
use super::super::types::Type;
use super::super::value::{Kind, Marks, Refinements, Value};
use super::Evaluator;
use super::branch::Decision;
use std::sync::Arc;

/// The text so far; `known` ends with the first unknown part.
struct Text {
    known: bool,
    /// More than one text may be: the rest is not taken.
    too_long: bool,
    text: String,
    marks: Marks,
}

impl Text {
    fn push(&mut self, text: &str) {
        self.too_long |= !may_be_text(self.text.len().saturating_add(text.len()));
        if self.known && !self.too_long {
            self.text.push_str(text);
        }
    }

    /// Appends what another template gave.
    fn append(&mut self, other: Text) {
        self.push(&other.text);
        self.known &= other.known;
        self.too_long |= other.too_long;
        self.marks = self.marks.and(other.marks);
    }

    fn value(self) -> Value {
        let value = match self.known {
            true => Value::string(&self.text),
            false => {
                let prefix = (!self.text.is_empty()).then(|| Arc::from(self.text.as_str()));
                Value::refined(Type::String, Refinements { not_null: true, prefix, ..Refinements::default() })
            }
        };
        value.marked(self.marks)
    }
}

impl Evaluator<'_> {
    /// A template that is only one interpolation is the value itself, not its text.
    pub(super) fn template(&mut self, parts: &[TemplatePart], whole: &Expr) -> Value {
        match parts {
            [TemplatePart::Interpolation(expr)] => self.expr(expr),
            _ => {
                let text = self.parts(parts, whole);
                let length = u64::try_from(text.text.len()).unwrap_or(u64::MAX) / 64;
                self.charge(length, length, whole);
                if text.too_long {
                    let detail = format!("The text would be longer than {} MiB.", MOST_TEXT >> 20);
                    self.error("Value too large", detail, whole.span, whole);
                    return Value::unknown(Type::String).marked(text.marks);
                }
                text.value()
            }
        }
    }

    fn parts(&mut self, parts: &[TemplatePart], whole: &Expr) -> Text {
        let mut text = Text { known: true, too_long: false, text: String::new(), marks: Marks::NONE };
        for part in parts {
            match part {
                TemplatePart::Text(literal) => text.push(literal),
                TemplatePart::Interpolation(expr) => self.interpolation(expr, whole, &mut text),
                TemplatePart::If(condition, yes, no) => {
                    let value = self.expr(condition);
                    text.marks = text.marks.and(value.marks);
                    match self.condition(&value, condition, whole) {
                        Decision::Yes => self.taken(yes, no, whole, &mut text),
                        Decision::No => self.taken(no, yes, whole, &mut text),
                        Decision::Unknown => {
                            let ((yes, no), _) = self.aside(|inner| (inner.parts(yes, whole), inner.parts(no, whole)));
                            text.marks = text.marks.and(yes.marks).and(no.marks);
                            text.known = false;
                        }
                        Decision::Failed => text.known = false,
                    }
                }
                TemplatePart::For { key_name, value_name, collection, body } => {
                    let value = self.expr(collection);
                    text.marks = text.marks.and(value.marks);
                    match self.items(&value, collection, whole) {
                        None => text.known = false,
                        Some(items) => {
                            for (key, item) in items {
                                let one = self.bound(key_name, value_name, key, item, |inner| inner.parts(body, whole));
                                text.append(one);
                            }
                        }
                    }
                }
            }
        }
        text
    }

    /// Appends one branch. The mark of the other is on the result too: which one was taken would tell of the condition.
    fn taken(&mut self, taken: &[TemplatePart], other: &[TemplatePart], whole: &Expr, text: &mut Text) {
        let (other, _) = self.aside(|inner| inner.parts(other, whole));
        text.append(self.parts(taken, whole));
        text.marks = text.marks.and(other.marks);
    }

    fn interpolation(&mut self, expr: &Expr, whole: &Expr, text: &mut Text) {
        const SUMMARY: &str = "Invalid template interpolation value";
        let value = self.expr(expr);
        text.marks = text.marks.and(value.marks);
        if value.is_null() {
            let detail = "The expression result is null. Cannot include a null value in a string template.";
            self.error(SUMMARY, detail, expr.span, whole);
            text.known = false;
            return;
        }
        if !value.is_known() && !value.ty().is_primitive() {
            // What cannot be text is told when it is known: so does Terraform.
            text.known = false;
            return;
        }
        match convert(&value, &Type::String) {
            Ok(Value { kind: Kind::String(part), .. }) => text.push(&part),
            Ok(unknown) => {
                if let Some(prefix) = unknown.refinements().and_then(|refinements| refinements.prefix) {
                    text.push(&prefix);
                }
                text.known = false;
            }
            Err(e) => {
                let detail = format!("Cannot include the given value in a string template: {}.", e.message);
                self.error(SUMMARY, detail, expr.span, whole);
                text.known = false;
            }
        }
    }
}
