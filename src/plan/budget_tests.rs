//! Budgets of a plan, and during its apply.

use super::measure::{items, tight};
use super::tests::{applied, make_from, offer};
use super::*;
use crate::config::Limit;
use crate::live::{Offer, Snapshot};
use crate::market::{Loosened, Unmet};
use crate::money::Usd;
use crate::state::State;
use rust_decimal::Decimal;
use std::sync::Arc;

fn fleet(budget: &str, machines: &str) -> String {
    format!(
        r#"
podform {{
  fleet = "t"
  budget "b" {{
    {budget}
  }}
}}
resource "simplepod_template_group" "g" {{
  name       = "g"
  image_name = "img"
}}
resource "simplepod_instance" "w" {{
  {machines}
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 0.5
  template_group    = simplepod_template_group.g.id
}}
"#
    )
}

fn plan(text: &str, state: &State, snapshot: &Snapshot) -> Result<Plan, Vec<String>> {
    let market: Vec<_> = (1..9).map(|n| offer(n, "0.3")).collect();
    make_from(text, state, snapshot, &PlanOptions::default(), &market).map(|planned| planned.plan)
}

fn first(budget: &str, machines: &str) -> Result<Plan, Vec<String>> {
    plan(&fleet(budget, machines), &State::default(), &Snapshot { read: true, ..Snapshot::default() })
}

fn standing(plan: &Plan, limit: Limit) -> Standing {
    plan.budgets[0].measured.iter().find(|measured| measured.limit == limit).expect("measured").standing
}

/// The machines of a state at this price.
fn priced(mut state: State, price: &str) -> State {
    let price: serde_json::Value = serde_json::from_str(price).expect("a price");
    for (_, record) in state.resources.iter_mut().filter(|(at, _)| at.to_string().starts_with("simplepod_instance")) {
        let record = Arc::make_mut(record);
        record.attributes.set("hourly_cost", price.clone());
        record.attributes.set("price_per_gpu", price.clone());
    }
    state
}

fn load(price: &str) -> Load {
    let price: Decimal = price.parse().expect("a price");
    Load { cost: Usd(price), gpus: 1, price: Some(Usd(price)) }
}

#[test]
fn every_limit_refuses_what_goes_beyond_it() {
    for (kept, broken) in [
        ("max_hourly_cost = 1.1", "max_hourly_cost = 0.6"),
        ("max_monthly_cost = 800", "max_monthly_cost = 400"),
        ("max_instances = 2", "max_instances = 1"),
        ("max_gpus = 2", "max_gpus = 1"),
    ] {
        let plan = first(kept, "count = 2").expect(kept);
        assert_eq!(plan.budgets[0].measured[0].standing, Standing::Kept, "{kept}");
        let told = first(broken, "count = 2").expect_err(broken);
        let name = broken.split(' ').next().expect("a name");
        assert!(
            told.len() == 1 && told[0].starts_with("Over budget: Budget \"b\"") && told[0].contains(name),
            "{told:?}"
        );
    }
    // From nothing it may rise to anything.
    assert_eq!(first("max_increase_percent = 0", "count = 2").expect("a plan").budgets[0].measured[0].expected, None);
}

#[test]
fn only_the_worst_case_warns() {
    let plan = first("max_hourly_cost = 0.7", "count = 2").expect("a plan");
    assert_eq!(standing(&plan, Limit::MaxHourlyCost), Standing::AtRisk);
}

#[test]
fn nothing_is_placed_above_the_price_of_a_budget() {
    let market = |price: &str| vec![Offer { gpu_model: "RTX 3090".into(), ..offer(1, "0.2") }, offer(2, price)];
    let planned = |budget: &str, machine: &str, price: &str| {
        let snapshot = Snapshot { read: true, ..Snapshot::default() };
        let options = PlanOptions::default();
        make_from(&fleet(budget, machine), &State::default(), &snapshot, &options, &market(price)).expect("no error")
    };
    let model = |planned: &Planned| {
        let placed = planned.plan.changes.iter().find_map(|change| change.placed.as_ref());
        placed.map(|placed| placed.offer.gpu_model.clone())
    };
    let fallback = "fallback_gpu_models = [\"RTX 3090\"]";
    let dear = planned("max_price_per_gpu = 0.4", fallback, "0.45");
    assert_eq!(model(&dear).as_deref(), Some("RTX 3090"));
    assert_eq!(standing(&dear.plan, Limit::MaxPricePerGpu), Standing::Kept);
    assert_eq!(dear.plan.budgets[0].measured[0].at_worst, "0.4".parse().ok());
    assert_eq!(model(&planned("max_price_per_gpu = 0.4", fallback, "0.4")).as_deref(), Some("RTX 4090"));
    // Nobody else's budget is asked.
    let other = planned("for = [simplepod_instance.w]\n max_gpus = 1", fallback, "0.45");
    assert_eq!(model(&other).as_deref(), Some("RTX 4090"));
    let without = planned("max_price_per_gpu = 0.4", "", "0.45");
    assert_eq!(model(&without), None);
    let why = &without.unplaced[0];
    assert!(why.exclusions.iter().any(|e| e.unmet == Unmet::BudgetedPrice && e.alone == 1), "{why:?}");
    assert_eq!(why.relaxations[0].loosened, [Loosened::BudgetedPrice(Usd("0.45".parse().expect("a price")))]);
}

#[test]
fn who_is_dearer_than_a_budget_may_become_cheaper() {
    let (state, snapshot) = applied(&first("max_gpus = 9", "gpu_count = 1").expect("a plan"));
    let state = priced(state, "0.3");
    let options =
        PlanOptions { replace: vec!["simplepod_instance.w".parse().expect("an address")], ..PlanOptions::default() };
    let planned = |price: &str| {
        let text = fleet("max_price_per_gpu = 0.1", "gpu_count = 1");
        make_from(&text, &state, &snapshot, &options, &[offer(1, price)]).expect("no error")
    };
    assert!(planned("0.25").unplaced.is_empty());
    assert_eq!(planned("0.35").unplaced.len(), 1);
}

#[test]
fn replacements_count_beside_what_they_replace() {
    let first_too = "count = 2\n lifecycle {\n create_before_destroy = true\n }";
    let (state, snapshot) = applied(&first("max_instances = 2", first_too).expect("a plan"));
    let state = priced(state, "0.3");
    let options =
        PlanOptions { replace: vec!["simplepod_instance.w[0]".parse().expect("an address")], ..PlanOptions::default() };
    let market: Vec<_> = (1..9).map(|n| offer(n, "0.3")).collect();
    let planned = |budget: &str| make_from(&fleet(budget, first_too), &state, &snapshot, &options, &market);
    for broken in ["max_instances = 2", "max_gpus = 2", "max_hourly_cost = 0.7"] {
        let told = planned(broken).map(|_| ()).expect_err(broken);
        assert!(told.len() == 1 && told[0].contains("create_before_destroy"), "{told:?}");
    }
    // What is paid in a month hardly notices.
    for kept in ["max_instances = 3", "max_gpus = 3", "max_hourly_cost = 1.2", "max_monthly_cost = 500"] {
        let planned = planned(kept).expect(kept);
        let mut guard = Guard::of(&planned.plan);
        assert_eq!(guard.admit(&options.replace[0], load("0.3")), Ok(()), "{kept}");
    }
    let planned = planned("max_hourly_cost = 1.2").expect("a plan");
    assert!(Guard::of(&planned.plan).admit(&options.replace[0], load("0.7")).is_err());
}

#[test]
fn moves_that_a_budget_does_not_hold_are_left_out() {
    let first_too = "count = 2\n lifecycle {\n create_before_destroy = true\n }";
    let (state, snapshot) = applied(&first("max_instances = 9", first_too).expect("a plan"));
    let replace = [0, 1].map(|n| format!("simplepod_instance.w[{n}]").parse().expect("an address"));
    let options = PlanOptions { replace: replace.into(), rebalance: true, ..PlanOptions::default() };
    let market = [offer(1, "0.2"), offer(2, "0.1")];
    let beyond = |budget: &str| {
        let planned = make_from(&fleet(budget, first_too), &state, &snapshot, &options, &market).expect("a plan");
        beyond_budgets(&planned.plan)
    };
    assert_eq!(beyond("max_instances = 4").len(), 0);
    // One of them may move.
    let left_out = beyond("max_instances = 3");
    let told = left_out.values().next().map(String::as_str);
    assert_eq!((left_out.len(), told), (1, Some("budget \"b\" allows at most 3 instances (max_instances)")));
}

#[test]
fn who_is_beyond_a_budget_may_stay_and_shrink() {
    let (state, snapshot) = applied(&first("max_instances = 9", "count = 3").expect("a plan"));
    let after = |machines: &str| plan(&fleet("max_instances = 1", machines), &state, &snapshot);
    for machines in ["count = 3", "count = 2"] {
        assert_eq!(standing(&after(machines).expect(machines), Limit::MaxInstances), Standing::Over);
    }
    assert_eq!(standing(&after("count = 1").expect("a plan"), Limit::MaxInstances), Standing::Kept);
    assert!(after("count = 4").expect_err("a refusal")[0].contains("4 instances"));
}

#[test]
fn what_leaves_makes_room_first() {
    let (state, snapshot) = applied(&first("max_instances = 2", "count = 2").expect("a plan"));
    let text = fleet("max_instances = 2", "for_each = toset([\"a\", \"b\"])");
    let plan = plan(&text, &state, &snapshot).expect("a plan");
    let rents = || plan.steps.iter().filter(|step| step.action.rents());
    assert_eq!(rents().count(), 2);
    for rent in rents() {
        let releases = rent.needs.iter().filter(|need| matches!(plan.steps[need.0].action, StepAction::Delete(_)));
        assert_eq!(releases.count(), 2);
    }
    let budgets: Vec<_> = plan.budgets.iter().map(|of| of.budget.clone()).collect();
    let items = items(&plan.changes, plan.in_doubt.iter());
    assert_eq!(tight(&budgets, &items).len(), 1);
}

#[test]
fn a_rent_is_measured_by_what_it_really_costs() {
    let plan = first("max_hourly_cost = 0.7\n max_price_per_gpu = 0.45", "count = 2").expect("a plan");
    let address = |n: usize| format!("simplepod_instance.w[{n}]").parse().expect("an address");
    let mut guard = Guard::of(&plan);
    assert_eq!(guard.admit(&address(0), load("0.35")), Ok(()));
    // The same rent again is the same machine.
    assert_eq!(guard.admit(&address(0), load("0.35")), Ok(()));
    let refused = |allowed: &str, limit, amount: &str| {
        let [allowed, amount] = [allowed, amount].map(|number| number.parse().expect("a number"));
        Err(Refused { budget: 0, limit, allowed, amount })
    };
    assert_eq!(guard.admit(&address(1), load("0.46")), refused("0.7", Limit::MaxHourlyCost, "0.81"));
    assert_eq!(guard.admit(&address(1), load("0.35")), Ok(()));
    guard.count(&address(0), load("0.2"));
    assert_eq!(guard.admit(&address(1), load("0.46")), refused("0.45", Limit::MaxPricePerGpu, "0.46"));
    assert_eq!(guard.admit(&address(1), load("0.45")), Ok(()));
    let (state, snapshot) = applied(&plan);
    let text = fleet("max_hourly_cost = 0.7", "for_each = toset([\"a\", \"b\"])");
    let next = super::budget_tests::plan(&text, &state, &snapshot).expect("a plan");
    let mut guard = Guard::of(&next);
    let a = "simplepod_instance.w[\"a\"]".parse().expect("an address");
    assert_eq!(guard.admit(&a, load("0.3")), Ok(()));
    let leaving = next.changes.iter().find(|change| change.action == Action::Delete).expect("a release");
    guard.stays(leaving);
    assert!(guard.admit(&a, load("0.4")).is_err());
}

#[test]
fn a_runway_is_measured_by_what_everything_costs() {
    let with = |balance: i64, budget: &str, machines: &str| {
        let snapshot = Snapshot { read: true, balance: Some(Usd(balance.into())), ..Snapshot::default() };
        plan(&fleet(budget, machines), &State::default(), &snapshot)
    };
    let plan = with(100, "min_runway = \"48h\"", "count = 2").expect("a plan");
    assert_eq!(plan.runway.balance, Some(Usd(Decimal::ONE_HUNDRED)));
    assert_eq!(standing(&plan, Limit::MinRunway), Standing::Kept);
    assert!(with(20, "min_runway = \"48h\"", "count = 2").expect_err("a refusal")[0].contains("would last 3"));
    // By what machines really cost, as they are rented.
    let mut guard = Guard::of(&plan);
    let [first, second] = [0, 1].map(|n| format!("simplepod_instance.w[{n}]").parse().expect("an address"));
    let hours = |guard: &Guard, address, price| {
        let runway = guard.runway(Some(Usd(Decimal::ONE_HUNDRED)), address, load(price));
        runway.hours(runway.after).map(|hours| hours.round())
    };
    assert_eq!(hours(&guard, &first, "0.7"), Some(99.into()));
    guard.count(&first, load("1.7"));
    assert_eq!(hours(&guard, &second, "0.3"), Some(50.into()));
    // What costs nothing lasts for ever.
    assert!(with(0, "min_runway = \"48h\"", "count = 0").is_ok());
    assert!(with(0, "max_gpus = 9", "count = 2").expect("a plan").runway.is_too_short());
}
