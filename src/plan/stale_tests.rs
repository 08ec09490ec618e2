//! What makes a saved plan stale, and what does not.

use super::saved_tests::{SECRET, edited, fresh, group, key, saved, told};
use super::tests::{FLEET, again, applied, make_from};
use super::*;
use crate::lang::{Kind, Marks, Type, Value};
use crate::live::Snapshot;
use crate::state::State;
use crate::state::digest::SecretKey;
use secrecy::SecretString;

#[test]
fn a_plan_of_the_same_day_is_not_stale() {
    let plan = fresh(SECRET);
    assert_eq!(told(&plan, &plan), [""; 0]);
    let back = decode(&encode(&saved(&plan)).expect("bytes"));
    assert_eq!(stale(&back.expect("a plan").plan, &plan, &key()), []);
}

#[test]
fn another_state_or_account_is_told() {
    let plan = fresh(FLEET);
    let mut now = plan.clone();
    now.serial = 7;
    now.account.base_url = "https://y".into();
    assert_eq!(
        told(&plan, &now),
        [
            "The state changed since the plan was made: it was at serial 0, and is at 7.",
            "The plan was made against https://x, and this is https://y."
        ]
    );
    now = plan.clone();
    now.lineage = "other".into();
    now.account.key_fingerprint = "other".into();
    assert_eq!(
        told(&plan, &now),
        [
            "The plan was made against another state (its lineage differs).",
            "The plan was made with another API key for https://x."
        ]
    );
}

#[test]
fn what_the_plan_touches_makes_it_stale() {
    let plan = fresh(SECRET);
    assert_eq!(
        told(&plan, &edited(&plan, "image_name", Value::string("other"))),
        ["image_name of simplepod_template_group.g would become \"other\", and \"img\" in the plan."]
    );
    let secret = Value::string("c4n4ry-2").marked(Marks::SENSITIVE);
    assert_eq!(
        told(&plan, &edited(&plan, "start_script", secret.clone())),
        ["start_script of simplepod_template_group.g would become another value than in the plan."]
    );
    let env = Value::map(Type::String, [("TOKEN", secret), ("PLAIN", Value::string("seen"))]);
    assert_eq!(
        told(&plan, &edited(&plan, "env_variables", env)),
        ["env_variables[\"TOKEN\"] of simplepod_template_group.g would become another value than in the plan."]
    );
    let long = "x".repeat(100);
    assert!(told(&plan, &edited(&plan, "notes", Value::string(long)))[0].contains("another value than in the plan"));
    let mut now = plan.clone();
    let instance = now.changes.iter_mut().find(|change| change.address.to_string().ends_with(".a")).expect("a change");
    instance.action = Action::Replace;
    assert_eq!(told(&plan, &now), ["The plan would create simplepod_instance.a; now it would replace it."]);
    now.changes.retain(|change| change.action != Action::Replace);
    assert_eq!(told(&plan, &now), ["The plan would create simplepod_instance.a, for which nothing is planned now."]);
}

#[test]
fn another_envelope_makes_it_stale() {
    let plan = fresh(FLEET);
    let with = |change: fn(&mut crate::market::Envelope)| {
        let mut saved = plan.clone();
        let placed = saved.changes.iter_mut().find_map(|change| change.placed.as_mut()).expect("a rent");
        change(&mut std::sync::Arc::make_mut(placed).envelope);
        told(&saved, &plan)
    };
    assert_eq!(with(|_| ()), [""; 0]);
    assert_eq!(
        with(|envelope| envelope.max_price_per_gpu = crate::money::Usd(9.into())),
        ["max_price_per_gpu of simplepod_instance.a[0] would become $0.50, and $9.00 in the plan."]
    );
    for (change, name) in [
        ((|envelope| envelope.gpu_models.push("H100".into())) as fn(&mut crate::market::Envelope), "gpu_model"),
        (|envelope| envelope.gpu_count = 8, "gpu_count"),
        (|envelope| drop(envelope.requirement.0.insert("country".into(), "CZ".into())), "offer"),
        (|envelope| envelope.disk_size = Some(9_999), "disk_size"),
    ] {
        let reasons = with(change);
        assert!(reasons.iter().any(|reason| reason.starts_with(&format!("{name} of "))), "{name}: {reasons:?}");
    }
}

#[test]
fn a_market_that_moved_leaves_the_plan_alone() {
    let nothing = Snapshot { read: true, ..Snapshot::default() };
    let saved = fresh(FLEET).sealed(&key());
    let remade = make_from(FLEET, &State::default(), &nothing, &PlanOptions::default(), &offers(&saved));
    let now = remade.expect("a plan").plan;
    assert_eq!(stale(&saved, &now, &key()), []);
    assert_eq!(now.cost, saved.cost);
    // The account, however, counts: here the group is made by someone else meanwhile.
    let (state, snapshot) = applied(&fresh(FLEET));
    let now = make_from(FLEET, &state, &snapshot, &PlanOptions::default(), &[]).expect("a plan").plan;
    let reasons = stale(&saved, &now, &key());
    assert_eq!(reasons.iter().filter(|reason| matches!(reason, Stale::Action { .. })).count(), 3);
    assert!(reasons.contains(&Stale::Lineage));
}

#[test]
fn what_it_does_not_touch_and_the_market_do_not() {
    let standing = again(FLEET, &PlanOptions::default()).expect("a plan");
    assert!(standing.changes.iter().all(|change| change.action == Action::NoOp));
    assert_eq!(told(&standing, &edited(&standing, "image_name", Value::string("other"))), [""; 0]);
    let plan = fresh(FLEET);
    let mut now = plan.clone();
    for change in &mut now.changes {
        change.placed = None;
        change.cost_after = crate::money::Usd::ZERO;
    }
    assert_eq!(told(&plan, &now), [""; 0]);
    // The clock's facts move by themselves; other facts of what stands do not.
    let text = FLEET.replace("\"img\"", "\"other\"");
    let plan = again(&text, &PlanOptions::default()).expect("a plan");
    let mut now = plan.clone();
    let update = now.changes.iter_mut().find(|change| change.action == Action::Update).expect("an update");
    let mut before = update.before.as_ref().and_then(Value::as_entries).cloned().expect("an object");
    before.insert("expires_at".into(), Value::string("later"));
    update.before = Some(Value::from_entries(before.clone()));
    assert_eq!(told(&plan, &edited(&now, "expires_at", Value::string("later"))).len(), 2, "a group has none");
    before.insert("id".into(), Value::string("8"));
    before.remove("expires_at");
    now.changes.iter_mut().find(|change| change.action == Action::Update).expect("an update").before =
        Some(Value::from_entries(before));
    assert_eq!(told(&plan, &now), ["id of simplepod_template_group.g is \"8\", and \"7\" in the plan."]);
}

#[test]
fn secrets_of_another_key_count_as_unchanged() {
    let plan = fresh(SECRET);
    let other = SecretKey::derive(&SecretString::from("other"), "l");
    let sealed = plan.sealed(&other);
    assert_eq!(stale(&sealed, &plan, &key()), []);
    assert!(foreign_key(&sealed, &key()).is_some_and(|warning| warning.text().contains("PODFORM_STATE_KEY")));
    assert!(foreign_key(&plan.sealed(&key()), &key()).is_none());
    assert_eq!(stale(&sealed, &edited(&plan, "name", Value::string("n")), &key()).len(), 1);
}

#[test]
fn an_unknown_is_never_stale_by_itself() {
    let plan = fresh(FLEET);
    let id = group(&plan).after.as_ref().and_then(|after| after.get("id")).expect("an id");
    assert!(matches!(id.kind, Kind::Unknown(..)));
    assert_eq!(told(&plan, &edited(&plan, "id", Value::string("12"))), [""; 0]);
}
