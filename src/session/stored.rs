//! Where the state is kept, and reading it for those who only look.

use super::backend::{initialized, opened};
use super::bounds::{is_untrusted, refuse_links};
use super::data_dir::DataDir;
use super::encryption::{encrypted, encrypted_store};
use super::failure::{Failure, Why};
use super::workspace::workspace;
use crate::config::BackendKind;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::stack::STACK;
use crate::snapshot::without_secrets;
use crate::state::State;
use crate::store::local::{Files, Places};
use crate::store::{self, Backend, Guarded, LockInfo, Part, Remark, StateStore, StoreError, Told, lock_patiently};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread::Builder;
use std::time::Duration;
use tokio::runtime::Handle;

/// How the lock is taken.
#[derive(Clone, Copy, Debug)]
pub struct Locking {
    /// What for: whoever is refused is told.
    pub operation: &'static str,
    /// How long it is waited for; `None`: it is not taken.
    pub wait: Option<Duration>,
    /// Who hears of the wait.
    pub told: Told,
}

impl Locking {
    /// It is not taken.
    pub fn none(operation: &'static str) -> Locking {
        Locking { operation, wait: None, told: |_, _| {} }
    }
}

/// Which state of the fleet in this directory is meant.
#[derive(Clone, Debug, Default)]
pub struct StatePlace {
    /// That of the simulator.
    pub sandbox: bool,
    /// One in this file, with its journal beside it.
    pub file: Option<PathBuf>,
}

/// Who keeps a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// The simulator, in files.
    Simulator,
    /// Nobody but this file.
    File(PathBuf),
    /// The directory of the fleet, which declares no backend.
    Directory,
    /// A backend of this kind, which `init` has opened.
    Backend(BackendKind),
}

impl Keeper {
    /// Whether it is files: they are read at once, and whole.
    pub fn is_local(&self) -> bool {
        match self {
            Keeper::Simulator | Keeper::File(_) | Keeper::Directory => true,
            Keeper::Backend(kind) => *kind == BackendKind::Local,
        }
    }
}

impl StatePlace {
    /// Who keeps it.
    ///
    /// # Errors
    /// A backend is declared that `init` did not open, or of which something is missing.
    pub fn keeper(&self) -> Result<Keeper, Failure> {
        Ok(match (&self.file, self.sandbox) {
            (Some(file), _) => Keeper::File(file.clone()),
            (None, true) => Keeper::Simulator,
            (None, false) => initialized()?.map_or(Keeper::Directory, |it| Keeper::Backend(it.kind)),
        })
    }

    /// Refuses a place that an untrusted checkout chose.
    fn check(&self) -> Result<(), Failure> {
        match &self.file {
            Some(_) => Ok(()),
            None => Ok(refuse_links(&self.files().directory(&workspace()?.name))?),
        }
    }

    /// The files of a fleet that declares no backend.
    fn files(&self) -> Places {
        Places::below(directory(self.sandbox))
    }

    /// Whether a state may be there: it was named, or its directory is there, or a backend was opened from here.
    pub fn may_be(&self) -> bool {
        self.file.is_some()
            || directory(self.sandbox).is_dir()
            || DataDir::here().backend().is_ok_and(|it| it.is_some())
    }

    /// Whether nothing is recorded here but what the simulator did.
    pub fn is_only_simulated(&self, state: &State) -> bool {
        let is_real = !self.sandbox && self.file.is_none();
        is_real && state.lineage.is_empty() && directory(true).join("podform.state.json").exists()
    }

    /// A file beside the state; where a backend keeps that, in the directory that would hold it.
    pub fn beside(&self, name: &str) -> Result<PathBuf, Failure> {
        match &self.file {
            Some(file) => Ok(file.with_file_name(name)),
            None => Ok(self.files().directory(&workspace()?.name).join(name)),
        }
    }

    /// The store of the workspace that is meant. Asked for only after the configuration was read, which may come to say
    /// something else.
    ///
    /// # Errors
    /// A backend is declared that `init` did not open, or that cannot be opened now; there is no such workspace in it.
    pub fn store(&self) -> Result<Box<dyn StateStore>, Failure> {
        match &self.file {
            Some(file) => encrypted_store(Box::new(Files::at(file))),
            None => self.backend()?.state(&workspace()?.name).map_err(|error| failure(&error)),
        }
    }

    /// Where the states of all workspaces are.
    ///
    /// # Errors
    /// As [`StatePlace::store`].
    pub fn backend(&self) -> Result<Arc<dyn Backend>, Failure> {
        if self.sandbox {
            return Ok(encrypted(Box::new(self.files()))?.into());
        }
        if let Some(opened) = OPENED.get() {
            return Ok(opened.clone());
        }
        let backend: Arc<dyn Backend> = match initialized()? {
            Some(it) => encrypted(opened(it.kind, &it.arguments, it.guards_locks)?)?.into(),
            None => encrypted(Box::new(self.files()))?.into(),
        };
        Ok(OPENED.get_or_init(|| backend).clone())
    }
}

/// The backend of this run. A command comes to its state several times, and credentials are got, and connections made, once.
static OPENED: OnceLock<Arc<dyn Backend>> = OnceLock::new();

/// Where state and journal of the fleet in this directory are kept.
pub fn directory(sandbox: bool) -> PathBuf {
    if sandbox { Path::new("state").join("sandbox") } else { PathBuf::from("state") }
}

/// What is recorded, and what is to be told of it. No state is an empty one.
pub async fn read(place: &StatePlace) -> Result<(State, Diagnostics), Failure> {
    place.check()?;
    let (state, remarks) = store::read(&*place.store()?).await.map_err(|error| failure(&error))?;
    let state = if is_untrusted() { without_secrets(&state) } else { state };
    Ok((state, remarks.iter().map(told).collect()))
}

/// Takes the lock for a run that only looks: what it sees is not changed under its eyes. Where this user may write nothing
/// it goes on without, for it writes nothing either: a checkout that is read-only can be planned. `None`: there is no lock.
pub async fn watch(place: &StatePlace, locking: Locking, diags: &mut Diagnostics) -> Result<Option<Guarded>, Failure> {
    let Some(wait) = locking.wait else { return Ok(None) };
    place.check()?;
    let mut store = Guarded::from(place.store()?);
    match lock_patiently(&mut *store, &LockInfo::new(locking.operation), wait, locking.told).await {
        Ok(dead) => {
            diags.extend(dead.map(|dead| Diagnostics::from(told(&Remark::Died(Box::new(dead))))).unwrap_or_default());
            Ok(Some(store))
        }
        Err(error) if error.is_read_only() => {
            let detail = format!(
                "This user may not write {}, so nothing keeps another run from working meanwhile: what it is about to do would be shown as still to be done.",
                store.place(Part::Lock)
            );
            let hint = "-lock=false says that it is meant.";
            diags.push(Diagnostic::warning("State is not locked", detail).with_hint(hint));
            Ok(None)
        }
        Err(error) => Err(failure(&error)),
    }
}

/// Reads the state while something else is done: both take a while in a large fleet.
pub fn read_beside<T>(place: &StatePlace, other: impl FnOnce() -> T) -> (T, Result<(State, Diagnostics), Failure>) {
    std::thread::scope(|scope| {
        let runtime = Handle::current();
        // What is recorded nests as deep as what the configuration says.
        let state = Builder::new().stack_size(STACK);
        let state = state.spawn_scoped(scope, move || runtime.block_on(read(place)));
        let done = other();
        let state = match state {
            Ok(state) => state.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => {
                let told = Diagnostic::error("State cannot be read", format!("The system gives no thread: {error}."));
                Err(Failure { why: Why::Wrong, diags: told.into() })
            }
        };
        (done, state)
    })
}

/// What was found beside a state.
pub fn told(remark: &Remark) -> Diagnostic {
    match remark {
        Remark::Died(dead) => {
            let detail = format!(
                "The run before this one was killed: {} by {}, process {}, since {}. It runs no more, so its lock is taken over. What it did stands in the journal.",
                dead.operation,
                dead.who,
                dead.pid,
                dead.created.strftime("%Y-%m-%d %H:%M:%S UTC")
            );
            Diagnostic::warning("Stale lock taken over", detail)
        }
        Remark::Encrypts { place, clear } => {
            let before = match clear {
                true => {
                    " What stands there now is in clear, and so are the copies of it that were kept until now: they go one by one with the next states, or remove them yourself."
                }
                false => "",
            };
            let detail = format!(
                "State, journal and copies at {place} are encrypted from the next write on.{before} Nobody can read them without the key: not podform, and not whoever made it."
            );
            let hint = "Keep the passphrase, or what gives the key, where this machine's loss does not reach it, and try it from there: podform state pull. Without it podform recover still finds the machines by their marks.";
            Diagnostic::warning("State is encrypted from now on", detail).with_hint(hint)
        }
        Remark::Keys { place } => {
            let detail = format!(
                "The sums of state and journal at {place} are keyed with PODFORM_STATE_KEY from the next write on: who writes there without it is found out. The state that stands there has a plain sum, as every state had that was written without the key."
            );
            let hint = "Set PODFORM_STATE_KEY wherever the state is read. If this was told before, somebody has written the state without the key since: podform state history shows which states were there.";
            Diagnostic::warning("State is keyed from now on", detail).with_hint(hint)
        }
        Remark::Older { place, what } => {
            Diagnostic::warning("State is older than its backup", format!("{place}: {what}"))
        }
        Remark::TakenUp { place, found } => {
            let found = match found.is_empty() {
                true => "Nothing is in it that was not known.".to_owned(),
                false => format!("Known by it alone: {}.", found.join(", ")),
            };
            let detail = format!(
                "A run lost its lock, and what it did stands in {place}. It is taken up; the file goes when the state is written next. {found}"
            );
            Diagnostic::warning("A run lost its lock", detail)
        }
        Remark::Foreign { place, what } => {
            let detail = format!(
                "A run lost its lock, and what it did stands in {place}. {what} It is not taken up: podform recover -adopt=ID records what it made, and podform state repair says what that is and puts the file aside."
            );
            Diagnostic::warning("A run of another state lost its lock", detail)
        }
    }
}

/// A fault of the store.
pub fn failure(error: &StoreError) -> Failure {
    let (why, summary) = match error {
        StoreError::Locked { .. } => (Why::Locked, "State is locked"),
        StoreError::State { .. } => (Why::Wrong, "State cannot be read"),
        StoreError::Journal { .. } => (Why::Wrong, "Journal cannot be read"),
        StoreError::Changed { .. } => (Why::Wrong, "State was changed meanwhile"),
        StoreError::Fenced { .. } => (Why::Locked, error.taken_away().unwrap_or_default()),
        StoreError::Sealed { .. } => (Why::Wrong, "State encryption failed"),
        StoreError::Unfit { .. } => (Why::Wrong, "Backend does not fit"),
        StoreError::Unlock { .. } => (Why::Wrong, "Lock cannot be taken away"),
        _ => (Why::Wrong, "State cannot be used"),
    };
    let told = Diagnostic { hint: error.hint().map(Into::into), ..Diagnostic::error(summary, error.to_string()) };
    Failure { why, diags: told.into() }
}

/// Waits until the locks that this process held are given back; tells of those that stay.
pub async fn locks_given_back() -> Diagnostics {
    let told = store::all_given_back().await.into_iter().map(|error| {
        let hint = "podform force-unlock ID takes it away; the next run that finds it says its ID.";
        Diagnostic::warning("Lock was not given back", error.to_string()).with_hint(hint)
    });
    told.collect()
}
