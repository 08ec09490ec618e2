//! Reads of single things: leniency, repetition, errors.

use super::{client, nowhere, settings};
use crate::cloud::{Cloud, ErrorKind};
use crate::http::scripted::{Reply, Server, answer};
use crate::live::{GroupId, HashId, MachineId};
use crate::money::Usd;
use crate::simplepod::{Client, MarketQuery};
use serde_json::json;
use std::collections::BTreeMap;

const DETAIL: &str = r#"{
  "id": 108208, "hashId": "h4sh", "supportId": 77, "name": "sensible\u001b_pangolin", "notes": "mine\r\n\u001b[1m\u0000 x",
  "gpuModel": "RTX 3060", "gpuMemorySize": 12288, "gpuCount": "1", "diskSize": 32.0, "status": "created",
  "pricePerGpu": 0.30000000000000004, "pricePerDiskSize": "0.15", "priceAutoRenewMax": 0, "isAutoRenewOn": "true",
  "expiresAt": "2026-06-30T13:59:01+02:00", "autoRenewAt": null, "createdAt": "2026-06-29T13:59:01+02:00",
  "instanceTemplate": {"id": 25114, "name": "x"}, "envVariables": [{"name": "A", "value": 1}, {"name": "B", "value": null}],
  "errors": null, "warnings": ["disk \u001b[31mfull", ""], "startScript": null,
  "ports": {"direct": [{"srcPort": 22, "destPort": "20022", "ip": "194.93.49.14", "protocol": "unknown", "url": ""}], "proxy": []},
  "rig": {"ip": "194.93.49.14", "region": "Europe", "country": "PL"},
  "console": "UHVsbGluZyBpbWFnZS4uLhtbMG0K", "consoleSystem": "", "surprise": [1]}"#;

#[tokio::test]
async fn a_machine_is_read_whatever_its_types() {
    let server = Server::start(|_, _| answer(200, DETAIL)).await;
    let machine = client(&server.url).machine(MachineId(108_208)).await.expect("a read").expect("a machine");
    let usd = |text: &str| Some(Usd(text.parse().expect("a decimal")));
    assert_eq!(server.lines(), ["GET /instances/108208"]);
    assert_eq!(machine.hash_id, Some(HashId("h4sh".into())));
    assert_eq!(machine.text("support_id"), Some("77"));
    // Compared texts stay as they are.
    assert_eq!(machine.text("name"), Some("sensible\u{1b}_pangolin"));
    assert_eq!(machine.notes.as_deref(), Some("mine\r\n\u{1b}[1m\u{0} x"));
    assert_eq!((machine.gpu_count, machine.disk_size), (Some(1), Some(32)));
    assert_eq!(machine.price_per_gpu, usd("0.30000000000000004"));
    assert_eq!((machine.price_per_disk, &machine.shown["max_auto_renew_price"]), (usd("0.15"), &json!(0)));
    assert_eq!(machine.shown["auto_renew"], json!(true));
    assert_eq!((machine.text("expires_at"), machine.text("auto_renew_at")), (Some("2026-06-30T13:59:01+02:00"), None));
    assert_eq!(machine.group, Some(GroupId(25114)));
    let env: BTreeMap<String, String> = [("A", "1"), ("B", "")].map(|(k, v)| (k.into(), v.into())).into();
    assert_eq!(machine.env.map(|env| env.0), Some(env));
    assert_eq!((machine.errors, machine.warnings), (vec![], vec!["disk full".to_owned()]));
    assert_eq!(machine.ports.map(|ports| ports[0].host_port), Some(Some(20022)));
    assert_eq!(machine.shown["host_ip"], json!("194.93.49.14"));
    assert_eq!(machine.console.as_deref(), Some("Pulling image...\n"));
    assert_eq!((machine.console_system.as_deref(), machine.start_script.as_deref()), (Some(""), Some("")));
    assert_eq!(machine.status.map(|status| status.0).as_deref(), Some("created"));
}

#[tokio::test]
async fn what_an_answer_does_not_carry_is_none() {
    let server = Server::start(|_, _| {
        answer(200, r#"{"id": "5", "status": "hibernating", "envVariables": "[{\"name\":\"A\",\"value\":\"1\"}]"}"#)
    })
    .await;
    let machine = client(&server.url).machine(MachineId(5)).await.expect("a read").expect("a machine");
    assert_eq!((machine.shown.len(), &machine.notes, &machine.ports), (0, &None, &None));
    assert_eq!(machine.status.map(|status| status.0).as_deref(), Some("hibernating"));
    assert_eq!(machine.env.and_then(|env| env.0.get("A").cloned()).as_deref(), Some("1"));
}

#[tokio::test]
async fn a_group_is_read_whatever_its_types() {
    let body = r#"{"id": 29, "imageName": "ubuntu", "categoryName": null, "defaultTag": 22.04, "diskSize": "32",
        "exposePorts": [22, "80"], "startScript": "", "argOptions": null, "envVariables": {"A": true}, "notes": null,
        "password": "secret", "isPasswordProtected": 0, "isRunSshServerOn": 1, "isRunJupyterOn": false}"#;
    let server = Server::start(move |_, _| answer(200, body)).await;
    let client = client(&server.url);
    let group = client.group(GroupId(29)).await.expect("a read").expect("a group");
    assert_eq!(
        serde_json::json!(group.shown),
        serde_json::json!({
            "image_name": "ubuntu", "default_tag": "22.04", "category_name": "", "disk_size": 32, "expose_ports": [22, 80],
            "start_script": "", "arg_options": null, "ssh_server": true, "jupyter": false
        })
    );
    assert_eq!((group.name(), &group.host, group.password_protected), (None, &None, Some(false)));
    assert_eq!(group.env.and_then(|env| env.0.get("A").cloned()).as_deref(), Some("true"));
    assert!(client.global_template(GroupId(29)).await.expect("a read").is_some());
    assert_eq!(server.lines(), ["GET /instances/templates/29", "GET /instances/global-templates/29"]);
}

#[tokio::test]
async fn only_the_apis_own_404_and_410_mean_gone() {
    for status in [404, 410] {
        let server = Server::start(move |_, _| answer(status, r#"{"detail":"Not Found"}"#)).await;
        assert_eq!(client(&server.url).machine(MachineId(5)).await, Ok(None));
    }
    for (status, body, kind) in [
        (404, "<html>nginx</html>", ErrorKind::Protocol),
        (403, "{}", ErrorKind::Forbidden),
        (200, r#"{"id": 6}"#, ErrorKind::Protocol),
        (200, "{}", ErrorKind::Protocol),
        (200, "[]", ErrorKind::Protocol),
        (302, "", ErrorKind::Protocol),
        (500, "", ErrorKind::Unavailable),
    ] {
        let server = Server::start(move |_, _| answer(status, body)).await;
        let error = client(&server.url).machine(MachineId(5)).await.expect_err("an error");
        assert_eq!(error.kind, kind, "{status} {body}");
        assert!(error.to_string().starts_with("GET /instances/5 answered"), "{error}");
    }
}

#[tokio::test]
async fn reads_are_repeated_where_that_helps() {
    let cut = || Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"id\"".to_vec());
    let server = Server::start(move |number, _| match number {
        0 => answer(502, "<title>Bad</title>"),
        1 => Reply::Drop,
        2 => cut(),
        3 => answer(503, ""),
        _ => answer(200, r#"{"rentalAvailability": {"balanceRental": 7.16}, "x": 1}"#),
    })
    .await;
    let account = client(&server.url).account().await.expect("a read");
    assert_eq!(account.balance, Some(Usd("7.16".parse().expect("a decimal"))));
    assert_eq!(server.lines(), vec!["GET /instances/summary"; 5]);
    // Five tries, and no more.
    let server = Server::start(|_, _| answer(504, "")).await;
    let error = client(&server.url).account().await.expect_err("an error");
    assert_eq!((error.kind, error.status, server.seen().len()), (ErrorKind::Unavailable, Some(504), 5));
    // Broken JSON is asked for once more; a refusal is not.
    for (status, body, sent) in [(200, r#"{"a":"#, 2), (200, "hello", 2), (200, "", 2), (401, "{}", 1), (404, "{}", 1)]
    {
        let server = Server::start(move |_, _| answer(status, body)).await;
        assert!(client(&server.url).account().await.is_err());
        assert_eq!(server.seen().len(), sent, "{status} {body}");
    }
    let error = client(&nowhere()).account().await.expect_err("an error");
    assert_eq!((error.kind, error.status), (ErrorKind::Network, None));
}

#[tokio::test]
async fn too_many_requests_are_waited_for() {
    let server = Server::start(|number, _| match number {
        0 => Reply::Answer(429, vec![("Retry-After", "1".into())], Vec::new()),
        _ => answer(200, "{}"),
    })
    .await;
    let start = std::time::Instant::now();
    assert_eq!(client(&server.url).account().await.map(|account| account.balance), Ok(None));
    assert!(start.elapsed().as_millis() >= 1000);
}

#[tokio::test]
async fn an_oversized_answer_is_no_answer() {
    let server = Server::start(|_, _| answer(200, vec![b'['; 2 << 20])).await;
    let error = client(&server.url).offers().await.expect_err("an error");
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Protocol, "a row of the answer is longer than 1 MB"));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn the_market_is_read_page_by_page_until_it_shows_that_it_has_none() {
    let row = r#"{"id":1,"gpuModel":"RTX 4090","gpuCount":1,"pricePerGpu":0.31,"gpuMemorySize":24564}"#;
    for body in [format!("[{row}]"), format!(r#"{{"hydra:member":[{row}]}}"#)] {
        let server = Server::start(move |_, _| answer(200, body.clone())).await;
        let client = client(&server.url);
        let offers = client.offers().await.expect("a read");
        assert_eq!(offers[0].iri, "/instances/market/1");
        client
            .market(&MarketQuery { region: Some("EU-PL-01".into()), ..MarketQuery::default() })
            .await
            .expect("a read");
        assert_eq!(
            server.lines(),
            [
                "GET /instances/market/list?rentalStatus=active&page=1&itemsPerPage=1000",
                "GET /instances/market/list?rentalStatus=active&page=2&itemsPerPage=1000",
                "GET /instances/market/list?region=EU-PL-01&page=1&itemsPerPage=1000"
            ]
        );
    }
    let server = Server::start(move |_, _| answer(200, format!("[{row},{row}]"))).await;
    assert_eq!(client(&server.url).offers().await.map(|offers| offers.len()), Ok(1), "a row that came twice is one");
    let server = Server::start(|_, _| answer(200, "{}")).await;
    assert_eq!(client(&server.url).offers().await.map_err(|error| error.kind), Err(ErrorKind::Protocol));
}

#[tokio::test]
async fn behind_a_full_page_of_the_market_some_are_read_side_by_side() {
    let server = Server::start(|_, seen| {
        let page: usize = seen.parameter("page").and_then(|page| page.parse().ok()).expect("a number");
        let row = |id: usize| format!(r#"{{"id":{id},"gpuModel":"RTX 4090","gpuCount":1,"pricePerGpu":0.31}}"#);
        let rows: Vec<String> = (1..=2500).skip((page - 1) * 1000).take(1000).map(row).collect();
        answer(200, format!("[{}]", rows.join(",")))
    })
    .await;
    assert_eq!(client(&server.url).offers().await.expect("a read").len(), 2500);
    let mut lines = server.lines();
    lines.sort();
    let page = |page| format!("GET /instances/market/list?rentalStatus=active&page={page}&itemsPerPage=1000");
    assert_eq!(lines, (1..=5).map(page).collect::<Vec<_>>());
}

#[test]
fn bad_settings_are_told() {
    let told = |change: fn(&mut crate::simplepod::Settings)| {
        let mut settings = settings("http://localhost");
        change(&mut settings);
        Client::new(settings).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(told(|_| ()), Ok(()));
    assert!(told(|settings| settings.page_size = 0).is_err_and(|error| error.contains("page size")));
    assert!(told(|settings| settings.reboot_path = "x".into()).is_err_and(|error| error.contains("reboot")));
    assert!(told(|settings| settings.base_url = "http://x.example".into()).is_err_and(|error| error.contains("https")));
}
