//! Flags that several commands share, one file per question. Those of a single command stand beside it.

mod account;
mod planning;
mod state;
mod variables;

pub use account::AccountArgs;
pub use planning::{PlanningArgs, RefreshFlag};
pub use state::{LockArgs, StateArgs, WriteArgs};
pub use variables::{Setting, VariableArgs};
