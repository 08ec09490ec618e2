//! The way to the API: the real one, or the embedded simulator.

use super::credentials::{Credentials, account_name, handed_over};
use super::encryption::STATE_KEY_VARIABLE;
use super::environment::environment;
use super::failure::Failure;
use super::simulator::Simulator;
use super::stored::StatePlace;
use crate::address::ObjectKind;
use crate::config::ProviderSettings;
use crate::diag::Diagnostic;
use crate::http::Endpoint;
use crate::schema::PriceBasis;
use crate::schema::instance::duration;
use crate::simplepod::{BASE_URL, Client, Expected, Settings};
use crate::state::digest::SecretKey;
use crate::state::{AccountIdentity, State, fingerprint};
use secrecy::SecretString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tracing::debug;

/// What stands for the address of the simulator in a state.
const SANDBOX: &str = AccountIdentity::SANDBOX;

/// Which account is meant.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// That of the embedded simulator.
    pub sandbox: bool,
    /// The stored account whose key is used.
    pub account: Option<String>,
    /// The file of the state, where it is not in its place.
    pub state: Option<PathBuf>,
    /// Switches and faults of the simulator.
    pub faults: Vec<String>,
    /// The seed of a new simulated world.
    pub seed: Option<u64>,
    /// What was written down of one, in this file: nothing is called.
    pub snapshot: Option<PathBuf>,
    /// The state may have been made with another key.
    pub accept_account: bool,
    /// The key of the environment may go where the configuration says.
    pub accept_endpoint: bool,
}

impl Choice {
    /// Which state goes with it.
    pub fn place(&self) -> StatePlace {
        StatePlace { sandbox: self.sandbox, file: self.state.clone() }
    }
}

/// Whose key it is.
#[derive(Clone, Debug)]
pub struct Who {
    /// The key.
    pub key: SecretString,
    /// Where it was found.
    pub source: String,
    /// The name of the stored account.
    pub account: Option<String>,
}

/// How to reach the account.
pub struct Access {
    settings: Settings,
    sandbox: Option<Simulator>,
    accept_account: bool,
    /// Whose account it is.
    pub identity: AccountIdentity,
    /// From which the keys of secrets' digests are derived.
    pub state_key: SecretString,
    /// How long an in-doubt rent is looked for.
    pub settle_window: Duration,
}

impl Access {
    /// Opens the way, lets somebody use it, and closes it whatever became of the use.
    pub async fn during<T, E: From<Failure>>(
        choice: &Choice,
        provider: &ProviderSettings,
        using: impl AsyncFnOnce(&Access) -> Result<T, E>,
    ) -> Result<T, E> {
        let access = Access::open(choice, provider).await?;
        let used = using(&access).await;
        access.close().await;
        used
    }

    /// Reads key and address from the provider block, else the environment; starts the simulator where it is asked for.
    async fn open(choice: &Choice, provider: &ProviderSettings) -> Result<Access, Failure> {
        // A third more than others look for a new machine (API sheet §3.8); what shows later is watched for.
        let window = provider.settle_window.as_deref().and_then(duration).unwrap_or(Duration::from_secs(120));
        let (mut settings, sandbox) = match choice.sandbox {
            true => {
                let handle = Simulator::begin(&choice.faults, choice.seed).await?;
                let mut settings = Settings::new(handle.url(), SecretString::from("sandbox"));
                // It is no farther than this process, and needs no rest.
                settings.retry.base = Duration::from_millis(50);
                (settings, Some(handle))
            }
            false => {
                let who = who(provider, choice)?;
                (Settings::new(base_url(provider, choice, &who)?, who.key), None)
            }
        };
        settings.http.requests_per_second = provider.requests_per_second;
        settings.price_basis = provider.price_basis.unwrap_or_default();
        let base_url = match &sandbox {
            // Its port differs from run to run.
            Some(_) => SANDBOX.to_owned(),
            None => settings.base_url.trim_end_matches('/').to_owned(),
        };
        let identity = AccountIdentity { base_url, key_fingerprint: fingerprint(&settings.api_key) };
        let state_key = environment(STATE_KEY_VARIABLE)?.map_or_else(|| settings.api_key.clone(), SecretString::from);
        let accept_account = choice.accept_account;
        Ok(Access { settings, sandbox, accept_account, identity, state_key, settle_window: window })
    }

    /// The client, told how long the lists will be and how much runs at once.
    pub fn client(&self, state: &State, parallelism: u16) -> Result<Arc<Client>, Failure> {
        let mut settings = self.settings.clone();
        // So many calls that change the account, and a look of each of almost twice as many steps, while a few lists are
        // read besides.
        settings.http.max_concurrency = settings.http.max_concurrency.max(3 * usize::from(parallelism) + 6);
        // Without a setting a machine that told how prices are read outweighs what the market seems to tell.
        if let (PriceBasis::Auto, Some(billed)) = (settings.price_basis, &state.billed) {
            settings.price_basis = billed.basis;
        }
        let (mut machines, mut groups) = (0, 0);
        for address in state.resources.keys() {
            match address.resource.object_kind() {
                Some(ObjectKind::Instance) => machines += 1,
                Some(ObjectKind::TemplateGroup) => groups += 1,
                None => {}
            }
        }
        let known = |rows: usize| (!state.resources.is_empty()).then_some(rows);
        let expected = Expected { machines: known(machines), groups: known(groups) };
        let client = Client::new(settings)
            .map_err(|error| Failure::from(Diagnostic::error("Invalid API settings", format!("{error}"))))?;
        Ok(Arc::new(client.with_expected(expected)))
    }

    /// The key of the digests of secrets in the state of this lineage.
    pub fn secret_key(&self, lineage: &str) -> SecretKey {
        SecretKey::derive(&self.state_key, lineage)
    }

    /// Invariant 11: a state meets only the account and endpoint that it was made with.
    pub fn check(&self, state: &State) -> Result<(), Failure> {
        let Some(recorded) = &state.account else { return Ok(()) };
        if recorded.base_url != self.identity.base_url {
            let way = match (recorded.base_url.as_str(), self.identity.base_url.as_str()) {
                (SANDBOX, _) => "it is a state of the simulator: move it to state/sandbox, and use --sandbox",
                (_, SANDBOX) => "state/sandbox is the simulator's: move it to state, and leave --sandbox out",
                _ => "set SIMPLEPOD_API_URL as before, or use another directory",
            };
            let detail = format!(
                "The state was made with {}, but this run would talk to {}. Machines of one are unknown to the other: {way}.",
                recorded.base_url, self.identity.base_url
            );
            return Err(Diagnostic::error("Another endpoint", detail).into());
        }
        if recorded.key_fingerprint != self.identity.key_fingerprint && !self.accept_account {
            let detail = "The state was made with another API key. If it is a new key of the same account, say so with -accept-account; with a key of another account every machine would seem gone.";
            return Err(Diagnostic::error("Another API key", detail).into());
        }
        Ok(())
    }

    /// Stops the simulator, so that its world is on disk.
    async fn close(self) {
        if let Some(handle) = self.sandbox {
            handle.end().await;
        }
        debug!("session closed");
    }
}

/// Whoever may propose a change of the configuration could name a server of their own, and a run in CI would bring it the
/// key: that of the environment goes only where the environment says, or to the API's own address.
fn base_url(provider: &ProviderSettings, choice: &Choice, who: &Who) -> Result<String, Failure> {
    let own = environment("SIMPLEPOD_API_URL")?;
    let Some(url) = &provider.base_url else { return Ok(own.unwrap_or_else(|| BASE_URL.to_owned())) };
    if provider.api_key.is_some() || choice.accept_endpoint {
        return Ok(url.clone());
    }
    // One that cannot be used is refused before anything is sent.
    if let Ok(asked) = Endpoint::parse(url) {
        let known = [own.as_deref(), Some(BASE_URL)];
        let mut known = known.into_iter().flatten().filter_map(|url| Endpoint::parse(url).ok());
        if !known.any(|known| known.is_server_of(&asked)) {
            let detail = format!(
                "The configuration sets base_url to {}, and the API key comes from {}: it would be sent to a server that the environment does not name.",
                asked.as_str(),
                if who.account.is_some() { "podform login" } else { "the environment" },
            );
            let told = Diagnostic::error("Key for another endpoint", detail);
            return Err(told
                .with_hint("If that server may have it, set SIMPLEPOD_API_URL to it, or add -accept-endpoint.")
                .into());
        }
    }
    Ok(url.clone())
}

/// The key that is used: that of the provider block, of `SIMPLEPOD_API_KEY`, of the directory that a service manager hands
/// over, or of the stored account.
///
/// # Errors
/// There is none; where it should be, it cannot be read.
pub(super) fn who(provider: &ProviderSettings, choice: &Choice) -> Result<Who, Failure> {
    if choice.sandbox {
        let key = SecretString::from("sandbox");
        return Ok(Who { key, source: "the simulator".to_owned(), account: None });
    }
    let own = |key: SecretString, source: &str| Ok(Who { key, source: source.to_owned(), account: None });
    if let Some(key) = provider.api_key.as_ref().and_then(|value| value.as_str()) {
        return match (&choice.account, key.is_empty()) {
            (Some(name), _) => {
                Err(two_keys(name, "api_key of the provider block", "Take api_key out of the provider block"))
            }
            (None, true) => Err(no_key()),
            (None, false) => own(SecretString::from(key), "the provider block"),
        };
    }
    if let Some(key) = environment("SIMPLEPOD_API_KEY")? {
        return match &choice.account {
            None => own(SecretString::from(key), "SIMPLEPOD_API_KEY"),
            Some(name) => Err(two_keys(name, "SIMPLEPOD_API_KEY", "Unset SIMPLEPOD_API_KEY")),
        };
    }
    if choice.account.is_none()
        && let Some(key) = handed_over()?
    {
        return own(key, "CREDENTIALS_DIRECTORY");
    }
    let asked = choice.account.is_some() || environment("SIMPLEPOD_ACCOUNT")?.is_some();
    let account = account_name(choice.account.as_deref())?;
    let Some(path) = Credentials::place()? else { return Err(no_key()) };
    let stored = Credentials::read(&path)?;
    match stored.key(&account) {
        Some(key) => Ok(Who { key, source: path.display().to_string(), account: Some(account) }),
        None if asked => {
            let names: Vec<&str> = stored.names().collect();
            let there = if names.is_empty() { "none is".to_owned() } else { format!("there are {}", names.join(", ")) };
            let detail = format!("No key is kept for the account \"{account}\": {there}.");
            let hint = format!("podform login -account={account} keeps one.");
            Err(Diagnostic::error("Unknown account", detail).with_hint(hint).into())
        }
        None => Err(no_key()),
    }
}

fn two_keys(account: &str, other: &str, way: &str) -> Failure {
    let detail = format!("-account={account} asks for a stored key, and {other}, which comes first, is set.");
    Diagnostic::error("Two API keys", detail).with_hint(format!("{way}, or leave -account out.")).into()
}

fn no_key() -> Failure {
    let detail = "Neither the provider block nor the environment gives a key, and none is stored.";
    let hint = "Run podform login, or set the environment variable SIMPLEPOD_API_KEY to a key of your account (Account Settings, tab Subaccounts), or api_key in the provider block. Without an account, try --sandbox.";
    Diagnostic::error("No API key", detail).with_hint(hint).into()
}
