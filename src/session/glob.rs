//! The patterns of `fileset`.

use regex::Regex;
use std::iter::Peekable;
use std::str::Chars;

/// A pattern as a regular expression over paths with slashes: `*` and `?` within a part, `**` for any number of parts,
/// `[a-z]`, `[^a]`, `{a,b}` within a part, and `\\` before what means itself.
pub(super) fn expression(pattern: &str) -> Result<Regex, String> {
    let wrong = || "syntax error in pattern".to_owned();
    let parts: Vec<&str> = pattern.trim_start_matches('/').split('/').collect();
    let mut text = String::from("^");
    for (at, part) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        match (*part, is_last) {
            ("**", true) => text.push_str(".*"),
            ("**", false) => text.push_str("(?:[^/]+/)*"),
            (part, _) => {
                text.push_str(&one_part(part).ok_or_else(wrong)?);
                text.push_str(if is_last { "" } else { "/" });
            }
        }
    }
    text.push('$');
    Regex::new(&text).map_err(|_| wrong())
}

/// `None` for what is no pattern.
fn one_part(part: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = part.chars().peekable();
    let mut in_braces = false;
    while let Some(c) = rest.next() {
        match c {
            '*' => text.push_str("[^/]*"),
            '?' => text.push_str("[^/]"),
            '[' => text.push_str(&class(&mut rest)?),
            '{' if !in_braces => {
                in_braces = true;
                text.push_str("(?:");
            }
            '}' if in_braces => {
                in_braces = false;
                text.push(')');
            }
            ',' if in_braces => text.push('|'),
            '\\' => text.push_str(&literal(rest.next()?)),
            c => text.push_str(&literal(c)),
        }
    }
    (!in_braces).then_some(text)
}

fn literal(c: char) -> String {
    regex::escape(c.encode_utf8(&mut [0; 4]))
}

/// What stands behind `[`, to `]`.
fn class(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = String::new();
    let mut is_empty = true;
    let letter = |rest: &mut Peekable<Chars<'_>>| match rest.next()? {
        '\\' => rest.next(),
        c => Some(c),
    };
    while rest.next_if_eq(&']').is_none() {
        let first = letter(rest)?;
        let last = match rest.next_if_eq(&'-') {
            Some(_) => letter(rest)?,
            None => first,
        };
        is_empty = false;
        // One that runs backwards holds nothing.
        if first <= last {
            ranges.push_str(&format!("{}-{}", literal(first), literal(last)));
        }
    }
    match (negated, is_empty) {
        (false, true) => None,
        // Nothing matches.
        (true, true) => Some("[^\\s\\S]".to_owned()),
        (false, false) if ranges.is_empty() => Some("[^\\s\\S]".to_owned()),
        (true, false) => Some(format!("[^/{ranges}]")),
        (false, false) => Some(format!("[{ranges}]")),
    }
}

#[cfg(test)]
mod tests {
    use super::expression;

    #[test]
    fn patterns_match_as_fileset_does() {
        let matches = |pattern: &str, name: &str| expression(pattern).expect(pattern).is_match(name);
        assert!(matches("*.sh", "a.sh") && !matches("*.sh", "d/a.sh"));
        assert!(matches("**/*.sh", "d/e/a.sh") && matches("**/*.sh", "a.sh") && matches("**", "d/a"));
        assert!(matches("{a,b}?.[xy]", "a1.y") && !matches("[^a]", "a") && matches("[!a]", "a"));
        assert!(matches("d/***", "d/a") && !matches("***", "d/a") && matches("\\*[\\]]", "*]"));
        assert!(!matches("[b-a]", "a") && matches("[a-c-]", "-") && !matches("[^]", "a"));
        for wrong in ["[", "[a", "[a-", "[]", "\\", "[\\", "{a", "{,d/}*.txt"] {
            assert!(expression(wrong).is_err(), "{wrong}");
        }
    }
}
