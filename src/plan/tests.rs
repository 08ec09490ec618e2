//! Plans of small fleets, without network, clock or disk.

use super::*;
use crate::address::{InstanceAddr, ObjectKind};
use crate::config::{self, Configuration, Graph, Inputs, LoadedFile, Program};
use crate::diag::{Diagnostics, Sources};
use crate::lang::reference::NoScope;
use crate::lang::{Kind, Type, Value, parse};
use crate::live::{HashId, Machine, MachineId, Mark, Offer, OfferFacts, Reads, Snapshot};
use crate::money::Usd;
use crate::state::digest::SecretKey;
use crate::state::{AccountIdentity, Record, State};
use rust_decimal::Decimal;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const FLEET: &str = r#"
podform { fleet = "t" }
resource "simplepod_template_group" "g" {
  name       = "g"
  image_name = "img"
}
resource "simplepod_instance" "a" {
  count             = 2
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 0.5
  template_group    = simplepod_template_group.g.id
  env_variables     = { A = "1" }
}
output "ids" { value = simplepod_instance.a[*].id }
"#;

pub(super) fn program(text: &str) -> (Program, Diagnostics) {
    let mut sources = Sources::default();
    let mut diags = Diagnostics::new();
    let file = sources.add("main.hcl", text);
    let body = Arc::new(parse::parse_body(file, text, &mut diags));
    let mut read = |_: &str, _: Option<crate::diag::Span>, _: &mut Diagnostics| {
        Some(vec![LoadedFile { overrides: false, body: body.clone() }])
    };
    let configuration: Configuration = config::load(".", &mut read, &mut diags);
    let graph = Graph::build(&configuration, &mut diags).unwrap_or_default();
    let inputs = Inputs::resolve(configuration.root(), Vec::new(), &mut sources, &mut diags);
    (Program { configuration, graph, inputs }, diags)
}

pub(super) fn offer(number: u32, price: &str) -> Offer {
    Offer {
        iri: format!("/instances/market/{number}"),
        available: true,
        gpu_model: "RTX 4090".into(),
        gpu_count: 1,
        price_per_gpu: Usd(price.parse().expect("a decimal")),
        row_price: None,
        price_per_disk: Usd(Decimal::new(15, 2)),
        facts: OfferFacts::default(),
        host: format!("h{number}"),
    }
}

fn key() -> SecretKey {
    SecretKey::derive(&SecretString::from("k"), "l")
}

fn now() -> jiff::Timestamp {
    "2026-06-01T10:00:00Z".parse().expect("a time")
}

fn account() -> AccountIdentity {
    AccountIdentity { base_url: "https://x".into(), key_fingerprint: "f".into() }
}

pub(super) fn make(
    text: &str,
    state: &State,
    snapshot: &Snapshot,
    options: &PlanOptions,
) -> Result<Planned, Vec<String>> {
    let market: Vec<Offer> = (1..5).map(|n| offer(n, "0.31")).collect();
    make_from(text, state, snapshot, options, &market)
}

pub(super) fn make_from(
    text: &str,
    state: &State,
    snapshot: &Snapshot,
    options: &PlanOptions,
    market: &[Offer],
) -> Result<Planned, Vec<String>> {
    let (program, mut diags) = program(text);
    let input = PlanInput {
        program: &program,
        effects: &NoScope,
        state,
        snapshot,
        key: &key(),
        account: &account(),
        options,
        now: now(),
    };
    let planned = match draft(&input, &Reads::default()) {
        Ok(draft) => draft.place(market, &mut diags),
        Err(Unfinished::Wrong(found)) => {
            diags.extend(found);
            None
        }
        Err(Unfinished::Wants(wanted)) => panic!("nothing is read here, but {wanted:?} is wanted"),
    };
    let errors: Vec<String> = diags.iter().map(|d| format!("{}: {}", d.summary, d.text())).collect();
    match planned {
        Some(planned) if !diags.has_errors() => Ok(planned),
        _ => Err(errors),
    }
}

/// The state and the account after an apply that gave every unknown a value.
pub(super) fn applied(plan: &Plan) -> (State, Snapshot) {
    let mut state = State { serial: 1, lineage: "l".into(), fleet: Some("t".into()), ..State::default() };
    let mut snapshot = Snapshot { read: true, ..Snapshot::default() };
    for (at, change) in plan.changes.iter().enumerate() {
        let Some(after) = &change.after else { continue };
        let machine = change.address.resource.object_kind() == Some(ObjectKind::Instance);
        let id = if machine { 100 + at as u64 } else { 7 };
        let record = Record::of(&fill(after, id), &key());
        if machine {
            let mark = Mark {
                fleet: "t".into(),
                lineage: "l".into(),
                claim: "c".into(),
                machine: None,
                serial: 0,
                address: change.address.clone(),
            };
            let machine = Machine {
                hash_id: Some(HashId("known".into())),
                notes: Some(mark.write("").into()),
                ..Machine::bare(MachineId(id))
            };
            snapshot.extend([machine]);
        }
        state.resources.insert(change.address.clone(), record.into());
    }
    (state, snapshot)
}

fn fill(object: &Value, id: u64) -> Value {
    let entries = object.as_entries().expect("an object");
    let known = |(name, value): (&Arc<str>, &Value)| {
        let value = match (&value.kind, &**name) {
            (Kind::Unknown(..), "id") => Value::string(id.to_string()),
            (Kind::Unknown(..), "template_group") => Value::string("7"),
            (Kind::Unknown(..), "rented_gpu_model") => Value::string("RTX 4090"),
            (Kind::Unknown(Type::String, _), _) => Value::string("known"),
            (Kind::Unknown(ty, _), _) => Value::null(ty.clone()),
            _ => value.clone(),
        };
        (name.clone(), value)
    };
    Value::object(entries.iter().map(known).collect::<BTreeMap<_, _>>())
}

pub(super) fn actions(plan: &Plan) -> Vec<String> {
    let told = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    told.map(|change| format!("{:?} {} {}", change.action, change.address, crate::path::listed(&change.forced_by)))
        .collect()
}

pub(super) fn again(text: &str, options: &PlanOptions) -> Result<Plan, Vec<String>> {
    let first =
        make(FLEET, &State::default(), &Snapshot { read: true, ..Snapshot::default() }, &PlanOptions::default());
    let (state, snapshot) = applied(&first.expect("a first plan").plan);
    make(text, &state, &snapshot, options).map(|planned| planned.plan)
}

#[test]
fn a_new_fleet_is_created_in_order() {
    let nothing = Snapshot { read: true, ..Snapshot::default() };
    let planned = make(FLEET, &State::default(), &nothing, &PlanOptions::default()).expect("a plan");
    let plan = planned.plan;
    assert_eq!(
        actions(&plan),
        ["Create simplepod_instance.a[0] ", "Create simplepod_instance.a[1] ", "Create simplepod_template_group.g "]
    );
    assert_eq!(plan.steps[0].action, StepAction::Create(ObjectKind::TemplateGroup));
    assert!(plan.steps[1..].iter().all(|step| step.needs == [StepId(0)] && step.action.rents()));
    let after = plan.changes[0].after.as_ref().expect("an object");
    assert!(after.get("template_digest").is_some_and(Value::is_known));
    assert_eq!(plan.cost.after.to_string(), "$0.6332");
    assert!(plan.outputs[0].changed);
}

#[test]
fn what_stands_as_wanted_is_left_alone() {
    let plan = again(FLEET, &PlanOptions::default()).expect("a plan");
    assert_eq!(actions(&plan), [""; 0]);
    assert!(plan.steps.is_empty(), "{:?}", plan.steps);
    assert!(plan.drift.is_empty(), "{:?}", plan.drift);
}

#[test]
fn edits_are_told_apart() {
    let edit = |from: &str, to: &str| {
        let plan = again(&FLEET.replace(from, to), &PlanOptions::default());
        plan.map(|plan| actions(&plan)).unwrap_or_else(|errors| errors)
    };
    assert_eq!(
        edit("gpu_model         = \"RTX 4090\"", "gpu_model = \"rtx 4090\""),
        ["Update simplepod_instance.a[0] ", "Update simplepod_instance.a[1] "]
    );
    assert_eq!(edit("count             = 2", "count = 1"), ["Delete simplepod_instance.a[1] "]);
    assert_eq!(
        edit("A = \"1\"", "A = \"2\""),
        ["Replace simplepod_instance.a[0] env_variables", "Replace simplepod_instance.a[1] env_variables"]
    );
    assert_eq!(
        edit("{ A = \"1\" }", "{ A = \"2\" }\n  env_change = \"update\""),
        ["Update simplepod_instance.a[0] ", "Update simplepod_instance.a[1] "]
    );
    assert_eq!(edit("\"img\"", "\"other\""), ["Update simplepod_template_group.g "]);
    let rent = FLEET
        .replace("\"img\"", "\"other\"")
        .replace("count             = 2", "count = 2\n template_change = \"rent\"");
    let plan = again(&rent, &PlanOptions::default()).expect("a plan");
    assert_eq!(actions(&plan).len(), 3);
    assert!(actions(&plan)[0].ends_with("template_group"));
}

#[test]
fn what_is_gone_from_the_configuration_is_removed_last() {
    let plan = again("podform { fleet = \"t\" }", &PlanOptions::default()).expect("a plan");
    assert_eq!(actions(&plan).len(), 3);
    // Without recorded dependencies nothing holds the order: they are recorded by apply.
    assert_eq!(plan.count(Action::Delete), 3);
}

#[test]
fn options_narrow_and_force() {
    let address: InstanceAddr = "simplepod_instance.a[1]".parse().expect("an address");
    let options = PlanOptions { replace: vec![address], ..PlanOptions::default() };
    let plan = again(FLEET, &options).expect("a plan");
    assert_eq!(actions(&plan), ["Replace simplepod_instance.a[1] "]);
    let options = PlanOptions {
        targets: vec!["simplepod_template_group.g".parse().expect("a target")],
        ..PlanOptions::default()
    };
    let plan = again(&FLEET.replace("\"img\"", "\"x\"").replace("A = \"1\"", "A = \"2\""), &options).expect("a plan");
    assert_eq!(actions(&plan), ["Update simplepod_template_group.g "]);
    let options = PlanOptions { mode: PlanMode::Destroy, ..PlanOptions::default() };
    let plan = again(FLEET, &options).expect("a plan");
    assert_eq!(plan.count(Action::Delete), 3);
    let kept = FLEET.replace("name       = \"g\"", "name = \"g\"\n lifecycle { prevent_destroy = true }");
    assert!(again(&kept, &options).is_err_and(|errors| errors[0].starts_with("Instance cannot be destroyed")));
}

#[test]
fn a_target_that_names_nothing_is_told() {
    let text = format!("{FLEET}\ndata \"simplepod_offers\" \"me\" {{\n}}\n");
    let (program, mut diags) = program(&text);
    let targets = ["simplepod_instance.x", "data.simplepod_offers.me", "data.simplepod_offers.mi", "module.x"];
    let targets = targets.map(|text| text.parse().expect("a target")).to_vec();
    let options = PlanOptions { targets, ..PlanOptions::default() };
    let (state, snapshot) = (State::default(), Snapshot { read: true, ..Snapshot::default() });
    let (key, effects) = (key(), NoScope);
    let input = PlanInput {
        program: &program,
        effects: &effects,
        state: &state,
        snapshot: &snapshot,
        key: &key,
        account: &account(),
        options: &options,
        now: now(),
    };
    let draft = draft(&input, &Reads { offers: Some(Vec::new()), ..Reads::default() }).expect("a draft");
    assert!(draft.place(&[], &mut diags).is_some_and(|planned| planned.plan.steps.is_empty()));
    let told: Vec<&str> = diags.iter().map(|found| &*found.detail).collect();
    assert_eq!(
        told,
        [
            "Nothing in the configuration or the state is named simplepod_instance.x. Did you mean \"simplepod_instance.a\"?",
            "Nothing in the configuration or the state is named data.simplepod_offers.mi. Did you mean \"data.simplepod_offers.me\"?",
            "Nothing in the configuration or the state is named module.x."
        ]
    );
}

#[test]
fn faults_of_a_configuration_are_told_together() {
    let nothing = Snapshot::default();
    let text = r#"
podform { fleet = "t" }
resource "simplepod_instance" "a" {
  gpu_modle = "x"
  max_price_per_gpu = "many"
  template_group = local.nope
}
locals { 
  a = local.b 
  b = local.a
}
"#;
    let errors = make(text, &State::default(), &nothing, &PlanOptions::default()).err().expect("errors");
    let all = errors.join("\n");
    for part in ["Cycle: ", "local.a", "local.b", "Reference to undeclared local value"] {
        assert!(all.contains(part), "{part} in {all}");
    }
    let text = text.replace("b = local.a", "b = 1").replace("local.nope", "\"29\"");
    let errors = make(&text, &State::default(), &nothing, &PlanOptions::default()).err().expect("errors");
    let all = errors.join("\n");
    for part in ["gpu_modle", "Did you mean \"gpu_model\"", "a number is required", "\"gpu_model\" is required"] {
        assert!(all.contains(part), "{part} in {all}");
    }
}
