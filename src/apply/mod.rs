//! Applying a plan: the executor, and what each step calls.
//!
//! One loop owns state and journal (`executor`, `journal`); steps only call the cloud, and ask the loop to make their events
//! durable before they go on (`protocol`).

mod arrival;
mod beside;
mod budgets;
mod change;
mod context;
mod data;
mod dispatch;
mod executor;
mod group;
mod input;
mod jobs;
mod journal;
mod machine;
mod money;
mod offers;
mod order;
mod orphan;
mod outputs;
mod outside;
mod protocol;
mod reboot;
mod record;
mod release;
mod rent;
mod reserved;
mod search;
mod shared;
mod step;
mod telling;
mod turns;
mod wait;

pub use executor::apply;
pub use input::{ApplyInput, ApplyResult, Cancel, Connect, Ended, StepEnd, TcpConnect};
pub use journal::unwritten;
pub use orphan::{Taken, release_orphan, take_over};
pub use outside::release_outside;
pub use reboot::{Reboot, reboot};
pub use wait::is_as_far;
