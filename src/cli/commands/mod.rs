//! One file per command, with its flags; and the list of all commands.

pub mod apply;
pub mod billing;
pub mod completion;
pub mod console;
pub mod cost;
pub mod doctor;
pub mod fmt;
pub mod graph;
pub mod import;
pub mod init;
pub mod instances;
pub mod login;
pub mod man;
pub mod market;
pub mod metadata;
pub mod modules;
pub mod orphans;
pub mod output;
pub mod plan;
pub mod providers;
pub mod rebalance;
pub mod reboot;
pub mod recover;
pub mod review;
pub mod sandbox;
pub mod show;
pub mod snapshot;
pub mod ssh;
pub mod state;
pub mod status;
pub mod templates;
pub mod top;
pub mod validate;
pub mod version;
pub mod whoami;
pub mod workspace;

use super::context::Context;
use super::exit::{Failure, Outcome};
use crate::diag::Diagnostic;
use crate::lang::stack::STACK;
use crate::session;
use clap::Subcommand;
use std::time::Duration;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look whether the configuration and its modules are there, and open the backend; nothing has to be installed.
    Init(init::InitArgs),
    /// Look whether the modules are there.
    #[command(hide = true)]
    Get(init::GetArgs),
    /// Check the configuration; nothing is called.
    Validate(validate::ValidateArgs),
    /// Show what an apply would change, and what it costs.
    Plan(plan::PlanArgs),
    /// Write a plan for where it is reviewed: a comment, a page, reports.
    Review(review::ReviewArgs),
    /// Make the account what the configuration says.
    Apply(apply::ApplyArgs),
    /// Release and delete everything that this fleet recorded.
    Destroy(apply::ApplyArgs),
    /// Take what is live into the state: apply -refresh-only, without a question.
    Refresh(apply::ApplyArgs),
    /// Show which machines could move to cheaper offers, and what that saves at least; nothing is changed.
    Rebalance(rebalance::RebalanceArgs),
    /// Settle what an interrupted run left in doubt; take over what a lost state made.
    Recover(recover::RecoverArgs),
    /// Evaluate expressions.
    Console(console::ConsoleArgs),
    /// Bring configuration files into the canonical form.
    Fmt(fmt::FmtArgs),
    /// Show which modules need the provider, or what it has (schema -json).
    Providers(providers::ProvidersArgs),
    /// Show the modules that are called.
    Modules(modules::ModulesArgs),
    /// Show which resource needs which, for Graphviz (`podform graph | dot -Tsvg`).
    Graph(graph::GraphArgs),
    /// List what was made for this fleet and is recorded nowhere; adopt or release it. Exit code 2 where some is left.
    Orphans(orphans::OrphansArgs),
    /// Show the fleet's machines as they stand: status, age, cost, the way in. Exit code 2 where one is sick.
    Status(status::StatusArgs),
    /// Show the machines of the account live, on the whole screen: filter, sort, logs, reboot.
    Top(top::TopArgs),
    /// Show the offers of the market: by host, by model, with a histogram of prices; which of them satisfy an instance.
    Market(market::MarketArgs),
    /// Show the template groups of the account and the vendor's templates, or write one as configuration.
    Templates(templates::TemplatesArgs),
    /// Show what the fleet costs, and has cost.
    Cost(cost::CostArgs),
    /// List the machines of the account; show one, its console and its ports; wait for them.
    Instances(instances::InstancesArgs),
    /// Reboot machines: asks, sends each reboot once, and looks what became of one without an answer.
    Reboot(reboot::RebootArgs),
    /// Open a shell on a machine, or run a command there: becomes ssh.
    Ssh(ssh::SshArgs),
    /// Run a command on many machines, side by side. Exit code 1 where it failed on one.
    Exec(ssh::ExecArgs),
    /// Print, or keep, a configuration of ssh in which machines are known by their addresses.
    SshConfig(ssh::SshConfigArgs),
    /// Show what machines have cost, also those that are gone: by machine, address, day or model.
    Billing(billing::BillingArgs),
    /// Show the money that came in.
    Deposits(billing::DepositsArgs),
    /// Write what a plan reads to a file, without secrets: plan -snapshot=FILE plans on it, without key and network.
    Snapshot(snapshot::SnapshotArgs),
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
    /// Several states of one configuration: list them, make one, switch, delete.
    #[command(subcommand)]
    Workspace(workspace::WorkspaceCommand),
    /// The simulated API.
    #[command(subcommand)]
    Sandbox(sandbox::SandboxCommand),
    /// Facts for other programs.
    #[command(subcommand)]
    Metadata(metadata::MetadataCommand),
    /// Look at everything that podform needs, and tell what is wrong and what to do. Exit code 1 where an error stands.
    Doctor(doctor::DoctorArgs),
    /// Keep an API key for later commands, typed unseen or from the standard input.
    Login(login::LoginArgs),
    /// Forget a key that login keeps.
    Logout(login::LoginArgs),
    /// Show whose key is used, the balance, and what the key may read.
    Whoami(whoami::WhoamiArgs),
    /// Print the script that completes podform's commands, flags and addresses in a shell.
    Completion(completion::CompletionArgs),
    /// Print a page of the manual, or write all pages.
    Man(man::ManArgs),
    /// Show the version.
    Version(version::VersionArgs),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Why it failed.
    pub fn run(&self, context: &mut Context) -> Outcome {
        match self {
            Command::Init(args) => wait(context, async |context| init::run(args, context).await),
            Command::Get(_) => init::get(context),
            Command::Validate(args) => validate::run(args, context),
            Command::Plan(args) => wait(context, async |context| plan::run(args, context).await),
            Command::Apply(args) => wait(context, async |context| apply::run(args, false, context).await),
            Command::Destroy(args) => wait(context, async |context| apply::run(args, true, context).await),
            Command::Refresh(args) => wait(context, async |context| apply::refresh(args, context).await),
            Command::Orphans(args) => wait(context, async |context| orphans::run(args, context).await),
            Command::Rebalance(args) => wait(context, async |context| rebalance::run(args, context).await),
            Command::Recover(args) => wait(context, async |context| recover::run(args, context).await),
            Command::Review(args) => wait(context, async |context| review::run(args, context).await),
            Command::Console(args) => wait(context, async |context| console::run(args, context).await),
            Command::Fmt(args) => fmt::run(args, context),
            Command::Providers(args) => wait(context, async |context| providers::run(args, context).await),
            Command::Modules(args) => modules::run(args, context),
            Command::Graph(args) => wait(context, async |context| graph::run(args, context).await),
            Command::Status(args) => wait(context, async |context| status::run(args, context).await),
            Command::Top(args) => wait(context, async |context| top::run(args, context).await),
            Command::Market(args) => wait(context, async |context| market::run(args, context).await),
            Command::Templates(args) => wait(context, async |context| templates::run(args, context).await),
            Command::Cost(args) => wait(context, async |context| cost::run(args, context).await),
            Command::Instances(args) => wait(context, async |context| instances::run(args, context).await),
            Command::Reboot(args) => wait(context, async |context| reboot::run(args, context).await),
            Command::Ssh(args) => wait(context, async |context| ssh::run(args, context).await),
            Command::Exec(args) => wait(context, async |context| ssh::exec(args, context).await),
            Command::SshConfig(args) => wait(context, async |context| ssh::config(args, context).await),
            Command::Billing(args) => wait(context, async |context| billing::run(args, context).await),
            Command::Deposits(args) => wait(context, async |context| billing::deposits(args, context).await),
            Command::Snapshot(args) => wait(context, async |context| snapshot::run(args, context).await),
            Command::Show(args) => wait(context, async |context| show::run(args, context).await),
            Command::Output(args) => wait(context, async |context| output::run(args, context).await),
            Command::State(command) => wait(context, async |context| state::run(command, context).await),
            Command::Import(args) => wait(context, async |context| import::run(args, context).await),
            Command::Taint(args) => wait(context, async |context| state::taint::run(args, true, context).await),
            Command::Untaint(args) => wait(context, async |context| state::taint::run(args, false, context).await),
            Command::ForceUnlock(args) => wait(context, async |context| state::unlock::run(args, context).await),
            Command::Workspace(command) => wait(context, async |context| workspace::run(command, context).await),
            Command::Sandbox(command) => wait(context, async |context| sandbox::run(command, context).await),
            Command::Metadata(command) => metadata::run(command, context),
            Command::Doctor(args) => wait(context, async |context| doctor::run(args, context).await),
            Command::Login(args) => wait(context, async |context| login::login(args, context).await),
            Command::Logout(args) => login::logout(args, context),
            Command::Whoami(args) => wait(context, async |context| whoami::run(args, context).await),
            Command::Completion(args) => completion::run(args, context),
            Command::Man(args) => man::run(args, context),
            Command::Version(args) => version::run(args, context),
        }
    }

    /// The name of a command that changes something, or tells of the account what a plan does not: not for an untrusted
    /// configuration.
    pub fn needs_trust(&self) -> Option<&'static str> {
        match self {
            Command::Apply(_) => Some("apply"),
            Command::Destroy(_) => Some("destroy"),
            Command::Refresh(_) => Some("refresh"),
            Command::Recover(_) => Some("recover"),
            Command::Orphans(_) => Some("orphans"),
            Command::Status(_) => Some("status"),
            Command::Doctor(_) => Some("doctor"),
            Command::Login(_) => Some("login"),
            Command::Logout(_) => Some("logout"),
            Command::Whoami(_) => Some("whoami"),
            Command::Top(_) => Some("top"),
            Command::Market(_) => Some("market"),
            Command::Templates(_) => Some("templates"),
            Command::Cost(_) => Some("cost"),
            Command::Instances(_) => Some("instances"),
            Command::Reboot(_) => Some("reboot"),
            Command::Ssh(_) => Some("ssh"),
            Command::Exec(_) => Some("exec"),
            Command::SshConfig(_) => Some("ssh-config"),
            Command::Billing(_) => Some("billing"),
            Command::Deposits(_) => Some("deposits"),
            Command::Rebalance(_) => Some("rebalance"),
            Command::Snapshot(_) => Some("snapshot"),
            Command::State(_) => Some("state"),
            Command::Import(_) => Some("import"),
            Command::Taint(_) => Some("taint"),
            Command::Untaint(_) => Some("untaint"),
            Command::ForceUnlock(_) => Some("force-unlock"),
            Command::Workspace(
                workspace::WorkspaceCommand::List(_)
                | workspace::WorkspaceCommand::New(_)
                | workspace::WorkspaceCommand::Select(_)
                | workspace::WorkspaceCommand::Delete(_),
            ) => Some("workspace"),
            Command::Init(_)
            | Command::Get(_)
            | Command::Validate(_)
            | Command::Plan(_)
            | Command::Review(_)
            | Command::Console(_)
            | Command::Fmt(_)
            | Command::Providers(_)
            | Command::Modules(_)
            | Command::Graph(_)
            | Command::Show(_)
            | Command::Output(_)
            | Command::Workspace(workspace::WorkspaceCommand::Show)
            | Command::Sandbox(_)
            | Command::Metadata(_)
            | Command::Completion(_)
            | Command::Man(_)
            | Command::Version(_) => None,
        }
    }

    /// True where standard output is a stream of messages, which diagnostics are a part of.
    pub fn streams_json(&self) -> bool {
        match self {
            Command::Init(args) => args.json,
            Command::Plan(args) => args.planning.json,
            Command::Apply(args) | Command::Destroy(args) | Command::Refresh(args) => args.planning.json,
            _ => false,
        }
    }
}

/// How long what was begun on a thread may take once the command has ended: to write the last lines of the journal takes a
/// moment, and nobody waits for a name server.
const LINGER: Duration = Duration::from_secs(2);

/// Runs what waits: for the API, the lock, a person.
fn wait(context: &mut Context, command: impl AsyncFnOnce(&mut Context) -> Outcome) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build().map_err(|error| {
            Failure::from(Diagnostic::error("No runtime", format!("The system gives no threads: {error}.")))
        })?;
    let (interrupts, terminal) = (context.interrupts.clone(), context.terminal);
    let outcome = runtime.block_on(interrupts.during(terminal, command(context)));
    context.diags.extend(runtime.block_on(session::locks_given_back()));
    runtime.shutdown_timeout(LINGER);
    outcome
}
