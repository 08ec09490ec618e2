//! A review for programs: what a comment says as data, and all that is approved, by which an apply tells what differs.

use super::declared::{Declared, place};
use crate::plan::Approval;
use crate::render::json::{decimal, ours};
use crate::render::words::finding::{Level, findings};
use crate::review::Review;
use serde_json::{Value as Json, json};

/// The whole review.
pub fn review_json(review: &Review<'_>, approval: &Approval, declared: &Declared) -> String {
    let counts = review.counts;
    let findings = findings(review, &review.alike()).into_iter().map(|finding| {
        let at = place(&finding, declared);
        json!({
            "rule": finding.rule.id(),
            "level": match finding.rule.level() {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Note => "note",
            },
            "subject": finding.subject,
            "address": finding.address.map(ToString::to_string),
            "text": finding.text,
            "file": at.map(|(file, _)| file),
            "line": at.map(|(_, line)| line),
        })
    });
    let changes = review.news().map(|change| {
        json!({
            "address": change.address.to_string(),
            "action": change.action,
            "hourly_before": decimal(change.cost_before),
            "hourly_after": decimal(change.cost_after),
            "podform": ours::rent(change),
        })
    });
    let report = json!({
        "podform_review": 1,
        "podform_version": env!("CARGO_PKG_VERSION"),
        "plan": ours::of_plan(review),
        "counts": {
            "import": counts.imported,
            "add": counts.added,
            "change": counts.changed,
            "destroy": counts.destroyed,
            "forget": counts.forgotten,
        },
        "findings": findings.collect::<Vec<_>>(),
        "changes": changes.collect::<Vec<_>>(),
        "approval": approval,
    });
    format!("{report}\n")
}

/// What is approved by a review that was written so.
///
/// # Errors
/// A sentence: it is none.
pub fn read_approval(bytes: &[u8]) -> Result<Approval, String> {
    let report: Json = crate::lang::json::read(bytes).map_err(|error| format!("it is no JSON: {error}"))?;
    match (report.get("podform_review"), report.get("approval")) {
        (Some(version), Some(approval)) if *version == 1 => {
            serde_json::from_value(approval.clone()).map_err(|error| format!("its approval cannot be read: {error}"))
        }
        _ => Err("it was not written by podform review -format=json".to_owned()),
    }
}
