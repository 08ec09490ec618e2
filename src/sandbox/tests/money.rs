//! Balance, bills, periods.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::client::{Sim, sim};

fn decimal(value: &Value) -> Decimal {
    value.to_string().parse().unwrap()
}

async fn balance(sim: &Sim) -> Decimal {
    decimal(&sim.get("/instances/summary").await.json()["rentalAvailability"]["balanceRental"])
}

/// USD per hour of a machine by what its details say.
fn hourly(machine: &Value) -> Decimal {
    decimal(&machine["pricePerGpu"]) * decimal(&machine["gpuCount"])
        + decimal(&machine["pricePerDiskSize"]) * decimal(&machine["diskSize"]) / Decimal::from(730)
}

#[tokio::test]
async fn every_second_costs() {
    let sim = sim(&[]).await;
    assert_eq!(balance(&sim).await, Decimal::ONE_THOUSAND);
    let id = sim.rent().await;
    let rate = hourly(&sim.machine(id).await);
    let second = Decimal::from(3600);
    sim.advance(1);
    assert_eq!(balance(&sim).await, (Decimal::ONE_THOUSAND - rate / second).round_dp(6));
    sim.advance(3_599);
    assert_eq!(balance(&sim).await, (Decimal::ONE_THOUSAND - rate).round_dp(6));
    sim.advance(1_800);
    sim.delete(&format!("/instances/{id}")).await;
    sim.advance(86_400);
    let spent = (rate * Decimal::new(15, 1)).round_dp(6);
    assert_eq!(balance(&sim).await, Decimal::ONE_THOUSAND - spent);
    let bill = sim.rows(&format!("/instances/billing/list?instanceId={id}")).await;
    assert_eq!((decimal(&bill[0]["amount"]), &bill[0]["duration"]), (spent, &json!(5_400)));
    assert!(sim.rows("/instances/billing/list?instanceId=1").await.is_empty());
    let deposits = sim.rows("/instances/deposit/list").await;
    assert_eq!(deposits[0]["amount"].to_string(), "1000");
}

#[tokio::test]
async fn an_empty_balance_ends_every_machine() {
    let sim = sim(&["balance=1", "delete-lag=1000000000"]).await;
    let (first, second) = (sim.rent().await, sim.rent().await);
    let rate = hourly(&sim.machine(first).await) + hourly(&sim.machine(second).await);
    let seconds: u64 = (Decimal::from(3600) / rate).ceil().try_into().unwrap();
    sim.advance(seconds - 2);
    assert_eq!(sim.machine(first).await["status"], "running");
    sim.advance(4);
    assert_eq!(sim.machine(first).await["status"], "deleted");
    assert_eq!(sim.machine(second).await["status"], "deleted");
    assert!(balance(&sim).await.abs() < Decimal::new(1, 5));
    sim.0.switch(|switches| switches.apply_spec("funds=refuse").unwrap());
    let offer = sim.free().await[0].clone();
    let refused = sim.call("POST", "/instances", Sim::rent_body(&offer)).await;
    assert_eq!((refused.status, &refused.json()["violations"][0]["message"]), (422, &json!("Insufficient balance.")));
    sim.call("POST", "/sandbox/actors/edit", json!({"deposit": 50})).await;
    assert_eq!(sim.call("POST", "/instances", Sim::rent_body(&offer)).await.status, 200);
}

#[tokio::test]
async fn periods_renew_below_the_maximum_and_end_above_it() {
    let sim = sim(&["period=24"]).await;
    let offer = sim.free().await[0].clone();
    let id = sim.rent_offer(&offer).await;
    let path = format!("/instances/{id}");
    let first = sim.machine(id).await;
    let price = decimal(&offer["pricePerGpu"]);
    let raise = |price: Decimal| json!({"instanceMarket": offer["instanceMarket"], "pricePerGpu": serde_json::from_str::<Value>(&price.to_string()).unwrap()});
    let higher = price + Decimal::new(5, 2);
    sim.call("PUT", &path, json!({"priceAutoRenewMax": 3})).await;
    sim.call("POST", "/sandbox/actors/edit", raise(higher)).await;
    assert_eq!(decimal(&sim.machine(id).await["pricePerGpu"]), price, "a running period keeps its price");
    sim.advance(24 * 3600);
    let renewed = sim.machine(id).await;
    assert_eq!(decimal(&renewed["pricePerGpu"]), higher);
    assert!(renewed["expiresAt"].as_str() > first["expiresAt"].as_str());
    sim.call("POST", "/sandbox/actors/edit", raise(Decimal::from(4))).await;
    sim.advance(24 * 3600);
    assert_eq!(sim.get(&path).await.status, 404);
    assert_eq!(sim.rows("/instances/billing/list").await[0]["endReason"], "expired");
    let other = sim.rent().await;
    sim.call("PUT", &format!("/instances/{other}"), json!({"isAutoRenewOn": false})).await;
    sim.advance(24 * 3600);
    assert_eq!(sim.get(&format!("/instances/{other}")).await.status, 404);
}

#[tokio::test]
async fn a_machine_may_bill_more_than_its_offer() {
    let sim = sim(&["price-jump=1.5", "price:POST /instances:2:2"]).await;
    let offers = sim.free().await;
    for (offer, factor) in [(&offers[0], Decimal::new(15, 1)), (&offers[9], Decimal::from(3))] {
        let id = sim.rent_offer(offer).await;
        assert_eq!(decimal(&sim.machine(id).await["pricePerGpu"]), decimal(&offer["pricePerGpu"]) * factor);
    }
}

#[tokio::test]
async fn huge_amounts_are_refused_and_long_times_survived() {
    let sim = sim(&["period=100000"]).await;
    let offer = sim.free().await[0].clone();
    let id = sim.rent_offer(&offer).await;
    for body in [
        json!({"id": id, "pricePerGpu": 1e20}),
        json!({"deposit": 1e20}),
        json!({"instanceMarket": offer["instanceMarket"], "pricePerGpu": -1}),
    ] {
        assert_eq!(sim.call("POST", "/sandbox/actors/edit", body).await.status, 400);
    }
    let max = json!({"priceAutoRenewMax": 7e28});
    assert!(sim.call("PUT", &format!("/instances/{id}"), max).await.status < 500);
    for _ in 0..3 {
        sim.call("POST", "/sandbox/advance", json!({"seconds": u32::MAX})).await;
        assert_eq!(sim.rows("/instances/billing/list").await.len(), 1);
    }
}

#[tokio::test]
async fn the_billing_list_has_several_shapes() {
    let sim = sim(&["billing=object"]).await;
    sim.rent().await;
    assert_eq!(sim.get("/instances/billing/list").await.text(), "{}");
    sim.0.switch(|switches| switches.apply_spec("billing=wrapped").unwrap());
    assert_eq!(sim.get("/instances/billing/list").await.json()["items"].as_array().unwrap().len(), 1);
}
