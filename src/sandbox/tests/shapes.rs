//! The readings of what is unsettled: bodies, pages, rows, numbers, paths.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::client::{Sim, sim};

async fn rent_many(sim: &Sim, count: usize) {
    for offer in sim.rows("/instances/market/list?rentalStatus=active&gpuCount[lte]=1").await.iter().take(count) {
        sim.rent_offer(offer).await;
    }
}

fn ids(rows: &[Value]) -> Vec<u64> {
    rows.iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn the_answer_to_a_rent() {
    for (spec, status, body) in
        [("create-body=id", 200, None), ("create-body=object", 200, Some("{}")), ("create-body=empty", 201, Some(""))]
    {
        let sim = sim(&[spec, &format!("create-status={status}")]).await;
        let offer = sim.free().await[0].clone();
        let reply = sim.call("POST", "/instances", Sim::rent_body(&offer)).await;
        assert_eq!(reply.status, status);
        match body {
            Some(body) => assert_eq!(reply.text(), body),
            None => assert!(reply.json()["id"].is_u64() && reply.json()["hashId"].is_string()),
        }
        assert_eq!(sim.rows("/instances/list").await.len(), 1);
    }
}

#[tokio::test]
async fn pages_end_clamp_repeat_and_shift() {
    let sim = sim(&[]).await;
    rent_many(&sim, 45).await;
    let first = ids(&sim.rows("/instances/list").await);
    let second = ids(&sim.rows("/instances/list?page=2").await);
    assert_eq!((first.len(), second.len()), (30, 15));
    assert!(first[0] > second[0], "newest first");
    assert!(sim.rows("/instances/list?page=3").await.is_empty());
    assert_eq!(sim.rows("/instances/list?itemsPerPage=1000").await.len(), 45);
    let turn = |spec: &str| sim.0.switch(|switches| switches.apply_spec(spec).unwrap());
    turn("page-clamp=10");
    assert_eq!(sim.rows("/instances/list?itemsPerPage=1000").await.len(), 10);
    assert_eq!(ids(&sim.rows("/instances/list?itemsPerPage=1000&page=2").await), first[10..20]);
    turn("page-shift=-1");
    assert_eq!(ids(&sim.rows("/instances/list?page=2").await), first[9..19]);
    turn("page-shift=1");
    assert_eq!(ids(&sim.rows("/instances/list?page=2").await), first[11..21]);
    turn("page-ignored=true");
    assert_eq!(ids(&sim.rows("/instances/list?page=4").await), first[..10]);
    turn("page-ignored=false");
    turn("page-shift=0");
    turn("list-order=shuffled");
    let mut seen = Vec::new();
    for page in 1..=5 {
        seen.extend(ids(&sim.rows(&format!("/instances/list?page={page}")).await));
    }
    let distinct: BTreeSet<u64> = seen.iter().copied().collect();
    assert!(distinct.len() < 45, "rows are repeated and skipped");
    turn("market-paged=true");
    assert_eq!(sim.rows("/instances/market/list").await.len(), 10);
}

#[tokio::test]
async fn envelopes_numbers_and_unknown_fields() {
    let sim = sim(&["envelope=hydra", "numbers=strings", "extra-fields=true"]).await;
    let offers = sim.get("/instances/market/list?rentalStatus=active").await.json();
    let row = &offers["hydra:member"][0];
    assert!(row["id"].is_u64() && row["pricePerGpu"].is_string() && row["gpuCount"].is_string(), "{row}");
    assert!(row["rig"]["xUnknown"].is_object());
    let turn = |spec: &str| sim.0.switch(|switches| switches.apply_spec(spec).unwrap());
    turn("envelope=member");
    turn("numbers=floats");
    let row = sim.get("/instances/market/list?rentalStatus=active").await.json()["member"][0].clone();
    assert!(row["gpuCount"].to_string().ends_with(".0"), "{row}");
    assert!(row["pricePerGpu"].to_string().len() > 15, "{row}");
    assert_eq!(sim.get("/instances/list").await.json()["totalItems"], 0);
    let mut body = Sim::rent_body(&row);
    body["gpuCount"] = json!(row["gpuCount"].as_f64().unwrap() as u64);
    let id = sim.call("POST", "/instances", body).await.json()["id"].as_u64().unwrap();
    assert!(sim.machine(id).await["diskSize"].to_string().ends_with(".0"));
}

#[tokio::test]
async fn rows_carry_less_than_details_or_as_much() {
    let sim = sim(&[]).await;
    let id = sim.rent().await;
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let row = keys(&sim.rows("/instances/list").await[0]);
    for key in [
        "id",
        "hashId",
        "supportId",
        "name",
        "notes",
        "status",
        "gpuModel",
        "gpuCount",
        "gpuMemorySize",
        "pricePerGpu",
        "createdAt",
        "errors",
        "warnings",
        "ports",
        "rig",
    ] {
        assert!(row.contains(key), "{key}");
    }
    assert!(!row.contains("envVariables") && !row.contains("instanceTemplate"));
    let detail = keys(&sim.machine(id).await);
    sim.0.switch(|switches| switches.apply_spec("list-detail=true").unwrap());
    let mut full = keys(&sim.rows("/instances/list").await[0]);
    full.extend(["console".to_owned(), "consoleSystem".to_owned()]);
    assert_eq!(full, detail);
    for key in [
        "cpuCoreCount",
        "systemMemory",
        "diskSize",
        "diskSizeMax",
        "duration",
        "rentalType",
        "pricePerDiskSize",
        "priceAutoRenewMax",
        "expiresAt",
        "autoRenewAt",
        "isAutoRenewOn",
        "instanceTemplate",
        "envVariables",
        "cpuUsage",
        "memUsage",
        "diskUsage",
        "processUptime",
    ] {
        assert!(detail.contains(key), "{key}");
    }
}

#[tokio::test]
async fn times_are_polish_and_the_date_is_the_worlds() {
    let sim = sim(&[]).await;
    let id = sim.rent().await;
    assert_eq!(sim.machine(id).await["createdAt"], "2026-06-01T12:00:00+02:00");
    assert_eq!(sim.get("/instances/list").await.header("date").unwrap(), "Mon, 01 Jun 2026 10:00:00 GMT");
    let reply = sim.call("POST", "/sandbox/advance", json!({"seconds": 15_552_000})).await;
    assert_eq!((reply.status, &reply.json()["now"]), (200, &json!("2026-11-28T11:00:00+01:00")));
    assert_eq!(sim.get("/nowhere").await.header("date").unwrap(), "Sat, 28 Nov 2026 10:00:00 GMT");
    assert_eq!(sim.call("POST", "/sandbox/advance", json!({"seconds": -1})).await.status, 400);
}

#[tokio::test]
async fn the_clock_runs_at_its_speed_while_it_serves() {
    let sim = sim(&["speed=1000"]).await;
    let id = sim.rent().await;
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    let machine = sim.machine(id).await;
    assert_eq!(machine["status"], "running");
    assert!(machine["duration"].as_u64().unwrap() >= 50);
}

#[tokio::test]
async fn hash_ids_and_the_other_reboot_path() {
    let sim = sim(&[]).await;
    let id = sim.rent().await;
    let path = format!("/instances/{}", sim.machine(id).await["hashId"].as_str().unwrap());
    assert_eq!(sim.get(&path).await.status, 404);
    let turn = |spec: &str| sim.0.switch(|switches| switches.apply_spec(spec).unwrap());
    turn("hash-id-paths=true");
    turn("reboot-path=reboot");
    assert_eq!(sim.get(&path).await.json()["id"], id);
    let body = json!({"instanceIds": [id]});
    assert_eq!(sim.call("PATCH", "/instances/execute-reboot", body.clone()).await.status, 404);
    assert_eq!(sim.call("PATCH", "/instances/reboot", body).await.status, 200);
    assert_eq!(sim.delete(&path).await.status, 204);
}

#[tokio::test]
async fn calls_are_logged_counted_and_forgotten() {
    let sim = sim(&[]).await;
    let id = sim.rent().await;
    sim.call("PUT", &format!("/instances/{id}"), json!({"notes": "secret"})).await;
    sim.raw("POST", "/instances/templates", &[("x-auth-token", "k"), ("content-type", "application/json")], b"{no")
        .await
        .unwrap();
    let log = sim.raw("GET", "/sandbox/calls", &[], b"").await.unwrap().json();
    assert_eq!(log["counters"]["PUT /instances/{id}"], 1);
    let put = &log["calls"][2];
    assert_eq!((&put["path"], &put["route"]), (&json!(format!("/instances/{id}")), &json!("/instances/{id}")));
    assert_eq!((&put["body"]["notes"], &put["status"]), (&json!("secret"), &json!(200)));
    assert_eq!(log["calls"][0]["query"], "rentalStatus=active");
    assert_eq!((&log["calls"][3]["body"], &log["calls"][3]["status"]), (&json!("{no"), &json!(400)));
    sim.delete("/sandbox/calls").await;
    assert!(sim.0.calls().is_empty());
}
