//! Exit codes, and failures that lead to them.

use crate::diag::{Diagnostic, Diagnostics};

/// How a command ended (design, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or no changes.
    Done,
    /// An error.
    Error,
    /// Changes are present (`-detailed-exitcode`).
    Changes,
    /// Refused by policy or budget.
    Refused,
    /// Files are not in form (`fmt -check`); Terraform's number.
    Unformatted,
    /// Operations in doubt remain.
    InDoubt,
    /// The state is locked.
    Locked,
    /// The saved plan is stale.
    Stale,
    /// Applied in part.
    Partial,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Error => 1,
            Exit::Changes => 2,
            Exit::Refused | Exit::Unformatted => 3,
            Exit::InDoubt => 4,
            Exit::Locked => 5,
            Exit::Stale => 6,
            Exit::Partial => 7,
            Exit::Interrupted => 130,
        }
    }
}

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// Where it leads.
    pub exit: Exit,
    /// What is told.
    pub diags: Diagnostics,
}

impl Failure {
    /// One error, with another code than 1.
    pub fn new(exit: Exit, diagnostic: Diagnostic) -> Failure {
        Failure { exit, diags: diagnostic.into() }
    }
}

impl From<Diagnostics> for Failure {
    fn from(diags: Diagnostics) -> Self {
        Failure { exit: Exit::Error, diags }
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Failure { exit: Exit::Error, diags: diagnostic.into() }
    }
}

/// What a command gives back.
pub type Outcome = Result<Exit, Failure>;
