//! A state as a fleet would have it, for the tests of this room and of the disk.

use super::{AccountIdentity, Attributes, Intent, IntentAction, OutputState, Record, SecretDigest, SecretKey, State};
use crate::live::{OfferFacts, Version};
use crate::money::Usd;
use crate::path::ValuePath;
use jiff::Timestamp;
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const LINEAGE: &str = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed";

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(crate) fn account() -> AccountIdentity {
    AccountIdentity { base_url: "https://api.simplepod.ai".into(), key_fingerprint: "9f86d081884c7d65".into() }
}

fn digest(path: &ValuePath) -> SecretDigest {
    SecretKey::derive(&SecretString::from("sample"), LINEAGE).digest(path, "sample")
}

fn attributes(json: Json) -> Attributes {
    serde_json::from_value(json).expect("an object")
}

fn group() -> Record {
    Record {
        attributes: attributes(json!({
            "id": "5121", "iri": "/instances/templates/5121", "name": "trainer", "image_name": "ghcr.io/acme/trainer",
            "default_tag": "2.4.1", "category_name": null, "disk_size": 64, "expose_ports": [22, 8080],
            "start_script": "set -e\npython train.py", "env_variables": {"MODE": "train", "TOKEN": null},
            "notes": "", "ssh_server": true, "jupyter": false, "arg_options": "--shm-size=8g",
            "registry": {"host": "ghcr.io", "username": "acme", "password": null}
        })),
        read_back: BTreeMap::from([("arg_options".into(), Json::Null)]),
        secrets: ["registry.password", "env_variables[\"TOKEN\"]"]
            .into_iter()
            .map(|path| path.parse::<ValuePath>().expect("a path"))
            .map(|path| (path.clone(), digest(&path)))
            .collect(),
        claim: Some("b5f7c3f0-6a64-4ee5-8f2c-40a2ce0a6e11".into()),
        ..Record::default()
    }
}

fn machine(id: u64, name: &str) -> Record {
    Record {
        attributes: attributes(json!({
            "id": id.to_string(), "hash_id": format!("h-{id}"), "support_id": format!("SP-{id}"), "name": name,
            "gpu_model": "RTX 4090", "fallback_gpu_models": ["RTX 3090"], "rented_gpu_model": "RTX 4090",
            "gpu_count": 2, "max_price_per_gpu": 0.45, "template_group": "5121", "template_digest": "3fd0c1",
            "auto_renew": false, "wait_for": "running", "status": "running", "price_per_gpu": 0.31,
            "price_per_disk": 0.15, "hourly_cost": 0.6332, "offer_iri": "/instances/market/77812",
            "created_at": "2026-03-02T10:15:30+01:00", "region": "EU", "host_ip": "203.0.113.7",
            "ports": [{"container_port": "22", "host_port": 40022}], "env_variables": {"RANK": "0"}
        })),
        dependencies: vec!["simplepod_template_group.trainer".parse().expect("an address")],
        claim: Some(format!("6f1c1c3e-0000-4000-8000-{id:012}")),
        offer: Some(OfferFacts {
            host: Some("9f2c41d07a3be658".into()),
            region: Some("EU".into()),
            country: Some("PL".into()),
            gpu_memory: Some(Decimal::new(24, 0)),
            cuda_version: Some(Version("13.0".into())),
            download: Some(Decimal::new(9405, 1)),
            ..OfferFacts::default()
        }),
        ..Record::default()
    }
}

pub(crate) fn intent(claim: &str, address: &str) -> Intent {
    Intent {
        claim: claim.into(),
        action: IntentAction::RENT,
        address: address.parse().expect("an address"),
        at: time("2026-03-02T09:14:00Z"),
        id: None,
        uptime: None,
        group_name: None,
        group_id: Some(5121),
        offer_iri: Some("/instances/market/77812".into()),
        gpu_model: Some("RTX 4090".into()),
        gpu_count: Some(2),
        hourly_cost: Some(Usd(Decimal::new(6332, 4))),
        record: Some(Arc::new(machine(0, "adopted"))),
        deposes: false,
        doubt: None,
        doubt_since: None,
    }
}

/// Something of everything.
pub(crate) fn state() -> State {
    let output = |value, ty, sensitive| OutputState { value, ty, sensitive };
    let mut renamed = machine(88102, "worker-b");
    renamed.read_back = BTreeMap::from([("name".into(), json!("worker-b-1"))]);
    let mut broken = machine(88103, "east");
    broken.prevent_destroy = true;
    broken.tainted = Some("it did not become ready within 20m".into());
    let doubt = Intent {
        doubt: Some("POST /instances: the connection was reset".into()),
        doubt_since: Some(time("2026-03-02T09:14:31.5Z")),
        ..intent("0b1f7a52-91a3-4a0f-9d6c-0f4f0a6f2d01", "simplepod_instance.worker[\"c\"]")
    };
    let absent = intent("0b1f7a52-91a3-4a0f-9d6c-0f4f0a6f2d02", "simplepod_instance.worker[\"d\"]");
    let at = |text: &str| text.parse().expect("an address");
    State {
        serial: 7,
        lineage: LINEAGE.into(),
        fleet: Some("acme-training".into()),
        account: Some(account()),
        outputs: BTreeMap::from([
            ("hosts".into(), output(json!(["203.0.113.7"]), json!(["list", "string"]), false)),
            ("hourly_cost".into(), output(json!(1.2664), json!("number"), false)),
            ("token".into(), output(Json::Null, json!("string"), true)),
        ]),
        resources: BTreeMap::from([
            (at("simplepod_template_group.trainer"), group().into()),
            (at("simplepod_instance.worker[\"a\"]"), machine(88101, "worker-a").into()),
            (at("simplepod_instance.worker[\"b\"]"), renamed.into()),
            (at("module.east[0].simplepod_instance.trainer[0]"), broken.into()),
        ]),
        deposed: BTreeMap::from([(
            at("module.east[0].simplepod_instance.trainer[0]"),
            BTreeMap::from([("0b1f7a52".into(), machine(88099, "east").into())]),
        )]),
        data: BTreeMap::from([(
            at("data.simplepod_account.this"),
            attributes(json!({ "balance": 41.5, "hourly_cost": 1.2664 })),
        )]),
        checks: Vec::new(),
        open: BTreeMap::from([(doubt.claim.clone(), doubt)]),
        watched: BTreeMap::from([(absent.claim.clone(), (absent, time("2026-03-02T09:20:00Z")))]),
        failures: Vec::new(),
        billed: None,
        spent: Vec::new(),
        expired: BTreeMap::new(),
        heard: Vec::new(),
        journal_seq: 42,
    }
}
