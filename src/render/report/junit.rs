//! A review as a JUnit report: a test for each rule, which fails where it finds something.

use super::declared::{Declared, place};
use super::markup::html;
use crate::render::escape::harmless_line;
use crate::render::words::finding::{Level, Rule, findings};
use crate::review::Review;
use std::fmt::Write;

/// The report.
pub fn junit_report(review: &Review<'_>, declared: &Declared) -> String {
    let found = findings(review, &review.alike());
    let fails = |rule: Rule| rule.level() != Level::Note && found.iter().any(|finding| finding.rule == rule);
    let failures = Rule::ALL.into_iter().filter(|rule| fails(*rule)).count();
    let name = html(&harmless_line(review.fleet.unwrap_or("podform")));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let tests = Rule::ALL.len();
    let _ = writeln!(out, "<testsuites name=\"podform\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">");
    let _ = writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">"
    );
    for rule in Rule::ALL {
        let _ = write!(out, "    <testcase classname=\"podform\" name=\"{}\"", rule.id());
        let of_rule: Vec<_> = found.iter().filter(|finding| finding.rule == rule).collect();
        if of_rule.is_empty() {
            out.push_str("/>\n");
            continue;
        }
        out.push_str(">\n");
        let lines: Vec<String> = of_rule
            .iter()
            .map(|finding| {
                let at = place(finding, declared).map_or(String::new(), |(file, line)| format!("{file}:{line}: "));
                html(&harmless_line(&format!("{at}{} {}", finding.subject, finding.text)))
            })
            .collect();
        let (tag, body) = (if fails(rule) { "failure" } else { "system-out" }, lines.join("\n"));
        let attributes = if fails(rule) {
            format!(" message=\"{}\" type=\"{}\"", html(rule.meaning()), rule.id())
        } else {
            String::new()
        };
        let _ = writeln!(out, "      <{tag}{attributes}>{body}</{tag}>");
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    // A character that XML does not know at all makes a report unreadable.
    out.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
