//! Journals as bytes, and their replay onto a state.

use super::journal::Event;
use super::sample::{LINEAGE, account, intent, state, time};
use super::*;
use serde_json::json;
use std::sync::Arc;

fn entries() -> Vec<Entry> {
    let opened = intent("claim-1", "simplepod_instance.worker[\"c\"]");
    let record = opened.record.clone().expect("a record");
    let events = [
        Event::Begin { lineage: LINEAGE.into(), fleet: Some("acme-training".into()), account: account() },
        Event::Intent(Box::new(opened.clone())),
        Event::InDoubt { claim: "claim-1".into(), reason: "reset".into(), since: time("2026-03-02T09:14:31Z") },
        Event::Recorded { claim: Some("claim-1".into()), address: opened.address.clone(), record },
        Event::Intent(Box::new(intent("claim-2", "simplepod_instance.worker[\"d\"]"))),
        Event::Absent { claim: "claim-2".into(), at: time("2026-03-02T09:20:00Z") },
        Event::NotDone { claim: "claim-3".into(), reason: "402".into() },
        Event::Removed {
            claim: None,
            address: "simplepod_instance.worker[\"a\"]".parse().expect("an address"),
            deposed: None,
        },
        Event::Outputs { outputs: state().outputs },
        Event::End,
    ];
    let at = time("2026-03-02T09:15:00Z");
    let entry = |(seq, event)| Entry { seq, at, run: Some("5b0c1d6e-run".into()), snapshot: None, event, mac: None };
    (1..).zip(events).map(entry).collect()
}

fn journal() -> Vec<u8> {
    entries().iter().map(encode_entry).collect::<String>().into_bytes()
}

#[test]
fn a_journal_round_trips() {
    let replay = decode_journal(&journal());
    assert_eq!(replay, Replay { entries: entries(), clean: journal().len(), torn_tail: false, error: None });
    assert_eq!(decode_journal(b""), Replay::default());
}

#[test]
fn a_journal_cut_at_any_byte_keeps_every_whole_entry() {
    let bytes = journal();
    for end in 0..=bytes.len() {
        let cut = &bytes[..end];
        // An entry is whole once its closing brace is there; the line end is no part of it.
        let ends = bytes.iter().enumerate().filter(|&(_, &b)| b == b'\n').map(|(at, _)| at);
        let whole = ends.filter(|&at| at <= end).count();
        let replay = decode_journal(cut);
        assert_eq!(replay.error, None, "{end}");
        assert_eq!(replay.entries, entries()[..whole], "{end}");
        assert_eq!(replay.torn_tail, replay.clean < end, "{end}");
    }
}

#[test]
fn every_flipped_bit_of_a_journal_is_told() {
    let lines: Vec<String> = entries().iter().rev().take(3).rev().map(encode_entry).collect();
    let bytes = lines.concat().into_bytes();
    let whole = decode_journal(&bytes).entries;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let replay = decode_journal(&flipped);
            // A flip in the last line looks like a crash, unless the whole entry is still there.
            let last = (bytes.len() - lines[2].len()..bytes.len() - 1).contains(&at);
            assert_eq!((replay.torn_tail, replay.error.is_some()), (last, !last), "byte {at}, bit {bit}");
            assert_eq!(replay.entries, whole[..replay.entries.len()], "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn a_missing_entry_is_damage() {
    let mut lines: Vec<String> = entries().iter().map(encode_entry).collect();
    lines.remove(3);
    let replay = decode_journal(lines.concat().as_bytes());
    assert_eq!(replay.error, Some(JournalDamage::Gap { line: 4, expected: 4, found: 5 }));
    assert_eq!(replay.entries, entries()[..3]);
}

#[test]
fn an_entry_of_another_version_is_damage_even_at_the_end() {
    let body = "{\"seq\":11,\"at\":\"2026-03-02T09:15:00Z\",\"event\":{\"unheard_of\":{}}";
    let sum: String = crate::lang::hex(&<sha2::Sha256 as sha2::Digest>::digest(body)).chars().take(16).collect();
    let bytes = [journal(), format!("{body},\"sum\":\"{sum}\"}}\n").into_bytes()].concat();
    let replay = decode_journal(&bytes);
    let error = replay.error.expect("damage").to_string();
    assert!(error.contains("line 11") && error.contains("another version") && error.contains("unheard_of"), "{error}");
}

#[test]
fn replay_skips_what_the_state_contains() {
    let mut from_nothing = State::default();
    from_nothing.replay(entries(), None).expect("a replay");
    assert_eq!((from_nothing.journal_seq, from_nothing.lineage.as_str()), (10, LINEAGE));
    assert_eq!(from_nothing.resources.len(), 1);
    assert_eq!((from_nothing.open.len(), from_nothing.watched.len()), (0, 1));
    for contained in 0..entries().len() {
        let mut state = State::default();
        state.replay(entries().into_iter().take(contained).collect(), None).expect("a replay");
        state.replay(entries(), None).expect("a replay");
        assert_eq!(state, from_nothing, "{contained}");
    }
}

#[test]
fn what_is_replaced_is_deposed_until_it_is_removed() {
    let address: crate::address::InstanceAddr = "simplepod_instance.worker[\"a\"]".parse().expect("an address");
    let id = |record: &Arc<Record>| record.id();
    let mut before = state();
    let mut rent = intent("11112222333344445555666677778888", "simplepod_instance.worker[\"a\"]");
    rent.deposes = true;
    let mut made = Record::clone(&before.resources[&address]);
    made.attributes.set("id", json!("99"));
    before.apply(Event::Intent(Box::new(rent.clone())));
    before.apply(Event::Recorded { claim: Some(rent.claim), address: address.clone(), record: Arc::new(made.clone()) });
    assert_eq!(before.resources.get(&address).and_then(id), Some(99));
    assert_eq!(before.deposed[&address].get("11112222").and_then(id), Some(88101));
    assert_eq!(decode(encode(&before)), Ok(before.clone()));
    let key = || "11112222".to_owned();
    let mut removed = before.clone();
    removed.apply(Event::Removed { claim: None, address: address.clone(), deposed: Some(key()) });
    assert_eq!((removed.resources.get(&address).and_then(id), removed.deposed.len()), (Some(99), 1));
    let mut older = before.clone();
    older.apply(Event::Removed { claim: None, address: address.clone(), deposed: None });
    let restored = || Event::Restored { claim: None, address: address.clone(), key: key() };
    for state in [&mut before, &mut older] {
        state.apply(restored());
        assert_eq!(state.resources.get(&address).and_then(id), Some(88101));
    }
    // A second record under the same address, by somebody who replaces nothing, deposes nothing.
    before.apply(Event::Recorded { claim: None, address, record: Arc::new(made) });
    assert_eq!(before.deposed.len(), 1);
}

#[test]
fn a_move_takes_dependents_and_deposed_objects_along() {
    let [from, to] = ["simplepod_template_group.trainer", "module.m.simplepod_template_group.t"]
        .map(|text| text.parse::<crate::address::InstanceAddr>().expect("an address"));
    let mut moved = state();
    moved.apply(Event::Moved { from: from.clone(), to: to.clone() });
    assert!(!moved.resources.contains_key(&from) && moved.resources.contains_key(&to));
    let needed: Vec<_> = moved.resources.values().flat_map(|record| record.dependencies.clone()).collect();
    assert!(!needed.is_empty() && needed.iter().all(|needed| *needed == to.resource));
}

#[test]
fn replay_refuses_gaps_and_strangers() {
    let detached = State::default().replay(entries().into_iter().skip(2).collect(), None).expect_err("a gap");
    assert_eq!(detached, JournalDamage::Detached { state: 0, first: 3 });
    let mut other = State { lineage: "another".into(), resources: state().resources, ..State::default() };
    let foreign = other.replay(entries(), None).expect_err("a stranger");
    assert_eq!(foreign, JournalDamage::Foreign { state: "another".into(), journal: LINEAGE.into() });
    let mut blank = State { lineage: "another".into(), ..State::default() };
    blank.replay(entries(), None).expect("nothing was ever made by it");
    assert_eq!(blank.lineage, LINEAGE);
}
