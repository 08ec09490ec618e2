//! What is said of a plan that was made on a snapshot.

use jiff::Timestamp;

/// When it holds, and what that means.
pub fn as_of(at: Timestamp) -> [String; 2] {
    let at = at.strftime("%Y-%m-%d %H:%M");
    let means = "Machines, prices and offers are those of the snapshot. Secrets are not in it: they count as unchanged. This plan cannot be applied.";
    [format!("As of {at} UTC, not live."), means.to_owned()]
}
