//! Exit codes, and failures that lead to them.

use crate::apply::Ended;
use crate::diag::{Diagnostic, Diagnostics};
use crate::session::{self, Why};

/// How a command ended. Where several hold, the greatest counts: docs/commands.md lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, or no changes.
    Done,
    /// Changes are present (`-detailed-exitcode`).
    Changes,
    /// An error.
    Error,
    /// Files are not in form (`fmt -check`); Terraform's number.
    Unformatted,
    /// Refused by a rule that the user set for every plan: a budget.
    Refused,
    /// The state is locked.
    Locked,
    /// The saved plan is stale.
    Stale,
    /// Applied in part.
    Partial,
    /// Operations in doubt remain, or what was made and nobody recorded stands in the way.
    InDoubt,
    /// Ctrl-C, SIGTERM or SIGHUP.
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

impl From<Ended> for Exit {
    fn from(ended: Ended) -> Exit {
        match ended {
            Ended::Done => Exit::Done,
            Ended::Failed => Exit::Error,
            Ended::Refused => Exit::Refused,
            Ended::TakenOver => Exit::Locked,
            Ended::Partial => Exit::Partial,
            Ended::InDoubt => Exit::InDoubt,
            Ended::Interrupted => Exit::Interrupted,
        }
    }
}

impl From<Why> for Exit {
    fn from(why: Why) -> Exit {
        match why {
            Why::Wrong => Exit::Error,
            Why::Refused => Exit::Refused,
            Why::Locked => Exit::Locked,
            Why::Stale => Exit::Stale,
            Why::Interrupted => Exit::Interrupted,
            Why::Unsettled => Exit::InDoubt,
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
    /// Nothing failed yet: for several things of which each is tried, whatever becomes of the others.
    pub fn none() -> Failure {
        Failure { exit: Exit::Done, diags: Diagnostics::new() }
    }

    /// Something else failed too. The greatest exit counts.
    pub fn add(&mut self, other: impl Into<Failure>) {
        let other = other.into();
        self.exit = self.exit.max(other.exit);
        self.diags.extend(other.diags);
    }

    /// What the command gives back in the end.
    ///
    /// # Errors
    /// Something is to be told.
    pub fn outcome(self) -> Outcome {
        if self.diags.is_empty() { Ok(self.exit) } else { Err(self) }
    }
}

impl From<session::Failure> for Failure {
    fn from(failure: session::Failure) -> Self {
        Failure { exit: failure.why.into(), diags: failure.diags }
    }
}

impl From<Diagnostics> for Failure {
    fn from(diags: Diagnostics) -> Self {
        session::Failure::from(diags).into()
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics::from(diagnostic).into()
    }
}

/// What a command gives back.
pub type Outcome = Result<Exit, Failure>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_design() {
        let mut all = [
            Exit::Changes,
            Exit::Error,
            Exit::Refused,
            Exit::Locked,
            Exit::Stale,
            Exit::Partial,
            Exit::InDoubt,
            Exit::Interrupted,
        ];
        all.sort_by(|a, b| b.cmp(a));
        assert_eq!(all.map(Exit::code), [130, 4, 7, 6, 5, 3, 1, 2]);
        assert!(Ended::ALL.is_sorted() && Ended::ALL.map(Exit::from).is_sorted());
    }

    #[test]
    fn a_later_failure_takes_nothing_from_an_earlier_one() {
        let mut failed = Failure::none();
        failed.exit = Exit::InDoubt;
        assert_eq!(Failure::none().outcome().expect("no failure"), Exit::Done);
        failed.add(Diagnostic::error("Gone", "One is gone."));
        failed.add(Diagnostic::error("Gone", "Another one is gone."));
        let failed = failed.outcome().expect_err("a failure");
        assert_eq!((failed.exit, failed.diags.len()), (Exit::InDoubt, 2));
    }
}
