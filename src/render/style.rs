//! How text is drawn: with or without colour, and how wide.

use anstyle::{AnsiColor, Effects};

/// What is added.
pub const ADD: anstyle::Style = AnsiColor::Green.on_default();
/// What changes.
pub const CHANGE: anstyle::Style = AnsiColor::Yellow.on_default();
/// What goes.
pub const REMOVE: anstyle::Style = AnsiColor::Red.on_default();
/// Headlines.
pub const BOLD: anstyle::Style = anstyle::Style::new().bold();
/// What may be skipped.
pub const DIM: anstyle::Style = anstyle::Style::new().dimmed();
/// A word that changed inside a line.
pub const WORD: Effects = Effects::INVERT;

/// The terminal, as far as pure code must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether escape sequences for colours are written.
    pub color: bool,
    /// Columns.
    pub width: usize,
}

impl Style {
    /// The text in a style, where there is colour.
    pub fn paint(self, style: anstyle::Style, text: &str) -> String {
        if self.color && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
