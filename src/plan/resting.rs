//! Machines that are declared and not wanted now: outside of their schedule, or expired.

use super::change::{removal, unchanged};
use super::model::{Action, Change, PlanMode, Reason};
use super::planner::Planner;
use super::remark::Remark;
use super::standing::Live;
use crate::address::InstanceAddr;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::Value;
use crate::live::LiveObject;
use crate::money::Usd;
use crate::schema::{Expiry, Rest, Schema, rests, saved_per_month, zone_of};
use crate::state::{Expired, Record};
use jiff::Timestamp;

impl Planner<'_> {
    /// Why a declared machine is not wanted now. `-replace` begins a duration anew.
    pub(super) fn rests(
        &self,
        address: &InstanceAddr,
        desired: &Value,
        record: Option<&Record>,
        live: Live<'_>,
    ) -> Option<Rest> {
        if self.input.options.mode == PlanMode::Destroy {
            return None;
        }
        let now = self.input.now;
        rests(desired, now).or_else(|| {
            let expiry = Expiry::of(desired).filter(|_| !self.input.options.replace.contains(address))?;
            let text = desired.get("expires").and_then(Value::as_str);
            let known = self.input.state.expired.get(address).filter(|known| Some(&*known.expires) == text);
            let at = match known.filter(|_| matches!(expiry, Expiry::After(_))) {
                // What ended has ended, also where the clock of today is behind that of then.
                Some(known) => known.at,
                None => ended(expiry, record?, live, now).filter(|at| *at <= now)?,
            };
            Some(Rest::Expired { at, zone: zone_of(desired).to_owned() })
        })
    }

    /// The change of an object that is not wanted now, and does not stand; it becomes what is declared, and nothing that the
    /// API would give.
    pub(super) fn stays_away(
        &mut self,
        address: InstanceAddr,
        schema: &Schema,
        desired: Value,
        record: Option<&Record>,
        rest: Rest,
    ) -> Value {
        let change = match record {
            Some(record) => {
                self.remember_end(&address, &desired, &rest);
                let object = record.object(schema, None, self.input.key, &mut Vec::new());
                let gone = removal(&address, object, Action::Forget, Reason::Rests { rest, saves: Usd::ZERO });
                Change { cost_before: Usd::ZERO, ..gone }
            }
            None => Change { remarks: vec![Remark::Rests(rest)], ..unchanged(address, None) },
        };
        self.list(change);
        desired
    }

    /// The release of a machine that is not wanted now.
    pub(super) fn put_to_rest(
        &mut self,
        address: &InstanceAddr,
        object: Value,
        desired: &Value,
        rest: Rest,
        (prevented, diags): (bool, &mut Diagnostics),
    ) -> Change {
        if prevented {
            let detail = format!(
                "{address} is {rest}, so that it would be released, but has lifecycle.prevent_destroy set: one of the two cannot be meant."
            );
            let hint = "Remove prevent_destroy, or schedule and expires; -exclude goes round it.";
            let mut told = Diagnostic::error("Instance cannot be released", detail).with_hint(hint).on(address);
            told.span =
                self.input.program.configuration.declaration(&address.resource).map(|(_, declared)| declared.span);
            diags.push(told);
        }
        self.remember_end(address, desired, &rest);
        let gone = removal(address, object, Action::Delete, Reason::Destroy);
        let saves = saved_per_month(desired, &rest, gone.cost_before);
        Change { reason: Some(Reason::Rests { rest, saves }), prevent_destroy: prevented, ..gone }
    }

    /// Only a duration must be remembered: nothing of a date is gone with the machine.
    fn remember_end(&mut self, address: &InstanceAddr, desired: &Value, rest: &Rest) {
        let expires = desired.get("expires").and_then(Value::as_str);
        if let (Rest::Expired { at, .. }, Some(Expiry::After(_)), Some(expires)) = (rest, Expiry::of(desired), expires)
        {
            let expired = Expired { expires: expires.to_owned(), at: *at };
            self.expired.push((address.clone(), Some(expired)));
        }
    }

    /// Ends of machines that nobody declares any more, or that are destroyed, are forgotten.
    pub(super) fn forget_ends(&mut self) {
        let destroy = match self.input.options.mode {
            PlanMode::Destroy => true,
            PlanMode::Normal => false,
            PlanMode::RefreshOnly => return,
        };
        let idle = self.input.state.expired.keys();
        let idle = idle.filter(|at| self.selected(at) && (destroy || !self.dependencies.contains_key(at)));
        let idle: Vec<_> = idle.map(|address| (address.clone(), None)).collect();
        self.expired.extend(idle);
    }
}

/// When a recorded machine ends, or ended. One that is gone ended with its rental, where that was not to be renewed: it
/// would be rented for the same duration again and again.
fn ended(expiry: Expiry, record: &Record, live: Live<'_>, now: Timestamp) -> Option<Timestamp> {
    let recorded = |name: &str| record.attributes.get(name)?.as_str()?.parse::<Timestamp>().ok();
    let shown = match live.object() {
        Some(LiveObject::Machine(machine)) => machine.created_at.as_ref().and_then(|at| at.parse().ok()),
        Some(LiveObject::Group(_)) | None => None,
    };
    let at = expiry.instant(shown.or_else(|| recorded("created_at")));
    let unrenewed = record.attributes.get("auto_renew").and_then(serde_json::Value::as_bool) == Some(false);
    match (expiry, live) {
        (Expiry::After(_), Live::Gone) if unrenewed => {
            at.into_iter().chain(recorded("expires_at").filter(|end| *end <= now)).min()
        }
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FLEET, applied, make};
    use crate::plan::{Action, Plan, PlanOptions, Reason, StepAction, check};
    use crate::schema::Rest;
    use crate::state::journal::Event;
    use crate::state::{Intent, IntentAction, State};
    use jiff::{SignedDuration, Timestamp};
    use std::sync::Arc;

    fn with(line: &str) -> String {
        FLEET.replace("count             = 2", line)
    }

    /// A fleet whose machine was created a month before the plans of these tests are made.
    fn old() -> (String, State, crate::live::Snapshot) {
        let text = with("count = 1\nexpires = \"72h\"");
        let fresh = make(&text, &State::default(), &Default::default(), &PlanOptions::default()).expect("a plan");
        let (mut state, snapshot) = applied(&fresh.plan);
        for record in state.resources.values_mut() {
            Arc::make_mut(record).attributes.set("created_at", "2026-05-01T00:00:00Z".into());
        }
        (text, state, snapshot)
    }

    fn rents(plan: &Plan) -> usize {
        plan.steps.iter().filter(|step| step.action == StepAction::RENT).count()
    }

    #[test]
    fn a_crash_between_the_words_and_the_release_rents_nothing_again() {
        let (text, state, snapshot) = old();
        let options = PlanOptions::default();
        let plan = make(&text, &state, &snapshot, &options).expect("a plan").plan;
        let change = plan.changes.iter().find(|change| change.action == Action::Delete).expect("a release");
        let ended: Timestamp = "2026-05-04T00:00:00Z".parse().expect("a time");
        assert!(matches!(&change.reason, Some(Reason::Rests { rest: Rest::Expired { at, .. }, .. }) if *at == ended));
        let id = state.resources[&change.address].id();
        let delete = Intent {
            id,
            ..Intent::new("d".into(), IntentAction::Delete, change.address.clone(), Timestamp::UNIX_EPOCH)
        };
        let removed = Event::Removed { claim: Some("d".into()), address: change.address.clone(), deposed: None };
        let events: Vec<Event> = plan.found().chain([Event::Intent(Box::new(delete)), removed]).collect();
        assert!(matches!(events.first(), Some(Event::Expired { .. })), "{events:?}");
        for done in 0..=events.len() {
            let (mut state, mut snapshot) = (state.clone(), snapshot.clone());
            events.iter().take(done).for_each(|event| state.apply(event.clone()));
            // Where the call was sent the machine may be gone, and nobody has recorded it.
            for gone in [false, true] {
                if gone {
                    snapshot.objects.values_mut().for_each(|object| *object = None);
                }
                state.open.clear();
                let plan = make(&text, &state, &snapshot, &options).expect("a plan").plan;
                assert_eq!(rents(&plan), 0, "{done} {gone}");
                let end = state.expired.contains_key(&change.address)
                    || plan.expired.iter().any(|(address, end)| address == &change.address && end.is_some());
                assert!(end, "{done} {gone}: the end is not remembered");
            }
        }
        // Gone, forgotten, and another duration.
        let (mut state, mut snapshot) = (state, snapshot);
        snapshot.objects.values_mut().for_each(|object| *object = None);
        events.iter().for_each(|event| state.apply(event.clone()));
        // By a clock behind that of then.
        let mut early = state.clone();
        early.expired.values_mut().for_each(|end| end.at = "2030-01-01T00:00:00Z".parse().expect("a time"));
        assert_eq!(rents(&make(&text, &early, &snapshot, &options).expect("a plan").plan), 0);
        let other = text.replace("72h", "73h");
        assert_eq!(rents(&make(&other, &state, &snapshot, &options).expect("a plan").plan), 1);
        let requested = PlanOptions { replace: vec![change.address.clone()], ..options };
        assert_eq!(rents(&make(&text, &state, &snapshot, &requested).expect("a plan").plan), 1);
    }

    #[test]
    fn the_checker_finds_a_rent_at_the_wrong_time() {
        let text = with("schedule { on = [\"Mon 08:00-20:00\"] }\nexpires = \"2026-06-01T15:00:00Z\"")
            .replace("simplepod_instance.a[*].id", "simplepod_instance.a.id");
        let options = PlanOptions::default();
        let mut plan = make(&text, &State::default(), &Default::default(), &options).expect("a plan").plan;
        assert!(rents(&plan) == 1 && check(&plan).is_empty());
        let opened = plan.made_at;
        for (hours, told) in [(-3, "outside of its schedule"), (5, "expired")] {
            plan.made_at = opened + SignedDuration::from_hours(hours);
            assert!(check(&plan).iter().any(|fault| fault.contains(told)), "{told}: {:?}", check(&plan));
        }
    }
}
