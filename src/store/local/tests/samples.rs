//! The samples of every released version load.

use super::*;

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
        if path.extension().is_some_and(|extension| extension == "journal") {
            continue;
        }
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
    let newer: serde_json::Value = serde_json::from_str(&encode(&newer())).expect("JSON");
    let faults: Vec<String> = schema.iter_errors(&newer).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(newer.pointer("/podform/spent/3/at").is_some() && newer.pointer("/podform/heard/0").is_some());
}

/// Before differences, and a run that is named once: a machine that was rented and seen.
#[test]
fn journals_load_for_ever() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("state/samples/v0.1.0.journal");
    let replay = decode_journal(&fs::read(sample).expect("a file"));
    assert!(replay.error.is_none() && !replay.torn_tail, "{replay:?}");
    assert!(replay.entries.iter().all(|entry| entry.run.is_some()) && replay.entries.len() == 6);
    let mut state = State::default();
    state.replay(replay.entries, None).expect("a replay");
    let record = state.resources.values().next().expect("a record");
    assert!(state.open.is_empty() && record.hash_id().is_some() && record.unproven.is_none(), "{record:?}");
}

/// What the released samples do not have.
fn newer() -> State {
    let mut state = state();
    for address in state.resources.keys().cloned().collect::<Vec<_>>() {
        state.apply(Event::Removed { claim: None, address, deposed: None });
    }
    state.unwatch(Some("2026-03-02T10:00:00Z".parse().expect("a time")));
    state.heard.push(crate::state::Heard { run: "0b1f7a52".into(), entries: 3 });
    let at = "2026-03-02T09:00:00Z".parse().expect("a time");
    let (host, why, image) = ("h".into(), "it was not running".into(), Some("i".into()));
    state.failures.push(crate::state::Failure { host, at, why, image });
    assert_eq!(crate::state::decode(encode(&state)).expect("a state"), state);
    state
}
