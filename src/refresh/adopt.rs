//! A person says which machine an unanswered rent made.

use crate::address::InstanceAddr;
use crate::diag::Diagnostic;
use crate::live::{Env, LiveObject, Machine, Mark, Proof};
use crate::state::digest::SecretKey;
use crate::state::journal::Event;
use crate::state::{Intent, IntentAction, Record, State, orphaned};
use std::sync::Arc;

/// What an object becomes that a person names.
#[derive(Debug)]
pub enum Adoption {
    /// What an open or given-up call made: this event records it.
    Answers(Event),
    /// What another state of this fleet made, or this one forgot: it belongs to the address of its mark.
    Marked {
        /// Its mark.
        mark: Mark,
        /// The record, where it stands already and only the mark is another lineage's.
        record: Option<Arc<Record>>,
    },
}

/// Where an object belongs, by its mark; a machine without one, by the calls that could have made it, of which a person
/// may name the address: `at`.
///
/// # Errors
/// Another fleet's mark, an address or object that is recorded otherwise, a call at the address without known outcome; of
/// a machine without a mark, what `adopt` refuses.
pub fn adoption(
    state: &State,
    fleet: &str,
    live: &LiveObject,
    at: Option<&InstanceAddr>,
    key: &SecretKey,
) -> Result<Adoption, Diagnostic> {
    let id = live.id();
    let refuse = |detail: String| Err(Diagnostic::error("Cannot be adopted", detail));
    let claim = match live {
        LiveObject::Machine(machine) => machine.env.as_ref().and_then(Env::claim),
        LiveObject::Group(_) => None,
    };
    let mark = live.mark();
    if let Some(mark) = mark
        && mark.fleet != fleet
    {
        return refuse(format!(
            "{id} carries the mark of another fleet, \"{}\" ({}). podform changes nothing that is another fleet's.",
            mark.fleet, mark.address
        ));
    }
    let claim = mark.map(|mark| mark.claim.as_str()).or(claim);
    let given_up = claim.and_then(|claim| state.watched.get(claim)).map(|(intent, _)| intent);
    let spent = claim.and_then(|claim| state.spent(claim));
    let address = mark.map(|mark| &mark.address).or(given_up.map(|intent| &intent.address));
    let address = address.or(spent.map(|spent| &spent.address));
    if let Some((made_for, at)) = address.zip(at).filter(|(made_for, at)| made_for != at) {
        return refuse(format!("{id} was made for {made_for}, not for {at}. Without an address, it is taken as that."));
    }
    let ours = |at: &InstanceAddr, record: &Record| record.object_id(at) == Some(id);
    let holder = state.objects().find(|(at, record)| ours(at, record));
    match (holder, address, mark) {
        (Some((at, record)), _, Some(mark))
            if mark.lineage != state.lineage && state.resources.get(at).is_some_and(|current| ours(at, current)) =>
        {
            let mark = Mark { address: at.clone(), ..mark.clone() };
            return Ok(Adoption::Marked { mark, record: Some(Arc::new(record.clone())) });
        }
        (Some((at, _)), ..) => return refuse(format!("{id} is recorded already, as {at}.")),
        (None, Some(address), _) => {
            if address.resource.object_kind() != Some(id.kind()) {
                return refuse(format!("{id} carries a mark for {address}, and that is something else."));
            }
            if let Some(other) = state.resources.get(address).and_then(|record| record.id()) {
                return refuse(format!(
                    "{id} was made for {address}, and there {other} is recorded. An address has one object: release one of the two (podform orphans -release={id})."
                ));
            }
        }
        _ => {}
    }
    let open = |address: &&InstanceAddr| {
        let mut open = state.open_at(address);
        open.any(|intent| Some(intent.claim.as_str()) != claim && makes(intent.action))
    };
    if let Some(address) = address.filter(open) {
        return refuse(format!(
            "{id} was made for {address}, where another call has no known outcome yet. Settle that first: podform recover."
        ));
    }
    let whose = orphaned(live, state, fleet, false).map(|orphan| orphan.proof);
    if whose == Some(Proof::Copied) {
        return refuse(format!(
            "{id} carries what was copied from another one's notes: what the call made that these name is known, and {id} is not that. If it is yours, remove the mark from its notes, and take it into the configuration with an import block."
        ));
    }
    // What shows nothing but the claim, which a call of ours sent.
    let marked = spent.filter(|_| mark.is_none() && given_up.is_none()).map(|spent| Mark {
        fleet: fleet.to_owned(),
        lineage: state.lineage.clone(),
        claim: spent.record.claim.clone().unwrap_or_default(),
        machine: None,
        serial: state.serial,
        address: spent.address.clone(),
    });
    match (live, mark.cloned().or(marked), given_up) {
        (live, _, Some(intent)) => {
            let (address, record) = (intent.address.clone(), Arc::new(intent.record_of(live, key)));
            Ok(Adoption::Answers(Event::Recorded { claim: None, address, record }))
        }
        (_, Some(mark), _) if !state.open.contains_key(&mark.claim) => Ok(Adoption::Marked { mark, record: None }),
        (LiveObject::Machine(machine), ..) => Ok(Adoption::Answers(adopt(state, machine, at, key)?)),
        (LiveObject::Group(_), ..) => refuse(format!(
            "The template group {id} carries no mark of this fleet. Take it into the configuration with an import block."
        )),
    }
}

/// Whether an action makes an object.
fn makes(action: IntentAction) -> bool {
    matches!(action, IntentAction::Create(_))
}

/// Takes a machine as that of the one open rent it fits; at an address that a person names, also as that of a rent that
/// was given up.
///
/// # Errors
/// It is recorded already, carries another mark or claim, shows an environment without one, fits no such rent, or fits
/// several.
fn adopt(state: &State, machine: &Machine, at: Option<&InstanceAddr>, key: &SecretKey) -> Result<Event, Diagnostic> {
    let refuse = |detail: String| Err(Diagnostic::error("Machine cannot be adopted", detail));
    let id = machine.id;
    if let Some((address, _)) = state.objects().find(|(_, record)| Record::machine_id(record) == Some(id)) {
        return refuse(format!("The machine {id} is recorded already, as {address}."));
    }
    // An open rent that replaces sets aside what is recorded.
    let replaces =
        |intent: &Intent| at == Some(&intent.address) && intent.deposes && state.open.contains_key(&intent.claim);
    let replacing = state.open.values().any(replaces);
    let recorded = at.and_then(|at| Some((at, state.resources.get(at)?.id()?)));
    if let Some((at, other)) = recorded.filter(|_| !replacing) {
        return refuse(format!("At {at} the machine {other} is recorded, and an address has one."));
    }
    let claim = machine.env.as_ref().and_then(Env::claim).or(machine.mark().map(|mark| mark.claim.as_str()));
    if claim.is_none() && machine.shows_env() {
        return refuse(format!(
            "The machine {id} shows an environment without the claim that every rent sends: no rent of podform made it. Take it into the configuration with an import block."
        ));
    }
    let given_up = state.watched.values().map(|(intent, _)| intent).filter(|_| at.is_some());
    let rents = state.open.values().chain(given_up).filter(|intent| intent.action.rents());
    let rents = rents.filter(|intent| at.is_none_or(|at| intent.address == *at));
    let rents = rents.filter(|intent| recorded.is_none() || replaces(intent));
    let fits: Vec<&Intent> = rents
        .filter(|intent| intent.may_have_made(machine) && claim.is_none_or(|claim| *claim == intent.claim))
        .collect();
    match fits.as_slice() {
        [] => refuse(format!(
            "No {} could have made the machine {id}: its GPU model, count, template group, or the claim that it carries is another one.",
            at.map_or_else(|| "open rent".to_owned(), |at| format!("rent for {at} without a known outcome"))
        )),
        // Whichever made it at one address: what is still open goes first.
        [intent, others @ ..] if others.is_empty() || at.is_some() => {
            let claim = Some(intent.claim.clone()).filter(|claim| state.open.contains_key(claim));
            let record = Arc::new(intent.record_of(&LiveObject::from(machine.clone()), key));
            Ok(Event::Recorded { claim, address: intent.address.clone(), record })
        }
        several => {
            let addresses: Vec<String> = several.iter().map(|intent| intent.address.to_string()).collect();
            refuse(format!(
                "The machine {id} could be that of {}: they order the same, and it carries no claim. Whichever it is, they are alike: say for which it counts with -adopt=ADDRESS={id}.",
                addresses.join(" or ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{GroupId, MachineId};
    use jiff::Timestamp;
    use std::sync::Arc;

    fn key() -> SecretKey {
        SecretKey::derive(&secrecy::SecretString::from("k"), "l")
    }

    fn intent(claim: &str, address: &str) -> Intent {
        Intent {
            claim: claim.into(),
            action: IntentAction::RENT,
            address: address.parse().expect("an address"),
            at: Timestamp::UNIX_EPOCH,
            id: None,
            uptime: None,
            group_name: None,
            group_id: Some(7),
            offer_iri: None,
            gpu_model: Some("RTX 4090".into()),
            gpu_count: Some(1),
            hourly_cost: None,
            record: Some(Arc::default()),
            deposes: false,
            doubt: None,
            doubt_since: None,
        }
    }

    fn state(intents: &[Intent]) -> State {
        let open = intents.iter().map(|intent| (intent.claim.clone(), intent.clone())).collect();
        State { open, ..State::default() }
    }

    fn machine() -> Machine {
        Machine {
            gpu_model: Some("RTX 4090".into()),
            gpu_count: Some(1),
            group: Some(GroupId(7)),
            ..Machine::bare(MachineId(5))
        }
    }

    #[test]
    fn the_one_rent_that_fits_takes_it() {
        let event = adopt(&state(&[intent("c", "simplepod_instance.a")]), &machine(), None, &key()).expect("an event");
        let Event::Recorded { claim, address, record } = event else { panic!("a record") };
        assert_eq!((claim.as_deref(), address.to_string().as_str()), (Some("c"), "simplepod_instance.a"));
        assert_eq!(record.id(), Some(5));
    }

    fn marked(lineage: &str, address: &str) -> Machine {
        let address = address.parse().expect("an address");
        let (fleet, lineage, claim) = ("lab".into(), lineage.into(), "c".into());
        let mark = Mark { fleet, lineage, claim, machine: None, serial: 0, address };
        Machine { notes: Some(mark.write("text").into()), ..machine() }
    }

    fn of(state: &State, machine: &Machine) -> Result<Adoption, String> {
        adoption(state, "lab", &LiveObject::from(machine.clone()), None, &key()).map_err(|refused| refused.detail)
    }

    #[test]
    fn what_a_lost_state_made_belongs_to_the_address_of_its_mark() {
        let mut here = State { lineage: "here".into(), ..State::default() };
        let lost = marked("lost", "simplepod_instance.a");
        assert!(matches!(of(&here, &lost), Ok(Adoption::Marked { record: None, mark }) if mark.claim == "c"));
        // The run that adopted it ended before the mark was written: the record stands, and only the mark is missing.
        let mut record = Record::default();
        record.attributes.set("id", "5".into());
        here.resources.insert("simplepod_instance.b".parse().expect("an address"), Arc::new(record.clone()));
        let again = of(&here, &lost);
        assert!(
            matches!(again, Ok(Adoption::Marked { record: Some(_), mark }) if mark.address.to_string() == "simplepod_instance.b")
        );
        assert!(of(&here, &marked("here", "simplepod_instance.b")).is_err_and(|why| why.contains("recorded already")));
        record.attributes.set("id", "6".into());
        let taken = State {
            resources: [("simplepod_instance.a".parse().expect("an address"), Arc::new(record))].into(),
            ..here
        };
        assert!(of(&taken, &lost).is_err_and(|why| why.contains("there 6 is recorded")));
    }

    #[test]
    fn a_mark_of_another_fleet_or_of_something_else_is_refused() {
        let here = State { lineage: "here".into(), ..state(&[intent("d", "simplepod_instance.a")]) };
        let group = marked("lost", "simplepod_template_group.a");
        assert!(of(&here, &group).is_err_and(|why| why.contains("something else")));
        assert!(of(&here, &marked("lost", "simplepod_instance.a")).is_err_and(|why| why.contains("no known outcome")));
        let other = adoption(&here, "other", &LiveObject::from(marked("lost", "simplepod_instance.z")), None, &key());
        assert!(other.is_err_and(|refused| refused.detail.contains("another fleet")));
    }

    #[test]
    fn what_was_given_up_is_recorded_as_it_was_sent() {
        let mut here = State { lineage: "here".into(), ..State::default() };
        here.watched.insert("c".into(), (intent("c", "simplepod_instance.a"), Timestamp::UNIX_EPOCH));
        let env = Some([("PODFORM_CLAIM".to_owned(), "c".to_owned())].into_iter().collect());
        let late = of(&here, &Machine { env, ..machine() });
        assert!(matches!(late, Ok(Adoption::Answers(Event::Recorded { claim: None, .. }))), "{late:?}");
    }

    #[test]
    fn what_proves_nothing_is_refused() {
        let two = state(&[intent("c", "simplepod_instance.a"), intent("d", "simplepod_instance.b")]);
        assert!(adopt(&two, &machine(), None, &key()).is_err());
        let claimed =
            Machine { env: Some([("PODFORM_CLAIM".to_owned(), "d".to_owned())].into_iter().collect()), ..machine() };
        assert!(adopt(&two, &claimed, None, &key()).is_ok());
        assert!(adopt(&state(&[intent("c", "simplepod_instance.a")]), &claimed, None, &key()).is_err());
        let other = Machine { gpu_count: Some(2), ..machine() };
        assert!(adopt(&two, &other, None, &key()).is_err());
    }
    #[test]
    fn a_person_says_for_which_of_equal_rents_a_machine_counts() {
        let (a, b) = ("simplepod_instance.a", "simplepod_instance.b");
        let mut two = state(&[intent("c", a), intent("d", b)]);
        let at = |address: &str| Some(address.parse::<InstanceAddr>().expect("an address"));
        let event = adopt(&two, &machine(), at(b).as_ref(), &key()).expect("an event");
        assert!(matches!(event, Event::Recorded { claim: Some(claim), .. } if claim == "d"));
        // Also what was given up may have made it, where a person says so.
        let given_up = two.open.remove("c").expect("an intent");
        two.watched.insert("c".into(), (given_up, Timestamp::UNIX_EPOCH));
        let event = adopt(&two, &machine(), at(a).as_ref(), &key()).expect("an event");
        assert!(matches!(event, Event::Recorded { claim: None, address, .. } if address.to_string() == a));
        let shows = Some([("A".to_owned(), "1".to_owned())].into_iter().collect());
        assert!(adopt(&two, &Machine { env: shows, ..machine() }, at(b).as_ref(), &key()).is_err(), "no claim");
        assert!(adopt(&two, &machine(), at("simplepod_instance.z").as_ref(), &key()).is_err());
        let mut record = Record::default();
        record.attributes.set("id", "9".into());
        two.resources.insert(at(b).expect("an address"), Arc::new(record));
        assert!(adopt(&two, &machine(), at(b).as_ref(), &key()).is_err_and(|why| why.detail.contains("machine 9")));
        // What replaces it sets it aside.
        two.open.values_mut().for_each(|intent| intent.deposes = true);
        let event = adopt(&two, &machine(), at(b).as_ref(), &key()).expect("an event");
        two.apply(event);
        let ids: Vec<_> = two.objects().filter_map(|(_, record)| record.id()).collect();
        assert_eq!((ids, two.deposed.len(), two.open.len()), (vec![5, 9], 1, 0));
    }
}
