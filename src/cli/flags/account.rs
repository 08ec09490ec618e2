//! Flags that choose the account.

use crate::session::Choice;
use clap::Args;
use std::path::PathBuf;

/// Flags that choose between the API and the simulator.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Account")]
pub struct AccountArgs {
    /// Use the embedded simulator: no key, no network, no cost. Its world and state live in state/sandbox/.
    #[arg(long, env = "PODFORM_SANDBOX", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub sandbox: bool,
    /// Use the key that podform login keeps under this name, instead of that of SIMPLEPOD_ACCOUNT, else "default".
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Keep the state in this file, with its journal, lock and copies beside it, instead of in state/.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// A switch or fault of the simulator ("page-clamp=50", "drop-after-commit:POST /instances:2"); may be repeated.
    #[arg(long, value_name = "SPEC", requires = "sandbox")]
    pub fault: Vec<String>,
    /// The seed of a new simulated world.
    #[arg(long, value_name = "N", requires = "sandbox")]
    pub seed: Option<u64>,
    /// Go on although the state was made with another API key.
    #[arg(long)]
    pub accept_account: bool,
    /// Send the API key of the environment to the base_url of the configuration, although the environment names another
    /// server.
    #[arg(long)]
    pub accept_endpoint: bool,
}

impl AccountArgs {
    /// The account that they choose.
    pub fn choice(&self) -> Choice {
        let (accept_account, accept_endpoint) = (self.accept_account, self.accept_endpoint);
        Choice {
            sandbox: self.sandbox,
            account: self.account.clone(),
            state: self.state.clone(),
            faults: self.fault.clone(),
            seed: self.seed,
            snapshot: None,
            accept_account,
            accept_endpoint,
        }
    }
}
