//! Resource tables: attributes, their types, and what a change of each means.
//!
//! The tables are data ([`Schema`]); [`instance`] and [`group`] read a known object of such a table into the words of
//! the API's calls.

pub mod data;
pub mod group;
pub mod instance;
pub mod observe;
pub mod script;
mod shape;
mod table;
mod validate;

use crate::address::Mode;

pub use shape::{Shape, absent};
pub use table::{Attribute, BlockType, Change, Default, Presence, Schema, Ty};
pub use validate::validate;

/// `simplepod_template_group`.
pub const TEMPLATE_GROUP: &str = "simplepod_template_group";
/// The provider's source address, as state and plan JSON name it.
pub const PROVIDER: &str = "simplepod.ai/podform/simplepod";
/// `simplepod_instance`.
pub const INSTANCE: &str = "simplepod_instance";

/// Every resource.
pub static ALL: [&Schema; 2] = [&group::SCHEMA, &instance::SCHEMA];

/// The table of a resource or data source.
pub fn table(mode: Mode, kind: &str) -> Option<&'static Schema> {
    match mode {
        Mode::Managed => schema(kind),
        Mode::Data => data::ALL.into_iter().find(|schema| schema.kind == kind),
    }
}

/// The table of a resource; `None` for a kind that does not exist.
pub fn schema(kind: &str) -> Option<&'static Schema> {
    ALL.into_iter().find(|schema| schema.kind == kind)
}
