//! What stands in each list of the account: which columns, and what is in them.

mod bills;
mod deposits;
mod machine;
mod machines;
mod ports;
mod status;

pub use bills::{By, Ledger, bills_table};
pub use deposits::deposits_table;
pub use machine::machine_details;
pub use machines::{Listed, machine_words, machines_table};
pub use ports::ports_table;
pub use super::words::runway_of;
pub use status::{Condition, conditions, status_table};

#[cfg(test)]
mod tests;
