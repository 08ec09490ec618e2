//! Escapes of letters that cannot be seen.

use std::fmt::Write as _;
use std::str::Chars;
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

/// As [`escaped`], as the configuration spells a text: nothing in it begins a template.
pub fn escaped_text(text: &str) -> String {
    escaped(text).replace("${", "$${").replace("%{", "%%{")
}

/// What stands behind a backslash. States written before places had a spelling of their own have Rust's: `\0`, `\'`,
/// `\u{1b}`.
pub fn unescaped(rest: &mut Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        c @ ('"' | '\\' | '\'') => c,
        width @ ('u' | 'U') => {
            let (digits, after) = match rest.as_str().strip_prefix('{') {
                Some(braced) => braced.split_once('}')?,
                None => rest.as_str().split_at_checked(if width == 'u' { 4 } else { 8 })?,
            };
            *rest = after.chars();
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
        }
        _ => return None,
    })
}
