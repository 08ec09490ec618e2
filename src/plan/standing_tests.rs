//! What a plan does about what stands already: prices, marks, doubts, what is gone.

use super::tests::{FLEET, actions, again, applied, make, make_from, offer};
use super::*;
use crate::address::{InstanceAddr, ObjectKind};
use crate::live::{LiveObject, Machine, ObjectId, Offer, OfferFacts, Snapshot};
use crate::money::Usd;
use crate::state::State;
use rust_decimal::Decimal;
use std::sync::Arc;

fn machines(snapshot: &mut Snapshot) -> impl Iterator<Item = &mut Machine> {
    snapshot.objects.values_mut().flatten().filter_map(|object| match object {
        LiveObject::Machine(machine) => Some(machine.as_mut()),
        LiveObject::Group(_) => None,
    })
}

/// The state and the account of [`FLEET`].
fn standing() -> (State, Snapshot) {
    let nothing = Snapshot { read: true, ..Snapshot::default() };
    applied(&make(FLEET, &State::default(), &nothing, &PlanOptions::default()).expect("a first plan").plan)
}

#[test]
fn the_dearest_machine_is_never_silent() {
    let first =
        make(FLEET, &State::default(), &Snapshot { read: true, ..Snapshot::default() }, &PlanOptions::default());
    let (state, mut snapshot) = applied(&first.expect("a first plan").plan);
    for machine in machines(&mut snapshot) {
        machine.price_per_gpu = Some(Usd(Decimal::new(6, 1)));
    }
    let errors = make(FLEET, &state, &snapshot, &PlanOptions::default()).err().expect("errors");
    assert!(errors[0].starts_with("Machine bills above its price cap"), "{errors:?}");
}

#[test]
fn an_ignored_reference_never_rents_again() {
    let text = FLEET
        .replace(
            "simplepod_template_group.g.id",
            "simplepod_template_group.h.id\n lifecycle { ignore_changes = [template_group] }",
        )
        .replace("count             = 2", "count = 2\n template_change = \"rent\"");
    let text =
        format!("{text}\nresource \"simplepod_template_group\" \"h\" {{\n name = \"h\"\n image_name = \"other\"\n}}");
    let plan = again(&text, &PlanOptions::default()).expect("a plan");
    assert_eq!(plan.count(Action::Replace), 0, "{:?}", actions(&plan));
}

#[test]
fn an_environment_without_even_the_claim_is_one_that_is_not_shown() {
    let (state, mut snapshot) = standing();
    for machine in machines(&mut snapshot) {
        machine.env = Some(crate::live::Env::default());
    }
    let plan = make(FLEET, &state, &snapshot, &PlanOptions::default()).expect("a plan").plan;
    assert_eq!(actions(&plan), [""; 0]);
}

#[test]
fn refresh_only_forgets_what_is_gone() {
    let (state, mut snapshot) = standing();
    let id = snapshot.machines().next().expect("a machine").id;
    snapshot.objects.insert(ObjectId::Machine(id), None);
    let options = PlanOptions { mode: PlanMode::RefreshOnly, ..PlanOptions::default() };
    let plan = make(FLEET, &state, &snapshot, &options).expect("a plan").plan;
    assert_eq!(actions(&plan), ["Forget simplepod_instance.a[0] "]);
    assert_eq!(plan.steps.iter().map(|step| step.action).collect::<Vec<_>>(), [StepAction::Forget]);
}

#[test]
fn a_price_above_the_cap_keeps_nobody_from_releasing() {
    let (state, mut snapshot) = standing();
    for machine in machines(&mut snapshot) {
        machine.price_per_gpu = Some(Usd(Decimal::new(6, 1)));
    }
    let target = "simplepod_instance.a[0]".parse().expect("a target");
    let options = PlanOptions { mode: PlanMode::Destroy, targets: vec![target], ..PlanOptions::default() };
    let plan = make(FLEET, &state, &snapshot, &options).expect("a plan").plan;
    assert_eq!(actions(&plan), ["Delete simplepod_instance.a[0] "]);
}

#[test]
fn a_mark_with_another_claim_is_repaired() {
    let (mut state, snapshot) = standing();
    let address: InstanceAddr = "simplepod_instance.a[0]".parse().expect("an address");
    Arc::make_mut(state.resources.get_mut(&address).expect("a record")).claim = Some("d".into());
    let plan = make(FLEET, &state, &snapshot, &PlanOptions::default()).expect("a plan").plan;
    assert_eq!(actions(&plan), ["Update simplepod_instance.a[0] "]);
    assert!(plan.changes[0].repair_mark);
}

#[test]
fn a_group_stays_while_a_rent_of_it_is_in_doubt() {
    let (mut state, snapshot) = standing();
    let address: InstanceAddr = "simplepod_instance.a[2]".parse().expect("an address");
    let intent = crate::state::Intent {
        claim: "x".into(),
        action: crate::state::IntentAction::RENT,
        address,
        at: jiff::Timestamp::UNIX_EPOCH,
        id: None,
        uptime: None,
        group_name: None,
        group_id: Some(7),
        offer_iri: None,
        gpu_model: None,
        gpu_count: None,
        hourly_cost: None,
        record: None,
        deposes: false,
        doubt: None,
        doubt_since: None,
    };
    state.open.insert("x".into(), intent);
    let options = PlanOptions { mode: PlanMode::Destroy, ..PlanOptions::default() };
    let plan = make(FLEET, &state, &snapshot, &options).expect("a plan").plan;
    assert_eq!(actions(&plan), ["Delete simplepod_instance.a[0] ", "Delete simplepod_instance.a[1] "]);
}

#[test]
fn a_narrowed_destroy_keeps_what_others_need() {
    let (state, snapshot) = standing();
    let narrowed = |targets: &[&str], excluded: &[&str]| {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("a target")).collect();
        let (targets, excluded) = (parse(targets), parse(excluded));
        let options = PlanOptions { mode: PlanMode::Destroy, targets, excluded, ..PlanOptions::default() };
        actions(&make(FLEET, &state, &snapshot, &options).expect("a plan").plan)
    };
    assert_eq!(narrowed(&["simplepod_instance.a[0]"], &[]), ["Delete simplepod_instance.a[0] "]);
    assert_eq!(narrowed(&["simplepod_template_group.g"], &[]).len(), 3);
    assert_eq!(narrowed(&[], &["simplepod_instance.a[0]"]), ["Delete simplepod_instance.a[1] "]);
}

#[test]
fn a_host_that_failed_is_avoided_although_the_market_does_not_show_its_offer() {
    let one = FLEET.replace("count             = 2", "count = 1");
    let first = make(&one, &State::default(), &Snapshot::default(), &PlanOptions::default()).expect("a plan");
    let (mut state, snapshot) = applied(&first.plan);
    let record = state.resources.values_mut().find(|record| record.attributes.contains_key("gpu_model"));
    let record = Arc::make_mut(record.expect("a machine"));
    record.tainted = Some("it did not start".into());
    record.attributes.set("offer_iri", "/instances/market/99".into());
    record.offer = Some(OfferFacts { host: Some("h1".into()), ..OfferFacts::default() });
    let chosen = |market: &[Offer]| {
        let planned = make_from(&one, &state, &snapshot, &PlanOptions::default(), market).expect("a plan").plan;
        planned.changes.iter().find_map(|change| change.placed.clone()).expect("an offer").offer.iri.clone()
    };
    assert_eq!(chosen(&[offer(1, "0.30"), offer(2, "0.40")]), "/instances/market/2");
    assert_eq!(chosen(&[offer(1, "0.30")]), "/instances/market/1", "where there is no other");
}

#[test]
fn a_replace_waits_for_what_the_new_object_needs() {
    let one = FLEET.replace("count             = 2", "count = 1");
    let first = make(&one, &State::default(), &Snapshot::default(), &PlanOptions::default()).expect("a plan");
    let (state, snapshot) = applied(&first.plan);
    let next = "resource \"simplepod_template_group\" \"h\" {\n name = \"h\"\n image_name = \"other\"\n}\n";
    let moved = one.replace("template_group.g.id", "template_group.h.id\n template_change = \"rent\"") + next;
    let steps = make(&moved, &state, &snapshot, &PlanOptions::default()).expect("a plan").plan.steps;
    let at = |action: StepAction| steps.iter().position(|step| step.action == action).expect("a step");
    assert!(
        steps[at(StepAction::Delete(ObjectKind::Instance))]
            .needs
            .contains(&StepId(at(StepAction::Create(ObjectKind::TemplateGroup)))),
        "{steps:?}"
    );
}
