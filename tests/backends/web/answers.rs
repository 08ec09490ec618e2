//! What becomes of a state where answers are lost, where the server is away, and where locks are taken away.

use super::server::{Fault, GITLAB, LENIENT, Manners, SIMPLE, Server};
use super::{backend, in_real_time, settings};
use crate::backends::conformance::{begin, opened};
use podform::state::State;
use podform::store::remote::web::HttpBackend;
use podform::store::{Backend, LockedStore, Part, Remark, StoreError, read};
use std::time::Duration;

async fn run(server: &Server, is_locked: bool) -> (LockedStore, State) {
    let store = Box::new(backend(server, is_locked).store());
    LockedStore::open(store, "apply", Some(Duration::ZERO)).await.unwrap()
}

async fn write(store: &mut LockedStore, state: &mut State, claim: &str) {
    store.append(&[opened(claim)]).await.unwrap();
    state.apply(opened(claim));
}

/// A snapshot with an intent in it.
async fn used(server: &Server, is_locked: bool) {
    let (mut store, mut state) = run(server, is_locked).await;
    for event in [begin(), opened("a")] {
        store.append(std::slice::from_ref(&event)).await.unwrap();
        state.apply(event);
    }
    store.snapshot(&mut state).await.unwrap();
    store.close().await.unwrap();
}

async fn claims(server: &Server) -> Vec<String> {
    read(&backend(server, false).store()).await.unwrap().0.open.into_keys().collect()
}

/// One request of an apply has this fault, while it is opened and once more later.
async fn in_spite_of(manners: Manners, method: &'static str, end: &'static str, fault: Fault) {
    let server = Server::start(manners);
    used(&server, true).await;
    server.next(method, end, fault);
    let (mut store, mut state) = run(&server, true).await;
    server.next(method, end, fault);
    write(&mut store, &mut state, "b").await;
    write(&mut store, &mut state, "c").await;
    store.snapshot(&mut state).await.unwrap();
    write(&mut store, &mut state, "d").await;
    store.close().await.unwrap();
    let what = format!("{manners:?} {method} {end}: {fault:?}");
    assert_eq!(claims(&server).await, ["a", "b", "c", "d"], "{what}");
    assert_eq!(server.state("lab").unwrap()["serial"], 2, "{what}");
    assert!(server.holder("lab").is_none() && server.holder("lab-journal").is_none(), "{what}");
    assert_eq!(server.state("lab-journal").unwrap()["lineage"], server.state("lab").unwrap()["lineage"], "{what}");
}

#[test]
fn a_request_whose_answer_is_lost_is_done_once() {
    let requests = [
        ("GET", "/lab"),
        ("GET", "/lab-journal"),
        ("POST", "/lab"),
        ("POST", "/lab-journal"),
        ("POST", "/lab/lock"),
        ("POST", "/lab-journal/lock"),
        ("DELETE", "/lab-journal/lock"),
    ];
    // Pauses between tries are real: all at once.
    std::thread::scope(|scope| {
        for manners in [GITLAB, LENIENT, SIMPLE] {
            for (method, end) in requests {
                for fault in [Fault::Lost, Fault::Masked, Fault::Failed, Fault::Dropped] {
                    scope.spawn(move || in_real_time(in_spite_of(manners, method, end, fault)));
                }
            }
        }
    });
}

#[test]
fn a_server_that_is_started_anew_is_met_again() {
    in_real_time(async {
        let server = Server::start(GITLAB);
        used(&server, true).await;
        let (mut store, mut state) = run(&server, true).await;
        server.stop();
        let appending = [opened("b")];
        let (appended, ()) = futures::future::join(store.append(&appending), async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            server.start_again();
        })
        .await;
        appended.unwrap();
        state.apply(opened("b"));
        store.snapshot(&mut state).await.unwrap();
        assert_eq!(claims(&server).await, ["a", "b"]);
        server.stop();
        let error = store.append(&[opened("c")]).await.unwrap_err().to_string();
        assert!(error.contains("/lab-journal") && error.contains("not sent"), "{error}");
        server.start_again();
        store.append(&[opened("d")]).await.unwrap();
        assert_eq!(claims(&server).await, ["a", "b", "d"]);
    });
}

#[test]
fn a_run_whose_lock_was_taken_away_stops_before_its_call_and_keeps_what_it_did() {
    for manners in [GITLAB, LENIENT, SIMPLE, Manners { tells: false, ..GITLAB }] {
        for comes_and_goes in [false, true] {
            in_real_time(async {
                let server = Server::start(manners);
                used(&server, true).await;
                let (mut first, mut old) = run(&server, true).await;
                write(&mut first, &mut old, "b").await;
                server.take_lock_away("lab");
                server.take_lock_away("lab-journal");
                let (mut second, mut state) = run(&server, true).await;
                assert!(state.open.contains_key("b"));
                write(&mut second, &mut state, "c").await;
                if comes_and_goes {
                    second.snapshot(&mut state).await.unwrap();
                    second.close().await.unwrap();
                }
                let error = first.append(&[opened("x")]).await.unwrap_err();
                assert!(matches!(error, StoreError::Fenced { part: Part::Lock, .. }), "{manners:?}: {error}");
                assert_eq!(claims(&server).await, ["a", "b", "c"], "{manners:?}");
                first.close().await.unwrap();
                assert_eq!(server.holder("lab").is_none(), comes_and_goes, "another's lock stays");
            });
        }
    }
}

/// Nobody has come, and nobody is kept out: whoever comes finds a free lock, and what the run had under way.
#[test]
fn a_run_whose_lock_was_taken_away_and_is_nobodys_stops_too() {
    in_real_time(async {
        let server = Server::start(SIMPLE);
        used(&server, true).await;
        let (mut store, _) = run(&server, true).await;
        server.take_lock_away("lab-journal");
        let error = store.append(&[opened("b")]).await.unwrap_err();
        assert!(matches!(error, StoreError::Fenced { part: Part::Lock, .. }), "{error}");
        assert!(server.holder("lab-journal").is_none());
        store.close().await.unwrap();
        assert!(server.holder("lab").is_none());
        assert_eq!(claims(&server).await, ["a", "b"]);
    });
}

#[test]
fn force_unlock_frees_both_names_and_no_other() {
    in_real_time(async {
        let server = Server::start(GITLAB);
        used(&server, true).await;
        // Nobody gives it back.
        std::mem::forget(run(&server, true).await);
        let id = server.holder("lab").unwrap()["ID"].as_str().unwrap().to_owned();
        // Terraform's knows the state alone.
        server.take_lock_away("lab");
        let store = backend(&server, true).state("default").unwrap();
        assert_eq!(store.holder().await.unwrap().unwrap().id, id);
        assert!(store.force_unlock("another").await.unwrap_err().to_string().contains(&id));
        store.force_unlock(&id).await.unwrap();
        assert!(server.holder("lab").is_none() && server.holder("lab-journal").is_none());
        assert!(store.force_unlock(&id).await.is_err());
    });
}

#[test]
fn a_state_that_was_put_back_is_told_by_its_journal() {
    in_real_time(async {
        let server = Server::start(SIMPLE);
        used(&server, true).await;
        for claim in ["b", "c"] {
            let (mut store, mut state) = run(&server, true).await;
            write(&mut store, &mut state, claim).await;
            store.snapshot(&mut state).await.unwrap();
            store.close().await.unwrap();
        }
        server.put_back("lab", 2);
        let (mut store, mut state) = run(&server, true).await;
        assert!(matches!(store.remarks(), [Remark::Older { .. }]), "{:?}", store.remarks());
        store.snapshot(&mut state).await.unwrap();
        write(&mut store, &mut state, "z").await;
        store.close().await.unwrap();
        let (store, state) = run(&server, true).await;
        assert!(store.remarks().is_empty() && state.open.contains_key("z"), "{:?}", store.remarks());
    });
}

fn probed(manners: Manners, is_locked: bool) -> (Server, Result<(String, bool), String>) {
    let server = Server::start(manners);
    let told = in_real_time(backend(&server, is_locked).probe());
    let told = told.map(|found| (found.told.join("\n"), found.guards_locks));
    (server, told.map_err(|error| error.to_string()))
}

#[test]
fn what_a_server_does_not_do_is_told_by_name() {
    for (manners, is_locked, what, guards) in [
        (GITLAB, true, "nobody else can write it", true),
        (SIMPLE, true, "does not compare the id", false),
        (SIMPLE, false, "There is no lock_address", false),
        (Manners { tells: false, ..GITLAB }, true, "does not say who holds a lock", true),
    ] {
        let (server, told) = probed(manners, is_locked);
        let is_told = |(told, guarded): &(String, bool)| told.contains(what) && *guarded == guards;
        assert!(told.as_ref().is_ok_and(is_told), "{told:?}");
        assert_eq!((server.names(), server.holder("lab-probe")), (Vec::new(), None));
        assert!(in_real_time(backend(&server, is_locked).probe()).is_ok(), "a second time");
    }
    let (server, told) = probed(Manners { locks: false, ..SIMPLE }, true);
    assert!(told.unwrap_err().contains("gives one lock to two"));
    assert_eq!(server.names(), Vec::<String>::new());
}

#[test]
fn a_login_is_shown_and_never_told() {
    let server = Server::start(GITLAB);
    server.require("ann:canary/pass");
    let told = in_real_time(backend(&server, true).probe()).unwrap_err().to_string();
    assert!(told.contains("401"), "{told}");
    let plain = settings(&server, true);
    let named = podform::store::remote::web::Settings {
        username: Some("ann".into()),
        password: Some("canary/pass".to_owned().into()),
        ..plain.clone()
    };
    in_real_time(HttpBackend::new(&named).unwrap().probe()).unwrap();
    let inside = |text: &str| text.replace("http://", "http://ann:canary%2Fpass@");
    let in_address = podform::store::remote::web::Settings {
        address: inside(&plain.address),
        lock_address: plain.lock_address.as_deref().map(inside),
        unlock_address: plain.unlock_address.as_deref().map(inside),
        ..plain
    };
    let backend = HttpBackend::new(&in_address).unwrap();
    in_real_time(backend.probe()).unwrap();
    assert!(!format!("{backend:?} {}", backend.place()).contains("canary"));
}

#[test]
fn there_is_one_state_and_it_is_removed_whole() {
    in_real_time(async {
        let server = Server::start(GITLAB);
        used(&server, true).await;
        let backend = backend(&server, true);
        assert!(backend.state("staging").unwrap_err().to_string().contains("keeps one state"));
        assert_eq!(backend.workspaces().await.unwrap(), Vec::<String>::new());
        backend.remove("default").await.unwrap();
        assert_eq!(server.names(), Vec::<String>::new());
    });
}
