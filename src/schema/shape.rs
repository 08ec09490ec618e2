//! What is the same for every object of a table, made once.

use super::table::{Attribute, Schema, Unset};
use crate::lang::{Marks, Type, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The constant part of a table's objects.
#[derive(Debug)]
pub struct Shape {
    /// What stands where the configuration is silent: defaults, and nulls of the attribute's type.
    pub absent: BTreeMap<Arc<str>, Value>,
    /// Attributes and blocks with their types, by name.
    pub types: Vec<(Arc<str>, Type)>,
}

impl Shape {
    pub(super) fn of(schema: &Schema) -> Shape {
        let mut absent = absent(schema.attributes);
        let blocks = schema.blocks.iter().map(|block| (Arc::from(block.name), Value::null(block.ty())));
        absent.extend(blocks);
        let types = absent.iter().map(|(name, value)| (name.clone(), value.ty())).collect();
        Shape { absent, types }
    }
}

/// What stands where a body gives none of these attributes.
pub fn absent(table: &[Attribute]) -> BTreeMap<Arc<str>, Value> {
    let value = |known: &Attribute| known.absent().marked(known.marks());
    table.iter().map(|known| (Arc::from(known.name), value(known))).collect()
}

impl Attribute {
    /// What stands where nobody gives a value.
    pub fn absent(&self) -> Value {
        match self.unset {
            Unset::Null => Value::null(self.ty.to_type()),
            Unset::Text(text) => Value::string(text),
            Unset::Int(n) => Value::int(n),
            Unset::Bool(b) => Value::bool(b),
        }
    }

    /// The marks that its value has whatever the configuration says.
    pub fn marks(&self) -> Marks {
        if self.sensitive { Marks::SENSITIVE } else { Marks::NONE }
    }
}
