//! What becomes of each instance that the configuration declares.

use super::change::{ignores, removal, unchanged};
use super::diff::{Standing, compare, created};
use super::health::ails;
use super::import::Import;
use super::model::{Action, Change, PlanMode, Reason};
use super::planner::Planner;
use super::refusals::{carries_mark, marked_first, name_is_free, names_another, refuse_destroy, refuse_import};
use super::remark::{MarkChange, Remark};
use super::standing::Live;
use crate::address::InstanceAddr;
use crate::config::{
    Configuration, DataInstance, ImportRequest, Instance, Judging, Node, Program, Resolve, Trigger, Unresolved,
};
use crate::diag::Diagnostics;
use crate::lang::Value;
use crate::money::Usd;
use crate::path::PathStep;
use crate::state::Record;
use std::sync::Arc;

impl Resolve for Planner<'_> {
    fn judging(&self) -> Judging {
        match self.input.options.is_narrowed() {
            true => Judging::Conditions,
            false => Judging::Plan,
        }
    }

    fn leaves_out(&self, address: &InstanceAddr) -> bool {
        !self.selected(address)
    }

    fn leaves_out_output(&self, name: &str) -> bool {
        let Program { configuration, graph, .. } = self.input.program;
        self.selection.leaves_out(&Node::Output(Configuration::ROOT, name.into()), configuration, graph)
    }

    fn import(&mut self, request: ImportRequest, diags: &mut Diagnostics) {
        self.wants_import(request, diags);
    }

    fn data(&mut self, instance: DataInstance<'_>, diags: &mut Diagnostics) -> Value {
        self.read_data(instance, diags)
    }

    fn resolve(&mut self, instance: Instance<'_>, diags: &mut Diagnostics) -> Value {
        let Instance { address, resource, desired, dependencies, prevent_destroy, create_first, triggers } = instance;
        self.dependencies.insert(address.clone(), dependencies.all());
        let schema = resource.schema;
        let state = self.input.state;
        let mut record = state.resources.get(&address);
        let mut live = record.map_or(Live::Gone, |record| self.live(&address, record));
        let selected = self.selected(&address);
        let blocked =
            state.open_at(&address).next().is_some() || !selected || self.input.options.mode == PlanMode::RefreshOnly;
        if !blocked {
            self.name_is_its_own(&address, &desired, resource.span, diags);
        }
        let import = match record {
            None if !blocked => self.imported(&address, schema, &desired, diags),
            _ => None,
        };
        let late = match import {
            None if !blocked && matches!(live, Live::Gone) => self.late(&address, diags),
            _ => None,
        };
        let is_late = late.is_some();
        let taken_in;
        let importing = match import.or(late) {
            None => None,
            Some(Import::Open) => {
                let object = created(&address, schema, &desired, &self.template(&desired));
                self.remember(&address, &object);
                return object;
            }
            Some(Import::Done(id, imported, object)) => {
                let imported = Record { prevent_destroy, ..*imported };
                self.taken_in.push((address.clone(), imported.clone()));
                taken_in = Arc::new(imported);
                record = Some(&taken_in);
                live = Live::Object(object);
                Some(id)
            }
        };
        let Some(record) = record.filter(|_| !matches!(live, Live::Gone)) else {
            if let Some(record) = record {
                self.gone(&address, schema, record);
                if self.input.options.mode == PlanMode::RefreshOnly {
                    let object = record.object(schema, None, self.input.key, &mut Vec::new());
                    self.list(removal(&address, object, Action::Forget, Reason::Gone));
                }
            }
            let rest = self.rests(&address, &desired, record.map(|record| &**record), live);
            let doubted = state.open_at(&address).next().is_some();
            if let Some(rest) = rest.filter(|_| !doubted) {
                return match blocked {
                    true => desired,
                    false => self.stays_away(address, schema, desired, record.map(|record| &**record), rest),
                };
            }
            let template = self.template(&desired);
            let object = created(&address, schema, &desired, &template);
            if blocked {
                self.remember(&address, &object);
                return object;
            }
            name_is_free(self.input, &address, &desired, diags);
            let (action, reason) = (Action::Create, record.map(|_| Reason::Gone));
            let stands = unchanged(address, None);
            return self.push(Change { action, reason, after: Some(object), prevent_destroy, ..stands });
        };
        // What is imported is ours from then on: the next plan releases it.
        let rest = match importing {
            None if !blocked => self.rests(&address, &desired, Some(record), live),
            _ => None,
        };
        let live = match live {
            Live::Object(object) => Some(object),
            _ => None,
        };
        let marked = live.is_none_or(|live| carries_mark(self.input, &address, record, live, selected, diags));
        let object = self.standing(&address, schema, record, live, Some((&desired, &resource.lifecycle)), diags);
        if blocked {
            return self.push(unchanged(address, Some(object)));
        }
        if let Some(rest) = rest {
            let change = self.put_to_rest(&address, object, &desired, rest, (prevent_destroy, diags));
            self.list(marked_first(change, record, live));
            return desired;
        }
        let ails = ails(live, &desired, self.input.snapshot.as_of);
        let replaces = desired.get("replace_unhealthy").and_then(Value::as_bool) == Some(true) && !prevent_destroy;
        let forced = match &record.tainted {
            Some(why) => Some(Reason::Tainted(why.clone())),
            None if self.input.options.replace.contains(&address) => Some(match self.input.options.rebalance {
                true => Reason::Rebalanced,
                false => Reason::Requested,
            }),
            None if replaces && ails.is_some() => ails.clone().map(Reason::Unhealthy),
            None => triggers.iter().any(|trigger| self.triggered(trigger)).then_some(Reason::Triggered),
        };
        // A reference that is ignored stays what it is: its template counts, not the one that is written.
        let referring = if ignores(&resource.lifecycle, "template_group") { &object } else { &desired };
        let template = self.template(referring);
        let standing = Standing { object: &object, offer: record.offer.as_ref() };
        let diffed = compare(&address, schema, &standing, &desired, &resource.lifecycle, &template, forced);
        let replaced = diffed.action == Action::Replace;
        if replaced && prevent_destroy {
            refuse_destroy(&address, &self.input.program.configuration, diags);
        }
        if replaced && importing.is_some() && !is_late {
            refuse_import(&address, &diffed.forced_by, diags);
        }
        // What is said of a machine that goes does not matter any more.
        let mut remarks = if replaced { Vec::new() } else { diffed.remarks };
        remarks.extend(ails.filter(|_| !replaced).map(Remark::Unhealthy));
        let remembers = diffed.action == Action::NoOp && record.prevent_destroy != prevent_destroy;
        if remembers {
            remarks.push(Remark::PreventDestroy(prevent_destroy));
        }
        let create_first = replaced && create_first;
        if create_first {
            name_is_free(self.input, &address, &desired, diags);
        }
        let repair_mark = !marked && !replaced;
        if repair_mark {
            remarks.push(Remark::Mark(match live.is_some_and(|live| names_another(&address, live)) {
                _ if importing.is_some() && !is_late => MarkChange::Imported,
                true => MarkChange::Readdressed,
                false => MarkChange::Missing,
            }));
        }
        let stands = unchanged(address, Some(object));
        let change = Change {
            action: if repair_mark || remembers { Action::Update } else { diffed.action },
            prevent_destroy,
            create_first,
            reason: diffed.reason,
            after: Some(diffed.after),
            forced_by: diffed.forced_by,
            cost_after: if replaced { Usd::ZERO } else { stands.cost_before },
            // It was nobody's before.
            cost_before: if importing.is_some() { Usd::ZERO } else { stands.cost_before },
            importing,
            repair_mark,
            remarks,
            ..stands
        };
        self.push(marked_first(change, record, live))
    }
}

/// Visits what the configuration declares, for a plan that destroys it all.
pub(super) struct Surveyed<'p, 'a> {
    pub(super) planner: &'p mut Planner<'a>,
}

impl Resolve for Surveyed<'_, '_> {
    fn data(&mut self, instance: DataInstance<'_>, diags: &mut Diagnostics) -> Value {
        self.planner.read_data(instance, diags)
    }

    fn judging(&self) -> Judging {
        Judging::Nothing
    }

    fn resolve(&mut self, instance: Instance<'_>, diags: &mut Diagnostics) -> Value {
        self.planner.dependencies.insert(instance.address.clone(), instance.dependencies.all());
        if instance.prevent_destroy {
            self.planner.prevented.insert(instance.address.clone());
        }
        Unresolved.resolve(instance, diags)
    }
}

impl Planner<'_> {
    /// Whether something that `replace_triggered_by` names changes.
    fn triggered(&self, trigger: &Trigger) -> bool {
        let moves = |action| matches!(action, Action::Update | Action::Replace);
        let named = self.changes.iter().filter(|change| {
            change.address.resource == trigger.resource
                && trigger.key.as_ref().is_none_or(|key| Some(key) == change.address.key.as_ref())
        });
        let inside = |object: &'_ Option<Value>| {
            trigger.path.steps().iter().try_fold(object.clone()?, |value, step| match step {
                PathStep::Attribute(name) | PathStep::Key(name) => value.get(name).cloned(),
                PathStep::Index(at) => value.as_elements()?.get(*at).cloned(),
            })
        };
        named.filter(|change| moves(change.action)).any(|change| {
            let (before, after) = (inside(&change.before), inside(&change.after));
            trigger.path.steps().is_empty()
                || after.as_ref().is_some_and(|after| !after.is_wholly_known())
                || before != after
        })
    }
}
