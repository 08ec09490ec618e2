//! Calls that change the account: what is sent, how often, and what is known afterwards.

use super::{client, nowhere, rent_request, settings, word};
use crate::cloud::{Cloud, ErrorKind, Outcome};
use crate::http::scripted::{Reply, Server, answer};
use crate::live::{GroupFields, GroupId, MachineFields, MachineId};
use crate::money::Usd;
use crate::schema::dollars;
use crate::simplepod::Client;

#[tokio::test]
async fn every_call_is_sent_as_documented() {
    let server = Server::start(|_, seen| match seen.method.as_str() {
        "POST" => answer(200, r#"{"id":108208}"#),
        "DELETE" => answer(204, ""),
        _ => answer(200, "{}"),
    })
    .await;
    let client = client(&server.url);
    let group =
        GroupFields { settings: [("name", "g".into()), ("disk_size", 32.into())].into(), ..GroupFields::default() };
    let machine = MachineFields {
        notes: Some("a\n\u{1b}b".into()),
        settings: [("max_auto_renew_price", dollars(Usd("0.30".parse().expect("a decimal"))))].into(),
        ..MachineFields::default()
    };
    assert_eq!(word(&client.rent(&rent_request()).await), "done Some(MachineId(108208))");
    assert_eq!(word(&client.update_machine(MachineId(7), &machine).await), "done None");
    assert_eq!(word(&client.delete_machine(MachineId(7)).await), "done ()");
    assert_eq!(word(&client.reboot(&[MachineId(7), MachineId(8)]).await), "done ()");
    assert_eq!(word(&client.create_group(&group).await), "done Some(GroupId(108208))");
    assert_eq!(word(&client.update_group(GroupId(29), &group).await), "done ()");
    assert_eq!(word(&client.delete_group(GroupId(29)).await), "done ()");
    let sent: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| {
            let kind = seen.header("content-type").unwrap_or("-");
            format!("{} {} {kind} {}", seen.method, seen.target, seen.body)
        })
        .collect();
    let expected = [
        r#"POST /instances application/json {"gpuCount":2,"instanceMarket":"/instances/market/4711","instanceTemplate":"/instances/templates/25114","envVariables":[{"name":"TOKEN","value":"canary-value-91"}]}"#,
        r#"PUT /instances/7 application/json {"notes":"a\n\u001bb","priceAutoRenewMax":0.3}"#,
        "DELETE /instances/7 - ",
        r#"PATCH /instances/execute-reboot application/merge-patch+json {"instanceIds":[7,8]}"#,
        r#"POST /instances/templates application/json {"name":"g","diskSize":32}"#,
        r#"PUT /instances/templates/29 application/json {"name":"g","diskSize":32}"#,
        "DELETE /instances/templates/29 - ",
    ];
    assert_eq!(sent, expected);
    assert!(server.seen().iter().all(|seen| seen.header("x-auth-token") == Some(super::KEY)));
}

#[tokio::test]
async fn where_there_is_no_such_path_the_other_one_is_tried() {
    let server = Server::start(|number, _| if number == 0 { answer(404, "{}") } else { answer(200, "") }).await;
    assert_eq!(word(&client(&server.url).reboot(&[MachineId(7)]).await), "done ()");
    assert_eq!(server.lines(), ["PATCH /instances/execute-reboot", "PATCH /instances/reboot"]);
    // What may have been done is not sent anywhere else.
    for status in [400, 403, 500, 503] {
        let server = Server::start(move |_, _| answer(status, "{}")).await;
        client(&server.url).reboot(&[MachineId(7)]).await;
        assert_eq!(server.lines(), ["PATCH /instances/execute-reboot"], "{status}");
    }
}

#[tokio::test]
async fn the_path_of_the_reboot_is_a_setting() {
    let server = Server::start(|_, _| answer(200, "")).await;
    let client =
        Client::new(crate::simplepod::Settings { reboot_path: "/instances/reboot".into(), ..settings(&server.url) });
    assert_eq!(word(&client.expect("a client").reboot(&[]).await), "done ()");
    assert_eq!(server.lines(), ["PATCH /instances/reboot"]);
}

#[tokio::test]
async fn a_rent_names_its_id_or_none() {
    for (status, body, id) in [
        (201, r#"{"id":"12","status":"created"}"#, Some(12)),
        (200, r#"{"instanceId":12.0}"#, Some(12)),
        (200, r#"{"@id":"/instances/12"}"#, Some(12)),
        (200, "{}", None),
        (200, "[]", None),
        (200, "null", None),
        (204, "", None),
    ] {
        let server = Server::start(move |_, _| answer(status, body)).await;
        assert_eq!(client(&server.url).rent(&rent_request()).await, Outcome::Done(id.map(MachineId)), "{body}");
    }
}

/// What a POST, a PUT and a DELETE make of the same answers, and how often each is sent.
async fn fates(script: impl Fn(usize) -> Reply + Clone + Send + Sync + 'static) -> [(String, usize); 3] {
    let serve = || {
        let script = script.clone();
        Server::start(move |number, _| script(number))
    };
    let (rent, put, delete) = (serve().await, serve().await, serve().await);
    let rented = client(&rent.url).rent(&rent_request()).await;
    let changed = client(&put.url).update_machine(MachineId(7), &MachineFields::default()).await;
    let deleted = client(&delete.url).delete_machine(MachineId(7)).await;
    let brief = |word: String| word.split(" answered").next().unwrap_or_default().to_owned();
    [
        (brief(word(&rented)), rent.seen().len()),
        (brief(word(&changed)), put.seen().len()),
        (brief(word(&deleted)), delete.seen().len()),
    ]
}

fn fate(words: [(&str, usize); 3]) -> [(String, usize); 3] {
    words.map(|(word, sent)| (word.to_owned(), sent))
}

#[tokio::test]
async fn a_refusal_is_no_deed_and_final() {
    for (status, kind) in
        [(400, "Refused"), (401, "Unauthorized"), (403, "Forbidden"), (409, "Refused"), (422, "Refused")]
    {
        let told = fates(move |_| answer(status, r#"{"detail":"no"}"#)).await;
        let calls = ["POST /instances", "PUT /instances/7", "DELETE /instances/7"];
        assert_eq!(told, calls.map(|call| (format!("not done: {kind} {call}"), 1)), "{status}");
    }
}

#[tokio::test]
async fn what_is_gone_is_deleted() {
    for status in [404, 410] {
        let told = fates(move |_| answer(status, r#"{"detail":"Not Found"}"#)).await;
        let expected =
            [("not done: NotFound POST /instances", 1), ("not done: NotFound PUT /instances/7", 1), ("done ()", 1)];
        assert_eq!(told, fate(expected));
    }
    let [_, _, page] = fates(|_| answer(404, "<html><title>nginx</title></html>")).await;
    assert_eq!(page, ("not done: Protocol DELETE /instances/7".to_owned(), 1));
}

#[tokio::test]
async fn a_server_error_leaves_a_rent_in_doubt_and_repeats_the_rest() {
    for status in [500, 502, 503, 504, 520, 408] {
        let told = fates(move |_| answer(status, "<title>Bad</title>")).await;
        let expected = [
            ("in doubt: Unavailable POST /instances", 1),
            ("in doubt: Unavailable PUT /instances/7", 3),
            ("in doubt: Unavailable DELETE /instances/7", 3),
        ];
        assert_eq!(told, fate(expected), "{status}");
    }
    let told = fates(|number| if number < 2 { answer(502, "") } else { answer(204, "") }).await;
    assert_eq!(told, fate([("in doubt: Unavailable POST /instances", 1), ("done None", 3), ("done ()", 3)]));
}

#[tokio::test]
async fn silence_after_bytes_left_is_doubt() {
    for silent in [false, true] {
        let told = fates(move |_| if silent { Reply::Silence } else { Reply::Drop }).await;
        let sent = told.clone().map(|(_, sent)| sent);
        assert_eq!(sent, [1, 3, 3]);
        assert!(told.iter().all(|(word, _)| word.starts_with("in doubt: Network")), "{told:?}");
    }
}

#[tokio::test]
async fn an_early_doubt_is_not_undone_by_a_later_refusal() {
    let [_, put, delete] = fates(|number| if number == 0 { Reply::Drop } else { answer(403, "{}") }).await;
    assert_eq!(put, ("in doubt: Forbidden PUT /instances/7".to_owned(), 2));
    assert_eq!(delete, ("in doubt: Forbidden DELETE /instances/7".to_owned(), 2));
    let [_, put, delete] = fates(|number| if number == 0 { Reply::Drop } else { answer(404, "{}") }).await;
    assert_eq!(put, ("not done: NotFound PUT /instances/7".to_owned(), 2));
    assert_eq!(delete, ("done ()".to_owned(), 2));
}

#[tokio::test]
async fn a_broken_success_of_a_rent_is_doubt() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":".to_vec();
    let broken = move |number: usize| match number {
        0 => Reply::Raw(cut.clone()),
        _ => answer(200, "{}"),
    };
    let told = fates(broken).await;
    assert_eq!(told, fate([("in doubt: Protocol POST /instances", 1), ("done None", 2), ("done ()", 2)]));
    let [rent, ..] = fates(|_| answer(200, "<html><title>Sign in</title></html>")).await;
    assert_eq!(rent, ("in doubt: Protocol POST /instances".to_owned(), 1));
    let [rent, put, _] = fates(|_| answer(200, "OK")).await;
    assert_eq!((rent.0.as_str(), put.0.as_str()), ("in doubt: Protocol POST /instances", "done None"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let moved = |_| Reply::Answer(302, vec![("Location", "https://evil.example/x".into())], Vec::new());
    let told = fates(moved).await;
    let expected = [
        ("in doubt: Protocol POST /instances", 1),
        ("in doubt: Protocol PUT /instances/7", 1),
        ("in doubt: Protocol DELETE /instances/7", 1),
    ];
    assert_eq!(told, fate(expected));
}

#[tokio::test]
async fn what_was_never_sent_is_not_done() {
    let client = client(&nowhere());
    let told = [
        word(&client.rent(&rent_request()).await),
        word(&client.update_machine(MachineId(7), &MachineFields::default()).await),
        word(&client.delete_machine(MachineId(7)).await),
        word(&client.create_group(&GroupFields::default()).await),
        word(&client.reboot(&[MachineId(7)]).await),
    ];
    assert!(told.iter().all(|word| word.starts_with("not done: Network")), "{told:?}");
    assert!(told[0].contains("POST /instances failed: nothing was sent"), "{}", told[0]);
}

#[tokio::test]
async fn too_many_requests_slow_everybody_down() {
    let busy = |number| match number {
        0 => Reply::Answer(429, vec![("Retry-After", "1".into())], Vec::new()),
        _ => answer(200, "{}"),
    };
    let server = Server::start(move |number, _| busy(number)).await;
    let client = client(&server.url);
    let start = std::time::Instant::now();
    let refused = client.rent(&rent_request()).await;
    assert!(matches!(&refused, Outcome::NotDone(error) if error.kind == ErrorKind::TooManyRequests), "{refused:?}");
    assert!(start.elapsed().as_millis() < 900);
    assert_eq!(word(&client.rent(&rent_request()).await), "done None");
    assert!(start.elapsed().as_millis() >= 1000);
    let [rent, put, delete] = fates(busy).await;
    assert_eq!(rent.1, 1);
    assert_eq!((put, delete), (("done None".to_owned(), 2), ("done ()".to_owned(), 2)));
    // A wait that is too long is told, not waited for.
    let hour = |_| Reply::Answer(429, vec![("Retry-After", "3600".into())], Vec::new());
    let [_, put, _] = fates(hour).await;
    assert_eq!(put, ("not done: TooManyRequests PUT /instances/7".to_owned(), 1));
}

#[tokio::test]
async fn the_answer_to_a_put_counts_where_it_shows_all_details() {
    let mut whole = serde_json::json!({
        "id": 7, "hashId": "h", "supportId": "s", "name": "a", "notes": "", "status": "created", "gpuModel": "RTX 4090",
        "gpuCount": 1, "pricePerGpu": 0.3, "pricePerDiskSize": 0.15, "diskSize": 32, "isAutoRenewOn": true,
        "priceAutoRenewMax": 0, "createdAt": "2026-06-29T13:59:01+02:00", "expiresAt": "2026-06-30T13:59:01+02:00",
        "instanceTemplate": {"id": 9}, "ports": {"direct": [], "proxy": []}, "rig": {"ip": "10.0.0.1"}
    });
    for (_, field) in crate::schema::instance::SCHEMA.settings() {
        let shown = whole.as_object_mut().expect("an object").entry(field.api);
        shown.or_insert_with(|| field.wire.empty().unwrap_or_default());
    }
    let mut other = whole.clone();
    other["id"] = 8.into();
    let mut row = whole.clone();
    row.as_object_mut().expect("an object").remove("instanceTemplate");
    for (body, shown) in [(whole, true), (other, false), (row, false), (serde_json::json!({}), false)] {
        let text = body.to_string();
        let server = Server::start(move |_, _| answer(200, text.as_str())).await;
        let done = client(&server.url).update_machine(MachineId(7), &MachineFields::default()).await;
        assert!(matches!(&done, Outcome::Done(machine) if machine.is_some() == shown), "{body}: {done:?}");
    }
}
