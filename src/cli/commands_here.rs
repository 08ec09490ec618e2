//! Commands that a text tells a person to run, as they are typed where this run was started: with its `-chdir`.

use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;

/// The flag of this run, and the names of all commands.
static HERE: OnceLock<(String, Vec<String>)> = OnceLock::new();

/// From now on commands are told with this `-chdir`.
pub fn begin(dir: &Path, commands: &clap::Command) {
    let names = commands.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    HERE.get_or_init(|| (format!(" -chdir={}", typed(&dir.to_string_lossy())), names));
}

/// A text with its commands as they are typed here.
pub fn told(text: &str) -> Cow<'_, str> {
    match HERE.get() {
        Some((flag, names)) => Cow::Owned(with_flag(text, flag, names)),
        None => Cow::Borrowed(text),
    }
}

/// A word as a shell reads it.
pub fn typed(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn with_flag(text: &str, flag: &str, names: &[String]) -> String {
    const SELF: &str = "podform";
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(SELF) {
        out.push_str(before);
        out.push_str(SELF);
        let joins = |c: char| c.is_alphanumeric() || "-_/.".contains(c);
        let word = after.strip_prefix(' ').map(|words| words.split(|c| !joins(c)).next().unwrap_or_default());
        let word = word.map(|word| word.trim_end_matches('.'));
        let begins = !out[..out.len() - SELF.len()].ends_with(joins);
        if begins && word.is_some_and(|word| names.iter().any(|name| name == word)) {
            out.push_str(flag);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{typed, with_flag};

    #[test]
    fn only_commands_get_the_flag() {
        let names = ["plan", "state", "recover", "force-unlock"].map(str::to_owned);
        for (text, wanted) in [
            ("Look again: podform recover.", "Look again: podform -chdir=x recover."),
            (
                "podform plan -out=p; podform state rm 'a'",
                "podform -chdir=x plan -out=p; podform -chdir=x state rm 'a'",
            ),
            (
                "\"podform plan\", podform force-unlock ID",
                "\"podform -chdir=x plan\", podform -chdir=x force-unlock ID",
            ),
            ("podform plans, and podform settles it", "podform plans, and podform settles it"),
            ("a podform state-file, my.podform plan", "a podform state-file, my.podform plan"),
            ("podform", "podform"),
        ] {
            assert_eq!(with_flag(text, " -chdir=x", &names), wanted);
        }
    }

    #[test]
    fn words_are_written_as_a_shell_reads_them() {
        for (word, wanted) in [("../a-b", "../a-b"), ("my dir", "'my dir'"), ("it's", "'it'\\''s'"), ("", "''")] {
            assert_eq!(typed(word), wanted);
        }
    }
}
