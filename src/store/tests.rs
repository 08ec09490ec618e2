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
    store.lock("apply", Duration::ZERO).expect("the lock").0
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
    assert_eq!(names.len(), super::backups::KEPT);
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
    assert!(matches!(locked.snapshot(&mut state), Err(StoreError::Changed { .. })));
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

fn mended(store: &Store) -> crate::state::Repair {
    let lock = store.lock_only("state repair", Duration::ZERO).expect("the lock");
    let repair = crate::state::repair(&store.remains().expect("the files")).expect("something is left");
    store.mend(&lock, &repair.state).expect("mended files");
    assert_eq!(crate::state::verify(&store.remains().expect("the files")), []);
    repair
}

#[test]
fn a_state_cut_anywhere_is_repaired_without_a_loss() {
    let (_guard, store) = store();
    let before = used(&store);
    let (text, journal) =
        (fs::read(store.state_path()).expect("state"), fs::read(store.journal_path()).expect("journal"));
    for end in (0..text.len() - 1).step_by(97) {
        fs::write(store.state_path(), &text[..end]).expect("the cut state");
        fs::write(store.journal_path(), &journal).expect("the journal");
        assert!(!crate::state::verify(&store.remains().expect("the files")).is_empty(), "{end}");
        let repair = mended(&store);
        assert_eq!(repair.losses, Vec::<String>::new(), "{end}");
        assert_eq!(repair.steps.len(), 1, "{:?}", repair.steps);
        let now = store.open_read().expect("a state").state;
        assert_eq!(State { serial: 0, ..now }, State { serial: 0, ..before.clone() });
        fs::remove_dir_all(store.backups_path()).expect("backups");
        fs::write(store.state_path(), &text).expect("the state");
        super::backups::keep(
            store.directory(),
            &State { serial: 1, ..before.clone() },
            std::str::from_utf8(&text).expect("text"),
        )
        .expect("a backup");
    }
}

#[test]
fn a_journal_with_any_bit_flipped_is_repaired() {
    let (_guard, store) = store();
    let before = used(&store);
    let journal = fs::read(store.journal_path()).expect("the journal");
    for at in (0..journal.len()).step_by(41) {
        let mut bytes = journal.clone();
        bytes[at] ^= 1 << (at % 8);
        if bytes[at] == b'\n' || journal[at] == b'\n' {
            continue;
        }
        fs::write(store.journal_path(), &bytes).expect("the damaged journal");
        let repair = crate::state::repair(&store.remains().expect("the files")).expect("something is left");
        assert_eq!((repair.losses.as_slice(), repair.steps.len()), (&[][..], 1), "{at}");
        assert_eq!(State { serial: 0, ..repair.state }, State { serial: 0, ..before.clone() }, "{at}");
    }
}

#[test]
fn a_state_that_another_program_wrote_anew_gets_our_key_back() {
    let (_guard, store) = store();
    let mut state = used(&store);
    lock(&store).snapshot(&mut state).expect("a snapshot");
    let text = fs::read_to_string(store.state_path()).expect("the state");
    let rewrite = |edit: &dyn Fn(&mut serde_json::Value)| {
        let mut json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        json.as_object_mut().expect("an object").remove("podform");
        json["serial"] = 50.into();
        edit(&mut json);
        fs::write(store.state_path(), json.to_string()).expect("the state");
    };
    rewrite(&|json| json["outputs"]["x"] = serde_json::json!({ "value": 1, "type": "number" }));
    let repair = mended(&store);
    assert!(repair.steps.len() == 1 && repair.steps[0].contains("is taken from"), "{:?}", repair.steps);
    assert!(repair.losses.is_empty() && repair.state.outputs.contains_key("x"), "{:?}", repair.losses);
    assert_eq!((repair.state.serial, claims(&repair.state)), (51, vec!["a", "b", "c"]));
    // What it dropped is in the backup, and what it added cannot be joined with that.
    rewrite(&|json| {
        json["resources"] = serde_json::json!([{ "type": "simplepod_instance", "mode": "managed", "name": "x",
        "provider": "p", "instances": [{ "schema_version": 0, "attributes": { "id": "9" }, "sensitive_attributes": [] }] }])
    });
    let repair = mended(&store);
    assert!(repair.steps.len() == 1 && repair.steps[0].contains("is put in its place"), "{:?}", repair.steps);
    assert!(repair.losses.len() == 1 && repair.losses[0].contains("machine 9"), "{:?}", repair.losses);
}

#[test]
fn what_cannot_be_proven_whole_is_a_loss() {
    let (_guard, store) = store();
    used(&store);
    let journal = fs::read_to_string(store.journal_path()).expect("the journal");
    fs::write(store.journal_path(), journal.replacen("\"intent\"", "\"tnetni\"", 1)).expect("the damaged journal");
    let faults = crate::state::verify(&store.remains().expect("the files"));
    assert!(faults.len() == 1 && faults[0].what.contains("line 1"), "{faults:?}");
    let repair = mended(&store);
    assert!(repair.losses.iter().any(|loss| loss.contains("line 1")), "{:?}", repair.losses);
    assert_eq!(claims(&store.open_read().expect("a state").state), ["a", "c"]);
}

/// A lock file that somebody left behind.
fn left(store: &Store, edit: impl Fn(&mut LockInfo)) -> LockInfo {
    let _ = fs::remove_file(store.lock_path());
    let mut info = lock(store).info().clone();
    edit(&mut info);
    fs::write(store.lock_path(), serde_json::to_string(&info).expect("text")).expect("a lock file");
    info
}

#[test]
fn the_lock_of_a_dead_process_is_taken_over_and_that_of_another_host_is_not() {
    let (_guard, store) = store();
    let dead = left(&store, |info| info.started = Some("another boot/1".into()));
    assert_eq!(lock(&store).dead(), Some(&dead));
    assert_eq!(lock(&store).dead(), None, "it was emptied");
    let gone = left(&store, |info| info.pid = u32::MAX);
    assert_eq!(lock(&store).dead(), Some(&gone));
    // This process runs, so its lock holds, whatever the kernel says.
    let alive = left(&store, |_| {});
    assert!(matches!(store.lock("apply", Duration::ZERO), Err(StoreError::Locked { .. })) || alive.started.is_none());
    let other = left(&store, |info| info.host = "elsewhere".into());
    let text = store.lock("apply", Duration::ZERO).expect_err("another host's").to_string();
    assert!(text.contains(&format!("podform force-unlock {}", other.id)), "{text}");
    let text = store.force_unlock("no such id").expect_err("another id").to_string();
    assert!(text.contains(&other.id), "{text}");
    store.force_unlock(&other.id).expect("unlocked");
    assert_eq!(lock(&store).dead(), None);
    assert!(store.force_unlock(&other.id).expect_err("nobody").to_string().contains("nobody holds it"));
}

#[test]
fn the_lock_of_a_process_that_runs_here_is_not_taken_away() {
    let (_guard, store) = store();
    let held = lock(&store);
    let text = store.force_unlock(&held.info().id).expect_err("it runs").to_string();
    assert!(text.contains("on this host runs"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_lock_file_that_was_removed_locks_nothing() {
    let (_guard, store) = store();
    let held = lock(&store);
    fs::remove_file(store.lock_path()).expect("no file");
    let second = lock(&store);
    assert!(matches!(store.lock("apply", Duration::ZERO), Err(StoreError::Locked { .. })));
    drop((held, second));
    lock(&store);
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
        std::thread::spawn(move || waiting.lock("plan", Duration::from_secs(20)).map(|(held, _)| held.info().clone()));
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
    let backup = store.backups_path().join("podform.state.2.4.json");
    for path in [store.state_path(), backup, store.journal_path(), store.lock_path(), plan] {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_write_that_fails_leaves_what_was_there_and_says_so() {
    let (_guard, store) = store();
    let mut state = used(&store);
    let before = fs::read(store.state_path()).expect("the state");
    let mut locked = lock(&store);
    // A file in the place of the directory fails every user, root too.
    fs::remove_dir_all(store.backups_path()).expect("no backups");
    fs::write(store.backups_path(), "x").expect("an obstacle");
    let given = state.clone();
    let text = locked.snapshot(&mut state).expect_err("a failure").to_string();
    assert!(text.contains("backups") && text.contains("as it was before"), "{text}");
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
