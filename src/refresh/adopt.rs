//! A person says which machine an unanswered rent made.

use super::settle::record_of;
use super::sight::may_be;
use crate::diag::Diagnostic;
use crate::live::{Env, Machine, Mark};
use crate::state::digest::SecretKey;
use crate::state::journal::Event;
use crate::state::{Intent, IntentAction, Record, State};

/// Takes a machine as that of the one open rent it fits.
///
/// # Errors
/// It is recorded already, carries another mark or claim, fits no open rent, or fits several.
pub fn adopt(state: &State, machine: &Machine, key: &SecretKey) -> Result<Event, Diagnostic> {
    let refuse = |detail: String| Err(Diagnostic::error("Machine cannot be adopted", detail));
    let id = machine.id;
    if let Some((address, _)) = state.objects().find(|(_, record)| Record::machine_id(record) == Some(id)) {
        return refuse(format!("The machine {id} is recorded already, as {address}."));
    }
    let mark = machine.notes.as_deref().and_then(|notes| Mark::read(notes).1);
    let claim = machine.env.as_ref().and_then(Env::claim).map(str::to_owned).or(mark.map(|mark| mark.claim));
    let rents = state.open.values().filter(|intent| intent.action == IntentAction::Rent);
    let fits: Vec<&Intent> = rents
        .filter(|intent| may_be(machine, intent) && claim.as_ref().is_none_or(|claim| *claim == intent.claim))
        .collect();
    match fits.as_slice() {
        [] => refuse(format!(
            "No open rent could have made the machine {id}: its GPU model, count, template group, or the claim that it carries is another one."
        )),
        [intent] => match &intent.record {
            Some(record) => Ok(Event::Recorded {
                claim: Some(intent.claim.clone()),
                address: intent.address.clone(),
                record: Box::new(record_of((**record).clone(), machine, intent, key)),
            }),
            None => refuse(format!("The intent of {} holds no record.", intent.address)),
        },
        several => {
            let addresses: Vec<String> = several.iter().map(|intent| intent.address.to_string()).collect();
            refuse(format!(
                "The machine {id} could be that of {}: they order the same, and it carries no claim. Release it in the vendor's panel; what is proven absent is then rented anew.",
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

    fn key() -> SecretKey {
        SecretKey::derive(&secrecy::SecretString::from("k"), "l")
    }

    fn intent(claim: &str, address: &str) -> Intent {
        Intent {
            claim: claim.into(),
            action: IntentAction::Rent,
            address: address.parse().expect("an address"),
            at: Timestamp::UNIX_EPOCH,
            id: None,
            group_name: None,
            group_id: Some(7),
            offer_iri: None,
            gpu_model: Some("RTX 4090".into()),
            gpu_count: Some(1),
            hourly_cost: None,
            record: Some(Box::default()),
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
        let event = adopt(&state(&[intent("c", "simplepod_instance.a")]), &machine(), &key()).expect("an event");
        let Event::Recorded { claim, address, record } = event else { panic!("a record") };
        assert_eq!((claim.as_deref(), address.to_string().as_str()), (Some("c"), "simplepod_instance.a"));
        assert_eq!(record.id(), Some(5));
    }

    #[test]
    fn what_proves_nothing_is_refused() {
        let two = state(&[intent("c", "simplepod_instance.a"), intent("d", "simplepod_instance.b")]);
        assert!(adopt(&two, &machine(), &key()).is_err());
        let claimed =
            Machine { env: Some([("PODFORM_CLAIM".to_owned(), "d".to_owned())].into_iter().collect()), ..machine() };
        assert!(adopt(&two, &claimed, &key()).is_ok());
        assert!(adopt(&state(&[intent("c", "simplepod_instance.a")]), &claimed, &key()).is_err());
        let other = Machine { gpu_count: Some(2), ..machine() };
        assert!(adopt(&two, &other, &key()).is_err());
    }
}
