//! Template groups: create, update, delete.

use super::change::{Urgency, in_doubt, put, send, unsent};
use super::context::Context;
use super::record::{Sent, draft, finished, recorded, take_in_and_tell};
use super::step::{Finished, Job, Stop, failed, refused};
use super::telling::tell;
use crate::address::{InstanceAddr, ObjectKind};
use crate::cloud::fault::{fault, passes};
use crate::cloud::{CallError, Cloud, Outcome};
use crate::diag::{Diagnostic, Severity};
use crate::lang::Value;
use crate::live::{Group, GroupFields, GroupId, Notes};
use crate::plan::{Change, group_lacks_proof};
use crate::refresh::{LOOKS, PAUSE, Sighting, sight_group, still_in_doubt};
use crate::schema::group::{SCHEMA, env_of, fields};
use crate::schema::{Presence, Schema, observe};
use crate::state::journal::Event;
use crate::state::{Intent, IntentAction, Record};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How old the list may be by which a name is free. A POST may take as long itself (the time-out of a call), and what
/// somebody else makes meanwhile is in no list from before it.
const FRESH: Duration = Duration::from_secs(30);

/// POST of a group, with everything and our mark.
pub(super) async fn create<C: Cloud>(ctx: &Context<'_, C>, job: &Job<'_>) -> Result<Finished, Stop> {
    let (address, object) = (&job.step.address, job.object()?);
    let name = object.get("name").and_then(Value::as_str).ok_or_else(|| job.fault("its name is not known"))?;
    if let Some(id) = holder(ctx, name).await? {
        return Err(refused(
            "Template group already exists",
            format!(
                "The account already holds a template group named \"{name}\" (id {id}), and {address} did not make it. Choose another name, or delete that group first. Nothing was created."
            ),
        ));
    }
    let mut intent = ctx.intent(IntentAction::Create(ObjectKind::TemplateGroup), address);
    let mut record = draft(ctx, job, object);
    record.claim = Some(intent.claim.clone());
    intent.deposes = job.deposes();
    intent.group_name = Some(name.to_owned());
    intent.record = Some(Arc::new(record.clone()));
    let claim = intent.claim.clone();
    let mut body = fields(object, None);
    body.notes = Some(ctx.mark(address, &claim, None).write(notes_of(object)));
    ctx.line.commit(vec![Event::Intent(Box::new(intent.clone()))]).await?;
    let doing = format!("Creating the template group {address}");
    let Some(outcome) = ctx.call_unless_cancelled(ctx.cloud.create_group(&body)).await else {
        return Err(unsent(ctx, claim).await?);
    };
    let id = match outcome {
        Outcome::Done(Some(id)) => id,
        Outcome::Done(None) => found(ctx, &intent, None).await?,
        Outcome::InDoubt(error) => found(ctx, &intent, Some(&error)).await?,
        Outcome::NotDone(error) => {
            ctx.line.commit(vec![Event::NotDone { claim, reason: error.to_string() }]).await?;
            return Err(failed(&doing, &error));
        }
    };
    let made = observe::group(&Group::bare(id));
    made.into_iter().for_each(|(name, value)| record.attributes.set(name, value));
    ctx.line.commit(vec![recorded(job, Some(&claim), &record)]).await?;
    ctx.known().groups.insert(id, address.clone());
    read_back(ctx, job, id, record).await
}

/// Which group of the account has this name, before this one is made: one list tells it for many.
///
/// # Errors
/// The groups cannot be listed.
async fn holder<C: Cloud>(ctx: &Context<'_, C>, name: &str) -> Result<Option<GroupId>, Stop> {
    let now = Instant::now();
    // No earlier list shows what this apply makes.
    let is_ours = !ctx.known().names.insert(name.to_owned());
    let mut not_before = if is_ours { now } else { now.checked_sub(FRESH).unwrap_or(now) };
    loop {
        let listed = ctx.groups.since(not_before, ctx.cloud.groups()).await;
        let (asked, listed) =
            listed.map_err(|error| failed(&format!("Looking for a template group named \"{name}\""), &error))?;
        let holder = listed.rows.iter().find(|group| group.name() == Some(name)).map(|group| group.id);
        if holder.is_none() || asked >= now {
            return Ok(holder);
        }
        // This apply may have deleted or renamed it since.
        not_before = now;
    }
}

/// Finds the group that a POST made without naming it: by its exact name and the claim in its mark.
async fn found<C: Cloud>(ctx: &Context<'_, C>, intent: &Intent, error: Option<&CallError>) -> Result<GroupId, Stop> {
    let ended = Instant::now();
    let since = ctx.clock.now();
    if let Some(error) = error {
        let doubt = Event::InDoubt { claim: intent.claim.clone(), reason: error.to_string(), since };
        ctx.line.commit(vec![doubt]).await?;
    }
    let mut looks = 0;
    let mut not_before = ended;
    let mut over = false;
    let why = loop {
        let looked = match ctx.groups.since(not_before, ctx.cloud.groups()).await {
            Ok((asked, listed)) => {
                not_before = asked + Duration::from_millis(1);
                // The window must have passed when the list was asked for.
                over = asked.saturating_duration_since(ended) >= ctx.settle_window;
                sight_group(ctx.cloud, intent, &listed).await.map(|sighting| (sighting, listed.as_of))
            }
            Err(error) => Err(error),
        };
        match looked {
            Ok((Sighting::Found(group), _)) => return Ok(group.id),
            Ok((Sighting::Nowhere, as_of)) => {
                looks += 1;
                if over && looks >= LOOKS {
                    // One that was accepted exists, however long it takes to show.
                    let Some(error) = error else {
                        break "it was accepted without an id, and it does not show".to_owned();
                    };
                    let at = ctx.clock.observe(as_of);
                    ctx.line.commit(vec![Event::Absent { claim: intent.claim.clone(), at }]).await?;
                    return Err(refused(
                        "Template group was not created",
                        format!(
                            "Creating {}: {error}. It was looked for until nothing could be on its way any more, and it is not in the account. Apply again.",
                            intent.address
                        ),
                    ));
                }
            }
            Ok((Sighting::Perhaps(ids), _)) if over => {
                break format!("template group {ids:?} has its name and no mark");
            }
            Err(error) if ended.elapsed() >= ctx.settle_window || !passes(&error) => break error.to_string(),
            _ => {}
        }
        if ctx.interrupted_after(PAUSE).await {
            break "an interrupt ended the search".to_owned();
        }
    };
    if error.is_none() {
        let doubt = Event::InDoubt { claim: intent.claim.clone(), reason: why.clone(), since };
        ctx.line.commit(vec![doubt]).await?;
    }
    Err(Stop::InDoubt(still_in_doubt(intent, &why).into()))
}

/// PUT of the attributes that change; the mark goes along where it is missing.
pub(super) async fn update<C: Cloud>(ctx: &Context<'_, C>, job: &Job<'_>) -> Result<Finished, Stop> {
    let (address, change, object) = (&job.step.address, job.change()?, job.object()?);
    let before = job.record()?;
    let id = GroupId(before.id().ok_or_else(|| job.fault("its id is not recorded"))?);
    let changed = changed(&SCHEMA, change, object);
    changed.iter().try_for_each(|name| sendable(job, object, name))?;
    let record = draft(ctx, job, object);
    let mut body = fields(object, Some(&changed));
    if changed.contains(&"notes") || change.repair_mark {
        sendable(job, object, "notes")?;
        let claim = before.claim.clone().unwrap_or_default();
        body.notes = Some(ctx.mark(address, &claim, None).write(notes_of(object)));
    }
    if changed.is_empty() && !change.repair_mark {
        ctx.line.commit(vec![recorded(job, None, &record)]).await?;
        return finished(ctx, job, &record);
    }
    let doing = format!("Updating the template group {address} (id {id})");
    let (claim, ()) = put(ctx, address, id.0, &doing, || ctx.cloud.update_group(id, &body)).await?;
    ctx.line.commit(vec![recorded(job, Some(&claim), &record)]).await?;
    ctx.environments.lock().await.remove(&id);
    read_back(ctx, job, id, record).await
}

/// Reads what the server made of what was sent.
async fn read_back<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    id: GroupId,
    mut record: Record,
) -> Result<Finished, Stop> {
    let address = &job.step.address;
    match ctx.cloud.group(id).await {
        Ok(Some(group)) => {
            let sent = record.clone();
            let seen = seen(&group, &record);
            take_in_and_tell(ctx, job, &SCHEMA, &mut record, &seen, Sent::Whole);
            if record != sent {
                ctx.line.commit(vec![recorded(job, None, &record)]).await?;
            }
        }
        Ok(None) => {
            let detail = format!("{address} (id {id}) was answered as done, but the API does not show it. Plan again.");
            return Err(refused("Template group is not there", detail));
        }
        // It is recorded as it was sent; the next refresh reads it.
        Err(error) => {
            let told = fault(&format!("Reading back the template group {address}"), &error).on(address);
            tell(ctx, job, Diagnostic { severity: Severity::Warning, ..told });
        }
    }
    finished(ctx, job, &record)
}

/// What a group shows; `arg_options` that were never sent are not missed.
fn seen(group: &Group, record: &Record) -> crate::live::Seen {
    let mut seen = observe::group(group);
    if record.attributes.get("arg_options").is_none_or(serde_json::Value::is_null) {
        seen.remove("arg_options");
    }
    seen
}

/// DELETE of a group that is ours (invariant 4).
pub(super) async fn delete<C: Cloud>(ctx: &Context<'_, C>, job: &Job<'_>) -> Result<Finished, Stop> {
    let (address, record) = (&job.step.address, job.record()?);
    let id = GroupId(record.id().ok_or_else(|| job.fault("its id is not recorded"))?);
    let doing = format!("Deleting the template group {address} (id {id})");
    let live = ctx.cloud.group(id).await.map_err(|error| failed(&doing, &error))?;
    let Some(live) = live else {
        ctx.line.commit(vec![job.removed(None)]).await?;
        return Ok(Finished::default());
    };
    let again = job.change.is_some_and(|change| change.repair_mark) && group_lacks_proof(record, &live);
    let notes = match again {
        true => marked_again(ctx, address, record, &live).await?,
        false => live.notes,
    };
    let mark = notes.as_ref().and_then(Notes::mark);
    super::release::is_ours(ctx, address, record, mark, None).map_err(|why| {
        refused("Not ours to delete", format!("The template group {address} (id {id}) is not deleted: {why}"))
    })?;
    let intent = (IntentAction::Delete, address, id.0);
    let (claim, sent) = send(ctx, intent, &doing, Urgency::MayWait, || ctx.cloud.delete_group(id)).await?;
    if let Err(error) = sent
        && !matches!(ctx.cloud.group(id).await, Ok(None))
    {
        return Err(in_doubt(ctx, claim, &doing, &error).await?);
    }
    ctx.line.commit(vec![job.removed(Some(claim))]).await?;
    ctx.known().groups.remove(&id);
    Ok(Finished::default())
}

/// Writes the mark again, as the plan says, and reads it back: the notes as they are now.
async fn marked_again<C: Cloud>(
    ctx: &Context<'_, C>,
    address: &InstanceAddr,
    record: &Record,
    live: &Group,
) -> Result<Option<Notes>, Stop> {
    let id = live.id;
    let doing = format!("Writing podform's mark into the notes of {address} (id {id}) before it is deleted");
    let notes = Some(ctx.marked(address, record, None, live.notes.as_ref()));
    let body = GroupFields { notes, ..GroupFields::default() };
    let (claim, ()) = put(ctx, address, id.0, &doing, || ctx.cloud.update_group(id, &body)).await?;
    ctx.line.commit(vec![Event::NotDone { claim, reason: "the mark is read back".to_owned() }]).await?;
    let read = ctx.cloud.group(id).await.map_err(|error| failed(&doing, &error))?;
    Ok(read.and_then(|group| group.notes))
}

/// The names of the attributes and blocks that a change changes: what was unknown in the plan is compared now.
pub(super) fn changed(schema: &Schema, change: &Change, object: &Value) -> Vec<&'static str> {
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    let given = schema.attributes.iter().filter(|attribute| attribute.presence != Presence::Computed);
    given
        .map(|attribute| attribute.name)
        .chain(schema.blocks.iter().map(|block| block.name))
        .filter(|name| {
            let planned = after.and_then(|after| after.get(name)).filter(|value| value.is_wholly_known());
            let now = planned.or_else(|| object.get(name)).filter(|value| value.is_wholly_known());
            let was = before.and_then(|before| before.get(name));
            now.is_some_and(|now| !was.is_some_and(|was| was.holds_same(now)))
        })
        .collect()
}

/// What is sent must be known: of a secret that `ignore_changes` keeps there is only a digest.
pub(super) fn sendable(job: &Job<'_>, object: &Value, name: &str) -> Result<(), Stop> {
    match object.get(name).is_some_and(|value| value.deep_marks().digest) {
        true => Err(job.fault(&format!(
            "{name} would have to be sent, and of a secret in it that ignore_changes keeps only a digest is recorded"
        ))),
        false => Ok(()),
    }
}

/// The user's notes of an object.
pub(super) fn notes_of(object: &Value) -> &str {
    object.get("notes").and_then(Value::as_str).unwrap_or_default()
}

/// The environment of a recorded group, where no part of it is a placeholder for a secret.
pub(super) fn environment(object: &Value) -> Option<crate::live::Env> {
    let env = object.get("env_variables")?;
    (env.is_wholly_known() && !env.deep_marks().digest).then(|| env_of(object, "env_variables"))
}
