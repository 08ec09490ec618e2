//! How text is drawn: colours and columns.

use anstyle::{AnsiColor, Effects, Style as Ansi};

/// The surface that is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Escape sequences for colour and weight are written.
    pub color: bool,
    /// Columns; 0 for "do not wrap".
    pub width: usize,
    /// Nobody sees an edge: sentences are wrapped at the width, rows of tables are not.
    pub endless: bool,
}

/// Errors, and what they underline.
pub const ERROR: Ansi = AnsiColor::Red.on_default().bold();
/// Warnings, and what they underline.
pub const WARNING: Ansi = AnsiColor::Yellow.on_default().bold();
/// Summaries.
pub const BOLD: Ansi = Ansi::new().bold();
/// Bars, arrows, line numbers, and what may be skipped.
pub const DIM: Ansi = Ansi::new().dimmed();
/// What is added.
pub const ADD: Ansi = AnsiColor::Green.on_default();
/// What changes.
pub const CHANGE: Ansi = AnsiColor::Yellow.on_default();
/// What goes.
pub const REMOVE: Ansi = AnsiColor::Red.on_default();
/// A word that changed inside a line.
pub const WORD: Effects = Effects::INVERT;

impl Style {
    /// No colour, no wrapping: for pipes and tests.
    pub const PLAIN: Style = Style { color: false, width: 0, endless: true };

    /// The columns that text may use; very many where lines are not wrapped.
    pub fn columns(self) -> usize {
        if self.width == 0 { usize::from(u16::MAX) } else { self.width }
    }

    /// The columns that a row of a table may use.
    pub fn row_columns(self) -> usize {
        if self.endless { usize::from(u16::MAX) } else { self.columns() }
    }

    /// The text in a style, where there is colour.
    pub fn paint(self, style: Ansi, text: &str) -> String {
        match self.color && !text.is_empty() {
            true => format!("{}{text}{}", style.render(), style.render_reset()),
            false => text.to_owned(),
        }
    }
}

/// Lines of at most `width` columns (0: unlimited), broken at spaces. Lines that start with a space are left alone:
/// they are code or lists.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    use unicode_width::UnicodeWidthStr;
    let mut lines = Vec::new();
    for line in text.lines() {
        if width == 0 || line.starts_with(' ') || line.width() <= width {
            lines.push(line.to_owned());
            continue;
        }
        let mut current = String::new();
        for word in line.split(' ') {
            if !current.is_empty() && current.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_spaces_and_leaves_indented_lines() {
        assert_eq!(wrap("aa bb cc\n  long indented line\n\nx", 5), ["aa bb", "cc", "  long indented line", "", "x"]);
        assert_eq!(wrap("日本 日本", 5), ["日本", "日本"]);
        assert_eq!(wrap("aa bb cc", 0), ["aa bb cc"]);
        assert_eq!(wrap("unbreakable", 5), ["unbreakable"]);
    }

    #[test]
    fn colour_is_optional() {
        assert_eq!(Style::PLAIN.paint(ERROR, "x"), "x");
        assert_eq!(Style { color: true, width: 0, endless: true }.paint(ERROR, "x"), "\u{1b}[1m\u{1b}[31mx\u{1b}[0m");
    }
}
