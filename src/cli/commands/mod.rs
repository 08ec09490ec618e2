//! One file per command, with its flags; and the list of all commands.

pub mod apply;
pub mod console;
pub mod fmt;
pub mod graph;
pub mod import;
pub mod metadata;
pub mod orphans;
pub mod output;
pub mod plan;
pub mod recover;
pub mod sandbox;
pub mod show;
pub mod state;
pub mod validate;
pub mod version;

use super::context::Context;
use super::exit::{Failure, Outcome};
use crate::diag::Diagnostic;
use crate::lang::stack::STACK;
use clap::Subcommand;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the configuration; nothing is called.
    Validate(validate::ValidateArgs),
    /// Show what an apply would change, and what it costs.
    Plan(plan::PlanArgs),
    /// Make the account what the configuration says.
    Apply(apply::ApplyArgs),
    /// Release and delete everything that this fleet recorded.
    Destroy(apply::ApplyArgs),
    /// Settle what an interrupted run left in doubt; take over what a lost state made.
    Recover(recover::RecoverArgs),
    /// Evaluate expressions.
    Console(console::ConsoleArgs),
    /// Bring configuration files into the canonical form.
    Fmt(fmt::FmtArgs),
    /// Show which resource needs which, for Graphviz (`podform graph | dot -Tsvg`).
    Graph,
    /// List what was made for this fleet and is recorded nowhere; adopt or release it. Exit code 2 where some is left.
    Orphans(orphans::OrphansArgs),
    /// Show the state, or a saved plan.
    Show(show::ShowArgs),
    /// Show the outputs of the last apply.
    Output(output::OutputArgs),
    /// Look into the state, and mend it.
    #[command(subcommand)]
    State(state::StateCommand),
    /// Record an object that the account holds already, or write configuration for all of them.
    Import(import::ImportArgs),
    /// Have the next apply replace an instance.
    Taint(state::taint::TaintArgs),
    /// Take a taint back.
    Untaint(state::taint::TaintArgs),
    /// Take the lock of the state away from a run that died on another host.
    ForceUnlock(state::unlock::UnlockArgs),
    /// The simulated API.
    #[command(subcommand)]
    Sandbox(sandbox::SandboxCommand),
    /// Facts for other programs.
    #[command(subcommand)]
    Metadata(metadata::MetadataCommand),
    /// Show the version.
    Version(version::VersionArgs),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Why it failed.
    pub fn run(&self, context: &mut Context) -> Outcome {
        let runtime = || {
            tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build().map_err(|error| {
                Failure::from(Diagnostic::error("No runtime", format!("The system gives no threads: {error}.")))
            })
        };
        match self {
            Command::Validate(args) => validate::run(args, context),
            Command::Plan(args) => runtime()?.block_on(plan::run(args, context)),
            Command::Apply(args) => runtime()?.block_on(apply::run(args, false, context)),
            Command::Destroy(args) => runtime()?.block_on(apply::run(args, true, context)),
            Command::Orphans(args) => runtime()?.block_on(orphans::run(args, context)),
            Command::Recover(args) => runtime()?.block_on(recover::run(args, context)),
            Command::Console(args) => runtime()?.block_on(console::run(args, context)),
            Command::Fmt(args) => fmt::run(args, context),
            Command::Graph => graph::run(context),
            Command::Show(args) => runtime()?.block_on(show::run(args, context)),
            Command::Output(args) => runtime()?.block_on(output::run(args, context)),
            Command::State(command) => runtime()?.block_on(state::run(command, context)),
            Command::Import(args) => runtime()?.block_on(import::run(args, context)),
            Command::Taint(args) => runtime()?.block_on(state::taint::run(args, true, context)),
            Command::Untaint(args) => runtime()?.block_on(state::taint::run(args, false, context)),
            Command::ForceUnlock(args) => runtime()?.block_on(state::unlock::run(args, context)),
            Command::Sandbox(command) => runtime()?.block_on(sandbox::run(command, context)),
            Command::Metadata(command) => metadata::run(command, context),
            Command::Version(args) => version::run(args, context),
        }
    }

    /// True where standard output is a stream of JSON lines, which diagnostics are a part of.
    pub fn streams_json(&self) -> bool {
        matches!(self, Command::Apply(args) | Command::Destroy(args) if args.planning.json)
    }
}
