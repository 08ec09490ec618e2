//! What can follow the words of a command line, for the shells: `podform completion` prints the scripts that ask here. It
//! reads the recorded state and nothing else; where something is wrong, nothing follows, and nobody is told.

mod line;
mod quoting;
mod values;

use super::commands::completion::Shell;
use super::dashes::as_terraform_takes_them;
use crate::render::is_unsafe;
use clap::ValueEnum;
use clap_complete::engine::{CompletionCandidate, complete};
use line::{Line, word};
use std::ffi::OsString;

/// The first argument of whoever asks: no command, so that neither its flags nor the environment's are looked at.
const ASKED: &str = "__complete";

/// The answer to a shell's question, where the arguments of the process are one: a candidate a line.
///
/// What follows the name of the shell is, for bash, what breaks words and the line up to the cursor; for the others the words,
/// the last one as it is typed. PowerShell, some versions of which lose quotes of arguments, has the line in
/// `PODFORM_COMPLETE`.
pub fn answer(args: &[OsString], command: &clap::Command) -> Option<String> {
    if args.get(1)? != ASKED {
        return None;
    }
    let [shell, rest @ ..] = args.get(2..)? else { return Some(String::new()) };
    let rest: Option<Vec<&str>> = rest.iter().map(|arg| arg.to_str()).collect();
    let shell = shell.to_str().and_then(|name| Shell::from_str(name, false).ok());
    Some(shell.zip(rest).and_then(|(shell, rest)| candidates(shell, &rest, command)).unwrap_or_default())
}

fn candidates(shell: Shell, rest: &[&str], command: &clap::Command) -> Option<String> {
    let line = match (shell, rest) {
        (Shell::Bash, [breaks, line]) => Line::read(line, breaks, '\\'),
        (Shell::Powershell, []) => Line::read(&std::env::var("PODFORM_COMPLETE").ok()?, "", '`'),
        (Shell::Bash | Shell::Powershell, _) => return None,
        // What fish and elvish give are values already, but for fish's last word.
        (Shell::Zsh | Shell::Fish | Shell::Elvish, [before @ .., last]) => Line {
            before: before.iter().map(|one| if shell == Shell::Zsh { word(one) } else { (*one).to_owned() }).collect(),
            last: if shell == Shell::Elvish { (*last).to_owned() } else { word(last) },
            ..Line::default()
        },
        _ => return None,
    };
    let found = following(&line, command)?;
    let shown = found.iter().filter_map(|one| {
        let value = line.written(shell, &one.value)?;
        Some(match (shell, &one.about) {
            (Shell::Bash, _) | (_, None) => format!("{value}\n"),
            (_, Some(about)) => format!("{value}\t{about}\n"),
        })
    });
    Some(shown.collect())
}

/// What the last word can become.
struct Candidate {
    value: String,
    about: Option<String>,
}

fn following(line: &Line, command: &clap::Command) -> Option<Vec<Candidate>> {
    let words = line.before.iter().map(OsString::from);
    let command = values::offered(command.clone(), &line.before);
    let mut words = as_terraform_takes_them(words, &command);
    let is_value = words.last().is_some_and(|before| before == "--var");
    let typed_two = line.last.starts_with("--");
    let last = match line.last.strip_prefix('-') {
        Some(_) if !is_value && !typed_two => format!("-{}", line.last),
        _ => line.last.clone(),
    };
    let at = words.len();
    words.push(last.into());
    let here = std::env::current_dir().ok();
    let mut command = command;
    let found = complete(&mut command, words, at, here.as_deref()).ok()?;
    let mut found: Vec<Candidate> = found.iter().filter_map(|one| candidate(one, typed_two)).collect();
    // Flags are offered to whoever begins one, or where nothing else can stand.
    if line.last.is_empty() && found.iter().any(|one| !one.value.starts_with('-')) {
        found.retain(|one| !one.value.starts_with('-'));
    }
    Some(found)
}

fn candidate(found: &CompletionCandidate, two_dashes: bool) -> Option<Candidate> {
    let value = found.get_value().to_str()?;
    let value = match value.strip_prefix("--") {
        Some(name) if !two_dashes => format!("-{name}"),
        _ => value.to_owned(),
    };
    // Nobody can type these, and a shell must not be made to. A flag of one letter is another's short form.
    if value.chars().any(is_unsafe) || (value.starts_with('-') && value.len() < 3) {
        return None;
    }
    let about = found.get_help().map(ToString::to_string);
    let about = about.and_then(|about| about.lines().next().map(str::to_owned)).filter(|about| !about.is_empty());
    Some(Candidate { value, about })
}
