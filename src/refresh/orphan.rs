//! Orphans: what carries this fleet's mark, or the claim of a call that was given up, and stands in no state.

use crate::address::InstanceAddr;
use crate::diag::Diagnostic;
use crate::live::{Env, Group, LiveObject, Machine, Mark, ObjectId, Orphan, Snapshot};
use crate::money::Usd;
use crate::state::{Record, State};
use jiff::Timestamp;

/// Whether an object is one, and what is known of it.
pub fn orphaned(object: &LiveObject, state: &State, fleet: &str) -> Option<Orphan> {
    match object {
        LiveObject::Machine(machine) => orphaned_machine(machine, state, fleet),
        LiveObject::Group(group) => orphaned_group(group, state, fleet),
    }
}

fn orphaned_machine(machine: &Machine, state: &State, fleet: &str) -> Option<Orphan> {
    let notes = machine.notes.as_deref().unwrap_or_default();
    let whose = whose(notes, machine.env.as_ref().and_then(Env::claim), state, fleet)?;
    Some(Orphan {
        id: ObjectId::Machine(machine.id),
        hash_id: machine.hash_id.clone(),
        address: whose.address,
        claim: whose.claim,
        created: machine.created_at.as_ref().and_then(|text| text.parse().ok()),
        hourly: machine.hourly_cost(),
        given_up: whose.given_up,
    })
}

/// Whether a template group is one.
fn orphaned_group(group: &Group, state: &State, fleet: &str) -> Option<Orphan> {
    let whose = whose(group.notes.as_deref()?, None, state, fleet)?;
    Some(Orphan {
        id: ObjectId::Group(group.id),
        hash_id: None,
        address: whose.address,
        claim: whose.claim,
        created: None,
        hourly: None,
        given_up: whose.given_up,
    })
}

struct Whose {
    address: Option<InstanceAddr>,
    claim: Option<String>,
    given_up: bool,
}

/// Whose an unrecorded object is, if it is ours. A whole mark decides; where it is damaged, the claim in the environment,
/// or what is left of the mark, does. What an open intent may have made is not an orphan yet.
fn whose(notes: &str, shown: Option<&str>, state: &State, fleet: &str) -> Option<Whose> {
    let mark = Mark::read(notes).1;
    if let Some(mark) = &mark
        && (mark.fleet != fleet || state.lineage.is_empty() || mark.lineage != state.lineage)
    {
        return None;
    }
    // A mark beside another claim may have been copied from another machine's notes: it is told, and proves nothing.
    let copied = mark.as_ref().is_some_and(|mark| shown.is_some_and(|shown| shown != mark.claim));
    let claim = if copied { shown } else { mark.as_ref().map(|mark| mark.claim.as_str()).or(shown) };
    if claim.is_some_and(|claim| state.open.contains_key(claim)) {
        return None;
    }
    let claim = claim.map(str::to_owned);
    if let Some((intent, _)) = claim.as_ref().and_then(|claim| state.watched.get(claim)) {
        return Some(Whose { address: Some(intent.address.clone()), claim, given_up: true });
    }
    match mark {
        Some(_) if copied => Some(Whose { address: None, claim, given_up: false }),
        Some(mark) => Some(Whose { address: Some(mark.address), claim, given_up: false }),
        None if Mark::is_piece(notes, fleet, &state.lineage) => Some(Whose { address: None, claim, given_up: false }),
        // Nobody can guess a claim: the call that made the recorded machine made this one too.
        None if shown.is_some() => {
            let made = |(_, record): &(&InstanceAddr, &Record)| record.claim.is_some() && record.claim == claim;
            let (address, _) = state.objects().find(made)?;
            Some(Whose { address: Some(address.clone()), claim, given_up: false })
        }
        None => None,
    }
}

/// The orphans of this fleet in an account. Other fleets' objects, strangers', and those of the same fleet under another
/// lineage (a lost state's, see [`super::lost_state`]) are not among them.
pub fn orphans(state: &State, snapshot: &Snapshot, fleet: &str) -> Vec<Orphan> {
    let recorded: std::collections::BTreeSet<ObjectId> = state.identified().map(|(id, ..)| id).collect();
    let strange = snapshot.standing().filter(|object| !object.is_gone() && !recorded.contains(&object.id()));
    strange.filter_map(|object| orphaned(object, state, fleet)).collect()
}

/// The warning of a plan; `None` where there are none.
pub fn orphans_told(orphans: &[Orphan], now: Timestamp) -> Option<Diagnostic> {
    // `podform orphans` shows them all.
    const SHOWN: usize = 5;
    let first = orphans.first()?;
    let shown: Vec<String> = orphans.iter().take(SHOWN).map(|orphan| orphan.words(now)).collect();
    let more = match orphans.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let rate: Usd = orphans.iter().filter_map(|orphan| orphan.hourly).sum();
    let summary = if rate == Usd::ZERO { "Orphans of this fleet" } else { "Orphans of this fleet bill" };
    let bill = if orphans.len() > 1 { format!(" Together {rate} per hour.") } else { String::new() };
    let detail = format!(
        "The account holds what was made for this fleet and stands in no state: {}{more}.{bill}",
        shown.join("; ")
    );
    let hint = "podform orphans lists them; -adopt=ID takes one into the state, -release=ID releases it.";
    let told = Diagnostic::warning(summary, detail).with_hint(hint);
    Some(match &first.address {
        Some(address) if orphans.len() == 1 => told.on(address),
        _ => told,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::MachineId;
    use crate::state::{Intent, IntentAction};

    fn mark() -> Mark {
        let address = "simplepod_instance.a".parse().expect("an address");
        Mark { fleet: "lab".into(), lineage: "l-1".into(), claim: "c0ffee".into(), address }
    }

    fn state() -> State {
        State { lineage: "l-1".into(), ..State::default() }
    }

    fn machine(notes: &str, claim: Option<&str>) -> Machine {
        let env = claim.map(|claim| [("PODFORM_CLAIM".to_owned(), claim.to_owned())].into_iter().collect());
        Machine { notes: Some(notes.to_owned()), env, ..Machine::bare(MachineId(5)) }
    }

    fn found(state: &State, machine: &Machine) -> Option<Orphan> {
        let mut snapshot = Snapshot::default();
        snapshot.extend([machine.clone()]);
        orphans(state, &snapshot, "lab").pop()
    }

    #[test]
    fn our_mark_without_a_record_is_an_orphan_however_the_notes_were_edited() {
        let whole = mark().write("");
        for notes in [
            whole.clone(),
            format!("before\r\n{whole}\r\nafter"),
            format!("see {whole} there"),
            format!("{whole}\n{whole}"),
            format!("\t{whole}\u{a0}\u{2028}x"),
        ] {
            let orphan = found(&state(), &machine(&notes, None)).expect(&notes);
            assert_eq!(orphan.address, Some(mark().address), "{notes:?}");
            assert_eq!(orphan.claim.as_deref(), Some("c0ffee"));
        }
    }

    #[test]
    fn a_damaged_mark_counts_by_what_is_left() {
        let whole = mark().write("");
        for cut in ["podform:v1:lab:l-1:", "podform:v1:lab:l-1:c0f", "podform:v1:lab:l-1:c0ffee:simplepod_inst"] {
            let orphan = found(&state(), &machine(cut, Some("c0ffee"))).expect(cut);
            assert_eq!((orphan.address, orphan.claim.as_deref()), (None, Some("c0ffee")));
        }
        for cut in ["podform:v1:lab:l-", "podform:v1:lab:l-12:c", "podform:v1:labor:l-1:c", &whole[1..]] {
            assert_eq!(found(&state(), &machine(cut, Some("c0ffee"))), None, "{cut}");
        }
    }

    #[test]
    fn a_copied_mark_proves_nothing() {
        let copied = found(&state(), &machine(&mark().write(""), Some("beef"))).expect("an orphan");
        assert_eq!((copied.address, copied.claim.as_deref()), (None, Some("beef")));
    }

    #[test]
    fn the_claim_of_a_recorded_machine_on_another_one_is_that_of_a_rent_delivered_twice() {
        let mut twice = state();
        let mut record = Record { claim: Some("c0ffee".into()), ..Record::default() };
        record.attributes.set("id", "4".into());
        twice.resources.insert(mark().address, record.into());
        let twin = found(&twice, &machine("", Some("c0ffee"))).expect("an orphan");
        assert_eq!((twin.address, twin.given_up), (Some(mark().address), false));
        assert_eq!(found(&twice, &machine("", Some("beef"))), None);
        assert_eq!(found(&twice, &machine("", None)), None);
    }

    #[test]
    fn others_are_not_ours() {
        for mark in [Mark { fleet: "other".into(), ..mark() }, Mark { lineage: "l-2".into(), ..mark() }] {
            assert_eq!(found(&state(), &machine(&mark.write(""), None)), None);
        }
        assert_eq!(found(&State::default(), &machine(&mark().write(""), None)), None);
        assert_eq!(found(&state(), &machine("by hand", Some("beef"))), None);
    }

    #[test]
    fn what_is_recorded_or_open_is_none_and_what_was_given_up_is() {
        let ours = machine(&mark().write(""), None);
        let mut record = Record::default();
        record.attributes.set("id", "5".into());
        let mut recorded = state();
        recorded.resources.insert(mark().address, record.into());
        assert_eq!(found(&recorded, &ours), None);
        let intent = Intent::new("c0ffee".into(), IntentAction::RENT, mark().address, Timestamp::UNIX_EPOCH);
        let mut open = state();
        open.open.insert("c0ffee".into(), intent.clone());
        assert_eq!(found(&open, &ours), None);
        let mut watched = state();
        watched.watched.insert("c0ffee".into(), (intent, Timestamp::UNIX_EPOCH));
        let late = found(&watched, &machine("", Some("c0ffee"))).expect("an orphan");
        assert!(late.given_up);
        assert_eq!(late.address, Some(mark().address));
        let foreign = Mark { fleet: "other".into(), ..mark() };
        assert_eq!(found(&watched, &machine(&foreign.write(""), Some("c0ffee"))), None);
    }
}
