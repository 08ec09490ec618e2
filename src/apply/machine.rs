//! Changes of a standing machine: one PUT of what differs, or only the record.

use super::change::put;
use super::context::Context;
use super::group::{changed, notes_of, sendable};
use super::record::{Sent, draft, finished, recorded, take_in_and_tell};
use super::step::{Finished, Job, Stop, refused};
use super::telling::tell;
use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::diag::{Diagnostic, Severity};
use crate::lang::Value;
use crate::live::{CLAIM_VARIABLE, Env, GroupId, MachineFields};
use crate::schema::instance::{Desired, SCHEMA};
use crate::schema::observe;
use crate::state::Record;
use serde_json::Value as Json;

/// PUT of a machine; where nothing is to be sent, only the record changes.
pub(super) async fn update<C: Cloud>(ctx: &Context<'_, C>, job: &Job<'_>) -> Result<Finished, Stop> {
    let (address, object, before) = (&job.step.address, job.object()?, job.record()?);
    let id = before.machine_id().ok_or_else(|| job.fault("its id is not recorded"))?;
    let desired = Desired::read(object).map_err(|why| job.fault(&why))?;
    let mut record = draft(ctx, job, object);
    let body = body(ctx, job, object, &desired, before, &mut record).await?;
    if body == MachineFields::default() {
        ctx.line.commit(vec![recorded(job, None, &record)]).await?;
        return finished(ctx, job, &record);
    }
    let doing = format!("Updating {address} (machine {id})");
    let (claim, shown) = put(ctx, address, id.0, &doing, || ctx.cloud.update_machine(id, &body)).await?;
    let shown = shown.filter(|machine| body.is_shown_by(machine));
    let read = match shown {
        Some(machine) => Ok(Some(machine)),
        None => ctx.cloud.machine(id).await,
    };
    match read {
        Ok(Some(machine)) => {
            take_in_and_tell(ctx, job, &SCHEMA, &mut record, &observe::machine(&machine), Sent::Whole);
        }
        Ok(None) => {
            ctx.line.commit(vec![recorded(job, Some(&claim), &record)]).await?;
            return Err(refused("Machine is gone", format!("{doing}: it is gone since. Plan again.")));
        }
        // It is recorded as it was sent; the next refresh reads it.
        Err(error) => {
            let told = fault(&format!("Reading back {address}"), &error).on(address);
            tell(ctx, job, Diagnostic { severity: Severity::Warning, ..told });
        }
    }
    ctx.line.commit(vec![recorded(job, Some(&claim), &record)]).await?;
    finished(ctx, job, &record)
}

/// What is sent: only what changes.
async fn body<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    object: &Value,
    desired: &Desired,
    before: &Record,
    record: &mut Record,
) -> Result<MachineFields, Stop> {
    let change = job.change()?;
    let changed = changed(&SCHEMA, change, object);
    let has = |name: &str| changed.contains(&name);
    let claim = before.claim.as_deref().unwrap_or_default();
    let mut body = MachineFields { settings: SCHEMA.sent(object, Some(&changed)), ..MachineFields::default() };
    body.settings.extend(desired.settings.clone().into_iter().filter(|(name, _)| has(name)));
    if has("notes") || change.repair_mark {
        sendable(job, object, "notes")?;
        body.notes = Some(ctx.mark(&job.step.address, claim, before.machine_id()).write(notes_of(object)));
    }
    // Renewal is never switched on without its highest price.
    if body.settings.get("auto_renew").and_then(Json::as_bool) == Some(true) {
        body.settings
            .extend(desired.settings.get_key_value("max_auto_renew_price").map(|(name, max)| (*name, max.clone())));
    }
    let updates = |name: &str| object.get(name).and_then(Value::as_str) == Some("update");
    let digest = |object: Option<&Value>| object?.get("template_digest")?.as_str().map(str::to_owned);
    let edited = digest(change.before.as_ref()) != digest(Some(object)) && digest(Some(object)).is_some();
    let template = updates("template_change") && (has("template_group") || edited);
    if template {
        body.group = Some(desired.group);
        if let Some(digest) = job.template.as_ref().and_then(|template| template.digest.clone()) {
            record.attributes.set("template_digest", digest.into());
        }
    } else if let Some(digest) = before.attributes.get("template_digest") {
        // It still runs what it was rented from.
        record.attributes.set("template_digest", digest.clone());
    }
    if !template && has("template_group") {
        // The API goes on showing the group that it was rented from, and that is no drift.
        let shown = change.before.as_ref().and_then(|before| before.get("template_group")?.as_str());
        let shown = shown.map(|shown| ("template_group".to_owned(), shown.to_owned().into()));
        record.read_back.extend(shown);
    }
    if template || (has("env_variables") && updates("env_change")) {
        sendable(job, object, "env_variables")?;
        body.env = Some(environment(ctx, job, desired.group, &desired.env, before.claim.as_deref()).await?);
    }
    Ok(body)
}

/// Template's, instance's and claim together (API sheet, C15).
pub(super) async fn environment<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    group: GroupId,
    own: &Env,
    claim: Option<&str>,
) -> Result<Env, Stop> {
    let template = match job.template.as_ref().and_then(|template| template.env.clone()) {
        Some(env) => env,
        None => ctx.live_environment(group).await?,
    };
    let mut env = template.without_claim().overlaid(own);
    if let Some(claim) = claim {
        env.0.insert(CLAIM_VARIABLE.to_owned(), claim.to_owned());
    }
    Ok(env)
}
