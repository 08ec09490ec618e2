//! Budgets of a plan, and during its apply.

use super::measure::{items, tight};
use super::tests::{applied, make_from, offer};
use super::*;
use crate::config::Limit;
use crate::live::Snapshot;
use crate::money::Usd;
use crate::state::State;
use rust_decimal::Decimal;

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
        ("max_price_per_gpu = 0.5", "max_price_per_gpu = 0.29"),
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
    let plan = first("max_price_per_gpu = 0.4", "count = 2").expect("a plan");
    assert_eq!(standing(&plan, Limit::MaxPricePerGpu), Standing::AtRisk);
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
    // What costs nothing lasts for ever.
    assert!(with(0, "min_runway = \"48h\"", "count = 0").is_ok());
    assert!(with(0, "max_gpus = 9", "count = 2").expect("a plan").runway.is_too_short());
}
