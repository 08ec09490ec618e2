//! What the escapes of texts stand for.

use std::borrow::Cow;
use std::ops::Range;

/// What is wrong with an escape of a text in quotes.
pub(in crate::lang) enum EscapeFault {
    /// `\q`.
    Selector(char),
    /// `\u` or `\U` without its digits.
    Digits(char),
    /// `\uD800`: not a character.
    NoCharacter,
}

/// Resolves the escapes of a text in quotes; the error names the range at fault.
pub(in crate::lang) fn unescape(raw: &str) -> Result<Cow<'_, str>, (Range<usize>, EscapeFault)> {
    if !raw.contains('\\') {
        return Ok(unescape_signs(raw));
    }
    let mut out = String::with_capacity(raw.len());
    let mut at = 0;
    while let Some(len) = raw.get(at..).and_then(|rest| rest.find('\\')) {
        out.push_str(&unescape_signs(raw.get(at..at + len).unwrap_or_default()));
        at += len;
        let rest = raw.get(at + 1..).unwrap_or_default();
        let selector = rest.chars().next().unwrap_or('\\');
        let end = at + 1 + selector.len_utf8().min(rest.len());
        let (letter, end) = match selector {
            'n' => ('\n', end),
            'r' => ('\r', end),
            't' => ('\t', end),
            '"' | '\\' if !rest.is_empty() => (selector, end),
            'u' | 'U' => {
                let width = if selector == 'u' { 4 } else { 8 };
                let digits = rest.get(1..=width).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
                let digits = digits.ok_or((at..end, EscapeFault::Digits(selector)))?;
                let letter = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                (letter.ok_or((at..end + width, EscapeFault::NoCharacter))?, end + width)
            }
            other => return Err((at..end, EscapeFault::Selector(other))),
        };
        out.push(letter);
        at = end;
    }
    out.push_str(&unescape_signs(raw.get(at..).unwrap_or_default()));
    Ok(Cow::Owned(out))
}

/// Resolves the only escapes of a heredoc: `$${` and `%%{`.
pub(in crate::lang) fn unescape_signs(raw: &str) -> Cow<'_, str> {
    match raw.contains("$${") || raw.contains("%%{") {
        true => Cow::Owned(raw.replace("$${", "${").replace("%%{", "%{")),
        false => Cow::Borrowed(raw),
    }
}
