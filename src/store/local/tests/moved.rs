//! A state that was moved away, and one that comes back; and the copies that are kept.

use super::*;
use crate::state::Moved;

fn open(store: &Store, anew: bool) -> Result<(LockedStore, State), StoreError> {
    let files: Box<dyn StateStore> = Box::new(store.files());
    now(async {
        match anew {
            true => LockedStore::open_anew(files, "test", Some(Duration::ZERO)).await,
            false => LockedStore::open(files, "test", Some(Duration::ZERO)).await,
        }
    })
}

#[test]
fn where_a_state_was_every_run_is_told_where_it_is_and_it_may_come_back() {
    let (_guard, store) = store();
    let before = used(&store);
    let (mut locked, mut state) = open(&store, false).expect("a state");
    now(locked.snapshot(&mut state)).expect("a snapshot");
    now(locked.leave(&state, "s3://bucket/key")).expect("word is left");
    let bytes = fs::read(store.state_path()).expect("a file");
    let moved = Moved::read(&bytes).expect("it says where to");
    assert_eq!((moved.to.as_str(), moved.lineage.as_str()), ("s3://bucket/key", before.lineage.as_str()));
    assert!(moved.serial > state.serial && moved.journal_seq >= state.journal_seq);
    assert_eq!(fs::read(store.journal_path()).expect("the journal"), b"");
    for told in [open(&store, false).map(drop), now(read(&store.files())).map(drop)] {
        let told = told.expect_err("it is not here");
        assert!(matches!(&told, StoreError::State { error: StateError::Moved { .. }, .. }), "{told}");
        assert!(told.to_string().contains("s3://bucket/key"), "{told}");
    }
    assert_eq!(fs::read(store.state_path()).expect("a file"), bytes, "nothing was written over it");
    let (mut back, known) = open(&store, true).expect("it may come back");
    assert!(known.lineage.is_empty());
    let mut returned = state.clone();
    now(back.put(&mut returned)).expect("written");
    assert!(returned.serial > moved.serial, "its numbers go on");
    let (there, remarks) = now(read(&store.files())).expect("a state");
    assert_eq!((there, remarks.len()), (returned, 0));
}

#[test]
fn copies_are_listed_and_read() {
    let (_guard, store) = store();
    let state = used(&store);
    let files = store.files();
    let all = now(files.history()).expect("a list");
    let newest = all.first().expect("a copy");
    assert_eq!(newest.serial, Some(1));
    assert!(newest.at.is_some());
    let text = now(files.former(newest)).expect("readable").expect("it is there");
    assert_eq!(decode(text).expect("a state").lineage, state.lineage);
    fs::remove_dir_all(store.backups_path()).expect("removed");
    assert!(now(files.former(newest)).expect("readable").is_none());
    assert!(now(files.history()).expect("a list").is_empty());
}
