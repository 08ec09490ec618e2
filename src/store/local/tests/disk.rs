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
        let mut journal = super::super::journal::Journal::new(
            fs::OpenOptions::new().write(true).open("/dev/full").expect("a device"),
            0,
        );
        assert_eq!(journal.write(b"x").expect_err("no space").kind(), std::io::ErrorKind::StorageFull);
    }
}
