//! What stands in each list of the account: which columns, and what is in them.

mod status;

pub use status::{Condition, conditions, status_table};
