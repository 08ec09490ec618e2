//! What is an orphan, and what may be one.

use super::{Event, Intent, IntentAction, Record, State, orphans};
use crate::address::InstanceAddr;
use crate::live::{Env, Group, GroupId, Machine, MachineId, Mark, OfferFacts, Orphan, Proof, Snapshot};
use jiff::Timestamp;
use serde_json::json;

fn mark() -> Mark {
    let address = "simplepod_instance.a".parse().expect("an address");
    Mark { fleet: "lab".into(), lineage: "l-1".into(), claim: "c0ffee".into(), machine: None, serial: 0, address }
}

fn state() -> State {
    State { lineage: "l-1".into(), ..State::default() }
}

fn machine(notes: &str, claim: Option<&str>) -> Machine {
    let env = claim.map(|claim| [("PODFORM_CLAIM".to_owned(), claim.to_owned())].into_iter().collect());
    Machine { notes: Some(notes.to_owned().into()), env, ..Machine::bare(MachineId(5)) }
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
fn a_mark_beside_another_claim_or_none_proves_nothing() {
    let other = found(&state(), &machine(&mark().write(""), Some("beef"))).expect("an orphan");
    assert_eq!((other.address, other.claim.as_deref(), other.proof), (None, Some("beef"), Proof::Damaged));
    let env = Some([("A".to_owned(), "1".to_owned())].into_iter().collect());
    let none = found(&state(), &Machine { env, ..machine(&mark().write(""), None) }).expect("an orphan");
    assert_eq!((none.address, none.proof), (Some(mark().address), Proof::Unclaimed));
}

/// A recorded machine, and another one that is like it in everything that never changes.
fn pair() -> (State, Machine) {
    let mut record = Record { claim: Some("c0ffee".into()), offer: Some(OfferFacts::default()), ..Record::default() };
    for (name, value) in [
        ("id", json!("4")),
        ("rented_gpu_model", json!("RTX 3060")),
        ("gpu_count", json!(1)),
        ("template_group", json!("7")),
        ("created_at", json!("2026-06-29T13:59:01+02:00")),
    ] {
        record.attributes.set(name, value);
    }
    let mut state = state();
    state.resources.insert(mark().address, record.into());
    let like = Machine {
        gpu_model: Some("RTX 3060".into()),
        gpu_count: Some(1),
        group: Some(GroupId(7)),
        created_at: Some("2026-06-29T14:00:01+02:00".into()),
        ..machine("", Some("c0ffee"))
    };
    (state, like)
}

#[test]
fn the_claim_of_a_recorded_machine_on_another_one_is_that_of_a_rent_delivered_twice() {
    let (twice, like) = pair();
    let twin = found(&twice, &like).expect("an orphan");
    assert_eq!((twin.address, twin.proof), (Some(mark().address), Proof::Made));
    assert_eq!(found(&twice, &machine("", Some("beef"))), None);
    assert_eq!(found(&twice, &machine("", None)), None);
}

#[test]
fn a_mark_that_was_copied_from_a_recorded_machine_is_that_of_none() {
    let (twice, like) = pair();
    let copy = Machine { notes: Some(mark().write("").into()), env: None, ..like };
    let env = |name: &str| Some([(name.to_owned(), "c0ffee".to_owned())].into_iter().collect());
    for stranger in [
        copy.clone(),
        Machine { env: Some(Env::default()), ..copy.clone() },
        Machine { env: env("A"), ..copy.clone() },
        Machine { env: env("PODFORM_CLAIM"), gpu_model: Some("RTX 3090".into()), ..copy.clone() },
        Machine { env: env("PODFORM_CLAIM"), gpu_count: Some(2), ..copy.clone() },
        Machine { env: env("PODFORM_CLAIM"), group: Some(GroupId(8)), ..copy.clone() },
        Machine { env: env("PODFORM_CLAIM"), created_at: Some("2026-06-30T14:00:01+02:00".into()), ..copy },
    ] {
        let told = found(&twice, &stranger).expect("told");
        assert_eq!((told.address, told.proof), (None, Proof::Copied), "{stranger:?}");
        assert!(!told.proof.is_one());
    }
}

/// The record of the first machine goes; the state beside it, in which nobody has seen that.
fn gone() -> (State, Machine) {
    let (mut state, like) = pair();
    let forgotten = State { resources: Default::default(), ..state.clone() };
    state.apply(Event::Removed { claim: None, address: mark().address, deposed: None });
    assert_eq!(State { spent: Vec::new(), ..state.clone() }, forgotten);
    (state, like)
}

#[test]
fn a_mark_that_was_copied_from_a_machine_that_went_is_that_of_none() {
    let (spent, like) = gone();
    let copy = Machine { notes: Some(mark().write("").into()), env: None, ..like };
    let told = found(&spent, &copy).expect("told");
    assert_eq!((told.address, told.proof), (None, Proof::Copied));
    // With its whole environment, a day later.
    let late = Some("2026-06-30T14:00:01+02:00".to_owned());
    let env = machine("", Some("c0ffee")).env;
    let told = found(&spent, &Machine { env, created_at: late, ..copy.clone() }).expect("told");
    assert_eq!((told.address, told.proof), (None, Proof::Copied));
    // Nobody knows this one: an older state is all there is.
    let forgotten = State { spent: Vec::new(), ..spent };
    assert_eq!(found(&forgotten, &copy).expect("an orphan").proof, Proof::Made);
}

#[test]
fn the_twin_of_a_machine_that_went_is_told_as_that_and_so_is_the_machine_itself() {
    let (spent, like) = gone();
    let twin = found(&spent, &like).expect("an orphan");
    assert_eq!((twin.address, twin.claim.as_deref(), twin.proof), (Some(mark().address), Some("c0ffee"), Proof::Made));
    // It was forgotten, and runs on.
    let itself = Machine { id: MachineId(4), ..like };
    let hidden = Machine { env: None, notes: Some(mark().write("").into()), ..itself.clone() };
    for shown in [itself.clone(), hidden] {
        let told = found(&spent, &shown).expect("an orphan");
        assert_eq!((told.address, told.proof), (Some(mark().address), Proof::Made));
    }
    // It is recorded again: nothing is spent any more.
    let mut again = spent;
    let record = Record { claim: Some("c0ffee".into()), ..Record::default() };
    again.apply(Event::Recorded { claim: None, address: mark().address, record: record.into() });
    assert!(again.spent.is_empty());
}

#[test]
fn what_runs_a_group_that_was_ours_may_be_ours_still() {
    let mut record = Record { claim: Some("beef".into()), ..Record::default() };
    record.attributes.set("id", "7".into());
    let at: InstanceAddr = "simplepod_template_group.g".parse().expect("an address");
    let mut spent = state();
    spent.resources.insert(at.clone(), record.into());
    spent.apply(Event::Removed { claim: None, address: at, deposed: None });
    let (_, like) = pair();
    for env in [None, machine("", Some("unknown")).env] {
        let told = found(&spent, &Machine { env, ..like.clone() }).expect("told");
        assert_eq!(told.proof, Proof::Perhaps);
    }
}

#[test]
fn of_two_with_one_mark_only_the_claim_tells_which_is_ours() {
    let seen = |machines: [Machine; 2]| {
        let mut snapshot = Snapshot::default();
        snapshot.extend(machines);
        let found = orphans(&state(), &snapshot, "lab");
        found.into_iter().map(|orphan| (orphan.id.number(), orphan.proof)).collect::<Vec<_>>()
    };
    let marked = |id, env: Option<Env>| Machine { id: MachineId(id), env, ..machine(&mark().write(""), None) };
    let claim = machine("", Some("c0ffee")).env;
    assert_eq!(seen([marked(5, None), marked(6, None)]), [(5, Proof::Disputed), (6, Proof::Disputed)]);
    assert_eq!(seen([marked(5, None), marked(6, claim.clone())]), [(5, Proof::Disputed), (6, Proof::Made)]);
    assert_eq!(seen([marked(5, claim.clone()), marked(6, claim)]), [(5, Proof::Made), (6, Proof::Made)]);
    let group = |id, name: &str| {
        let mark = Mark { address: "simplepod_template_group.g".parse().expect("an address"), ..mark() };
        let shown = [("name", json!(name))].into();
        Group { notes: Some(mark.write("").into()), shown, ..Group::bare(GroupId(id)) }
    };
    for (other, proof) in [("lab-g", Proof::Made), ("copy of lab-g", Proof::Disputed)] {
        let mut snapshot = Snapshot::default();
        snapshot.extend([group(5, "lab-g"), group(6, other)]);
        assert!(orphans(&state(), &snapshot, "lab").iter().all(|orphan| orphan.proof == proof), "{other}");
    }
}

#[test]
fn a_group_with_the_mark_of_a_recorded_one_is_its_twin_where_it_has_its_name() {
    let mark = Mark { address: "simplepod_template_group.g".parse().expect("an address"), ..mark() };
    let mut record = Record { claim: Some("c0ffee".into()), ..Record::default() };
    record.attributes.set("id", "4".into());
    record.attributes.set("name", "lab-g".into());
    let mut twice = state();
    twice.resources.insert(mark.address.clone(), record.into());
    for (name, proof) in [("lab-g", Proof::Made), ("theirs", Proof::Copied)] {
        let shown = [("name", json!(name))].into();
        let group = Group { notes: Some(mark.write("").into()), shown, ..Group::bare(GroupId(5)) };
        let mut snapshot = Snapshot::default();
        snapshot.extend([group]);
        assert_eq!(orphans(&twice, &snapshot, "lab").pop().map(|orphan| orphan.proof), Some(proof));
    }
}

#[test]
fn an_unmarked_machine_of_our_own_group_may_be_ours_where_environments_are_hidden() {
    let mut ours = state();
    let mut record = Record::default();
    record.attributes.set("id", "7".into());
    ours.resources.insert("simplepod_template_group.g".parse().expect("an address"), record.into());
    let (_, like) = pair();
    let unmarked = Machine { env: None, notes: Some(String::new().into()), ..like };
    let told = found(&ours, &unmarked).expect("told");
    assert_eq!((told.address, told.proof), (None, Proof::Perhaps));
    let env = Some([("A".to_owned(), "1".to_owned())].into_iter().collect());
    assert_eq!(found(&ours, &Machine { env, ..unmarked.clone() }), None, "it shows an environment without a claim");
    assert_eq!(found(&ours, &Machine { group: Some(GroupId(8)), ..unmarked.clone() }), None);
    let intent = Intent::new("beef".into(), IntentAction::RENT, mark().address, Timestamp::UNIX_EPOCH);
    ours.watched.insert("beef".into(), (intent.clone(), Timestamp::UNIX_EPOCH));
    assert_eq!(found(&ours, &unmarked).expect("told").address, Some(mark().address));
    ours.open.insert("beef".into(), intent);
    assert_eq!(found(&ours, &unmarked), None, "it is in doubt");
}

/// An older state never knew the claim, and the environment is hidden: nothing but the number tells the copy.
#[test]
fn a_mark_that_names_another_machine_is_a_copy() {
    let copy = machine(&Mark { machine: Some(MachineId(4)), ..mark() }.write(""), None);
    let told = found(&state(), &copy).expect("told");
    assert_eq!((told.address, told.proof), (None, Proof::Copied));
    let own = machine(&Mark { machine: Some(MachineId(5)), ..mark() }.write(""), None);
    assert_eq!(found(&state(), &own).expect("told").proof, Proof::Made);
    // A call of ours made this one, whatever was copied onto it.
    let intent = Intent::new("beef".into(), IntentAction::RENT, mark().address, Timestamp::UNIX_EPOCH);
    let mut watched = state();
    watched.watched.insert("beef".into(), (intent, Timestamp::UNIX_EPOCH));
    let late = Machine { env: machine("", Some("beef")).env, ..copy };
    assert_eq!(found(&watched, &late).expect("told").proof, Proof::GivenUp);
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
    assert_eq!(late.proof, Proof::GivenUp);
    assert_eq!(late.address, Some(mark().address));
    let foreign = Mark { fleet: "other".into(), ..mark() };
    assert_eq!(found(&watched, &machine(&foreign.write(""), Some("c0ffee"))), None);
}
