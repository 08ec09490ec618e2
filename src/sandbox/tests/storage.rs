//! What survives: stops, kills, torn logs; and that the same seed is the same world.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::client::{Sim, serve_world, switches};
use crate::sandbox::clock::DAWN_MS;
use crate::sandbox::{OpenError, World, fields};

async fn open(path: &Path, specs: &[&str]) -> Sim {
    serve_world(World::open(path, None, switches(specs)).unwrap()).await
}

fn log_of(path: &Path) -> std::path::PathBuf {
    path.with_file_name("world.json.log")
}

#[tokio::test]
async fn a_world_survives_a_stop() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/world.json");
    let sim = open(&path, &[]).await;
    let id = sim.rent().await;
    sim.call("POST", "/instances/templates", json!({"name": "t", "imageName": "i"})).await;
    sim.advance(7_200);
    let (before, world) = (sim.machine(id).await, sim.get("/instances/summary").await.text());
    sim.0.stop().await.unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.lines().count() > 30, "people can read it");
    assert_eq!(fs::metadata(log_of(&path)).unwrap().len(), 0);
    let sim = open(&path, &[]).await;
    assert_eq!((sim.machine(id).await, sim.get("/instances/summary").await.text()), (before, world));
    assert_eq!(sim.rows("/instances/templates/list").await.len(), 1);
    assert_ne!(sim.rent().await, id);
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_answered() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("world.json");
    let sim = open(&path, &["drop-after-commit:POST /instances:2"]).await;
    let id = sim.rent().await;
    let offer = sim.free().await[0].clone();
    assert!(sim.try_call("POST", "/instances", Some(&Sim::rent_body(&offer))).await.is_err());
    sim.call("PUT", &format!("/instances/{id}"), json!({"notes": "kept"})).await;
    // What a killed process leaves: the files as they are now, and half a line that it was writing.
    let copy = directory.path().join("killed/world.json");
    fs::create_dir(copy.parent().unwrap()).unwrap();
    fs::copy(&path, &copy).unwrap();
    let mut log = fs::read(log_of(&path)).unwrap();
    assert!(!log.is_empty());
    log.extend_from_slice(b"{\"serial\": 99, \"head\"");
    fs::write(log_of(&copy), log).unwrap();
    let again = open(&copy, &[]).await;
    assert_eq!(again.rows("/instances/list").await.len(), 2);
    assert_eq!(again.machine(id).await["notes"], "kept");
    again.delete(&format!("/instances/{id}")).await;
    again.0.stop().await.unwrap();
    assert_eq!(open(&copy, &[]).await.rows("/instances/list").await.len(), 1);
}

#[tokio::test]
async fn one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("world.json");
    let sim = open(&path, &[]).await;
    let refused = World::open(&path, None, switches(&[])).err().unwrap();
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
    assert!(refused.to_string().contains("world.json is in use by another podform process"));
    sim.0.stop().await.unwrap();
    drop(World::open(&path, None, switches(&[])).unwrap());
    drop(open(&path, &[]).await);
    World::open(&path, None, switches(&[])).unwrap();
}

#[tokio::test]
async fn what_is_not_a_world_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("world.json");
    fs::write(&path, "{\"version\": 9}").unwrap();
    let refused = World::open(&path, None, switches(&[])).err().unwrap();
    assert!(matches!(refused, OpenError::Unreadable { .. }), "{refused}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "{\"version\": 9}");
    fs::remove_file(&path).unwrap();
    drop(World::open(&path, Some(5), switches(&[])).unwrap());
    let refused = World::open(&path, Some(6), switches(&[])).err().unwrap();
    assert!(matches!(refused, OpenError::OtherSeed { stored: 5, .. }), "{refused}");
}

/// The answers to a fixed row of calls, dates included.
async fn story(seed: u64) -> Vec<String> {
    let sim = serve_world(World::in_memory(seed, switches(&["drift=0.1", "list-order=shuffled"]))).await;
    let mut answers = Vec::new();
    for index in 0..6 {
        let id = sim.rent().await;
        sim.advance(100 * index);
        for path in [format!("/instances/{id}"), "/instances/list".to_owned(), "/instances/market/list".to_owned()] {
            let reply = sim.get(&path).await;
            answers.push(format!("{}\n{}", reply.head, reply.text()));
        }
    }
    answers.push(sim.get("/sandbox/world").await.text());
    answers
}

#[tokio::test]
async fn the_same_seed_is_the_same_bytes() {
    let (one, two, other) = tokio::join!(story(3), story(3), story(4));
    assert_eq!(one, two);
    assert!(one.iter().zip(&other).all(|(one, other)| one != other));
}

#[tokio::test]
async fn parallel_rents_are_not_slowed_by_saving() {
    let directory = tempfile::tempdir().unwrap();
    let sim = Arc::new(open(&directory.path().join("world.json"), &["latency=20"]).await);
    let offers = sim.rows("/instances/market/list?rentalStatus=active&gpuCount[lte]=1").await;
    let offers: Vec<Value> = offers.into_iter().take(100).collect();
    assert_eq!(offers.len(), 100);
    let start = Instant::now();
    let tasks: Vec<_> = offers
        .chunks(10)
        .map(|chunk| {
            let (sim, chunk) = (Arc::clone(&sim), chunk.to_vec());
            tokio::spawn(async move {
                for offer in &chunk {
                    sim.rent_offer(offer).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(200) && took < Duration::from_secs(10), "{took:?}");
    assert_eq!(sim.rows("/instances/list?itemsPerPage=200").await.len(), 100);
}

#[tokio::test]
async fn ten_thousand_machines_work() {
    let mut world = World::in_memory(7, switches(&["hosts=3000", "balance=100000000"]));
    let offers: Vec<u64> =
        world.hosts.offers.iter().filter(|offer| offer.gpus == 1).map(|offer| offer.number).collect();
    let mut rented = 0;
    for offer in offers.iter().cycle().take(12 * offers.len()) {
        let body = json!({
            "gpuCount": 1,
            "instanceMarket": format!("/instances/market/{offer}"),
            "instanceTemplate": "/instances/templates/29",
        });
        let fields = fields::parse(body.to_string().as_bytes()).unwrap();
        rented += u64::from(rented < 10_000 && world.rent_fields(&fields, DAWN_MS, Decimal::ONE).is_ok());
    }
    assert_eq!(rented, 10_000);
    let sim = serve_world(world).await;
    let start = Instant::now();
    let mut seen = 0;
    for page in 1..=100 {
        seen += sim.rows(&format!("/instances/list?itemsPerPage=100&page={page}")).await.len();
    }
    let took = start.elapsed();
    assert_eq!(seen, 10_000);
    assert!(took < Duration::from_secs(60), "{took:?}");
    println!("100 pages of 100 rows: {took:?}");
    let start = Instant::now();
    assert!(sim.rows("/instances/market/list?gpuModel=H100").await.len() > 100);
    println!("the market of 3000 hosts: {:?}", start.elapsed());
}
