//! Facts for the later steps of a job.

use crate::render::json::decimal;
use crate::review::{Review, Verdict};

/// `name=value` lines, as the file behind `GITHUB_OUTPUT` takes them. No value holds text of others.
pub fn review_outputs(review: &Review<'_>) -> String {
    let counts = review.counts;
    let replaced = review.changes.iter().filter(|change| change.action == crate::plan::Action::Replace).count();
    let lines = [
        ("changes", (review.verdict == Verdict::Changes).to_string()),
        ("to_import", counts.imported.to_string()),
        ("to_add", counts.added.to_string()),
        ("to_change", counts.changed.to_string()),
        ("to_replace", replaced.to_string()),
        ("to_destroy", counts.destroyed.to_string()),
        ("to_forget", counts.forgotten.to_string()),
        ("in_doubt", review.in_doubt.len().to_string()),
        ("cost_hourly_before", decimal(review.cost.before)),
        ("cost_hourly_after", decimal(review.cost.after)),
        ("cost_hourly_at_most", decimal(review.cost.worst_case)),
        ("cost_delta_hourly", decimal(review.cost.after - review.cost.before)),
        ("digest", review.digest.as_ref().map_or(String::new(), ToString::to_string)),
    ];
    lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
}
