//! The difference of two strings: scripts line by line, changed words marked; unchanged lines folded.

use super::page::{Page, Sign};
use crate::render::escape::{quoted_inner, visible_line};
use crate::render::style::{ADD, DIM, REMOVE, WORD};
use similar::{ChangeTag, TextDiff};
use unicode_width::UnicodeWidthStr;

/// Unchanged lines that are shown beside a change.
const CONTEXT: usize = 3;

/// A script that comes, goes or stays as a whole.
pub fn heredoc(page: &mut Page, level: usize, sign: Sign, head: &str, text: &str, tail: &str) {
    let end = delimiter(text);
    page.line(level, sign, &format!("{head}<<-{end}"));
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        page.line(level + 1, Sign::Same, &visible_line(line));
    }
    page.line(level, Sign::Same, &format!("{end}{tail}"));
}

/// A word that no line of the text is.
pub fn delimiter(text: &str) -> String {
    let mut word = "EOT".to_owned();
    while text.lines().any(|line| line.trim() == word) {
        word.push('_');
    }
    word
}

/// Two strings that differ.
pub fn strings(page: &mut Page, level: usize, head: &str, old: &str, new: &str, tail: &str) {
    if old.contains('\n') || new.contains('\n') {
        return scripts(page, level, head, old, new, tail);
    }
    let (before, after) = words(page, old, new);
    let line = format!("{head}\"{before}\" -> \"{after}\"{tail}");
    let width = 4 * level + head.width() + quoted_inner(old).width() + quoted_inner(new).width() + tail.width() + 8;
    if width <= page.style.columns() {
        return page.line(level, Sign::Change, &line);
    }
    page.line(level, Sign::Change, &format!("{head}\"{before}\""));
    let indent = " ".repeat(head.width().saturating_sub(3));
    page.line(level, Sign::Same, &format!("{indent}-> \"{after}\"{tail}"));
}

/// Both strings, the words that differ marked where there is colour.
fn words(page: &Page, old: &str, new: &str) -> (String, String) {
    let (mut before, mut after) = (String::new(), String::new());
    let diff = TextDiff::from_words(old, new);
    // Without a word in common nothing would be left unmarked.
    let mark = diff.iter_all_changes().any(|c| c.tag() == ChangeTag::Equal && !c.value().trim().is_empty());
    for change in diff.iter_all_changes() {
        let text = quoted_inner(change.value());
        let paint = |style: anstyle::Style| {
            if mark { page.style.paint(style.effects(WORD), &text) } else { text.clone() }
        };
        match change.tag() {
            ChangeTag::Equal => {
                before.push_str(&text);
                after.push_str(&text);
            }
            ChangeTag::Delete => before.push_str(&paint(REMOVE)),
            ChangeTag::Insert => after.push_str(&paint(ADD)),
        }
    }
    (before, after)
}

fn scripts(page: &mut Page, level: usize, head: &str, old: &str, new: &str, tail: &str) {
    let end = delimiter(&format!("{old}\n{new}"));
    page.line(level, Sign::Change, &format!("{head}<<-{end}"));
    let diff = TextDiff::from_lines(old, new);
    let lines: Vec<(ChangeTag, String)> = diff
        .ops()
        .iter()
        // No deadline: the same inputs give the same bytes on a slow machine.
        .flat_map(|op| diff.iter_inline_changes_deadline(op, None).collect::<Vec<_>>())
        .map(|change| {
            let style = if change.tag() == ChangeTag::Delete { REMOVE } else { ADD };
            let mut line = String::new();
            for (differs, piece) in change.iter_strings_lossy() {
                let piece = visible_line(piece.strip_suffix('\n').unwrap_or(&piece));
                line.push_str(&if differs { page.style.paint(style.effects(WORD), &piece) } else { piece });
            }
            if change.missing_newline() && change.tag() != ChangeTag::Equal {
                line.push_str(&page.style.paint(DIM, " # (no line break at the end)"));
            }
            (change.tag(), line)
        })
        .collect();
    let changed: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].0 != ChangeTag::Equal).collect();
    let near = |at: usize| changed.iter().any(|&change| at.abs_diff(change) <= CONTEXT);
    let mut folded = 0;
    for (at, (tag, line)) in lines.iter().enumerate() {
        if !near(at) {
            folded += 1;
            continue;
        }
        page.hidden(level + 1, std::mem::take(&mut folded), "line");
        let sign = match tag {
            ChangeTag::Equal => Sign::Same,
            ChangeTag::Delete => Sign::Remove,
            ChangeTag::Insert => Sign::Add,
        };
        // An empty line that comes or goes still shows its sign.
        page.line(level + 1, sign, if line.is_empty() && sign != Sign::Same { " " } else { line });
    }
    page.hidden(level + 1, folded, "line");
    page.line(level, Sign::Same, &format!("{end}{tail}"));
}
