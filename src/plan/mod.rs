//! From (configuration, variables, recorded, live, market) to a plan: the planner, the difference of each object, the
//! steps, and a check of the whole. And what becomes of a plan: the saved file and whether it still holds, the program
//! that an apply evaluates anew, and what happens during an apply, as data.

mod approval;
mod budget;
#[cfg(test)]
mod budget_tests;
mod change;
mod check;
mod data;
mod desires;
mod diff;
mod draft;
mod drift;
mod event;
mod file;
mod guard;
mod health;
mod horizon;
mod import;
mod leaving;
mod measure;
mod model;
mod moves;
mod outputs;
mod placing;
mod planner;
mod prior;
mod rebalance;
mod refusals;
mod relevant;
mod remark;
mod resolving;
mod resting;
mod runway;
#[cfg(test)]
mod saved_tests;
mod sealed;
mod select;
mod spending;
mod stale;
#[cfg(test)]
mod stale_tests;
mod standing;
#[cfg(test)]
mod standing_tests;
mod steps;
#[cfg(test)]
mod steps_tests;
#[cfg(test)]
mod tests;
mod variables;

pub use approval::{Approval, ApprovalDigest, Approved};
pub use budget::{Budgeted, Load, Measured, Refused, Standing};
pub use check::check;
pub use data::{Answer, answer};
pub use desires::{Desires, Outcome};
pub use draft::{Draft, Planned, Unfinished, draft};
pub use drift::{Difference, differences};
pub use event::{ApplyEvent, Settlement};
pub use file::{MadeFrom, SavedOptions, SavedPlan, configuration_digests, decode, encode};
pub use guard::Guard;
pub use health::ails_by;
pub use horizon::ends_soon;
pub use import::record_of_live;
pub use measure::load;
pub use model::{
    Action, Change, CostSummary, Drift, DriftKind, OutputChange, Plan, PlanMode, PlannedVariable, Reason, Step,
    StepAction, StepId,
};
pub use placing::{envelope, machines_that_stay};
pub use planner::{PlanInput, PlanOptions};
pub use rebalance::{Limits, Move, beyond_budgets, movable, moves, that_stay};
pub use refusals::{group_lacks_proof, lacks_proof};
pub use remark::{MarkChange, Remark};
pub use runway::Runway;
pub use spending::{refused, too_short};
pub use stale::{Side, Stale, changed_files, changed_variables, foreign_key, offers, stale};
pub use variables::{planned_variables, variables_for_apply};
