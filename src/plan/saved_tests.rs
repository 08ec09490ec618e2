//! Saved plans: sealed, written, read, and compared with the account of a later day.

use super::tests::{FLEET, again, make, program};
use super::*;
use crate::config::{Given, GivenValue, Inputs};
use crate::diag::{Diagnostics, Sources};
use crate::lang::value::Refinements;
use crate::lang::{Marks, Type, Value, random_value};
use crate::live::Snapshot;
use crate::path::ValuePath;
use crate::state::State;
use crate::state::digest::{SecretKey, SecretMatch};
use proptest::prelude::*;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;

const CANARY: &str = "c4n4ry";

pub(super) const SECRET: &str = r#"
podform { fleet = "t" }
variable "password" {
  type      = string
  sensitive = true
  default   = "c4n4ry-password"
}
variable "size" {
  type    = number
  default = 40
}
resource "simplepod_template_group" "g" {
  name         = "g"
  image_name   = "img"
  disk_size    = var.size
  start_script = sensitive("run c4n4ry-script")
  env_variables = { TOKEN = sensitive("c4n4ry-token"), PLAIN = "seen" }
  expose_ports  = [22, 4444]
  registry {
    host     = "h"
    username = "u"
    password = var.password
  }
}
resource "simplepod_instance" "a" {
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 0.5
  template_group    = simplepod_template_group.g.id
  env_variables     = sensitive({ A = "c4n4ry-a" })
}
output "login" {
  value     = { (sensitive("c4n4ry-name")) = "c4n4ry-value" }
  sensitive = true
}
"#;

/// A plan as it is saved without options and files.
pub(super) fn saved(plan: &Plan) -> SavedPlan {
    SavedPlan::new(plan, &PlanOptions::default(), BTreeMap::new(), &key(), Approval::default(), MadeFrom::default())
}

pub(super) fn key() -> SecretKey {
    SecretKey::derive(&SecretString::from("k"), "l")
}

pub(super) fn fresh(text: &str) -> Plan {
    let nothing = Snapshot { read: true, ..Snapshot::default() };
    make(text, &State::default(), &nothing, &PlanOptions::default()).expect("a plan").plan
}

pub(super) fn told(saved: &Plan, now: &Plan) -> Vec<String> {
    stale(&saved.sealed(&key()), now, &key()).iter().map(ToString::to_string).collect()
}

pub(super) fn group(plan: &Plan) -> &Change {
    plan.change(&"simplepod_template_group.g".parse().expect("an address")).expect("a change")
}

pub(super) fn edited(plan: &Plan, attribute: &str, value: Value) -> Plan {
    let mut plan = plan.clone();
    let change = plan.changes.iter_mut().find(|change| change.address.to_string().ends_with(".g")).expect("the group");
    let mut entries = change.after.as_ref().and_then(Value::as_entries).cloned().expect("an object");
    entries.insert(attribute.into(), value);
    change.after = Some(Value::from_entries(entries));
    plan
}

#[test]
fn no_secret_is_in_the_bytes() {
    let plan = fresh(SECRET);
    assert!(format!("{plan:?}").contains(CANARY), "the plan itself holds the secrets");
    let saved = saved(&plan);
    let text = String::from_utf8(encode(&saved).expect("bytes")).expect("text");
    assert!(!text.contains(CANARY), "{text}");
    assert!(text.contains("seen") && text.contains("RTX 4090"));
    assert!(encode(&SavedPlan { plan, ..saved }).is_err_and(|why| why.contains("still holds its secrets")));
}

#[test]
fn the_secrets_of_drift_are_sealed_too() {
    let first = fresh(SECRET);
    let mut plan = first.clone();
    let object = group(&first).after.clone().expect("an object");
    let live = Value::string("run c4n4ry-other");
    plan.drift = vec![Drift {
        address: group(&first).address.clone(),
        kind: DriftKind::Changed(vec![("start_script".into(), Value::null(Type::String), live)]),
        before: object.clone(),
        after: Some(object),
    }];
    assert!(!format!("{:?}", plan.sealed(&key())).contains(CANARY));
}

#[test]
fn seals_equal_the_digests_of_records() {
    let plan = fresh(SECRET);
    let sealed = plan.sealed(&key());
    let after = group(&sealed).after.as_ref().expect("an object");
    let held = |value: Option<&Value>| {
        let value = value.expect("a value");
        assert_eq!(value.marks, Marks::DIGEST);
        let digest = value.as_str().expect("a digest").to_owned();
        crate::state::SecretDigest { key_id: key().id().into(), digest }
    };
    let password = held(after.get("registry").and_then(|registry| registry.get("password")));
    assert_eq!(
        key().compare(&password, &ValuePath::of("registry").attribute("password"), "c4n4ry-password"),
        SecretMatch::Same
    );
    let token = held(after.get("env_variables").and_then(|env| env.get("TOKEN")));
    assert_eq!(key().compare(&token, &ValuePath::of("env_variables").key("TOKEN"), "c4n4ry-token"), SecretMatch::Same);
    assert_eq!(sealed.sealed(&key()), sealed);
}

#[test]
fn a_secret_that_looks_like_a_digest_is_sealed_like_any_other() {
    for text in [format!("\u{0}{}", "a".repeat(64)), "a".repeat(64)] {
        let after = Some(Value::string(&text).marked(Marks::SENSITIVE));
        let output = OutputChange { name: "o".into(), before: None, after, changed: true, sensitive: true };
        let sealed = Plan { outputs: vec![output], ..fresh(SECRET) }.sealed(&key());
        assert!(!format!("{sealed:?}").contains(&"a".repeat(64)));
    }
}

proptest! {
    #[test]
    fn whatever_a_plan_holds_it_can_be_saved(before in random_value(), after in random_value(), sensitive: bool) {
        let output = OutputChange { name: "o".into(), before: Some(before), after: Some(after), changed: true, sensitive };
        let plan = Plan { outputs: vec![output], ..edited(&fresh(FLEET), "notes", Value::null(Type::String)) };
        let saved = saved(&plan);
        prop_assert_eq!(decode(&encode(&saved).expect("bytes")), Ok(saved));
    }
}

#[test]
fn the_bounds_of_a_secret_are_sealed_too() {
    let at = |n: i64| Some(crate::lang::Number::from(n).into());
    let known =
        Refinements { bounds: Some((at(4711), at(4712))), length: Some((4713, None)), ..Refinements::default() };
    let after = Some(Value::refined(Type::Number, known).marked(Marks::SENSITIVE));
    let output = OutputChange { name: "o".into(), before: None, after, changed: true, sensitive: true };
    let sealed = Plan { outputs: vec![output], ..fresh(SECRET) }.sealed(&key());
    assert!(!format!("{sealed:?}").contains("471"));
}

#[test]
fn ephemeral_and_unknown_secrets_leave_nothing() {
    let ephemeral = Value::string("c4n4ry").marked(Marks { ephemeral: true, ..Marks::NONE });
    let known = crate::lang::value::Refinements { prefix: Some(CANARY.into()), ..Default::default() };
    let unknown = Value::refined(Type::String, known).marked(Marks::SENSITIVE);
    let both = Value::tuple(vec![ephemeral, unknown]);
    let sealed = edited(&fresh(FLEET), "notes", both).sealed(&key());
    let notes = group(&sealed).after.as_ref().and_then(|after| after.get("notes")).expect("a value").clone();
    assert_eq!(
        notes,
        Value::tuple(vec![Value::null(Type::String), Value::unknown(Type::String).marked(Marks::SENSITIVE)])
    );
}

#[test]
fn a_saved_plan_reads_back() {
    let options = PlanOptions {
        mode: PlanMode::Normal,
        targets: vec!["module.m[0]".parse().expect("a target")],
        excluded: vec!["simplepod_instance.x[\"k\"]".parse().expect("a target")],
        replace: vec!["simplepod_instance.y".parse().expect("an address")],
        rebalance: true,
        allow_partial: true,
    };
    let files = configuration_digests([("main.hcl", SECRET)]);
    for plan in [fresh(SECRET), again(FLEET, &PlanOptions::default()).expect("a plan")] {
        let saved = SavedPlan::new(&plan, &options, files.clone(), &key(), Approval::default(), MadeFrom::default());
        let back = decode(&encode(&saved).expect("bytes")).expect("a plan");
        assert_eq!(back, saved);
        let again = back.options.options().expect("options");
        assert_eq!(
            (again.targets, again.excluded, again.replace),
            (options.targets.clone(), options.excluded.clone(), options.replace.clone())
        );
    }
}

#[test]
fn what_is_no_sound_plan_is_refused() {
    let saved = saved(&fresh(SECRET));
    let bytes = encode(&saved).expect("bytes");
    let text = String::from_utf8(bytes.clone()).expect("text");
    let why = |text: &str| decode(text.as_bytes()).expect_err("a refusal");
    for other in ["", "{}", "PK\u{3}\u{4}", "{\"version\": 4}"] {
        assert!(why(other).contains("not a saved plan"), "{other}");
    }
    assert!(decode(&[0xff, 0xfe]).is_err_and(|why| why.contains("not a saved plan")));
    let version = format!("\"podform_version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    let other = text.replace(&version, "\"podform_version\": \"99.0.0\"");
    assert!(why(&other).contains("made by podform 99.0.0"), "{}", why(&other));
    assert!(why(&text.replace("{\"podform_plan\": 5", "{\"podform_plan\": 2")).contains("that made it"));
    assert!(why(&text.replacen("RTX 4090", "RTX 4091", 1)).contains("damaged"));
    for end in (START..bytes.len() - 2).step_by(97) {
        assert!(decode(&bytes[..end]).is_err_and(|why| why.contains("damaged")), "{end}");
    }
    for at in (0..bytes.len() - 1).step_by(13) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        assert!(decode(&bytes).is_err() || bytes[at].is_ascii_whitespace(), "{at}");
    }
    // A plan with a right checksum is still looked at by the plan checker.
    let mut unsound = saved.clone();
    unsound.plan.steps.clear();
    let bytes = encode(&unsound).expect("bytes");
    assert!(decode(&bytes).is_err_and(|why| why.contains("not sound")));
}

/// The length of what tells a plan file.
const START: usize = 17;

#[test]
fn an_apply_takes_the_secrets_from_the_configuration() {
    let saved = saved(&fresh(SECRET));
    let plan = decode(&encode(&saved).expect("bytes")).expect("a plan").plan;
    let (program, _) = program(SECRET);
    let mut desires = Desires::of(&program, &plan, &crate::lang::reference::NoScope);
    let mut objects = BTreeMap::new();
    for change in &plan.changes {
        let faults = desires.faults_of(&change.address);
        assert!(!faults.has_errors(), "{:?}", faults.iter().map(|found| &found.detail).collect::<Vec<_>>());
        objects.extend(desires.object(&change.address).map(|object| (change.address.clone(), object.clone())));
    }
    let of = |name: &str| objects.iter().find(|(address, _)| address.to_string().ends_with(name));
    let (_, group) = of(".g").expect("the group");
    let password = group.get("registry").and_then(|registry| registry.get("password")).and_then(Value::as_str);
    assert_eq!(password, Some("c4n4ry-password"));
    let planned = fresh(SECRET);
    let ports = |object: &Value| object.get("expose_ports").map(Value::without_marks);
    assert_eq!(ports(group), planned.change(of(".g").expect("the group").0).and_then(|c| ports(c.after.as_ref()?)));
    let everything = format!("{objects:?}");
    assert!(everything.contains("c4n4ry-script") && !everything.contains("\\0"), "{everything}");
}

#[test]
fn files_are_compared_by_digest() {
    let saved = configuration_digests([("a.hcl", "1"), ("b.hcl", "2"), ("c.hcl", "3")]);
    let now = configuration_digests([("a.hcl", "1"), ("b.hcl", "two"), ("d.hcl", "4")]);
    let names: Vec<Stale> = ["b.hcl", "c.hcl", "d.hcl"].map(|name| Stale::File(name.into())).into();
    assert_eq!(changed_files(&saved, &now), names);
    assert_eq!(changed_files(&saved, &saved), []);
}

#[test]
fn the_chosen_offers_are_market_enough() {
    let mut plan = fresh(FLEET);
    // Two machines on one host: their GPUs are not counted against each other again.
    for placed in plan.changes.iter_mut().filter_map(|change| change.placed.as_mut()) {
        Arc::make_mut(placed).offer.host = "shared".into();
    }
    let market = offers(&plan);
    assert_eq!(market.len(), 2);
    let demands: Vec<crate::market::Demand> = plan
        .changes
        .iter()
        .filter_map(|change| {
            let envelope = change.placed.as_ref()?.envelope.clone();
            Some(crate::market::Demand { address: change.address.clone(), envelope, avoid: Default::default() })
        })
        .collect();
    assert!(crate::market::place(&demands, &market, &Default::default()).each.iter().all(Option::is_some));
}

const VARIABLES: &str = r#"
variable "plain" { type = number }
variable "filled" { default = "d" }
variable "secret" {
  type      = string
  sensitive = true
}
variable "known" {
  default   = "c4n4ry"
  sensitive = true
}
"#;

fn given(name: &str, text: &str, strict: bool) -> Given {
    Given { name: name.into(), value: GivenValue::Text(text.into()), origin: "-var".into(), span: None, strict }
}

fn resolve(given: Vec<Given>) -> (Inputs, Vec<String>) {
    let (program, _) = program(VARIABLES);
    let mut diags = Diagnostics::new();
    let inputs = Inputs::resolve(program.configuration.root(), given, &mut Sources::default(), &mut diags);
    (inputs, diags.iter().map(|found| found.summary.clone()).collect())
}

#[test]
fn variables_come_from_the_plan_and_secrets_again() {
    let (program, _) = program(VARIABLES);
    let root = program.configuration.root();
    let (first, _) = resolve(vec![given("plain", "0.30", true), given("secret", "s1", true)]);
    let planned = planned_variables(root, &first, &key());
    assert!(
        matches!(planned["secret"], PlannedVariable::Secret(_))
            && matches!(planned["known"], PlannedVariable::Secret(_))
    );

    let apply = |given: Vec<Given>| {
        let mut diags = Diagnostics::new();
        let all = variables_for_apply(root, &planned, given, &mut diags);
        let errors: Vec<String> = diags.iter().map(|found| format!("{}: {}", found.summary, found.detail)).collect();
        (all, errors)
    };
    // The environment says another thing by now about a plain one: the plan's value stands.
    let (all, errors) = apply(vec![given("secret", "s1", true), given("plain", "9", false)]);
    assert_eq!(errors, [""; 0]);
    let (again, errors) = resolve(all);
    assert_eq!(errors, [""; 0]);
    assert_eq!(again.values.get("plain"), first.values.get("plain"));
    assert_eq!(changed_variables(&planned, &planned_variables(root, &again, &key())), []);

    let (all, errors) = apply(vec![given("secret", "s2", true)]);
    assert_eq!(errors, [""; 0]);
    let now = planned_variables(root, &resolve(all).0, &key());
    let reasons = changed_variables(&planned, &now);
    assert_eq!(reasons, [Stale::Variable("secret".into())]);
    assert!(!reasons[0].to_string().contains("s2"));
    let other = SecretKey::derive(&SecretString::from("other"), "l");
    assert_eq!(
        changed_variables(
            &planned,
            &planned_variables(
                root,
                &resolve(vec![given("plain", "0.30", true), given("secret", "s2", true)]).0,
                &other
            )
        ),
        []
    );

    let file = |number| Given { value: GivenValue::Value(Value::int(number)), ..given("plain", "", false) };
    let secret = || given("secret", "s1", true);
    assert!(apply(vec![secret(), file(9)]).1[0].starts_with("The saved plan's value stands: -var gives another"));
    let (first, _) = resolve(vec![given("plain", "9", true), secret()]);
    let same = planned_variables(root, &first, &key());
    let mut diags = Diagnostics::new();
    variables_for_apply(root, &same, vec![secret(), file(9)], &mut diags);
    assert_eq!(diags.iter().count(), 0);

    assert!(apply(vec![]).1[0].starts_with("No value for sensitive variable: "));
    assert!(apply(vec![]).1[0].contains("\"secret\""));
    let errors = apply(vec![given("secret", "s1", true), given("plain", "1", true)]).1;
    assert!(errors[0].starts_with("Can't set variables when applying a saved plan: -var sets \"plain\""), "{errors:?}");
}
