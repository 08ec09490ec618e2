//! The command line: clap types, one file per command, prompts, progress. The only room that prints.

pub mod account;
mod adopting;
pub mod args;
pub mod commands;
pub mod effects;
pub mod exit;
pub mod fleet;
pub mod held;
mod logs;
pub mod planning;
pub mod progress;
pub mod prompt;
pub mod saved;
pub mod silence;
mod state_args;
pub mod stored;
pub mod terminal;
pub mod variables;

use crate::diag::{Diagnostic, Diagnostics, Sources};
use args::{Cli, Command, MetadataCommand};
use clap::Parser;
use commands::Context;
use exit::{Exit, Outcome};
use terminal::Terminal;

/// Runs the command line of this process and gives its exit code.
pub fn run() -> u8 {
    let args = args::with_two_dashes(std::env::args_os());
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // clap's own 2 would collide with "changes present".
            return if error.use_stderr() { Exit::Error.code() } else { Exit::Done.code() };
        }
    };
    let terminal = Terminal::new(cli.no_color, cli.compact_warnings, cli.command.streams_json());
    let mut context = Context { terminal, sources: Sources::default(), diags: Diagnostics::new() };
    let outcome = logs::start().and_then(|()| enter(&cli)).and_then(|()| command(&cli.command, &mut context));
    let mut told = std::mem::take(&mut context.diags);
    let exit = match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            told.extend(failure.diags);
            failure.exit
        }
    };
    context.terminal.diagnostics(&told, &context.sources);
    exit.code()
}

fn enter(cli: &Cli) -> Result<(), exit::Failure> {
    let Some(dir) = &cli.chdir else { return Ok(()) };
    std::env::set_current_dir(dir).map_err(|error| {
        let detail = format!("The directory \"{}\" cannot be entered: {error}.", dir.display());
        Diagnostic::error("Invalid -chdir", detail).into()
    })
}

fn command(command: &Command, context: &mut Context) -> Outcome {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
            exit::Failure::from(Diagnostic::error("No runtime", format!("The system gives no threads: {error}.")))
        })
    };
    match command {
        Command::Validate(args) => commands::validate::run(args, context),
        Command::Plan(args) => runtime()?.block_on(commands::plan::run(args, context)),
        Command::Apply(args) => runtime()?.block_on(commands::apply::run(args, false, context)),
        Command::Destroy(args) => runtime()?.block_on(commands::apply::run(args, true, context)),
        Command::Orphans(args) => runtime()?.block_on(commands::orphans::run(args, context)),
        Command::Recover(args) => runtime()?.block_on(commands::recover::run(args, context)),
        Command::Console(args) => commands::console::run(args, context),
        Command::Fmt(args) => commands::fmt::run(args, context),
        Command::Graph => commands::graph::run(context),
        Command::Show(args) => commands::show::run(args, context),
        Command::Output(args) => commands::output::run(args, context),
        Command::State(command) => commands::state::run(command, context),
        Command::Import(args) => runtime()?.block_on(commands::import::run(args, context)),
        Command::Taint(args) => commands::state::taint::run(args, true, context),
        Command::Untaint(args) => commands::state::taint::run(args, false, context),
        Command::ForceUnlock(args) => commands::state::unlock::run(args, context),
        Command::Sandbox(command) => runtime()?.block_on(commands::sandbox::run(command, context)),
        Command::Metadata(MetadataCommand::Functions(_)) => commands::metadata::functions(context),
        Command::Version(args) => commands::version::run(args, context),
    }
}
