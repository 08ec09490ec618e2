//! Flags that choose a state and its lock.

use clap::Args;

/// Which state a command looks into.
#[derive(Clone, Copy, Debug, Args)]
pub struct StateArgs {
    /// The state of the simulator.
    #[arg(long, env = "PODFORM_SANDBOX", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub sandbox: bool,
}

/// How a command that writes takes the lock.
#[derive(Clone, Debug, Default, Args)]
pub struct LockArgs {
    /// Take the lock of the state (false: do not).
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1, require_equals = true, action = clap::ArgAction::Set)]
    pub lock: bool,
    /// How long to wait for the lock, like "30s".
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub lock_timeout: String,
}

/// Flags of the commands that write the state and call nothing.
#[derive(Debug, Args)]
pub struct WriteArgs {
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
    /// Its lock.
    #[command(flatten)]
    pub locking: LockArgs,
}
