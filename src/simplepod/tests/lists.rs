//! Lists on the wire: parameters, envelopes, dates, calls.

use super::{client, settings};
use crate::cloud::{Cloud, ErrorKind};
use crate::http::scripted::{Reply, Seen, Server, answer};
use crate::live::MachineId;
use crate::simplepod::{Client, Expected};
use std::time::{Duration, Instant};

/// Rows `{"id": n}` from 1 to `total`, by page.
fn serve(total: usize) -> impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static {
    move |_, seen| {
        let number = |name| seen.parameter(name).and_then(|text| text.parse::<usize>().ok()).expect("a number");
        let (page, size) = (number("page"), number("itemsPerPage"));
        let rows = (1..=total).skip((page - 1) * size).take(size).map(|id| format!(r#"{{"id":{id},"name":"n"}}"#));
        let date = format!("Sun, 06 Nov 1994 08:49:{:02} GMT", 30 - page.min(20));
        Reply::Answer(200, vec![("Date", date)], format!("[{}]", rows.collect::<Vec<_>>().join(",")).into_bytes())
    }
}

#[tokio::test]
async fn machines_are_read_to_the_empty_page() {
    let server = Server::start(serve(250)).await;
    let client = client(&server.url).with_expected(Expected { machines: Some(250), groups: Some(0) });
    let listed = client.machines().await.expect("a list");
    let ids: Vec<u64> = listed.rows.iter().map(|machine| machine.id.0).collect();
    assert_eq!(ids, (1..=250).collect::<Vec<_>>());
    let mut lines = server.lines();
    lines.sort();
    let expected: Vec<String> =
        (1..=4).map(|page| format!("GET /instances/list?page={page}&itemsPerPage=100")).collect();
    assert_eq!(lines, expected);
    // The earliest of the pages: what came later may stand on none.
    assert_eq!(listed.as_of.map(|date| date.to_string()).as_deref(), Some("1994-11-06T08:49:26Z"));
}

#[tokio::test]
async fn the_length_of_a_list_is_learnt() {
    let server = Server::start(serve(250)).await;
    let client = client(&server.url);
    for calls in [5, 4, 4] {
        let before = server.seen().len();
        assert_eq!(client.groups().await.expect("a list").rows.len(), 250);
        assert_eq!(server.seen().len() - before, calls);
    }
}

#[tokio::test]
async fn many_pages_cost_one_round_trip() {
    let server = Server::start(serve(1500)).await;
    let client = client(&server.url).with_expected(Expected { machines: Some(1500), groups: None });
    let start = Instant::now();
    assert_eq!(client.machines().await.expect("a list").rows.len(), 1500);
    assert!(server.lines().iter().all(|line| line.ends_with("itemsPerPage=200")), "{:?}", server.lines());
    assert_eq!(server.seen().len(), 9);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn every_list_has_its_path_and_search() {
    let server = Server::start(|_, _| answer(200, "[]")).await;
    let client = client(&server.url);
    client.global_templates().await.expect("a list");
    client.search_global_templates("ubuntu 22").await.expect("a list");
    client.search_groups("a&b").await.expect("a list");
    client.search_machines("x").await.expect("a list");
    client.billing(Some(MachineId(7))).await.expect("a list");
    client.billing(None).await.expect("a list");
    client.deposits().await.expect("a list");
    let paged = |path: &str| format!("GET {path}page=1&itemsPerPage=100");
    assert_eq!(
        server.lines(),
        [
            paged("/instances/global-templates/list?"),
            paged("/instances/global-templates/list?search=ubuntu+22&"),
            paged("/instances/templates/list?search=a%26b&"),
            paged("/instances/list?search=x&"),
            paged("/instances/billing/list?instanceId=7&"),
            paged("/instances/billing/list?"),
            paged("/instances/deposit/list?"),
        ]
    );
}

#[tokio::test]
async fn the_list_of_usage_comes_in_every_shape() {
    for (body, rows) in [
        ("{}", 0),
        ("[]", 0),
        (r#"[{"cost":1},{"cost":1}]"#, 2),
        (r#"{"items":[{"id":1,"cost":"\u001b[1m2"}]}"#, 1),
        (r#"{"0":{"id":1},"1":{"id":2}}"#, 2),
    ] {
        let server = Server::start(move |_, seen| match seen.parameter("page") {
            Some("1") => answer(200, body),
            _ => answer(200, if body == "{}" { "{}" } else { "[]" }),
        })
        .await;
        let listed = client(&server.url).billing(None).await.expect("a list");
        assert_eq!(listed.rows.len(), rows, "{body}");
        assert!(listed.rows.iter().all(|row| !format!("{row:?}").contains("u{1b}")));
    }
}

#[tokio::test]
async fn what_is_no_list_of_machines_is_an_error() {
    for body in ["{}", "null", r#"{"message":"hello"}"#, r#"[{"name":"no id"}]"#, "[null]", "<html></html>", "[{"] {
        let server = Server::start(move |_, _| answer(200, body)).await;
        let error = client(&server.url).machines().await.expect_err(body);
        assert_eq!((error.kind, error.call.as_str()), (ErrorKind::Protocol, "GET /instances/list"), "{body}");
    }
}

#[tokio::test]
async fn a_page_that_stumbles_is_read_again() {
    let rows = serve(150);
    let server = Server::start(move |number, seen| match number {
        0 | 3 => answer(502, "<title>Bad Gateway</title>"),
        1 => Reply::Drop,
        _ => rows(number, seen),
    })
    .await;
    let client = Client::new(settings(&server.url)).expect("a client");
    let client = client.with_expected(Expected { machines: Some(150), groups: None });
    assert_eq!(client.machines().await.expect("a list").rows.len(), 150);
}
