//! Releasing machines: only what is provably ours (invariant 4).

use super::change::send;
use super::context::{Context, failed, refused};
use super::step::{Finished, Job, Stop};
use crate::address::InstanceAddr;
use crate::cloud::{Cloud, ErrorKind, Read};
use crate::lang::Value;
use crate::live::{Machine, MachineId, Mark, Status};
use crate::plan::Action;
use crate::refresh::fault::{fault, passes};
use crate::refresh::{details, is_unseen};
use crate::schema::instance::duration;
use crate::state::journal::Event;
use crate::state::{IntentAction, Record};
use std::time::Duration;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

/// How long to wait for a release, where the configuration does not say.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// Between the first looks.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Between the later ones.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// DELETE of a recorded machine.
pub(super) async fn release<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    permit: SemaphorePermit<'_>,
) -> Result<Finished, Stop> {
    let (address, record) = (&job.step.address, job.record()?);
    let id = record.machine_id().ok_or_else(|| job.fault("its id is not recorded"))?;
    if let Some(change) = job.change.filter(|change| change.action == Action::Replace && job.deposed.is_none())
        && let Some(placed) = &change.placed
    {
        // Nothing is destroyed for a replacement that is not to be had.
        ctx.offers.choose(ctx.cloud, address, placed).await?;
    }
    let doing = format!("Releasing {address} (machine {id})");
    let live = details(ctx.cloud, id, is_unseen(record)).await.map_err(|error| failed(&doing, &error))?;
    let Some(live) = live.filter(|live| !is_gone(live)) else {
        ctx.line.commit(vec![job.removed(None)]).await?;
        ctx.known().machines.remove(&id);
        return Ok(Finished::default());
    };
    may_release(ctx, address, record, &live)
        .map_err(|why| refused("Not ours to release", format!("{address} (machine {id}) is not released: {why}")))?;
    let before = job.change.and_then(|change| change.before.as_ref());
    delete(ctx, job, id, timeout_of(before), Some(permit)).await?;
    Ok(Finished::default())
}

fn timeout_of(object: Option<&Value>) -> Duration {
    let text = object.and_then(|object| object.get("timeouts")?.get("delete")?.as_str());
    text.and_then(duration).unwrap_or(TIMEOUT)
}

fn is_gone(machine: &Machine) -> bool {
    machine.status.as_ref().is_some_and(Status::is_gone)
}

/// Recorded id and hash must be the live machine's, and it must carry our mark or claim.
fn may_release<C>(ctx: &Context<'_, C>, address: &InstanceAddr, record: &Record, live: &Machine) -> Result<(), String> {
    match (record.hash_id(), &live.hash_id) {
        (Some(recorded), Some(live)) if recorded == *live => {}
        // The apply that rented it ended before it could read the hash: mark or claim alone must prove it.
        (None, _) => {}
        (Some(recorded), live) => {
            let shown = live.as_ref().map_or("none", |hash| hash.0.as_str());
            return Err(format!(
                "the record says hash_id {}, and the API shows {shown}. It is another machine. Check the account: release it in the vendor's panel if it is yours.",
                recorded.0
            ));
        }
    }
    let mark = live.notes.as_deref().and_then(|notes| Mark::read(notes).1);
    let claim = live.env.as_ref().and_then(|env| env.claim());
    is_ours(ctx, address, record, mark.as_ref(), claim)
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
        Some(_) => Err("its mark names another claim than the record. Check the account: release it in the vendor's panel if it is yours.".to_string()),
        None if claimed => Ok(()),
        None => Err(format!(
            "podform's mark is missing from its notes, so nothing proves that it is ours. Apply once with {address} still in the configuration, which writes the mark again, or release it in the vendor's panel."
        )),
    }
}

/// DELETE under an intent, then looks until it is gone.
pub(super) async fn delete<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    id: MachineId,
    timeout: Duration,
    permit: Option<SemaphorePermit<'_>>,
) -> Result<(), Stop> {
    let address = &job.step.address;
    let doing = format!("Releasing {address} (machine {id})");
    let intent = (IntentAction::Delete, address, id.0);
    let (claim, sent) = send(ctx, intent, &doing, || ctx.cloud.delete_machine(id)).await?;
    let doubt = sent.err();
    drop(permit);
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    let last = loop {
        let looked = ctx.cloud.machine(id).await;
        if proves_gone(&looked) {
            ctx.line.commit(vec![job.removed(Some(claim))]).await?;
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
    diagnostic.detail.push_str(" It may bill until it is gone: look at it, and apply again.");
    Err(Stop::InDoubt(diagnostic.into()))
}

fn proves_gone(looked: &Read<Option<Machine>>) -> bool {
    match looked {
        Ok(machine) => machine.as_ref().is_none_or(is_gone),
        Err(error) => error.kind == ErrorKind::NotFound,
    }
}
