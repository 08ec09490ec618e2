//! Why a session cannot be opened or used.

use crate::diag::{Diagnostic, Diagnostics, Topic};

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Something is wrong.
    Wrong,
    /// Another run holds the lock of the state.
    Locked,
    /// A saved plan does not hold any more.
    Stale,
    /// A person ended it.
    Interrupted,
    /// A budget does not allow it.
    Refused,
    /// Something was made, and a person must say what becomes of it.
    Unsettled,
}

impl Why {
    /// What these errors say, or else.
    pub fn of(diags: &Diagnostics, otherwise: Why) -> Why {
        let said =
            [(Topic::Unsettled, Why::Unsettled), (Topic::Locked, Why::Locked), (Topic::OverBudget, Why::Refused)];
        said.into_iter().find(|(topic, _)| diags.has_topic(*topic)).map_or(otherwise, |(_, why)| why)
    }
}

/// Why it failed.
#[derive(Debug)]
pub struct Failure {
    /// For whoever decides by it.
    pub why: Why,
    /// What is told.
    pub diags: Diagnostics,
}

impl From<Diagnostics> for Failure {
    fn from(diags: Diagnostics) -> Self {
        Failure { why: Why::of(&diags, Why::Wrong), diags }
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics::from(diagnostic).into()
    }
}
