//! The chain over objects in memory: what becomes of it when answers are lost, late or slow, and when others write.

use super::conformance::{begin, opened};
use super::memory::{Fate, KEY, Memory};
use crate::simulation::in_virtual_time;
use podform::state::{State, decode, encode, repair, verify};
use podform::store::chain::{Condition, Probed};
use podform::store::{LockInfo, LockedStore, Objects, Part, Remark, Snapshot, StateStore, StoreError, Tried, read};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::time::sleep;

async fn run(memory: &Memory) -> (LockedStore, State) {
    LockedStore::open(Box::new(memory.store()), "apply", None).await.unwrap()
}

async fn claims(memory: &Memory) -> Vec<String> {
    read(&memory.fair().store()).await.unwrap().0.open.into_keys().collect()
}

/// A snapshot with an intent in it.
async fn used(memory: &Memory) -> State {
    let (mut store, mut state) = run(memory).await;
    for event in [begin(), opened("a")] {
        store.append(std::slice::from_ref(&event)).await.unwrap();
        state.apply(event);
    }
    store.snapshot(&mut state).await.unwrap();
    state
}

async fn write(store: &mut LockedStore, state: &mut State, claim: &str) {
    store.append(&[opened(claim)]).await.unwrap();
    state.apply(opened(claim));
}

fn numbers(memory: &Memory) -> Vec<u64> {
    let keys = memory.keys().into_iter();
    keys.filter_map(|key| key.split_once(".podform/journal/").map(|(_, number)| number.parse().unwrap())).collect()
}

#[test]
fn a_write_whose_answer_is_lost_is_done_once() {
    for fate in [Fate::Lost, Fate::Dropped, Fate::Late(500), Fate::Late(5000), Fate::Slow(15_000)] {
        for part in ["journal/", KEY, "backups/"] {
            in_virtual_time(async move {
                let memory = Memory::default();
                used(&memory).await;
                let (mut store, mut state) = run(&memory).await;
                memory.next(part, fate);
                write(&mut store, &mut state, "b").await;
                write(&mut store, &mut state, "c").await;
                store.snapshot(&mut state).await.unwrap();
                write(&mut store, &mut state, "d").await;
                assert_eq!(claims(&memory).await, ["a", "b", "c", "d"], "{part}: {fate:?}");
                assert_eq!(memory.bytes(KEY).map(|bytes| decode(bytes).unwrap().serial), Some(2), "{part}: {fate:?}");
                sleep(Duration::from_secs(10)).await;
                assert_eq!(claims(&memory).await, ["a", "b", "c", "d"], "{part}: {fate:?}");
            });
        }
    }
}

#[test]
fn a_seal_whose_answer_is_lost_is_set_all_the_same() {
    for fate in [Fate::Lost, Fate::Dropped, Fate::Late(1), Fate::Slow(15_000)] {
        in_virtual_time(async move {
            let memory = Memory::default();
            used(&memory).await;
            let (mut before, _) = run(&memory).await;
            memory.next("journal/", fate);
            let (mut store, mut state) = run(&memory).await;
            assert!(matches!(before.append(&[opened("x")]).await, Err(StoreError::Fenced { .. })), "{fate:?}");
            write(&mut store, &mut state, "b").await;
            assert_eq!(claims(&memory).await, ["a", "b"], "{fate:?}");
        });
    }
}

/// The first attempt comes through when its run has given it up for a second; meanwhile another one has taken over, knows of
/// it, and has removed it.
#[test]
fn an_entry_that_another_run_has_been_through_with_is_not_written_again() {
    in_virtual_time(async {
        let memory = Memory::default();
        used(&memory).await;
        let (mut first, _) = run(&memory).await;
        memory.next("journal/", Fate::Late(300));
        let other = async {
            sleep(Duration::from_millis(500)).await;
            let fair = memory.fair();
            let (mut second, mut state) = run(&fair).await;
            assert!(state.open.contains_key("b"));
            second.snapshot(&mut state).await.unwrap();
        };
        let appending = [opened("b")];
        let (refused, ()) = futures::future::join(first.append(&appending), other).await;
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::Fenced { part: Part::Journal, kept: None, .. }), "{error}");
        assert_eq!(claims(&memory).await, ["a", "b"]);
    });
}

#[test]
fn an_answer_that_comes_late_is_no_proof_that_nobody_took_over() {
    for taken_over in [false, true] {
        in_virtual_time(async move {
            let memory = Memory::default();
            used(&memory).await;
            let (mut first, _) = run(&memory).await;
            memory.next("journal/", Fate::Slow(15_000));
            let fair = memory.fair();
            let other = async {
                sleep(Duration::from_secs(5)).await;
                if taken_over {
                    assert!(run(&fair).await.1.open.contains_key("b"));
                }
            };
            let appending = [opened("b")];
            let (appended, ()) = futures::future::join(first.append(&appending), other).await;
            assert_eq!(matches!(appended, Err(StoreError::Fenced { .. })), taken_over, "{appended:?}");
        });
    }
}

#[test]
fn the_state_of_a_run_before_that_comes_late_is_written_over_by_whoever_knows_all_of_it() {
    in_virtual_time(async {
        let memory = Memory::default();
        used(&memory).await;
        let (mut first, mut state) = run(&memory).await;
        write(&mut first, &mut state, "b").await;
        memory.next(KEY, Fate::Late(500));
        let killed = tokio::time::timeout(Duration::from_millis(100), first.snapshot(&mut state)).await;
        assert!(killed.is_err());
        let fair = memory.fair();
        let (mut second, mut state) = run(&fair).await;
        write(&mut second, &mut state, "c").await;
        sleep(Duration::from_secs(1)).await;
        let late = decode(memory.bytes(KEY).unwrap()).unwrap();
        assert_eq!((late.serial, late.open.len()), (2, 2));
        assert_eq!(claims(&memory).await, ["a", "b", "c"]);
        second.snapshot(&mut state).await.unwrap();
        assert_eq!((state.serial, claims(&memory).await.len()), (3, 3));
        write(&mut second, &mut state, "d").await;
        second.snapshot(&mut state).await.unwrap();
        assert_eq!(state.serial, 4);
    });
}

#[test]
fn a_state_that_says_more_than_a_run_knows_is_not_written_over() {
    in_virtual_time(async {
        let memory = Memory::default();
        used(&memory).await;
        let (mut first, state) = run(&memory).await;
        let mut put = state.clone();
        put.apply(opened("put"));
        memory.next(KEY, Fate::Late(500));
        assert!(tokio::time::timeout(Duration::from_millis(100), first.put(&mut put)).await.is_err());
        let fair = memory.fair();
        let (mut second, mut state) = run(&fair).await;
        write(&mut second, &mut state, "b").await;
        sleep(Duration::from_secs(1)).await;
        let error = second.snapshot(&mut state).await.unwrap_err();
        assert!(matches!(error, StoreError::Changed { .. }), "{error}");
        assert_eq!(claims(&memory).await, ["a", "b", "put"]);
    });
}

#[test]
fn seals_stay_and_what_killed_runs_left_goes_with_the_next_states() {
    in_virtual_time(async {
        let memory = Memory::default();
        used(&memory).await;
        // Killed between the new state and the removal of what it contains.
        let (mut store, mut state) = run(&memory).await;
        for claim in ["b", "c", "d"] {
            write(&mut store, &mut state, claim).await;
        }
        for _ in 0..3 {
            memory.next("journal/", Fate::NotDone);
        }
        let before = numbers(&memory);
        store.snapshot(&mut state).await.unwrap();
        assert!(numbers(&memory).len() > before.len() - 3, "{:?} after {before:?}", numbers(&memory));
        for _ in 0..4 {
            let (mut store, mut state) = run(&memory).await;
            store.snapshot(&mut state).await.unwrap();
        }
        // One seal of each run.
        let seals = [1, 4, 8, 9, 10, 11];
        assert_eq!(numbers(&memory), seals);
        assert_eq!(claims(&memory).await, ["a", "b", "c", "d"]);
    });
}

#[test]
fn a_state_that_another_program_wrote_is_refused_and_nothing_is_written() {
    in_virtual_time(async {
        let memory = Memory::default();
        used(&memory).await;
        let text = String::from_utf8(memory.bytes(KEY).unwrap()).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json.as_object_mut().unwrap().remove("podform");
        memory.set(KEY, json.to_string().as_bytes());
        let keys = memory.keys();
        let error = LockedStore::open(Box::new(memory.store()), "apply", None).await.unwrap_err();
        assert!(
            matches!(error, StoreError::State { .. }) && error.to_string().contains("podform state repair"),
            "{error}"
        );
        assert_eq!(memory.keys(), keys);
        let remains = memory.store().remains().await.unwrap();
        assert!(!verify(&remains).faults.is_empty());
        let mended = repair(&remains).unwrap();
        let mut store = memory.store();
        store.lock(&LockInfo::new("state repair"), Duration::ZERO).await.unwrap();
        store.mend(&Snapshot::of(&mended.state)).await.unwrap();
        assert_eq!(claims(&memory).await, ["a"]);
    });
}

#[test]
fn a_damaged_object_stops_everybody_by_its_name_and_is_mended() {
    in_virtual_time(async {
        let memory = Memory::default();
        used(&memory).await;
        let (mut store, mut state) = run(&memory).await;
        write(&mut store, &mut state, "b").await;
        write(&mut store, &mut state, "c").await;
        let damaged = memory.keys().into_iter().find(|key| key.ends_with("journal/00000005")).unwrap();
        memory.set(&damaged, b"{}");
        let error = read(&memory.store()).await.unwrap_err().to_string();
        assert!(error.contains(&damaged) && error.contains("line 1"), "{error}");
        LockedStore::open(Box::new(memory.store()), "apply", None).await.unwrap_err();
        let mended = repair(&memory.store().remains().await.unwrap()).unwrap();
        assert!(!mended.losses.is_empty());
        let aside = memory.store().mend(&Snapshot::of(&mended.state)).await.unwrap();
        assert!(aside.iter().any(|place| place.to_string().ends_with("journal/00000005")), "{aside:?}");
        assert_eq!(claims(&memory).await, ["a", "c"]);
        assert!(matches!(store.append(&[opened("d")]).await, Err(StoreError::Fenced { .. })));
        assert_eq!(verify(&memory.store().remains().await.unwrap()).faults, []);
    });
}

/// A group of entries that is long enough to be packed.
async fn packed(memory: &Memory) -> (String, Vec<u8>) {
    let (mut store, _) = run(memory).await;
    store.append(&["b", "c", "d", "e"].map(opened)).await.unwrap();
    let key = memory.keys().into_iter().rfind(|key| key.contains("/journal/")).unwrap();
    let bytes = memory.bytes(&key).unwrap();
    (key, bytes)
}

#[test]
fn a_packed_object_that_is_cut_off_is_lost_as_a_whole_and_what_follows_is_not() {
    in_virtual_time(async {
        let memory = Memory::default();
        used(&memory).await;
        let (key, bytes) = packed(&memory).await;
        let (mut store, mut state) = run(&memory).await;
        write(&mut store, &mut state, "f").await;
        memory.set(&key, &bytes[..bytes.len() / 2]);
        let error = read(&memory.store()).await.unwrap_err().to_string();
        assert!(error.contains(&key), "{error}");
        let mended = repair(&memory.store().remains().await.unwrap()).unwrap();
        assert!(!mended.losses.is_empty());
        assert_eq!(mended.state.open.into_keys().collect::<Vec<_>>(), ["a", "f"]);
    });
}

/// As docs/state.md says.
#[test]
fn the_usual_program_shows_a_packed_object() {
    in_virtual_time(async {
        let directory = tempfile::tempdir().unwrap();
        let object = directory.path().join("OBJECT");
        let (_, bytes) = packed(&Memory::default()).await;
        std::fs::write(&object, &bytes).unwrap();
        let dictionary = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/chain/packed.dict");
        let shown = Command::new("zstd").arg("-dc").arg("-D").arg(dictionary).arg(object).output();
        let Ok(shown) = shown else { return println!("skipped: zstd is not installed") };
        let text = String::from_utf8(shown.stdout).unwrap();
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.starts_with("{\"podform_chain\":1") && text.contains("\"claim\":\"e\""), "{text}");
    });
}

#[test]
fn a_state_that_is_older_than_its_copy_is_told_however_often_it_is_taken_over() {
    in_virtual_time(async {
        let memory = Memory::default();
        let old = used(&memory).await;
        let (mut store, mut state) = run(&memory).await;
        for claim in ["b", "c", "d"] {
            write(&mut store, &mut state, claim).await;
        }
        store.snapshot(&mut state).await.unwrap();
        memory.set(KEY, encode(&old).as_bytes());
        for _ in 0..8 {
            let (store, state) = run(&memory).await;
            assert!(matches!(store.remarks(), [Remark::Older { .. }]), "{:?}", store.remarks());
            assert_eq!(state.open.len(), 1);
        }
        // Whoever goes on from it all the same goes on behind all numbers.
        let (mut store, mut state) = run(&memory).await;
        store.snapshot(&mut state).await.unwrap();
        write(&mut store, &mut state, "z").await;
        let (store, state) = run(&memory).await;
        assert!(store.remarks().is_empty() && state.open.contains_key("z"), "{:?}", store.remarks());
    });
}

#[test]
fn a_state_that_was_put_back_with_its_copies_is_told_by_the_numbers_of_the_chain() {
    in_virtual_time(async {
        let memory = Memory::default();
        let old = used(&memory).await;
        for round in 0..3 {
            let (mut store, mut state) = run(&memory).await;
            for claim in 0..3 {
                write(&mut store, &mut state, &format!("{round}{claim}")).await;
            }
            store.snapshot(&mut state).await.unwrap();
        }
        for copy in memory.keys().into_iter().filter(|key| key.contains("/backups/")) {
            assert!(matches!(memory.remove(&copy, None).await, Tried::Done(())));
        }
        memory.set(KEY, encode(&old).as_bytes());
        let (mut store, mut state) = run(&memory).await;
        let [Remark::Older { what, .. }] = store.remarks() else { panic!("{:?}", store.remarks()) };
        assert!(what.contains("entry 12 was written") && state.open.len() == 1, "{what}");
        store.snapshot(&mut state).await.unwrap();
        assert!(state.journal_seq >= 12);
        write(&mut store, &mut state, "z").await;
        let (store, state) = run(&memory).await;
        assert!(store.remarks().is_empty() && state.open.contains_key("z"), "{:?}", store.remarks());
    });
}

/// Seals of those who went on from the newer state stand in its way, and one of them writes still.
#[test]
fn whoever_goes_on_from_a_state_that_was_put_back_writes_behind_everything() {
    for copies in [true, false] {
        in_virtual_time(async move {
            let memory = Memory::default();
            let old = used(&memory).await;
            let (mut former, mut state) = run(&memory).await;
            for round in 0..3 {
                write(&mut former, &mut state, &format!("r{round}")).await;
                former.snapshot(&mut state).await.unwrap();
            }
            write(&mut former, &mut state, "late").await;
            if !copies {
                for copy in memory.keys().into_iter().filter(|key| key.contains("/backups/")) {
                    assert!(matches!(memory.remove(&copy, None).await, Tried::Done(())));
                }
            }
            memory.set(KEY, encode(&old).as_bytes());
            for round in 0..3 {
                let (mut store, mut state) = run(&memory).await;
                assert!(matches!(store.remarks(), [Remark::Older { .. }]), "{round}: {:?}", store.remarks());
                for claim in 0..9 {
                    write(&mut store, &mut state, &format!("{round}{claim}")).await;
                }
                assert!(state.open.len() > 9 * (round + 1), "{round}: {:?}", state.open.keys());
            }
            assert!(matches!(former.append(&[opened("x")]).await, Err(StoreError::Fenced { .. })));
            let (mut store, mut state) = run(&memory).await;
            store.snapshot(&mut state).await.unwrap();
            let (store, state) = run(&memory).await;
            assert!(store.remarks().is_empty() && state.open.len() >= 28, "{:?}", store.remarks());
        });
    }
}

#[test]
fn a_run_that_is_killed_before_its_state_leaves_no_alarm() {
    in_virtual_time(async {
        let memory = Memory::default();
        used(&memory).await;
        let (mut store, mut state) = run(&memory).await;
        memory.next(KEY, Fate::NotDone);
        assert!(store.snapshot(&mut state).await.is_err());
        assert!(run(&memory).await.0.remarks().is_empty());
        assert!(verify(&memory.store().remains().await.unwrap()).faults.is_empty());
    });
}

#[test]
fn a_place_that_ignores_conditions_is_found_out_by_name() {
    use Condition::{Create, Remove, Replace};
    for ignored in [&[][..], &[Create], &[Replace], &[Remove], &[Create, Replace, Remove]] {
        for memory in [Memory::default(), Memory::default().generations()] {
            in_virtual_time(async move {
                let memory = memory.ignoring(ignored);
                assert_eq!(memory.store().probe().await.unwrap(), Probed::Ignored(ignored.to_vec()));
                assert_eq!(memory.keys(), Vec::<String>::new());
            });
        }
    }
    assert!(Create.is_needed() && Replace.is_needed() && !Remove.is_needed());
    in_virtual_time(async {
        let memory = Memory::default();
        memory.next("probe/", Fate::NotDone);
        memory.store().probe().await.unwrap_err();
    });
}

#[test]
fn a_lock_whose_answer_is_lost_is_held_and_one_that_is_anothers_stays() {
    let fates = [Fate::Lost, Fate::Dropped, Fate::Late(1), Fate::Slow(15_000)];
    for (fate, ignored) in fates.into_iter().flat_map(|fate| [(fate, &[][..]), (fate, &[Condition::Remove])]) {
        in_virtual_time(async move {
            let memory = Memory::default().ignoring(ignored);
            memory.next(".tflock", fate);
            let (mut own, mut other) = (memory.store(), memory.fair().store());
            own.lock(&LockInfo::new("apply"), Duration::ZERO).await.unwrap();
            let info = own.holder().await.unwrap().unwrap();
            assert!(other.lock(&LockInfo::new("apply"), Duration::ZERO).await.is_err(), "{fate:?}");
            other.force_unlock(&info.id).await.unwrap();
            other.lock(&LockInfo::new("plan"), Duration::ZERO).await.unwrap();
            own.unlock().await.unwrap();
            assert_eq!(own.holder().await.unwrap().map(|info| info.operation), Some("plan".into()), "{fate:?}");
        });
    }
}

#[test]
fn a_lock_is_terraforms_and_goes_by_its_generation_too() {
    in_virtual_time(async {
        let memory = Memory::default().generations();
        let mut own = memory.store();
        own.lock(&LockInfo::new("apply"), Duration::ZERO).await.unwrap();
        let lock = format!("{KEY}.tflock");
        let json: serde_json::Value = serde_json::from_slice(&memory.bytes(&lock).unwrap()).unwrap();
        assert_eq!(
            (json["Operation"].as_str(), json["Path"].as_str()),
            (Some("OperationTypeApply"), Some("bucket/gpu/prod.tfstate"))
        );
        let generation = memory.version(&lock).await.unwrap().unwrap().0.unwrap();
        memory.store().force_unlock("7777").await.unwrap_err();
        memory.store().force_unlock(&generation).await.unwrap();
        assert_eq!(memory.bytes(&lock), None);
        // Terraform's, and one that nobody understands: it keeps out, and only its generation takes it away.
        let theirs = br#"{"ID":"6f1c","Operation":"OperationTypeApply","Who":"root@vm","Version":"1.11.4"}"#;
        for (text, id) in [(&theirs[..], Some("6f1c")), (b"?", None)] {
            let Tried::Done(version) = memory.create(&lock, text).await else { panic!("a lock") };
            let error = own.lock(&LockInfo::new("apply"), Duration::ZERO).await.unwrap_err();
            let StoreError::Locked { holder, .. } = &error else { panic!("{error}") };
            let version = version.0.unwrap();
            assert_eq!(holder.as_ref().map(|info| info.id.as_str()), id.or(Some(version.as_str())));
            memory.store().force_unlock(&version).await.unwrap();
        }
    });
}

/// What a command costs: each request is a round trip to a place far away.
#[test]
fn few_requests_are_made() {
    in_virtual_time(async {
        let memory = Memory::default();
        used(&memory).await;
        memory.requests();
        let verbs = |memory: &Memory| {
            let requests = memory.requests().into_iter();
            requests.map(|request| request.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        // A plan: five.
        let mut store = memory.store();
        store.lock(&LockInfo::new("plan"), Duration::ZERO).await.unwrap();
        assert_eq!(verbs(&memory), "create");
        read(&memory.store()).await.unwrap();
        assert_eq!(verbs(&memory), "get get list");
        store.unlock().await.unwrap();
        assert_eq!(verbs(&memory), "remove");
        let (mut locked, mut state) = run(&memory).await;
        assert_eq!(verbs(&memory), "get create head list");
        write(&mut locked, &mut state, "b").await;
        assert_eq!(verbs(&memory), "create");
        // Behind a seal: what was read may have a hole.
        read(&memory.store()).await.unwrap();
        assert_eq!(verbs(&memory), "get get get get head list");
        locked.snapshot(&mut state).await.unwrap();
        assert_eq!(verbs(&memory), "create replace get remove");
        // Where a place ignores the condition of a removal.
        let memory = memory.ignoring(&[Condition::Remove]);
        let mut store = memory.store();
        store.lock(&LockInfo::new("plan"), Duration::ZERO).await.unwrap();
        store.unlock().await.unwrap();
        assert_eq!(verbs(&memory), "create head remove");
    });
}

/// Whoever reads beside a run that writes a state, goes on, and writes the next one: in the moment between its two requests
/// all that it looks for is written, taken in, and removed.
#[test]
fn what_stands_right_behind_a_state_stays() {
    in_virtual_time(async {
        let memory = Memory::default();
        let (mut store, mut state) = run(&memory).await;
        write(&mut store, &mut state, "a").await;
        store.snapshot(&mut state).await.unwrap();
        let behind = state.journal_seq + 1;
        write(&mut store, &mut state, "b").await;
        write(&mut store, &mut state, "c").await;
        store.snapshot(&mut state).await.unwrap();
        assert_eq!(numbers(&memory), [1, behind], "its first seal, and what it wrote behind its own state");
        let (_, state) = run(&memory).await;
        assert_eq!(state.open.len(), 3);
    });
}

/// Two runs begin a fleet at once, the second one without a lock. The first one makes nothing, and its state comes late.
#[test]
fn a_late_state_of_nothing_does_not_bar_the_way_to_what_another_lineage_made() {
    for snapshots in [false, true] {
        in_virtual_time(async move {
            let memory = Memory::default();
            let (mut first, mut nothing) = run(&memory).await;
            let (mut second, mut state) = run(&memory).await;
            for event in [begin(), opened("a")] {
                second.append(std::slice::from_ref(&event)).await.unwrap();
                state.apply(event);
            }
            first.snapshot(&mut nothing).await.unwrap();
            assert_ne!(nothing.lineage, state.lineage);
            if snapshots {
                second.snapshot(&mut state).await.unwrap();
            }
            // Killed, or not: whoever comes next knows what was made, and keeps it.
            let (mut third, mut state) = run(&memory).await;
            write(&mut third, &mut state, "b").await;
            let fenced = {
                drop(run(&memory).await);
                third.append(&[opened("c")]).await.unwrap_err()
            };
            assert!(matches!(fenced, StoreError::Fenced { .. }), "{fenced}");
            let (mut last, mut state) = run(&memory).await;
            assert_eq!(state.open.keys().collect::<Vec<_>>(), ["a", "b"]);
            last.snapshot(&mut state).await.unwrap();
            assert_eq!(claims(&memory).await, ["a", "b"]);
            assert_eq!(decode(memory.bytes(KEY).unwrap()).unwrap().lineage, super::conformance::LINEAGE);
        });
    }
}

/// Whether or not anybody takes over then.
#[test]
fn a_run_whose_lock_is_taken_away_is_refused_at_once() {
    in_virtual_time(async {
        let memory = Memory::default();
        used(&memory).await;
        let (mut store, mut state) =
            LockedStore::open(Box::new(memory.store()), "apply", Some(Duration::ZERO)).await.unwrap();
        write(&mut store, &mut state, "b").await;
        let other = memory.fair().store();
        let refused = other.force_unlock("another").await.unwrap_err();
        assert!(matches!(refused, StoreError::Unlock { .. }), "{refused}");
        write(&mut store, &mut state, "c").await;
        other.force_unlock(&other.holder().await.unwrap().unwrap().id).await.unwrap();
        let error = store.append(&[opened("d")]).await.unwrap_err();
        assert!(matches!(error, StoreError::Fenced { part: Part::Journal, .. }), "{error}");
        assert!(matches!(store.snapshot(&mut state).await, Err(StoreError::Fenced { .. })));
        assert_eq!(claims(&memory).await, ["a", "b", "c"]);
    });
}

/// A lock whose text nobody understands goes by its version.
#[test]
fn a_lock_without_a_name_is_taken_away_by_its_version() {
    in_virtual_time(async {
        let memory = Memory::default();
        used(&memory).await;
        memory.set(&format!("{KEY}.tflock"), b"");
        let locked = LockedStore::open(Box::new(memory.store()), "apply", Some(Duration::ZERO)).await.unwrap_err();
        let StoreError::Locked { holder: Some(holder), .. } = &locked else { panic!("{locked}") };
        assert!(locked.to_string().contains("Created:   unknown"), "{locked}");
        memory.fair().store().force_unlock("another").await.unwrap_err();
        memory.fair().store().force_unlock(&holder.id).await.unwrap();
        LockedStore::open(Box::new(memory.store()), "apply", Some(Duration::ZERO)).await.unwrap();
    });
}

/// A run that works for days is no other run.
#[test]
fn a_run_goes_on_for_days_as_long_as_nobody_takes_over() {
    in_virtual_time(async {
        let memory = Memory::default();
        let (mut first, mut state) = run(&memory).await;
        write(&mut first, &mut state, "a").await;
        // It waits for machines: for less than a day, for more, and with a state between.
        for (hours, claim) in [(20, "b"), (20, "c"), (40, "d"), (24 * 50, "e")] {
            sleep(Duration::from_secs(hours * 3600)).await;
            write(&mut first, &mut state, claim).await;
            if claim == "c" {
                first.snapshot(&mut state).await.unwrap();
            }
        }
        sleep(Duration::from_secs(30 * 3600)).await;
        first.snapshot(&mut state).await.unwrap();
        assert_eq!(claims(&memory).await, ["a", "b", "c", "d", "e"]);
        first.close().await.unwrap();
        run(&memory).await;
    });
}

/// The seal that would stop it went after a month.
#[test]
fn a_run_that_was_silent_for_a_month_knows_that_others_went_on() {
    in_virtual_time(async {
        let memory = Memory::default();
        used(&memory).await;
        let (mut first, _) = run(&memory).await;
        let (mut second, mut state) = run(&memory).await;
        write(&mut second, &mut state, "b").await;
        second.snapshot(&mut state).await.unwrap();
        sleep(Duration::from_secs(31 * 24 * 3600)).await;
        for key in memory.keys().into_iter().filter(|key| key.contains("/journal/")) {
            assert!(matches!(memory.remove(&key, None).await, Tried::Done(())));
        }
        let error = first.append(&[opened("x")]).await.unwrap_err();
        // What was never sent is nobody's concern.
        assert!(matches!(error, StoreError::Fenced { part: Part::Journal, kept: None, .. }), "{error}");
        assert!(matches!(first.append(&[opened("y")]).await, Err(StoreError::Fenced { .. })));
        assert_eq!(claims(&memory).await, ["a", "b"]);
    });
}
