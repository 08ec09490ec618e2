//! Desired against what stands: the planned object, and what its changes mean.

use super::model::{Action, Reason};
use super::remark::Remark;
use crate::address::InstanceAddr;
use crate::config::{IgnoreChanges, Lifecycle};
use crate::lang::value::Origin;
use crate::lang::{Entries, Kind, Value};
use crate::live::OfferFacts;
use crate::market::Requirement;
use crate::path::{PathStep, ValuePath};
use crate::schema::{Effect, Presence, Schema};
use std::sync::Arc;

/// What stands, for one object.
pub(super) struct Standing<'a> {
    /// The object: recorded, with live laid over it.
    pub object: &'a Value,
    /// The facts of its offer at the rent; `None` where they are unknown.
    pub offer: Option<&'a OfferFacts>,
}

/// The template a machine runs, and the one it would be rented from now.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PlannedTemplate {
    /// The digest of the group as planned; `None` while it is unknown, or for a global template.
    pub digest: Option<String>,
    /// The same, as earlier versions recorded it.
    pub former: Option<String>,
    /// The group, where it is one of the fleet.
    pub group: Option<InstanceAddr>,
}

/// The outcome of a comparison.
#[derive(Debug)]
pub(super) struct Diffed {
    pub action: Action,
    pub reason: Option<Reason>,
    /// The planned object.
    pub after: Value,
    pub forced_by: Vec<ValuePath>,
    pub remarks: Vec<Remark>,
}

/// The object of something that does not stand yet: what the API will give is unknown.
pub(super) fn created(address: &InstanceAddr, schema: &Schema, desired: &Value, template: &PlannedTemplate) -> Value {
    let Some(entries) = desired.as_entries() else { return desired.clone() };
    let mut object = entries.clone();
    end_renewal(&mut object);
    fill_renewal(&mut object, None);
    let address = Arc::new(address.clone());
    for (name, open) in schema.left_open(&mut object) {
        *open = match (&**name, &template.digest) {
            ("template_digest", Some(digest)) => Value::string(digest),
            _ => {
                let origin = Origin { address: address.clone(), attribute: name.clone() };
                Value::unknown_from(open.ty(), origin)
            }
        };
    }
    Value::from_entries(object)
}

/// What has an end is not renewed past it, unless the configuration says so: whoever forgets to apply pays for one period
/// at most.
fn end_renewal(object: &mut Entries) {
    let ends = object.get("expires").is_some_and(|expires| !expires.is_null());
    if let Some(renews) = object.get_mut("auto_renew").filter(|renews| ends && renews.is_null()) {
        *renews = Value::bool(false);
    }
}

/// Where no highest price at renewal is given, it is the cap: what the API's own means is unsettled (API sheet §5). Where
/// renewal is off it is the API's.
fn fill_renewal(object: &mut Entries, standing: Option<&Value>) {
    if object.get("max_auto_renew_price").is_none_or(|price| !price.is_null()) {
        return;
    }
    let renews = object.get("auto_renew").and_then(Value::as_bool).or_else(|| standing?.get("auto_renew")?.as_bool());
    if renews != Some(false)
        && let Some(cap) = object.get("max_price_per_gpu").cloned()
    {
        object.insert("max_auto_renew_price".into(), cap);
    }
}

/// Compares, and says what happens. `taint` and `requested` replace whatever the comparison says.
pub(super) fn compare(
    address: &InstanceAddr,
    schema: &Schema,
    standing: &Standing<'_>,
    desired: &Value,
    lifecycle: &Lifecycle,
    template: &PlannedTemplate,
    forced: Option<Reason>,
) -> Diffed {
    let mut object = desired.as_entries().cloned().unwrap_or_default();
    end_renewal(&mut object);
    fill_renewal(&mut object, Some(standing.object));
    ignore(&mut object, standing.object, &lifecycle.ignore_changes);
    let mut diff = Diffed {
        action: Action::NoOp,
        reason: None,
        after: standing.object.clone(),
        forced_by: Vec::new(),
        remarks: Vec::new(),
    };
    let mut changed = false;
    for (place, attribute) in schema.placed() {
        let before = standing.object.as_entries().and_then(|entries| entries.get_at(place, attribute.name));
        let (Some(before), Some(after)) = (before, object.get_mut_at(place, attribute.name)) else { continue };
        let keeps = match attribute.presence {
            Presence::Computed => true,
            Presence::OptionalComputed => after.is_null(),
            Presence::Required | Presence::Optional => false,
        };
        if keeps {
            *after = before.clone();
            continue;
        }
        if same(before, after) {
            continue;
        }
        changed = true;
        match attribute.change {
            Effect::Rerent if attribute.name == "gpu_model" && is_rented(standing.object, after) => {}
            Effect::Rerent => diff.forced_by.push(ValuePath::of(attribute.name)),
            Effect::ByEnvChange if choice(&object, "env_change") != Some("update") => {
                diff.forced_by.push(ValuePath::of(attribute.name));
            }
            _ => {}
        }
    }
    for block in schema.blocks {
        let (Some(before), Some(after)) = (standing.object.get(block.name), object.get(block.name)) else { continue };
        if same(before, after) {
            continue;
        }
        changed = true;
        if block.change == Effect::Judged {
            judge(standing, &object, &mut diff);
        }
    }
    changed |= template_change(standing.object, &mut object, template, &mut diff);
    diff.action = match (&forced, diff.forced_by.is_empty(), changed) {
        (Some(_), _, _) | (None, false, _) => Action::Replace,
        (None, true, true) => Action::Update,
        (None, true, false) => Action::NoOp,
    };
    diff.reason = forced.or(diff.reason);
    diff.after = match diff.action {
        Action::Replace => {
            let mut wanted = desired.as_entries().cloned().unwrap_or_default();
            ignore(&mut wanted, standing.object, &lifecycle.ignore_changes);
            created(address, schema, &Value::from_entries(wanted), template)
        }
        Action::NoOp => diff.after,
        _ => Value::from_entries(object),
    };
    diff
}

/// What an edit of the template group, or of the reference to it, means. Returns whether anything changes.
fn template_change(standing: &Value, object: &mut Entries, template: &PlannedTemplate, diff: &mut Diffed) -> bool {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let runs = text(standing.get("template_digest"));
    let other_group = match (standing.get("template_group"), object.get("template_group")) {
        (Some(before), Some(after)) => !same(before, after),
        _ => false,
    };
    let other_digest = match (&runs, &template.digest) {
        (Some(runs), Some(planned)) => runs != planned && template.former.as_ref() != Some(runs),
        // A global template has no digest: then the reference itself is what changes.
        (None, None) | (Some(_), None) => other_group && object.get("template_group").is_some_and(Value::is_known),
        (None, Some(_)) => other_group,
    };
    if !other_digest {
        return false;
    }
    match choice(object, "template_change") {
        Some("rent") => {
            diff.forced_by.push(ValuePath::of("template_group"));
            // Where another group is referred to, the difference tells it.
            diff.reason = template.group.clone().filter(|_| !other_group).map(Reason::Template).or(diff.reason.take());
        }
        Some("update") => {
            let digest =
                template.digest.as_deref().map_or_else(|| Value::unknown(crate::lang::Type::String), Value::string);
            object.insert("template_digest".into(), digest);
        }
        _ => {
            diff.remarks.push(Remark::OlderTemplate { runs, planned: template.digest.clone() });
            return false;
        }
    }
    true
}

/// Judges the recorded facts of the offer by the new requirements.
fn judge(standing: &Standing<'_>, object: &Entries, diff: &mut Diffed) {
    let wanted = Requirement::read(&Value::from_entries(object.clone()));
    let Some(facts) = standing.offer else {
        diff.remarks.push(Remark::OfferUnknown);
        return;
    };
    let unmet = wanted.unmet(facts, true);
    let mut trusted = wanted.unmet(facts, false);
    trusted.retain(|name| !unmet.contains(name));
    if !trusted.is_empty() {
        diff.remarks.push(Remark::FactsUnknown(trusted));
    }
    if !unmet.is_empty() {
        let offer = ValuePath::of("offer");
        let paths: Vec<ValuePath> = unmet.into_iter().map(|name| offer.attribute(&name)).collect();
        diff.forced_by.extend(paths.iter().cloned());
        diff.reason = Some(Reason::Unfit(paths));
    }
}

fn choice<'a>(object: &'a Entries, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}

/// A model is no change where the machine has it already: another spelling, or the fallback that was rented.
fn is_rented(standing: &Value, model: &Value) -> bool {
    let rented = standing.get("rented_gpu_model").and_then(Value::as_str);
    matches!((rented, model.as_str()), (Some(rented), Some(model)) if rented.eq_ignore_ascii_case(model))
}

/// Puts what stands in the place of what is ignored.
fn ignore(object: &mut Entries, standing: &Value, ignored: &IgnoreChanges) {
    match ignored {
        IgnoreChanges::None => {}
        IgnoreChanges::All => {
            for (name, value) in object.iter_mut() {
                if let Some(before) = standing.get(name) {
                    *value = before.clone();
                }
            }
        }
        IgnoreChanges::Paths(paths) => {
            for path in paths {
                let Some((name, rest)) = named(path.steps()) else { continue };
                let (Some(before), Some(after)) = (standing.get(name), object.get(name)) else { continue };
                let value = ignored_inside(before, after, rest);
                object.insert(name.clone(), value);
            }
        }
    }
}

fn named(path: &[PathStep]) -> Option<(&Arc<str>, &[PathStep])> {
    let (first, rest) = path.split_first()?;
    Some((first.name()?, rest))
}

fn ignored_inside(before: &Value, after: &Value, path: &[PathStep]) -> Value {
    let Some((first, rest)) = named(path) else { return before.clone() };
    let mut entries = after.as_entries().cloned().unwrap_or_default();
    match (before.get(first), entries.get(first)) {
        (Some(before), Some(after)) => {
            let value = ignored_inside(before, after, rest);
            entries.insert(first.clone(), value);
        }
        (Some(before), None) => {
            entries.insert(first.clone(), before.clone());
        }
        (None, _) => {
            entries.remove(first);
        }
    }
    match &after.kind {
        Kind::Map(element, _) => Kind::Map(element.clone(), Arc::new(entries)).into(),
        Kind::Null(crate::lang::Type::Map(element)) if !entries.is_empty() => {
            Kind::Map((**element).clone(), Arc::new(entries)).into()
        }
        Kind::Object(_) => Value::from_entries(entries),
        _ => after.clone(),
    }
    .marked(after.marks)
}

/// Equal for the API: null, "" and empty collections are the same nothing; an unknown is never the same. Marks do not
/// count: a value that becomes sensitive is sent no differently.
pub(super) fn same(before: &Value, after: &Value) -> bool {
    // What stands is unknown only where a secret is withheld, and what is wanted is that.
    if !after.is_known() {
        return !before.is_known();
    }
    match (&before.kind, &after.kind) {
        _ if nothing(before) && nothing(after) => true,
        // No text is the secret that only a digest is known of.
        _ if before.marks.digest != after.marks.digest => false,
        (Kind::Number(a), Kind::Number(b)) => a == b,
        (Kind::String(a), Kind::String(b)) => a == b,
        (Kind::Bool(a), Kind::Bool(b)) => a == b,
        (Kind::List(_, a), Kind::List(_, b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b)),
        (Kind::Map(_, a) | Kind::Object(a), Kind::Map(_, b) | Kind::Object(b)) => {
            let mut others = b.in_order();
            a.len() == b.len() && a.iter().all(|(name, value)| others.get(name).is_some_and(|other| same(value, other)))
        }
        _ => false,
    }
}

fn nothing(value: &Value) -> bool {
    match &value.kind {
        Kind::Null(_) => true,
        Kind::String(text) => text.is_empty(),
        Kind::List(_, elements) => elements.is_empty(),
        Kind::Map(_, entries) => entries.is_empty(),
        Kind::Object(entries) => entries.values().all(nothing),
        _ => false,
    }
}
