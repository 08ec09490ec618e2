//! Offers: how many, which filters, whose GPUs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::client::{Sim, sim, switches};
use crate::sandbox::World;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[tokio::test]
async fn the_market_is_large_varied_and_unpaginated() {
    for seed in 1..6 {
        let world = World::in_memory(seed, switches(&[]));
        assert!(world.hosts.offers.len() >= 500, "{}", world.hosts.offers.len());
    }
    let sim = sim(&[]).await;
    let rows = sim.rows("/instances/market/list").await;
    assert_eq!(rows.len(), sim.rows("/instances/market/list?page=2&itemsPerPage=5").await.len());
    let set =
        |path: &str| -> BTreeSet<String> { rows.iter().map(|row| row.pointer(path).unwrap().to_string()).collect() };
    assert!(set("/rig/id").len() >= 150);
    assert!(set("/gpuModel").len() >= 12);
    assert!(set("/rig/country").len() >= 8);
    assert!(set("/gpuCudaVer").contains("\"11.8\"") && set("/gpuCudaVer").contains("\"13.0\""));
    assert!(rows.iter().all(|row| (0.04..=4.0).contains(&number(&row["pricePerGpu"]))));
    assert_eq!(set("/id").len(), rows.len());
    assert_eq!(set("/instanceMarket").len(), rows.len());
    let active = rows.iter().filter(|row| row["rentalStatus"] == "active").count();
    assert!(active >= 450 && active < rows.len(), "{active}");
}

#[tokio::test]
async fn references_of_hosts_with_several_offers_differ_from_their_row_ids() {
    let sim = sim(&[]).await;
    let mut hosts: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in sim.rows("/instances/market/list").await {
        hosts.entry(row["rig"]["id"].to_string()).or_default().push(row);
    }
    assert!(hosts.values().any(|rows| rows.len() > 1));
    for rows in hosts.values() {
        for row in rows {
            let own = format!("/instances/market/{}", row["id"]);
            assert_eq!(row["instanceMarket"] == own.as_str(), rows.len() == 1, "{row}");
        }
    }
}

#[tokio::test]
async fn the_published_market_has_the_rows_of_the_list() {
    let sim = sim(&["market=published"]).await;
    let rows = sim.rows("/instances/market/list").await;
    assert_eq!(rows.len(), 52);
    let mut hosts: BTreeMap<String, u64> = BTreeMap::new();
    for row in &rows {
        let gpus = hosts.entry(row["rig"]["id"].to_string()).or_default();
        *gpus = row["gpuCount"].as_u64().unwrap().max(*gpus);
    }
    assert_eq!((hosts.len(), hosts.values().sum::<u64>()), (15, 73));
    let of = |model: &str, gpus: u64| {
        let found = rows.iter().filter(|row| row["gpuModel"] == model && row["gpuCount"] == gpus);
        found.map(|row| (row["cpuCoreCount"].to_string(), number(&row["pricePerGpu"]))).collect::<Vec<_>>()
    };
    assert_eq!(of("RTX A4000", 3), [("31".to_owned(), 0.09)]);
    assert_eq!(of("RTX 4090", 7), [("224".to_owned(), 0.32)]);
    assert_eq!(of("RTX 4090", 1), [("32".to_owned(), 0.34)]);
    assert_eq!(of("RTX 5090", 8).len(), 2);
}

#[tokio::test]
async fn every_range_filter_and_order_holds() {
    let sim = sim(&[]).await;
    let all = sim.rows("/instances/market/list").await;
    for fact in [
        "downloadSpeedtest",
        "uploadSpeedtest",
        "diskSize",
        "cpuCoreCount",
        "systemMemory",
        "diskSpeedWrite",
        "gpuCount",
        "gpuTFlops",
        "gpuMemorySize",
        "gpuPcieBandwidth",
        "sla",
        "rentalTimeMin",
        "pricePerGpu",
        "pricePerTFlops",
        "pricePerDlp",
    ] {
        let mut values: Vec<f64> = all.iter().map(|row| number(&row[fact])).collect();
        values.sort_by(f64::total_cmp);
        let bound = values[values.len() / 2].ceil();
        for (side, fits) in [("gte", f64::ge as fn(&f64, &f64) -> bool), ("lte", f64::le)] {
            let rows = sim.rows(&format!("/instances/market/list?{fact}[{side}]={bound}")).await;
            let expected = all.iter().filter(|row| fits(&number(&row[fact]), &bound)).count();
            assert_eq!(rows.len(), expected, "{fact} {side} {bound}");
        }
    }
    for fact in ["gpuCount", "sla", "pricePerGpu", "sysDlp", "pricePerDlp", "gpuTFlops", "pricePerTFlops"] {
        let up = sim.rows(&format!("/instances/market/list?order%5B{fact}%5D=asc")).await;
        assert!(up.is_sorted_by(|a, b| number(&a[fact]) <= number(&b[fact])), "{fact}");
        let down = sim.rows(&format!("/instances/market/list?order[{fact}]=desc")).await;
        assert!(down.is_sorted_by(|a, b| number(&a[fact]) >= number(&b[fact])), "{fact}");
        assert_eq!(up.len(), all.len());
    }
}

#[tokio::test]
async fn models_regions_versions_and_status_filter() {
    let sim = sim(&[]).await;
    let all = sim.rows("/instances/market/list").await;
    let count = |fits: &dyn Fn(&Value) -> bool| all.iter().filter(|row| fits(row)).count();
    let expected: [(&str, usize); 9] = [
        ("gpuModel=RTX%204090", count(&|row| row["gpuModel"] == "RTX 4090")),
        ("gpuModel=Any&region=World&rentalStatus=Any&mode=docker", all.len()),
        ("region=North+America", count(&|row| row["rig"]["region"] == "North America")),
        ("region=EU-PL-01", count(&|row| row["rig"]["datacenter"] == "EU-PL-01")),
        ("region=Poland", count(&|row| row["rig"]["country"] == "PL")),
        ("gpuCudaVer=12.8&gpuCudaVerOperator=%3E%3D", count(&|row| row["gpuCudaVer"] == "12.8")),
        ("gpuCudaVer=13.0", count(&|row| row["gpuCudaVer"] == "13.0")),
        ("rentalStatus=inactive", count(&|row| row["rentalStatus"] == "inactive")),
        ("gpuDriverVer=570&gpuDriverVerOperator=%3C%3D", count(&|row| row["gpuDriverVer"].as_str().unwrap() < "570")),
    ];
    for (query, expected) in expected {
        assert!(expected > 0, "{query}");
        assert_eq!(sim.rows(&format!("/instances/market/list?{query}")).await.len(), expected, "{query}");
    }
    sim.0.switch(|switches| switches.apply_spec("cuda-filter=works").unwrap());
    let newer = sim.rows("/instances/market/list?gpuCudaVer=12.9&gpuCudaVerOperator=%3E%3D").await;
    assert!(
        newer.iter().any(|row| row["gpuCudaVer"] == "12.10") && newer.iter().any(|row| row["gpuCudaVer"] == "13.0")
    );
    assert!(newer.iter().all(|row| row["gpuCudaVer"] != "12.8"));
}

#[tokio::test]
async fn the_price_filter_takes_whole_dollars() {
    let sim = sim(&[]).await;
    let all = sim.rows("/instances/market/list").await.len();
    assert_eq!(sim.rows("/instances/market/list?pricePerGpu[lte]=0.5").await.len(), all);
    sim.0.switch(|switches| switches.apply_spec("price-filter=reject").unwrap());
    let reply = sim.get("/instances/market/list?pricePerGpu[lte]=0.5").await;
    assert_eq!(reply.status, 400);
    assert!(reply.json()["detail"].as_str().unwrap().contains("pricePerGpu[lte]"));
}

#[tokio::test]
async fn offers_of_a_host_share_its_gpus() {
    let sim = sim(&[]).await;
    let free = sim.free().await;
    let whole = free.iter().find(|row| row["gpuCount"] == 4).unwrap().clone();
    let of_host = |rows: Vec<Value>| -> BTreeMap<u64, bool> {
        let rows = rows.into_iter().filter(|row| row["rig"]["id"] == whole["rig"]["id"]);
        rows.map(|row| (row["gpuCount"].as_u64().unwrap(), row["rentalStatus"] == "active")).collect()
    };
    let before = of_host(sim.rows("/instances/market/list").await);
    assert!(before.values().all(|active| *active) && before.len() > 2);
    let id = sim.rent_offer(&whole).await;
    let during = of_host(sim.rows("/instances/market/list").await);
    assert!(!during[&4]);
    assert_eq!(during[&1], before.keys().max().unwrap() > &4, "{during:?}");
    let again = sim.call("POST", "/instances", Sim::rent_body(&whole)).await;
    if before.keys().max().unwrap() < &8 {
        assert_eq!(again.status, 422);
        assert_eq!(again.json()["detail"], "instanceMarket: This instance is not available for rent.");
    }
    sim.0.switch(|switches| switches.apply_spec("rented-offers=remove").unwrap());
    assert!(!of_host(sim.rows("/instances/market/list").await).contains_key(&4));
    assert_eq!(sim.delete(&format!("/instances/{id}")).await.status, 204);
    assert_eq!(of_host(sim.rows("/instances/market/list").await), before);
}

#[tokio::test]
async fn strangers_take_offers_and_hosts_change_prices() {
    let sim = sim(&[]).await;
    let rows = sim.free().await;
    let largest = |row: &Value| {
        rows.iter().all(|other| other["rig"] != row["rig"] || other["gpuCount"].as_u64() <= row["gpuCount"].as_u64())
    };
    let offer = rows.iter().rev().find(|row| largest(row)).unwrap().clone();
    let iri = json!({"instanceMarket": offer["instanceMarket"]});
    assert_eq!(sim.call("POST", "/sandbox/actors/rent", iri.clone()).await.status, 200);
    assert_eq!(sim.call("POST", "/instances", Sim::rent_body(&offer)).await.status, 422);
    assert_eq!(sim.call("POST", "/sandbox/actors/delete", iri.clone()).await.status, 200);
    assert_eq!(sim.call("POST", "/sandbox/actors/delete", iri).await.status, 404);
    let price = json!({"instanceMarket": offer["instanceMarket"], "pricePerGpu": 3.5});
    assert_eq!(sim.call("POST", "/sandbox/actors/edit", price).await.status, 200);
    let id = sim.rent_offer(&offer).await;
    assert_eq!(sim.machine(id).await["pricePerGpu"].to_string(), "3.5");
}

#[tokio::test]
async fn strangers_come_and_go() {
    let sim = sim(&["churn=0.4"]).await;
    let first = sim.free().await;
    assert_eq!(first, sim.free().await);
    sim.advance(600);
    let later = sim.free().await;
    let gone = first.iter().find(|row| !later.contains(row)).unwrap();
    assert!(later.iter().any(|row| !first.contains(row)));
    assert_eq!(sim.call("POST", "/instances", Sim::rent_body(gone)).await.status, 422);
}

#[tokio::test]
async fn a_disk_may_have_to_fit() {
    let sim = sim(&["disk-must-fit=true", "template-body=id"]).await;
    let template = json!({"name": "t", "imageName": "i", "diskSize": 60_000});
    let made = sim.call("POST", "/instances/templates", template).await.json();
    let mut body = Sim::rent_body(&sim.free().await[0]);
    body["instanceTemplate"] = json!(format!("/instances/templates/{}", made["id"]));
    let refused = sim.call("POST", "/instances", body).await;
    assert_eq!((refused.status, &refused.json()["violations"][0]["propertyPath"]), (422, &json!("instanceTemplate")));
}

#[tokio::test]
async fn prices_drift_with_the_clock_and_the_seed() {
    let sim = sim(&["drift=0.2"]).await;
    let prices = |rows: Vec<Value>| rows.iter().map(|row| row["pricePerGpu"].to_string()).collect::<Vec<_>>();
    let first = prices(sim.rows("/instances/market/list").await);
    assert_eq!(first, prices(sim.rows("/instances/market/list").await));
    sim.advance(3_600);
    let later = prices(sim.rows("/instances/market/list").await);
    assert_ne!(first, later);
    let other = super::client::sim(&["drift=0.2"]).await;
    other.advance(3_600);
    assert_eq!(later, prices(other.rows("/instances/market/list").await));
}
