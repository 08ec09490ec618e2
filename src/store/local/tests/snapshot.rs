//! The snapshot: what it takes in, what it refuses to write over.

use super::*;

#[test]
fn a_snapshot_takes_the_journal_in() {
    let (_guard, store) = store();
    let mut state = used(&store);
    let mut locked = lock(&store);
    locked.snapshot(&mut state).expect("a snapshot");
    assert_eq!((state.serial, state.journal_seq), (2, 4));
    assert_eq!(fs::read(store.journal_path()).expect("the journal"), b"");
    let loaded = store.open_read().expect("a state");
    assert_eq!(loaded, Loaded { state: state.clone(), journaled: false, torn_tail: false });
    assert_eq!(backups(&store), ["podform.state.1.2.json", "podform.state.2.4.json"]);
    let newest = fs::read(store.backups_path().join("podform.state.2.4.json")).expect("the backup");
    assert_eq!(newest, fs::read(store.state_path()).expect("the state"));
    locked.append(&[Event::End]).expect("an append");
    locked.snapshot(&mut state).expect("a snapshot");
    assert_eq!((state.serial, state.journal_seq), (2, 5), "nothing has changed");
    assert_eq!(lock_free_append(locked, &store), 6);
}

fn backups(store: &Store) -> Vec<String> {
    let entries = fs::read_dir(store.backups_path()).expect("a directory").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_last_states_are_kept_and_each_loads() {
    let (_guard, store) = store();
    let mut locked = lock(&store);
    for at in 0..15 {
        locked.append(&[opened(&format!("claim{at}"))]).expect("an append");
        let mut state = locked.load().expect("a state").state;
        locked.snapshot(&mut state).expect("a snapshot");
    }
    let names = backups(&store);
    assert_eq!(names.len(), super::super::backups::KEPT);
    let serial = |name: &String| {
        let text = fs::read_to_string(store.backups_path().join(name)).expect("a backup");
        crate::state::decode(&text).expect("a state").serial
    };
    let mut serials: Vec<u64> = names.iter().map(serial).collect();
    serials.sort_unstable();
    assert_eq!(serials, (6..=15).collect::<Vec<u64>>());
}

#[test]
fn a_state_that_was_edited_meanwhile_is_not_written_over_and_the_journal_stays() {
    let (_guard, store) = store();
    let mut state = used(&store);
    let mut locked = lock(&store);
    locked.append(&[opened("d")]).expect("an append");
    let journal = fs::read(store.journal_path()).expect("the journal");
    let text = fs::read_to_string(store.state_path()).expect("the state");
    fs::write(store.state_path(), text.replace("\"serial\": 1", "\"serial\": 8")).expect("an edit");
    let edited = fs::read(store.state_path()).expect("the state");
    let error = locked.snapshot(&mut state).expect_err("a refusal").to_string();
    assert!(error.contains("serial 1") && error.contains("serial 8") && error.contains("journal"), "{error}");
    assert_eq!(fs::read(store.state_path()).expect("the state"), edited);
    assert_eq!(fs::read(store.journal_path()).expect("the journal"), journal);
    fs::remove_file(store.state_path()).expect("no state");
    assert!(matches!(locked.snapshot(&mut state), Err(StoreError::Changed { .. })));
    fs::write(store.state_path(), text).expect("the state as it was");
    locked.snapshot(&mut state).expect("a snapshot");
}

#[test]
fn a_journal_that_somebody_else_wrote_to_is_not_emptied() {
    let (_guard, store) = store();
    let mut state = used(&store);
    let mut locked = lock(&store);
    locked.append(&[opened("d")]).expect("an append");
    store.without_lock("apply").expect("no lock").0.append(&[opened("e")]).expect("an append");
    let journal = fs::read(store.journal_path()).expect("the journal");
    let refused = locked.snapshot(&mut state).expect_err("a refusal");
    assert!(matches!(refused, StoreError::Fenced { part: Part::Journal, kept: None, .. }), "{refused}");
    assert_eq!(fs::read(store.journal_path()).expect("the journal"), journal);
}

#[test]
fn a_state_that_is_put_takes_the_place_of_all() {
    let (_guard, store) = store();
    used(&store);
    let mut other = State { serial: 3, lineage: "other".into(), ..State::default() };
    lock(&store).put(&mut other).expect("a state");
    let loaded = store.open_read().expect("a state");
    assert_eq!((loaded.state.serial, loaded.state.lineage.as_str(), loaded.state.journal_seq), (3, "other", 4));
    assert!(claims(&loaded.state).is_empty() && !loaded.journaled);
}

fn lock_free_append(locked: Locked, store: &Store) -> u64 {
    drop(locked);
    lock(store).append(&[Event::End]).expect("an append")
}

#[test]
fn a_first_snapshot_makes_a_lineage() {
    let (_guard, store) = store();
    let mut state = State::default();
    lock(&store).snapshot(&mut state).expect("a snapshot");
    assert_eq!((state.lineage.len(), state.serial), (36, 1));
}

#[test]
fn another_lineage_is_not_written_over() {
    let (_guard, store) = store();
    used(&store);
    let before = fs::read(store.state_path()).expect("the state");
    let mut other = State { lineage: "another".into(), ..State::default() };
    let error = lock(&store).snapshot(&mut other).expect_err("a refusal").to_string();
    assert!(error.contains(LINEAGE) && error.contains("another"), "{error}");
    assert_eq!(fs::read(store.state_path()).expect("the state"), before);
}

#[test]
fn a_state_that_would_not_load_is_not_written() {
    let (_guard, store) = store();
    let mut bad = state();
    let mut address = bad.resources.keys().next().expect("an address").clone();
    address.resource.name = "no name".into();
    bad.resources.insert(address, crate::state::Record::default().into());
    let given = bad.clone();
    assert!(matches!(lock(&store).snapshot(&mut bad), Err(StoreError::Unreadable { .. })));
    assert_eq!(bad, given);
    assert!(!store.state_path().exists());
}
