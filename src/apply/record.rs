//! Records of what a step made, and objects of those records.

use super::context::Context;
use super::step::{Finished, Job, Stop};
use super::telling::tell;
use crate::address::Mode;
use crate::diag::Diagnostic;
use crate::lang::Value;
use crate::live::Seen;
use crate::schema::{self, Presence, Schema};
use crate::state::Record;
use crate::state::journal::Event;
use crate::state::observed::take_in;
use serde_json::Value as Json;
use std::sync::Arc;

/// What was sent of an object before it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Everything.
    Whole,
    /// What goes out with a rent; the call that sets the rest failed.
    Ordered,
}

/// The attributes that are not known although they must be before a call.
pub(super) fn unknown(schema: &Schema, object: &Value) -> Vec<&'static str> {
    let given = schema
        .attributes
        .iter()
        .filter(|a| matches!(a.presence, Presence::Required | Presence::Optional))
        .map(|a| a.name);
    given
        .chain(schema.blocks.iter().map(|block| block.name))
        .filter(|name| object.get(name).is_some_and(|value| !value.is_wholly_known()))
        .collect()
}

/// The record of a desired object: as it will be sent. What the API gives is null, or as it was before.
pub(super) fn draft<C>(ctx: &Context<'_, C>, job: &Job<'_>, object: &Value) -> Record {
    let mut record = Record::of(object, ctx.key);
    let managed = job.dependencies.iter().filter(|needed| needed.mode == Mode::Managed);
    record.dependencies = managed.cloned().collect();
    record.prevent_destroy = job.change.is_some_and(|change| change.prevent_destroy);
    if let Some(before) = &job.record {
        record.claim.clone_from(&before.claim);
        record.offer.clone_from(&before.offer);
        record.tainted.clone_from(&before.tainted);
        record.unproven = before.unproven;
        record.read_back.clone_from(&before.read_back);
        let schema = job.step.address.resource.object_kind().map(schema::schema);
        for attribute in schema.into_iter().flat_map(|schema| schema.attributes) {
            let given = matches!(attribute.presence, Presence::Required | Presence::Optional);
            let unset = record.attributes.get(attribute.name).is_none_or(Json::is_null);
            if !given && unset {
                let old = before.attributes.get(attribute.name).cloned().unwrap_or(Json::Null);
                record.attributes.set(attribute.name, old);
            }
        }
    }
    record
}

/// Takes what was read into a record, and warns of what the server shows otherwise than it was `sent`: what was not
/// is no rewrite.
pub(super) fn take_in_and_tell<C>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    schema: &Schema,
    record: &mut Record,
    seen: &Seen,
    sent: Sent,
) {
    let setting = |name: &str| schema.settings().any(|(attribute, _)| attribute.name == name);
    for name in take_in(record, schema, seen, ctx.key) {
        if sent == Sent::Ordered && setting(&name) {
            continue;
        }
        let address = &job.step.address;
        let detail = match name.as_str() {
            "arg_options" => format!(
                "{address}: the API accepted arg_options and stored nothing; it drops them silently. Set them in the vendor's panel, or put them into start_script."
            ),
            // Its value may be long; the state shows it.
            "start_script" => format!("{address}: the API shows another start_script than the one that was sent."),
            _ => {
                let show = |value: Option<&Json>| value.map_or_else(|| "null".to_owned(), Json::to_string);
                format!(
                    "{address}: {name} was sent as {}, and the API shows {}. Both are recorded; it is no drift.",
                    show(record.attributes.get(&name)),
                    show(record.read_back.get(&name))
                )
            }
        };
        tell(ctx, job, Diagnostic::warning("The API rewrote a value", detail).on(address));
    }
}

/// Makes a record durable; it closes the intent of `claim`, if any.
pub(super) fn recorded(job: &Job<'_>, claim: Option<&str>, record: &Record) -> Event {
    Event::Recorded {
        claim: claim.map(str::to_owned),
        address: job.step.address.clone(),
        record: Arc::new(record.clone()),
    }
}

/// What other steps and outputs see of a record.
pub(super) fn finished<C>(ctx: &Context<'_, C>, job: &Job<'_>, record: &Record) -> Result<Finished, Stop> {
    let Some(schema) = job.step.address.resource.object_kind().map(schema::schema) else {
        return Err(job.fault("there is no such resource type"));
    };
    let object = record.object(schema, job.object.as_ref(), ctx.key, &mut Vec::new());
    Ok(Finished { object: Some(object), id: record.id().map(|id| id.to_string()) })
}
