//! Flags that every command that plans has.

use super::{AccountArgs, LockArgs, VariableArgs};
use clap::{Args, ValueEnum};

/// How much of the account a plan reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RefreshFlag {
    /// Lists, and the details of what differs.
    #[default]
    True,
    /// Only what is in doubt.
    False,
    /// The details of everything.
    Full,
}

/// What a plan is made with.
#[derive(Clone, Debug, Default, Args)]
pub struct PlanningArgs {
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Plan only this resource, instance or module, and what it needs; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// Plan everything but this, and what needs it; may be repeated.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "target")]
    pub exclude: Vec<String>,
    /// Re-rent or recreate this instance; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<String>,
    /// Only take what is live into the state.
    #[arg(long, conflicts_with_all = ["replace"])]
    pub refresh_only: bool,
    /// How much of the account is read.
    #[arg(long, value_enum, default_value_t, default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub refresh: RefreshFlag,
    /// Plan the rest when no offer satisfies some instances.
    #[arg(long)]
    pub allow_partial: bool,
    /// Go on although most of the recorded machines are gone.
    #[arg(long)]
    pub accept_missing: bool,
    /// Lock.
    #[command(flatten)]
    pub locking: LockArgs,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
