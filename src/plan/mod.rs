//! Graph, diff, actions, planner and plan checker.

mod check;
mod diff;
mod drift;
mod model;
mod outputs;
mod placing;
mod planner;
mod program;
mod select;
mod steps;
#[cfg(test)]
mod tests;

pub use check::check;
pub use drift::{Difference, LiveObject, differences};
pub use model::{
    Action, Change, CostSummary, Drift, DriftKind, OutputChange, Plan, PlanMode, PlannedVariable, Reason, Step,
    StepAction, StepId,
};
pub use planner::{PlanInput, PlanOptions, Planned, plan};
pub use program::{Desires, Program};
pub use select::Target;
