//! Flags as README writes them.

use std::borrow::Cow;

/// A text of the parser with its flags written with one dash; columns stay where they are.
pub fn with_one_dash(text: &str) -> String {
    text.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> Cow<'_, str> {
    if !line.contains("--") {
        return Cow::Borrowed(line);
    }
    let shown = plain(line);
    // The column of flags: what stands behind them keeps its place.
    let pad = if shown.starts_with("  ") && shown.trim_start().starts_with('-') { " " } else { "" };
    let mut out = pad.to_owned();
    let mut rest = line;
    while let Some(at) = rest.find("--") {
        let (before, flag) = rest.split_at(at);
        out.push_str(before);
        let behind = flag.trim_start_matches('-');
        let dashes = &flag[..flag.len() - behind.len()];
        let begins = !plain(before).ends_with(|c: char| c.is_alphanumeric() || c == '-');
        let is_flag = dashes == "--" && begins && behind.starts_with(|c: char| c.is_ascii_lowercase());
        out.push_str(if is_flag { "-" } else { dashes });
        rest = behind;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Without what colours it.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::with_one_dash;

    #[test]
    fn flags_have_one_dash_and_columns_stay() {
        for (text, wanted) in [
            ("      --var <A>  Set --x\n  -h, --help     Print\n", "       -var <A>  Set -x\n   -h, -help     Print\n"),
            ("Usage: podform import --all [ADDRESS]", "Usage: podform import -all [ADDRESS]"),
            ("'--help', a--b, --- and -- x", "'-help', a--b, --- and -- x"),
            ("      \u{1b}[1m--var\u{1b}[0m  Set", "       \u{1b}[1m-var\u{1b}[0m  Set"),
        ] {
            assert_eq!(with_one_dash(text), wanted);
        }
    }
}
