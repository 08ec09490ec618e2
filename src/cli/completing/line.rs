//! A line as it is being typed, in words: the quote of the last one may still be open.

/// A line up to the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The words before the last one, without their quotes.
    pub before: Vec<String>,
    /// The last word, without its quotes; empty behind a blank.
    pub last: String,
    /// So many bytes of it stand before what the shell replaces.
    pub kept: usize,
    /// The quote that is open in it.
    pub quote: Option<char>,
}

impl Line {
    /// Reads one. Assignments before the command are left out. Outside of quotes, a shell that breaks words at `breaks`
    /// replaces only what follows the last of them.
    pub fn read(text: &str, breaks: &str, escape: char) -> Line {
        let mut line = Line::default();
        let (mut begun, mut escaped) = (false, false);
        for c in text.chars() {
            if std::mem::take(&mut escaped) {
                // In double quotes a shell keeps the backslash before most characters.
                if line.quote == Some('"') && !"$`\"\\".contains(c) {
                    line.last.push(escape);
                }
                line.last.push(c);
                continue;
            }
            match (c, line.quote) {
                (c, None | Some('"')) if c == escape => escaped = true,
                (' ' | '\t' | '\n', None) => {
                    if std::mem::take(&mut begun) {
                        let word = std::mem::take(&mut line.last);
                        line.before.push(word);
                    }
                    line.kept = 0;
                    continue;
                }
                ('"' | '\'', None) => {
                    line.quote = Some(c);
                    line.kept = line.last.len();
                }
                (c, Some(open)) if c == open => {
                    line.quote = None;
                    if breaks.contains(c) {
                        line.kept = line.last.len();
                    }
                }
                (c, quote) => {
                    line.last.push(c);
                    if quote.is_none() && breaks.contains(c) {
                        line.kept = line.last.len();
                    }
                }
            }
            begun = true;
        }
        let assignments = line.before.iter().take_while(|word| is_assignment(word)).count();
        line.before.drain(..assignments);
        line
    }
}

/// A word without its quotes.
pub fn word(text: &str) -> String {
    let mut line = Line::read(text, "", '\\');
    line.before.push(line.last);
    line.before.join(" ")
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::{Line, word};

    #[test]
    fn what_is_typed_is_understood() {
        let breaks = " \t\n\"'@><=;|&(:";
        for (text, before, last, kept, quote) in [
            ("podform pl", &["podform"][..], "pl", 0, None),
            ("A=1 podform plan ", &["podform", "plan"], "", 0, None),
            ("podform plan -target=a.b", &["podform", "plan"], "-target=a.b", 8, None),
            ("podform plan -target='a.b[\"", &["podform", "plan"], "-target=a.b[\"", 8, Some('\'')),
            ("podform plan -target a.b\\[\\\"x", &["podform", "plan", "-target"], "a.b[\"x", 0, None),
            ("podform x \"a \\\"b", &["podform", "x"], "a \"b", 0, Some('"')),
            ("podform '' x", &["podform", ""], "x", 0, None),
        ] {
            let before = before.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(Line::read(text, breaks, '\\'), Line { before, last: last.to_owned(), kept, quote }, "{text}");
        }
        assert_eq!(word("-target='a b"), "-target=a b");
    }
}
