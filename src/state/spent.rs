//! Claims whose objects are recorded no more. Whoever copies the notes of a machine copies its mark, and where the API
//! hides environments nothing but the record tells the machine from the copy: so what never changes of it is remembered
//! beyond its end. So is that a call had its answer, which a run that lost its lock may tell again.

use super::like::identity;
use super::model::{Record, Spent, State};
use crate::address::InstanceAddr;
use crate::live::{LiveObject, ObjectId};
use jiff::{SignedDuration, Timestamp};

/// How many are kept of those that went long ago: a copy stands for as long as nobody looks. Each takes about 400 bytes; a
/// fleet of eight that is made anew every night fills this in two months.
const KEPT: usize = 500;

impl Spent {
    /// Whether this is the very object: it was forgotten, or its end was an error.
    pub fn is(&self, object: &LiveObject) -> bool {
        self.id() == Some(object.id()) && self.record.is_of(object)
    }

    /// Which object it was.
    pub fn id(&self) -> Option<ObjectId> {
        self.record.object_id(&self.address)
    }
}

impl State {
    /// What a claim made, where that is recorded no more.
    pub fn spent(&self, claim: &str) -> Option<&Spent> {
        // The same claim once more is that of a twin, which was recorded later.
        self.spent.iter().rfind(|spent| spent.record.claim.as_deref() == Some(claim))
    }

    /// Remembers an object whose record goes. An imported one has no claim.
    pub(super) fn spend(&mut self, address: &InstanceAddr, record: &Record) {
        if record.claim.is_some() {
            self.spent.push(Spent { address: address.clone(), at: None, record: identity(record) });
        }
    }

    /// Dates what went since the last apply, and forgets what went so long ago and is not of the last ones. Says whether
    /// there was any.
    pub(super) fn unspend(&mut self, now: Timestamp, watched: SignedDuration) -> bool {
        for spent in &mut self.spent {
            spent.at.get_or_insert(now);
        }
        let is_old = |spent: &Spent| spent.at.is_some_and(|at| now.duration_since(at) >= watched);
        let mut excess = self.spent.iter().filter(|spent| is_old(spent)).count().saturating_sub(KEPT);
        let before = self.spent.len();
        self.spent.retain(|spent| {
            let goes = excess > 0 && is_old(spent);
            excess = excess.saturating_sub(usize::from(goes));
            !goes
        });
        self.spent.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{HashId, Machine, MachineId};
    use crate::state::sample::state;

    fn gone(count: usize) -> State {
        let address: InstanceAddr = "simplepod_instance.a".parse().expect("an address");
        let mut state = State::default();
        for n in 0..count {
            state.spend(&address, &Record { claim: Some(n.to_string()), ..Record::default() });
        }
        state
    }

    #[test]
    fn what_went_is_kept_for_a_day_and_of_the_older_the_last() {
        let day = SignedDuration::from_hours(24);
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().expect("a time");
        let mut state = gone(KEPT + 2);
        assert!(!state.unspend(now, day) && !state.unspend(now + SignedDuration::from_hours(23), day));
        assert!(state.unspend(now + day, day));
        assert_eq!((state.spent.len(), state.spent("1"), state.spent("2").is_some()), (KEPT, None, true));
        // What went today takes nothing from the older.
        state.spent.extend(gone(9).spent);
        assert!(!state.unspend(now + day, day));
        assert_eq!(state.spent.len(), KEPT + 9);
    }

    #[test]
    fn what_never_changes_is_kept_and_no_more() {
        let mut state = state();
        let at: InstanceAddr = "simplepod_instance.worker[\"a\"]".parse().expect("an address");
        let record = state.resources.remove(&at).expect("a machine");
        state.spend(&at, &record);
        let spent = state.spent(record.claim.as_deref().expect("a claim")).expect("it is spent");
        let names: Vec<&str> = spent.record.attributes.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["created_at", "gpu_count", "hash_id", "id", "name", "rented_gpu_model", "template_group"]);
        assert!(spent.record.secrets.is_empty() && spent.record.dependencies.is_empty());
        let id = MachineId(record.id().expect("an id"));
        let same = Machine { hash_id: record.hash_id(), ..Machine::bare(id) };
        assert!(spent.is(&same.clone().into()));
        assert!(!spent.is(&Machine { hash_id: Some(HashId("another".into())), ..same.clone() }.into()));
        assert!(!spent.is(&Machine { id: MachineId(1), ..same }.into()));
    }
}
