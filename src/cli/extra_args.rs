//! Arguments of the environment: `PODFORM_CLI_ARGS` for every command, `PODFORM_CLI_ARGS_plan` for one. They stand right
//! after the command, those of the one first, so that the command line has the last word.

use crate::session::environment;
use clap::Command;
use std::ffi::{OsStr, OsString};

/// The variable for every command.
const EVERY: &str = "PODFORM_CLI_ARGS";

/// The arguments of the process, with those of the environment among them.
///
/// # Errors
/// What is told of a variable that cannot be read.
pub fn with_those_of_the_environment(args: Vec<OsString>, root: &Command) -> Result<Vec<OsString>, String> {
    let (words, at) = command_in(&args, root);
    let own = format!("{EVERY}_{}", words.join("_").replace('-', "_"));
    let mut extra = if words.is_empty() { Vec::new() } else { given(&own)? };
    extra.extend(given(EVERY)?);
    let (before, after) = args.split_at(at);
    Ok(before.iter().cloned().chain(extra.into_iter().map(OsString::from)).chain(after.iter().cloned()).collect())
}

fn given(name: &str) -> Result<Vec<String>, String> {
    let text = environment(name).map_err(|error| format!("{}\n", error.detail))?.unwrap_or_default();
    split(&text).ok_or_else(|| format!("Error parsing extra CLI args from {name}: invalid command line string\n"))
}

/// The words of the command, and where its arguments begin. An unknown one counts, too.
pub(super) fn command_in<'a>(args: &'a [OsString], root: &Command) -> (Vec<&'a str>, usize) {
    let (mut words, mut end, mut command) = (Vec::new(), args.len().min(1), Some(root));
    let mut all = args.iter().enumerate().skip(1);
    while let Some((at, arg)) = all.next() {
        let text = arg.to_str().unwrap_or_default();
        if matches!(text, "-chdir" | "--chdir") {
            all.next();
        }
        if text.starts_with('-') {
            continue;
        }
        let Some(above) = command.filter(|above| above.has_subcommands()) else { break };
        command = above.find_subcommand(OsStr::new(text));
        if command.is_none() && !words.is_empty() {
            break;
        }
        words.push(text);
        end = at + 1;
    }
    (words, end)
}

/// Splits as Terraform does, which is nearly as a shell does it: quotes, backslashes; nothing is replaced. What stands in
/// backticks or `$(...)` stays together, and what follows `;`, `&`, `|`, `<` or `>` is dropped. `None` where something is not
/// closed.
fn split(line: &str) -> Option<Vec<String>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Within {
        Nothing,
        Single,
        Double,
        Backtick,
        Dollar,
    }
    let (mut args, mut word) = (Vec::new(), None::<String>);
    let (mut within, mut escaped) = (Within::Nothing, false);
    for c in line.chars() {
        if std::mem::take(&mut escaped) {
            word.get_or_insert_default().push(c);
            continue;
        }
        match (c, within) {
            ('\\', within) if within != Within::Single => {
                escaped = true;
                continue;
            }
            (' ' | '\t' | '\r' | '\n', Within::Nothing) => {
                args.extend(word.take());
                continue;
            }
            ('"', Within::Nothing) => within = Within::Double,
            ('\'', Within::Nothing) => within = Within::Single,
            ('"', Within::Double) | ('\'', Within::Single) => within = Within::Nothing,
            ('`', Within::Nothing | Within::Backtick) => {
                within = if within == Within::Nothing { Within::Backtick } else { Within::Nothing };
                word.get_or_insert_default().push(c);
            }
            ('(', Within::Nothing) if word.as_deref().is_some_and(|word| word.ends_with('$')) => {
                within = Within::Dollar;
                word.get_or_insert_default().push(c);
            }
            ('(' | ')', Within::Nothing) | ('(', Within::Dollar) => return None,
            (')', Within::Dollar) => {
                within = Within::Nothing;
                word.get_or_insert_default().push(c);
            }
            (';' | '&' | '|' | '<' | '>', Within::Nothing) => {
                // The number before it is that of the stream, which nobody redirects here.
                let numbered =
                    c == '>' && word.as_deref().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()));
                args.extend(word.filter(|_| !numbered));
                return Some(args);
            }
            _ => word.get_or_insert_default().push(c),
        }
        word.get_or_insert_default();
    }
    args.extend(word);
    (!escaped && within == Within::Nothing).then_some(args)
}

#[cfg(test)]
mod tests {
    use super::{command_in, split};
    use crate::cli::Cli;
    use clap::CommandFactory;
    use std::ffi::OsString;

    /// What Terraform 1.11.4 made of `TF_CLI_ARGS_version`.
    const ANSWERS: &[(&str, Option<&[&str]>)] = &[
        ("", Some(&[])),
        ("  ", Some(&[])),
        ("a b", Some(&["a", "b"])),
        ("a  b\tc", Some(&["a", "b", "c"])),
        ("\"a b\"", Some(&["a b"])),
        ("'a b'", Some(&["a b"])),
        ("a\\ b", Some(&["a b"])),
        ("\"a\\\"b\"", Some(&["a\"b"])),
        ("'a\\'b", Some(&["a\\b"])),
        ("'a\\'", Some(&["a\\"])),
        ("\"a'b\"", Some(&["a'b"])),
        ("'a\"b'", Some(&["a\"b"])),
        ("a\"b\"c", Some(&["abc"])),
        ("\"\"", Some(&[""])),
        ("''", Some(&[""])),
        ("a \"\" b", Some(&["a", "", "b"])),
        ("x\"\"", Some(&["x"])),
        ("\"a", None),
        ("a\\", None),
        ("\\", None),
        ("a|b", Some(&["a"])),
        ("a;b", Some(&["a"])),
        ("a & b", Some(&["a"])),
        ("a > b", Some(&["a"])),
        ("2>b", Some(&[])),
        ("2 >b", Some(&["2"])),
        ("x2>b", Some(&["x2"])),
        ("\"a;b\"", Some(&["a;b"])),
        ("a\\;b", Some(&["a;b"])),
        ("${HOME} $HOME", Some(&["${HOME}", "$HOME"])),
        ("$(date x)", Some(&["$(date x)"])),
        ("$(date", None),
        ("`date x`", Some(&["`date x`"])),
        ("`date", None),
        ("a(b)", None),
        ("a)b", None),
        ("(a)", None),
        ("\"(a)\"", Some(&["(a)"])),
        ("'$(a b)'", Some(&["$(a b)"])),
        ("\"$(a b)\"", Some(&["$(a b)"])),
        ("\"`a b`\"", Some(&["`a b`"])),
        ("-var=x=[1,2]", Some(&["-var=x=[1,2]"])),
        ("-var='x=[\"a b\"]'", Some(&["-var=x=[\"a b\"]"])),
        ("-var=x={a=\"b\"}", Some(&["-var=x={a=b}"])),
        ("ä \"ö ü\"", Some(&["ä", "ö ü"])),
        ("a#b # c", Some(&["a#b", "#", "c"])),
        ("\\n \"\\n\" \\\\ \"\\\\\" '\\\\'", Some(&["n", "n", "\\", "\\", "\\\\"])),
        ("\"a\"'b'c", Some(&["abc"])),
        ("`a b` c", Some(&["`a b`", "c"])),
        ("$(a \"b c\") d", Some(&["$(a \"b c\")", "d"])),
        ("a\\\tb", Some(&["a\tb"])),
        ("x$(y)z w", Some(&["x$(y)z", "w"])),
        ("a\nb\r\nc", Some(&["a", "b", "c"])),
        ("a\u{b}b\u{c}c\u{a0}d", Some(&["a\u{b}b\u{c}c\u{a0}d"])),
    ];

    #[test]
    fn they_are_split_as_terraform_splits_them() {
        for (line, wanted) in ANSWERS {
            let wanted = wanted.map(|words| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
            assert_eq!(split(line), wanted, "{line}");
        }
    }

    #[test]
    fn they_stand_right_after_the_command() {
        for (line, words, at) in [
            ("podform plan -out x", &["plan"][..], 2),
            ("podform -chdir=x -no-color plan", &["plan"], 4),
            ("podform -chdir x plan y", &["plan"], 4),
            ("podform state list -id=1 y", &["state", "list"], 3),
            ("podform -no-color state -x list y", &["state", "list"], 5),
            ("podform state bogus y", &["state"], 2),
            ("podform bogus y", &["bogus"], 2),
            ("podform apply plan", &["apply"], 2),
            ("podform -help", &[], 1),
            ("podform", &[], 1),
        ] {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(command_in(&args, &Cli::command()), (words.to_vec(), at), "{line}");
        }
    }
}
