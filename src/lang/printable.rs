//! Escapes of letters that cannot be seen.

use std::fmt::Write as _;
use unicode_general_category::{GeneralCategory as Category, get_general_category};

/// True for letters, marks, numbers, punctuation, symbols and the blank: Go's `unicode.IsPrint`.
pub fn is_printable(letter: char) -> bool {
    match letter {
        ' '..='~' => true,
        '\0'..='\u{9f}' => false,
        _ => !matches!(
            get_general_category(letter),
            Category::Control
                | Category::Format
                | Category::LineSeparator
                | Category::ParagraphSeparator
                | Category::PrivateUse
                | Category::SpaceSeparator
                | Category::Surrogate
                | Category::Unassigned
        ),
    }
}

/// A text as it stands between quotation marks; template signs are not escaped.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            letter if is_printable(letter) => escaped.push(letter),
            letter if (letter as u32) < 0x1_0000 => _ = write!(escaped, "\\u{:04x}", letter as u32),
            letter => _ = write!(escaped, "\\U{:08x}", letter as u32),
        }
    }
    escaped
}
