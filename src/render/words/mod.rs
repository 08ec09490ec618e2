//! Sentences that every drawing says alike.

mod cost;
mod event;
pub(super) mod offer;
pub(super) mod remark;

pub use cost::sentence as cost_sentence;
pub(super) use event::{message, words};
pub use offer::short as offer_text;

/// `1 offer`, `2 offers`.
pub(super) fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
