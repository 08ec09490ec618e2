//! Resource tables: attributes, their types, and what a change of each means.
//!
//! The tables are data ([`Schema`]); [`instance`] and [`group`] read a known object of such a table into the words of
//! the API's calls.

pub mod data;
mod field;
pub mod group;
pub mod instance;
pub mod observe;
mod provider;
mod rest;
mod schedule;
pub mod script;
mod table;
mod validate;

use crate::address::{Mode, ObjectKind};

pub use field::{Field, Wire, decimal, dollars};
pub use provider::{PROVIDER_SETTINGS, PriceBasis};
pub use rest::{Expiry, Rest, rests, saved_per_month, schedule, zone_of};
pub use schedule::Schedule;
pub use table::{Attribute, BlockType, DataKind, Effect, Presence, Schema, TableKind, Ty, Unset};
pub use validate::validate;

/// The provider's source address, as state and plan JSON name it.
pub const PROVIDER: &str = "simplepod.ai/podform/simplepod";

/// Every resource.
pub static ALL: [&Schema; 2] = [&group::SCHEMA, &instance::SCHEMA];

/// The table of a resource or data source; `None` for a type that does not exist.
pub fn table(mode: Mode, block_type: &str) -> Option<&'static Schema> {
    match mode {
        Mode::Managed => ObjectKind::of_type(block_type).map(schema),
        Mode::Data => data::ALL.into_iter().find(|schema| schema.block_type() == block_type),
    }
}

/// The table of a managed resource.
pub fn schema(kind: ObjectKind) -> &'static Schema {
    match kind {
        ObjectKind::Instance => &instance::SCHEMA,
        ObjectKind::TemplateGroup => &group::SCHEMA,
    }
}
