//! Root variables of a plan: what it was made with, and what `apply FILE` makes of that.

use super::model::PlannedVariable;
use crate::config::{Given, GivenValue, Inputs, Module};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::convert::conform;
use crate::lang::json::to_json;
use crate::lang::{Type, Value};
use crate::path::ValuePath;
use crate::state::digest::SecretKey;
use std::collections::BTreeMap;

/// The variables that the root module declares, as a plan keeps them: values, and digests of the secret ones.
/// Ephemeral ones are not kept.
pub fn planned_variables(root: &Module, inputs: &Inputs, key: &SecretKey) -> BTreeMap<String, PlannedVariable> {
    let stored = root.variables.values().filter(|variable| !variable.ephemeral);
    let planned = stored.map(|variable| {
        let value = inputs.values.get(&variable.name).cloned().or_else(|| variable.default.clone());
        let value = value.unwrap_or_else(|| Value::null(Type::Dynamic));
        let planned = match variable.sensitive || value.deep_marks().sensitive {
            true => {
                let text = to_json(&value).to_string();
                PlannedVariable::Secret(key.digest(&ValuePath::of("var").attribute(&variable.name), &text))
            }
            false => PlannedVariable::Plain(value),
        };
        (variable.name.to_string(), planned)
    });
    planned.collect()
}

/// The values with which [`Inputs::resolve`] yields the inputs of a saved plan: plain ones from the plan, secret ones as
/// they are `given` again. Whether those are still the same secrets, [`super::changed_variables`] tells afterwards.
///
/// A plain variable that is set on purpose ([`Given::strict`]) is an error. Where the environment or a variables file
/// gives one, the plan's value stands, with a warning where a file says another. A secret that nobody gives takes its default, or is an error.
pub fn variables_for_apply(
    root: &Module,
    planned: &BTreeMap<String, PlannedVariable>,
    given: Vec<Given>,
    diags: &mut Diagnostics,
) -> Vec<Given> {
    let is_ephemeral = |name: &str| root.variables.get(name).is_some_and(|variable| variable.ephemeral);
    let is_secret = |name: &str| matches!(planned.get(name), Some(PlannedVariable::Secret(_))) || is_ephemeral(name);
    let mut all = Vec::new();
    for (name, variable) in planned {
        let declared = root.variables.get(name.as_str());
        match (variable, declared) {
            (PlannedVariable::Plain(value), Some(declared)) => {
                // A null that stands for nothing given is none.
                let nothing = value.is_null() && (!declared.nullable || value.ty() == Type::Dynamic);
                if !nothing {
                    all.push(of_plan(name, value));
                }
            }
            (PlannedVariable::Secret(_), Some(declared)) => {
                if declared.default.is_none() && !given.iter().any(|one| one.name == *name) {
                    let detail = format!(
                        "The plan was made with a value for the sensitive variable \"{name}\", which a saved plan does not hold. Give the same value again: with -var, -var-file, or in the environment variable PODFORM_VAR_{name}."
                    );
                    diags.push(Diagnostic::error("No value for sensitive variable", detail).at(declared.span));
                }
            }
            // The declaration is gone: the files changed, which makes the plan stale.
            (_, None) => {}
        }
    }
    for one in given {
        if is_secret(&one.name) {
            all.push(one);
        } else if one.strict {
            let detail = format!(
                "{} sets \"{}\", but the values of a saved plan are fixed: only sensitive variables are given again. Leave it out, or plan again with the other value.",
                one.origin, one.name
            );
            let found = Diagnostic::error("Can't set variables when applying a saved plan", detail);
            diags.push(at(found, &one));
        } else if differs(root, planned, &one) {
            let detail = format!(
                "{} gives another value for \"{}\" than the saved plan was made with: it is not used. Plan again to use it.",
                one.origin, one.name
            );
            diags.push(at(Diagnostic::warning("The saved plan's value stands", detail), &one));
        }
    }
    all
}

fn at(found: Diagnostic, given: &Given) -> Diagnostic {
    match given.span {
        Some(span) => found.at(span),
        None => found,
    }
}

/// True where a file gives another value than the plan holds.
fn differs(root: &Module, planned: &BTreeMap<String, PlannedVariable>, given: &Given) -> bool {
    let (Some(PlannedVariable::Plain(value)), Some(declared), GivenValue::Value(now)) =
        (planned.get(&given.name), root.variables.get(given.name.as_str()), &given.value)
    else {
        return false;
    };
    conform(now, &declared.constraint).map_or(true, |now| now != *value)
}

fn of_plan(name: &str, value: &Value) -> Given {
    Given {
        name: name.to_owned(),
        value: GivenValue::Value(value.clone()),
        origin: "the saved plan".to_owned(),
        span: None,
        strict: false,
    }
}
