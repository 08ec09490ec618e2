//! A review as SARIF 2.1.0: findings at the lines of the configuration, as forges show them beside the code.

use super::declared::{Declared, place};
use crate::render::words::finding::{Finding, Level, Rule, findings};
use crate::review::Review;
use serde_json::{Value as Json, json};

/// The report.
pub fn sarif_report(review: &Review<'_>, declared: &Declared) -> String {
    let found = findings(review, &review.alike());
    let rules = Rule::ALL.into_iter().map(|rule| {
        json!({
            "id": rule.id(),
            "name": rule.id(),
            "shortDescription": { "text": rule.meaning() },
            "defaultConfiguration": { "level": level(rule) },
        })
    });
    let report = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "podform",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": found.iter().map(|finding| result(finding, declared)).collect::<Vec<_>>(),
        }],
    });
    format!("{report}\n")
}

fn level(rule: Rule) -> &'static str {
    match rule.level() {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn result(finding: &Finding<'_>, declared: &Declared) -> Json {
    let index = Rule::ALL.into_iter().position(|rule| rule == finding.rule);
    let mut result = json!({
        "ruleId": finding.rule.id(),
        "ruleIndex": index,
        "level": level(finding.rule),
        "message": { "text": format!("{} {}", finding.subject, finding.text) },
        // The same finding of a later run is told as the same.
        "partialFingerprints": { "podform/v1": format!("{} {}", finding.rule.id(), finding.subject) },
    });
    let mut location = json!({ "logicalLocations": [{ "fullyQualifiedName": finding.subject, "kind": "resource" }] });
    if let (Some((file, line)), Some(members)) = (place(finding, declared), location.as_object_mut()) {
        members.insert(
            "physicalLocation".to_owned(),
            json!({ "artifactLocation": { "uri": uri(file) }, "region": { "startLine": line } }),
        );
    }
    if let Some(members) = result.as_object_mut() {
        members.insert("locations".to_owned(), json!([location]));
    }
    result
}

/// A path as a relative reference: what is no part of one is written in percent.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
