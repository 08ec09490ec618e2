//! What stands of a recorded object: the record with live laid over it, and what was found on the way.

use super::change::ignores;
use super::diff::PlannedTemplate;
use super::drift::{Difference, differences, is_drift, is_ordered, laid_over, refreshed};
use super::model::{Drift, DriftKind, PlanMode};
use super::planner::Planner;
use crate::address::InstanceAddr;
use crate::config::Lifecycle;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::json::from_json;
use crate::lang::{Marks, Type, Value};
use crate::live::{GroupId, LiveObject};
use crate::schema::{Presence, Schema};
use crate::state::Record;

/// What the account holds of a recorded object.
#[derive(Clone, Copy)]
pub(super) enum Live<'a> {
    /// Proven gone, or never made.
    Gone,
    /// Not read: recorded counts as live.
    Unread,
    /// As read.
    Object(&'a LiveObject),
}

impl<'a> Live<'a> {
    /// As read, if it was.
    pub(super) fn object(self) -> Option<&'a LiveObject> {
        match self {
            Live::Object(object) => Some(object),
            Live::Gone | Live::Unread => None,
        }
    }
}

impl<'a> Planner<'a> {
    pub(super) fn live(&self, address: &InstanceAddr, record: &Record) -> Live<'a> {
        let found = record.object_id(address).and_then(|id| self.input.snapshot.objects.get(&id));
        match found {
            None => Live::Unread,
            Some(None) => Live::Gone,
            Some(Some(object)) => Live::Object(object),
        }
    }

    /// The template an object would be rented from.
    pub(super) fn template(&self, object: &Value) -> PlannedTemplate {
        let Some(reference) = object.get("template_group") else { return PlannedTemplate::default() };
        let address = match reference.as_str() {
            Some(id) => GroupId::parse(id).and_then(|id| self.groups.get(&id)).cloned(),
            None => reference.origin().map(|origin| InstanceAddr::clone(&origin.address)),
        };
        address.and_then(|address| self.templates.get(&address)).cloned().unwrap_or_default()
    }

    /// The object as it stands: the record with live laid over it; pushes drift and what the refresh takes over.
    #[allow(clippy::too_many_arguments)] // Each is another thing that the object hangs on.
    pub(super) fn standing(
        &mut self,
        address: &InstanceAddr,
        schema: &Schema,
        record: &Record,
        live: Option<&LiveObject>,
        declared: Option<(&Value, &Lifecycle)>,
        diags: &mut Diagnostics,
    ) -> Value {
        let desired = declared.map(|(desired, _)| desired);
        let mut foreign = Vec::new();
        let unlike = live.filter(|live| !self.input.snapshot.is_as_recorded(live));
        let found = unlike.map(|live| differences(schema, record, live, self.input.key)).unwrap_or_default();
        let ignored = |name: &str| declared.is_some_and(|(_, lifecycle)| ignores(lifecycle, name));
        let left_to_api = |name: &str| {
            schema.attribute(name).is_some_and(|attribute| attribute.presence == Presence::OptionalComputed)
                && desired.is_some_and(|desired| desired.get(name).is_none_or(Value::is_null))
        };
        // A refresh takes in what it shows.
        let taken_in = |name: &str| self.input.options.mode == PlanMode::RefreshOnly && !is_ordered(name);
        let adopts = |name: &str| ignored(name) || left_to_api(name) || taken_in(name);
        let secret =
            |name: &str| desired.and_then(|desired| desired.get(name)).is_some_and(|own| own.deep_marks().sensitive);
        let fresh = refreshed(schema, record, &found, self.input.key, &adopts, &secret);
        let mut object = fresh.as_ref().unwrap_or(record).object(schema, desired, self.input.key, &mut foreign);
        self.refresh.extend(fresh.map(|fresh| (address.clone(), fresh)));
        // Who compares none is told once, with the plan.
        if !foreign.is_empty() && !self.input.key.is_blind() {
            let detail = format!(
                "The recorded digest of {} was made under another key, so podform cannot tell whether the secret changed: it counts as unchanged.",
                foreign.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            );
            diags.push(
                Diagnostic::warning("Secrets cannot be compared", detail)
                    .with_hint("Set PODFORM_STATE_KEY to the same value everywhere.")
                    .on(address),
            );
        }
        let shown: Vec<Difference> = found.into_iter().filter(|difference| is_drift(schema, difference)).collect();
        if !shown.is_empty() {
            let recorded = record.object(schema, desired, self.input.key, &mut Vec::new());
            object = laid_over(schema, &object, &shown);
            let of = |json: &serde_json::Value, name: &str| {
                let ty = schema.attribute(name).map_or(Type::Dynamic, |attribute| attribute.ty.to_type());
                let marks = [&recorded, &object].into_iter().filter_map(|object| Some(object.get(name)?.deep_marks()));
                let marks = marks.fold(Marks::NONE, Marks::and);
                from_json(json, &ty).unwrap_or_else(|_| Value::null(ty)).marked(marks)
            };
            let changed = shown
                .iter()
                .map(|d| (d.attribute.to_owned(), of(&d.recorded, d.attribute), of(&d.live, d.attribute)))
                .collect();
            self.drift.push(Drift {
                address: address.clone(),
                kind: DriftKind::Changed(changed),
                before: recorded,
                after: Some(object.clone()),
            });
        }
        object
    }
}
