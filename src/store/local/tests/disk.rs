//! A disk that refuses, and what it shows to others.

use super::*;

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

#[cfg(unix)]
#[test]
fn files_that_others_made_become_private() {
    use std::os::unix::fs::PermissionsExt;
    let (_guard, store) = store();
    used(&store);
    for path in [store.journal_path(), store.lock_path()] {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("permissions");
    }
    let _held = lock(&store);
    for path in [store.journal_path(), store.lock_path()] {
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}

#[cfg(unix)]
#[test]
fn links_stay_and_what_they_lead_to_is_written() {
    use std::os::unix::fs::symlink;
    let (guard, store) = store();
    fs::create_dir_all(store.directory()).expect("a directory");
    let shared = guard.path().join("shared");
    fs::create_dir(&shared).expect("a directory");
    // Absolute, relative, through another link; nothing stands at their ends yet.
    symlink(shared.join("state"), store.state_path()).expect("a link");
    symlink("../../shared/between", store.journal_path()).expect("a link");
    symlink("journal", shared.join("between")).expect("a link");
    symlink(shared.join("lock"), store.lock_path()).expect("a link");
    let left = shared.join(".podform.state.json.Ab12.tmp");
    fs::write(&left, "half").expect("a leftover");
    let mut state = used(&store);
    assert!(!left.exists());
    assert_eq!(claims(&store.open_read().expect("a state").state), ["a", "b", "c"]);
    assert!(fs::read(shared.join("journal")).is_ok_and(|journal| !journal.is_empty()));
    lock(&store).snapshot(&mut state).expect("a snapshot");
    assert_eq!(fs::read_to_string(shared.join("state")).expect("the state"), encode(&state));
    assert_eq!(fs::read(shared.join("journal")).expect("the journal"), b"");
    for path in [store.state_path(), store.journal_path(), store.lock_path()] {
        assert!(fs::symlink_metadata(&path).expect("a link").is_symlink(), "{}", path.display());
    }
    fs::remove_file(store.state_path()).expect("no link");
    symlink(store.state_path(), store.state_path()).expect("a link to itself");
    let text = lock_refused(&store);
    assert!(text.contains("podform.state.json"), "{text}");
}

#[cfg(unix)]
fn lock_refused(store: &Store) -> String {
    store.lock("apply", Duration::ZERO).expect_err("a refusal").to_string()
}

/// Whoever reads a FIFO waits for ever, and a device has no end.
#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_by_name() {
    let (_guard, store) = store();
    let mut state = used(&store);
    lock(&store).snapshot(&mut state).expect("a snapshot");
    for path in [store.state_path(), store.journal_path(), store.lock_path()] {
        let bytes = fs::read(&path).expect("a file");
        let fifo = || {
            let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo");
            assert!(made.success());
        };
        let device = || std::os::unix::fs::symlink("/dev/zero", &path).expect("a link");
        for make in [&fifo as &dyn Fn(), &device] {
            fs::remove_file(&path).expect("no file");
            make();
            let text = lock_refused(&store);
            assert!(text.contains(&path.display().to_string()) && text.contains("no regular file"), "{text}");
        }
        fs::remove_file(&path).expect("no file");
        fs::write(&path, bytes).expect("as it was");
    }
    let backup = store.backups_path().join("podform.state.9.9.json");
    std::os::unix::fs::symlink("/dev/zero", &backup).expect("a link");
    let text = lock_refused(&store);
    assert!(text.contains("podform.state.9.9.json") && text.contains("no regular file"), "{text}");
    assert!(!crate::state::verify(&store.remains().expect("the files")).faults.is_empty());
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
        let device = fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let mut journal = super::super::journal::Journal::of(device);
        let entries = crate::store::Entries { contained: 0, first: 1, lines: "x".into() };
        let error = journal.append(Path::new("/dev/full"), &entries).expect_err("no space").to_string();
        assert!(error.contains("disk is full"), "{error}");
    }
}

#[test]
fn a_state_of_any_name_has_its_neighbours_beside_it() {
    let (guard, _) = store();
    let directory = guard.path().join("kept");
    let files = |name: &str| crate::store::local::Files::at(&directory.join(name));
    for name in ["lab.tfstate", "lab", "podform.state.json"] {
        let opened = now(LockedStore::open(Box::new(files(name)), "test", Some(Duration::ZERO)));
        let (mut locked, mut state) = opened.expect("the lock");
        now(locked.append(&[begin()])).expect("an entry");
        // What a run left that was killed while it replaced this one, and another one.
        fs::write(directory.join(format!(".{name}.Ab12.tmp")), "x").expect("a file");
        now(locked.snapshot(&mut state)).expect("a state");
    }
    fs::write(directory.join(".lab.tfstate.journal.Ab12.tmp"), "x").expect("a file");
    now(LockedStore::open(Box::new(files("lab")), "test", Some(Duration::ZERO))).expect("the lock");
    let mut names: Vec<String> = fs::read_dir(&directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            ".lab.tfstate.Ab12.tmp",
            ".lab.tfstate.journal.Ab12.tmp",
            ".podform.state.json.Ab12.tmp",
            "backups",
            "lab",
            "lab.backups",
            "lab.journal",
            "lab.lock",
            "lab.tfstate",
            "lab.tfstate.backups",
            "lab.tfstate.journal",
            "lab.tfstate.lock",
            "podform.journal",
            "podform.lock",
            "podform.state.json",
        ]
    );
}
