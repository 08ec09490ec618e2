//! Who holds the lock, and whose it is after a death.

use super::*;

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
    let gone = left(&store, |info| info.pid = u32::MAX);
    assert_eq!(lock(&store).dead(), Some(&gone));
    assert_eq!(lock(&store).dead(), None, "it was emptied");
    // This process runs, so its lock holds, whatever the kernel says.
    let alive = left(&store, |_| {});
    assert!(matches!(store.lock("apply", Duration::ZERO), Err(StoreError::Locked { .. })) || alive.started.is_none());
    let other = left(&store, |info| {
        info.host = "elsewhere".into();
        info.started = Some("another boot/1".into());
    });
    let text = store.lock("apply", Duration::ZERO).expect_err("another host's").hint().expect("a hint");
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

/// Another host, which does not see this lock, was made to take it: the file is the same, and names the other run now.
#[test]
fn a_run_that_lost_its_lock_leaves_what_its_successor_wrote() {
    let (_guard, store) = store();
    let held = lock(&store);
    let mut other = held.info().clone();
    (other.id, other.host) = ("another".into(), "elsewhere".into());
    let text = serde_json::to_string(&other).expect("text");
    fs::write(store.lock_path(), &text).expect("a lock file");
    drop(held);
    assert_eq!(fs::read_to_string(store.lock_path()).expect("a lock file"), text);
    assert!(matches!(store.lock("apply", Duration::ZERO), Err(StoreError::Locked { .. })));
}

#[test]
fn one_lock_at_a_time() {
    let (_guard, store) = store();
    let held = lock(&store);
    let refused = store.lock("destroy", Duration::ZERO).expect_err("a refusal");
    assert!(refused.hint().is_some_and(|hint| hint.contains("-lock-timeout")));
    let text = refused.to_string();
    let info = held.info();
    for word in [&info.id, &info.who, "Lock Info:\n  ID: ", "  Operation: apply\n", "podform.lock"] {
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
