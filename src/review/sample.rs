//! A rich plan, built by hand: what the tests of this room draw.

use crate::address::{InstanceAddr, ObjectKind};
use crate::config::{Budget, Limit};
use crate::lang::{Marks, Number, Type, Value};
use crate::live::{Offer, OfferFacts, Version};
use crate::market::{Envelope, Placed, Proof, Requirement};
use crate::money::Usd;
use crate::path::ValuePath;
use crate::plan::*;
use crate::schema;
use crate::state::{AccountIdentity, Intent, IntentAction};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;

pub fn usd(text: &str) -> Usd {
    Usd(text.parse::<Decimal>().expect("a decimal"))
}

pub fn addr(text: &str) -> InstanceAddr {
    text.parse().expect("an address")
}

/// An object of a table: what is not given is null.
pub fn object(kind: ObjectKind, given: &[(&str, Value)]) -> Value {
    let schema = schema::schema(kind);
    let value = |name: &str, ty: Type| {
        given.iter().find(|(given, _)| *given == name).map_or(Value::null(ty), |(_, value)| value.clone())
    };
    Value::object(
        (schema.attributes.iter().map(|a| (a.name, value(a.name, a.ty.to_type()))))
            .chain(schema.blocks.iter().map(|b| (b.name, value(b.name, b.ty())))),
    )
}

fn unknown(kind: ObjectKind, mut given: Vec<(&'static str, Value)>) -> Value {
    let schema = schema::schema(kind);
    for attribute in schema.attributes {
        if attribute.presence == schema::Presence::Computed && !given.iter().any(|(name, _)| *name == attribute.name) {
            given.push((attribute.name, Value::unknown_not_null(attribute.ty.to_type())));
        }
    }
    object(kind, &given)
}

fn s(text: &str) -> Value {
    Value::string(text)
}

pub fn offer() -> Offer {
    Offer {
        iri: "/instances/market/77".into(),
        available: true,
        gpu_model: "RTX 4090".into(),
        gpu_count: 1,
        price_per_gpu: usd("0.31"),
        row_price: None,
        price_per_disk: usd("0.15"),
        facts: OfferFacts {
            region: Some("Europe".into()),
            country: Some("PL".into()),
            memory: Some(Decimal::from(64)),
            cuda_version: Some(Version("12.8".into())),
            ..OfferFacts::default()
        },
        host: "h1".into(),
    }
}

pub fn envelope() -> Envelope {
    Envelope {
        gpu_models: vec!["RTX 4090".into(), "RTX 3090".into()],
        gpu_count: 1,
        max_price_per_gpu: usd("0.45"),
        requirement: Requirement(
            [("min_memory", "48"), ("min_cuda_version", "12.4"), ("region", "Europe")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
        ),
        budgeted: None,
        max_hourly_cost: None,
        larger_offers: false,
        max_per_host: None,
        priority: 0,
        disk_size: Some(32),
    }
}

fn change(address: &str, action: Action) -> Change {
    Change {
        address: addr(address),
        action,
        reason: None,
        before: None,
        after: None,
        forced_by: Vec::new(),
        placed: None,
        cost_before: Usd::ZERO,
        cost_after: Usd::ZERO,
        deposed: None,
        prevent_destroy: false,
        create_first: false,
        moved_from: None,
        importing: None,
        repair_mark: false,
        left_out: false,
        remarks: Vec::new(),
    }
}

const SCRIPT: &str = "set -e\napt-get update\napt-get install -y git\ngit clone https://example.com/repo\ncd repo\n\
                      pip install -r requirements.txt\nmkdir -p /data\nexport HOME=/root\nexport EPOCHS=10\n\
                      python train.py --epochs 10 --batch 32\necho done\n";

fn secret(text: &str) -> Value {
    Value::string(text).marked(Marks::SENSITIVE)
}

fn env(pairs: &[(&str, Value)]) -> Value {
    Value::map(Type::String, pairs.iter().cloned())
}

fn ports(ports: &[i64]) -> Value {
    Value::list(Type::Number, ports.iter().map(|port| Value::int(*port)).collect())
}

fn machine(extra: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
    let mut all = vec![
        ("id", s("108208")),
        ("hash_id", s("deadbeef")),
        ("name", s("trainer")),
        ("gpu_model", s("RTX 4090")),
        ("gpu_count", Value::int(1)),
        ("status", s("running")),
        ("wait_for", s("running")),
        ("hourly_cost", Value::int(1)),
    ];
    for (name, value) in extra {
        all.retain(|(known, _)| known != name);
        all.push((name, value.clone()));
    }
    all
}

/// Everything that a plan can hold.
pub fn rich() -> Plan {
    let group = |extra: &[(&'static str, Value)]| {
        let mut all = vec![
            ("id", s("4711")),
            ("iri", s("/templates/4711")),
            ("name", s("trainer")),
            ("image_name", s("pytorch/pytorch")),
            ("default_tag", s("2.6.0")),
            ("disk_size", Value::int(32)),
        ];
        all.extend_from_slice(extra);
        object(ObjectKind::TemplateGroup, &all)
    };
    let registry =
        |password: &str| Value::object([("host", s("ghcr.io")), ("username", s("me")), ("password", secret(password))]);
    let mut changes = vec![
        Change {
            before: Some(group(&[
                ("start_script", s(SCRIPT)),
                ("expose_ports", ports(&[22, 80, 443, 8080, 9090])),
                ("env_variables", env(&[("TOKEN", secret("canary-1")), ("MODE", s("train")), ("GONE", s("x"))])),
                ("registry", registry("canary-3")),
            ])),
            after: Some(group(&[
                ("start_script", s(&SCRIPT.replace("epochs 10", "epochs 20").replace("set -e", "set -eu"))),
                ("expose_ports", ports(&[22, 80, 443, 8888, 9090])),
                (
                    "env_variables",
                    env(&[("TOKEN", secret("canary-2")), ("MODE", s("train")), ("SEED", s("\u{1b}[31m7"))]),
                ),
                ("registry", registry("canary-4")),
            ])),
            remarks: vec![Remark::Mark(MarkChange::Missing)],
            ..change("simplepod_template_group.trainer", Action::Update)
        },
        Change {
            after: Some(unknown(
                ObjectKind::Instance,
                vec![
                    ("name", s("trainer-0")),
                    ("gpu_model", s("RTX 4090")),
                    ("fallback_gpu_models", Value::list(Type::String, vec![s("RTX 3090")])),
                    ("gpu_count", Value::int(1)),
                    ("max_price_per_gpu", Value::number(Number::parse("0.45").expect("a number"))),
                    ("template_group", s("4711")),
                    ("wait_for", s("running")),
                    ("start_script", s(SCRIPT)),
                    ("offer", Value::object([("region", s("Europe")), ("min_memory", Value::int(48))])),
                ],
            )),
            placed: Some(Arc::new(Placed { offer: offer(), envelope: envelope(), free_gpus: 2, shares: None })),
            cost_after: usd("0.316575"),
            ..change("simplepod_instance.trainer[0]", Action::Create)
        },
        Change {
            before: Some(object(
                ObjectKind::Instance,
                &machine(&[
                    (
                        "start_script",
                        s("python train.py --data /data/imagenet --epochs 10 --learning-rate 0.1 --resume"),
                    ),
                    ("offer", Value::object([("min_memory", Value::int(32)), ("region", s("Europe"))])),
                ]),
            )),
            after: Some(unknown(
                ObjectKind::Instance,
                machine(&[
                    ("id", Value::unknown_not_null(Type::String)),
                    ("hash_id", Value::unknown_not_null(Type::String)),
                    ("status", Value::unknown_not_null(Type::String)),
                    ("hourly_cost", Value::unknown_not_null(Type::Number)),
                    (
                        "start_script",
                        s("python train.py --data /data/imagenet --epochs 20 --learning-rate 0.1 --resume"),
                    ),
                    ("offer", Value::object([("min_memory", Value::int(48)), ("region", s("Europe"))])),
                ]),
            )),
            forced_by: vec![ValuePath::of("start_script"), ValuePath::of("offer").attribute("min_memory")],
            placed: Some(Arc::new(Placed { offer: offer(), envelope: envelope(), free_gpus: 2, shares: None })),
            cost_before: usd("0.28"),
            cost_after: usd("0.316575"),
            ..change("module.east.simplepod_instance.worker[\"a\"]", Action::Replace)
        },
        Change {
            before: Some(object(ObjectKind::Instance, &machine(&[]))),
            reason: Some(Reason::NoKey),
            cost_before: usd("0.5"),
            ..change("simplepod_instance.trainer[2]", Action::Delete)
        },
        Change {
            before: Some(object(ObjectKind::Instance, &machine(&[]))),
            after: Some(object(ObjectKind::Instance, &machine(&[]))),
            cost_before: usd("0.25"),
            cost_after: usd("0.25"),
            remarks: vec![Remark::OlderTemplate { runs: Some("a".into()), planned: Some("b".into()) }],
            ..change("simplepod_instance.still", Action::NoOp)
        },
    ];
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    Plan {
        proof: Proof { saving: Some(usd("0")) },
        mode: PlanMode::Normal,
        fleet: Some("farm".into()),
        lineage: "l".into(),
        serial: 3,
        account: AccountIdentity { base_url: "https://api.example.com".into(), key_fingerprint: "k".into() },
        variables: BTreeMap::new(),
        changes,
        drift: vec![Drift {
            address: addr("simplepod_instance.still"),
            kind: DriftKind::Changed(vec![("status".into(), s("running"), s("stopped"))]),
            before: object(ObjectKind::Instance, &machine(&[])),
            after: Some(object(ObjectKind::Instance, &machine(&[("status", s("stopped"))]))),
        }],
        checks: Vec::new(),
        outputs: vec![
            OutputChange {
                name: "hosts".into(),
                before: Some(Value::tuple(vec![s("1.2.3.4"), s("1.2.3.5")])),
                after: Some(Value::tuple(vec![s("1.2.3.4"), Value::unknown(Type::String)])),
                changed: true,
                sensitive: false,
            },
            OutputChange {
                name: "token".into(),
                before: Some(secret("")),
                after: Some(secret("canary-5")),
                changed: true,
                sensitive: true,
            },
        ],
        data: Default::default(),
        imports: Vec::new(),
        moves: Vec::new(),
        refresh: Vec::new(),
        sealed_by: None,
        steps: vec![
            Step {
                action: StepAction::Update(ObjectKind::TemplateGroup),
                address: addr("simplepod_template_group.trainer"),
                deposed: None,
                needs: vec![],
            },
            Step {
                action: StepAction::RENT,
                address: addr("simplepod_instance.trainer[0]"),
                deposed: None,
                needs: vec![],
            },
        ],
        cost: CostSummary { before: usd("1.03"), after: usd("0.88315"), unpriced: 0 },
        runway: Runway {
            balance: Some(usd("40")),
            before: usd("1.03"),
            after: usd("0.88315"),
            at_worst: usd("1.08315"),
        },
        budgets: vec![Budgeted {
            budget: Budget {
                name: Some("lab".into()),
                targets: vec!["simplepod_instance.trainer".parse().expect("a target")],
                limits: [(Limit::MaxHourlyCost, Decimal::ONE), (Limit::MaxGpus, Decimal::TEN)].into(),
            },
            measured: vec![
                Measured {
                    limit: Limit::MaxHourlyCost,
                    allowed: Decimal::ONE,
                    now: Some(usd("1.03").0),
                    expected: Some(usd("0.88315").0),
                    at_worst: Some(usd("1.08315").0),
                    at_peak: None,
                    standing: Standing::AtRisk,
                },
                Measured {
                    limit: Limit::MaxGpus,
                    allowed: Decimal::TEN,
                    now: Some(Decimal::TWO),
                    expected: Some(Decimal::TWO),
                    at_worst: Some(Decimal::TWO),
                    at_peak: None,
                    standing: Standing::Kept,
                },
            ],
        }],
        in_doubt: vec![Intent {
            claim: "c".into(),
            action: IntentAction::RENT,
            address: addr("simplepod_instance.trainer[1]"),
            at: "2025-03-01T10:00:00Z".parse().expect("a time"),
            id: None,
            uptime: None,
            group_name: None,
            group_id: None,
            offer_iri: None,
            gpu_model: Some("RTX 4090".into()),
            gpu_count: Some(2),
            hourly_cost: Some(usd("0.64")),
            record: None,
            deposes: false,
            doubt: Some("timeout after 30 s".into()),
            doubt_since: None,
        }],
        left_out: vec![addr("simplepod_instance.big")],
        narrowed: true,
        expired: Vec::new(),
        made_at: "2026-06-01T10:00:00Z".parse().expect("a time"),
    }
}

/// A plan of alike machines: so many are rented, so many are released.
pub fn many(rented: u64, released: u64) -> Plan {
    let name = |n: u64| s(&format!("w-{n}"));
    let rent = |n: u64| Change {
        after: Some(unknown(
            ObjectKind::Instance,
            vec![
                ("name", name(n)),
                ("gpu_model", s("RTX 4090")),
                ("gpu_count", Value::int(1)),
                ("max_price_per_gpu", Value::number(Number::parse("0.45").expect("a number"))),
                ("template_group", s("4711")),
                ("template_change", s("keep")),
                ("env_change", s("rent")),
                ("wait_for", s("running")),
                ("env_variables", env(&[("SHARD", s(&n.to_string())), ("MODE", s("train"))])),
            ],
        )),
        placed: Some(Arc::new(Placed { offer: offer(), envelope: envelope(), free_gpus: 2, shares: None })),
        cost_after: usd("0.316575"),
        ..change(&format!("simplepod_instance.w[{n}]"), Action::Create)
    };
    let release = |n: u64| Change {
        before: Some(object(
            ObjectKind::Instance,
            &machine(&[("id", s(&format!("5{n:03}"))), ("created_at", s("2026-05-20T14:03:00Z"))]),
        )),
        reason: Some(Reason::NoKey),
        cost_before: usd("0.3206"),
        ..change(&format!("simplepod_instance.v[{n}]"), Action::Delete)
    };
    let released = (70..70 + released).map(release);
    let changes: Vec<Change> = released.chain((0..rented).map(rent)).collect();
    let cost = CostSummary {
        before: changes.iter().map(|change| change.cost_before).sum(),
        after: changes.iter().map(|change| change.cost_after).sum(),
        unpriced: 0,
    };
    Plan {
        changes,
        cost,
        drift: Vec::new(),
        outputs: Vec::new(),
        in_doubt: Vec::new(),
        left_out: Vec::new(),
        narrowed: false,
        budgets: Vec::new(),
        ..rich()
    }
}
