//! Text of others (the API, the configuration) made harmless: a control character never reaches a terminal.

use crate::printable::is_printable;
use std::borrow::Cow;

/// True for characters that act on a terminal, or reorder what stands around them.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text that does not act on a terminal: an escape character is shown as `\u{1b}`. Line breaks stay, tabs become spaces.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            '\r' => {}
            c if is_unsafe(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// JSON in which no character acts on a terminal: such stand in its texts alone, where an escape says the same.
pub fn harmless_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            c if c >= ' ' && is_unsafe(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Text without what a terminal would obey or hide, on one line: line breaks become spaces.
pub fn harmless_line(text: &str) -> String {
    harmless(text).replace('\n', " ")
}

fn push_visible(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if u32::from(c) < 0x100 => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        c => out.push_str(&format!("\\u{:04x}", u32::from(c))),
    }
}

/// One line of a script with every acting character written out, but for tabs.
pub fn visible_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) && c != '\t' { push_visible(c, &mut out) } else { out.push(c) }
    }
    out
}

/// A line that commands nobody: runners of CI jobs take one that begins with `::` for a command, whoever prints it.
pub fn uncommanding(line: &str) -> Cow<'_, str> {
    let inside = line.trim_start();
    match inside.strip_prefix("::") {
        Some(rest) => Cow::Owned(format!("{}\\x3a:{rest}", &line[..line.len() - inside.len()])),
        None => Cow::Borrowed(line),
    }
}

/// In quotes, as Terraform shows texts (`strconv.Quote`).
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", quoted_inner(text))
}

/// A part of a quoted text.
pub fn quoted_inner(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if is_printable(c) => out.push(c),
            c if c.is_ascii() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if u32::from(c) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out
}

/// The name of an attribute or the key of a map, quoted where it is no identifier.
pub fn key(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if plain { name.to_owned() } else { quoted(name) }
}

/// A word that ends a script: no line of the text is it.
pub fn delimiter(text: &str) -> String {
    let mut word = "EOT".to_owned();
    while text.lines().any(|line| line.trim() == word) {
        word.push('_');
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown() {
        assert_eq!(harmless("a\u{1b}[31m\u{202e}\tb\r\nc"), "a\\u{1b}[31m\\u{202e}    b\nc");
        assert_eq!(harmless_line("a\nb"), "a b");
    }

    #[test]
    fn nothing_acts_on_the_terminal() {
        let bad = "a\u{1b}[2J\u{9b}b\r\n\t\u{202e}\u{7f}";
        assert_eq!(visible_line(bad), "a\\x1b[2J\\x9bb\\r\\n\t\\u202e\\x7f");
        assert_eq!(visible_line("\tx\u{7}"), "\tx\\x07");
        assert_eq!(uncommanding("  ::set-output name=x::y"), "  \\x3a:set-output name=x::y");
        assert_eq!(uncommanding("a ::b"), "a ::b");
        assert_eq!(
            quoted("\u{7}\u{8}\u{b}\u{c}\u{7f}\u{80}\u{200b}\u{e0001}日"),
            r#""\a\b\v\f\x7f\u0080\u200b\U000e0001日""#
        );
        assert_eq!(quoted("\u{1b} é \" \\ \t"), r#""\x1b é \" \\ \t""#);
    }
}
