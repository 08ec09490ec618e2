//! The text of help: flags with one dash, examples first, and `-help` where Terraform takes it.

mod dash;
mod examples;

use super::extra_args::command_in;
use clap::Command;
use clap::error::{ContextKind, ContextValue, Error};
use dash::with_one_dash;
use std::ffi::OsString;

pub use examples::examples;

/// Examples stand before the flags: who asks for help wants to do something.
const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// The commands, with the examples of those that have some.
pub fn with_examples(command: Command) -> Command {
    command.mut_subcommands(|command| match examples(command.get_name()) {
        [] => obeyed(command),
        all => {
            let lines: String = all.iter().map(|(line, what)| format!("  {line}\n      {what}\n")).collect();
            obeyed(command).before_long_help(format!("Examples:\n{lines}")).help_template(TEMPLATE)
        }
    })
}

/// Those of its flags that a command shares with others and refuses are not listed.
fn obeyed(command: Command) -> Command {
    let refused: &[&str] = match command.get_name() {
        "apply" => &["snapshot"],
        // A saved plan says itself what it is.
        "destroy" => &["file", "destroy", "refresh_only", "replace", "snapshot", "allow_partial", "offers"],
        "refresh" => &["file", "destroy", "refresh_only", "replace", "snapshot", "allow_partial", "offers"],
        _ => &[],
    };
    refused.iter().fold(command, |command, name| command.mut_arg(name, |arg| arg.hide(true)))
}

/// `-help` before a command asks for the command's, as in Terraform: `podform -help plan`.
pub fn asked_of_command(mut args: Vec<OsString>, command: &Command) -> Vec<OsString> {
    let (words, end) = command_in(&args, command);
    let is_help = |arg: &OsString| arg == "--help" || arg == "-h";
    let Some(at) = args.iter().take(end).position(is_help).filter(|_| !words.is_empty()) else { return args };
    let asked = args.remove(at);
    args.insert(end - 1, asked);
    args
}

/// A message of the parser, with one dash. How a command is used says it alone: clap adds what the environment sets.
pub fn message(error: &mut Error, args: &[OsString], command: &mut Command) -> String {
    if error.get(ContextKind::Usage).is_some() {
        let (words, _) = command_in(args, command);
        command.build();
        let meant = words.iter().try_fold(&mut *command, |above, word| above.find_subcommand_mut(word));
        if let Some(meant) = meant.filter(|_| std::env::var_os("PODFORM_SANDBOX").is_some()) {
            error.insert(ContextKind::Usage, ContextValue::StyledStr(meant.render_usage()));
        }
    }
    with_one_dash(&error.render().ansi().to_string())
}
