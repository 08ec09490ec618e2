//! Graph, diff, actions, planner and plan checker.

mod model;

pub use model::{
    Action, Change, CostSummary, Drift, DriftKind, OutputChange, Plan, PlanMode, PlannedVariable, Reason, Step,
    StepAction, StepId,
};
