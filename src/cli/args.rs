//! The flags and commands, as clap types. Terraform's flags, with one dash or two.

use super::state_args::{StateCommand, TaintArgs, UnlockArgs};
use clap::{ArgMatches, Args, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// What stands below the help.
const AFTER: &str = "PODFORM_LOG=info, debug or trace writes what podform does to standard error, or to the file that \
                     PODFORM_LOG_PATH names; no secret stands in it.";

/// podform: Terraform for rented GPUs.
///
/// HCL files declare template groups and instances; `plan` shows what would change and what it costs; `apply` makes it
/// so. Flags may be written with one dash or two.
#[derive(Debug, Parser)]
#[command(name = "podform", version, max_term_width = 100, after_help = AFTER)]
pub struct Cli {
    /// Work in this directory instead of the current one.
    #[arg(long, global = true, value_name = "DIR")]
    pub chdir: Option<PathBuf>,
    /// Without colours.
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Show warnings as one line each.
    #[arg(long, global = true)]
    pub compact_warnings: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the configuration; nothing is called.
    Validate(ValidateArgs),
    /// Show what an apply would change, and what it costs.
    Plan(PlanArgs),
    /// Make the account what the configuration says.
    Apply(ApplyArgs),
    /// Release and delete everything that this fleet recorded.
    Destroy(ApplyArgs),
    /// Settle what an interrupted run left in doubt; take over what a lost state made.
    Recover(RecoverArgs),
    /// Evaluate expressions.
    Console(ConsoleArgs),
    /// Bring configuration files into the canonical form.
    Fmt(FmtArgs),
    /// Show which resource needs which, for Graphviz (`podform graph | dot -Tsvg`).
    Graph,
    /// List what was made for this fleet and is recorded nowhere; adopt or release it. Exit code 2 where some is left.
    Orphans(OrphansArgs),
    /// Show the state, or a saved plan.
    Show(ShowArgs),
    /// Show the outputs of the last apply.
    Output(OutputArgs),
    /// Look into the state, and mend it.
    #[command(subcommand)]
    State(StateCommand),
    /// Record an object that the account holds already, or write configuration for all of them.
    Import(ImportArgs),
    /// Have the next apply replace an instance.
    Taint(TaintArgs),
    /// Take a taint back.
    Untaint(TaintArgs),
    /// Take the lock of the state away from a run that died on another host.
    ForceUnlock(UnlockArgs),
    /// The simulated API.
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Facts for other programs.
    #[command(subcommand)]
    Metadata(MetadataCommand),
    /// Show the version.
    Version(VersionArgs),
}

/// The commands below `metadata`.
#[derive(Debug, Subcommand)]
pub enum MetadataCommand {
    /// The signatures of all functions, in Terraform's format.
    Functions(FunctionsArgs),
}

/// `metadata functions`.
#[derive(Debug, Args)]
pub struct FunctionsArgs {
    /// As JSON: there is no other form.
    #[arg(long, required = true)]
    pub json: bool,
}

/// Flags that choose between the API and the simulator.
#[derive(Clone, Debug, Default, Args)]
pub struct AccountArgs {
    /// Use the embedded simulator: no key, no network, no cost. Its world and state live in state/sandbox/.
    #[arg(long, env = "PODFORM_SANDBOX", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub sandbox: bool,
    /// A switch or fault of the simulator ("page-clamp=50", "drop-after-commit:POST /instances:2"); may be repeated.
    #[arg(long, value_name = "SPEC", requires = "sandbox")]
    pub fault: Vec<String>,
    /// The seed of a new simulated world.
    #[arg(long, value_name = "N", requires = "sandbox")]
    pub seed: Option<u64>,
    /// Go on although the state was made with another API key.
    #[arg(long)]
    pub accept_account: bool,
}

/// Which state a command looks into.
#[derive(Clone, Copy, Debug, Args)]
pub struct StateArgs {
    /// The state of the simulator.
    #[arg(long, env = "PODFORM_SANDBOX", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub sandbox: bool,
}

/// How a command that writes takes the lock.
#[derive(Clone, Debug, Default, Args)]
pub struct LockArgs {
    /// Take the lock of the state (false: do not).
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1, require_equals = true, action = clap::ArgAction::Set)]
    pub lock: bool,
    /// How long to wait for the lock, like "30s".
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub lock_timeout: String,
}

/// Values of root variables.
#[derive(Clone, Debug, Default)]
pub struct VariableArgs {
    /// `-var` and `-var-file` in the order of the command line: a later one wins.
    pub settings: Vec<Setting>,
    /// `-input`; never where a program reads the answer, as in Terraform.
    pub input: bool,
}

/// Where the command line takes a value from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `-var NAME=VALUE`.
    Value(String),
    /// `-var-file FILE`.
    File(PathBuf),
}

impl FromArgMatches for VariableArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let flags = VariableFlags::from_arg_matches(matches)?;
        let places = |id| matches.indices_of(id).into_iter().flatten();
        let values = places("var").zip(flags.var.into_iter().map(Setting::Value));
        let files = places("var_file").zip(flags.var_file.into_iter().map(Setting::File));
        let mut settings: Vec<(usize, Setting)> = values.chain(files).collect();
        settings.sort_by_key(|(place, _)| *place);
        let json = matches!(matches.try_get_one("json"), Ok(Some(true)));
        let settings = settings.into_iter().map(|(_, setting)| setting).collect();
        Ok(Self { settings, input: flags.input && !json })
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

/// How much of the account a plan reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RefreshFlag {
    /// Lists, and the details of what differs.
    #[default]
    True,
    /// Only what is in doubt.
    False,
    /// The details of everything.
    Full,
}

/// What a plan is made with.
#[derive(Clone, Debug, Default, Args)]
pub struct PlanningArgs {
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Plan only this resource, instance or module, and what it needs; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// Plan everything but this, and what needs it; may be repeated.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "target")]
    pub exclude: Vec<String>,
    /// Re-rent or recreate this instance; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<String>,
    /// Only take what is live into the state.
    #[arg(long, conflicts_with_all = ["replace"])]
    pub refresh_only: bool,
    /// How much of the account is read.
    #[arg(long, value_enum, default_value_t, default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub refresh: RefreshFlag,
    /// Plan the rest when no offer satisfies some instances.
    #[arg(long)]
    pub allow_partial: bool,
    /// Go on although most of the recorded machines are gone.
    #[arg(long)]
    pub accept_missing: bool,
    /// Lock.
    #[command(flatten)]
    pub locking: LockArgs,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
}

/// `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// What the plan is made with.
    #[command(flatten)]
    pub planning: PlanningArgs,
    /// Plan to release and delete everything.
    #[arg(long, conflicts_with_all = ["refresh_only", "replace"])]
    pub destroy: bool,
    /// Write the plan to a file, for apply.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Exit with 2 where there are changes.
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// `apply` and `destroy`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A plan that was written by plan -out.
    #[arg(value_name = "PLAN")]
    pub file: Option<PathBuf>,
    /// What the plan is made with.
    #[command(flatten)]
    pub planning: PlanningArgs,
    /// Release and delete everything.
    #[arg(long, conflicts_with_all = ["refresh_only", "replace"])]
    pub destroy: bool,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// How many steps run at once.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallelism: u16,
}

/// `recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// The machine that an unanswered rent made, by its id; or a machine or template group (by its IRI) that a lost state
    /// of this fleet made: it is recorded here, and its mark is written anew. "all": everything of lost states. May be
    /// repeated.
    #[arg(long, value_name = "ID")]
    pub adopt: Vec<String>,
    /// Close an operation that made nothing, as you have checked: by its address or the start of its claim. It stays
    /// watched for 24 hours. May be repeated.
    #[arg(long, value_name = "CLAIM_OR_ADDRESS")]
    pub close: Vec<String>,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// Variables, account and lock.
    #[command(flatten)]
    pub planning: PlanningArgs,
}

/// `orphans`.
#[derive(Debug, Args)]
pub struct OrphansArgs {
    /// Record an orphan under the address of its mark: a machine by its id, a template group by its IRI, "all". May be
    /// repeated.
    #[arg(long, value_name = "ID")]
    pub adopt: Vec<String>,
    /// Release an orphan: a machine by its id, a template group by its IRI, "all". May be repeated.
    #[arg(long, value_name = "ID")]
    pub release: Vec<String>,
    /// Do not ask before a release.
    #[arg(long)]
    pub auto_approve: bool,
    /// Variables, account and lock.
    #[command(flatten)]
    pub planning: PlanningArgs,
}

/// `console`.
#[derive(Debug, Args)]
pub struct ConsoleArgs {
    /// Answer each line with one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// `fmt`.
#[derive(Debug, Args)]
pub struct FmtArgs {
    /// Files, or directories whose *.hcl files are meant; "-" for the standard input. Without any: this directory.
    #[arg(value_name = "TARGET")]
    pub targets: Vec<PathBuf>,
    /// Print the names of the files that were not in form.
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1, require_equals = true, action = clap::ArgAction::Set)]
    pub list: bool,
    /// Write the files.
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1, require_equals = true, action = clap::ArgAction::Set)]
    pub write: bool,
    /// Write nothing; exit with 3 where a file is not in form.
    #[arg(long)]
    pub check: bool,
    /// Show what changes.
    #[arg(long)]
    pub diff: bool,
    /// Go into directories below.
    #[arg(long)]
    pub recursive: bool,
}

/// `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The declared instance that the object becomes.
    #[arg(required_unless_present = "all", requires = "id", conflicts_with = "all")]
    pub address: Option<String>,
    /// The id of the machine or template group.
    pub id: Option<String>,
    /// Write import and resource blocks for every machine and template group that nobody manages; record nothing.
    #[arg(long)]
    pub all: bool,
    /// Where to, instead of standard output. A file that exists is not written over.
    #[arg(long, value_name = "FILE", requires = "all")]
    pub out: Option<PathBuf>,
    /// Variables, account and lock.
    #[command(flatten)]
    pub planning: PlanningArgs,
}

/// `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A saved plan; the state without it.
    #[arg(value_name = "PLAN")]
    pub file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// `output`.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// One output; all without it.
    pub name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Print a text, number or bool as it is.
    #[arg(long, requires = "name", conflicts_with = "json")]
    pub raw: bool,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// `sandbox`.
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Serve the simulated API on a loopback port, until Ctrl-C.
    Serve {
        /// The port; 0 for any.
        #[arg(long, default_value_t = 8765)]
        port: u16,
        /// The file that keeps the world; in memory without it.
        #[arg(long, value_name = "FILE")]
        world: Option<PathBuf>,
        /// The seed of a new world.
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
        /// A switch or fault; may be repeated. "help" lists them.
        #[arg(long, value_name = "SPEC")]
        fault: Vec<String>,
        /// Write every call to this file.
        #[arg(long, value_name = "FILE")]
        log: Option<PathBuf>,
    },
}

/// `version`.
#[derive(Debug, Args)]
pub struct VersionArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Command {
    /// True where standard output is a stream of JSON lines, which diagnostics are a part of.
    pub fn streams_json(&self) -> bool {
        matches!(self, Command::Apply(args) | Command::Destroy(args) if args.planning.json)
    }
}

/// Terraform's flags have one dash: `-var` becomes `--var`. What follows `--` is left alone.
pub fn with_two_dashes(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut flags = true;
    let mut takes_value = false;
    args.map(|arg| {
        let Some(text) = arg.to_str() else { return arg };
        flags &= text != "--";
        let value = std::mem::replace(&mut takes_value, matches!(text.trim_start_matches('-'), "var"));
        let long = text.len() > 2 && text.starts_with('-') && text[1..].starts_with(|c: char| c.is_ascii_lowercase());
        if flags && long && !value { format!("-{text}").into() } else { arg }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Cli {
        let args = std::iter::once("podform").chain(line.split(' ')).map(OsString::from);
        Cli::try_parse_from(with_two_dashes(args)).expect(line)
    }

    #[test]
    fn one_dash_is_as_good_as_two() {
        let Command::Plan(plan) =
            parse("-chdir=x plan -var a=b -var=c=-d --target a.b -refresh=full -out=p -input=false").command
        else {
            panic!("a plan")
        };
        let values = |of: [&str; 2]| of.map(|text| Setting::Value(text.into())).to_vec();
        assert_eq!(plan.planning.variables.settings, values(["a=b", "c=-d"]));
        assert_eq!(plan.planning.refresh, RefreshFlag::Full);
        assert!(!plan.planning.variables.input);
        let Command::Plan(plan) = parse("plan -var -x=1 -refresh -lock=false").command else { panic!("a plan") };
        assert_eq!(plan.planning.variables.settings, [Setting::Value("-x=1".into())]);
        assert_eq!(plan.planning.refresh, RefreshFlag::True);
        assert!(!plan.planning.locking.lock);
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
