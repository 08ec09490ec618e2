//! Orphans, one at a time: taken into the state, or released (invariants 1, 4 and 12).

use crate::address::InstanceAddr;
use crate::cloud::fault::{fault, passes};
use crate::cloud::{CallError, Cloud, ErrorKind, Outcome, ReadResult};
use crate::diag::Diagnostic;
use crate::live::{GroupFields, MachineFields, Mark, ObjectId, Orphan, Proof};
use crate::refresh::Clock;
use crate::schema::instance::DELETE_TIMEOUT;
use crate::state::journal::Event;
use crate::state::{Intent, IntentAction, Record, State, deposed_key, orphaned};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between looks: orphans are few, and go one at a time while somebody waits.
const PAUSE: Duration = Duration::from_secs(2);

/// An object that is about to be recorded.
#[derive(Debug)]
pub struct Taken {
    /// Which.
    pub id: ObjectId,
    /// Its record.
    pub record: Record,
    /// The user's part of its notes.
    pub text: String,
    /// The mark that it shall carry.
    pub mark: Mark,
}

pub(super) fn intent(action: IntentAction, address: &InstanceAddr, id: ObjectId, clock: &Clock) -> Intent {
    let claim = uuid::Uuid::new_v4().simple().to_string();
    Intent { id: Some(id.number()), ..Intent::new(claim, action, address.clone(), clock.now()) }
}

/// Records an object, then writes its mark anew. `commit` makes events durable, and part of the state. A crash between the two leaves it recorded under the old mark, which the
/// same command takes up again.
///
/// # Errors
/// The journal cannot be written, or the mark could not be written for certain.
pub async fn take_over<C: Cloud>(
    cloud: &C,
    taken: Taken,
    clock: &Clock,
    mut commit: impl AsyncFnMut(Vec<Event>) -> Result<(), Diagnostic>,
) -> Result<(), Diagnostic> {
    let Taken { id, record, text, mark } = taken;
    let address = mark.address.clone();
    let recorded =
        |claim: Option<String>| Event::Recorded { claim, address: address.clone(), record: Arc::new(record.clone()) };
    let intent = intent(IntentAction::Update, &address, id, clock);
    let claim = intent.claim.clone();
    commit(vec![recorded(None), Event::Intent(Box::new(intent))]).await?;
    let notes = Some(mark.write(&text));
    let outcome = match id {
        ObjectId::Machine(id) => {
            cloud.update_machine(id, &MachineFields { notes, ..MachineFields::default() }).await.map(drop)
        }
        ObjectId::Group(id) => cloud.update_group(id, &GroupFields { notes, ..GroupFields::default() }).await,
    };
    let (event, error) = match outcome {
        Outcome::Done(()) => return commit(vec![recorded(Some(claim))]).await,
        Outcome::NotDone(error) => (Event::NotDone { claim, reason: error.to_string() }, error),
        Outcome::InDoubt(error) => (Event::InDoubt { claim, reason: error.to_string(), since: clock.now() }, error),
    };
    commit(vec![event]).await?;
    let mut told = fault(&format!("Writing the mark of {address} ({id}), which is recorded now"), &error).on(&address);
    told.add(" The same command writes it again.");
    Err(told)
}

/// DELETE of an orphan, after a fresh look that proves once more that it is one, and the same.
///
/// # Errors
/// It is not provably ours, the API refuses, or nobody can tell whether it is gone.
pub async fn release_orphan<C: Cloud>(
    cloud: &C,
    orphan: &Orphan,
    (state, fleet): (&State, &str),
    clock: &Clock,
    mut commit: impl AsyncFnMut(Vec<Event>) -> Result<(), Diagnostic>,
) -> Result<(), Diagnostic> {
    let id = orphan.id;
    let refuse = |why: &str| Err(Diagnostic::error("Not ours to release", format!("{id} is not released: {why}")));
    let (true, Some(address), Some(claim)) = (orphan.proof.is_one(), &orphan.address, &orphan.claim) else {
        return refuse(match orphan.proof {
            Proof::Perhaps => {
                "it carries no mark, and that it runs a template group of this fleet proves nothing. If it is what a rent made, podform recover -adopt=ADDRESS=ID takes it into the state; else release it in the vendor's panel if it is yours."
            }
            Proof::Unclaimed => {
                "its mark is whole, but the environment that the API shows lacks the claim: somebody may have copied the mark from another machine. If it is yours, -adopt=ID takes it into the state; else remove the mark from its notes."
            }
            Proof::Disputed => {
                "another one carries the same mark, and nothing tells which of them is the copy. If it is yours, -adopt=ID takes it into the state; else remove the mark from its notes."
            }
            Proof::Made | Proof::GivenUp | Proof::Damaged | Proof::Copied => {
                "podform's mark in its notes is damaged, or copied from another machine, and proves nothing. Release it in the vendor's panel if it is yours."
            }
        });
    };
    if state.identified().any(|(recorded, ..)| recorded == id) {
        return refuse("it is recorded. To release it, take its block out of the configuration, and apply.");
    }
    let doing = format!("Releasing {id}, made for {address}");
    let now = match look(cloud, id, state, fleet).await.map_err(|error| fault(&doing, &error))? {
        Looked::Gone => return Ok(()),
        Looked::There(now) => now,
    };
    let Some(now) = now.filter(|now| now.claim.as_ref() == Some(claim) && now.proof.is_one()) else {
        return refuse("its mark was changed meanwhile. Look again: podform orphans.");
    };
    let is_another = match id {
        // A row of a list may show none; the claim is looked at above.
        ObjectId::Machine(_) => {
            now.hash_id.is_none() || orphan.hash_id.as_ref().is_some_and(|then| now.hash_id.as_ref() != Some(then))
        }
        // Nothing else tells groups apart.
        ObjectId::Group(_) => false,
    };
    if is_another {
        return refuse("the API shows another hash_id for this number than a moment ago. It is another machine.");
    }
    let looked = async || Ok(matches!(look(cloud, id, state, fleet).await?, Looked::Gone));
    // It stands in no state: nothing but the intent is removed, under a key that no object has. What its own claim
    // replaced may be set aside under that.
    let removed = |call: String| {
        let deposed = Some(deposed_key(&call));
        Event::Removed { claim: Some(call), address: address.clone(), deposed }
    };
    let mut record = Record { claim: Some(claim.clone()), ..Record::default() };
    record.attributes.set("id", id.number().to_string().into());
    if let Some(hash) = &orphan.hash_id {
        record.attributes.set("hash_id", hash.0.clone().into());
    }
    let removal = Removal { id, address, doing: &doing, record: Some(record) };
    remove(cloud, removal, clock, &mut commit, looked, removed).await
}

/// What is removed, outside of a plan.
pub(super) struct Removal<'a> {
    /// Which object.
    pub id: ObjectId,
    /// Of which address.
    pub address: &'a InstanceAddr,
    /// What for.
    pub doing: &'a str,
    /// What is known of it, where it stands in no state.
    pub record: Option<Record>,
}

/// DELETE under an intent, then looks until it is `gone`; `removed` closes the intent.
pub(super) async fn remove<C: Cloud>(
    cloud: &C,
    Removal { id, address, doing, record }: Removal<'_>,
    clock: &Clock,
    commit: &mut impl AsyncFnMut(Vec<Event>) -> Result<(), Diagnostic>,
    looked: impl AsyncFn() -> ReadResult<bool>,
    removed: impl FnOnce(String) -> Event,
) -> Result<(), Diagnostic> {
    let intent = Intent { record: record.map(Arc::new), ..intent(IntentAction::Delete, address, id, clock) };
    let call = intent.claim.clone();
    commit(vec![Event::Intent(Box::new(intent))]).await?;
    let outcome = match id {
        ObjectId::Machine(id) => cloud.delete_machine(id).await,
        ObjectId::Group(id) => cloud.delete_group(id).await,
    };
    let doubt = match outcome {
        Outcome::Done(()) => None,
        Outcome::NotDone(error) if error.kind == ErrorKind::NotFound => None,
        Outcome::NotDone(error) => {
            commit(vec![Event::NotDone { claim: call, reason: error.to_string() }]).await?;
            return Err(fault(doing, &error));
        }
        Outcome::InDoubt(error) => Some(error),
    };
    match gone(looked).await {
        Ok(()) => commit(vec![removed(call)]).await,
        Err(last) => {
            let reason = doubt.as_ref().map_or_else(|| last.clone(), CallError::to_string);
            commit(vec![Event::InDoubt { claim: call, reason: reason.clone(), since: clock.now() }]).await?;
            let told = Diagnostic::error("Release not confirmed", format!("{doing}: {reason}.")).on(address);
            Err(told.with_hint("It may bill until it is gone: podform recover looks at it again."))
        }
    }
}

enum Looked {
    Gone,
    /// What it is now, if it still is an orphan.
    There(Option<Box<Orphan>>),
}

async fn look<C: Cloud>(cloud: &C, id: ObjectId, state: &State, fleet: &str) -> ReadResult<Looked> {
    let found = cloud.object(id).await?.filter(|object| !object.is_gone());
    Ok(found.map_or(Looked::Gone, |object| Looked::There(orphaned(&object, state, fleet, false).map(Box::new))))
}

/// Looks until it is gone; the error says why nobody can tell.
async fn gone(looked: impl AsyncFn() -> ReadResult<bool>) -> Result<(), String> {
    let began = Instant::now();
    loop {
        let over = began.elapsed() >= DELETE_TIMEOUT;
        match looked().await {
            Ok(true) => return Ok(()),
            Err(error) if over || !passes(&error) => return Err(error.to_string()),
            Ok(_) if over => return Err(format!("it is still there after {} s", DELETE_TIMEOUT.as_secs())),
            _ => sleep(PAUSE).await,
        }
    }
}
