//! Flags as Terraform takes them: with one dash or two, and booleans with any of Go's words.

use super::extra_args::command_in;
use clap::{Arg, ArgAction, Command};
use std::collections::BTreeSet;
use std::ffi::OsString;

/// Terraform's flags have one dash: `-var` becomes `--var`, and `-v` is short for `--version`. A switch takes `=true` and `=false` in every spelling of Go's;
/// the last one counts. What follows `--` is left alone.
pub fn as_terraform_takes_them(args: impl Iterator<Item = OsString>, command: &Command) -> Vec<OsString> {
    let is_switch = |arg: &Arg| matches!(arg.get_action(), ArgAction::SetTrue);
    let takes_truth = |arg: &Arg| arg.get_possible_values().iter().any(|value| value.matches("true", false));
    let args: Vec<OsString> = args.collect();
    let (words, _) = command_in(&args, command);
    let (switches, choices) = (names(command, &words, &is_switch), names(command, &words, &takes_truth));
    let mut out: Vec<OsString> = Vec::new();
    let mut flags = true;
    let mut takes_value = false;
    for arg in args.iter().cloned() {
        // The name of a flag is text, whatever its value is.
        let text = arg.as_encoded_bytes();
        flags &= text != b"--";
        let value = std::mem::replace(&mut takes_value, matches!(text, b"-var" | b"--var"));
        if flags && !value && text == b"-v" {
            out.push("--version".into());
            continue;
        }
        let short = matches!(text, [b'-', b'a'..=b'z', _, ..]);
        let long = matches!(text, [b'-', b'-', b'a'..=b'z', ..]);
        if !flags || value || !(short || long) {
            out.push(arg);
            continue;
        }
        let mut two = OsString::from(if short { "-" } else { "" });
        two.push(arg);
        let flag = two.to_str().and_then(|text| text.strip_prefix("--")?.split_once('='));
        match flag.map(|(name, word)| (name, truth(word))) {
            Some((name, Some(on))) if switches.contains(name) => {
                let flag = OsString::from(format!("--{name}"));
                // What was said before does not count any more.
                out.retain(|said| *said != flag);
                out.extend(on.then_some(flag));
            }
            Some((name, Some(on))) if choices.contains(name) => out.push(format!("--{name}={on}").into()),
            _ => out.push(two),
        }
    }
    out
}

/// Go's words for true and false.
fn truth(word: &str) -> Option<bool> {
    match word {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Such flags of the command that these words name, and of those above it: elsewhere a flag of the same name may be another one.
fn names(root: &Command, words: &[&str], such: &dyn Fn(&Arg) -> bool) -> BTreeSet<String> {
    let below = words.iter().scan(root, |above, word| {
        *above = above.find_subcommand(word)?;
        Some(*above)
    });
    let arguments = std::iter::once(root).chain(below).flat_map(Command::get_arguments);
    arguments.filter(|arg| such(arg)).filter_map(|arg| arg.get_long().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::as_terraform_takes_them;
    use crate::cli::Cli;
    use crate::cli::commands::Command;
    use crate::cli::flags::RefreshFlag;
    use crate::session::Setting;
    use clap::{CommandFactory, Parser};
    use std::ffi::OsString;

    fn parse(line: &str) -> Cli {
        let args = std::iter::once("podform").chain(line.split(' ')).map(OsString::from);
        Cli::try_parse_from(as_terraform_takes_them(args, &Cli::command())).expect(line)
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        let Command::Plan(plan) =
            parse("-chdir=x plan -var a=b -var=c=-d --target a.b -refresh=full -out=p -input=false").command
        else {
            panic!("a plan")
        };
        let values = |of: [&str; 2]| of.map(|text| Setting::Value(text.into())).to_vec();
        assert_eq!(plan.planning.variables.settings, values(["a=b", "c=-d"]));
        assert_eq!(plan.planning.refresh, RefreshFlag::Full);
        assert!(!plan.planning.variables.input);
        let Command::Plan(plan) = parse("plan -var -x=1 -refresh -lock=false").command else { panic!("a plan") };
        assert_eq!(plan.planning.variables.settings, [Setting::Value("-x=1".into())]);
        assert_eq!(plan.planning.refresh, RefreshFlag::True);
        assert!(!plan.planning.locking.lock);
    }

    #[test]
    fn switches_take_words_and_the_last_flag_counts() {
        let apply = |line: &str| {
            let Command::Apply(apply) = parse(line).command else { panic!("an apply") };
            (apply.auto_approve, apply.planning.locking.lock, apply.planning.refresh)
        };
        assert_eq!(apply("apply -auto-approve=true -lock=f -refresh=0"), (true, false, RefreshFlag::False));
        assert_eq!(apply("apply -auto-approve -auto-approve=FALSE"), (false, true, RefreshFlag::True));
        assert_eq!(apply("apply --auto-approve=0 -auto-approve=T -lock=1"), (true, true, RefreshFlag::True));
        assert_eq!(apply("apply -lock=false -lock=true -refresh=full -refresh=t"), (false, true, RefreshFlag::True));
        assert!(
            Cli::try_parse_from(as_terraform_takes_them(
                ["podform".into(), "apply".into(), "-parallelism=1".into()].into_iter(),
                &Cli::command()
            ))
            .is_ok()
        );
        let Command::Fmt(fmt) = parse("fmt -write=false -list=0 a.hcl").command else { panic!("an fmt") };
        assert!(!fmt.write && !fmt.list, "another command has a switch of this name");
        assert!(parse("plan -no-color -no-color -input=0 -input=1").no_color);
        assert!(!parse("-no-color=false plan -var a=t -var-file=t").no_color);
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
