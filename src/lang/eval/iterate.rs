//! `for` expressions and splats.

use super::super::ast::{Expr, ForExpr, Step};
use super::super::convert::convert;
use super::super::number::Number;
use super::super::types::Type;
use super::super::value::{Kind, Marks, Refinements, Value};
use super::{Evaluator, unknown};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Evaluator<'_> {
    /// Keys and elements of what a `for` goes through; `None` where it is unknown or an error (which is pushed).
    pub(super) fn items(&mut self, value: &Value, expr: &Expr, around: &Expr) -> Option<Vec<(Value, Value)>> {
        match &value.kind {
            Kind::Null(_) => {
                let detail = "A null value cannot be used as the collection in a 'for' expression.";
                self.error("Iteration over null value", detail, expr.span, around);
                None
            }
            Kind::List(_, elements) | Kind::Tuple(elements) => {
                let numbered = elements.iter().enumerate();
                Some(numbered.map(|(i, element)| (Value::number(Number::from(i)), element.clone())).collect())
            }
            Kind::Set(_, elements) => Some(elements.iter().map(|element| (element.clone(), element.clone())).collect()),
            Kind::Map(_, entries) | Kind::Object(entries) => {
                Some(entries.iter().map(|(name, value)| (Value::string(name), value.clone())).collect())
            }
            Kind::Unknown(ty, _) if !ty.is_primitive() => None,
            _ => {
                let kind = value.ty().friendly_name();
                let detail = format!("A value of type {kind} cannot be used as the collection in a 'for' expression.");
                self.error("Iteration over non-iterable value", detail, expr.span, around);
                None
            }
        }
    }

    /// Evaluates with the names of one element bound.
    pub(super) fn bound<T>(
        &mut self,
        key_name: &Option<Arc<str>>,
        value_name: &Arc<str>,
        key: Value,
        value: Value,
        evaluate: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let depth = self.bindings.len();
        if let Some(name) = key_name {
            self.bindings.push((name.clone(), key));
        }
        self.bindings.push((value_name.clone(), value));
        let result = evaluate(self);
        self.bindings.truncate(depth);
        result
    }

    pub(super) fn for_expr(&mut self, expr: &ForExpr) -> Value {
        let collection = self.expr(&expr.collection);
        let mut gathered = Gathered { marks: collection.marks, known: true, ..Gathered::default() };
        let Some(items) = self.items(&collection, &expr.collection, &expr.collection) else {
            return unknown().marked(collection.marks);
        };
        for (key, value) in items {
            self.bound(&expr.key_name, &expr.value_name, key, value, |inner| inner.for_item(expr, &mut gathered));
        }
        gathered.value(expr)
    }

    fn for_item(&mut self, expr: &ForExpr, gathered: &mut Gathered) {
        if let Some(condition) = &expr.condition {
            let value = self.expr(condition);
            gathered.marks = gathered.marks.and(value.marks);
            if value.is_null() {
                let detail = "The value of the 'if' clause must not be null.";
                self.error("Condition is null", detail, condition.span, condition);
                gathered.known = false;
                return;
            }
            match convert(&value, &Type::Bool).map(|value| value.kind) {
                Ok(Kind::Bool(true)) => {}
                Ok(Kind::Bool(false)) => return,
                Ok(_) => {
                    gathered.known = false;
                    return;
                }
                Err(e) => {
                    let detail = format!("The 'if' clause value is invalid: {}.", e.message);
                    self.error("Invalid 'for' condition", detail, condition.span, condition);
                    gathered.known = false;
                    return;
                }
            }
        }
        let Some(key_expr) = &expr.key else {
            let value = self.expr(&expr.value);
            gathered.elements.push(value);
            return;
        };
        let Some(key) = self.for_key(key_expr) else {
            gathered.known = false;
            return;
        };
        gathered.marks = gathered.marks.and(key.marks);
        let value = self.expr(&expr.value);
        let Kind::String(name) = key.kind else {
            gathered.known = false;
            return;
        };
        let group = gathered.groups.entry(name.clone()).or_default();
        if !expr.group && !group.is_empty() {
            let detail = match gathered.marks.sensitive {
                true => "Two different items produced the same sensitive key in this 'for' expression. If duplicates are expected, use the ellipsis (...) after the value expression to enable grouping by key.".into(),
                false => format!("Two different items produced the key \"{name}\" in this 'for' expression. If duplicates are expected, use the ellipsis (...) after the value expression to enable grouping by key."),
            };
            self.error("Duplicate object key", detail, key_expr.span, key_expr);
            return;
        }
        group.push(value);
    }

    fn for_key(&mut self, expr: &Expr) -> Option<Value> {
        let value = self.expr(expr);
        if value.is_null() {
            let detail = "Key expression in 'for' expression must not produce a null value.";
            self.error("Invalid object key", detail, expr.span, expr);
            return None;
        }
        match convert(&value, &Type::String) {
            Ok(key) => Some(key),
            Err(e) => {
                let detail = format!("The key expression produced an invalid result: {}.", e.message);
                self.error("Invalid object key", detail, expr.span, expr);
                None
            }
        }
    }

    /// `base[*]`: each element of a sequence; null is an empty one, any other single value a sequence of one.
    pub(super) fn splat(&mut self, value: &Value, tail: &[Step], whole: &Expr) -> Value {
        let marks = value.marks;
        let ty = value.ty();
        let sequence = matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_));
        match &value.kind {
            Kind::Null(_) if sequence => {
                let detail = "Splat expressions (with the * symbol) cannot be applied to null sequences.";
                self.error("Splat of null value", detail, whole.span, whole);
                unknown()
            }
            Kind::Null(_) => Value::tuple(Vec::new()).marked(marks),
            Kind::Unknown(Type::Dynamic, _) => unknown().marked(marks),
            Kind::Unknown(..) if !sequence => {
                let (only, _) = value.unmarked();
                let element = self.follow(only, tail, whole);
                match value.is_definitely_not_null() {
                    true => Value::tuple(vec![element]).marked(marks),
                    // Null would give no element.
                    false => unknown().marked(marks),
                }
            }
            Kind::Unknown(Type::Tuple(types), _) => {
                let elements: Vec<Value> =
                    types.iter().map(|ty| self.follow(Value::unknown(ty.clone()), tail, whole)).collect();
                Value::unknown_not_null(Type::tuple(elements.iter().map(Value::ty))).marked(marks)
            }
            Kind::Unknown(_, refinements) => {
                let element = self.element_type(&ty, tail, whole);
                let length = refinements.as_ref().and_then(|refinements| refinements.length);
                Value::refined(Type::list(element), Refinements { not_null: true, length, ..Refinements::default() })
                    .marked(marks)
            }
            Kind::Tuple(elements) => {
                let results = elements.iter().map(|element| self.follow(element.clone(), tail, whole)).collect();
                Value::tuple(results).marked(marks)
            }
            Kind::List(_, elements) | Kind::Set(_, elements) => {
                let results: Vec<Value> =
                    elements.iter().map(|element| self.follow(element.clone(), tail, whole)).collect();
                let element = match results.first() {
                    None => self.element_type(&ty, tail, whole),
                    Some(first) => first.ty(),
                };
                // Elements of one type give results of one type, but for what depends on the value.
                match results.iter().all(|result| result.ty() == element) {
                    true => Value::list(element, results).marked(marks),
                    false => Value::tuple(results).marked(marks),
                }
            }
            _ => {
                let (only, _) = value.unmarked();
                Value::tuple(vec![self.follow(only, tail, whole)]).marked(marks)
            }
        }
    }

    fn element_type(&mut self, ty: &Type, tail: &[Step], whole: &Expr) -> Type {
        let element = Value::unknown(ty.element().cloned().unwrap_or(Type::Dynamic));
        self.follow(element, tail, whole).ty()
    }
}

/// What the items of a `for` gave so far.
#[derive(Default)]
struct Gathered {
    elements: Vec<Value>,
    groups: BTreeMap<Arc<str>, Vec<Value>>,
    marks: Marks,
    known: bool,
}

impl Gathered {
    fn value(self, expr: &ForExpr) -> Value {
        let value = match (self.known, &expr.key) {
            (false, _) => unknown(),
            (true, None) => Value::tuple(self.elements),
            (true, Some(_)) => Value::object(self.groups.into_iter().filter_map(|(name, mut values)| {
                let value = if expr.group { Value::tuple(values) } else { values.pop()? };
                Some((name, value))
            })),
        };
        value.marked(self.marks)
    }
}
