//! Findings at the lines of the configuration, for a forge that shows them beside the code.

use super::declared::{Declared, place};
use super::money::verdict;
use crate::render::escape::harmless_line;
use crate::render::words::finding::{Level, findings};
use crate::review::Review;

/// What stands at one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnotatedLine {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// It breaks a rule.
    pub is_error: bool,
    /// What is said.
    pub message: String,
}

/// What a verdict on a commit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotations {
    /// In one line.
    pub title: String,
    /// Something was found that is no mere note.
    pub needs_a_person: bool,
    /// At lines, the most important first.
    pub lines: Vec<AnnotatedLine>,
}

/// Of a review.
pub fn annotations(review: &Review<'_>, declared: &Declared) -> Annotations {
    let found = findings(review, &review.alike());
    let lines = found.iter().filter_map(|finding| {
        let (file, line) = place(finding, declared)?.clone();
        let message = harmless_line(&format!("{} {}", finding.subject, finding.text));
        Some(AnnotatedLine { file, line, is_error: finding.rule.level() == Level::Error, message })
    });
    Annotations {
        title: verdict(review),
        needs_a_person: found.iter().any(|finding| finding.rule.level() != Level::Note),
        lines: lines.collect(),
    }
}
