//! Blocks that declare values: `variable` and `output`.

use super::block::{
    allow, attribute, check_name, constant_bool, constant_text, depends_on, expr, labels, missing_argument,
};
use super::model::{Output, Variable};
use super::rules::rules;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::Block;
use crate::lang::convert::conform;
use crate::lang::reference::{NoScope, references};
use crate::lang::type_expr::parse_constraint;
use crate::lang::{Constraint, Subject, Type, Value, eval};
use std::sync::Arc;

pub(super) fn variable(block: &Block, diags: &mut Diagnostics) -> Option<Variable> {
    let mut own = Diagnostics::new();
    let variable = declared(block, &mut own);
    // What is wrong with the declaration is told; that nobody gives it a value is not worth a word then.
    let unknown = own.has_errors().then(|| Value::unknown(Type::Dynamic));
    diags.extend(own);
    variable.map(|variable| Variable { default: variable.default.or(unknown), ..variable })
}

fn declared(block: &Block, diags: &mut Diagnostics) -> Option<Variable> {
    let [name] = labels(block, ["name"], diags)?;
    if !check_name(block, 0, diags) {
        return None;
    }
    const RESERVED: [&str; 8] =
        ["source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"];
    if RESERVED.contains(&&*name) {
        let detail = format!("The name \"{name}\" is reserved: it has a meaning in module blocks.");
        let at = block.labels.first().map_or(block.span, |label| label.span);
        diags.push(Diagnostic::error("Invalid variable name", detail).at(at));
    }
    let body = &block.body;
    let known = ["type", "default", "description", "sensitive", "nullable", "ephemeral"];
    allow(body, "a variable block", &known, &["validation"], diags);
    let constraint = expr(body, "type").map(|expr| parse_constraint(&expr, diags));
    let takes_text = matches!(constraint, None | Some(Constraint::Primitive(_)));
    let constraint = constraint.unwrap_or(Constraint::Any);
    let flag = |name: &str, diags: &mut Diagnostics| {
        attribute(body, name).and_then(|attribute| constant_bool(attribute, diags))
    };
    let nullable = flag("nullable", diags).unwrap_or(true);
    let default = attribute(body, "default").map(|attribute| {
        let value = eval::evaluate(&attribute.expr, &NoScope, diags);
        if !nullable && value.is_null() {
            let detail = "The default of a variable with nullable = false cannot be null.";
            diags.push(Diagnostic::error("Invalid default value for variable", detail).at(attribute.expr.span));
        }
        // One that does not fit is told here; the variable is not required for that.
        conform(&value, &constraint).unwrap_or_else(|error| {
            let detail = format!("This default value is not compatible with the variable's type constraint: {error}.");
            diags.push(Diagnostic::error("Invalid default value for variable", detail).at(attribute.expr.span));
            Value::unknown(Type::Dynamic)
        })
    });
    let validations = rules(body, "validation", diags);
    Some(Variable {
        name,
        default,
        description: attribute(body, "description").and_then(|attribute| constant_text(attribute, diags)),
        sensitive: flag("sensitive", diags).unwrap_or(false),
        ephemeral: flag("ephemeral", diags).unwrap_or(false),
        nullable,
        validations,
        constraint,
        takes_text,
        span: block.span,
    })
}

pub(super) fn output(block: &Block, diags: &mut Diagnostics) -> Option<(Arc<str>, Output)> {
    let [name] = labels(block, ["name"], diags)?;
    if !check_name(block, 0, diags) {
        return None;
    }
    let body = &block.body;
    let known = ["value", "description", "sensitive", "ephemeral", "depends_on"];
    allow(body, "an output block", &known, &["precondition"], diags);
    let Some(expr) = expr(body, "value") else {
        missing_argument("value", block.span, diags);
        return None;
    };
    let output = Output {
        expr,
        description: attribute(body, "description").and_then(|attribute| constant_text(attribute, diags)),
        sensitive: attribute(body, "sensitive").and_then(|a| constant_bool(a, diags)).unwrap_or(false),
        ephemeral: attribute(body, "ephemeral").and_then(|a| constant_bool(a, diags)).unwrap_or(false),
        depends_on: depends_on(body, diags),
        preconditions: rules(body, "precondition", diags),
        span: block.span,
    };
    Some((name, output))
}

/// Every reference of a variable's validation must be to that variable; more comes with the whole language.
pub(super) fn names_only_itself(variable: &Variable, diags: &mut Diagnostics) {
    for validation in &variable.validations {
        let found = references(&validation.condition, diags);
        if !found.iter().any(|reference| reference.subject == Subject::Variable(variable.name.clone())) {
            let detail = format!("The condition must refer to var.{} itself.", variable.name);
            let at = validation.condition.span;
            diags.push(Diagnostic::error("Invalid variable validation condition", detail).at(at));
        }
    }
}
