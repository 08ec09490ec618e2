//! Recorded objects that go: nobody asks for them any more, or they are gone already.

use super::change::{removal, unchanged};
use super::model::{Action, Change, Drift, DriftKind, PlanMode, Reason};
use super::planner::Planner;
use super::refusals::{carries_mark, marked_first, refuse_destroy};
use super::standing::Live;
use crate::address::{InstanceAddr, InstanceKey, ModulePath};
use crate::diag::Diagnostics;
use crate::live::ObjectId;
use crate::schema::{self, Schema};
use crate::state::Record;
use std::collections::BTreeSet;

impl Planner<'_> {
    /// Recorded objects that the configuration does not ask for any more.
    pub(super) fn leaving(&mut self, modules: &BTreeSet<ModulePath>, diags: &mut Diagnostics) {
        let state = self.input.state;
        for (address, record) in &state.resources {
            if self.dependencies.contains_key(address) && self.input.options.mode != PlanMode::Destroy {
                continue;
            }
            let Some(schema) = address.resource.object_kind().map(schema::schema) else { continue };
            let live = self.live(address, record);
            if matches!(live, Live::Gone) {
                self.gone(address, schema, record);
            }
            let object = match live {
                Live::Object(object) => {
                    carries_mark(self.input, address, record, object, self.selected(address), diags);
                    self.standing(address, schema, record, Some(object), None, diags)
                }
                _ => record.object(schema, None, self.input.key, &mut Vec::new()),
            };
            let blocked =
                state.open_at(address).next().is_some() || self.is_awaited(address, record) || !self.selected(address);
            let refresh_only = self.input.options.mode == PlanMode::RefreshOnly;
            let destroy = self.input.options.mode == PlanMode::Destroy;
            let removal_block = self.input.program.configuration.removal(address).filter(|_| !destroy);
            let let_go = removal_block.is_some_and(|block| !block.destroy);
            let action = match live {
                Live::Gone => Action::Forget,
                _ if blocked || refresh_only => Action::NoOp,
                _ if let_go => Action::Forget,
                _ => Action::Delete,
            };
            // What the configuration says now counts; where it says nothing, what was said last.
            let prevented = match self.dependencies.contains_key(address) {
                true => self.prevented.contains(address),
                false => record.prevent_destroy,
            };
            if action == Action::Delete && prevented {
                refuse_destroy(address, &self.input.program.configuration, diags);
            }
            let reason = match action {
                _ if destroy => Reason::Destroy,
                Action::Forget if matches!(live, Live::Gone) => Reason::Gone,
                Action::Forget => Reason::LetGo,
                _ => self.unasked(address, modules.contains(&address.resource.module)),
            };
            self.list(match action {
                Action::NoOp => unchanged(address.clone(), Some(object)),
                _ => marked_first(removal(address, object, action, reason), record, live.object()),
            });
        }
    }

    /// Why the configuration asks for an object no more, whose module is there or not.
    fn unasked(&self, address: &InstanceAddr, there: bool) -> Reason {
        let configuration = &self.input.program.configuration;
        let Some((_, declared)) = configuration.declaration(&address.resource) else { return Reason::NoBlock };
        let own = declared.repeat.enabled.is_some();
        match (configuration.is_switched(&address.resource), there) {
            (true, true) => Reason::Disabled,
            // A call is switched off, not the object in it.
            (true, false) if !own => Reason::Disabled,
            (_, false) => Reason::NoModule,
            (false, true) => match (&address.key, &declared.repeat.count, &declared.repeat.for_each) {
                (Some(InstanceKey::Int(_)), Some(_), _) | (Some(InstanceKey::Str(_)), _, Some(_)) => Reason::NoKey,
                _ => Reason::OtherRepetition,
            },
        }
    }

    /// What was replaced and is not removed yet goes, whatever the configuration says.
    pub(super) fn deposed(&mut self, diags: &mut Diagnostics) {
        let state = self.input.state;
        for (address, all) in &state.deposed {
            let Some(schema) = address.resource.object_kind().map(schema::schema) else { continue };
            for (key, record) in all {
                let live = self.live(address, record);
                if let Live::Object(object) = live {
                    carries_mark(self.input, address, record, object, self.selected(address), diags);
                }
                let object = record.object(schema, None, self.input.key, &mut Vec::new());
                let blocked = state.open_at(address).next().is_some() || !self.selected(address);
                let blocked = blocked || self.input.options.mode == PlanMode::RefreshOnly;
                let change = match live {
                    Live::Gone => removal(address, object, Action::Forget, Reason::Gone),
                    _ if blocked => unchanged(address.clone(), Some(object)),
                    _ => marked_first(removal(address, object, Action::Delete, Reason::Deposed), record, live.object()),
                };
                self.changes.push(Change { deposed: Some(key.clone()), ..change });
            }
        }
    }

    /// A group by which a machine in doubt would be recognised stays.
    fn is_awaited(&self, address: &InstanceAddr, record: &Record) -> bool {
        match record.object_id(address) {
            Some(ObjectId::Group(id)) => self.input.state.open.values().any(|intent| intent.group_id == Some(id.0)),
            Some(ObjectId::Machine(_)) | None => false,
        }
    }

    pub(super) fn gone(&mut self, address: &InstanceAddr, schema: &Schema, record: &Record) {
        let before = record.object(schema, None, self.input.key, &mut Vec::new());
        self.drift.push(Drift { address: address.clone(), kind: DriftKind::Gone, before, after: None });
    }
}
