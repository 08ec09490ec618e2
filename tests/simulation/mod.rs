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
pub mod life;
mod lineages;
mod manners;
mod marks;
mod mirror;
mod moving;
mod older;
mod operator;
mod orphans;
mod patience;
mod recorded;
mod replacing;
mod run;
mod sight;
mod stores;
mod trouble;
mod writers;

use std::future::Future;

/// Runs a future in virtual time: when everybody waits, the clock jumps.
pub fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap().block_on(future)
}
