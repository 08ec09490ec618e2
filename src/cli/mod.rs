//! The command line: clap types, one file per command, prompts, progress. The only room that prints.

mod approval;
mod beside;
pub mod commands;
mod commands_here;
mod completing;
mod context;
mod dashes;
pub mod exit;
mod extra_args;
pub mod flags;
mod foot;
mod help;
mod interrupts;
mod logs;
mod others;
mod posting;
pub mod progress;
pub mod prompt;
mod rebooting;
mod refreshing;
pub mod screen;
mod silence;
pub mod terminal;
mod usage;
mod waiting;

use crate::diag::{Diagnostic, Diagnostics, Sources};
use crate::lang::stack::on_deep_stack;
use crate::session::{distrust, shown};
use clap::{CommandFactory, FromArgMatches, Parser};
use commands::Command;
use context::Context;
use exit::Exit;
use interrupts::Interrupts;
use std::io::Write as _;
use std::path::PathBuf;
use terminal::Terminal;

/// What stands below the help.
const AFTER: &str = "PODFORM_LOG=info, debug or trace writes what podform does to standard error, or to the file that \
                     PODFORM_LOG_PATH names; no secret stands in it. PODFORM_CLI_ARGS and PODFORM_CLI_ARGS_<command> add \
                     arguments, PODFORM_INPUT=0 asks nothing, PODFORM_IN_AUTOMATION=1 names no next command. HTTPS_PROXY, ALL_PROXY and NO_PROXY choose a proxy, \
                     SSL_CERT_FILE and SSL_CERT_DIR the certificate authorities.";

/// podform: Terraform for rented GPUs.
///
/// HCL files declare template groups and instances; `plan` shows what would change and what it costs; `apply` makes it
/// so. Flags may be written with one dash or two.
#[derive(Debug, Parser)]
#[command(name = "podform", version, max_term_width = 100, after_help = AFTER, args_override_self = true)]
pub struct Cli {
    /// Work in this directory instead of the current one.
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "DIR")]
    pub chdir: Option<PathBuf>,
    /// Without colours.
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub no_color: bool,
    /// Show warnings as one line each.
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub compact_warnings: bool,
    /// The configuration is somebody's proposal that nobody has read yet: it is planned without secrets, and nothing
    /// outside of its directory is read for it. Commands that change anything refuse.
    #[arg(long, global = true, help_heading = "Everywhere", env = "PODFORM_UNTRUSTED", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub untrusted: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The parser, with its examples.
fn command() -> clap::Command {
    help::with_examples(Cli::command())
}

/// Runs the command line of this process and gives its exit code.
pub fn run() -> u8 {
    on_deep_stack(command_line).unwrap_or_else(|error| {
        Terminal::new(true, false, false).tell(&format!("Error: The system gives no thread: {error}.\n"));
        Exit::Error.code()
    })
}

fn command_line() -> u8 {
    let mut parser = command();
    let plain = Terminal::new(true, false, false);
    let given: Vec<_> = std::env::args_os().collect();
    if let Some(candidates) = completing::answer(&given, &parser) {
        plain.print(&candidates);
        return Exit::Done.code();
    }
    let args = match extra_args::with_those_of_the_environment(given, &parser) {
        Ok(args) => help::asked_of_command(dashes::as_terraform_takes_them(args.into_iter(), &parser), &parser),
        Err(text) => {
            plain.tell(&text);
            return Exit::Error.code();
        }
    };
    let parsed = parser
        .try_get_matches_from_mut(&args)
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, commands_here::state_of(&matches))));
    let (cli, state) = match parsed.map_err(|error| error.format(&mut parser)) {
        Ok(cli) => cli,
        Err(mut error) => {
            if usage::told_as_message(&error, &args) {
                return Exit::Error.code();
            }
            if let Some(text) = others::answer(&error, &parser, &args) {
                plain.tell(&text);
                return Exit::Error.code();
            }
            let text = help::message(&mut error, &args, &mut parser);
            // clap's own 2 would collide with "changes present".
            if error.use_stderr() {
                let _ = write!(anstream::stderr(), "{text}");
                return Exit::Error.code();
            }
            terminal::printed(write!(anstream::stdout(), "{text}"));
            return plain.conclude(Exit::Done).code();
        }
    };
    let terminal = Terminal::new(cli.no_color, cli.compact_warnings, cli.command.streams_json());
    terminal.begin();
    commands_here::begin(cli.chdir.as_deref(), state.as_deref(), &parser);
    let mut context = Context {
        terminal,
        interrupts: Interrupts::default(),
        sources: Sources::default(),
        diags: Diagnostics::new(),
        parser: command,
    };
    let outcome = logs::start()
        .and_then(|()| enter(&cli))
        .and_then(|()| bound(&cli))
        .and_then(|()| cli.command.run(&mut context));
    let mut told = std::mem::take(&mut context.diags);
    let exit = match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            told.extend(failure.diags);
            failure.exit
        }
    };
    context.terminal.diagnostics(&told, &context.sources);
    context.terminal.conclude(exit).code()
}

fn enter(cli: &Cli) -> Result<(), exit::Failure> {
    let Some(dir) = &cli.chdir else { return Ok(()) };
    crate::session::enter(dir).map_err(|error| {
        let detail = format!("The directory {} cannot be entered: {error}.", shown(dir));
        Diagnostic::error("Invalid -chdir", detail).into()
    })
}

/// Keeps an untrusted configuration within its directory, before anything of it is read.
fn bound(cli: &Cli) -> Result<(), exit::Failure> {
    if !cli.untrusted {
        return Ok(());
    }
    if let Some(name) = cli.command.needs_trust() {
        let detail = format!(
            "podform {name} does what the configuration says, or tells what only its owners may know, and the configuration is untrusted."
        );
        let told = Diagnostic::error("Untrusted configuration", detail);
        return Err(told
            .with_hint("Review it first; then run the command without -untrusted, and without PODFORM_UNTRUSTED.")
            .into());
    }
    distrust().map_err(|error| {
        Diagnostic::error("Untrusted configuration", format!("The current directory cannot be read: {error}.")).into()
    })
}
