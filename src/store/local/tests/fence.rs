//! What is taken away from a run that is alive (invariant 14), and what it keeps.

use super::*;

/// A run that has written two entries, and whose next append must be refused. What it kept, and why.
#[track_caller]
fn refused(take_away: impl FnOnce(&Store)) -> (TempDir, Store, Option<String>, Part) {
    let (guard, store) = store();
    used(&store);
    let mut locked = lock(&store);
    locked.append(&[begin(), opened("d")]).expect("an append");
    take_away(&store);
    let done = Event::NotDone { claim: "d".into(), reason: "refused".into() };
    let error = locked.append(&[opened("e"), done]).expect_err("a refusal");
    let text = error.to_string();
    assert!(text.contains("stopped before its next call") && !text.contains("everything"), "{text}");
    let StoreError::Fenced { part, kept, .. } = error else { panic!("{text}") };
    let again = locked.append(&[Event::End]).expect_err("a refusal").to_string();
    assert_eq!(text, again);
    let kept = kept.map(|place| fs::read_to_string(place.expect("it was kept").to_string()).expect("what was kept"));
    drop(locked);
    (guard, store, kept, part)
}

fn told(kept: &str) -> Vec<String> {
    let replay = decode_journal(kept.as_bytes());
    assert!(replay.error.is_none() && !replay.torn_tail && replay.entries[0].seq == 1, "{kept}");
    replay.entries.iter().map(|entry| entry.event.to_string()).collect()
}

#[test]
fn a_lock_that_names_another_run_or_none_refuses_the_append() {
    let edits: [&dyn Fn(&Store); 3] = [
        &|store| fs::write(store.lock_path(), "").expect("an emptied lock"),
        &|store| fs::remove_file(store.lock_path()).expect("no lock"),
        &|store| {
            let text = fs::read_to_string(store.lock_path()).expect("the lock");
            let id = serde_json::from_str::<LockInfo>(&text).expect("a holder").id;
            fs::write(store.lock_path(), text.replace(&id, "another")).expect("another's lock");
        },
    ];
    for edit in edits {
        let (_guard, store, kept, part) = refused(edit);
        assert_eq!(part, Part::Lock);
        // The journal stands: only what it does not say is kept, and an intent that was never durable was never sent.
        assert_eq!(told(&kept.expect("an answer")), ["begin", "not done (claim d)"]);
        assert_eq!(claims(&store.open_read().expect("a state").state), ["a", "b", "c"]);
    }
}

#[test]
fn a_journal_that_was_cut_replaced_or_removed_refuses_the_append_and_all_of_it_is_kept() {
    let edits: [&dyn Fn(&Store); 3] = [
        &|store| fs::write(store.journal_path(), "").expect("a cut journal"),
        &|store| fs::remove_file(store.journal_path()).expect("no journal"),
        &|store| {
            let bytes = fs::read(store.journal_path()).expect("the journal");
            fs::remove_file(store.journal_path()).expect("no journal");
            fs::write(store.journal_path(), &bytes[..bytes.len() / 2]).expect("another journal");
        },
    ];
    for edit in edits {
        let (_guard, store, kept, part) = refused(edit);
        assert_eq!(part, Part::Journal);
        assert_eq!(
            told(&kept.expect("all of it")),
            ["begin", "intent Rent of simplepod_instance.worker[\"c\"] (claim d)", "not done (claim d)"]
        );
        drop(store);
    }
}

#[test]
fn a_run_that_never_wrote_does_not_write_over_what_another_one_did_meanwhile() {
    let (_guard, store) = store();
    used(&store);
    let mut locked = lock(&store);
    fs::remove_file(store.lock_path()).expect("no lock");
    lock(&store).append(&[opened("other")]).expect("an append");
    let journal = fs::read(store.journal_path()).expect("the journal");
    let error = locked.append(&[opened("d")]).expect_err("a refusal");
    assert!(matches!(error, StoreError::Fenced { part: Part::Lock, kept: None, .. }), "{error}");
    assert_eq!(fs::read(store.journal_path()).expect("the journal"), journal);
}

#[test]
fn what_was_kept_is_taken_up_by_whoever_reads_and_goes_with_the_next_snapshot() {
    let (_guard, store, kept, _) = refused(|store| fs::remove_dir_all(store.directory()).expect("no directory"));
    assert!(kept.is_some());
    let loaded = store.open_read().expect("a state");
    assert_eq!((loaded.state.lineage.as_str(), claims(&loaded.state)), (LINEAGE, Vec::new()));
    let mut locked = lock(&store);
    assert!(matches!(locked.store.remarks(), [Remark::TakenUp { .. }]) && locked.store.is_journaled());
    let mut state = loaded.state;
    locked.snapshot(&mut state).expect("a snapshot");
    drop(locked);
    assert!(lock(&store).store.remarks().is_empty());
    assert_eq!(store.remains().expect("the files").kept, []);
}

#[test]
fn what_was_kept_by_a_run_of_another_state_is_told_and_repair_names_what_is_in_it() {
    let (_guard, store, kept, _) = refused(|store| fs::remove_dir_all(store.directory()).expect("no directory"));
    assert!(kept.is_some());
    let theirs = intent("theirs", "simplepod_instance.worker[\"z\"]");
    let open = [("theirs".to_owned(), theirs)].into();
    let mut state = State { lineage: "another".into(), serial: 1, open, ..State::default() };
    let path = fs::read_dir(store.directory()).expect("a directory").flatten().next().expect("a file").path();
    let bytes = fs::read(&path).expect("what was kept");
    fs::remove_file(&path).expect("put aside");
    lock(&store).put(&mut state).expect("a state");
    fs::write(&path, bytes).expect("what was kept");
    assert!(matches!(lock(&store).store.remarks(), [Remark::Foreign { .. }]));
    let repair = crate::state::repair(&store.remains().expect("the files")).expect("a repair");
    assert!(repair.losses.iter().any(|loss| loss.contains("lineage")), "{:?}", repair.losses);
    let mut files = store.lock_only("state repair", Duration::ZERO).expect("the lock");
    now(files.mend(&Snapshot::of(&repair.state))).expect("mended files");
    assert!(!path.exists());
    assert_eq!(crate::state::verify(&store.remains().expect("the files")), Verdict::default());
}

#[test]
fn a_journal_names_the_snapshot_that_it_continues_and_another_one_is_damage() {
    let (_guard, store) = store();
    let mut state = used(&store);
    let journal = fs::read_to_string(store.journal_path()).expect("the journal");
    let sum = crate::state::sum_in(&fs::read(store.state_path()).expect("the state")).expect("a sum").to_owned();
    assert_eq!(journal.lines().map(|line| line.contains(&sum)).collect::<Vec<_>>(), [true, false]);
    // Another clone went on from the same snapshot.
    let mut other = lock(&store);
    other.append(&[opened("other")]).expect("an append");
    state.open.insert("other".into(), intent("other", "simplepod_instance.worker[\"c\"]"));
    other.snapshot(&mut state).expect("a snapshot");
    drop(other);
    for (cut, way) in [(journal.len(), "contained"), (0, "beyond")] {
        let mut journal = journal.clone();
        if cut == 0 {
            let at = "2026-03-02T09:15:00Z".parse().expect("a time");
            for seq in 5..9 {
                journal += &crate::state::encode_event(seq, at, (None, None), &opened(&format!("n{seq}")));
            }
        } else {
            journal = journal.replace("\"claim\":\"c\"", "\"claim\":\"x\"");
            let entries = journal.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
            let entries = entries.map(|mut entry| {
                entry.as_object_mut().expect("an object").remove("sum");
                serde_json::from_value::<crate::state::Entry>(entry).expect("an entry")
            });
            journal = entries.map(|entry| crate::state::encode_entry(&entry)).collect();
        }
        fs::write(store.journal_path(), &journal).expect("the journal of the first clone");
        let text = store.open_read().expect_err("damage").to_string();
        assert!(text.contains("does not continue the state") && text.contains("podform state repair"), "{way}: {text}");
        assert!(!crate::state::verify(&store.remains().expect("the files")).faults.is_empty(), "{way}");
        let repair = crate::state::repair(&store.remains().expect("the files")).expect("a repair");
        assert_eq!(repair.losses, Vec::<String>::new(), "{way}");
        let has = |claim: &str| repair.state.open.contains_key(claim);
        assert!(
            has("a") && has("b") && has("other") && has(if cut == 0 { "n8" } else { "x" }),
            "{way}: {:?}",
            claims(&repair.state)
        );
    }
}

#[test]
fn a_journal_of_an_older_version_which_names_no_snapshot_loads() {
    let (_guard, store) = store();
    used(&store);
    let journal = fs::read(store.journal_path()).expect("the journal");
    let entries = decode_journal(&journal).entries.into_iter();
    let older: String =
        entries.map(|entry| crate::state::encode_entry(&crate::state::Entry { snapshot: None, ..entry })).collect();
    assert!(!older.contains("snapshot"));
    fs::write(store.journal_path(), older).expect("the journal");
    assert_eq!(claims(&store.open_read().expect("a state").state), ["a", "b", "c"]);
}
