//! Commands and flags that podform does not have: one line says why, or which one is meant.

use crate::diag::did_you_mean;
use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;

/// Terraform's, and what stands in their place; those below another command with its name.
const OTHERS: [(&str, &str); 11] = [
    ("test", "check blocks and conditions test a configuration, and --sandbox runs it against a simulated account"),
    ("stacks", "modules and directories divide a fleet"),
    ("cloud", "a backend block says where states are kept"),
    ("env", "it was renamed: podform workspace"),
    ("push", "plan and apply run where they are started"),
    ("rpcapi", "other programs read plan -json, show -json and apply -json"),
    ("providers lock", "the one provider is a part of it"),
    ("providers mirror", "the one provider is a part of it"),
    ("state replace-provider", "there is one provider"),
    ("metadata schema", "providers schema -json tells attributes and blocks, metadata functions -json the functions"),
    ("state identities", "podform state show prints the id of an object"),
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
/// `args` are those of the command line.
pub fn answer(error: &clap::Error, command: &Command, args: &[OsString]) -> Option<String> {
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
    // The command that it was to be one of: the word before it.
    let pair = args.windows(2).find(|pair| pair.get(1).is_some_and(|word| **word == **given));
    let above = pair.and_then(|pair| command.find_subcommand(pair.first()?));
    let whole = above.map_or(given.clone(), |above| format!("{} {given}", above.get_name()));
    if let Some((_, why)) = OTHERS.iter().find(|(name, _)| *name == whole) {
        return Some(format!("podform needs no \"{whole}\": {why}.\n"));
    }
    // Nobody is led to what releases machines by a slip.
    let names = above.unwrap_or(command).get_subcommands().map(Command::get_name).filter(|name| *name != "destroy");
    let hint = did_you_mean(given, names);
    let help = above.map_or(String::new(), |above| format!("{} ", above.get_name()));
    Some(format!("There is no command \"{whole}\".{hint} podform {help}-help lists them all.\n"))
}
