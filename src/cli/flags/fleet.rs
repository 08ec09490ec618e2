//! Flags of the commands that look at a fleet and its account, and plan nothing.

use super::account::AccountArgs;
use super::state::LockArgs;
use super::variables::VariableArgs;
use crate::session::Opening;
use clap::Args;

/// Which fleet, with which values, and whose account.
#[derive(Clone, Debug, Default, Args)]
pub struct FleetArgs {
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Lock.
    #[command(flatten)]
    pub locking: LockArgs,
}

impl FleetArgs {
    /// What a command opens.
    pub fn opening(&self) -> Opening {
        self.variables.opening(self.account.choice(), 0)
    }
}
