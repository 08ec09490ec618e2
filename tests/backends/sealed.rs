//! Encrypted states over other places: what every place must keep, and that nothing of a state stands there in clear.

use super::conformance::{Subject, begin, opened};
use super::memory::Memory;
use crate::simulation::in_virtual_time;
use podform::config::{Encryption, EncryptionMethod, EncryptionTarget, HashFunction, KeyProvider, KeySource, Pbkdf2};
use podform::state::{Entry, Event, SumKey, Verdict, decode_journal, encode_event, verify};
use podform::store::local::Files;
use podform::store::sealed::{Ciphers, Sealed};
use podform::store::{LockedStore, Remark, StateStore, StoreError, read};
use std::path::Path;
use std::time::Duration;

fn provider(name: &str, passphrase: &str) -> EncryptionMethod {
    EncryptionMethod::AesGcm(KeyProvider {
        name: format!("key_provider.pbkdf2.{name}"),
        stored_as: format!("key_provider.pbkdf2.{name}"),
        // Few iterations: what is shown here is not how long they take.
        source: KeySource::Pbkdf2(Pbkdf2 {
            passphrase: passphrase.into(),
            key_length: 32,
            iterations: 1000,
            salt_length: 32,
            hash: HashFunction::Sha512,
        }),
    })
}

/// A run of its own: it shares no key with any other one.
fn sealed(inner: impl StateStore + 'static, methods: &[EncryptionMethod]) -> Box<dyn StateStore> {
    let target = EncryptionTarget { methods: methods.to_vec() };
    let cipher = Ciphers::new(&Encryption { state: Some(target), plan: None }).state.unwrap();
    Box::new(Sealed::new(Box::new(inner), cipher))
}

fn first() -> Vec<EncryptionMethod> {
    vec![provider("first", "a passphrase of a test")]
}

pub fn files() -> Subject {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    Subject {
        open: Box::new(move || sealed(Files::new(&path), &first())),
        lock_dies_with_its_run: true,
        lock_keeps_out: false,
        keeps_copies: true,
        _guard: Some(directory),
    }
}

pub fn objects() -> Subject {
    let memory = Memory::default();
    let open = move || sealed(memory.store(), &first());
    Subject {
        open: Box::new(open),
        lock_dies_with_its_run: false,
        lock_keeps_out: false,
        keeps_copies: true,
        _guard: None,
    }
}

/// With keyed sums.
fn keyed(inner: impl StateStore + 'static, secret: &str) -> Box<dyn StateStore> {
    let key = SumKey::derive(&secrecy::SecretString::from(secret));
    Box::new(Sealed::new(Box::new(inner), Ciphers::default().keyed(key).state.unwrap()))
}

pub fn keyed_files() -> Subject {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    Subject { open: Box::new(move || keyed(Files::new(&path), "k")), _guard: Some(directory), ..files() }
}

pub fn keyed_objects() -> Subject {
    let memory = Memory::default();
    Subject { open: Box::new(move || keyed(memory.store(), "k")), ..objects() }
}

/// Whoever changes a state, a journal or what a run kept, and makes the plain sums fit again, is found out; so is another key, or
/// none. A state with a plain sum is read, and gets a keyed one.
#[test]
fn what_is_written_without_the_key_is_found_out() {
    in_virtual_time(async {
        let memory = Memory::default();
        let run = async |secret: Option<&str>| match secret {
            Some(secret) => LockedStore::open(keyed(memory.store(), secret), "test", None).await,
            None => LockedStore::open(Box::new(memory.store()), "test", None).await,
        };
        let (mut store, mut state) = run(None).await.unwrap();
        store.append(&[begin()]).await.unwrap();
        state.apply(begin());
        store.snapshot(&mut state).await.unwrap();
        let (mut store, mut state) = run(Some("k")).await.unwrap();
        assert!(matches!(store.remarks(), [Remark::Keys { .. }]) && store.is_journaled(), "{:?}", store.remarks());
        store.snapshot(&mut state).await.unwrap();
        let (mut store, state) = run(Some("k")).await.unwrap();
        assert!(store.remarks().is_empty() && state.fleet.as_deref() == Some("acme"));
        // A state that is proven, and a journal that another one cannot prove.
        store.append(&[opened("a")]).await.unwrap();
        for secret in [None, Some("other")] {
            let told = run(secret).await.expect_err("nothing proves it").to_string();
            assert!(told.contains("The sum of the state is keyed") && told.contains("PODFORM_STATE_KEY"), "{told}");
        }
        let journal = memory.keys().into_iter().filter(|key| key.contains("/journal/"));
        let mut journal = journal.map(|key| (String::from_utf8(memory.bytes(&key).unwrap()).unwrap(), key));
        let (text, key) = journal.find(|(text, _)| text.contains("\"mac\"")).expect("an object of the journal");
        assert!(text.contains("simplepod_instance.worker"));
        // Only who has the key can make both sums fit.
        let plain = SumKey::derive(&secrecy::SecretString::from("other"));
        let forged: String = text
            .split_inclusive('\n')
            .map(|line| match decode_journal(line.as_bytes()).entries.pop() {
                Some(Entry { seq, at, event, mac: Some(_), .. }) => {
                    plain.line(&encode_event(seq, at, (None, None), &event))
                }
                _ => line.to_owned(),
            })
            .collect();
        memory.set(&key, forged.as_bytes());
        let told = run(Some("k")).await.expect_err("it is forged").to_string();
        assert!(told.contains("The sums of the journal are keyed"), "{told}");
    });
}

/// Words that stand in every state of these tests.
const WORDS: [&str; 5] = ["simplepod_instance", "api.example.com", "acme", "the-claim", "key_fingerprint"];

fn assert_secret(name: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for word in WORDS {
        assert!(!text.contains(word), "{name} holds {word}: {text:.400}");
    }
}

fn assert_all_secret(directory: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += assert_all_secret(&path);
        } else if !path.ends_with("podform.lock") {
            assert_secret(&path.display().to_string(), &std::fs::read(&path).unwrap());
            count += 1;
        }
    }
    count
}

/// State, copies, journal, and what a run keeps that lost its lock.
async fn everything(open: &dyn Fn() -> Box<dyn StateStore>) {
    let (mut store, mut state) = LockedStore::open(open(), "apply", None).await.unwrap();
    for events in [vec![begin(), opened("the-claim-1")], vec![opened("the-claim-2")]] {
        store.append(&events).await.unwrap();
        events.into_iter().for_each(|event| state.apply(event));
        store.snapshot(&mut state).await.unwrap();
    }
    store.append(&[opened("the-claim-3")]).await.unwrap();
    let (mut second, _) = LockedStore::open(open(), "apply", None).await.unwrap();
    second.append(&[opened("the-claim-4")]).await.unwrap();
    let answer = Event::NotDone { claim: "the-claim-3".into(), reason: "refused".into() };
    let error = store.append(&[answer]).await.unwrap_err();
    assert!(matches!(&error, StoreError::Fenced { kept: Some(Ok(_)), .. }), "{error}");
    let (state, remarks) = read(&*open()).await.unwrap();
    let claims: Vec<&str> = state.open.keys().map(String::as_str).collect();
    assert_eq!(claims, ["the-claim-1", "the-claim-2", "the-claim-4"]);
    assert!(matches!(remarks.as_slice(), [Remark::TakenUp { .. }]), "{remarks:?}");
}

#[test]
fn nothing_of_a_state_stands_in_clear() {
    in_virtual_time(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        everything(&|| sealed(Files::new(&path), &first())).await;
        let count = assert_all_secret(&path);
        assert_eq!(count, 5, "state, journal, two copies, and what was kept");
        let memory = Memory::default();
        everything(&|| sealed(memory.store(), &first())).await;
        let keys = memory.keys();
        assert!(keys.iter().any(|key| key.contains("/kept/")) && keys.iter().any(|key| key.contains("/backups/")));
        for key in keys.iter().filter(|key| !key.ends_with(".tflock")) {
            assert_secret(key, &memory.bytes(key).unwrap());
        }
    });
}

#[test]
fn another_key_opens_nothing_and_writes_nothing() {
    in_virtual_time(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        everything(&|| sealed(Files::new(&path), &first())).await;
        let all =
            |path: &Path| ["podform.state.json", "podform.journal"].map(|name| std::fs::read(path.join(name)).unwrap());
        let before = all(&path);
        let others: [(&str, Vec<EncryptionMethod>); 3] = [
            ("another passphrase", vec![provider("first", "another passphrase")]),
            ("another name", vec![provider("second", "a passphrase of a test")]),
            ("none", vec![EncryptionMethod::Unencrypted]),
        ];
        for (name, methods) in others {
            let open = || sealed(Files::new(&path), &methods);
            for error in [
                read(&*open()).await.unwrap_err(),
                LockedStore::open(open(), "apply", None).await.unwrap_err(),
                open().remains().await.unwrap_err(),
            ] {
                assert!(matches!(error, StoreError::Sealed { .. }), "{name}: {error}");
            }
        }
        // Whoever knows of no encryption refuses, too, state and journal each.
        let error = read(&Files::new(&path)).await.unwrap_err().to_string();
        assert!(error.contains("The state is encrypted"), "{error}");
        std::fs::remove_file(path.join("podform.state.json")).unwrap();
        std::fs::remove_dir_all(path.join("backups")).unwrap();
        let error = read(&Files::new(&path)).await.unwrap_err().to_string();
        assert!(error.contains("The journal is encrypted"), "{error}");
        std::fs::write(path.join("podform.state.json"), &before[0]).unwrap();
        assert_eq!(all(&path), before);
    });
}

#[test]
fn what_was_changed_or_cut_is_refused() {
    in_virtual_time(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let open = || sealed(Files::new(&path), &first());
        everything(&open).await;
        let state = path.join("podform.state.json");
        let text = std::fs::read_to_string(&state).unwrap();
        let data = text.find("\"encrypted_data\":\"").unwrap() + 40;
        let flipped =
            format!("{}{}{}", &text[..data], if &text[data..=data] == "A" { "B" } else { "A" }, &text[data + 1..]);
        let serial = text.replacen("\"serial\":2", "\"serial\":9", 1);
        let lineage = text.replacen("\"lineage\":\"5", "\"lineage\":\"6", 1);
        let seq = text.replacen("\"journal_seq\":", "\"journal_seq\":1", 1);
        let version = text.replacen("\"v0\"", "\"v7\"", 1);
        let cut = text[..text.len() / 2].to_owned();
        for changed in [&flipped, &serial, &lineage, &seq, &version, &cut, &String::new(), &"{}".to_owned()] {
            assert_ne!(*changed, text);
            std::fs::write(&state, changed).unwrap();
            let error = LockedStore::open(open(), "apply", None).await.unwrap_err();
            assert!(matches!(error, StoreError::Sealed { .. }), "{error}");
            assert_eq!(std::fs::read_to_string(&state).unwrap(), *changed);
        }
        // The key opens the copies, so the state is damaged, and can be mended.
        std::fs::write(&state, &flipped).unwrap();
        let remains = open().remains().await.unwrap();
        assert_ne!(verify(&remains), Verdict::default());
        let repair = podform::state::repair(&remains).unwrap();
        assert!(repair.state.open.contains_key("the-claim-4"), "{:?}", repair.losses);
        std::fs::write(&state, &text).unwrap();
        // An entry of the journal counts under its own number only.
        let journal = path.join("podform.journal");
        let lines = std::fs::read_to_string(&journal).unwrap();
        let entries = podform::state::decode_journal(lines.as_bytes()).entries;
        let (one, two) = (&entries[0], &entries[1]);
        let swapped = [(one.seq, two), (two.seq, one)]
            .map(|(seq, entry)| podform::state::encode_event(seq, entry.at, (None, None), &entry.event));
        let clear = podform::state::encode_event(one.seq, one.at, (None, None), &opened("forged"));
        for forged in [swapped.concat(), clear] {
            std::fs::write(&journal, forged).unwrap();
            let error = read(&*open()).await.unwrap_err();
            assert!(matches!(error, StoreError::Sealed { .. }), "{error}");
        }
        // A crash in the middle of a line is none of that.
        std::fs::write(&journal, &lines[..lines.len() - 30]).unwrap();
        let (state, _) = read(&*open()).await.unwrap();
        assert_eq!(state.open.keys().collect::<Vec<_>>(), ["the-claim-1", "the-claim-2"]);
    });
}

#[test]
fn first_encryption_rotation_and_the_way_back_are_one_write_each() {
    in_virtual_time(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let (mut store, mut state) = LockedStore::open(Box::new(Files::new(&path)), "apply", None).await.unwrap();
        let events = [begin(), opened("the-claim-1")];
        store.append(&events).await.unwrap();
        events.into_iter().for_each(|event| state.apply(event));
        store.snapshot(&mut state).await.unwrap();
        store.append(&[opened("the-claim-2")]).await.unwrap();
        drop(store);
        let clear = EncryptionMethod::Unencrypted;
        let (old, new) =
            (provider("old", "the passphrase of last year"), provider("new", "the passphrase of this year"));
        let steps: [(&[EncryptionMethod], bool); 4] = [
            (&[old.clone(), clear.clone()], true),
            (&[new.clone(), old.clone()], false),
            (std::slice::from_ref(&new), false),
            (&[clear, new.clone()], false),
        ];
        for (at, (methods, is_first)) in steps.into_iter().enumerate() {
            let open = || sealed(Files::new(&path), methods);
            // Looking changes nothing.
            let bytes = std::fs::read(path.join("podform.state.json")).unwrap();
            assert_eq!(read(&*open()).await.unwrap().0.open.len(), 2, "{at}");
            assert_eq!(std::fs::read(path.join("podform.state.json")).unwrap(), bytes);
            let (mut store, mut state) = LockedStore::open(open(), "apply", Some(Duration::ZERO)).await.unwrap();
            let told = matches!(store.remarks(), [Remark::Encrypts { clear: true, .. }]);
            assert_eq!((told, store.is_journaled()), (is_first, at != 2), "{at}: {:?}", store.remarks());
            store.snapshot(&mut state).await.unwrap();
            assert!(!store.is_journaled());
            store.close().await.unwrap();
            let (state, remarks) = read(&*open()).await.unwrap();
            assert_eq!((state.open.len(), remarks), (2, Vec::new()), "{at}");
            let bytes = std::fs::read(path.join("podform.state.json")).unwrap();
            assert_eq!(String::from_utf8_lossy(&bytes).contains("the-claim-1"), at == 3, "{at}");
        }
        // In clear again, and who wants it encrypted does not read it.
        let error = read(&*sealed(Files::new(&path), &[new])).await.unwrap_err().to_string();
        assert!(error.contains("not encrypted, or cut off"), "{error}");
    });
}
