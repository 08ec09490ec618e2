//! Object constructors.

use super::super::ast::{Expr, ObjectKey};
use super::super::convert::convert;
use super::super::nfc::nfc;
use super::super::types::Type;
use super::super::value::{Kind, Marks, Value};
use super::{Evaluator, unknown};
use std::sync::Arc;

impl Evaluator<'_> {
    /// The last of equal keys counts. An unknown key makes the object unknown; marks of keys pass to the object.
    pub(super) fn object(&mut self, items: &[(ObjectKey, Expr)]) -> Value {
        let mut entries: Vec<(Arc<str>, Value)> = Vec::with_capacity(items.len());
        let mut marks = Marks::NONE;
        let mut known = true;
        for (key, value) in items {
            let key = match key {
                ObjectKey::Name(name, _) => Some(Kind::String(nfc(name.clone())).into()),
                ObjectKey::Expr(expr) => self.object_key(expr),
            };
            let value = self.expr(value);
            let Some(key) = key else {
                known = false;
                continue;
            };
            marks = marks.and(key.marks);
            match key.kind {
                Kind::String(name) => entries.push((name, value)),
                _ => known = false,
            }
        }
        let value = if known { Value::object(entries) } else { unknown() };
        value.marked(marks)
    }

    fn object_key(&mut self, expr: &Expr) -> Option<Value> {
        let value = self.expr(expr);
        if value.is_null() {
            self.error("Null value as key", "Can't use a null value as a key.", expr.span, expr);
            return None;
        }
        match convert(&value, &Type::String) {
            Ok(key) => Some(key),
            Err(e) => {
                let detail = format!("Can't use this value as a key: {}.", e.message);
                self.error("Incorrect key type", detail, expr.span, expr);
                None
            }
        }
    }
}
