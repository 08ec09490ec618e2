//! What a reader should know of a change beside its difference, as data: `render` makes the sentences.

use crate::schema::Rest;
use serde::{Deserialize, Serialize};

/// One remark on the change of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// The machine goes on running an older template, because `template_change` is "keep".
    OlderTemplate {
        /// The digest of what it runs; `None` where it was not rented from a group.
        runs: Option<String>,
        /// The digest of what it would be rented from now; `None` while that is unknown, and for a global template.
        planned: Option<String>,
    },
    /// The facts of its offer are unknown: all its requirements were trusted.
    OfferUnknown,
    /// Some facts of its offer are unknown: these requirements were trusted ("min_memory").
    FactsUnknown(Vec<String>),
    /// `prevent_destroy` becomes recorded, or is no longer.
    PreventDestroy(bool),
    /// The machine does not work, in these words, and stays.
    Unhealthy(String),
    /// It is not wanted now, and nothing is rented for it.
    Rests(Rest),
    /// What happens to our mark in its notes, and why.
    Mark(MarkChange),
}

/// Why our mark is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkChange {
    /// The object is imported: it was nobody's before.
    Imported,
    /// The mark holds another address.
    Readdressed,
    /// The mark is missing.
    Missing,
    /// The mark is missing from what is released: nothing else would prove whose it is (invariant 4).
    BeforeRelease,
}
