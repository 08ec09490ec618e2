//! Flags that give values to root variables.

use crate::cli::terminal::may_ask;
use crate::session::{Choice, LocalEffects, Opening, Setting};
use clap::{ArgMatches, Args, FromArgMatches};
use std::path::PathBuf;

/// Values of root variables.
#[derive(Clone, Debug, Default)]
pub struct VariableArgs {
    /// `-var` and `-var-file` in the order of the command line: a later one wins.
    pub settings: Vec<Setting>,
    /// `-input`; never where a program reads the answer, as in Terraform.
    pub input: bool,
}

impl VariableArgs {
    /// What a command opens that has these variables.
    pub fn opening(&self, account: Choice, parallelism: u16) -> Opening {
        Opening {
            account,
            settings: self.settings.clone(),
            blocks: Vec::new(),
            asks: self.input,
            parallelism,
            effects: LocalEffects::planning(),
        }
    }
}

impl FromArgMatches for VariableArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let flags = VariableFlags::from_arg_matches(matches)?;
        let places = |id| matches.indices_of(id).into_iter().flatten();
        let values = places("var").zip(flags.var.into_iter().map(Setting::Value));
        let files = places("var_file").zip(flags.var_file.into_iter().map(Setting::File));
        let mut settings: Vec<(usize, Setting)> = values.chain(files).collect();
        settings.sort_by_key(|(place, _)| *place);
        // Whose command has -json declares it behind these: what was read already is not there any more.
        let json = matches!(matches.try_get_one("json"), Ok(Some(true)));
        let settings = settings.into_iter().map(|(_, setting)| setting).collect();
        Ok(Self { settings, input: flags.input && !json && may_ask() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for VariableArgs {
    fn augment_args(command: clap::Command) -> clap::Command {
        VariableFlags::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        VariableFlags::augment_args_for_update(command)
    }
}

/// The flags of [`VariableArgs`].
#[derive(Args)]
#[command(next_help_heading = "Variables")]
struct VariableFlags {
    /// Set a variable of the root module; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    var: Vec<String>,
    /// Read variables from a file; may be repeated.
    #[arg(long, value_name = "FILE")]
    var_file: Vec<PathBuf>,
    /// Ask for what is missing, on a terminal.
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1, require_equals = true, action = clap::ArgAction::Set)]
    input: bool,
}
