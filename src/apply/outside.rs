//! The release of a machine that nobody ever saw inside of what was approved (invariants 3 and 15).

use super::orphan::{Removal, remove};
use crate::cloud::fault::fault;
use crate::cloud::{CallError, Cloud, Outcome};
use crate::diag::Diagnostic;
use crate::live::{Env, MachineFields, Mark, Notes, ObjectId};
use crate::plan::lacks_proof;
use crate::refresh::{Approval, Clock, Unproven, details, is_unseen};
use crate::state::journal::Event;
use crate::state::{IntentAction, State};

/// Looks at it once more, and releases it where it is still outside. `commit` makes events durable, and part of the state.
///
/// # Errors
/// It is not provably ours, the API refuses, or nobody can tell whether it is gone.
pub async fn release_outside<C: Cloud>(
    cloud: &C,
    found: &Unproven,
    (state, fleet): (&State, &str),
    clock: &Clock,
    mut commit: impl AsyncFnMut(Vec<Event>) -> Result<(), Diagnostic>,
) -> Result<(), Diagnostic> {
    let Unproven { address, id, record, .. } = found;
    let doing = format!("Releasing {address} (machine {id}), which is outside of what was approved");
    let failed = |error: CallError| fault(&doing, &error);
    let refuse = |why: &str| Err(Diagnostic::error("Not ours to release", format!("{doing}: {why}")).on(address));
    let look = async || Ok(details(cloud, *id, is_unseen(record)).await?.filter(|machine| !machine.is_gone()));
    let Some(mut live) = look().await.map_err(failed)? else { return commit(vec![found.gone(None)]).await };
    if !matches!(found.judged(&live), Approval::Outside(_)) {
        return refuse("it is inside by now. Apply again.");
    }
    if record.hash_id().is_some_and(|recorded| live.hash_id.as_ref() != Some(&recorded)) {
        return refuse("the API shows another hash_id for this number. It is another machine.");
    }
    let claim = record.claim.clone().unwrap_or_default();
    // The number is that of the answer to its rent; where nothing else says whose it is, the mark is written first, and
    // what counts is what is read (invariant 4). A readable environment without the claim is somebody else's.
    if lacks_proof(record, &live) && live.env.as_ref().is_none_or(|env| env.0.is_empty()) {
        let mark = Mark {
            fleet: fleet.to_owned(),
            lineage: state.lineage.clone(),
            claim: claim.clone(),
            machine: Some(*id),
            serial: state.serial,
            address: address.clone(),
        };
        let text = live.notes.as_ref().map_or("", Notes::text);
        let fields = MachineFields { notes: Some(mark.write(text)), ..MachineFields::default() };
        let intent = super::orphan::intent(IntentAction::Update, address, ObjectId::Machine(*id), clock);
        let call = intent.claim.clone();
        commit(vec![Event::Intent(Box::new(intent))]).await?;
        let outcome = cloud.update_machine(*id, &fields).await;
        commit(vec![Event::NotDone { claim: call, reason: "the mark is read back".to_owned() }]).await?;
        if let Outcome::NotDone(error) | Outcome::InDoubt(error) = outcome {
            return Err(failed(error));
        }
        live = look().await.map_err(failed)?.unwrap_or(live);
    }
    let mark = live.mark();
    let marked = mark.map(|mark| mark.fleet == fleet && mark.lineage == state.lineage && mark.claim == claim);
    let claimed = live.env.as_ref().and_then(Env::claim) == Some(claim.as_str());
    if !(marked == Some(true) || (marked.is_none() && claimed)) {
        return refuse("neither its mark nor its environment says that it is ours. Look at it in the vendor's panel.");
    }
    let removal = Removal { id: ObjectId::Machine(*id), address, doing: &doing, record: None };
    let gone = async || Ok(look().await?.is_none());
    remove(cloud, removal, clock, &mut commit, gone, |call| found.gone(Some(call))).await
}
