//! The account at hand: for commands that look at it or touch single machines, wherever they are started. Inside of a fleet
//! they know its addresses; its variables are not asked for.

use super::account::{Access, Who, who};
use super::failure::Failure;
use super::fleet::{as_far_as_known, read_with};
use super::held::Held;
use super::open::Opening;
use super::stored::{self, Locking, StatePlace};
use super::variables;
use crate::address::{InstanceAddr, Target};
use crate::config::{Inputs, ProviderSettings, is_configuration_file};
use crate::diag::{Diagnostic, Diagnostics, Sources};
use crate::live::{MachineId, ObjectId};
use crate::simplepod::Client;
use crate::state::{Record, State};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What is known beside the account.
#[derive(Debug, Default)]
pub struct AtHand {
    /// The fleet whose directory this is, or whose state is at hand.
    pub fleet: Option<String>,
    /// What it recorded; empty where no state is.
    pub state: State,
    provider: ProviderSettings,
}

/// An account that stays open for a while, and the state beside it: read anew, and locked, whenever that is needed.
pub struct Reach<'a> {
    /// The account.
    pub client: Arc<Client>,
    /// How long a call in doubt is looked for.
    pub window: Duration,
    access: &'a Access,
    /// Where the state is; `None` outside of a fleet.
    place: Option<StatePlace>,
}

impl Reach<'_> {
    /// What is recorded now; empty outside of a fleet.
    ///
    /// # Errors
    /// The state cannot be read, or is of another account.
    pub async fn recorded(&self) -> Result<State, Failure> {
        let Some(place) = &self.place else { return Ok(State::default()) };
        let (state, _) = stored::read(place).await?;
        self.access.check(&state)?;
        Ok(state)
    }

    /// The state under its lock; `None` outside of a fleet.
    ///
    /// # Errors
    /// It is locked, or cannot be read, or is of another account.
    pub async fn held(&self, locking: Locking) -> Result<Option<Held>, Failure> {
        match &self.place {
            Some(place) => Held::open(place.store()?, locking, self.access).await.map(Some),
            None => Ok(None),
        }
    }
}

impl Opening {
    /// What is known here. Variables that nobody gives are unknown: of the configuration only the provider block and the
    /// fleet's name count, and what is wrong elsewhere in it is told by the commands that plan.
    ///
    /// # Errors
    /// The state cannot be read; the provider block refers to what nobody gives, and another account would be looked at.
    pub async fn at_hand(&self, sources: &mut Sources, diags: &mut Diagnostics) -> Result<AtHand, Failure> {
        let place = self.account.place();
        if !is_fleet(Path::new(".")) {
            // Of a state without a configuration only the provider block is not known.
            if !place.may_be() {
                return Ok(AtHand::default());
            }
            let (state, told) = stored::read(&place).await?;
            diags.extend(told);
            return Ok(AtHand::recorded_by(state));
        }
        let (read, state) = stored::read_beside(&place, || {
            let mut beside = Diagnostics::new();
            let (configuration, texts) = read_with(&self.blocks, sources, &mut beside);
            let root = configuration.root();
            let mut given = variables::given(&self.settings, root, sources, &mut beside);
            given.extend(Inputs::unknown(root, &given, "a look at the account"));
            as_far_as_known(configuration, texts, given, &self.effects, sources, &mut beside)
        });
        let (state, told) = state?;
        diags.extend(told);
        let Some(fleet) = read else { return Ok(AtHand::recorded_by(state)) };
        let elsewhere = |name: &&&str| matches!(**name, "api_key" | "base_url");
        if let Some(name) = fleet.provider.unread.iter().find(elsewhere) {
            let detail = format!("The provider block says {name}, from a value that is not given here.");
            let hint = "Give the variable, with -var, -var-file or PODFORM_VAR_name: without it another account would be looked at.";
            return Err(Diagnostic::error("Provider block is not known", detail).with_hint(hint).into());
        }
        Ok(AtHand { fleet: fleet.name().map(str::to_owned), provider: fleet.provider, state })
    }

    /// Opens the account, lets somebody use it, and closes it.
    ///
    /// # Errors
    /// What cannot be opened; what the use says.
    pub async fn reaching<T, E: From<Failure>>(
        &self,
        at_hand: &AtHand,
        using: impl AsyncFnOnce(&Client) -> Result<T, E>,
    ) -> Result<T, E> {
        self.reaching_for(at_hand, async |client, _| using(client).await).await
    }

    /// As [`Opening::reaching`], with how long a call in doubt is looked for.
    ///
    /// # Errors
    /// As [`Opening::reaching`].
    pub async fn reaching_for<T, E: From<Failure>>(
        &self,
        at_hand: &AtHand,
        using: impl AsyncFnOnce(&Client, Duration) -> Result<T, E>,
    ) -> Result<T, E> {
        self.reaching_on(at_hand, async |reach| using(&reach.client, reach.window).await).await
    }

    /// As [`Opening::reaching_for`], for who reads the state anew, and locks it now and then.
    ///
    /// # Errors
    /// As [`Opening::reaching`].
    pub async fn reaching_on<T, E: From<Failure>>(
        &self,
        at_hand: &AtHand,
        using: impl AsyncFnOnce(&Reach<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        Access::during(&self.account, &at_hand.provider, async |access| {
            access.check(&at_hand.state)?;
            let client = access.client(&at_hand.state, self.parallelism)?;
            let place = is_fleet(Path::new(".")).then(|| self.account.place());
            using(&Reach { client, window: access.settle_window, access, place }).await
        })
        .await
    }

    /// As [`Opening::reaching_for`], with the state under its lock.
    ///
    /// # Errors
    /// The state is locked, or cannot be read; as [`Opening::reaching`].
    pub async fn reaching_held<T, E: From<Failure>>(
        &self,
        at_hand: &AtHand,
        locking: Locking,
        using: impl AsyncFnOnce(&Client, Held, Duration) -> Result<T, E>,
    ) -> Result<T, E> {
        Access::during(&self.account, &at_hand.provider, async |access| {
            let held = Held::open(self.account.place().store()?, locking, access).await?;
            let client = access.client(&held.state, self.parallelism)?;
            using(&client, held, access.settle_window).await
        })
        .await
    }
}

impl Opening {
    /// Whose key is used.
    ///
    /// # Errors
    /// There is none; where it should be, it cannot be read.
    pub fn who(&self, at_hand: &AtHand) -> Result<Who, Failure> {
        who(&at_hand.provider, &self.account)
    }

    /// As [`Opening::reaching`], for who looks at the account alone: the state may be of another one.
    ///
    /// # Errors
    /// What cannot be opened; what the use says.
    pub async fn reaching_any<T, E: From<Failure>>(
        &self,
        at_hand: &AtHand,
        using: impl AsyncFnOnce(&Client) -> Result<T, E>,
    ) -> Result<T, E> {
        Access::during(&self.account, &at_hand.provider, async |access| {
            let client = access.client(&State::default(), self.parallelism)?;
            using(&client).await
        })
        .await
    }

    /// Whether the state was made with the account at hand.
    ///
    /// # Errors
    /// It was made with another one; or it cannot be opened.
    pub async fn same_account(&self, at_hand: &AtHand) -> Result<(), Failure> {
        Access::during(&self.account, &at_hand.provider, async |access| access.check(&at_hand.state)).await
    }
}

impl AtHand {
    /// What a state alone tells.
    fn recorded_by(state: State) -> AtHand {
        AtHand { fleet: state.fleet.clone(), state, provider: ProviderSettings::default() }
    }

    /// Where a machine is recorded.
    pub fn address_of(&self, machine: MachineId) -> Option<&InstanceAddr> {
        self.recorded(machine).map(|(address, _)| address)
    }

    /// Where a machine is recorded, and as what.
    pub fn recorded(&self, machine: MachineId) -> Option<(&InstanceAddr, &Record)> {
        let found = self.state.identified().find(|(id, ..)| *id == ObjectId::Machine(machine));
        found.map(|(_, address, record)| (address, record))
    }

    /// Where a machine is recorded, or was before it went.
    pub fn address_ever(&self, machine: MachineId) -> Option<&InstanceAddr> {
        let id = Some(ObjectId::Machine(machine));
        let went = || self.state.spent.iter().rfind(|spent| spent.id() == id).map(|spent| &spent.address);
        self.address_of(machine).or_else(went)
    }

    /// As [`AtHand::machines`], and those that were recorded there before they went.
    ///
    /// # Errors
    /// As [`AtHand::machines`].
    pub fn machines_ever(&self, named: &str) -> Result<Vec<MachineId>, Diagnostic> {
        let target = named.parse::<Target>().ok().filter(|_| named.parse::<u64>().is_err());
        let went = self
            .state
            .spent
            .iter()
            .filter(|spent| target.as_ref().is_some_and(|target| target.matches(&spent.address)));
        let mut went: Vec<MachineId> = went
            .filter_map(|spent| match spent.id()? {
                ObjectId::Machine(id) => Some(id),
                ObjectId::Group(_) => None,
            })
            .collect();
        match self.machines(named) {
            Ok(found) => went.extend(found),
            Err(error) if went.is_empty() => return Err(error),
            Err(_) => {}
        }
        Ok(went)
    }

    /// All that these name, each once.
    ///
    /// # Errors
    /// As [`AtHand::machines`].
    pub fn all_machines(&self, named: &[String]) -> Result<Vec<MachineId>, Diagnostic> {
        let mut all = Vec::new();
        for named in named {
            let new: Vec<MachineId> = self.machines(named)?.into_iter().filter(|id| !all.contains(id)).collect();
            all.extend(new);
        }
        Ok(all)
    }

    /// The machines that an address (of one, of all of a block, of a module) or an id names.
    ///
    /// # Errors
    /// It is neither; or nothing is recorded there.
    pub fn machines(&self, named: &str) -> Result<Vec<MachineId>, Diagnostic> {
        if let Ok(id) = named.parse() {
            return Ok(vec![MachineId(id)]);
        }
        let target = named.parse::<Target>().map_err(|why| {
            let detail = format!("\"{named}\" is neither the id of a machine nor an address: {why}");
            Diagnostic::error("Not a machine", detail)
        })?;
        let recorded = self.state.identified().filter(|(_, address, _)| target.matches(address));
        let found: Vec<MachineId> = recorded.filter_map(|(id, ..)| id.machine()).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let detail = match &self.fleet {
            Some(fleet) => format!("The fleet \"{fleet}\" recorded no machine at {named}."),
            None => format!("{named} is an address, and this directory holds no fleet that recorded one."),
        };
        let hint = "podform status lists what the fleet recorded, podform instances what the account holds.";
        Err(Diagnostic::error("No such machine", detail).with_hint(hint))
    }
}

/// Whether a directory holds configuration. One that cannot be read holds none for who only looks at the account.
pub fn is_fleet(directory: &Path) -> bool {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.any(|name| is_configuration_file(&name))
}
