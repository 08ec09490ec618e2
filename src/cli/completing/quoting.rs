//! How a shell is given a word, so that it stays one: addresses hold whatever somebody chose as a key.

use super::line::Line;
use crate::cli::commands::completion::Shell;

impl Line {
    /// What the shell puts into the place of the last word, or of its end; `None` where that cannot be written.
    pub fn written(&self, shell: Shell, value: &str) -> Option<String> {
        match shell {
            Shell::Bash => self.for_bash(value),
            Shell::Powershell => Some(for_powershell(value)),
            // They quote themselves.
            Shell::Zsh | Shell::Fish | Shell::Elvish => Some(value.to_owned()),
        }
    }

    /// Bash inserts it as it is, and closes a quote that is open.
    fn for_bash(&self, value: &str) -> Option<String> {
        if !value.starts_with(self.last.get(..self.kept)?) {
            return None;
        }
        let rest = value.get(self.kept..)?;
        match self.quote {
            Some('\'') => (!rest.contains('\'')).then(|| rest.to_owned()),
            // What history would replace cannot be written there.
            Some(_) if rest.contains('!') => None,
            Some(_) => Some(escaped(rest, |c| "$`\"\\".contains(c))),
            None => Some(escaped(rest, |c| !(c.is_alphanumeric() || "/._-+=:,@%".contains(c)))),
        }
    }
}

fn escaped(text: &str, special: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if special(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn for_powershell(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:\\".contains(c);
    match value.chars().all(plain) {
        true => value.to_owned(),
        // Its typographic quotes close a text too.
        false => {
            let doubled = value.chars().flat_map(|c| {
                let quote = matches!(c, '\'' | '\u{2018}'..='\u{201b}');
                std::iter::repeat_n(c, if quote { 2 } else { 1 })
            });
            format!("'{}'", doubled.collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::Line;
    use crate::cli::commands::completion::Shell;

    #[test]
    fn nothing_of_an_address_acts_in_a_shell() {
        let hostile = "a.b[\"$(id)`id`;'!\"]";
        let written = |line: &str, shell| Line::read(line, " \"'=", '\\').written(shell, hostile);
        assert_eq!(
            written("podform x a.", Shell::Bash).expect("bash"),
            "a.b\\[\\\"\\$\\(id\\)\\`id\\`\\;\\'\\!\\\"\\]"
        );
        assert_eq!(written("podform x 'a.", Shell::Bash), None);
        assert_eq!(written("podform x \"a.", Shell::Bash), None);
        assert_eq!(written("podform x a.", Shell::Powershell).expect("PowerShell"), "'a.b[\"$(id)`id`;''!\"]'");
        let equals = Line::read("podform x -target=a.", " \"'=", '\\');
        assert_eq!(equals.written(Shell::Bash, "-target=a.b[0]").expect("bash"), "a.b\\[0\\]");
        assert_eq!(equals.written(Shell::Bash, "other"), None);
    }
}
