//! The flags and commands of `podform state`.

use super::args::{LockArgs, StateArgs};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `state`.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// List the recorded objects, data sources too.
    List {
        /// Only these resources, instances or modules.
        addresses: Vec<String>,
        /// Only the object with this id.
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// Which state.
        #[command(flatten)]
        place: StateArgs,
    },
    /// Show one recorded object.
    Show {
        /// Its address.
        address: String,
        /// Which state.
        #[command(flatten)]
        place: StateArgs,
    },
    /// Give recorded objects another address, as a moved block does.
    Mv {
        /// A module, a resource or one instance.
        source: String,
        /// What it is called from now on.
        destination: String,
        /// Only say what would be moved.
        #[arg(long)]
        dry_run: bool,
        /// How it is written.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Forget objects. They are neither released nor deleted.
    Rm {
        /// Which: modules, resources or instances.
        #[arg(required = true)]
        addresses: Vec<String>,
        /// Only say what would be forgotten.
        #[arg(long)]
        dry_run: bool,
        /// Forget machines although they go on billing.
        #[arg(long)]
        force: bool,
        /// How it is written.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Print the state file, with the journal taken in.
    Pull {
        /// Which state.
        #[command(flatten)]
        place: StateArgs,
    },
    /// Look for everything that is wrong with state, journal and backups.
    Verify {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Which state.
        #[command(flatten)]
        place: StateArgs,
    },
    /// Put state and journal together again from what is left of them.
    Repair {
        /// Although machines may be forgotten by it.
        #[arg(long)]
        force: bool,
        /// Do not ask.
        #[arg(long)]
        auto_approve: bool,
        /// How long to wait for the lock, like "30s".
        #[arg(long, value_name = "DURATION", default_value = "0s")]
        lock_timeout: String,
        /// Which state.
        #[command(flatten)]
        place: StateArgs,
    },
    /// Put a state file in the place of the recorded one.
    Push {
        /// The file; "-" for standard input.
        file: PathBuf,
        /// Although its lineage, serial or account is another, or machines would be forgotten.
        #[arg(long)]
        force: bool,
        /// How it is written.
        #[command(flatten)]
        write: WriteArgs,
    },
}

/// `taint` and `untaint`.
#[derive(Debug, Args)]
pub struct TaintArgs {
    /// One instance.
    pub address: String,
    /// It is no error where nothing is recorded there.
    #[arg(long)]
    pub allow_missing: bool,
    /// How it is written.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// `force-unlock`.
#[derive(Debug, Args)]
pub struct UnlockArgs {
    /// The id of the lock, as whoever was refused was told.
    pub id: String,
    /// Do not ask.
    #[arg(long)]
    pub force: bool,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
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
