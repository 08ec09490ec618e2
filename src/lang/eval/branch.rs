//! Conditionals.

use super::super::ast::{Conditional, Expr};
use super::super::convert::{convert, unify};
use super::super::types::Type;
use super::super::value::{Kind, Refinements, Value};
use super::{Evaluator, unknown};
use crate::diag::Diagnostics;

/// A condition, decided as far as it can be.
pub(super) enum Decision {
    Yes,
    No,
    Unknown,
    /// Reported.
    Failed,
}

impl Evaluator<'_> {
    pub(super) fn condition(&mut self, value: &Value, expr: &Expr, whole: &Expr) -> Decision {
        if value.is_null() {
            let detail = "The condition value is null. Conditions must either be true or false.";
            self.error("Null condition", detail, expr.span, whole);
            return Decision::Failed;
        }
        match convert(value, &Type::Bool).map(|value| value.kind) {
            Ok(Kind::Bool(true)) => Decision::Yes,
            Ok(Kind::Bool(false)) => Decision::No,
            Ok(_) => Decision::Unknown,
            Err(_) => {
                let detail = "The condition expression must be of type bool.";
                self.error("Incorrect condition type", detail, expr.span, whole);
                Decision::Failed
            }
        }
    }

    /// Evaluates aside: what goes wrong there counts only when the branch is taken.
    pub(super) fn aside<T>(&mut self, evaluate: impl FnOnce(&mut Evaluator<'_>) -> T) -> (T, Diagnostics) {
        let mut diags = Diagnostics::new();
        let mut inner = Evaluator {
            scope: self.scope,
            bindings: std::mem::take(&mut self.bindings),
            diags: &mut diags,
            steps: self.steps,
            spent: self.spent.take(),
        };
        let result = evaluate(&mut inner);
        self.bindings = std::mem::take(&mut inner.bindings);
        self.steps = inner.steps;
        self.spent = inner.spent.take();
        (result, diags)
    }

    pub(super) fn conditional(&mut self, inner: &Conditional, whole: &Expr) -> Value {
        let Conditional { condition, yes, no } = inner;
        let (yes_value, yes_diags) = self.aside(|inner| inner.expr(yes));
        let (no_value, no_diags) = self.aside(|inner| inner.expr(no));
        self.goes_through(&yes_value, whole);
        self.goes_through(&no_value, whole);
        let untyped_null = |value: &Value| matches!(value.kind, Kind::Null(Type::Dynamic)) && value.marks.is_none();
        let (yes_type, no_type) = (yes_value.ty(), no_value.ty());
        let ty = if untyped_null(&yes_value) {
            Some(no_type.clone())
        } else if untyped_null(&no_value) {
            Some(yes_type.clone())
        } else if yes_type == Type::Dynamic || no_type == Type::Dynamic {
            Some(Type::Dynamic)
        } else {
            unify(&[yes_type.clone(), no_type.clone()])
        };
        let Some(ty) = ty else {
            let why = mismatch(&yes_type, &no_type);
            let detail = format!("The true and false result expressions must have consistent types. {why}");
            self.error("Inconsistent conditional result types", detail, yes.span.to(no.span), whole);
            return unknown();
        };
        let value = self.expr(condition);
        // The mark of either branch is on the result: which one was taken would tell of the condition.
        let marks = value.marks.and(yes_value.marks).and(no_value.marks);
        let (chosen, diags, branch) = match self.condition(&value, condition, whole) {
            Decision::Failed => return Value::unknown(ty),
            Decision::Unknown => return either(&yes_value, &no_value, ty).marked(marks),
            Decision::Yes => (yes_value, yes_diags, yes),
            Decision::No => (no_value, no_diags, no),
        };
        self.diags.extend(diags);
        match convert(&chosen, &ty) {
            Ok(value) => value.marked(marks),
            Err(e) => {
                let which = if std::ptr::eq(branch, yes) { "true" } else { "false" };
                let detail = format!("The {which} result value has the wrong type: {e}.");
                self.error("Inconsistent conditional result types", detail, branch.span, whole);
                Value::unknown(ty)
            }
        }
    }
}

/// What is known where either of two values may come.
fn either(left: &Value, right: &Value, ty: Type) -> Value {
    let not_null = left.is_definitely_not_null() && right.is_definitely_not_null();
    let marks = left.marks.and(right.marks);
    if left.is_null() && right.is_null() {
        return Value::null(ty).marked(marks);
    }
    let mut known = Refinements { not_null, ..Refinements::default() };
    let is_collection = |value: &Value| matches!(value.ty(), Type::List(_) | Type::Set(_) | Type::Map(_));
    if left.ty() == Type::Number && right.ty() == Type::Number {
        let ((l_least, l_most), (r_least, r_most)) = (left.bounds(), right.bounds());
        let least = l_least.zip(r_least).map(|(l, r)| l.min(r));
        let most = l_most.zip(r_most).map(|(l, r)| l.max(r));
        match (least, most) {
            (Some(least), Some(most)) if least == most && not_null => return Value::number(least).marked(marks),
            bounds => known.bounds = Some(bounds),
        }
    } else if is_collection(left) && left.ty() == right.ty() {
        let ((l_least, l_most), (r_least, r_most)) = (left.length_bounds(), right.length_bounds());
        known.length = Some((l_least.min(r_least), l_most.zip(r_most).map(|(l, r)| l.max(r))));
    }
    Value::refined(ty, known).marked(marks)
}

/// Why two types do not go together, as Terraform tells it.
fn mismatch(yes: &Type, no: &Type) -> String {
    let plain =
        || format!("The 'true' value is {}, but the 'false' value is {}.", yes.friendly_name(), no.friendly_name());
    match (yes, no) {
        (Type::Object(left), Type::Object(right)) => {
            for (name, ty) in left.iter() {
                match right.get(name) {
                    None => {
                        return format!(
                            "The 'true' value includes object attribute \"{name}\", which is absent in the 'false' value."
                        );
                    }
                    Some(other) if unify(&[ty.clone(), other.clone()]).is_none() => {
                        return format!("Type mismatch for object attribute \"{name}\": {}", mismatch(ty, other));
                    }
                    Some(_) => {}
                }
            }
            let extra = right.keys().find(|name| !left.contains_key(name));
            extra.map_or_else(plain, |name| {
                format!("The 'false' value includes object attribute \"{name}\", which is absent in the 'true' value.")
            })
        }
        (Type::Tuple(left), Type::Tuple(right)) if left.len() != right.len() => {
            format!("The 'true' tuple has length {}, but the 'false' tuple has length {}.", left.len(), right.len())
        }
        (Type::Tuple(left), Type::Tuple(right)) => left
            .iter()
            .zip(right.iter())
            .enumerate()
            .find(|(_, (l, r))| unify(&[(*l).clone(), (*r).clone()]).is_none())
            .map_or_else(plain, |(i, (l, r))| format!("Type mismatch for tuple element {i}: {}", mismatch(l, r))),
        _ => plain(),
    }
}
