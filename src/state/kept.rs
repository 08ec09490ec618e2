//! What a run kept that lost its lock: a journal of its own, taken into a state that others may have written since. The
//! account has the last word: what is taken up is looked at like everything else, and what is known already stays.

use super::codec::{Entry, decode_journal, encode_event};
use super::fault::JournalDamage;
use super::journal::Event;
use super::loss::losses;
use super::model::{Heard, Intent, IntentAction, Record, Spent, State, deposed_key};
use crate::address::InstanceAddr;
use crate::live::ObjectId;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Event {
    /// Whether it says what became of a call. An intent that never became durable was never sent, and says nothing.
    fn answers(&self) -> bool {
        match self {
            Event::NotDone { .. } | Event::InDoubt { .. } | Event::Absent { .. } => true,
            Event::Recorded { .. } | Event::Changed(_) | Event::Removed { .. } | Event::Restored { .. } => true,
            Event::Begin { .. } | Event::Intent(_) | Event::Moved { .. } => false,
            Event::MachineFailed(_) | Event::Billed(_) | Event::Expired { .. } => false,
            Event::Data { .. } | Event::Outputs { .. } | Event::Checks { .. } => false,
            Event::TakenOver | Event::End | Event::Sealed(_) => false,
        }
    }

    /// The call that it is about.
    fn claim(&self) -> Option<&str> {
        match self {
            Event::Intent(intent) => Some(&intent.claim),
            Event::NotDone { claim, .. } | Event::InDoubt { claim, .. } | Event::Absent { claim, .. } => Some(claim),
            Event::Recorded { claim, .. } | Event::Removed { claim, .. } | Event::Restored { claim, .. } => {
                claim.as_deref()
            }
            Event::Begin { .. } | Event::Changed(_) | Event::Moved { .. } => None,
            Event::MachineFailed(_) | Event::Billed(_) | Event::Expired { .. } => None,
            Event::Data { .. } | Event::Outputs { .. } | Event::Checks { .. } => None,
            Event::TakenOver | Event::End | Event::Sealed(_) => None,
        }
    }
}

/// What a run did: the text of a journal that begins with itself. `durable` are the lines that it wrote, `unwritten` what
/// could not be written any more. `None` where it did nothing.
pub fn kept((run, now): (&str, Timestamp), durable: &str, unwritten: &[Event], begin: Option<Event>) -> Option<String> {
    let durable = whole(decode_journal(durable.as_bytes()).entries).0.into_iter().map(|entry| (entry.at, entry.event));
    let answers = unwritten.iter().filter(|event| event.answers()).map(|event| (now, event.clone()));
    let events: Vec<(Timestamp, Event)> = durable.chain(answers).collect();
    events.iter().any(|(_, event)| event.claim().is_some()).then(|| {
        let begins = matches!(events.first(), Some((_, Event::Begin { .. })));
        let begin = begin.filter(|_| !begins).map(|begin| (now, begin));
        let lines = begin.into_iter().chain(events).zip(1..);
        lines.map(|((at, event), seq)| encode_event(seq, at, (Some(run), None), &event)).collect()
    })
}

/// Entries that need no others: what is a difference from a record in those before is said whole. And what is wrong with those that
/// are one from something else, and say nothing.
pub(super) fn whole(entries: Vec<Entry>) -> (Vec<Entry>, Vec<JournalDamage>) {
    let (mut said, mut all, mut unfounded) = (State::default(), Vec::new(), Vec::new());
    for entry in entries {
        match said.whole(entry.event) {
            Ok(event) => {
                said.apply(event.clone());
                all.push(Entry { event, ..entry });
            }
            Err(change) => unfounded.push(change.unfounded(entry.seq)),
        }
    }
    (all, unfounded)
}

/// Of so many runs it is remembered: a run ends minutes after it lost its lock, and to lose one is rare.
const RUNS: usize = 16;

impl State {
    /// What these entries say alone.
    pub fn of(entries: Vec<Entry>) -> State {
        let mut said = State::default();
        entries.into_iter().for_each(|entry| said.apply(entry.event));
        said
    }

    /// Whether it says of every object, and of every call that makes one, at least that it existed.
    pub fn knows(&self, other: &State) -> bool {
        let ids: BTreeSet<ObjectId> = self.identified().map(|(id, ..)| id).collect();
        let gone: BTreeSet<ObjectId> = self.spent.iter().filter_map(Spent::id).collect();
        other.identified().all(|(id, ..)| ids.contains(&id) || gone.contains(&id))
            && other.open.values().filter(|intent| makes(intent)).all(|intent| self.has_heard_of(&intent.claim))
    }

    /// Whether nothing was ever made by it. Two runs that begin a fleet at once, one of them without a lock, make a lineage each:
    /// that of the one that made something counts.
    pub fn is_blank(&self) -> bool {
        self.objects().next().is_none() && self.open.is_empty() && self.watched.is_empty() && self.spent.is_empty()
    }

    /// Goes on as the lineage that a journal begins.
    pub(super) fn becomes(&mut self, lineage: &str) -> Result<(), JournalDamage> {
        if !self.lineage.is_empty() && self.lineage != lineage && !self.is_blank() {
            return Err(JournalDamage::Foreign { state: self.lineage.clone(), journal: lineage.to_owned() });
        }
        self.lineage = lineage.to_owned();
        Ok(())
    }

    fn has_heard_of(&self, claim: &str) -> bool {
        self.open.contains_key(claim)
            || self.watched.contains_key(claim)
            || self.spent(claim).is_some()
            || self.objects().any(|(_, record)| record.claim.as_deref() == Some(claim))
    }

    /// Takes up what a run kept, but for what it has heard of it already.
    ///
    /// # Errors
    /// As [`State::take_up`].
    pub fn take_up_kept(&mut self, mut entries: Vec<Entry>) -> Result<Vec<String>, JournalDamage> {
        let last = entries.last().and_then(|entry| Some((entry.run.clone()?, entry.seq)));
        if let Some(heard) = last.as_ref().and_then(|(run, _)| self.heard.iter().find(|heard| heard.run == *run)) {
            entries.retain(|entry| entry.seq > heard.entries);
        }
        let told = self.take_up(entries)?;
        if let Some((run, entries)) = last {
            self.heard.retain(|heard| heard.run != run);
            let excess = (self.heard.len() + 1).saturating_sub(RUNS);
            self.heard.drain(..excess);
            self.heard.push(Heard { run, entries });
        }
        Ok(told)
    }

    /// Takes up what a run did beside. Returns what this state did not know of before: machines, and rents without an
    /// answer.
    ///
    /// # Errors
    /// It is of another lineage, or says what changed of something unknown; nothing has changed then.
    pub fn take_up(&mut self, entries: Vec<Entry>) -> Result<Vec<String>, JournalDamage> {
        if entries.iter().any(Entry::is_sealed) {
            return Err(JournalDamage::Sealed);
        }
        if entries.iter().any(|entry| entry.mac.is_some()) {
            return Err(JournalDamage::Keyed);
        }
        let (entries, unfounded) = whole(entries);
        if let Some(unfounded) = unfounded.into_iter().next() {
            return Err(unfounded);
        }
        let before = self.clone();
        let lineage = entries.iter().find_map(|entry| match &entry.event {
            Event::Begin { lineage, .. } => Some(lineage.as_str()),
            _ => None,
        });
        let was = self.lineage.clone();
        lineage.map_or(Ok(()), |lineage| self.becomes(lineage))?;
        match was == self.lineage && !was.is_empty() {
            // Nothing else is recorded: it is all there is.
            false => entries.into_iter().for_each(|entry| self.apply(entry.event)),
            true => {
                let mut own = BTreeSet::new();
                entries.into_iter().for_each(|entry| self.hear(entry.event, &mut own));
            }
        }
        Ok(losses(self, &before).iter().map(ToString::to_string).collect())
    }

    /// One event of another run, which others may have acted on since. `own` are the objects that it told of first.
    fn hear(&mut self, event: Event, own: &mut BTreeSet<ObjectId>) {
        match event {
            Event::Intent(intent) => {
                let concerns = makes(&intent)
                    || self.resources.get(&intent.address).is_some_and(|record| record.id() == intent.id);
                if concerns && !self.has_heard_of(&intent.claim) {
                    self.open.insert(intent.claim.clone(), *intent);
                }
            }
            Event::NotDone { .. } | Event::InDoubt { .. } | Event::Absent { .. } => self.apply(event),
            Event::MachineFailed(_) | Event::Billed(_) | Event::Expired { .. } => self.apply(event),
            Event::Recorded { claim, address, record } => self.hear_of(claim, address, record, own),
            Event::Removed { claim: Some(_), .. } | Event::Restored { claim: Some(_), .. } => self.hear_gone(event),
            Event::Begin { .. } | Event::Removed { .. } | Event::Restored { .. } | Event::Moved { .. } => {}
            // Entries are made whole before.
            Event::Changed(_) => {}
            Event::Data { .. } | Event::Outputs { .. } | Event::Checks { .. } => {}
            Event::TakenOver | Event::End | Event::Sealed(_) => {}
        }
    }

    /// An object that another run removed: where it is the one that is recorded.
    fn hear_gone(&mut self, event: Event) {
        let Some(claim) = event.claim().map(str::to_owned) else { return };
        let removed = self.open.get(&claim).and_then(|intent| intent.id);
        let there = match &event {
            Event::Removed { address, deposed: Some(key), .. } => {
                self.deposed.get(address).and_then(|all| all.get(key))
            }
            Event::Removed { address, .. } | Event::Restored { address, .. } => self.resources.get(address),
            _ => None,
        };
        match removed.is_some() && there.and_then(|record| record.id()) == removed {
            true => self.apply(event),
            false => drop(self.open.remove(&claim)),
        }
    }

    /// An object that another run recorded. Where its address has another one by now it is set aside, and the next plan
    /// removes it: two stand, and one is wanted.
    fn hear_of(
        &mut self,
        claim: Option<String>,
        address: InstanceAddr,
        record: Arc<Record>,
        own: &mut BTreeSet<ObjectId>,
    ) {
        let Some(id) = record.object_id(&address) else { return };
        let is_open = claim.as_ref().is_some_and(|claim| self.open.contains_key(claim));
        let there = self.resources.get(&address).and_then(|record| record.object_id(&address));
        if self.identified().any(|(known, ..)| known == id) {
            match there == Some(id) && (is_open || own.contains(&id)) {
                true => self.apply(Event::Recorded { claim, address, record }),
                false => drop(claim.and_then(|claim| self.open.remove(&claim))),
            }
            return;
        }
        // It went meanwhile, whoever released it.
        let spent = record.claim.as_deref().and_then(|made| self.spent(made));
        if spent.is_some_and(|spent| spent.id() == Some(id)) {
            drop(claim.and_then(|claim| self.open.remove(&claim)));
            return;
        }
        // Without a call it was imported, and can be again.
        let Some(claim) = claim else { return };
        let steps_aside = self.open.get(&claim).is_some_and(|intent| intent.deposes);
        self.watched.remove(&claim);
        own.insert(id);
        if there.is_none() || steps_aside {
            self.apply(Event::Recorded { claim: Some(claim), address, record });
        } else {
            self.open.remove(&claim);
            let key = deposed_key(&claim);
            self.deposed.entry(address).or_default().insert(key, record);
        }
    }
}

fn makes(intent: &Intent) -> bool {
    matches!(intent.action, IntentAction::Create(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample::{LINEAGE, account, intent};

    const AT: &str = "simplepod_instance.w[2]";

    fn record(id: u64, claim: &str) -> Arc<Record> {
        let mut record = Record { claim: Some(claim.into()), ..Record::default() };
        record.attributes.set("id", id.to_string().into());
        Arc::new(record)
    }

    fn recorded(claim: &str, id: u64) -> Event {
        Event::Recorded {
            claim: Some(claim.into()),
            address: AT.parse().expect("an address"),
            record: record(id, claim),
        }
    }

    fn rent(claim: &str) -> Event {
        Event::Intent(Box::new(intent(claim, AT)))
    }

    fn delete(claim: &str, id: u64) -> Event {
        let intent = Intent { action: IntentAction::Delete, id: Some(id), ..intent(claim, AT) };
        Event::Intent(Box::new(intent))
    }

    fn begin(lineage: &str) -> Event {
        Event::Begin { lineage: lineage.into(), fleet: Some("acme".into()), account: account() }
    }

    fn entries(events: impl IntoIterator<Item = Event>) -> Vec<Entry> {
        let at = Timestamp::UNIX_EPOCH;
        let numbered = events.into_iter().zip(1..);
        numbered.map(|(event, seq)| Entry { seq, at, run: None, snapshot: None, event, mac: None }).collect()
    }

    /// What others have recorded by now, and a run's own words taken into it.
    fn heard(others: &[Event], kept: &[Event]) -> (State, Vec<String>) {
        let mut state = State { serial: 3, lineage: LINEAGE.into(), ..State::default() };
        others.iter().for_each(|event| state.apply(event.clone()));
        let events = std::iter::once(begin(LINEAGE)).chain(kept.iter().cloned());
        let told = state.take_up(entries(events)).expect("the same lineage");
        (state, told)
    }

    fn ids(state: &State) -> Vec<u64> {
        state.objects().filter_map(|(_, record)| record.id()).collect()
    }

    #[test]
    fn what_nobody_else_knew_is_recorded_or_looked_for() {
        let (state, told) = heard(&[], &[rent("a"), recorded("a", 5)]);
        assert_eq!((ids(&state), state.open.len(), told.len()), (vec![5], 0, 1), "{told:?}");
        let (state, told) = heard(&[], &[rent("a")]);
        assert!(state.open.contains_key("a") && told[0].contains("never answered"), "{told:?}");
        // An answer to a call that the others know as open.
        let (state, _) = heard(&[rent("a")], &[recorded("a", 5)]);
        assert_eq!((ids(&state), state.open.len()), (vec![5], 0));
        let none = Event::NotDone { claim: "a".into(), reason: "refused".into() };
        let (state, told) = heard(&[rent("a")], &[none]);
        assert!(state.open.is_empty() && told.is_empty());
    }

    #[test]
    fn what_others_did_since_stands() {
        // They found the machine by its claim.
        let (state, told) = heard(&[rent("a"), recorded("a", 5)], &[rent("a"), recorded("a", 5)]);
        assert!(ids(&state) == [5] && state.open.is_empty() && told.is_empty());
        // They gave it up, and rented another one: two stand, and the plan removes the one that is set aside.
        let absent = Event::Absent { claim: "a".into(), at: Timestamp::UNIX_EPOCH };
        let since = [rent("a"), absent, rent("b"), recorded("b", 6)];
        let (state, told) = heard(&since, &[rent("a"), recorded("a", 5), recorded("a", 5)]);
        assert_eq!(state.resources.values().filter_map(|record| record.id()).collect::<Vec<_>>(), [6]);
        assert!(ids(&state) == [6, 5] && state.watched.is_empty() && told.len() == 1, "{told:?}");
        // The same file once more changes nothing.
        let mut again = state.clone();
        again.take_up(entries([rent("a"), recorded("a", 5)])).expect("the same lineage");
        assert_eq!(again, state);
    }

    #[test]
    fn what_a_person_settled_since_does_not_come_back() {
        let address = || AT.parse::<InstanceAddr>().expect("an address");
        let gone = || Event::Removed { claim: None, address: address(), deposed: None };
        // Found, recorded, released: then the run tells of the call again, and of its answer for the first time.
        let since = [rent("a"), recorded("a", 5), gone()];
        let (state, told) = heard(&since, &[rent("a"), recorded("a", 5), recorded("a", 5)]);
        assert!(ids(&state).is_empty() && state.open.is_empty() && told.is_empty(), "{told:?}");
        // It made another machine than the one that was adopted for it: that stands, and is ours.
        let (state, told) = heard(&since, &[rent("a"), recorded("a", 6)]);
        assert_eq!((ids(&state), told.len()), (vec![6], 1), "{told:?}");
    }

    #[test]
    fn what_a_run_tells_again_is_heard_once() {
        let entries = |events: &[Event]| {
            let all = std::iter::once(begin(LINEAGE)).chain(events.iter().cloned());
            entries(all).into_iter().map(|entry| Entry { run: Some("run".into()), ..entry }).collect()
        };
        let failed = Event::MachineFailed(crate::state::Failure {
            host: "h".into(),
            at: Timestamp::UNIX_EPOCH,
            why: "it did not start".into(),
            image: Some("i".into()),
        });
        let mut state = State { serial: 3, lineage: LINEAGE.into(), ..State::default() };
        [rent("a"), recorded("a", 5)].into_iter().for_each(|event| state.apply(event));
        let kept = [delete("x", 5), failed];
        state.take_up_kept(entries(&kept)).expect("the same lineage");
        assert!(state.open.contains_key("x") && state.failures.len() == 1);
        // A person closes it; the file stands there once more, with the answer to another call.
        state.apply(Event::NotDone { claim: "x".into(), reason: "closed by a person".into() });
        state.take_up_kept(entries(&[&kept[..], &[rent("b"), recorded("b", 6)]].concat())).expect("the same lineage");
        assert!(state.open.is_empty() && state.failures.len() == 1 && ids(&state) == [5, 6], "{state:?}");
        for run in 0..2 * RUNS {
            let one = entries(&[rent("a")]).into_iter();
            let one = one.map(|entry: Entry| Entry { run: Some(run.to_string()), ..entry });
            state.take_up_kept(one.collect()).expect("the same lineage");
        }
        assert_eq!(state.heard.len(), RUNS);
    }

    #[test]
    fn a_machine_is_only_removed_where_it_is_the_one_that_was_released() {
        let gone = Event::Removed { claim: Some("x".into()), address: AT.parse().expect("an address"), deposed: None };
        let had = [rent("a"), recorded("a", 5)];
        let (state, _) = heard(&had, &[delete("x", 5), gone.clone()]);
        assert!(ids(&state).is_empty() && state.open.is_empty());
        let (state, _) = heard(&had, &[delete("x", 4), gone]);
        assert!(ids(&state) == [5] && state.open.is_empty());
    }

    #[test]
    fn what_was_to_be_replaced_stands_again_where_the_replacement_was_released() {
        let replacing = Event::Intent(Box::new(Intent { deposes: true, ..intent("b", AT) }));
        let mut second = record(6, "b");
        Arc::make_mut(&mut second).unproven = Some(crate::money::Usd::ZERO);
        let gone = Event::gone(Some("x".into()), &AT.parse().expect("an address"), &second);
        let done = [replacing, recorded("b", 6), delete("x", 6), gone];
        // What the others know of it: nothing, that it is rented, that it is to go.
        for known in [0, 2, 3] {
            let others: Vec<Event> =
                [rent("a"), recorded("a", 5)].into_iter().chain(done.iter().take(known).cloned()).collect();
            let (state, _) = heard(&others, &done);
            assert!(ids(&state) == [5] && state.deposed.is_empty() && state.open.is_empty(), "{known}: {state:?}");
        }
    }

    #[test]
    fn an_import_is_not_repeated_and_another_lineage_is_left_alone() {
        let import = Event::Recorded { claim: None, address: AT.parse().expect("an address"), record: record(5, "a") };
        assert!(ids(&heard(&[], &[import]).0).is_empty());
        let mut state = State { lineage: "another".into(), ..State::default() };
        assert!(state.clone().take_up(entries([begin(LINEAGE)])).is_ok(), "nothing was ever made by it");
        state.apply(Event::Recorded { claim: None, address: AT.parse().expect("an address"), record: record(6, "z") });
        let before = state.clone();
        assert!(matches!(state.take_up(entries([begin(LINEAGE)])), Err(JournalDamage::Foreign { .. })));
        assert_eq!(state, before);
    }

    #[test]
    fn a_run_that_called_nothing_keeps_nothing_and_no_intent_that_was_not_written() {
        assert_eq!(kept(("run", Timestamp::UNIX_EPOCH), "", &[begin(LINEAGE), rent("a")], None), None);
        let text =
            kept(("run", Timestamp::UNIX_EPOCH), "", &[rent("a"), recorded("b", 5), rent("c")], Some(begin(LINEAGE)))
                .expect("an answer");
        let entries = decode_journal(text.as_bytes()).entries;
        assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2]);
        assert!(State::of(entries).open.is_empty());
    }
}
