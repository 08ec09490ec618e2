//! What an answer of the API carried.

use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Attributes as an answer carried them, by name. One that it did not carry is not among them.
pub type Seen = BTreeMap<&'static str, Json>;
