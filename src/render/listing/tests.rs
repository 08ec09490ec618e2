use super::*;
use crate::live::{Bill, LedgerRow, Load, Machine, MachineId, Port, Status};
use crate::money::Usd;
use crate::plan::Runway;
use crate::render::Style;
use crate::render::table::{Table, details_text, table_csv, table_json, table_text};
use jiff::Timestamp;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

fn drawn(table: &Table, width: usize) -> String {
    let text = table_text(table, false, Style { color: false, width, endless: false });
    assert!(text.lines().all(|line| line.width() <= width), "{width}:\n{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    text
}

fn machine(id: u64, name: &str) -> Machine {
    let port = |container: &str, host: Option<u16>, url: Option<&str>| Port {
        container_port: container.to_owned(),
        host_port: host,
        ip: host.map(|_| "198.18.0.144".to_owned()),
        protocol: "http".to_owned(),
        url: url.map(str::to_owned),
    };
    Machine {
        shown: [("name", json!(name)), ("region", json!("Europe")), ("country", json!("PL"))].into(),
        notes: Some("hello\npodform:v1:farm:l:c:7:simplepod_instance.worker%5B0%5D".to_owned().into()),
        status: Some(Status("running".to_owned())),
        gpu_model: Some("RTX PRO 6000 Blackwell".to_owned()),
        gpu_count: Some(8),
        price_per_gpu: Some(Usd("0.314".parse().expect("a decimal"))),
        created_at: Some("2026-06-01T10:00:00+02:00".to_owned()),
        env: Some(
            [("TOKEN", "canary"), ("PODFORM_CLAIM", "canary")]
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .into_iter()
                .collect(),
        ),
        start_script: Some("echo canary".to_owned()),
        console: Some("canary".to_owned()),
        ports: Some(vec![
            port("22", Some(40_901), None),
            port("8000", None, Some("https://a-long-name-of-some-tunnel-that-goes-on-and-on.trycloudflare.com/and/on")),
        ]),
        load: Load { uptime: Some(std::time::Duration::from_secs(3_700)), ..Load::default() },
        ..Machine::bare(MachineId(id))
    }
}

#[test]
fn machines_fit_a_terminal_and_are_harmless() {
    let now: Timestamp = "2026-06-02T10:00:00Z".parse().expect("a time");
    let machines = [machine(7, "a\u{1b}[2J\u{202e}b"), machine(8, &"long_name_".repeat(20))];
    let listed: Vec<Listed<'_>> =
        machines.iter().map(|machine| Listed { machine, recorded: None, fleet: Some("lab") }).collect();
    assert_eq!(listed[0].owner().as_deref(), Some("farm"));
    assert!(listed[1].is_unmanaged(), "its mark is a copy");
    let table = machines_table(&listed, 2, None, now);
    for width in [80, 200] {
        let text = drawn(&table, width);
        assert!(text.contains("8x RTX PRO 6000 Blackwell") && text.contains("$2.5120"), "{text}");
        assert!(text.contains("2 machines") && text.contains("without the disk for 2 machines"), "{text}");
    }
    assert!(table_text(&table, true, Style::PLAIN).contains("1d 02h"));
    let empty = machines_table(&[], 3, None, now);
    let unfound = machines_table(&[], 0, Some("x\u{1b}"), now);
    assert!(unfound.empty.starts_with("There is no machine that is found for \"x\\u{1b}\"."), "{}", unfound.empty);
    assert!(drawn(&empty, 80).contains("3 machines, and none that is asked for"));
    assert!(machine_words(&machines[0]).contains("running, up 61 min"), "{}", machine_words(&machines[0]));
}

#[test]
fn details_tell_no_secret() {
    let machine = machine(7, "a");
    let details = machine_details(&Listed { machine: &machine, recorded: None, fleet: None });
    for width in [80, 200] {
        let text = details_text(&details, false, Style { color: false, width, endless: false });
        assert!(text.contains("TOKEN") && text.contains("ssh -p 40901 root@198.18.0.144"), "{text}");
        assert!(text.contains("goes-on-and-on.trycloudflare.com/and/on"), "a URL stays whole: {text}");
        assert!(!text.contains("canary") && !text.contains("PODFORM_CLAIM") && !text.contains("podform:v1"), "{text}");
    }
    let json = crate::render::table::details_json(&details).to_string();
    assert!(json.contains("TOKEN") && !json.contains("canary"), "{json}");
}

#[test]
fn bills_fit_a_terminal_and_lose_no_row() {
    let row = |value: serde_json::Value| LedgerRow(value.as_object().expect("an object").clone());
    let rows: Vec<LedgerRow> = (0..40)
        .map(|n| {
            row(json!({"instanceId": n % 7, "amount": "1.25", "startedAt": format!("2026-06-{:02}T00:00:00Z", n % 28 + 1),
                "duration": 90_000, "gpuModel": "RTX 4090", "instanceName": "=a\u{1b}[31m"}))
        })
        .chain([row(json!({"instanceId": 3, "amount": 2})), row(json!({"what": "nobody knows"}))])
        .collect();
    let runway = Runway { balance: Some(Usd("9.5".parse().expect("a decimal"))), ..Runway::default() };
    let now = "2026-07-01T00:00:00Z".parse().expect("a time");
    let ledger = Ledger::of(rows.clone(), None, None, now);
    for by in [By::Machine, By::Address, By::Day, By::Model] {
        let table = bills_table(&ledger, by, |_| "simplepod_instance.worker".parse().ok(), None, &runway);
        for width in [80, 200] {
            let text = drawn(&table, width);
            assert!(text.contains("$52.00") && text.contains("1 row of the API's list could not be read"), "{text}");
            assert!(text.contains("7 machines") && text.contains("By day, 2026-06-01 to 2026-06-29"), "{text}");
        }
        let json = table_json(&table);
        assert_eq!((json["unread"].as_u64(), json["rows"].as_array().map(Vec::len)), (Some(1), Some(42)));
        assert!(!table_csv(&table).contains("\n=a"));
    }
    let since = "2026-06-20T12:00:00Z".parse().ok();
    let late = Ledger::of(rows, Some(&[MachineId(3)]), since, now);
    assert!(late.bills.iter().all(|Bill { machine, .. }| machine.0 == 3) && late.bills.len() < 6);
    let text = drawn(&bills_table(&late, By::Day, |_| None, since, &runway), 80);
    assert!(text.contains("1 bill without a time"), "{text}");
    let none = bills_table(&Ledger::default(), By::Day, |_| None, None, &runway);
    assert!(drawn(&none, 80).starts_with("The account's list of usage is empty."));
}

#[test]
fn bills_of_years_are_shown_at_once() {
    let bill = |n: u64| {
        let row = json!({"instanceId": n, "amount": "900.5", "startedAt": "2017-01-01T07:00:00Z", "endedAt": "2026-01-01T07:00:00Z"});
        LedgerRow(row.as_object().expect("an object").clone())
    };
    let ledger =
        Ledger::of((0..10_000).map(bill).collect(), None, None, "2026-07-01T00:00:00Z".parse().expect("a time"));
    let began = std::time::Instant::now();
    let table = bills_table(&ledger, By::Day, |_| None, None, &Runway::default());
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    assert_eq!(table.rows.len(), 3288);
    let json = table_json(&table);
    let days = json["days"].as_array().expect("days");
    let sum: f64 = days.iter().filter_map(|day| day["amount"].as_f64()).sum();
    assert!((sum - 9_005_000.0).abs() < 0.001, "{sum}");
    assert_eq!(json["bills"][1]["machines"], 10_000);
}

#[test]
fn deposits_are_summed_by_status() {
    let row = |value: serde_json::Value| LedgerRow(value.as_object().expect("an object").clone());
    let rows = [
        row(json!({"amount": 50, "status": "completed", "createdAt": "2026-06-01T00:00:00Z"})),
        row(json!({"amount": 10, "status": "pending", "createdAt": "2026-06-03T00:00:00Z"})),
        row(json!({"note": "no amount\u{1b}[2J"})),
    ];
    let text = drawn(&deposits_table(&rows), 80);
    assert!(text.contains("1 deposit ") && text.contains("completed: $50.00 (1)"), "{text}");
    assert!(!text.contains("$60.00"), "what is pending has not come in: {text}");
    let euros = row(json!({"amount": 7, "status": "completed", "currency": "eur"}));
    let mixed = deposits_table(&rows.iter().cloned().chain([euros]).collect::<Vec<_>>());
    assert_eq!(mixed.total, None);
    let text = drawn(&mixed, 80);
    assert!(text.contains("completed: 7.00 EUR (1)") && !text.contains("$7.00"), "{text}");
    assert!(text.contains("1 row of the API's list could not be read"), "{text}");
    assert_eq!(drawn(&deposits_table(&[]), 80), "The account tells of no deposit.\n");
}
