//! Text from the network, made safe for terminals and logs: no escape sequences, not too long.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Text without escape sequences, control characters and characters that turn the direction of writing. Line breaks
/// and tabs stay; of a line that was overwritten after carriage returns, the last version stays.
pub(super) fn clean(text: &str) -> String {
    // Nearly all that comes is plain already.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n')) {
        return text.to_owned();
    }
    let text = without_escapes(text).replace("\r\n", "\n");
    let mut lines = text.split('\n').map(|line| {
        let line = line.trim_end_matches('\r');
        let last = line.rsplit('\r').next().unwrap_or(line);
        last.chars().filter(|c| *c == '\t' || !(c.is_control() || is_invisible(*c))).collect::<String>()
    });
    let first = lines.next().unwrap_or_default();
    lines.fold(first, |text, line| text + "\n" + &line)
}

/// One line of at most about `limit` characters, for messages.
pub(super) fn one_line(text: &str, limit: usize) -> String {
    let words = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words,
    }
}

/// A console of a machine: base64 of UTF-8, the tail of a buffer (API sheet §3.9); cleaned.
pub(super) fn console(text: &str) -> String {
    let packed: String = text.split_whitespace().collect();
    let decoded = STANDARD.decode(packed).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    match decoded {
        Some(decoded) if is_text(&decoded) => clean(&decoded),
        _ => clean(text),
    }
}

/// A buffer may begin and end amid a character; where more is not UTF-8, it was no base64 of text.
fn is_text(decoded: &str) -> bool {
    let inner = decoded.trim_matches('\u{fffd}');
    decoded.len() - inner.len() <= 18 && inner.matches('\u{fffd}').count() <= inner.len() / 100
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Drops ANSI escape sequences: CSI up to its final byte, OSC and its kin up to their terminator, others of two
/// characters.
fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let introducer = match c {
            '\u{1b}' => match chars.next() {
                Some(introducer) => introducer,
                None => break,
            },
            '\u{9b}' => '[',
            '\u{9d}' => ']',
            c => {
                out.push(c);
                continue;
            }
        };
        match introducer {
            '[' => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
            ']' | 'P' | 'X' | '^' | '_' => {
                // A line break ends it too: one without terminator must not swallow the rest.
                while let Some(c) = chars.next_if(|c| *c != '\n') {
                    if c == '\u{7}' || c == '\u{9c}' {
                        break;
                    }
                    if c == '\u{1b}' {
                        chars.next_if_eq(&'\\');
                        break;
                    }
                }
            }
            '(' | ')' | '#' | '%' => {
                chars.next();
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_controls_go() {
        assert_eq!(clean("\u{1b}[31;1mred\u{1b}[0m \u{1b}]0;title\u{7}x\u{1b}]8;;http://a\u{1b}\\y"), "red xy");
        assert_eq!(clean("a\u{0}b\u{8}c\u{9b}2Jd\u{202e}e\tf"), "abcde\tf");
        assert_eq!(clean("10%\r50%\r100%\r\nnext\r"), "100%\nnext");
        assert_eq!(clean("\u{1b}]0;never ends\nnext \u{1b}"), "\nnext ");
    }

    #[test]
    fn messages_are_short_lines() {
        assert_eq!(one_line(" a\n\n b\u{1b}[2J ", 10), "a b");
        assert_eq!(one_line("ääääää", 3), "äää…");
    }

    #[test]
    fn consoles_are_decoded() {
        assert_eq!(
            console(&STANDARD.encode("Pulling image...\r\n\u{1b}[1mImage pulled")),
            "Pulling image...\nImage pulled"
        );
        assert_eq!(console(&STANDARD.encode(b"\xa4 tail of a character")), "\u{fffd} tail of a character");
        assert_eq!(console("not base64: \u{1b}[1mok"), "not base64: ok");
        assert_eq!(console("abcd"), "abcd");
        assert_eq!(console(""), "");
    }
}
