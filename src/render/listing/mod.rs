//! What stands in each list of the account: which columns, and what is in them.

mod bills;
mod deposits;
mod history;
mod machine;
mod machines;
mod market;
mod ports;
mod status;
mod templates;

pub use super::words::runway_of;
pub use bills::{By, Ledger, bills_table};
pub use deposits::deposits_table;
pub use history::{Copied, history_table};
pub use machine::machine_details;
pub use machines::{Listed, cost_of, machine_words, machines_table};
pub use market::{
    Told, bands_table, hosts_table, models_table, moved_json, moved_line, offers_table, requirement_flag,
};
pub use ports::ports_table;
pub use status::{Condition, conditions, status_table};
pub use templates::{Owner, template_table, templates_table};

#[cfg(test)]
mod tests;
