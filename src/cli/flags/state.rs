//! Flags that choose a state and its lock.

use crate::cli::exit::Failure;
use crate::cli::waiting::waiting_for_lock;
use crate::diag::{Diagnostic, Diagnostics};
use crate::session::stored::{self, StatePlace};
use crate::session::{Held, Locking};
use crate::state::State;
use crate::store::StateStore;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Which state a command looks into.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "State")]
pub struct StateArgs {
    /// The state of the simulator.
    #[arg(long, env = "PODFORM_SANDBOX", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub sandbox: bool,
    /// The state in this file, with its journal, lock and copies beside it, instead of that in state/.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
}

/// How a command that writes takes the lock.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "State")]
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

impl StateArgs {
    /// Where it is kept.
    ///
    /// # Errors
    /// Its backend was not opened by `init`, or cannot be opened now.
    pub fn store(&self) -> Result<Box<dyn StateStore>, Failure> {
        Ok(self.place().store()?)
    }

    fn place(&self) -> StatePlace {
        StatePlace { sandbox: self.sandbox, file: self.state.clone() }
    }

    /// Says where to look, where this state is empty and that of the simulator is not.
    pub fn hint(&self, state: &State) -> Option<&'static str> {
        self.place()
            .is_only_simulated(state)
            .then_some("The simulator has a state here: add --sandbox to see that one.")
    }

    /// What is recorded.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn read(&self) -> Result<State, Failure> {
        Ok(stored::read(&self.place()).await?.0)
    }
}

impl LockArgs {
    /// How the lock is taken for an operation.
    ///
    /// # Errors
    /// A flag that is no duration.
    pub fn locking(&self, operation: &'static str) -> Result<Locking, Failure> {
        let wait = lock_timeout(&self.lock_timeout)?;
        Ok(Locking { operation, wait: self.lock.then_some(wait), told: waiting_for_lock })
    }
}

impl WriteArgs {
    /// Takes the lock, and reads the state.
    ///
    /// # Errors
    /// A flag that is no duration; the state is locked, or cannot be read.
    pub async fn hold(&self, operation: &'static str, diags: &mut Diagnostics) -> Result<Held, Failure> {
        Ok(Held::alone(self.place.store()?, self.locking.locking(operation)?, diags).await?)
    }
}

/// Reads `-lock-timeout`.
///
/// # Errors
/// It is no duration.
pub fn lock_timeout(text: &str) -> Result<Duration, Failure> {
    crate::schema::instance::duration(text).ok_or_else(|| {
        let detail = format!("\"{text}\" is no duration. Write it like \"30s\" or \"5m\".");
        Diagnostic::error("Invalid -lock-timeout", detail).into()
    })
}
