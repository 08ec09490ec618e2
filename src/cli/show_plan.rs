//! A plan on standard output.

use super::context::Context;
use crate::plan::Plan;
use crate::render::{configuration_json, plan_json, plan_text};
use crate::review::Review;
use crate::session::Fleet;
use crate::state::State;

/// Prints a plan.
pub fn show(plan: &Plan, fleet: &Fleet, state: &State, json: bool, context: &Context) {
    if json {
        context
            .terminal
            .json(&plan_json(&Review::of(plan), configuration_json(&fleet.program.configuration), state).to_string());
    } else {
        context.terminal.print(&plan_text(&Review::of(plan), context.terminal.out));
    }
}
