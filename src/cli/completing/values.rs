//! Values that arguments can have, by what their place is called: a new command whose argument is an ADDRESS offers them
//! without a word more.

use crate::cli::dashes::as_terraform_takes_them;
use crate::sandbox::published_models;
use crate::session::Workspaces;
use crate::session::stored::{self, StatePlace};
use crate::state::State;
use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

/// The commands, with the values that their arguments can have where these words stand before.
pub fn offered(command: Command, words: &[String]) -> Command {
    let place = Place::of(words, &command);
    with_values(command, &place)
}

/// Which fleet is meant, and which of its states.
#[derive(Clone, Debug)]
struct Place {
    chdir: Option<PathBuf>,
    state: StatePlace,
}

impl Place {
    fn of(words: &[String], command: &Command) -> Place {
        let words = as_terraform_takes_them(words.iter().map(OsString::from), command);
        let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
        let value = |flag: &str| {
            words.iter().enumerate().rev().find_map(|(at, word)| {
                let rest = word.strip_prefix(flag)?;
                if rest.is_empty() { words.get(at + 1).copied() } else { rest.strip_prefix('=') }.map(PathBuf::from)
            })
        };
        let set = std::env::var("PODFORM_SANDBOX").is_ok_and(|word| !matches!(&*word, "" | "0" | "false" | "no"));
        let sandbox = set || words.contains(&"--sandbox");
        Place { chdir: value("--chdir"), state: StatePlace { sandbox, file: value("--state") } }
    }

    /// What is recorded; nothing where that cannot be read.
    fn recorded(&self) -> State {
        if let Some(dir) = &self.chdir
            && crate::session::enter(dir).is_err()
        {
            return State::default();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let read = runtime.ok().and_then(|runtime| runtime.block_on(stored::read(&self.state)).ok());
        read.map(|(state, _)| state).unwrap_or_default()
    }

    fn workspaces(&self) -> Vec<CompletionCandidate> {
        let entered = self.chdir.as_ref().is_none_or(|dir| crate::session::enter(dir).is_ok());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok().filter(|_| entered);
        let names = runtime.and_then(|runtime| {
            let workspaces = Workspaces::here(&self.state).ok()?;
            runtime.block_on(workspaces.names()).ok()
        });
        names.unwrap_or_else(|| vec!["default".to_owned()]).into_iter().map(CompletionCandidate::new).collect()
    }

    fn addresses(&self, wholes: bool) -> Vec<CompletionCandidate> {
        let state = self.recorded();
        let mut all = BTreeSet::new();
        for address in state.resources.keys() {
            all.insert(address.to_string());
            if wholes && address.key.is_some() {
                all.insert(address.resource.to_string());
            }
        }
        all.into_iter().map(CompletionCandidate::new).collect()
    }
}

fn with_values(command: Command, place: &Place) -> Command {
    let below = place.clone();
    command.mut_args(|arg| with_value(arg, place)).mut_subcommands(move |command| with_values(command, &below))
}

fn with_value(arg: Arg, place: &Place) -> Arg {
    let name = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    let name = name.unwrap_or_else(|| arg.get_id().as_str().to_uppercase());
    let place = place.clone();
    match &*name {
        "ADDRESS" | "ADDRESS|ID" | "ADDRESSES" | "SOURCE" => {
            let wholes = matches!(arg.get_id().as_str(), "target" | "exclude" | "addresses" | "machines" | "source");
            arg.add(ArgValueCandidates::new(move || place.addresses(wholes)))
        }
        "WORKSPACE" => arg.add(ArgValueCandidates::new(move || place.workspaces())),
        "MODEL" => arg.add(ArgValueCandidates::new(|| published_models().map(CompletionCandidate::new).collect())),
        "DIR" => arg.value_hint(ValueHint::DirPath),
        _ => arg,
    }
}
