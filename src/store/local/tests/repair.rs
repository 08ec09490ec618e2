//! Damaged files, mended from what is left.

use super::*;

fn mended(store: &Store) -> crate::state::Repair {
    let mut files = store.lock_only("state repair", Duration::ZERO).expect("the lock");
    let repair = crate::state::repair(&store.remains().expect("the files")).expect("something is left");
    now(files.mend(&Snapshot::of(&repair.state))).expect("mended files");
    assert_eq!(crate::state::verify(&store.remains().expect("the files")), Verdict::default());
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
        assert!(!crate::state::verify(&store.remains().expect("the files")).faults.is_empty(), "{end}");
        let repair = mended(&store);
        assert_eq!(repair.losses, Vec::<String>::new(), "{end}");
        assert_eq!(repair.steps.len(), 1, "{:?}", repair.steps);
        let now = store.open_read().expect("a state").state;
        assert_eq!(State { serial: 0, ..now }, State { serial: 0, ..before.clone() });
        fs::remove_dir_all(store.backups_path()).expect("backups");
        fs::write(store.state_path(), &text).expect("the state");
        super::super::backups::keep(
            &store.backups_path(),
            &Snapshot { serial: 1, seq: before.journal_seq, text: String::from_utf8(text.clone()).expect("text") },
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
    let faults = crate::state::verify(&store.remains().expect("the files")).faults;
    assert!(faults.len() == 1 && faults[0].what.contains("line 1"), "{faults:?}");
    let repair = mended(&store);
    assert!(repair.losses.iter().any(|loss| loss.contains("line 1")), "{:?}", repair.losses);
    assert_eq!(claims(&store.open_read().expect("a state").state), ["a", "c"]);
}
