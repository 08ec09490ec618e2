//! Graph, diff, actions, planner and plan checker.

mod model;
mod program;

pub use model::{
    Action, Change, CostSummary, Drift, DriftKind, OutputChange, Plan, PlanMode, PlannedVariable, Reason, Step,
    StepAction, StepId,
};
pub use program::{Desires, Program};
