//! Commands and flags that podform does not have: one line says why, or which one is meant.

use crate::diag::did_you_mean;
use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Terraform's, and what stands in their place.
const OTHERS: [(&str, &str); 6] = [
    ("test", "check blocks and conditions test a configuration, and --sandbox runs it against a simulated account"),
    ("stacks", "modules and directories divide a fleet"),
    ("cloud", "state lies in the directory of the fleet"),
    ("env", "it was renamed: podform workspace"),
    ("push", "plan and apply run where they are started"),
    ("rpcapi", "other programs read plan -json, show -json and apply -json"),
];

/// Flags of Terraform's local backend, and what stands in their place.
const FLAGS: [(&str, &str); 2] = [
    (
        "-state-out",
        "a state stays where it is, with its journal beside it: -state=FILE names the place, and state pull prints a copy",
    ),
    ("-backup", "the last ten states are kept beside the state, in backups"),
];

/// What is said of a command or flag of Terraform's that there is not, or of any command; `None` for every other error.
pub fn answer(error: &clap::Error, command: &Command) -> Option<String> {
    if let (ErrorKind::UnknownArgument, Some(ContextValue::String(given))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    {
        let (flag, why) = FLAGS.iter().find(|(flag, _)| given.strip_prefix('-') == Some(*flag))?;
        return Some(format!("podform needs no \"{flag}\": {why}.\n"));
    }
    let given = match (error.kind(), error.get(ContextKind::InvalidSubcommand)) {
        (ErrorKind::InvalidSubcommand, Some(ContextValue::String(given))) => given,
        _ => return None,
    };
    if let Some((_, why)) = OTHERS.iter().find(|(name, _)| name == given) {
        return Some(format!("podform needs no \"{given}\": {why}.\n"));
    }
    // Nobody is led to what releases machines by a slip.
    let names = command.get_subcommands().map(Command::get_name).filter(|name| *name != "destroy");
    let hint = did_you_mean(given, names);
    Some(format!("There is no command \"{given}\".{hint} podform -help lists them all.\n"))
}
