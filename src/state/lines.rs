//! The lines of a journal, as a run writes them one after the other.

use super::codec::encode_event;
use super::journal::Event;
use super::model::State;
use jiff::Timestamp;
use std::mem::take;

/// After so many lines, objects of which no call is under way are forgotten: an apply of ten thousand machines would hold each of
/// them here, too.
const REMEMBERED: usize = 256;

/// What the lines before said: what stands there is not said again.
#[derive(Debug, Default)]
pub struct Lines {
    said: State,
    count: usize,
}

impl Lines {
    /// The next line.
    pub fn line(&mut self, seq: u64, at: Timestamp, of: (Option<&str>, Option<&str>), event: &Event) -> String {
        let changed = event.against(&self.said);
        let line = encode_event(seq, at, of, changed.as_ref().unwrap_or(event));
        self.said.apply(event.clone());
        self.count += 1;
        match event {
            // It concerns more than what was said here.
            Event::Moved { .. } => *self = Lines::default(),
            _ if self.count >= REMEMBERED => self.forget(),
            _ => {}
        }
        line
    }

    fn forget(&mut self) {
        let State { open, mut resources, .. } = take(&mut self.said);
        resources.retain(|address, _| open.values().any(|intent| intent.address == *address));
        *self = Lines { said: State { open, resources, ..State::default() }, count: 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::kept::whole;
    use crate::state::sample::{LINEAGE, account, intent, time};
    use crate::state::{
        Entry, Event, Intent, IntentAction, JournalDamage, Record, Remains, decode, decode_journal, encode, repair,
    };
    use proptest::prelude::*;
    use serde_json::{Value as Json, from_str};

    const ADDRESSES: [&str; 3] =
        ["simplepod_instance.w[0]", "simplepod_instance.w[1]", "module.m.simplepod_instance.w"];
    /// Their keys have no order, and their digits are kept.
    const VALUES: [&str; 5] = ["null", "1.50", "1e2", r#"[{"b": 2, "a": {"z": 0, "é": null}}]"#, r#""text""#];

    /// What happens next: which of these, at which address, and with which value.
    type Next = (usize, usize, usize);

    fn event((what, at, value): Next, count: usize, state: &State) -> Event {
        let address = |at: usize| ADDRESSES[at].parse().expect("an address");
        let (here, json) = (address(at), from_str::<Json>(VALUES[value]).expect("JSON"));
        let claim = state.open_at(&here).last().map(|intent| intent.claim.clone());
        let fresh = || intent(&format!("{count:032x}"), ADDRESSES[at]);
        let mut record = state.resources.get(&here).map(|record| Record::clone(record)).unwrap_or_default();
        match (what, claim) {
            (0..4, Some(claim)) => {
                if let Some(drafted) = state.open[&claim].record.as_deref() {
                    record = drafted.clone();
                    record.claim = Some(claim.clone());
                    record.attributes.set("id", (100 + count).to_string().into());
                }
                record.attributes.set(["status", "ports", "name"][count % 3], json.clone());
                record.unproven = (value == 0).then(|| "2".parse().map(crate::money::Usd).expect("a decimal"));
                record.offer = record.offer.filter(|_| value != 1);
                record.read_back = (value == 3).then(|| ("name".to_owned(), json)).into_iter().collect();
                Event::Recorded { claim: Some(claim), address: here, record: record.into() }
            }
            (0..3, None) => Event::Intent(Box::new(Intent { deposes: value == 0, ..fresh() })),
            (3 | 4, _) if state.resources.contains_key(&here) => {
                let action = IntentAction::Update;
                Event::Intent(Box::new(Intent { action, id: record.id(), record: None, ..fresh() }))
            }
            (5, _) => {
                record.attributes.set("status", json);
                record.tainted = (value == 4).then(|| "it failed".to_owned());
                Event::Recorded { claim: None, address: here, record: record.into() }
            }
            (6, Some(claim)) => Event::NotDone { claim, reason: "402".into() },
            (7, Some(claim)) => Event::Absent { claim, at: time("2026-03-02T09:20:00Z") },
            (8, claim) => Event::Removed { claim, address: here, deposed: None },
            (9, _) if state.deposed.contains_key(&here) => {
                let key = state.deposed[&here].keys().next().expect("one").clone();
                Event::Restored { claim: None, address: here, key }
            }
            (10, _) => Event::Moved { from: here, to: address((at + 1) % 3) },
            _ => Event::Begin { lineage: LINEAGE.into(), fleet: Some("acme".into()), account: account() },
        }
    }

    /// A journal, and the state after each of its entries; the first is that before all.
    fn history(steps: &[Next]) -> (Vec<Event>, String, Vec<State>) {
        let (mut lines, mut text) = (Lines::default(), String::new());
        let mut states = vec![State::default()];
        let mut events = Vec::new();
        for (seq, step) in (1..).zip([(11, 0, 0)].iter().chain(steps)) {
            let mut state = states.last().expect("one").clone();
            let event = event(*step, events.len(), &state);
            text.push_str(&lines.line(seq, time("2026-03-02T09:15:00Z"), (None, None), &event));
            state.apply(event.clone());
            state.journal_seq = seq;
            states.push(state);
            events.push(event);
        }
        (events, text, states)
    }

    fn entries(text: &str) -> Vec<Entry> {
        let replay = decode_journal(text.as_bytes());
        assert!(replay.error.is_none() && !replay.torn_tail, "{replay:?}");
        replay.entries
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn whatever_happened_is_read_as_it_was_told_from_any_state_of_it_on(
            steps in proptest::collection::vec((0..12usize, 0..3usize, 0..5usize), 1..60),
        ) {
            let (events, text, states) = history(&steps);
            let last = states.last().expect("one");
            let (alone, unfounded) = whole(entries(&text));
            prop_assert_eq!(alone.into_iter().map(|entry| entry.event).collect::<Vec<_>>(), events);
            prop_assert!(unfounded.is_empty());
            for state in states.iter() {
                let mut state = match state.journal_seq {
                    0 => state.clone(),
                    _ => decode(encode(state)).expect("a state"),
                };
                let behind = entries(&text).into_iter().filter(|entry| entry.seq > state.journal_seq).collect();
                prop_assert_eq!(state.replay(behind, None), Ok(()));
                prop_assert_eq!(&state, last);
            }
        }
    }

    #[test]
    fn the_second_record_of_an_object_says_what_changed_and_many_are_forgotten() {
        let rent: [Next; 4] = [(0, 0, 4), (0, 0, 0), (4, 0, 0), (0, 0, 1)];
        let (_, text, _) = history(&rent);
        let lengths: Vec<usize> = text.lines().map(str::len).collect();
        assert!(text.matches("\"changed\"").count() == 2 && lengths[2] * 3 < lengths[1], "{lengths:?}\n{text}");
        let mut lines = Lines::default();
        for count in 0..3 * REMEMBERED {
            let event = event((5, count % 3, count % 5), count, &State::default());
            lines.line(1, time("2026-03-02T09:15:00Z"), (None, None), &event);
        }
        assert!(lines.count < REMEMBERED && lines.said.resources.len() <= 3);
    }

    #[test]
    fn a_difference_from_another_record_is_refused_and_never_guessed() {
        let (_, text, states) = history(&[(0, 0, 4), (0, 0, 0), (4, 0, 0), (0, 0, 1)]);
        let behind = |seq| entries(&text).into_iter().filter(move |entry| entry.seq > seq).collect::<Vec<_>>();
        let another = |seq: usize| {
            let mut state = states[seq].clone();
            let resources = std::mem::take(&mut state.resources);
            let change = |(address, record): (_, std::sync::Arc<Record>)| {
                let mut record = Record::clone(&record);
                record.attributes.set("name", "another".into());
                (address, record.into())
            };
            State { resources: resources.into_iter().map(change).collect(), ..state }
        };
        let unfounded = |seq| Err(JournalDamage::Unfounded { seq, address: ADDRESSES[0].to_owned() });
        assert_eq!(another(4).replay(behind(4), None), unfounded(5));
        assert_eq!(State { journal_seq: 2, ..State::default() }.replay(behind(2), None), unfounded(3));
        let mut before = another(4);
        before.apply(behind(4).remove(0).event);
        assert_eq!(before, another(4));
        assert!(State::default().take_up(behind(2)).is_err());
        let lines = text.split_inclusive('\n').skip(4).collect::<String>();
        let remains = Remains { state: Some(encode(&another(4)).into()), journal: lines.into(), ..Remains::default() };
        let repaired = repair(&remains).expect("a state");
        assert!(repaired.losses.iter().any(|loss| loss.contains("Entry 5")), "{:?}", repaired.losses);
    }
}
