//! Root outputs after an apply.

use crate::config::EvaluatedOutput;
use crate::lang::Value;
use crate::lang::json::{to_json, type_to_json};
use crate::plan::{Plan, PlanMode};
use crate::state::OutputState;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The outputs to store: sensitive ones without their value; one that is not known keeps the value it had.
pub(super) fn outputs(
    plan: &Plan,
    before: &BTreeMap<String, OutputState>,
    evaluated: &BTreeMap<Arc<str>, EvaluatedOutput>,
    complete: bool,
) -> BTreeMap<String, OutputState> {
    if plan.mode == PlanMode::Destroy {
        return if complete && !plan.narrowed { BTreeMap::new() } else { before.clone() };
    }
    let mut outputs = BTreeMap::new();
    for (name, output) in evaluated {
        let old = before.get(&**name);
        let sensitive = output.sensitive || output.value.deep_marks().sensitive;
        let state = match output.value.is_wholly_known() {
            // Terraform drops outputs that are null; that a secret one is, stays secret.
            true if output.value.is_null() && !sensitive => None,
            true => Some(stored(&output.value, sensitive)),
            false => old
                .cloned()
                .map(|old| if sensitive { OutputState { value: Json::Null, sensitive, ..old } } else { old }),
        };
        outputs.extend(state.map(|state| (name.to_string(), state)));
    }
    outputs
}

fn stored(value: &Value, sensitive: bool) -> OutputState {
    let shown = if sensitive { Json::Null } else { to_json(value) };
    OutputState { value: shown, ty: type_to_json(&value.ty()), sensitive }
}
