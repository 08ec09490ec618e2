//! What the journal holds, and what becomes of it in a crash.

use super::*;

#[test]
fn nothing_on_disk_is_an_empty_state_and_reading_writes_nothing() {
    let (_guard, store) = store();
    let loaded = store.open_read().expect("a state");
    assert_eq!(loaded, Loaded { state: State::default(), journaled: false, torn_tail: false });
    assert!(!store.directory().exists());
}

#[test]
fn what_was_appended_outlives_a_run_without_a_snapshot() {
    let (_guard, store) = store();
    assert_eq!(lock(&store).append(&[begin(), opened("a")]).expect("an append"), 2);
    let loaded = store.open_read().expect("a state");
    assert!(loaded.journaled && !loaded.torn_tail);
    assert_eq!((loaded.state.lineage.as_str(), claims(&loaded.state)), (LINEAGE, vec!["a"]));
    assert_eq!(lock(&store).append(&[opened("b")]).expect("an append"), 3);
    assert_eq!(claims(&store.open_read().expect("a state").state), ["a", "b"]);
    assert_eq!(lock(&store).append(&[]).expect("no append"), 3);
}

#[test]
fn a_crash_between_rename_and_truncation_repeats_nothing() {
    let (_guard, store) = store();
    let mut state = used(&store);
    let journal = fs::read(store.journal_path()).expect("the journal");
    lock(&store).snapshot(&mut state).expect("a snapshot");
    fs::write(store.journal_path(), &journal).expect("the journal as it was");
    let loaded = store.open_read().expect("a state");
    assert_eq!(loaded, Loaded { state, journaled: false, torn_tail: false });
    assert_eq!(lock(&store).append(&[opened("d")]).expect("an append"), 5);
    assert_eq!(claims(&store.open_read().expect("a state").state), ["a", "b", "c", "d"]);
    assert!(fs::read(store.journal_path()).expect("the journal").len() < journal.len());
}

#[test]
fn a_journal_cut_at_any_byte_loads_and_goes_on() {
    let (_guard, store) = store();
    used(&store);
    let journal = fs::read(store.journal_path()).expect("the journal");
    let first = journal.iter().position(|&b| b == b'\n').expect("two lines");
    for end in (0..=journal.len()).step_by(7).chain([first, first + 1, journal.len() - 1]) {
        fs::write(store.journal_path(), &journal[..end]).expect("the cut journal");
        let whole = usize::from(end >= first) + usize::from(end >= journal.len() - 1);
        let loaded = store.open_read().expect("a state");
        assert_eq!(claims(&loaded.state), ["a", "b", "c"][..=whole], "{end}");
        let seq = lock(&store).append(&[opened("z")]).expect("an append");
        assert_eq!(seq, 3 + whole as u64, "{end}");
        let loaded = store.open_read().expect("a state");
        assert_eq!((claims(&loaded.state).len(), loaded.torn_tail), (whole + 2, false), "{end}");
    }
}

#[test]
fn damage_and_gaps_stop_every_open_and_change_nothing() {
    let (_guard, store) = store();
    used(&store);
    let (state, journal) = (fs::read(store.state_path()).expect("a"), fs::read(store.journal_path()).expect("b"));
    let mut flipped = journal.clone();
    flipped[20] ^= 1;
    fs::write(store.journal_path(), &flipped).expect("damage");
    let text = store.open_read().expect_err("damage").to_string();
    assert!(text.contains("podform.journal") && text.contains("line 1"), "{text}");
    assert!(matches!(store.lock("apply", Duration::ZERO), Err(StoreError::Journal { .. })));
    fs::write(store.journal_path(), &journal).expect("as it was");
    fs::remove_file(store.state_path()).expect("no state");
    assert!(matches!(store.open_read(), Err(StoreError::Journal { .. })));
    for bytes in [&b"{"[..], b"\xff", b"{\"version\": 4}"] {
        fs::write(store.state_path(), bytes).expect("no state of ours");
        store.open_read().expect_err("a refusal");
        store.lock("apply", Duration::ZERO).expect_err("a refusal");
        store.without_lock("apply").expect_err("a refusal");
        assert_eq!(fs::read(store.state_path()).expect("the state"), bytes);
        store.lock_only("state repair", Duration::ZERO).expect("the lock alone");
    }
    let refused = store.open_read().expect_err("a refusal");
    assert!(matches!(refused, StoreError::State { error: StateError::Rewritten, .. }));
    fs::write(store.state_path(), &state).expect("as it was");
    store.open_read().expect("a state");
}

#[test]
fn a_reader_beside_a_writer_always_sees_one_moment() {
    let (_guard, store) = store();
    let mut locked = lock(&store);
    locked.append(&[begin()]).expect("an append");
    let reading = store.clone();
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = done.clone();
    let reader = std::thread::spawn(move || {
        let mut last = 0;
        while !seen.load(std::sync::atomic::Ordering::Relaxed) {
            let state = reading.open_read().expect("a state").state;
            // Entry 1 begins; each later one opens an intent.
            assert_eq!(state.open.len() as u64 + 1, state.journal_seq);
            assert!(state.journal_seq >= last, "{} after {last}", state.journal_seq);
            last = state.journal_seq;
        }
    });
    for round in 0..20 {
        locked.append(&[opened(&format!("{round}-a")), opened(&format!("{round}-b"))]).expect("an append");
        let mut state = locked.load().expect("a state").state;
        locked.snapshot(&mut state).expect("a snapshot");
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    reader.join().expect("a consistent reader");
}
