use super::*;
use crate::live::Offer;
use crate::market::Placed;
use crate::money::Usd;
use crate::review::sample;
use proptest::prelude::*;
use secrecy::SecretString;
use std::sync::Arc;

fn key() -> SecretKey {
    SecretKey::derive(&SecretString::from("a key"), "approval of t")
}

fn digest(plan: &Plan) -> String {
    Approval::of(plan, &key()).digest().to_string()
}

fn rent(plan: &mut Plan) -> &mut Placed {
    Arc::make_mut(plan.changes.iter_mut().find_map(|change| change.placed.as_mut()).expect("a rent"))
}

fn created(plan: &mut Plan) -> &mut Change {
    plan.changes.iter_mut().find(|change| change.action == Action::Create && change.placed.is_some()).expect("a rent")
}

#[test]
fn what_the_market_and_the_day_give_is_no_part_of_it() {
    let plan = sample::rich();
    let approved = digest(&plan);
    let mut other = plan.clone();
    let placed = rent(&mut other);
    placed.offer = Offer { iri: "/instances/market/1".into(), host: "h9".into(), ..placed.offer.clone() };
    placed.offer.price_per_gpu = sample::usd("0.44");
    placed.free_gpus = 7;
    other.proof = crate::market::Proof { saving: Some(Usd::ZERO) };
    other.cost.after = sample::usd("99");
    other.serial += 1;
    for change in &mut other.changes {
        change.cost_before = sample::usd("1.5");
        change.cost_after = sample::usd("2.5");
        change.remarks.clear();
        if let Some(Reason::Tainted(words) | Reason::Unhealthy(words)) = &mut change.reason {
            *words = "other words".to_owned();
        }
        for object in [&mut change.before, &mut change.after].into_iter().flatten() {
            let Some(entries) = object.as_entries() else { continue };
            let aged = entries.map(|name, value| match &**name {
                "expires_at" | "status" | "uptime" | "hourly_cost" | "host_ip" => Value::string("2026-01-01T00:00:00Z"),
                _ => value.clone(),
            });
            *object = Value::from_entries(aged).marked(object.marks);
        }
    }
    assert_eq!(digest(&other), approved);
}

#[test]
fn whatever_a_reviewer_would_want_to_see_again_is() {
    let plan = sample::rich();
    let mut seen = vec![digest(&plan)];
    let mut differs = |what: &str, edit: &dyn Fn(&mut Plan)| {
        let mut other = plan.clone();
        edit(&mut other);
        let digest = digest(&other);
        assert!(!seen.contains(&digest), "{what} makes no other digest");
        seen.push(digest);
    };
    differs("the mode", &|plan| plan.mode = PlanMode::Destroy);
    differs("the fleet", &|plan| plan.fleet = Some("other".to_owned()));
    differs("a budget", &|plan| {
        let budget = crate::config::Budget { name: None, targets: Vec::new(), limits: Default::default() };
        plan.budgets.push(crate::plan::Budgeted { budget, measured: Vec::new() });
    });
    differs("a cap", &|plan| rent(plan).envelope.max_price_per_gpu = sample::usd("0.46"));
    differs("a cap of the machine", &|plan| rent(plan).envelope.max_hourly_cost = Some(sample::usd("1")));
    differs("a count", &|plan| rent(plan).envelope.gpu_count = 2);
    differs("a fallback", &|plan| rent(plan).envelope.gpu_models.push("RTX 2080".into()));
    differs("a disk", &|plan| rent(plan).envelope.disk_size = Some(64));
    differs("a spread", &|plan| rent(plan).envelope.max_per_host = Some(1));
    differs("a priority", &|plan| rent(plan).envelope.priority = 1);
    differs("a requirement", &|plan| {
        rent(plan).envelope.requirement.0.insert("min_sla".to_owned(), "90".to_owned());
    });
    differs("a change that goes", &|plan| {
        plan.changes.retain(|change| change.placed.is_none());
    });
    differs("an address", &|plan| created(plan).address.key = Some(crate::address::InstanceKey::Int(77)));
    differs("a value", &|plan| {
        let change = created(plan);
        let after = change.after.as_ref().and_then(Value::as_entries).expect("an object");
        let renamed = after.map(|name, value| if &**name == "name" { Value::string("another") } else { value.clone() });
        change.after = Some(Value::from_entries(renamed));
    });
    differs("an order", &|plan| {
        let replaced = plan.changes.iter_mut().find(|change| change.action == Action::Replace).expect("a replace");
        replaced.create_first = !replaced.create_first;
    });
    differs("which machine goes", &|plan| {
        let gone = plan.changes.iter_mut().find(|change| change.action == Action::Delete).expect("a delete");
        let before = gone.before.as_ref().and_then(Value::as_entries).expect("an object");
        let other = before.map(|name, value| if &**name == "id" { Value::string("999") } else { value.clone() });
        gone.before = Some(Value::from_entries(other));
    });
}

#[test]
fn secrets_differ_by_their_keyed_digests_and_stand_nowhere() {
    let plan = sample::rich();
    let approval = Approval::of(&plan, &key());
    let text = serde_json::to_string(&approval).expect("a text");
    assert!(!text.contains("canary-"), "a secret stands in what is approved");
    let other = SecretKey::derive(&SecretString::from("another key"), "approval of t");
    assert_ne!(digest(&plan), Approval::of(&plan, &other).digest().to_string());
    let read: Approval = serde_json::from_str(&text).expect("it reads back");
    assert_eq!(read, approval);
    assert_eq!(read.digest(), approval.digest());
}

#[test]
fn differences_name_the_address_and_what_differs() {
    let plan = sample::rich();
    let mut other = plan.clone();
    rent(&mut other).envelope.max_price_per_gpu = sample::usd("0.5");
    let gone = other.changes.iter().position(|change| change.action == Action::Delete).expect("a delete");
    let gone = other.changes.remove(gone).address;
    let told = Approval::of(&plan, &key()).differences(&Approval::of(&other, &key()));
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|line| line.contains("max_price_per_gpu") && line.contains("$0.5")), "{told:?}");
    let nothing = format!("The plan would delete {gone}, for which nothing is planned now.");
    assert!(told.contains(&nothing), "{told:?}");
    assert_eq!(told.len(), 2, "{told:?}");
    let back = Approval::of(&other, &key()).differences(&Approval::of(&plan, &key()));
    assert!(back.iter().any(|line| line.to_string().contains(" alone; now it would ")), "{back:?}");
    assert!(Approval::of(&plan, &key()).differences(&Approval::of(&plan, &key())).is_empty());
}

#[test]
fn the_first_digits_are_enough_and_fewer_are_not() {
    let whole = Approval::default().digest();
    assert_eq!(whole.short().parse::<ApprovalDigest>().as_ref(), Ok(&whole));
    assert_eq!(whole.to_string().to_uppercase().replace("SHA", "sha").parse::<ApprovalDigest>().as_ref(), Ok(&whole));
    for wrong in ["", "sha256:", "sha256:0123456789abcde", "0123456789abcdef", "sha256:0123456789abcdeg"] {
        assert!(wrong.parse::<ApprovalDigest>().is_err(), "{wrong}");
    }
    let long = format!("sha256:{}", "0".repeat(65));
    assert!(long.parse::<ApprovalDigest>().is_err());
    assert_ne!("sha256:0123456789abcdef".parse::<ApprovalDigest>(), Ok(whole));
}

proptest! {
    /// Two markets, one approval; and a plan's approval differs from another's exactly where differences are told.
    #[test]
    fn a_digest_is_equal_where_no_difference_is_told(
        price in 1u32..45, host in "[a-z]{1,6}", cap in 45u32..60, count in 1u32..3, name in "[a-z]{1,8}",
    ) {
        let plan = sample::rich();
        let mut moved = plan.clone();
        let placed = rent(&mut moved);
        placed.offer.price_per_gpu = Usd(rust_decimal::Decimal::new(price.into(), 2));
        placed.offer.host = host.as_str().into();
        prop_assert_eq!(digest(&moved), digest(&plan));
        let mut edited = moved.clone();
        let envelope = &mut rent(&mut edited).envelope;
        envelope.max_price_per_gpu = Usd(rust_decimal::Decimal::new(cap.into(), 2));
        envelope.gpu_count = count;
        edited.fleet = plan.fleet.clone().map(|fleet| if count == 2 { name } else { fleet });
        let (one, two) = (Approval::of(&plan, &key()), Approval::of(&edited, &key()));
        let told = one.fleet != two.fleet || !one.differences(&two).is_empty();
        prop_assert_eq!(one.digest() == two.digest(), !told);
    }
}
