//! Everything that can go wrong with a call.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Sim, sim};

async fn try_rent(sim: &Sim) -> std::io::Result<super::client::Reply> {
    let offer = sim.free().await[0].clone();
    sim.try_call("POST", "/instances", Some(&Sim::rent_body(&offer))).await
}

async fn machines(sim: &Sim) -> usize {
    sim.rows("/instances/list").await.len()
}

#[tokio::test]
async fn a_rent_may_happen_without_an_answer() {
    let sim = sim(&["drop-after-commit:POST /instances:2"]).await;
    assert_eq!(try_rent(&sim).await.unwrap().status, 200);
    assert!(try_rent(&sim).await.is_err());
    assert_eq!(machines(&sim).await, 2);
    assert_eq!(try_rent(&sim).await.unwrap().status, 200);
    let rents: Vec<_> = sim.0.calls().into_iter().filter(|call| call.method == "POST").collect();
    assert_eq!(rents.len(), 3);
    assert_eq!((rents[1].status, rents[1].faults.len()), (Some(200), 1));
}

#[tokio::test]
async fn a_rent_may_not_happen_and_not_be_answered() {
    let sim = sim(&["drop:POST /instances:1"]).await;
    assert!(try_rent(&sim).await.is_err());
    assert_eq!(machines(&sim).await, 0);
    assert_eq!(sim.0.calls()[1].status, None);
}

#[tokio::test]
async fn gateways_fail_in_bursts() {
    let sim = sim(&["502:GET /instances/list:2-3"]).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let reply = sim.get("/instances/list?page=1").await;
        statuses.push(reply.status);
        assert_eq!(reply.text().contains("<html>"), reply.status == 502);
    }
    assert_eq!(statuses, [200, 502, 502, 200]);
    assert_eq!(sim.get("/instances/summary").await.status, 200);
}

#[tokio::test]
async fn statuses_before_and_after() {
    let sim = sim(&["500:POST /instances:1", "502-after-commit:POST /instances:2", "refuse:POST /instances:3"]).await;
    let first = try_rent(&sim).await.unwrap();
    assert_eq!((first.status, &first.json()["detail"]), (500, &json!("Internal Server Error")));
    assert_eq!(machines(&sim).await, 0);
    assert_eq!(try_rent(&sim).await.unwrap().status, 502);
    assert_eq!(machines(&sim).await, 1);
    let refused = try_rent(&sim).await.unwrap();
    assert_eq!((refused.status, &refused.json()["violations"][0]["propertyPath"]), (422, &json!("instanceMarket")));
    assert_eq!(machines(&sim).await, 1);
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back() {
    let sim = sim(&["429:*:2:7"]).await;
    assert_eq!(sim.get("/instances/list").await.status, 200);
    let reply = sim.get("/instances/summary").await;
    assert_eq!((reply.status, reply.header("retry-after").as_deref()), (429, Some("7")));
    assert_eq!(reply.json()["detail"], "Too Many Requests");
}

#[tokio::test]
async fn a_firewall_answers_html() {
    let sim = sim(&["403-html:POST /instances/templates"]).await;
    let reply = sim.call("POST", "/instances/templates", json!({"name": "t", "imageName": "i"})).await;
    assert_eq!((reply.status, reply.header("content-type").as_deref()), (403, Some("text/html; charset=UTF-8")));
    assert!(sim.rows("/instances/templates/list").await.is_empty());
}

#[tokio::test]
async fn slow_calls_are_done_early_and_stalled_ones_late() {
    let sim = sim(&["slow:GET /instances/summary:1:300", "stall:POST /instances:1:1000", "latency=20"]).await;
    let start = Instant::now();
    assert_eq!(sim.get("/instances/summary").await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(320));
    let start = Instant::now();
    let early = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        sim.0.calls().iter().filter(|call| call.method == "POST").count()
    };
    let (rent, early) = tokio::join!(try_rent(&sim), early);
    assert_eq!((rent.unwrap().status, early), (200, 0));
    assert!(start.elapsed() >= Duration::from_millis(320));
}

#[tokio::test]
async fn a_rent_happens_after_the_client_gave_up() {
    let sim = sim(&["stall:POST /instances:1:1500"]).await;
    let body = Sim::rent_body(&sim.free().await[0]);
    let rent = sim.try_call("POST", "/instances", Some(&body));
    assert!(tokio::time::timeout(Duration::from_millis(500), rent).await.is_err());
    assert_eq!(machines(&sim).await, 0);
    let start = Instant::now();
    while machines(&sim).await == 0 {
        assert!(start.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn stopping_does_not_wait_for_slow_calls() {
    let sim = sim(&["slow:*:1", "stall:*:2"]).await;
    for _ in 0..2 {
        assert!(tokio::time::timeout(Duration::from_millis(50), sim.get("/instances/list")).await.is_err());
    }
    let start = Instant::now();
    sim.0.stop().await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn answers_may_be_cut_garbled_or_empty() {
    let sim =
        sim(&["truncate:POST /instances:1", "garbage:POST /instances:2", "empty-list:GET /instances/list:1"]).await;
    assert!(try_rent(&sim).await.is_err());
    let garbage = try_rent(&sim).await.unwrap();
    assert_eq!(garbage.status, 200);
    assert!(serde_json::from_slice::<Value>(&garbage.body).is_err());
    assert_eq!(machines(&sim).await, 0);
    assert_eq!(machines(&sim).await, 2);
}

#[tokio::test]
async fn chance_is_seeded() {
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let sim = sim(&["503:GET /instances/summary:p0.4"]).await;
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(sim.get("/instances/summary").await.status);
        }
        outcomes.push(statuses);
    }
    assert_eq!(outcomes[0], outcomes[1]);
    let failures = outcomes[0].iter().filter(|status| **status == 503).count();
    assert!((8..=24).contains(&failures), "{failures}");
}

#[tokio::test]
async fn faults_can_be_changed_while_it_serves() {
    let sim = sim(&[]).await;
    let change = json!({"faults": ["502:* /instances/{id}"], "page-clamp": 5, "price_jump": 1.25});
    let reply = sim.call("PUT", "/sandbox/switches", change).await;
    assert_eq!((reply.status, &reply.json()["price_jump"]), (200, &json!("1.25")));
    assert_eq!(sim.get("/instances/5").await.status, 502);
    assert_eq!(sim.get("/instances/list").await.status, 200);
    assert_eq!(sim.get("/sandbox/switches").await.json()["faults"], json!(["502:* /instances/{id}"]));
    let wrong = sim.call("PUT", "/sandbox/switches", json!({"page-clamp": 9, "nmaes": "accept"})).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.json()["detail"].as_str().unwrap().contains("unknown switch \"nmaes\"; known: latency, "));
    assert_eq!(sim.get("/sandbox/switches").await.json()["page_clamp"], 5);
    assert_eq!(sim.call("PUT", "/sandbox/switches", json!({"faults": []})).await.status, 200);
    assert_eq!(sim.get("/instances/5").await.status, 404);
}
