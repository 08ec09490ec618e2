//! The value of a variable: its input in the root module, the argument of the call in others, or its default.

use super::expand::Repetition;
use super::inputs::default_value;
use super::model::Variable;
use super::rules::{Wording, judge};
use super::verdict::Verdict;
use super::walk::Walk;
use crate::diag::{Diagnostic, Diagnostics, Severity, Topic};
use crate::lang::ast::Attribute;
use crate::lang::convert::conform;
use crate::lang::{Type, Value, eval};

impl<'a> Walk<'a> {
    /// The value of a variable in one instance of its module.
    pub(super) fn variable(&self, frame: usize, variable: &Variable, diags: &mut Diagnostics) -> Value {
        let own = &self.frames[frame];
        let Some(parent) = own.parent else {
            return self.program.inputs.values.get(&variable.name).cloned().unwrap_or_else(|| default_value(variable));
        };
        let Some(argument) = self.argument(frame, variable) else { return default_value(variable) };
        let mut found = Diagnostics::new();
        let value = eval::evaluate(&argument.expr, &self.scope(parent, own.repetition.clone()), &mut found);
        let failed = found.has_errors();
        diags.extend(found);
        if value.deep_marks().ephemeral && !variable.ephemeral {
            let detail = format!(
                "The variable \"{}\" of the module is not declared with ephemeral = true, so it cannot be set to a value derived from an ephemeral value.",
                variable.name
            );
            diags.push(Diagnostic::error("Ephemeral value not allowed", detail).at(argument.expr.span));
            return Value::unknown(Type::Dynamic);
        }
        if value.is_null() && !variable.nullable {
            if variable.default.is_none() {
                let detail = format!("The variable \"{}\" of the module is not nullable: give a value.", variable.name);
                let told = Diagnostic::error("Required variable not set", detail).at(argument.expr.span);
                diags.push(told.against(variable.span));
            }
            return default_value(variable);
        }
        match conform(&value, &variable.constraint) {
            Ok(value) => value.marked(variable.marks()),
            // It is no wonder.
            Err(_) if failed => Value::unknown(Type::Dynamic),
            Err(error) => {
                let detail = format!(
                    "The given value is not suitable for the variable \"{}\" of the module: {error}.",
                    variable.name
                );
                let told = Diagnostic::error("Invalid value for input variable", detail).at(argument.expr.span);
                diags.push(told.against(variable.span));
                Value::unknown(Type::Dynamic)
            }
        }
    }

    /// Judges the value against the rules of its declaration.
    pub(super) fn validations(&self, frame: usize, variable: &Variable, diags: &mut Diagnostics) -> Verdict {
        let rest = format!("\n\nThis was checked by the validation rule of var.{}.", variable.name);
        let wording = Wording {
            broken: "Invalid value for variable",
            invalid: "Invalid variable validation result",
            what: "a validation",
            rest: &rest,
            address: None,
            severity: Severity::Error,
            later: None,
        };
        let mut own = Diagnostics::new();
        let verdict = judge(&variable.validations, &self.scope(frame, Repetition::default()), &wording, &mut own);
        // What a module is given is wrong at the call; the rule stands elsewhere.
        let argument = self.argument(frame, variable);
        for mut found in own {
            if found.topic == Some(Topic::BrokenRule)
                && let Some(argument) = argument
                && let Some(rule) = found.span.replace(argument.expr.span)
            {
                found.other = Some(Box::new(rule));
            }
            diags.push(found);
        }
        verdict
    }

    /// The argument of the module call that sets a variable.
    fn argument(&self, frame: usize, variable: &Variable) -> Option<&'a Attribute> {
        let own = self.frames.get(frame)?;
        let above = self.program.configuration.module(self.frames.get(own.parent?)?.module);
        let (_, name) = self.program.configuration.module(own.module).parent.as_ref()?;
        above.calls.get(name)?.arguments.iter().find(|argument| argument.name == variable.name)
    }
}
