//! What would be forgotten if one state took the place of another.

use super::model::{Intent, Record, State};
use crate::address::{InstanceAddr, ObjectKind};
use crate::live::{MachineId, Status};
use crate::money::Usd;
use std::collections::BTreeSet;
use std::fmt;

/// Something that bills, or may, and stands in one state but not in the other.
#[derive(Clone, Debug, PartialEq)]
pub enum Loss<'a> {
    /// A machine that is not known to be gone.
    Machine {
        /// Where it is recorded.
        address: &'a InstanceAddr,
        /// Its record.
        record: &'a Record,
    },
    /// A rent whose outcome is not known.
    Rent(&'a Intent),
}

impl fmt::Display for Loss<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::Machine { address, record } => {
                let id = record.id().map_or_else(|| "without an id".to_owned(), |id| id.to_string());
                write!(f, "the machine {id} of {address}")?;
                let cost = record.attributes.get("hourly_cost").and_then(|cost| cost.to_string().parse().ok());
                cost.map_or(Ok(()), |cost| write!(f, " at {} per hour", Usd(cost)))
            }
            Loss::Rent(intent) => {
                write!(f, "a rent for {} that was sent {} and never answered", intent.address, intent.at)?;
                intent.hourly_cost.map_or(Ok(()), |cost| write!(f, " ({cost} per hour if the machine exists)"))
            }
        }
    }
}

/// Whether a record is of a machine that bills, as far as is recorded.
pub fn bills(address: &InstanceAddr, record: &Record) -> bool {
    let status = record.attributes.get("status").and_then(|status| status.as_str());
    address.resource.object_kind().is_some_and(ObjectKind::is_rented)
        && !status.is_some_and(|status| Status(status.to_owned()).is_gone())
}

/// Every machine and unanswered rent that `before` knows and `after` does not.
pub fn losses<'a>(before: &'a State, after: &State) -> Vec<Loss<'a>> {
    let kept: BTreeSet<MachineId> = after.recorded_machines().map(|(id, _)| id).collect();
    let claims: BTreeSet<&str> = after
        .open
        .keys()
        .chain(after.watched.keys())
        .map(String::as_str)
        .chain(after.objects().filter_map(|(_, record)| record.claim.as_deref()))
        .chain(after.spent.iter().filter_map(|spent| spent.record.claim.as_deref()))
        .collect();
    let lost = |(address, record): &(&InstanceAddr, &Record)| {
        bills(address, record) && record.machine_id().is_none_or(|id| !kept.contains(&id))
    };
    let machines = before.objects().filter(lost).map(|(address, record)| Loss::Machine { address, record });
    let rents = before.open.values().filter(|intent| intent.action.rents() && !claims.contains(intent.claim.as_str()));
    machines.chain(rents.map(Loss::Rent)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample::state;
    use std::sync::Arc;

    fn told(before: &State, after: &State) -> Vec<String> {
        losses(before, after).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_is_lost_between_equals_and_everything_by_an_empty_state() {
        let state = state();
        assert!(told(&state, &state).is_empty() && told(&State::default(), &state).is_empty());
        let machines = state.objects().filter(|(address, record)| bills(address, record)).count();
        let rents = state.open.values().filter(|intent| intent.action.rents()).count();
        assert!(machines > 0 && rents > 0);
        assert_eq!(losses(&state, &State::default()).len(), machines + rents);
    }

    #[test]
    fn a_machine_that_moved_and_one_that_is_gone_are_not_lost() {
        let before = state();
        let mut after = before.clone();
        let (address, record) =
            before.resources.iter().find(|(address, record)| bills(address, record)).expect("a machine");
        after.resources.remove(address);
        assert_eq!(told(&before, &after).len(), 1, "{:?}", told(&before, &after));
        let elsewhere: InstanceAddr = "module.m.simplepod_instance.x".parse().expect("an address");
        after.resources.insert(elsewhere, record.clone());
        assert!(told(&before, &after).is_empty());
        let mut before = before.clone();
        let gone = before.resources.get_mut(address).expect("a machine");
        Arc::make_mut(gone).attributes.set("status", "Deleted".into());
        assert!(
            told(&before, &State { open: before.open.clone(), deposed: before.deposed.clone(), ..State::default() })
                .iter()
                .all(|told| !told.contains(&format!("of {address} ")))
        );
    }

    #[test]
    fn a_rent_that_became_a_record_is_not_lost() {
        let mut before = state();
        let intent = before.open.values().find(|intent| intent.action.rents()).expect("a rent").clone();
        let mut after = before.clone();
        before.resources.clear();
        before.deposed.clear();
        after.open.clear();
        assert!(told(&before, &after).iter().any(|told| told.contains("never answered")));
        after
            .resources
            .insert(intent.address.clone(), Record { claim: Some(intent.claim.clone()), ..Record::default() }.into());
        assert!(!told(&before, &after).iter().any(|told| told.contains(&intent.address.to_string())));
    }
}
