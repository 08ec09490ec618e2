//! The client against a scripted server.

mod calls;
mod lists;
mod reads;
mod secrets;

use super::{Client, Retry, Settings};
use crate::cloud::{CallError, Outcome};
use crate::http::Options;
use crate::live::{Env, GroupId, RentRequest};
use std::time::Duration;

const KEY: &str = "canary-key-7f3a";

/// Settings that do not wait long.
fn settings(url: &str) -> Settings {
    let retry = Retry {
        base: Duration::from_millis(2),
        longest: Duration::from_millis(1500),
        budget: Duration::from_secs(5),
        ..Retry::default()
    };
    let http = Options {
        timeout: Duration::from_millis(400),
        slow_timeout: Duration::from_millis(400),
        max_body: 1 << 20,
        ..Options::default()
    };
    Settings { retry, http, ..Settings::new(url, KEY.to_owned().into()) }
}

fn client(url: &str) -> Client {
    Client::new(settings(url)).expect("a client")
}

fn rent_request() -> RentRequest {
    RentRequest {
        offer_iri: "/instances/market/4711".into(),
        ordered: [("gpu_count", 2.into())].into(),
        group: GroupId(25114),
        env: Env::from_iter([("TOKEN".to_owned(), "canary-value-91".to_owned())]),
    }
}

/// A URL where nobody listens.
fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

/// `done`, `not done: ...` or `in doubt: ...`.
fn word<T: std::fmt::Debug>(outcome: &Outcome<T>) -> String {
    let told = |word: &str, error: &CallError| format!("{word}: {:?} {error}", error.kind);
    match outcome {
        Outcome::Done(value) => format!("done {value:?}"),
        Outcome::NotDone(error) => told("not done", error),
        Outcome::InDoubt(error) => told("in doubt", error),
    }
}
