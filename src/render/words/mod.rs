//! What every drawing says alike.

mod as_of;
pub(super) mod brief;
mod cost;
mod event;
mod excluded;
pub(super) mod finding;
pub(super) mod headline;
pub(super) mod offer;
pub(super) mod remark;
pub(super) mod row;
mod spending;

pub(super) use as_of::as_of;
pub use cost::seat as seat_text;
pub use cost::sentence as cost_sentence;
pub use cost::{machine_name, machine_seat, proof as proof_sentence, runway_of};
pub use event::elapsed;
pub(super) use event::{message, words};
pub(super) use excluded::{excluded, requirement};
pub use offer::short as offer_text;
pub use spending::{measured as measured_text, runway as runway_sentence};

use crate::review::{Counts, Face};

/// What is told of a plan that does not look at everything.
pub(super) const NARROWED: [&str; 2] = [
    "Resource targeting is in effect",
    "The plan was narrowed with -target or -exclude: it does not make the account what the whole configuration says. Plan again without them afterwards.",
];
/// What stands for a value that the apply will tell.
pub(super) const UNKNOWN: &str = "(known after apply)";
/// What stands for a value that is not the same in all of several changes.
pub(super) const VARIOUS: &str = "(differs)";
/// What stands for a sensitive value.
pub(super) const SENSITIVE: &str = "(sensitive value)";

/// What stands for a value that cannot be shown, or is not there yet.
pub(super) fn placeholder(face: Face<'_>) -> Option<&'static str> {
    match face {
        Face::Sensitive => Some(SENSITIVE),
        Face::Ephemeral => Some("(ephemeral value)"),
        Face::Unknown => Some(UNKNOWN),
        Face::Null | Face::Bool(_) | Face::Number(_) | Face::Text(_) | Face::List | Face::Map | Face::Object => None,
    }
}

/// `1 offer`, `2 offers`.
pub fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// `2 to add, 1 to change, 0 to destroy.`
pub(super) fn planned(counts: Counts) -> String {
    let some = |n: usize, text: String| if n == 0 { String::new() } else { text };
    let Counts { imported, added, changed, destroyed, forgotten } = counts;
    let imported = some(imported, format!("{imported} to import, "));
    let forgotten = some(forgotten, format!(", {forgotten} to forget"));
    format!("{imported}{added} to add, {changed} to change, {destroyed} to destroy{forgotten}.")
}
