//! Diagnostics as text.

use super::excerpt::{bounds, context, lines};
use crate::diag::{Diagnostic, Diagnostics, Severity, Source, Sources, Span};
use crate::render::escape::{harmless, harmless_line};
use crate::render::style::{BOLD, DIM, ERROR, Style, WARNING, wrap};
use std::collections::{BTreeMap, HashMap};

/// Draws diagnostics, the first `MOST` of them, each in a frame:
///
/// ```text
/// ╷
/// │ Error: Unsupported argument
/// │   --> main.hcl:5:3, in resource "simplepod_instance" "a"
/// │   │
/// │ 5 │   gpu_modle = "RTX 4090"
/// │   │   ^^^^^^^^^
/// │   ├ local.n is 5
/// │
/// │ An argument named "gpu_modle" is not expected here.
/// ╵
/// ```
pub fn diagnostics(diags: &Diagnostics, sources: &Sources, style: Style) -> String {
    let causes = by_cause(diags);
    let mut text: String = causes.iter().take(MOST).map(|cause| draw(cause, sources, style)).collect();
    if causes.len() > MOST {
        text.push_str(&format!("{} more like these are not shown.\n", causes.len() - MOST));
    }
    text
}

/// One thing to tell, and all the objects that it is about.
struct Cause<'d> {
    diagnostic: &'d Diagnostic,
    others: usize,
}

/// What is said of many objects in the same words is told once.
fn by_cause(diags: &Diagnostics) -> Vec<Cause<'_>> {
    let mut places: HashMap<Diagnostic, usize> = HashMap::new();
    let mut causes: Vec<Cause<'_>> = Vec::new();
    for diagnostic in diags.iter() {
        let words = Diagnostic { address: None, ..diagnostic.clone() };
        match places.get(&words) {
            Some(place) => causes[*place].others += 1,
            None => {
                places.insert(words, causes.len());
                causes.push(Cause { diagnostic, others: 0 });
            }
        }
    }
    causes
}

impl Cause<'_> {
    /// The objects, where it names any.
    fn about(&self) -> Option<String> {
        let address = harmless_line(&self.diagnostic.address.as_ref()?.to_string());
        Some(match self.others {
            0 => address,
            1 => format!("{address} and 1 other"),
            others => format!("{address} and {others} others"),
        })
    }
}

/// How many are drawn: nobody reads more.
const MOST: usize = 200;

fn draw(cause: &Cause<'_>, sources: &Sources, style: Style) -> String {
    let diagnostic = cause.diagnostic;
    let (word, colour) = match diagnostic.severity {
        Severity::Error => ("Error: ", ERROR),
        Severity::Warning => ("Warning: ", WARNING),
    };
    let room = if style.width == 0 { 0 } else { style.width.max(20) - 2 };
    let summary = harmless_line(&diagnostic.summary);
    let mut body = vec![format!("{}{}", style.paint(colour, word), style.paint(BOLD, &summary))];
    let place = diagnostic.span.and_then(|span| Some((sources.get(span.file)?, span)));
    match (place, cause.about()) {
        (Some((source, span)), _) => {
            excerpt(source, span, sources, cause, style, room, &mut body);
        }
        (None, Some(about)) => {
            body.push(format!("  {} {about}", style.paint(DIM, "with")));
            values(diagnostic.values(), "  ", style, &mut body);
        }
        (None, None) => values(diagnostic.values(), "  ", style, &mut body),
    }
    let detail = harmless(diagnostic.whole_detail(sources).trim_end());
    if !detail.is_empty() {
        body.push(String::new());
        body.extend(wrap(&detail, room));
    }
    framed(&body, style, colour)
}

fn framed(body: &[String], style: Style, colour: anstyle::Style) -> String {
    let bar = style.paint(colour, "│");
    let mut out = format!("{}\n", style.paint(colour, "╷"));
    for line in body {
        out.push_str(&bar);
        if !line.is_empty() {
            out.push(' ');
            out.push_str(line);
        }
        out.push('\n');
    }
    out.push_str(&style.paint(colour, "╵"));
    out.push('\n');
    out
}

fn excerpt(
    source: &Source,
    span: Span,
    sources: &Sources,
    cause: &Cause<'_>,
    style: Style,
    room: usize,
    body: &mut Vec<String>,
) {
    let (line, column) = sources.position(span.file, span.start);
    let name = harmless_line(&source.name);
    let inside =
        context(source, bounds(source, span).0).map_or(String::new(), |c| format!(", in {}", harmless_line(&c)));
    let diagnostic = cause.diagnostic;
    let with = cause.about().map_or(String::new(), |about| format!(", with {about}"));
    body.push(format!("  {} {name}:{line}:{column}{inside}{with}", style.paint(DIM, "-->")));
    let gutter = sources.position(span.file, span.end).0.to_string().len();
    let blank = " ".repeat(gutter);
    let bar = style.paint(DIM, "│");
    let colour = if diagnostic.severity == Severity::Error { ERROR } else { WARNING };
    let columns = if room == 0 { 0 } else { room.saturating_sub(gutter + 3).max(10) };
    body.push(format!("{blank} {bar}"));
    let drawn = lines(source, span, columns);
    for (index, line) in drawn.iter().enumerate() {
        if index > 0 && drawn.first().is_some_and(|first| first.number + 1 < line.number) {
            body.push(format!("{blank} {}", style.paint(DIM, "┆")));
        }
        let number = style.paint(DIM, &format!("{:>gutter$}", line.number));
        body.push(format!("{number} {bar} {}", line.text).trim_end().to_owned());
        let indent = line.underline.len() - line.underline.trim_start().len();
        let (spaces, carets) = line.underline.split_at(indent);
        body.push(format!("{blank} {bar} {spaces}{}", style.paint(colour, carets)));
    }
    values(diagnostic.values(), &format!("{blank} "), style, body);
}

fn values(values: &[(String, String)], indent: &str, style: Style, body: &mut Vec<String>) {
    for (name, statement) in values {
        body.push(format!("{indent}{} {}", style.paint(DIM, "├"), harmless_line(&format!("{name} {statement}"))));
    }
}

/// The warnings that have a place, once for each summary: the first of them says how many more there are. Errors, and
/// warnings without a place, stay as they are.
pub fn consolidate_warnings(diags: &Diagnostics) -> Diagnostics {
    let similar = |d: &Diagnostic| d.severity == Severity::Warning && d.span.is_some();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in diags.iter().filter(|d| similar(d)) {
        *counts.entry(&diagnostic.summary).or_default() += 1;
    }
    let mut kept = Diagnostics::new();
    for diagnostic in diags.iter() {
        if !similar(diagnostic) {
            kept.push(diagnostic.clone());
            continue;
        }
        // The entry is taken by the first; the others find none.
        let Some(count) = counts.remove(diagnostic.summary.as_str()) else { continue };
        let more = match count {
            0 | 1 => String::new(),
            2 => "\n\n(and one more similar warning elsewhere)".to_owned(),
            _ => format!("\n\n(and {} more similar warnings elsewhere)", count - 1),
        };
        let mut first = diagnostic.clone();
        first.add(&more);
        kept.push(first);
    }
    kept
}

/// Warnings in one line each (`-compact-warnings`); empty where there are none. Errors are left out.
pub fn compact_warnings(diags: &Diagnostics, sources: &Sources, style: Style) -> String {
    let mut summaries: Vec<(&Diagnostic, usize)> = Vec::new();
    for diagnostic in diags.iter().filter(|d| d.severity == Severity::Warning) {
        match summaries.iter_mut().find(|(first, _)| first.summary == diagnostic.summary) {
            Some((_, count)) => *count += 1,
            None => summaries.push((diagnostic, 1)),
        }
    }
    if summaries.is_empty() {
        return String::new();
    }
    let mut body = vec![style.paint(WARNING, "Warnings:"), String::new()];
    for (diagnostic, count) in summaries {
        let place = diagnostic.span.and_then(|span| {
            let (line, column) = sources.position(span.file, span.start);
            Some(format!("{}:{line}:{column}", harmless_line(&sources.get(span.file)?.name)))
        });
        let more = (count > 1).then(|| format!("and {} more", count - 1));
        let notes: Vec<String> = place.into_iter().chain(more).collect();
        let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
        body.push(format!("- {}{notes}", harmless_line(&diagnostic.summary)));
    }
    body.push(String::new());
    body.push("To see the full warning notes, run the command without -compact-warnings.".to_owned());
    framed(&body, style, WARNING)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "text_tests.rs"]
mod tests;
