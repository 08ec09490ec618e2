//! Flags that every command that plans has.

use super::account::AccountArgs;
use super::state::LockArgs;
use super::variables::VariableArgs;
use crate::address::Target;
use crate::diag::{Diagnostic, Diagnostics};
use crate::plan::{PlanMode, PlanOptions};
use crate::refresh::Refresh;
use crate::render::Detail;
use crate::session::{Choice, Opening, Planning};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

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
    /// Plan only this resource, instance or module, and what it needs; may be repeated.
    #[arg(long, help_heading = "Planning", value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// Plan everything but this, and what needs it; may be repeated.
    #[arg(long, help_heading = "Planning", value_name = "ADDRESS", conflicts_with = "target")]
    pub exclude: Vec<String>,
    /// Re-rent or recreate this instance; may be repeated.
    #[arg(long, help_heading = "Planning", value_name = "ADDRESS")]
    pub replace: Vec<String>,
    /// Only take what is live into the state.
    #[arg(long, help_heading = "Planning", conflicts_with_all = ["replace"])]
    pub refresh_only: bool,
    /// How much of the account is read.
    #[arg(long, help_heading = "Planning", value_enum, default_value_t, default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    pub refresh: RefreshFlag,
    /// Plan the rest when no offer satisfies some instances.
    #[arg(long, help_heading = "Planning")]
    pub allow_partial: bool,
    /// Show every attribute of every change. Otherwise alike changes are shown once, without what every plan says.
    #[arg(long, help_heading = "Output")]
    pub detail: bool,
    /// Go on although most of the recorded machines are gone.
    #[arg(long, help_heading = "Planning")]
    pub accept_missing: bool,
    /// Plan on a snapshot (podform snapshot) instead of the account: without key and network, as of then.
    #[arg(long, help_heading = "Planning", value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// Tell everything as messages for programs: one JSON object a line, in Terraform's form. Nobody is asked.
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Lock.
    #[command(flatten)]
    pub locking: LockArgs,
}

impl PlanningArgs {
    /// What a command opens.
    pub fn opening(&self, parallelism: u16) -> Opening {
        let account = Choice { snapshot: self.snapshot.clone(), ..self.account.choice() };
        self.variables.opening(account, parallelism)
    }

    /// How much of a plan is shown.
    pub fn detail(&self) -> Detail {
        Detail::asked(self.detail)
    }

    /// How a plan is made.
    ///
    /// # Errors
    /// Texts that are no addresses.
    pub fn planning(&self, destroy: bool) -> Result<Planning, Diagnostics> {
        Ok(self.reading(self.options(destroy)?))
    }

    /// How a plan with these options is made.
    pub fn reading(&self, options: PlanOptions) -> Planning {
        let refresh = match self.refresh {
            RefreshFlag::True => Refresh::Lists,
            RefreshFlag::False => Refresh::Nothing,
            RefreshFlag::Full => Refresh::Full,
        };
        Planning { options, refresh, accept_missing: self.accept_missing }
    }

    fn options(&self, destroy: bool) -> Result<PlanOptions, Diagnostics> {
        let mut diags = Diagnostics::new();
        let mut targets = |texts: &[String], flag: &str| -> Vec<Target> {
            let parse = |text: &String| text.parse::<Target>().map_err(|error| (flag.to_owned(), error));
            let (good, bad): (Vec<_>, Vec<_>) = texts.iter().map(parse).partition(Result::is_ok);
            for (flag, error) in bad.into_iter().filter_map(Result::err) {
                diags.push(Diagnostic::error(format!("Invalid {flag} address"), error.to_string()));
            }
            good.into_iter().filter_map(Result::ok).collect()
        };
        let excluded = targets(&self.exclude, "-exclude");
        let selected = targets(&self.target, "-target");
        let mut replace = Vec::new();
        for text in &self.replace {
            match text.parse() {
                Ok(address) => replace.push(address),
                Err(error) => diags.push(Diagnostic::error("Invalid -replace address", format!("{error}"))),
            }
        }
        let mode = match (destroy, self.refresh_only) {
            (true, _) => PlanMode::Destroy,
            (_, true) => PlanMode::RefreshOnly,
            _ => PlanMode::Normal,
        };
        match diags.has_errors() {
            true => Err(diags),
            false => Ok(PlanOptions {
                mode,
                targets: selected,
                excluded,
                replace,
                rebalance: false,
                allow_partial: self.allow_partial,
            }),
        }
    }
}
