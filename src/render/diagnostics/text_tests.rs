//! What diagnostics look like.

use super::*;

const SOURCE: &str =
    "locals {\n  n = 5\n}\n\nresource \"simplepod_instance\" \"a\" {\n\tgpu_modle = \"日本\" + nö\n}\n";

fn sources(text: &str) -> (Sources, crate::diag::FileId) {
    let mut sources = Sources::default();
    let file = sources.add("main.hcl", text);
    (sources, file)
}

fn span(text: &str, file: crate::diag::FileId, what: &str) -> Span {
    let start = text.find(what).unwrap();
    Span { file, start: u32::try_from(start).unwrap(), end: u32::try_from(start + what.len()).unwrap() }
}

fn drawn(text: &str, start: usize, end: usize, width: usize) -> String {
    let (sources, file) = sources(text);
    let span = Span { file, start: u32::try_from(start).unwrap(), end: u32::try_from(end).unwrap() };
    diagnostics(&Diagnostic::error("S", "").at(span).into(), &sources, Style { color: false, width, endless: false })
}

#[test]
fn an_error_shows_place_operand_values_and_detail() {
    let (sources, file) = sources(SOURCE);
    let diagnostic = Diagnostic::error(
        "Unsupported argument",
        "An argument named \"gpu_modle\" is not expected here. Did you mean \"gpu_model\"?",
    )
    .at(span(SOURCE, file, "gpu_modle"))
    .with_values(vec![("local.n".to_owned(), "is 5".to_owned())]);
    let text = diagnostics(&diagnostic.into(), &sources, Style { color: false, width: 50, endless: false });
    assert_eq!(
        text,
        "╷
│ Error: Unsupported argument
│   --> main.hcl:6:2, in resource \"simplepod_instance\" \"a\"
│   │
│ 6 │     gpu_modle = \"日本\" + nö
│   │     ^^^^^^^^^
│   ├ local.n is 5
│
│ An argument named \"gpu_modle\" is not expected
│ here. Did you mean \"gpu_model\"?
╵
"
    );
}

#[test]
fn wide_characters_are_underlined_over_their_whole_width() {
    let (sources, file) = sources(SOURCE);
    let text =
        diagnostics(&Diagnostic::error("S", "").at(span(SOURCE, file, "\"日本\"")).into(), &sources, Style::PLAIN);
    assert!(text.contains("│   │                 ^^^^^^\n"), "{text}");
    let text = diagnostics(&Diagnostic::error("S", "").at(span(SOURCE, file, "nö")).into(), &sources, Style::PLAIN);
    assert!(text.contains("│   │                          ^^\n"), "{text}");
}

#[test]
fn empty_spans_and_the_end_of_the_file_have_a_caret() {
    assert!(drawn("a = ", 4, 4, 0).contains("│ 1 │ a =\n│   │     ^\n"));
    assert!(drawn("a = 1\n", 6, 6, 0).contains("│ 2 │\n│   │ ^\n"));
    assert!(drawn("", 0, 0, 0).contains("│ 1 │\n│   │ ^\n"));
    assert!(drawn("a = 1", 90, 99, 0).contains("│ 1 │ a = 1\n│   │      ^\n"));
    assert!(drawn("a = 1", 4, 4, 0).contains("│ 1 │ a = 1\n│   │     ^\n"));
}

#[test]
fn spans_over_several_lines_show_both_ends() {
    let text = drawn("a = [\n  1,\n  2,\n]\n", 4, 17, 0);
    assert!(text.contains("│ 1 │ a = [\n│   │     ^\n│   ┆\n│ 4 │ ]\n│   │ ^\n"), "{text}");
    let text = drawn("a = (\n  x)\n", 4, 10, 0);
    assert!(text.contains("│ 1 │ a = (\n│   │     ^\n│ 2 │   x)\n│   │   ^^\n"), "{text}");
    let text = drawn("a = 1\r\nb", 4, 7, 0);
    assert!(text.contains("│ 1 │ a = 1\n│   │     ^\n╵"), "{text}");
}

#[test]
fn long_lines_are_cut_around_the_operand() {
    let line = format!("a = \"{}\" + needle + \"{}\"", "x".repeat(300), "y".repeat(300));
    let at = line.find("needle").unwrap();
    let text = drawn(&line, at, at + 6, 60);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.iter().all(|line| unicode_width::UnicodeWidthStr::width(*line) <= 60), "{text}");
    let column = |line: &str, what: &str| line.find(what).map(|at| line[..at].chars().count());
    assert_eq!(column(lines[4], "needle"), column(lines[5], "^^^^^^"));
    assert!(lines[4].ends_with('…') && lines[4].contains("│ …x"), "{text}");
    let text = drawn(&line, 5, 305, 60);
    assert!(text.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= 60), "{text}");
}

#[test]
fn nothing_reaches_the_terminal_unseen() {
    let mut sources = Sources::default();
    let file = sources.add("e\u{1b}vil.hcl", "a = \"\u{1b}[2J\u{202e}\" + b\n");
    let diagnostic = Diagnostic::error("S\u{7}", "D\u{1b}[31m")
        .at(Span { file, start: 14, end: 15 })
        .with_values(vec![("x".to_owned(), "is \u{9b}1\ny".to_owned())])
        .on(&"x.a[\"\u{1b}\"]".parse().unwrap());
    let text = diagnostics(&diagnostic.into(), &sources, Style::PLAIN);
    assert!(!text.chars().any(|c| crate::render::escape::is_unsafe(c) && c != '\n'), "{text:?}");
    for shown in [
        "e\\u{1b}vil.hcl",
        "\"\\u{1b}[2J\\u{202e}\"",
        "S\\u{7}",
        "D\\u{1b}[31m",
        "x is \\u{9b}1 y",
        "with x.a[\"\\u001b\"]",
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
}

#[test]
fn an_error_without_a_place_names_the_address() {
    let text = diagnostics(
        &Diagnostic::warning("Old", "Words.").on(&"x.a[0]".parse().unwrap()).into(),
        &Sources::default(),
        Style::PLAIN,
    );
    assert_eq!(text, "╷\n│ Warning: Old\n│   with x.a[0]\n│\n│ Words.\n╵\n");
}

#[test]
fn similar_warnings_are_told_once() {
    let (sources, file) = sources("abc");
    let mut diags = Diagnostics::new();
    for start in 0..3 {
        diags.push(Diagnostic::warning("Old", format!("{start}")).at(Span { file, start, end: start + 1 }));
        diags.push(Diagnostic::warning("Floating", format!("{start}")));
        diags.push(Diagnostic::error("Wrong", format!("{start}")).at(Span { file, start, end: start + 1 }));
    }
    let kept = consolidate_warnings(&diags);
    assert_eq!(kept.len(), 7);
    assert_eq!(kept.iter().next().unwrap().detail, "0\n\n(and 2 more similar warnings elsewhere)");
    let text = compact_warnings(&diags, &sources, Style::PLAIN);
    assert!(text.contains("│ - Old (main.hcl:1:1, and 2 more)\n│ - Floating (and 2 more)\n"), "{text}");
    assert!(!text.contains("Wrong"));
    assert_eq!(compact_warnings(&Diagnostics::new(), &sources, Style::PLAIN), "");
}

#[test]
fn colours_are_closed_on_every_line() {
    let (sources, file) = sources("a = 1\n");
    let style = Style { color: true, width: 80, endless: false };
    let text = diagnostics(&Diagnostic::error("S", "D").at(Span { file, start: 4, end: 5 }).into(), &sources, style);
    for line in text.lines() {
        assert_eq!(line.rfind("\u{1b}[0m") > line.rfind("\u{1b}[1m"), line.contains('\u{1b}'), "{line:?}");
    }
    assert!(anstream::adapter::strip_str(&text).to_string().contains("│ 1 │ a = 1\n"));
}
