//! Function calls, and the forms `try` and `can`.

use super::super::ast::{Call, Expr, ExprKind};
use super::super::functions;
use super::super::types::Type;
use super::super::value::{Kind, Value};
use super::{Evaluator, unknown};
use crate::diag::{Diagnostic, Span, Topic, did_you_mean};

impl Evaluator<'_> {
    pub(super) fn call(&mut self, call: &Call, whole: &Expr) -> Value {
        if !self.scope.has_functions() {
            let detail = "Functions may not be called here: this value must be constant. Compute it in a local value.";
            self.error("Function calls not allowed", detail, whole.span, whole);
            return unknown();
        }
        let name = call.name.strip_prefix("core::").unwrap_or(&call.name);
        match name {
            "try" => return self.try_first(call, whole),
            "can" => return self.can(call, whole),
            _ => {}
        }
        if !functions::names().any(|known| known == name) {
            let (summary, detail) = match name.split_once("::") {
                Some(("provider", _)) => (
                    "Unknown provider function",
                    format!("There is no function named \"{}\": the provider has no functions.", call.name),
                ),
                Some((namespace, rest)) => (
                    "Unknown provider function",
                    format!(
                        "The function namespace \"{namespace}\" is not valid. The functions of the language are called without it, or as core::{rest}."
                    ),
                ),
                None => {
                    let hint = did_you_mean(name, functions::names().chain(["try", "can"]));
                    ("Call to unknown function", format!("There is no function named \"{}\".{hint}", call.name))
                }
            };
            let told = Diagnostic::error(summary, detail).at(call.name_span);
            self.tell(Diagnostic { topic: Some(Topic::NoFunction), ..told }, &[whole]);
            return unknown();
        }
        if name == "templatestring"
            && let Some(template) = call.args.first()
            && !is_reference(template)
        {
            let detail = "Invalid value for \"template\" parameter: it must be a reference to a text that comes from elsewhere. A template that is written here needs no function.";
            self.call_error(call, "Invalid function argument", detail, template.span, whole);
            return unknown();
        }
        let Some((args, marks)) = self.arguments(call, whole) else { return unknown() };
        for arg in &args {
            self.goes_through(arg, whole);
        }
        if self.spent.is_some() {
            return unknown();
        }
        let result = functions::call(name, &args, self.scope.effects());
        match result {
            Some(Ok(value)) => value.marked(marks),
            Some(Err(e)) => {
                let at = e.argument.and_then(|i| call.args.get(i).or(call.args.last()));
                self.call_error(call, e.summary(), e.detail(name), at.map_or(whole.span, |arg| arg.span), whole);
                unknown()
            }
            None => unknown(),
        }
    }

    fn call_error(&mut self, call: &Call, summary: &str, detail: impl Into<String>, at: Span, whole: &Expr) {
        self.tell(Diagnostic::error(summary, detail).at(at).calling(&call.name), &[whole]);
    }

    /// The values of the arguments, with the last one expanded, and the marks of what was expanded. `None` where that
    /// is unknown or an error.
    fn arguments(&mut self, call: &Call, whole: &Expr) -> Option<(Vec<Value>, super::super::value::Marks)> {
        const SUMMARY: &str = "Invalid expanding argument value";
        let (mut args, own) = self.aside(|inner| call.args.iter().map(|arg| inner.expr(arg)).collect::<Vec<Value>>());
        let failed = own.has_errors();
        self.diags.extend(own);
        // What an argument would be is not known: nor is of which type the result is.
        if failed {
            return None;
        }
        let mut marks = super::super::value::Marks::NONE;
        if call.expand {
            let last = args.pop()?;
            let at = call.args.last().map_or(whole.span, |arg| arg.span);
            marks = last.marks;
            match &last.kind {
                Kind::Null(_) => {
                    self.error(SUMMARY, "The expanding argument (indicated by ...) must not be null.", at, whole);
                    return None;
                }
                Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
                    args.extend(elements.iter().cloned());
                }
                Kind::Unknown(Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_), _) => return None,
                _ => {
                    let detail = "The expanding argument (indicated by ...) must be of a tuple, list, or set type.";
                    self.error(SUMMARY, detail, at, whole);
                    return None;
                }
            }
        }
        Some((args, marks))
    }

    /// The first argument that evaluates without an error.
    fn try_first(&mut self, call: &Call, whole: &Expr) -> Value {
        if call.args.is_empty() {
            let detail = "Call to function \"try\" failed: at least one argument is required.";
            self.call_error(call, "Error in function call", detail, whole.span, whole);
            return unknown();
        }
        let mut reasons = String::new();
        for arg in &call.args {
            let (value, diags) = self.aside(|inner| inner.expr(arg));
            if !diags.has_errors() {
                // It may still fail once all of it is known.
                return if value.is_wholly_known() { value } else { unknown().marked(value.deep_marks()) };
            }
            for diagnostic in diags.iter() {
                reasons.push_str(&format!("\n- {}: {}", diagnostic.summary, diagnostic.detail));
            }
        }
        let detail = format!(
            "Call to function \"try\" failed: no expression succeeded:{reasons}\nAt least one expression must produce a successful result."
        );
        self.call_error(call, "Error in function call", detail, whole.span, whole);
        unknown()
    }

    /// True where its argument evaluates without an error.
    fn can(&mut self, call: &Call, whole: &Expr) -> Value {
        let [arg] = call.args.as_ref() else {
            let (summary, detail) = match call.args.is_empty() {
                true => (
                    "Not enough function arguments",
                    "Function \"can\" expects 1 argument(s). Missing value for \"expression\".",
                ),
                false => ("Too many function arguments", "Function \"can\" expects only 1 argument(s)."),
            };
            self.call_error(call, summary, detail, whole.span, whole);
            return Value::unknown(Type::Bool);
        };
        let (value, diags) = self.aside(|inner| inner.expr(arg));
        match diags.has_errors() || value.is_wholly_known() {
            true => Value::bool(!diags.has_errors()),
            false => Value::unknown(Type::Bool),
        }
    }
}

/// True for a name with attributes, indices and splats after it.
fn is_reference(expr: &Expr) -> bool {
    matches!(expr.traversal().0.kind, ExprKind::Variable(_))
}
