//! What `init` does about the backend, and about git.

use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::cli::flags::{LockArgs, lock_timeout};
use crate::cli::terminal::{Terminal, may_ask};
use crate::config::{Arguments, BackendBlock};
use crate::diag::Diagnostic;
use crate::session::init::{Change, Ignoring, Initializing, Moving, Partial, ignore, is_tracked};
use crate::session::is_untrusted;
use crate::store::Backend;
use clap::Args;
use std::path::Path;
use std::time::Duration;

/// How `init` comes to the backend.
#[derive(Debug, Args)]
#[command(next_help_heading = "Backend")]
pub struct BackendArgs {
    /// Ask what is to become of states, on a terminal (false: do not; without an answer nothing is done).
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1, require_equals = true, action = clap::ArgAction::Set)]
    pub input: bool,
    /// An argument of the backend that its block does not say, or a file of them; may be repeated. Secrets are not kept: later
    /// commands read them from the environment.
    #[arg(long, value_name = "NAME=VALUE|FILE", allow_hyphen_values = true, num_args = 0..=1, require_equals = true)]
    pub backend_config: Vec<String>,
    /// Copy the states of the backend that was used before into this one, read them back, and leave word of it there.
    #[arg(long, value_name = "BOOL", default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub migrate_state: Option<bool>,
    /// Use this backend whatever was used before, and leave the states where they are.
    #[arg(long, value_name = "BOOL", default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub reconfigure: Option<bool>,
    /// With -migrate-state, which it implies: do not ask.
    #[arg(long, value_name = "BOOL", default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub force_copy: Option<bool>,
    /// Open the backend (false: do not).
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1, require_equals = true, action = clap::ArgAction::Set)]
    pub backend: bool,
    /// How states are locked while they are copied.
    #[command(flatten)]
    pub locking: LockArgs,
}

/// Opens what is declared, brings states to it, and remembers it.
///
/// # Errors
/// It is wrong, or cannot be opened, or states cannot be brought to it: then everything is as it was before.
pub async fn run(args: &BackendArgs, block: Option<&BackendBlock>, context: &mut Context) -> Result<(), Failure> {
    let is_set = |flag: Option<bool>| flag.unwrap_or_default();
    let (migrates, reconfigures) = (is_set(args.migrate_state) || is_set(args.force_copy), is_set(args.reconfigure));
    if migrates && reconfigures {
        let detail = "The -migrate-state and -reconfigure options are mutually-exclusive.";
        return Err(Diagnostic::error("Invalid init options", detail).into());
    }
    if let Some(block) = block.filter(|_| is_untrusted()) {
        let detail = "An untrusted configuration may not choose a backend: it decides to whom credentials are sent.";
        return Err(Diagnostic::error("Backend of an untrusted configuration", detail).at(block.span).into());
    }
    let wait = args.locking.lock.then_some(lock_timeout(&args.locking.lock_timeout)?);
    let given = given(args, block, context);
    if context.diags.has_errors() {
        return Err(std::mem::take(&mut context.diags).into());
    }
    let mut opened = Initializing::of(block, given, !reconfigures)?;
    if opened.change != Change::None {
        tell(context, "Initializing the backend...");
        refuse_change(&opened.change, migrates)?;
        for told in opened.try_out().await? {
            tell(context, &format!("  {told}"));
        }
        if opened.change != Change::Same && !reconfigures {
            bring(args, &opened, wait, context).await?;
        }
        opened.remember()?;
        if let Some(told) = concluded(&opened) {
            tell(context, &told);
        }
    } else if reconfigures {
        // What was opened before counts for nothing.
        opened.remember()?;
    }
    if !is_untrusted() {
        git(context);
    }
    Ok(())
}

/// What `-backend-config` gives; `None` where it is not there at all.
fn given(args: &BackendArgs, block: Option<&BackendBlock>, context: &mut Context) -> Option<Arguments> {
    let given: Vec<String> = args.backend_config.iter().filter(|given| !given.is_empty()).cloned().collect();
    if given.is_empty() {
        return None;
    }
    let Some(block) = block else {
        let detail = "-backend-config was used without a \"backend\" block in the configuration, so it does nothing.";
        let hint = "The block may be empty: podform { backend \"s3\" {} }, each block on lines of its own.";
        context.diags.push(Diagnostic::warning("Missing backend configuration", detail).with_hint(hint));
        return None;
    };
    Some(Partial(given).read(block.kind, &mut context.sources, &mut context.diags))
}

/// Terraform's words: another backend than before is never taken without a word.
fn refuse_change(change: &Change, migrates: bool) -> Result<(), Failure> {
    let why = match change {
        Change::Changed(why) => why.clone(),
        Change::Unset(kind) => format!("Unsetting the previously set backend \"{}\"", kind.name()),
        Change::None | Change::Same | Change::First => return Ok(()),
    };
    if migrates {
        return Ok(());
    }
    let detail = format!(
        "{why}. A change in the backend configuration has been detected, which may require migrating existing state."
    );
    let hint = "If you wish to attempt automatic migration of the state, use podform init -migrate-state. If you wish to store the current configuration with no changes to the state, use podform init -reconfigure.";
    Err(Diagnostic::error("Backend configuration changed", detail).with_hint(hint).into())
}

async fn bring(
    args: &BackendArgs,
    opened: &Initializing,
    wait: Option<Duration>,
    context: &Context,
) -> Result<(), Failure> {
    let old = opened.old()?;
    let leaving = opened.leaving(&*old).await?;
    if leaving.is_empty() || !approved(args, &*old, opened, &leaving, context).await? {
        return Ok(());
    }
    for workspace in leaving {
        let told = match opened.bring(&*old, &workspace, wait).await? {
            Moving::Nothing | Moving::Stays => continue,
            Moving::Already => format!("The state of the workspace \"{workspace}\" was moved before."),
            Moving::Copied(place) => format!(
                "The state of the workspace \"{workspace}\" is kept in {place} now. It was read back, and word was left where it was."
            ),
        };
        tell(context, &told);
    }
    Ok(())
}

async fn approved(
    args: &BackendArgs,
    old: &dyn Backend,
    opened: &Initializing,
    leaving: &[String],
    context: &Context,
) -> Result<bool, Failure> {
    if args.force_copy.unwrap_or_default() {
        return Ok(true);
    }
    if !args.input || !may_ask() || context.terminal.streams() || !Terminal::is_interactive() {
        let detail = format!(
            "{} holds a state ({}), and nobody can be asked here whether it is to be copied.",
            old.place(),
            leaving.join(", ")
        );
        let hint = "Add -force-copy to copy it without a question, or -reconfigure to leave it where it is.";
        let summary = "Can't ask approval for state migration when interactive input is disabled";
        return Err(Diagnostic::error(summary, detail).with_hint(hint).into());
    }
    let question = format!(
        "\nDo you want to copy existing state to the new backend?\n  States of these workspaces are in {}: {}. They are copied to {}, read back, and word is left\n  where they were. Enter \"yes\" to copy and \"no\" to start with an empty state.\n\n  Enter a value: ",
        old.place(),
        leaving.join(", "),
        opened.backend.place()
    );
    match context.terminal.ask(&question).await.as_deref() {
        Some("yes") => Ok(true),
        Some("no") => Ok(false),
        _ => {
            Err(Diagnostic::error("Init cancelled", "The answer was neither \"yes\" nor \"no\". Nothing was changed.")
                .into())
        }
    }
}

fn concluded(opened: &Initializing) -> Option<String> {
    let kind = opened.kind().map(|kind| kind.name());
    match (&opened.change, kind) {
        (Change::First | Change::Changed(_), Some(kind)) => Some(format!(
            "\nSuccessfully configured the backend \"{kind}\"! podform will automatically use this backend unless the backend configuration changes."
        )),
        (Change::Unset(kind), _) => {
            Some(format!("\nSuccessfully unset the backend \"{}\". podform will now operate locally.", kind.name()))
        }
        _ => None,
    }
}

/// Writes what git should leave alone, and says once that git is no lock.
fn git(context: &mut Context) {
    match ignore(Path::new(".")) {
        Ok(Ignoring::Written) => tell(context, "Wrote .gitignore: what is of this checkout alone stays out of git."),
        Ok(Ignoring::LeftAlone) => {}
        Err(error) => {
            let detail = format!(".gitignore cannot be written: {error}.");
            context.diags.push(Diagnostic::warning("Not written", detail));
        }
    }
    if is_tracked(Path::new("state/podform.state.json")) {
        let detail = "git tracks state/podform.state.json. That is a copy for everybody, but no lock: two people who apply at the same time, or from an older commit, know nothing of each other's machines.";
        let hint = "A backend locks, and is one place for all: docs/state.md says how to choose one. podform { backend \"s3\" { ... } }, then podform init -migrate-state.";
        context.diags.push(Diagnostic::warning("State is tracked by git", detail).with_hint(hint));
    }
}

fn tell(context: &Context, text: &str) {
    match context.terminal.streams() {
        true => context.terminal.say(text),
        false => context.terminal.sentence(text),
    }
}
