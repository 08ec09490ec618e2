//! The disk: crashes, contention, refusals; and the samples of every released version.

use super::*;
use crate::state::sample::{LINEAGE, account, intent, state};
use crate::state::{Event, State, StateError, encode};
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::new(directory.path().join("fleet/state"));
    (directory, store)
}

fn lock(store: &Store) -> LockedStore {
    store.lock("apply", Duration::ZERO).expect("the lock")
}

fn begin() -> Event {
    Event::Begin { lineage: LINEAGE.into(), fleet: Some("acme".into()), account: account() }
}

fn opened(claim: &str) -> Event {
    Event::Intent(Box::new(intent(claim, "simplepod_instance.worker[\"c\"]")))
}

fn claims(state: &State) -> Vec<&str> {
    state.open.keys().map(String::as_str).collect()
}

/// A store with a snapshot that contains two entries, and two more in the journal.
fn used(store: &Store) -> State {
    let mut locked = lock(store);
    locked.append(&[begin(), opened("a")]).expect("an append");
    let mut state = locked.load().expect("a state").state;
    locked.snapshot(&mut state).expect("a snapshot");
    locked.append(&[opened("b")]).expect("an append");
    locked.append(&[opened("c")]).expect("an append");
    locked.load().expect("a state").state
}

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
fn a_snapshot_takes_the_journal_in() {
    let (_guard, store) = store();
    let mut state = used(&store);
    let mut locked = lock(&store);
    locked.snapshot(&mut state).expect("a snapshot");
    assert_eq!((state.serial, state.journal_seq), (2, 4));
    assert_eq!(fs::read(store.journal_path()).expect("the journal"), b"");
    let loaded = store.open_read().expect("a state");
    assert_eq!(loaded, Loaded { state: state.clone(), journaled: false, torn_tail: false });
    let backup = fs::read_to_string(store.backup_path()).expect("the backup");
    assert_eq!(crate::state::decode(&backup).expect("a state").serial, 1);
    locked.append(&[Event::End]).expect("an append");
    locked.snapshot(&mut state).expect("a snapshot");
    assert_eq!((state.serial, state.journal_seq), (2, 5), "nothing has changed");
    assert_eq!(lock_free_append(locked, &store), 6);
}

fn lock_free_append(locked: LockedStore, store: &Store) -> u64 {
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
    bad.resources.insert(address, crate::state::Record::default());
    let given = bad.clone();
    assert!(matches!(lock(&store).snapshot(&mut bad), Err(StoreError::Unreadable { .. })));
    assert_eq!(bad, given);
    assert!(!store.state_path().exists());
}

#[test]
fn one_lock_at_a_time() {
    let (_guard, store) = store();
    let held = lock(&store);
    let text = store.lock("destroy", Duration::ZERO).expect_err("a refusal").to_string();
    let info = held.info();
    for word in [&info.id, &info.who, "Lock Info:\n  ID: ", "  Operation: apply\n", "podform.lock", "-lock-timeout"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    store.open_read().expect("reading needs no lock");
    store.without_lock("apply").expect("nor does -lock=false");
    let waiting = store.clone();
    let waiter =
        std::thread::spawn(move || waiting.lock("plan", Duration::from_secs(20)).map(|held| held.info().clone()));
    std::thread::sleep(Duration::from_millis(150));
    drop(held);
    assert_eq!(waiter.join().expect("a thread").expect("the lock").operation, "plan");
    let stale = "{\"id\":\"x\",\"operation\":\"apply\",\"who\":\"a@b\",\"pid\":1,\"version\":\"0\",\"created\":\"2026-03-02T09:15:00Z\"}";
    fs::write(store.lock_path(), stale).expect("what a killed run leaves");
    lock(&store);
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

#[test]
fn what_a_killed_run_left_is_swept() {
    let (_guard, store) = store();
    used(&store);
    let left = store.directory().join(".podform.state.json.Ab12.tmp");
    fs::write(&left, "half").expect("a leftover");
    lock(&store);
    assert!(!left.exists());
}

#[cfg(unix)]
#[test]
fn files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let (_guard, store) = store();
    let mut state = used(&store);
    let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(&store.journal_path()), 0o600);
    lock(&store).snapshot(&mut state).expect("a snapshot");
    let plan = store.directory().join("saved.pfplan");
    write_private(&plan, b"plan").expect("a file");
    for path in [store.state_path(), store.backup_path(), store.journal_path(), store.lock_path(), plan] {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_write_that_fails_leaves_what_was_there_and_says_so() {
    let (_guard, store) = store();
    let mut state = used(&store);
    let before = fs::read(store.state_path()).expect("the state");
    let mut locked = lock(&store);
    // A directory in the backup's place fails every user, root too.
    let backup = store.backup_path();
    let _ = fs::remove_file(&backup);
    fs::create_dir_all(backup.join("x")).expect("an obstacle");
    let given = state.clone();
    let text = locked.snapshot(&mut state).expect_err("a failure").to_string();
    assert!(text.contains("podform.state.json.backup") && text.contains("as it was before"), "{text}");
    assert_eq!((fs::read(store.state_path()).expect("the state"), state), (before, given));
    drop(locked);
    store.open_read().expect("a state");
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_read_but_not_written() {
    use std::os::unix::fs::PermissionsExt;
    let (_guard, store) = store();
    let mut state = used(&store);
    let mut locked = lock(&store);
    fs::set_permissions(store.directory(), fs::Permissions::from_mode(0o500)).expect("permissions");
    // Root writes everywhere: nothing to see then.
    let refused = fs::write(store.directory().join("probe"), "").is_err();
    store.open_read().expect("a state");
    let result = locked.snapshot(&mut state);
    fs::set_permissions(store.directory(), fs::Permissions::from_mode(0o700)).expect("permissions");
    if refused {
        let text = result.expect_err("a failure").to_string();
        assert!(text.contains("as it was before") && text.contains("right to read and write"), "{text}");
    }
    store.open_read().expect("a state");
}

#[test]
fn a_full_disk_is_named() {
    let error = StoreError::io("write the state", Path::new("x"))(std::io::ErrorKind::StorageFull.into()).to_string();
    assert!(error.starts_with("Cannot write the state at x: ") && error.contains("disk is full"), "{error}");
    if Path::new("/dev/full").exists() {
        let mut journal =
            write::Journal::new(fs::OpenOptions::new().write(true).open("/dev/full").expect("a device"), 0);
        assert_eq!(journal.write(b"x").expect_err("no space").kind(), std::io::ErrorKind::StorageFull);
    }
}

/// Every sample that was ever released loads and fits the schema; this version writes the newest one.
#[test]
fn samples_load_for_ever() {
    let documented = Path::new(env!("CARGO_MANIFEST_DIR")).join("state");
    let sample = documented.join("samples").join(concat!("v", env!("CARGO_PKG_VERSION"), ".state.json"));
    // Set once for a new version; a released sample never changes.
    if std::env::var_os("PODFORM_WRITE_SAMPLE").is_some() {
        fs::write(&sample, encode(&state())).expect("a sample");
    }
    let json = |path: &Path| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON")
    };
    let schema = jsonschema::validator_for(&json(&documented.join("schema.json"))).expect("a schema");
    let mut seen = 0;
    for entry in fs::read_dir(documented.join("samples")).expect("the samples") {
        let path = entry.expect("an entry").path();
        let value = json(&path);
        let faults: Vec<String> = schema.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(faults.is_empty(), "{}: {faults:#?}", path.display());
        let text = fs::read_to_string(&path).expect("a file");
        crate::state::decode(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        seen += 1;
        for key in ["/podform/unheard_of", "/unheard_of", "/podform/open/0/unheard_of", "/resources/0/unheard_of"] {
            let mut more = value.clone();
            let (parent, name) = key.rsplit_once('/').expect("a path");
            more.pointer_mut(parent).and_then(|at| at.as_object_mut()).expect(key).insert(name.into(), 1.into());
            assert!(!schema.is_valid(&more), "{key}");
        }
    }
    assert!(seen > 0);
    assert_eq!(fs::read_to_string(&sample).expect("this version's sample"), encode(&state()));
    let empty: serde_json::Value = serde_json::from_str(&encode(&State::default())).expect("JSON");
    assert!(schema.is_valid(&empty));
}
