//! The backend "http", on a server with GitLab's manners and on others.

mod answers;
mod runs;
pub mod server;
mod terraform;

use super::conformance::{CASES, Subject};
use podform::http::Method;
use podform::store::remote::web::{HttpBackend, Settings};
use podform::store::{Backend, StateStore};
use server::{GITLAB, LENIENT, Manners, SIMPLE, Server};
use std::sync::Arc;
use std::time::Duration;

/// Cases that ask for a lock.
const LOCKED: [&str; 2] = ["a lock keeps out, and tells who holds it", "a lock is waited for"];

fn settings(server: &Server, is_locked: bool) -> Settings {
    let address = server.url("lab");
    Settings {
        lock_address: is_locked.then(|| format!("{address}/lock")),
        unlock_address: is_locked.then(|| format!("{address}/lock")),
        lock_method: Method::Post,
        unlock_method: Method::Delete,
        retry_wait_min: Some(Duration::from_millis(20)),
        ..Settings::of(address)
    }
}

fn backend(server: &Server, is_locked: bool) -> HttpBackend {
    HttpBackend::new(&settings(server, is_locked)).unwrap()
}

/// Sockets know no virtual time.
fn in_real_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn subject(manners: Manners, is_locked: bool) -> Subject {
    let server = Arc::new(Server::start(manners));
    Subject {
        lock_keeps_out: manners.ids && is_locked,
        keeps_copies: false,
        lock_dies_with_its_run: false,
        open: Box::new(move || -> Box<dyn StateStore> { backend(&server, is_locked).state("default").unwrap() }),
        _guard: None,
    }
}

#[test]
fn every_server_keeps_what_a_store_must() {
    let silent = Manners { tells: false, ..GITLAB };
    let kinds = [
        ("like GitLab", GITLAB, true),
        ("that compares ids only while it is locked", LENIENT, true),
        ("that compares nothing", SIMPLE, true),
        ("that does not say who holds a lock", silent, true),
        ("without a lock", SIMPLE, false),
    ];
    for (kind, manners, is_locked) in kinds {
        for (case, run) in CASES {
            if LOCKED.contains(case) && !(is_locked && manners.tells) {
                continue;
            }
            println!("a server {kind}: {case}");
            in_real_time(run(subject(manners, is_locked)));
        }
    }
}
