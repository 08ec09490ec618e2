//! Text of others inside of Markdown and HTML: nothing in it closes, opens, links or calls anything.

use crate::render::escape::harmless_line;

/// Text in HTML.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Where HTML stands in Markdown.
            '`' => out.push_str("&#96;"),
            c => out.push(c),
        }
    }
    out
}

/// Splits a text that a forge would make a name, a number or a link of, and is not seen.
const NOTHING: &str = "<!-- -->";

/// Text in Markdown that looks as it is: nobody is mentioned, nothing is linked or emphasised.
pub fn plain(text: &str) -> String {
    let text = harmless_line(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '!' | '%' | '&' if after.starts_with(|c: char| c.is_alphanumeric() || c == '"') => {
                out.push('\\');
                out.push(c);
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' | '#' => {
                out.push(c);
                out.push_str(NOTHING);
            }
            ':' if after.starts_with("//") || is_picture(after) => out.push_str(&format!(":{NOTHING}")),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str(&format!("{NOTHING}.")),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        rest = after;
    }
    out
}

/// Whether a text behind a colon is the name of a picture, as in `:tada:`.
fn is_picture(text: &str) -> bool {
    let named = text.split_once(':').map_or("", |(name, _)| name);
    let hours = named.len() <= 2 && named.bytes().all(|byte| byte.is_ascii_digit());
    !hours && named.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-'))
}

/// The longest run of backticks in a text.
fn ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Code in a line, also inside of a table.
pub fn code(text: &str) -> String {
    let text = harmless_line(text).replace('|', "\\|");
    if text.trim().is_empty() {
        return String::new();
    }
    let fence = "`".repeat(ticks(&text) + 1);
    // A space is stripped from both ends: it keeps backticks at the ends apart from the fence.
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A block of code.
pub fn block(language: &str, text: &str) -> String {
    let fence = "`".repeat(ticks(text).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// A text inside of a comment of HTML: nothing in it ends the comment.
pub fn hidden(text: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | ':');
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if keep(c) => out.push(c),
            '-' if !out.ends_with('-') => out.push('-'),
            c => {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}")));
            }
        }
    }
    // "-->" must not come to stand by what follows.
    if out.ends_with('-') { format!("{}%2D", &out[..out.len() - 1]) } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hostile_acts() {
        assert_eq!(html("</details><script>\"'&"), "&lt;/details&gt;&lt;script&gt;&quot;&#39;&amp;");
        assert_eq!(plain("@all `x` |<b>\n#1 \u{202e}"), "@<!-- -->all \\`x\\` \\|&lt;b&gt; #<!-- -->1 \\\\u{202e}");
        assert_eq!(
            plain(":+1: !7 %\"x\" &lt; a & b! 5 % at 10:30 UTC"),
            ":<!-- -->+1: \\!7 \\%\"x\" \\&lt; a &amp; b! 5 % at 10:30 UTC"
        );
        assert_eq!(plain("https://x WWW.y a.b: 1"), "https:<!-- -->//x WWW<!-- -->.y a.b: 1");
        assert_eq!(code("a`b``c|d"), "```a`b``c\\|d```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code(" "), "");
        assert_eq!(block("diff", "a\n````\nb"), "`````diff\na\n````\nb\n`````\n");
        assert_eq!(hidden("a-->b--"), "a-%2D%3Eb-%2D");
        assert_eq!(hidden("fleet one/ü"), "fleet%20one/%C3%BC");
    }
}
