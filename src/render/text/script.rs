//! Texts of one or of several lines, and their differences.

use super::page::{Page, Sign};
use crate::render::escape::{delimiter, quoted_inner, visible_line};
use crate::render::style::{ADD, DIM, REMOVE, Style, WORD};
use crate::review::{LineDiff, LineEnd, Piece, TextDiff};
use unicode_width::UnicodeWidthStr;

impl Page {
    /// A script that comes, goes or stays as a whole.
    pub fn heredoc(&mut self, level: usize, sign: Sign, head: &str, text: &str, tail: &str) {
        let end = delimiter(text);
        self.line(level, sign, &format!("{head}<<-{end}"));
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.line(level + 1, Sign::Same, &visible_line(line));
        }
        self.line(level, Sign::Same, &format!("{end}{tail}"));
    }

    /// Two texts of one line each; beside each other where there is room.
    pub fn words(&mut self, level: usize, head: &str, (before, after): (&[Piece<'_>], &[Piece<'_>]), tail: &str) {
        let plain = |pieces: &[Piece<'_>]| pieces.iter().map(|piece| quoted_inner(piece.text).width()).sum::<usize>();
        let width = 4 * level + head.width() + plain(before) + plain(after) + tail.width() + 8;
        let before = painted(self.style, before, REMOVE, quoted_inner);
        let after = painted(self.style, after, ADD, quoted_inner);
        if width <= self.style.columns() {
            return self.line(level, Sign::Change, &format!("{head}\"{before}\" -> \"{after}\"{tail}"));
        }
        self.line(level, Sign::Change, &format!("{head}\"{before}\""));
        let indent = " ".repeat(head.width().saturating_sub(3));
        self.line(level, Sign::Same, &format!("{indent}-> \"{after}\"{tail}"));
    }

    /// Two scripts, line by line.
    pub fn lines(&mut self, level: usize, head: &str, text: &TextDiff<'_>, lines: &[LineDiff<'_>], tail: &str) {
        let end = delimiter(&format!("{}\n{}", text.before, text.after));
        self.line(level, Sign::Change, &format!("{head}<<-{end}"));
        for line in lines {
            let (sign, pieces, paint, ends) = match line {
                LineDiff::Unchanged(count) => {
                    self.hidden(level + 1, *count, "line");
                    continue;
                }
                LineDiff::Same(pieces) => (Sign::Same, pieces, ADD, LineEnd::Break),
                LineDiff::Removed(pieces, end) => (Sign::Remove, pieces, REMOVE, *end),
                LineDiff::Added(pieces, end) => (Sign::Add, pieces, ADD, *end),
            };
            let mut drawn = painted(self.style, pieces, paint, visible_line);
            if ends == LineEnd::Text {
                drawn.push_str(&self.style.paint(DIM, " # (no line break at the end)"));
            }
            // An empty line that comes or goes still shows its sign.
            self.line(level + 1, sign, if drawn.is_empty() && sign != Sign::Same { " " } else { &drawn });
        }
        self.line(level, Sign::Same, &format!("{end}{tail}"));
    }
}

/// A line with what differs marked, where there is colour.
fn painted(style: Style, pieces: &[Piece<'_>], paint: anstyle::Style, escape: fn(&str) -> String) -> String {
    let piece = |piece: &Piece<'_>| match piece.differs {
        true => style.paint(paint.effects(WORD), &escape(piece.text)),
        false => escape(piece.text),
    };
    pieces.iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_no_sign_and_no_command() {
        let mut page = Page::diff();
        page.heredoc(2, Sign::Add, "start_script = ", "- x\n::error::y\n  + z\n", "");
        let drawn = "+       start_script = <<-EOT\n            - x\n            \\x3a:error::y\n              + z\n        EOT\n";
        assert_eq!(page.text, drawn);
    }
}
