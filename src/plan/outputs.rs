//! Root outputs, before and after.

use super::model::{OutputChange, PlanMode};
use crate::config::EvaluatedOutput;
use crate::lang::json::{from_json, type_from_json};
use crate::lang::{Marks, Type, Value};
use crate::state::{OutputState, State};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The change of every output, by name. A narrowed plan leaves alone what it cannot know; where it is
/// blind, secrets are not compared.
pub(super) fn output_changes(
    state: &State,
    evaluated: &BTreeMap<Arc<str>, EvaluatedOutput>,
    (narrowed, blind): (bool, bool),
    mode: PlanMode,
) -> Vec<OutputChange> {
    let names: BTreeSet<&str> =
        state.outputs.keys().map(String::as_str).chain(evaluated.keys().map(|name| &**name)).collect();
    let mut changes = Vec::new();
    for name in names {
        let before = state.outputs.get(name).map(recorded).filter(|before| !before.is_null() || before.marks.sensitive);
        let now = evaluated.get(name);
        let sensitive = now.map_or_else(|| state.outputs.get(name).is_some_and(|o| o.sensitive), |now| now.sensitive);
        let mut after = now.map(|now| match now.sensitive {
            true => now.value.clone().marked(Marks::SENSITIVE),
            false => now.value.clone(),
        });
        let stays = match mode {
            PlanMode::Normal => narrowed && after.as_ref().is_some_and(|after| !after.is_wholly_known()),
            PlanMode::RefreshOnly => after.as_ref().is_some_and(|after| !after.is_wholly_known()),
            // What is left keeps them.
            PlanMode::Destroy => narrowed,
        };
        if stays {
            after = before.clone();
        }
        let changed = match (&before, &after) {
            (None, None) => continue,
            // No state keeps an output that is null.
            (None, Some(after)) if after.is_null() && !after.marks.sensitive => false,
            (Some(before), Some(after)) if sensitive && before.marks.sensitive => !blind && !after.is_wholly_known(),
            (Some(before), Some(after)) => !alike(before, after),
            _ => true,
        };
        changes.push(OutputChange { name: name.to_owned(), before, after, changed, sensitive });
    }
    changes
}

fn recorded(output: &OutputState) -> Value {
    let ty = type_from_json(&output.ty).unwrap_or(Type::Dynamic);
    match output.sensitive {
        true => Value::null(ty).marked(Marks::SENSITIVE),
        false => from_json(&output.value, &ty).unwrap_or_else(|_| Value::null(ty)),
    }
}

/// Equal as it would be stored.
fn alike(before: &Value, after: &Value) -> bool {
    after.is_wholly_known()
        && before.marks.sensitive == after.deep_marks().sensitive
        && crate::lang::json::to_json(before) == crate::lang::json::to_json(after)
        && before.ty() == after.ty()
}
