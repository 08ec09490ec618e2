//! Releasing machines: only what is provably ours (invariant 4).

use super::change::{Urgency, put, send};
use super::context::Context;
use super::step::{Finished, Job, Stop, failed, refused};
use crate::address::InstanceAddr;
use crate::cloud::fault::{fault, passes};
use crate::cloud::{Cloud, ErrorKind, ReadResult};
use crate::diag::Diagnostics;
use crate::lang::Value;
use crate::live::{Machine, MachineFields, MachineId, Mark};
use crate::plan::{Action, lacks_proof};
use crate::refresh::{details, is_unseen};
use crate::schema::instance::{DELETE_TIMEOUT, duration};
use crate::state::journal::Event;
use crate::state::{IntentAction, Record, is_another};
use std::time::Duration;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

/// Between the first looks: a release may be done when it is answered.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Between the later ones: looking does not make it faster, and each machine is read alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// DELETE of a recorded machine.
pub(super) async fn release<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    place: SemaphorePermit<'_>,
) -> Result<Finished, Stop> {
    let (address, record) = (&job.step.address, job.record()?);
    let id = record.machine_id().ok_or_else(|| job.fault("its id is not recorded"))?;
    if let Some(change) = job.change.filter(|change| change.action == Action::Replace && job.deposed.is_none())
        && let Some(placed) = &change.placed
    {
        // Nothing is destroyed for a replacement that is not to be had.
        ctx.offers.pullable(&job.image(), address)?;
        ctx.offers.standing(ctx.cloud, address, placed).await?;
    }
    let doing = format!("Releasing {address} (machine {id})");
    let live = details(ctx.cloud, id, is_unseen(record)).await.map_err(|error| failed(&doing, &error))?;
    let Some(live) = live.filter(|live| !live.is_gone()) else {
        ctx.line.commit(vec![job.removed(None)]).await?;
        ctx.known().machines.remove(&id);
        return Ok(Finished::default());
    };
    let live = match job.change.is_some_and(|change| change.repair_mark) && lacks_proof(record, &live) {
        true => marked_again(ctx, address, record, &live).await?,
        false => live,
    };
    may_release(ctx, address, record, &live)
        .map_err(|why| refused("Not ours to release", format!("{address} (machine {id}) is not released: {why}")))?;
    let before = job.change.and_then(|change| change.before.as_ref());
    delete(ctx, job, id, (timeout_of(before), Some(place)), |claim| job.removed(Some(claim))).await?;
    Ok(Finished::default())
}

/// Writes the mark again, as the plan says, and reads it back.
async fn marked_again<C: Cloud>(
    ctx: &Context<'_, C>,
    address: &InstanceAddr,
    record: &Record,
    live: &Machine,
) -> Result<Machine, Stop> {
    let id = live.id;
    let doing = format!("Writing podform's mark into the notes of {address} (machine {id}) before its release");
    let way_out = format!(
        " Nothing was released, for without the mark nothing proves that it is ours. Apply again, or release machine {id} in the vendor's panel: the next apply then forgets it."
    );
    let told = |stop| match stop {
        Stop::Failed(diags) => Stop::Failed(with_detail(diags, &way_out)),
        Stop::InDoubt(diags) => Stop::InDoubt(with_detail(diags, &way_out)),
        Stop::Interrupted => Stop::Interrupted,
    };
    let notes = Some(ctx.marked(address, record, Some(id), live.notes.as_ref()));
    let fields = MachineFields { notes, ..MachineFields::default() };
    let (claim, _) = put(ctx, address, id.0, &doing, || ctx.cloud.update_machine(id, &fields)).await.map_err(told)?;
    // The record says nothing of the mark: what counts is what is read.
    ctx.line.commit(vec![Event::NotDone { claim, reason: "the mark is read back".to_owned() }]).await?;
    let read = ctx.cloud.machine(id).await.map_err(|error| told(failed(&doing, &error)))?;
    match read {
        Some(now) if !lacks_proof(record, &now) => Ok(now),
        _ => {
            Err(told(refused("The mark does not show", format!("{doing}: the API accepted it, and does not show it."))))
        }
    }
}

fn with_detail(diags: Diagnostics, more: &str) -> Diagnostics {
    let mut all = Diagnostics::new();
    for mut diagnostic in diags {
        diagnostic.add(more);
        all.push(diagnostic);
    }
    all
}

fn timeout_of(object: Option<&Value>) -> Duration {
    let text = object.and_then(|object| object.get("timeouts")?.get("delete")?.as_str());
    text.and_then(duration).unwrap_or(DELETE_TIMEOUT)
}

/// Recorded id and hash must be the live machine's, and it must carry our mark or claim.
fn may_release<C>(ctx: &Context<'_, C>, address: &InstanceAddr, record: &Record, live: &Machine) -> Result<(), String> {
    // The apply that rented it ended before it could read the hash: mark or claim alone must prove it.
    let unread = record.hash_id().filter(|_| live.hash_id.is_none());
    let unread = unread.map(|hash| format!("the record says hash_id {}, and the API shows none", hash.0));
    if let Some(why) = is_another(record, live).or(unread) {
        return Err(format!(
            "{why}. It is another machine. Check the account: release it in the vendor's panel if it is yours."
        ));
    }
    if lacks_proof(record, live) {
        return Err("podform's mark is missing from its notes, which the plan did not know. Plan again: the new plan says that the mark is written again before the release.".to_owned());
    }
    let mark = live.mark();
    let claim = live.env.as_ref().and_then(|env| env.claim());
    is_ours(ctx, address, record, mark, claim)
}

/// Whether mark or claim prove that an object is ours.
pub(super) fn is_ours<C>(
    ctx: &Context<'_, C>,
    address: &InstanceAddr,
    record: &Record,
    mark: Option<&Mark>,
    claim: Option<&str>,
) -> Result<(), String> {
    let claimed = claim.is_some() && claim == record.claim.as_deref();
    match mark {
        Some(mark) if mark.fleet != ctx.fleet => Err(format!(
            "it carries the mark of another fleet, \"{}\". Release it from there, or in the vendor's panel.",
            mark.fleet
        )),
        Some(mark) if mark.lineage != ctx.lineage => Err(format!(
            "it carries the mark of another state of this fleet (lineage {}). Release it from there.",
            mark.lineage
        )),
        Some(mark) if claimed || record.claim.as_ref().is_none_or(|claim| *claim == mark.claim) => Ok(()),
        Some(_) => Err(format!(
            "its mark names another claim than the record: somebody may have copied it from another machine's notes. If it is yours, apply once with {address} in the configuration as it stands, which writes the mark again, and release it then; or release it in the vendor's panel, and the next apply forgets it."
        )),
        None if claimed => Ok(()),
        None => Err(format!(
            "podform's mark is missing from its notes, so nothing proves that it is ours. Apply once with {address} still in the configuration, which writes the mark again, or release it in the vendor's panel."
        )),
    }
}

/// DELETE under an intent, then looks until it is `gone`, which closes the intent. Without a place: of a machine that must go
/// at once.
pub(super) async fn delete<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    id: MachineId,
    (timeout, place): (Duration, Option<SemaphorePermit<'_>>),
    gone: impl FnOnce(String) -> Event,
) -> Result<(), Stop> {
    let address = &job.step.address;
    let doing = format!("Releasing {address} (machine {id})");
    let intent = (IntentAction::Delete, address, id.0);
    let urgency = if place.is_some() { Urgency::MayWait } else { Urgency::MustGo };
    let (claim, sent) = send(ctx, intent, &doing, urgency, || ctx.cloud.delete_machine(id)).await?;
    let doubt = sent.err();
    drop(place);
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    let last = loop {
        let looked = ctx.cloud.machine(id).await;
        if proves_gone(&looked) {
            ctx.line.commit(vec![gone(claim)]).await?;
            ctx.known().machines.remove(&id);
            return Ok(());
        }
        let over = began.elapsed() >= timeout;
        match looked {
            Err(error) if over || !passes(&error) => break error.to_string(),
            Ok(_) if over => break format!("it is still there after {} s", timeout.as_secs()),
            _ => {}
        }
        if ctx.interrupted_after(pause).await {
            break "an interrupt ended the wait".to_owned();
        }
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    };
    let reason = doubt.as_ref().map_or_else(|| last.clone(), ToString::to_string);
    let since = ctx.clock.now();
    ctx.line.commit(vec![Event::InDoubt { claim, reason, since }]).await?;
    let mut diagnostic = match &doubt {
        Some(error) => fault(&doing, error),
        None => crate::diag::Diagnostic::error(
            "Release not confirmed",
            format!("{doing}: the API accepted it, but {last}."),
        ),
    };
    diagnostic.add(" It may bill until it is gone: look at it, and apply again.");
    Err(Stop::InDoubt(diagnostic.into()))
}

fn proves_gone(looked: &ReadResult<Option<Machine>>) -> bool {
    match looked {
        Ok(machine) => machine.as_ref().is_none_or(Machine::is_gone),
        Err(error) => error.kind == ErrorKind::NotFound,
    }
}
