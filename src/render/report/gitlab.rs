//! What GitLab shows of a plan in a merge request: `artifacts: reports: terraform`.

use crate::plan::Action;
use crate::review::Review;
use serde_json::json;

/// The report. A replacement is counted in both numbers, as GitLab's own template counts it.
pub fn gitlab_report(review: &Review<'_>) -> String {
    let count = |action: Action| review.changes.iter().filter(|change| change.action == action).count();
    let replaced = count(Action::Replace);
    let report = json!({
        "create": count(Action::Create) + replaced,
        "update": count(Action::Update),
        "delete": count(Action::Delete) + replaced,
    });
    format!("{report}\n")
}
