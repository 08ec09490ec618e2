//! What it would mean to go back to a state that was.

use super::loss::losses;
use super::model::{Record, State};
use crate::address::InstanceAddr;

/// What becomes of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is recorded now, and was not then: it is forgotten.
    Forgotten,
    /// It was recorded then, and is not now: it is recorded again, though it may be gone.
    Again,
    /// It is recorded as it was then.
    AsThen,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// Where, with the key of a deposed one.
    pub place: String,
    /// Its id, where it is known: that of then for what is recorded again.
    pub id: Option<u64>,
    /// What becomes of it.
    pub turn: Turn,
}

/// Going back.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollback {
    /// The state afterwards. What runs learned since stays: claims whose machines are gone, calls that were given up, hosts that
    /// failed.
    pub state: State,
    /// What becomes of the objects that are recorded otherwise, in the order of their addresses.
    pub objects: Vec<Turned>,
    /// Outputs that change, by their names.
    pub outputs: Vec<String>,
    /// Machines that bill, and would be forgotten.
    pub lost: Vec<String>,
}

impl Rollback {
    /// From what is recorded to what was.
    pub fn of(now: &State, then: &State) -> Rollback {
        let state = State {
            serial: now.serial,
            journal_seq: now.journal_seq,
            watched: now.watched.clone(),
            spent: now.spent.clone(),
            failures: now.failures.clone(),
            heard: now.heard.clone(),
            billed: now.billed.clone(),
            open: now.open.clone(),
            ..then.clone()
        };
        let lost = losses(now, &state).iter().map(ToString::to_string).collect();
        let names = now
            .outputs
            .keys()
            .chain(then.outputs.keys())
            .filter(|name| now.outputs.get(*name) != then.outputs.get(*name));
        let mut outputs: Vec<String> = names.cloned().collect();
        outputs.sort();
        outputs.dedup();
        Rollback { objects: turned(now, then), state, outputs, lost }
    }

    /// Whether nothing that matters is another one.
    pub fn is_empty(&self, now: &State) -> bool {
        self.state == *now
    }
}

fn turned(now: &State, then: &State) -> Vec<Turned> {
    let (before, after) = (by_place(now), by_place(then));
    let mut found = Vec::new();
    for (place, record) in &before {
        let turn = match after.get(place) {
            None => Turn::Forgotten,
            Some(then) if then != record => Turn::AsThen,
            Some(_) => continue,
        };
        found.push(Turned { place: place.clone(), id: record.id(), turn });
    }
    let again = after.iter().filter(|(place, _)| !before.contains_key(*place));
    found.extend(again.map(|(place, record)| Turned { place: place.clone(), id: record.id(), turn: Turn::Again }));
    found.sort_by(|a, b| a.place.cmp(&b.place));
    found
}

fn by_place(state: &State) -> std::collections::BTreeMap<String, &Record> {
    let current = state.resources.iter().map(|(address, record)| (address.to_string(), &**record));
    let deposed = state
        .deposed
        .iter()
        .flat_map(|(address, all)| all.iter().map(move |(key, record)| (deposed_place(address, key), &**record)));
    current.chain(deposed).collect()
}

fn deposed_place(address: &InstanceAddr, key: &str) -> String {
    format!("{address} (deposed {key})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample::state;
    use std::sync::Arc;

    #[test]
    fn every_object_that_is_recorded_otherwise_is_told() {
        let now = state();
        assert!(Rollback::of(&now, &now).is_empty(&now) && Rollback::of(&now, &now).objects.is_empty());
        let mut then = now.clone();
        let mut addresses = now.resources.keys().cloned();
        let (gone, changed) = (addresses.next().expect("one"), addresses.next().expect("two"));
        let mut record = Record::clone(&then.resources[&changed]);
        record.tainted = Some("then".into());
        then.resources.insert(changed.clone(), Arc::new(record));
        let forgotten = then.resources.remove(&gone).expect("a record");
        let old: InstanceAddr = "simplepod_instance.old".parse().expect("an address");
        then.resources.insert(old.clone(), forgotten);
        let back = Rollback::of(&now, &then);
        let turn = |address: &InstanceAddr| {
            back.objects.iter().find(|one| one.place == address.to_string()).map(|one| one.turn.clone())
        };
        assert_eq!(turn(&gone), Some(Turn::Forgotten));
        assert_eq!(turn(&old), Some(Turn::Again));
        assert_eq!(turn(&changed), Some(Turn::AsThen));
        assert_eq!(back.objects.len(), 3);
        assert!(!back.is_empty(&now));
        assert_eq!((back.state.spent.len(), back.state.open.len()), (now.spent.len(), now.open.len()));
    }

    #[test]
    fn machines_that_would_be_forgotten_are_lost() {
        let now = state();
        let back = Rollback::of(&now, &State { lineage: now.lineage.clone(), ..State::default() });
        assert!(!back.lost.is_empty(), "{:?}", back.objects);
    }
}
