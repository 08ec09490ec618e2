//! One dash is as good as two.

use std::ffi::OsString;

/// Terraform's flags have one dash: `-var` becomes `--var`. What follows `--` is left alone.
pub fn with_two_dashes(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut flags = true;
    let mut takes_value = false;
    args.map(|arg| {
        // The name of a flag is text, whatever its value is.
        let text = arg.as_encoded_bytes();
        flags &= text != b"--";
        let value = std::mem::replace(&mut takes_value, matches!(text, b"-var" | b"--var"));
        let long = matches!(text, [b'-', b'a'..=b'z', _, ..]);
        if !(flags && long && !value) {
            return arg;
        }
        let mut two = OsString::from("-");
        two.push(arg);
        two
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::with_two_dashes;
    use crate::cli::Cli;
    use crate::cli::commands::Command;
    use crate::cli::flags::RefreshFlag;
    use crate::session::Setting;
    use clap::Parser;
    use std::ffi::OsString;

    fn parse(line: &str) -> Cli {
        let args = std::iter::once("podform").chain(line.split(' ')).map(OsString::from);
        Cli::try_parse_from(with_two_dashes(args)).expect(line)
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
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
