//! State and journal cut at every byte, with any bit flipped, or not to be written: they load, are repaired, or are
//! refused and left alone.

use super::cloud::World;
use super::exhaustive::market;
use super::fleet::{Block, Fleet};
use super::in_virtual_time;
use super::manners::Manners;
use super::run::{How, run};
use super::trouble::{DiskFault, Trouble};
use podform::state::{Event, State, decode};
use podform::store::local::Files;
use podform::store::{LockedStore, StoreError, read};
use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// A real state, and the journal of a run that died before its snapshot.
fn files() -> (String, Vec<u8>) {
    in_virtual_time(async {
        let world = World::new(Manners::default());
        market(&world);
        let mut fleet = Fleet::of(Block::of(1));
        world.configure(&fleet);
        run(&world, &How { hcl: fleet.hcl(), ..How::default() }).await;
        fleet.a().name += 1;
        let trouble = Trouble::Write(3, DiskFault::CrashBefore);
        run(&world, &How { hcl: fleet.hcl(), trouble, ..How::default() }).await;
        let disk = world.disk.lock().unwrap();
        (disk.state.clone(), disk.journal.clone())
    })
}

struct Store {
    _directory: TempDir,
    files: Files,
    loads: Cell<usize>,
}

impl Store {
    fn new() -> Store {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::new(directory.path());
        Store { _directory: directory, files, loads: Cell::default() }
    }

    fn read(&self) -> Result<State, StoreError> {
        in_virtual_time(read(&self.files)).map(|(state, _)| state)
    }

    fn lock(&self) -> Result<(LockedStore, State), StoreError> {
        let files = Box::new(Files::new(self.files.directory()));
        in_virtual_time(LockedStore::open(files, "test", Some(Duration::ZERO)))
    }

    fn write(&self, state: &[u8], journal: &[u8]) {
        fs::write(self.files.state_path(), state).unwrap();
        fs::write(self.files.journal_path(), journal).unwrap();
    }

    /// Loads as a reader, and now and then as a writer. What is refused was left alone.
    fn loads(&self, state: &[u8], journal: &[u8]) -> Option<State> {
        let read = self.read().ok();
        self.loads.set(self.loads.get() + 1);
        if self.loads.get().is_multiple_of(16) {
            assert_eq!(read, self.lock().ok().map(|(_, state)| state));
        }
        assert_eq!(fs::read(self.files.state_path()).unwrap(), state);
        assert_eq!(fs::read(self.files.journal_path()).unwrap(), journal);
        read
    }
}

#[test]
fn a_state_cut_at_any_byte_or_with_any_bit_flipped_is_left_alone() {
    let (state, journal) = files();
    let store = Store::new();
    store.write(state.as_bytes(), &journal);
    assert!(store.loads(state.as_bytes(), &journal).is_some());
    let bytes = state.as_bytes();
    for end in 0..bytes.len() {
        assert!(decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    let mut flipped = bytes.to_vec();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            flipped[at] ^= 1 << bit;
            assert!(decode(&flipped).is_err(), "bit {bit} of byte {at}");
            if (at + bit) % 61 == 0 {
                store.write(&flipped, &journal);
                assert_eq!(store.loads(&flipped, &journal), None, "bit {bit} of byte {at}");
            }
            flipped[at] ^= 1 << bit;
        }
    }
}

#[test]
fn a_journal_cut_at_any_byte_or_with_any_bit_flipped_is_repaired_or_left_alone() {
    let (state, journal) = files();
    let store = Store::new();
    let before = decode(&state).unwrap();
    for end in 0..=journal.len() {
        store.write(state.as_bytes(), &journal[..end]);
        let loaded = store.loads(state.as_bytes(), &journal[..end]).expect("a crash is repaired");
        assert!(loaded.journal_seq >= before.journal_seq);
        if end % 29 == 0 {
            let (mut locked, _) = store.lock().unwrap();
            let seq = in_virtual_time(locked.append(&[Event::End])).unwrap();
            assert_eq!(seq, loaded.journal_seq + 1);
            drop(locked);
            assert_eq!(store.read().unwrap(), State { journal_seq: seq, ..loaded });
        }
    }
    let last = journal[..journal.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
    for at in 0..journal.len() {
        let mut flipped = journal.clone();
        flipped[at] ^= 1 << (at % 8);
        store.write(state.as_bytes(), &flipped);
        let loaded = store.loads(state.as_bytes(), &flipped);
        assert!(loaded.is_none() || at > last, "a flip at {at} is not told");
    }
}

/// A directory in a file's place, and a file in a directory's, fails every user, root too.
#[test]
fn a_file_that_cannot_be_written_changes_nothing() {
    let (state, journal) = files();
    type Place = fn(&Files) -> PathBuf;
    let places: [(&str, Place); 4] = [
        ("lock", Files::lock_path),
        ("journal", Files::journal_path),
        ("backups", |files| files.directory().join("backups")),
        ("state", Files::state_path),
    ];
    for (name, place) in places {
        let store = Store::new();
        store.write(state.as_bytes(), &journal);
        let path = place(&store.files);
        let _ = fs::remove_file(&path);
        match name {
            "backups" => fs::write(&path, "an obstacle").unwrap(),
            _ => fs::create_dir_all(path.join("obstacle")).unwrap(),
        }
        let told = match store.lock() {
            Err(error) => error.to_string(),
            Ok((mut locked, mut loaded)) => {
                let before = loaded.clone();
                let told = in_virtual_time(locked.snapshot(&mut loaded)).expect_err(name).to_string();
                assert_eq!(loaded, before);
                told
            }
        };
        assert!(told.contains(path.file_name().unwrap().to_str().unwrap()), "{name}: {told}");
        let _ = fs::remove_dir_all(&path);
        for (file, bytes) in [(store.files.state_path(), state.as_bytes()), (store.files.journal_path(), &journal)] {
            assert!(file == path || fs::read(&file).unwrap() == bytes, "{name} changed {}", file.display());
        }
    }
}
