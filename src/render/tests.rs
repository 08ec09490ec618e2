//! What people and programs see.

use super::*;
use crate::address::ObjectKind;
use crate::lang::{Marks, Number, Type, Value};
use crate::market::{Demand, explain, place, propose};
use crate::money::Usd;
use crate::path::ValuePath;
use crate::plan::{
    Action, ApplyEvent, CostSummary, DriftKind, MadeFrom, Plan, PlanMode, Reason, Runway, Settlement, StepAction,
};
use crate::review::Review;
use crate::review::sample::{addr, envelope, many, offer, rich, usd};
use crate::state::{OutputState, Record, SecretDigest, State};
use serde_json::{Value as Json, json};

const NARROW: Style = Style { color: false, width: 80, endless: false };

fn plan_text(plan: &Plan, style: Style) -> String {
    super::plan_text(&Review::of(plan), style, Detail::Full)
}

fn plan_json(plan: &Plan, configuration: Json, prior: &State) -> Json {
    let timestamp = "2026-01-01T00:00:00Z".to_owned();
    let made_from = MadeFrom {
        timestamp,
        declared: Default::default(),
        snapshot: None,
        untrusted: false,
        workspace: None,
        configuration,
        relevant_attributes: serde_json::json!([]),
        prior_state: prior_state_json(prior),
    };
    super::plan_json(&Review::of(plan), &made_from)
}

fn state() -> State {
    let attributes = json!({
        "id": "1",
        "name": "x",
        "env_variables": {"A": "b", "TOKEN": null},
        "registry": {"host": "h", "username": "u", "password": null},
        "expose_ports": [22],
        "start_script": "a\nb\n",
        "notes": null,
    });
    let digest = SecretDigest { key_id: "k".into(), digest: "d".into() };
    let secrets = ["env_variables[\"TOKEN\"]", "registry.password"];
    let secrets = secrets.map(|path| (path.parse().expect("a path"), digest.clone()));
    let record = Record {
        attributes: serde_json::from_value(attributes).expect("an object"),
        secrets: secrets.into(),
        tainted: Some("wait failed".into()),
        ..Record::default()
    };
    let output = |value: Json, ty: Json, sensitive| OutputState { value, ty, sensitive };
    State {
        resources: [(addr("module.a[0].module.b.simplepod_template_group.g[\"k\"]"), record.into())].into(),
        outputs: [
            ("hosts".to_owned(), output(json!({"a": "1.2.3.4"}), json!(["map", "string"]), false)),
            ("o".to_owned(), output(json!({"n": [1, 2.5], "t": "x"}), json!("dynamic"), false)),
            ("token".to_owned(), output(Json::Null, json!("string"), true)),
        ]
        .into(),
        ..State::default()
    }
}

#[test]
fn a_plan_at_80_columns() {
    insta::assert_snapshot!(plan_text(&rich(), NARROW));
}

#[test]
fn a_plan_at_200_columns() {
    insta::assert_snapshot!(plan_text(&rich(), Style { color: false, width: 200, endless: false }));
}

fn short(plan: &Plan, style: Style) -> String {
    super::plan_text(&Review::of(plan), style, Detail::Short)
}

#[test]
fn a_short_plan_at_80_columns() {
    insta::assert_snapshot!(short(&rich(), NARROW));
}

#[test]
fn alike_changes_are_one_block() {
    insta::assert_snapshot!(short(&many(5, 3), NARROW));
    insta::assert_snapshot!(short(&many(2, 1), Style { color: false, width: 200, endless: false }));
}

#[test]
fn many_alike_changes_are_a_page() {
    let lines = |plan: &Plan| short(plan, NARROW).lines().count();
    let (hundred, thirty) = (lines(&many(100, 0)), lines(&many(0, 30)));
    assert!(hundred <= 130, "{hundred} lines for 100 machines");
    // On the host of another one, which is told too.
    let mut crowded = many(100, 0);
    let first = crowded.changes[0].address.clone();
    crowded.changes.iter_mut().skip(1).filter_map(|change| change.placed.as_mut()).for_each(|placed| {
        std::sync::Arc::make_mut(placed).shares = Some(first.clone());
    });
    let text = short(&crowded, NARROW);
    assert!(text.contains("name    SHARD  same host\n"), "{text}");
    assert!(text.contains("\"w-99\"  \"99\"   w[0]\n"), "{text}");
    assert_eq!(text.lines().count(), hundred + 1, "{text}");
    assert!(thirty <= 45, "{thirty} lines for 30 released");
}

#[test]
fn a_plan_in_colour() {
    insta::assert_snapshot!(
        plan_text(&rich(), Style { color: true, width: 100, endless: false }).replace('\u{1b}', "^")
    );
}

#[test]
fn outputs_are_printed_as_terraform_does() {
    let expected = "hosts = tomap({\n  \"a\" = \"1.2.3.4\"\n})\no = {\n  \"n\" = [\n    1,\n    2.5,\n  ]\n  \"t\" = \"x\"\n}\ntoken = <sensitive>\n";
    assert_eq!(outputs_text(&state().outputs, NARROW), expected);
}

#[test]
fn what_only_the_server_shows_otherwise_is_drift_too() {
    let mut plan = rich();
    plan.drift[0].after = Some(plan.drift[0].before.clone());
    let text = plan_text(&plan, NARROW);
    assert!(text.contains("~ status = \"running\" -> \"stopped\""), "{text}");
}

#[test]
fn a_state() {
    insta::assert_snapshot!(state_text(&state(), NARROW));
}

#[test]
fn a_plan_for_programs() {
    let json = plan_json(&rich(), json!({"root_module": {}}), &state());
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).expect("JSON"));
}

#[test]
fn no_secret_and_no_escape_reaches_anybody() {
    let texts = [
        plan_text(&rich(), NARROW),
        plan_text(&rich(), Style { color: true, width: 0, endless: false }),
        plan_json(&rich(), json!({}), &state()).to_string(),
        rich().changes.iter().filter_map(|c| c.after.as_ref()).map(|v| value_text(v, NARROW)).collect(),
    ];
    for text in &texts {
        assert!(!text.contains("canary"), "{text}");
        assert!(!text.contains("\u{1b}[31m7"), "{text}");
    }
    assert!(!texts[0].contains(|c: char| c.is_control() && c != '\n'));
}

fn unchanged() -> Plan {
    let mut plan = rich();
    plan.changes.retain(|change| change.action == Action::NoOp);
    plan.changes[0].remarks.clear();
    plan.drift.clear();
    plan.outputs.clear();
    plan.steps.clear();
    plan.in_doubt.clear();
    plan.left_out.clear();
    plan.narrowed = false;
    plan.cost = CostSummary { before: usd("0.25"), after: usd("0.25"), unpriced: 0 };
    plan.runway = Runway { balance: Some(usd("40")), before: usd("0.25"), after: usd("0.25"), at_worst: usd("0.25") };
    plan.budgets.clear();
    plan
}

#[test]
fn a_plan_without_changes_says_so_and_what_the_fleet_costs() {
    let expected = "No changes. Your fleet matches the configuration.

podform compared the account with your configuration and found no differences,
so no changes are needed.
The fleet costs $0.25 per hour, about $182.50 a month (730 h).
    Balance: $40.00, lasts 160 h.
";
    assert_eq!(plan_text(&unchanged(), NARROW), expected);
    let empty = Plan { mode: PlanMode::Destroy, changes: Vec::new(), cost: CostSummary::default(), ..unchanged() };
    assert!(plan_text(&empty, NARROW).starts_with("No changes. There is nothing to destroy."));
    let doubtful = Plan { in_doubt: rich().in_doubt, ..unchanged() };
    assert!(!plan_text(&doubtful, NARROW).contains("matches the configuration."), "a doubt is no match");
}

#[test]
fn every_reason_is_told() {
    let tell = |action, reason| {
        let mut plan = rich();
        let change = plan.changes.iter_mut().find(|c| c.address.key.is_some()).expect("a machine");
        change.action = action;
        change.reason = Some(reason);
        plan_text(&plan, NARROW)
    };
    let machine = "simplepod_instance.trainer[0]";
    for (action, reason, expected) in [
        (Action::Replace, Reason::Requested, format!("# {machine} will be re-rented, as requested")),
        (Action::Replace, Reason::Tainted("wait failed".into()), format!("# {machine} is tainted, so it must be re-")),
        (Action::Replace, Reason::Tainted("wait failed".into()), "# (because wait failed)".into()),
        (Action::Create, Reason::Gone, "# (because the recorded one is gone from the account)".into()),
        (Action::Delete, Reason::NoBlock, "# (because simplepod_instance.trainer is not in configuration)".into()),
        (Action::Delete, Reason::NoKey, "# (because index [0] is out of range for count)".into()),
        (Action::Delete, Reason::OtherRepetition, "does not use count any more)".into()),
        (
            Action::Replace,
            Reason::Unfit(vec![ValuePath::of("offer").attribute("min_sla")]),
            "# (because offer.min_sla is not met".into(),
        ),
        (Action::Forget, Reason::Gone, format!("# {machine} is gone already, so only its record will go")),
    ] {
        let text = tell(action, reason);
        assert!(text.contains(&expected), "{expected}\n{text}");
    }
}

#[test]
fn a_machine_that_is_gone_is_drift() {
    let mut plan = unchanged();
    plan.drift = rich().drift;
    plan.drift[0].kind = DriftKind::Gone;
    plan.drift[0].after = None;
    plan.mode = PlanMode::RefreshOnly;
    let text = plan_text(&plan, NARROW);
    assert!(text.contains("# simplepod_instance.still is gone\n  - resource"), "{text}");
    assert!(text.contains("takes these changes into the state"), "{text}");
    let short = super::plan_text(&Review::of(&plan), NARROW, Detail::Short);
    assert!(short.contains("# simplepod_instance.still is gone\n  - id ") && !short.contains("-> null"), "{short}");
}

/// Recorded from Terraform 1.11.4: `terraform console`.
#[test]
fn values_are_printed_as_terraform_does() {
    let string = |text: &str| Value::string(text);
    let cases = [
        (Value::list(Type::String, vec![string("a"), string("b")]), "tolist([\n  \"a\",\n  \"b\",\n])"),
        (Value::map(Type::Number, [("a", Value::int(1))]), "tomap({\n  \"a\" = 1\n})"),
        (
            Value::object([("a", Value::tuple(vec![])), ("c d", string("x\ny\n"))]),
            "{\n  \"a\" = []\n  \"c d\" = <<-EOT\n  x\n  y\n  \n  EOT\n}",
        ),
        (string("a\nb"), "<<EOT\na\nb\nEOT"),
        (Value::null(Type::list(Type::Dynamic)), "tolist(null) /* of dynamic */"),
        (Value::tuple(vec![Value::null(Type::String)]), "[\n  tostring(null),\n]"),
        (string("\u{1b} ${ é \" \\ \t"), r#""\x1b ${ é \" \\ \t""#),
        (Value::number(Number::parse("1.50").expect("a number")), "1.5"),
        (Value::int(1).marked(Marks::SENSITIVE), "(sensitive value)"),
    ];
    for (value, expected) in cases {
        assert_eq!(value_text(&value, NARROW), expected);
    }
}

#[test]
fn events_are_lines_and_messages() {
    let (address, action) = (addr("module.m.simplepod_instance.a[0]"), StepAction::RENT);
    let events = [
        ApplyEvent::StepStarted { address: address.clone(), action, id: None, offer: Some(Box::new(offer())) },
        ApplyEvent::StepProgress {
            address: address.clone(),
            action,
            elapsed_s: 80,
            status: Some("created, \u{1b}Pull".into()),
        },
        ApplyEvent::StepDone { address: address.clone(), action, elapsed_s: 94, id: Some("108208".into()) },
        ApplyEvent::StepFailed {
            address: address.clone(),
            action: StepAction::Delete(ObjectKind::Instance),
            elapsed_s: 3,
            error: "a\nb".into(),
        },
        ApplyEvent::StepSkipped { address: address.clone(), action, because: "simplepod_instance.b failed".into() },
        ApplyEvent::Settled { address: address.clone(), settlement: Settlement::Adopted, id: Some("7".into()) },
        ApplyEvent::Finished {
            mode: PlanMode::Normal,
            imported: 0,
            added: 3,
            changed: 0,
            destroyed: 0,
            complete: true,
            cost: usd("0.31"),
            planned: usd("0.31"),
            unpriced: 0,
        },
        ApplyEvent::Bills { address: address.clone(), per_hour: usd("0.3206") },
        ApplyEvent::Bills { address, per_hour: usd("0") },
    ];
    let text: String = events.iter().map(|event| event_text(event, NARROW)).collect();
    let expected = r#"module.m.simplepod_instance.a[0]: Renting... [1x RTX 4090 at $0.31 per GPU-hour]
module.m.simplepod_instance.a[0]: Still renting... [01m20s elapsed, created, \u{1b}Pull]
module.m.simplepod_instance.a[0]: Rented after 1m34s [id=108208]
module.m.simplepod_instance.a[0]: The release failed after 3s
module.m.simplepod_instance.a[0]: The rent was skipped (simplepod_instance.b failed)
module.m.simplepod_instance.a[0]: Settled: it took effect and is recorded [id=7]

Apply complete! Resources: 3 added, 0 changed, 0 destroyed.
The fleet costs $0.31 per hour, about $226.30 a month (730 h).
module.m.simplepod_instance.a[0]: Bills about $0.3206 per hour from now on
module.m.simplepod_instance.a[0]: Bills no more
"#;
    assert_eq!(text, expected);
    let at = "2025-03-01T10:00:00Z".parse().expect("a time");
    assert_eq!(
        event_message(&events[2]).line(at),
        r#"{"@level":"info","@message":"module.m.simplepod_instance.a[0]: Rented after 1m34s [id=108208]","@module":"terraform.ui","@timestamp":"2025-03-01T10:00:00.000000Z","hook":{"resource":{"addr":"module.m.simplepod_instance.a[0]","module":"module.m","resource":"simplepod_instance.a[0]","implied_provider":"simplepod","resource_type":"simplepod_instance","resource_name":"a","resource_key":0},"action":"create","id_key":"id","id_value":"108208","elapsed_seconds":94},"podform":{"step":"rent"},"type":"apply_complete"}"#
    );
    assert!(
        event_message(&events[6])
            .line(at)
            .contains(r#""changes":{"add":3,"change":0,"import":0,"remove":0,"operation":"apply"}"#)
    );
    let bills = event_message(&events[7]).line(at);
    assert!(bills.contains(r#""event":"bills""#) && bills.contains(r#""hourly_cost":"0.3206""#), "{bills}");
}

#[test]
fn an_unplaced_instance_learns_what_would_help() {
    let (mut dear, mut other) = (offer(), offer());
    dear.price_per_gpu = usd("0.52");
    dear.facts.memory = Some(32.into());
    other.gpu_model = "H100".into();
    let demand = Demand { address: addr("simplepod_instance.a"), envelope: envelope(), avoid: Default::default() };
    let explain = |market: &[_]| {
        let (demands, held) = (std::slice::from_ref(&demand), Default::default());
        let placements = place(demands, market, &held);
        let mut without = explain(demands, market, &placements);
        propose(&mut without, demands, market, &held, &placements);
        unplaced(&without[0]).text()
    };
    assert_eq!(
        explain(&[dear, other]),
        "The market has 2 offers; 1 of them is RTX 4090 or RTX 3090. Excluded: 1 by offer.min_memory = 48 (never alone), 1 by \
         max_price_per_gpu = $0.45 (never alone). For an offer, add \"H100\" to \
         fallback_gpu_models (at most $0.3166 per hour each)."
    );
    assert_eq!(
        explain(&[]),
        "The market has 0 offers; 0 of them are RTX 4090 or RTX 3090. Choose another gpu_model, or add \
         fallback_gpu_models."
    );
}

#[test]
fn a_fleet_of_nothing_costs_nothing() {
    assert_eq!(cost_sentence(Usd::ZERO, 0), "The fleet costs nothing.");
}
