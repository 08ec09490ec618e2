//! Whole runs inside one process: an account in memory behind the seam, virtual time, faults and crashes at every call
//! and at every write, and a checker that shares no code with planner or executor.

mod account;
mod calls;
pub mod chance;
mod change;
mod checker;
mod cloud;
mod damage;
mod deposed;
mod disk;
mod evaluations;
mod exhaustive;
mod fleet;
mod histories;
mod http;
mod lineages;
mod manners;
mod marks;
mod moving;
mod operator;
mod orphans;
mod patience;
mod replacing;
mod run;
mod sight;
mod stores;
mod trouble;

use std::future::Future;

/// Runs a future in virtual time: when everybody waits, the clock jumps.
pub fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap().block_on(future)
}
