//! Diagnostics as JSON, in the format of `terraform validate -json`.

use super::excerpt::{bounds, context, header};
use crate::diag::{Diagnostic, Diagnostics, FileId, Severity, Sources, Span};
use crate::render::json::{Level, Message, function_call_json};
use serde_json::{Value as Json, json};

/// The whole answer of a validation.
pub fn diagnostics_json(diags: &Diagnostics, sources: &Sources) -> Json {
    let count = |severity| diags.iter().filter(|d| d.severity == severity).count();
    json!({
        "format_version": "1.0",
        "valid": !diags.has_errors(),
        "error_count": count(Severity::Error),
        "warning_count": count(Severity::Warning),
        "diagnostics": diags.iter().map(|d| diagnostic_json(d, sources)).collect::<Vec<_>>(),
    })
}

/// A diagnostic as one of Terraform's machine-readable messages.
pub fn diagnostic_message(diagnostic: &Diagnostic, sources: &Sources) -> Message {
    let (level, word) = match diagnostic.severity {
        Severity::Error => (Level::Error, "Error"),
        Severity::Warning => (Level::Warn, "Warning"),
    };
    Message::new(level, "diagnostic", &format!("{word}: {}", diagnostic.summary))
        .with("diagnostic", diagnostic_json(diagnostic, sources))
}

/// One diagnostic.
fn diagnostic_json(diagnostic: &Diagnostic, sources: &Sources) -> Json {
    let mut json = json!({
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "summary": diagnostic.summary,
        "detail": diagnostic.whole_detail(sources),
    });
    let Some(members) = json.as_object_mut() else { return json };
    if let Some(hint) = &diagnostic.hint {
        members.insert("hint".to_owned(), hint.to_string().into());
    }
    if let Some(address) = &diagnostic.address {
        members.insert("address".to_owned(), address.to_string().into());
    }
    if let Some(span) = diagnostic.span
        && let Some(source) = sources.get(span.file)
    {
        let (start, end) = bounds(source, span);
        members.insert(
            "range".to_owned(),
            json!({
                "filename": source.name,
                "start": position(sources, span.file, start),
                "end": position(sources, span.file, end),
            }),
        );
        members.insert("snippet".to_owned(), snippet(diagnostic, sources, span));
    }
    json
}

/// Line and column from 1, byte from 0.
fn position(sources: &Sources, file: FileId, offset: usize) -> Json {
    let (line, column) = sources.position(file, u32::try_from(offset).unwrap_or(u32::MAX));
    json!({ "line": line, "column": column, "byte": offset })
}

/// The whole lines of the span; offsets are bytes in them.
fn snippet(diagnostic: &Diagnostic, sources: &Sources, span: Span) -> Json {
    let Some(source) = sources.get(span.file) else { return Json::Null };
    let (start, end) = bounds(source, span);
    let text = source.text.as_ref();
    let first = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let last = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let is_header = text[first..].lines().next().and_then(header).is_some();
    let values: Vec<Json> = diagnostic
        .values()
        .iter()
        .map(|(name, statement)| json!({ "traversal": name, "statement": statement }))
        .collect();
    let mut snippet = json!({
        // The header of a block stands in none.
        "context": if start == first && is_header { None } else { context(source, start) },
        "code": text[first..last],
        "start_line": sources.position(span.file, u32::try_from(start).unwrap_or(u32::MAX)).0,
        "highlight_start_offset": start - first,
        "highlight_end_offset": end - first,
        "values": values,
    });
    let called = diagnostic.in_play.as_ref().and_then(|in_play| in_play.called.as_deref());
    if let (Some(called), Some(members)) = (called.and_then(function_call_json), snippet.as_object_mut()) {
        members.insert("function_call".to_owned(), called);
    }
    snippet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_shape_of_terraform() {
        let mut sources = Sources::default();
        let file = sources.add("main.hcl", "variable \"v\" {\n  type = strin\n}\n");
        let mut diags = Diagnostics::new();
        diags.push(
            Diagnostic::error("Invalid type specification", "The keyword \"strin\" is not valid.")
                .at(Span { file, start: 24, end: 29 })
                .with_values(vec![("local.n".to_owned(), "is 5".to_owned())]),
        );
        let called = Diagnostic::error("S", "D").calling("core::max");
        let told = diagnostic_json(&called.at(Span { file, start: 24, end: 29 }), &sources);
        assert_eq!(
            told["snippet"]["function_call"],
            json!({
                "called_as": "core::max",
                "signature": {
                    "name": "max", "params": [], "variadic_param": {"name": "numbers", "type": "number"},
                    "return_type": "number",
                },
            })
        );
        diags.push(Diagnostic::warning("Old", "Words."));
        assert_eq!(
            diagnostics_json(&diags, &sources),
            json!({
                "format_version": "1.0", "valid": false, "error_count": 1, "warning_count": 1,
                "diagnostics": [
                    {
                        "severity": "error",
                        "summary": "Invalid type specification",
                        "detail": "The keyword \"strin\" is not valid.",
                        "range": {
                            "filename": "main.hcl",
                            "start": {"line": 2, "column": 10, "byte": 24},
                            "end": {"line": 2, "column": 15, "byte": 29},
                        },
                        "snippet": {
                            "context": "variable \"v\"", "code": "  type = strin", "start_line": 2,
                            "highlight_start_offset": 9, "highlight_end_offset": 14,
                            "values": [{"traversal": "local.n", "statement": "is 5"}],
                        },
                    },
                    {"severity": "warning", "summary": "Old", "detail": "Words."},
                ],
            })
        );
    }

    #[test]
    fn a_span_outside_the_text_is_clamped() {
        let mut sources = Sources::default();
        let file = sources.add("a.hcl", "ä");
        let json = diagnostic_json(&Diagnostic::error("S", "D").at(Span { file, start: 1, end: 99 }), &sources);
        assert_eq!(json["snippet"]["code"], "ä");
        assert_eq!(json["range"]["end"]["byte"], 2);
    }
}
