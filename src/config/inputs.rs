//! Values of root variables: from whoever gives them, in Terraform's precedence.

use super::model::{Module, Variable};
use crate::diag::{Diagnostic, Diagnostics, FileId, Sources, Span, did_you_mean};
use crate::lang::convert::conform;
use crate::lang::reference::NoScope;
use crate::lang::{Type, Value, eval, parse};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A value as somebody gave it.
#[derive(Clone, Debug)]
pub enum GivenValue {
    /// From `-var` or the environment: a text, or an expression ([`Variable::takes_text`]).
    Text(String),
    /// From a variables file.
    Value(Value),
}

/// One value for one variable.
#[derive(Clone, Debug)]
pub struct Given {
    /// Which variable.
    pub name: String,
    /// The value.
    pub value: GivenValue,
    /// Who gave it: "-var", "the environment variable PODFORM_VAR_x", a file's name.
    pub origin: String,
    /// Where it stands, in a file.
    pub span: Option<Span>,
    /// True where a name that no variable has is an error (`-var`); false where it is only worth a warning.
    pub strict: bool,
}

/// Converted values of root variables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    /// By name; variables without an entry take their default.
    pub values: BTreeMap<Arc<str>, Value>,
}

impl Inputs {
    /// Takes the last value given for each variable, converts it, and reports what is missing or unfit.
    pub fn resolve(root: &Module, given: Vec<Given>, sources: &mut Sources, diags: &mut Diagnostics) -> Inputs {
        let mut last: BTreeMap<String, Given> = BTreeMap::new();
        for one in given {
            if !root.variables.contains_key(one.name.as_str()) {
                undeclared(root, &one, diags);
                continue;
            }
            last.insert(one.name.clone(), one);
        }
        let mut inputs = Inputs::default();
        for variable in root.variables.values() {
            match last.remove(&*variable.name) {
                Some(one) => {
                    if let Some(value) = convert(variable, one, sources, diags) {
                        inputs.values.insert(variable.name.clone(), value);
                    }
                }
                None if variable.default.is_none() => missing(variable, diags),
                None => {}
            }
        }
        inputs
    }

    /// Unknown values for required variables that nobody gave: for commands that ask nobody.
    pub fn unknown(root: &Module, given: &[Given], origin: &str) -> Vec<Given> {
        let unknown = |variable: &Variable| Given {
            name: variable.name.to_string(),
            value: GivenValue::Value(Value::unknown(Type::Dynamic)),
            origin: origin.to_owned(),
            span: None,
            strict: false,
        };
        Self::missing(root, given).into_iter().map(unknown).collect()
    }

    /// Names of required variables that nobody gave.
    pub fn missing<'a>(root: &'a Module, given: &[Given]) -> Vec<&'a Variable> {
        let lacks =
            |variable: &&Variable| variable.default.is_none() && !given.iter().any(|one| *one.name == *variable.name);
        root.variables.values().filter(lacks).collect()
    }
}

fn convert(variable: &Variable, given: Given, sources: &mut Sources, diags: &mut Diagnostics) -> Option<Value> {
    let place = |diagnostic: Diagnostic, span: Option<Span>| match span {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    };
    let (value, span) = match given.value {
        GivenValue::Value(value) => (value, given.span),
        GivenValue::Text(text) if variable.takes_text => (Value::string(text), None),
        GivenValue::Text(text) => {
            // Its own text may be secret: a syntax error must not show it.
            let shown = if !variable.marks().is_none() { String::new() } else { text.clone() };
            let file: FileId = sources.add(format!("<{}>", given.origin), shown);
            let mut own = Diagnostics::new();
            let value = parse::parse_expr(file, &text, &mut own).map(|expr| eval::evaluate(&expr, &NoScope, &mut own));
            match variable.sensitive {
                false => diags.extend(own),
                true if own.has_errors() => {
                    let detail = format!(
                        "The value from {} for the sensitive variable \"{}\" is not a valid expression.",
                        given.origin, variable.name
                    );
                    diags.push(Diagnostic::error("Invalid value for input variable", detail).at(variable.span));
                }
                true => {}
            }
            (value?, None)
        }
    };
    if value.is_null() && !variable.nullable {
        return match &variable.default {
            Some(_) => None,
            None => {
                let detail =
                    format!("The variable \"{}\" is not nullable: {} must give a value.", variable.name, given.origin);
                diags.push(place(Diagnostic::error("Required variable not set", detail), span.or(Some(variable.span))));
                None
            }
        };
    }
    match conform(&value, &variable.constraint) {
        Ok(value) => Some(value.marked(variable.marks())),
        Err(error) => {
            let detail = format!(
                "The value from {} is not suitable for var.{} declared here: {error}.",
                given.origin, variable.name
            );
            diags.push(Diagnostic::error("Invalid value for input variable", detail).at(span.unwrap_or(variable.span)));
            None
        }
    }
}

fn missing(variable: &Variable, diags: &mut Diagnostics) {
    let name = &variable.name;
    let detail = format!(
        "The root module's variable \"{name}\" is not set, and has no default. Give it with -var {name}=VALUE, in podform.vars.hcl, in a file named by -var-file, or in the environment variable PODFORM_VAR_{name}."
    );
    diags.push(Diagnostic::error("No value for required variable", detail).at(variable.span));
}

fn undeclared(root: &Module, given: &Given, diags: &mut Diagnostics) {
    let hint = did_you_mean(&given.name, root.variables.keys().map(|name| &**name));
    let text = format!(
        "{} gives a value for \"{}\", but the root module declares no variable of that name.{hint}",
        given.origin, given.name
    );
    let diagnostic = match given.strict {
        true => Diagnostic::error("Value for undeclared variable", text),
        false => Diagnostic::warning("Value for undeclared variable", text),
    };
    diags.push(match given.span {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    });
}

/// The value of a variable without an input.
pub(super) fn default_value(variable: &Variable) -> Value {
    let value = variable.default.clone().unwrap_or_else(|| Value::unknown(Type::Dynamic));
    value.marked(variable.marks())
}
