//! What stands in each list of the account: which columns, and what is in them.

mod market;
mod status;
mod templates;

pub use market::{
    Told, bands_table, hosts_table, models_table, moved_json, moved_line, offers_table, requirement_flag,
};
pub use status::{Condition, conditions, status_table};
pub use templates::{Owner, template_table, templates_table};
