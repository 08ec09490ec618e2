//! Commands that a text tells a person to run, as they are typed where this run was started: with its `-chdir`, and with its
//! `-state`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

static HERE: OnceLock<Here> = OnceLock::new();

/// How commands are typed.
struct Here {
    /// ` -chdir=DIR`, or nothing.
    chdir: String,
    /// ` -state=FILE`, or nothing.
    state: String,
    /// All commands by their names, those inside of others too ("state rm"), and whether each takes `-state`.
    commands: BTreeMap<String, bool>,
}

/// From now on commands are told with the flags of this run.
pub fn begin(chdir: Option<&Path>, state: Option<&Path>, commands: &clap::Command) {
    if chdir.is_none() && state.is_none() {
        return;
    }
    let flag = |name: &str, path: Option<&Path>| {
        path.map_or_else(String::new, |path| format!(" -{name}={}", typed(&path.to_string_lossy())))
    };
    HERE.get_or_init(|| Here {
        chdir: flag("chdir", chdir),
        state: flag("state", state),
        commands: named(commands, "").collect(),
    });
}

/// `-state` of a command line.
pub fn state_of(matches: &clap::ArgMatches) -> Option<PathBuf> {
    let (_, inner) = matches.subcommand()?;
    state_of(inner).or_else(|| inner.try_get_one::<PathBuf>("state").ok().flatten().cloned())
}

fn named<'c>(command: &'c clap::Command, prefix: &str) -> Box<dyn Iterator<Item = (String, bool)> + 'c> {
    let prefix = prefix.to_owned();
    Box::new(command.get_subcommands().flat_map(move |inner| {
        let name = format!("{prefix}{}", inner.get_name());
        let takes = inner.get_arguments().any(|arg| arg.get_id() == "state");
        let below = named(inner, &format!("{name} "));
        std::iter::once((name, takes)).chain(below)
    }))
}

/// A text with its commands as they are typed here.
pub fn told(text: &str) -> Cow<'_, str> {
    match HERE.get() {
        Some(here) => Cow::Owned(here.told(text)),
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

impl Here {
    fn told(&self, text: &str) -> String {
        const SELF: &str = "podform";
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(SELF) {
            out.push_str(before);
            let begins = !out.ends_with(joins);
            out.push_str(SELF);
            rest = after;
            if let Some((name, takes_state)) = self.command(after).filter(|_| begins) {
                out.push_str(&self.chdir);
                let (command, arguments) = after.split_at(name.len() + 1);
                out.push_str(command);
                out.push_str(if takes_state { &self.state } else { "" });
                rest = arguments;
            }
        }
        out.push_str(rest);
        out
    }

    /// The command that a text behind the name of the program begins with.
    fn command(&self, after: &str) -> Option<(&str, bool)> {
        let words = after.strip_prefix(' ')?;
        let is_whole = |name: &str| {
            let end = words.strip_prefix(name).map(|rest| rest.strip_prefix('.').unwrap_or(rest));
            end.is_some_and(|rest| !rest.starts_with(joins))
        };
        let found = self.commands.iter().filter(|(name, _)| is_whole(name)).max_by_key(|(name, _)| name.len());
        found.map(|(name, takes_state)| (name.as_str(), *takes_state))
    }
}

/// Whether a character belongs to the word beside it.
fn joins(c: char) -> bool {
    c.is_alphanumeric() || "-_/.".contains(c)
}

#[cfg(test)]
mod tests {
    use super::{Here, typed};

    #[test]
    fn only_commands_get_the_flag() {
        let commands =
            [("plan", true), ("state", false), ("state rm", true), ("recover", true), ("force-unlock", false)];
        let commands = commands.map(|(name, takes)| (name.to_owned(), takes));
        let mut here = Here { chdir: " -chdir=x".to_owned(), state: String::new(), commands: commands.into() };
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
            assert_eq!(here.told(text), wanted);
        }
        here.state = " -state=s.json".to_owned();
        assert_eq!(
            here.told("podform state rm 'a' (podform recover)."),
            "podform -chdir=x state rm -state=s.json 'a' (podform -chdir=x recover -state=s.json)."
        );
        assert_eq!(here.told("podform force-unlock ID"), "podform -chdir=x force-unlock ID");
    }

    #[test]
    fn words_are_written_as_a_shell_reads_them() {
        for (word, wanted) in [("../a-b", "../a-b"), ("my dir", "'my dir'"), ("it's", "'it'\\''s'"), ("", "''")] {
            assert_eq!(typed(word), wanted);
        }
    }
}
