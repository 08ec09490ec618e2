//! Opening what a command stands on: the configuration first, for it says where the rest is; then account, state and
//! client. Whatever was opened is closed on every path.

use super::account::{Access, Choice};
use super::bounds::is_untrusted;
use super::effects::LocalEffects;
use super::failure::Failure;
use super::fleet::{self, Fleet, Texts};
use super::held::Held;
use super::person::Person;
use super::saved;
use super::stored::{self, Locking};
use super::variables::{self, Setting};
use super::view::View;
use super::work::Session;
use super::written;
use crate::config::{Configuration, Given, Inputs};
use crate::diag::{Diagnostics, Sources};
use crate::lang::hex;
use crate::plan::{SavedPlan, variables_for_apply};
use crate::refresh::Clock;
use crate::simplepod::Client;
use crate::snapshot::Redaction;
use crate::state::{AccountIdentity, State};
use crate::store::Guarded;
use secrecy::SecretString;
use std::time::Duration;

/// What is recorded, for those who only look.
pub struct Watched {
    /// It.
    pub state: State,
    /// The lock, where it was taken; free again when dropped.
    pub lock: Option<Guarded>,
}

/// What is to be opened.
pub struct Opening {
    /// Whose account.
    pub account: Choice,
    /// Values of root variables.
    pub settings: Vec<Setting>,
    /// Blocks beside the files of the root module.
    pub blocks: Vec<String>,
    /// The person is asked for values that nobody gives.
    pub asks: bool,
    /// How many steps will call at once.
    pub parallelism: u16,
    /// For functions, while planning.
    pub effects: LocalEffects,
}

impl Opening {
    /// Reads and evaluates the configuration at the current directory. `None` where something is wrong with it, which
    /// `diags` tells.
    ///
    /// # Errors
    /// It is not the configuration of the saved plan.
    pub async fn configure(
        &self,
        saved: Option<&SavedPlan>,
        person: &dyn Person,
        sources: &mut Sources,
        diags: &mut Diagnostics,
    ) -> Result<Option<Fleet>, Failure> {
        let (configuration, texts, given) = self.read(saved, person, sources, diags).await?;
        Ok(fleet::evaluated(configuration, texts, given, &self.effects, sources, diags))
    }

    /// As [`Opening::configure`]; the state is read while the configuration is evaluated, for those who only look.
    ///
    /// # Errors
    /// The state is locked, or cannot be read.
    pub async fn configure_beside_state(
        &self,
        locking: Locking,
        person: &dyn Person,
        sources: &mut Sources,
        diags: &mut Diagnostics,
    ) -> Result<Option<(Fleet, Watched)>, Failure> {
        let (configuration, texts, given) = self.read(None, person, sources, diags).await?;
        if let Some(path) = &self.account.snapshot {
            let state = written::read(path)?.state;
            let fleet = fleet::evaluated(configuration, texts, given, &self.effects, sources, diags);
            return Ok(fleet.map(|fleet| (fleet, Watched { state, lock: None })));
        }
        let place = self.account.place();
        let lock = match diags.has_errors() {
            true => None,
            false => stored::watch(&place, locking, diags).await?,
        };
        let evaluate = || fleet::evaluated(configuration, texts, given, &self.effects, sources, diags);
        let (fleet, state) = stored::read_beside(&place, evaluate);
        let Some(fleet) = fleet else { return Ok(None) };
        let (state, told) = state?;
        diags.extend(told);
        Ok(Some((fleet, Watched { state, lock })))
    }

    async fn read(
        &self,
        saved: Option<&SavedPlan>,
        person: &dyn Person,
        sources: &mut Sources,
        diags: &mut Diagnostics,
    ) -> Result<(Configuration, Texts, Vec<Given>), Failure> {
        let (configuration, texts) = fleet::read_with(&self.blocks, sources, diags);
        if let Some(saved) = saved {
            saved::check_workspace(saved, configuration.workspace())?;
            saved::check_files(saved, &texts)?;
        }
        let root = configuration.root();
        let mut given = variables::given(&self.settings, root, sources, diags);
        match saved {
            Some(saved) => given = variables_for_apply(root, &saved.plan.variables, given, diags),
            None if self.asks => variables::ask(root, person, &mut given).await?,
            None => {}
        }
        if self.account.snapshot.is_some() {
            let missing = Inputs::unknown(root, &given, "a plan on a snapshot, to which nobody gives it");
            diags.extend(variables::unknown_told(&missing).map(Diagnostics::from).unwrap_or_default());
            given.extend(missing);
        }
        Ok((configuration, texts, given))
    }

    /// Opens account and client, over a state that was read; lets somebody use them, and closes them.
    ///
    /// # Errors
    /// What cannot be opened; what the use says.
    pub async fn looking<T, E: From<Failure>>(
        &self,
        fleet: &Fleet,
        state: &State,
        using: impl AsyncFnOnce(&Session<'_, Client>) -> Result<T, E>,
    ) -> Result<T, E> {
        Access::during(&self.account, &fleet.provider, async |access| {
            access.check(state)?;
            let client = access.client(state, 0)?;
            let applying = LocalEffects::applying(&self.effects);
            using(&session(fleet, access, &*client, (&self.effects, &applying))).await
        })
        .await
    }

    /// As [`Opening::looking`], for those who plan: on a snapshot where one is chosen, and for an untrusted configuration
    /// on what anybody may see. Then no secret is known, and none is compared.
    ///
    /// # Errors
    /// What cannot be opened; what the use says.
    pub async fn viewing<T, E: From<Failure>>(
        &self,
        fleet: &Fleet,
        state: &State,
        using: impl AsyncFnOnce(&Session<'_, View>) -> Result<T, E>,
    ) -> Result<T, E> {
        let applying = LocalEffects::applying(&self.effects);
        let nobodys = SecretString::from(hex(&rand::random::<[u8; 32]>()));
        if let Some(path) = &self.account.snapshot {
            let written = written::read(path)?;
            let account = written
                .state
                .account
                .clone()
                .unwrap_or(AccountIdentity { base_url: "snapshot".to_owned(), key_fingerprint: String::new() });
            let clock = Clock::new(written.as_of);
            let view = View::Written(Box::new(written));
            return using(&Session {
                fleet,
                cloud: &view,
                account: &account,
                state_key: &nobodys,
                blind: true,
                settle_window: Duration::ZERO,
                planning: &self.effects,
                applying: &applying,
                clock,
            })
            .await;
        }
        Access::during(&self.account, &fleet.provider, async |access| {
            access.check(state)?;
            let client = access.client(state, 0)?;
            let view = match is_untrusted() {
                true => View::Public(client, Redaction::of(state)),
                false => View::Account(client),
            };
            let mut session = session(fleet, access, &view, (&self.effects, &applying));
            if is_untrusted() {
                (session.state_key, session.blind) = (&nobodys, true);
            }
            using(&session).await
        })
        .await
    }

    /// As [`Opening::looking`], with the state under its lock.
    ///
    /// # Errors
    /// What cannot be opened; what the use says.
    pub async fn holding<T, E: From<Failure>>(
        &self,
        fleet: &Fleet,
        locking: Locking,
        using: impl AsyncFnOnce(&Session<'_, Client>, Held) -> Result<T, E>,
    ) -> Result<T, E> {
        Access::during(&self.account, &fleet.provider, async |access| self.hold(fleet, access, locking, using).await)
            .await
    }

    /// As [`Opening::holding`], for a plan that was saved: variables must be those that it was made with.
    ///
    /// # Errors
    /// What cannot be opened; the plan is stale; what the use says.
    pub async fn holding_for<T, E: From<Failure>>(
        &self,
        saved: SavedPlan,
        fleet: &Fleet,
        locking: Locking,
        using: impl AsyncFnOnce(SavedPlan, &Session<'_, Client>, Held) -> Result<T, E>,
    ) -> Result<T, E> {
        Access::during(&self.account, &fleet.provider, async |access| {
            saved::check_variables(&saved, fleet, access)?;
            self.hold(fleet, access, locking, async |session, held| using(saved, session, held).await).await
        })
        .await
    }

    async fn hold<T, E: From<Failure>>(
        &self,
        fleet: &Fleet,
        access: &Access,
        locking: Locking,
        using: impl AsyncFnOnce(&Session<'_, Client>, Held) -> Result<T, E>,
    ) -> Result<T, E> {
        let held = Held::open(self.account.place().store()?, locking, access).await?;
        let client = access.client(&held.state, self.parallelism)?;
        let applying = LocalEffects::applying(&self.effects);
        using(&session(fleet, access, &*client, (&self.effects, &applying)), held).await
    }
}

fn session<'a, C>(
    fleet: &'a Fleet,
    access: &'a Access,
    cloud: &'a C,
    (planning, applying): (&'a LocalEffects, &'a LocalEffects),
) -> Session<'a, C> {
    Session {
        fleet,
        cloud,
        account: &access.identity,
        state_key: &access.state_key,
        blind: false,
        settle_window: access.settle_window,
        planning,
        applying,
        clock: Clock::new(jiff::Timestamp::now()),
    }
}
