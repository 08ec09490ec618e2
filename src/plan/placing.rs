//! Offers for everything the plan rents.

use super::measure::covers;
use super::model::{Action, Change, Reason};
use crate::address::{InstanceAddr, ObjectKind, ResourceAddr};
use crate::config::{Budget, Limit};
use crate::lang::Value;
use crate::live::{GroupId, Offer, Snapshot};
use crate::market::{
    BudgetedPrice, Demand, Envelope, Held, Proof, Requirement, UnknownModel, Unplaced, explain, place, propose,
    unknown_models,
};
use crate::money::Usd;
use crate::schema::instance::{dollars, gpu_count};
use crate::state::{Record, State};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What placement looks at.
pub(super) struct Placements<'a> {
    pub state: &'a State,
    pub snapshot: &'a Snapshot,
    /// Recorded template groups.
    pub groups: &'a BTreeMap<GroupId, InstanceAddr>,
    pub market: &'a [Offer],
    /// What the configuration allows to be paid.
    pub budgets: &'a [Budget],
    /// Hosts whose machines failed lately.
    pub failed: BTreeSet<String>,
}

/// Whether a change needs an offer.
pub(super) fn is_rent(change: &Change) -> bool {
    matches!(change.action, Action::Create | Action::Replace)
        && change.address.resource.object_kind().is_some_and(ObjectKind::is_rented)
}

/// What came of placing.
pub(super) struct Placing {
    pub unplaced: Vec<Unplaced>,
    pub left_out: Vec<InstanceAddr>,
    pub proof: Proof,
    /// Of instances that have an offer.
    pub unknown_models: Vec<UnknownModel>,
}

/// The machines that stay, by block and host: what `max_per_host` counts.
pub fn machines_that_stay(changes: &[Change], state: &State) -> BTreeMap<(ResourceAddr, String), u32> {
    let mut machines = BTreeMap::new();
    for change in changes.iter().filter(|change| change.keeps_machine()) {
        let record = state.resources.get(&change.address);
        if let Some(host) = record.and_then(|record| record.offer.as_ref()?.host.clone()) {
            *machines.entry((change.address.resource.clone(), host)).or_insert(0) += 1;
        }
    }
    machines
}

/// Places every rent. Instances without an offer, and all that depends on them, lose their change; they are returned.
pub(super) fn place_all(
    input: &Placements<'_>,
    changes: &mut Vec<Change>,
    dependencies: &BTreeMap<InstanceAddr, Arc<Vec<ResourceAddr>>>,
) -> Placing {
    let rents: Vec<usize> = (0..changes.len()).filter(|&at| is_rent(&changes[at])).collect();
    let demands: Vec<Demand> = rents.iter().map(|at| demand(input, changes, &changes[*at])).collect();
    let held = Held { machines: machines_that_stay(changes, input.state), ..Held::default() };
    let placements = place(&demands, input.market, &held);
    let mut unplaced = explain(&demands, input.market, &placements);
    propose(&mut unplaced, &demands, input.market, &held, &placements);
    let mut unknown_models = unknown_models(&demands, input.market);
    // What has none says so itself.
    unknown_models.retain(|unknown| !unplaced.iter().any(|why| why.envelope.gpu_models.contains(&unknown.model)));
    for (&at, placed) in rents.iter().zip(placements.each) {
        if let Some(placed) = placed {
            changes[at].cost_after = placed.envelope.hourly_cost(&placed.offer);
            changes[at].placed = Some(Arc::new(placed));
        }
    }
    let mut left_out: BTreeSet<InstanceAddr> = unplaced.iter().flat_map(|why| &why.addresses).cloned().collect();
    let without: BTreeSet<ResourceAddr> = left_out.iter().map(|address| address.resource.clone()).collect();
    for change in changes.iter() {
        let needs = dependencies.get(&change.address);
        if needs.is_some_and(|needs| needs.iter().any(|need| without.contains(need)))
            && !matches!(change.action, Action::NoOp | Action::Delete | Action::Forget | Action::Read)
        {
            left_out.insert(change.address.clone());
        }
    }
    changes.retain(|change| !(left_out.contains(&change.address) && change.before.is_none()));
    for change in changes.iter_mut().filter(|change| left_out.contains(&change.address)) {
        // What stands stays as it is.
        change.action = Action::NoOp;
        change.reason = None;
        change.forced_by.clear();
        change.after.clone_from(&change.before);
        change.placed = None;
        change.cost_after = change.cost_before;
    }
    Placing { unplaced, left_out: left_out.into_iter().collect(), proof: placements.proof, unknown_models }
}

fn demand(input: &Placements<'_>, changes: &[Change], change: &Change) -> Demand {
    let nothing = Value::object(BTreeMap::<Arc<str>, Value>::new());
    let wanted = change.after.as_ref().unwrap_or(&nothing);
    let budgeted = budgeted(input.budgets, change);
    let envelope = Envelope { budgeted, ..envelope(wanted, disk_size(input, changes, change)) };
    // A machine that failed is not rented again from the same host, if there is another; nor is any other one.
    let unfit = matches!(change.reason, Some(Reason::Tainted(_) | Reason::Unhealthy(_)));
    let blamed = |record: &Record| {
        !input.state.failures.iter().any(|failure| {
            failure.image.is_some()
                && Some(&failure.host) == record.offer.as_ref().and_then(|offer| offer.host.as_ref())
        })
    };
    let failed = input.state.resources.get(&change.address).filter(|record| unfit && blamed(record));
    let iri = failed.and_then(|record| record.attributes.get("offer_iri")?.as_str());
    let shown = input.market.iter().find(|offer| Some(offer.iri.as_str()) == iri).map(|offer| offer.host.clone());
    // A market may not show what is rented.
    let recorded = || failed.and_then(|record| record.offer.as_ref()?.host.clone());
    let avoid = shown.or_else(recorded).into_iter().chain(input.failed.iter().cloned()).collect();
    Demand { address: change.address.clone(), envelope, avoid }
}

/// The lowest price per GPU that its budgets allow. Who is dearer already may stay so.
fn budgeted(budgets: &[Budget], change: &Change) -> Option<BudgetedPrice> {
    let now = change.before.as_ref().and_then(|before| dollars(before, "price_per_gpu")).unwrap_or_default();
    let of = |budget: &Budget| {
        let most = Usd(*budget.limits.get(&Limit::MaxPricePerGpu)?).max(now);
        covers(budget, &change.address).then(|| BudgetedPrice { budget: budget.to_string(), most })
    };
    budgets.iter().filter_map(of).min_by_key(|budgeted| budgeted.most)
}

/// What an instance accepts, as its block says. `disk_size`: GB that its template takes, where it is known.
pub fn envelope(wanted: &Value, disk_size: Option<u64>) -> Envelope {
    let model = wanted.get("gpu_model").and_then(Value::as_str);
    let fallbacks = wanted.get("fallback_gpu_models").and_then(Value::as_elements).unwrap_or_default();
    let gpu_models = model.into_iter().chain(fallbacks.iter().filter_map(Value::as_str)).map(str::to_owned);
    let whole = |name: &str| wanted.get(name).and_then(Value::as_number)?.as_i64();
    Envelope {
        gpu_models: gpu_models.collect(),
        gpu_count: gpu_count(wanted).unwrap_or(0),
        max_price_per_gpu: dollars(wanted, "max_price_per_gpu").unwrap_or_default(),
        requirement: Requirement::read(wanted),
        budgeted: None,
        max_hourly_cost: dollars(wanted, "max_hourly_cost"),
        disk_size,
        larger_offers: wanted.get("larger_offers").and_then(Value::as_bool).unwrap_or(false),
        max_per_host: whole("max_per_host").and_then(|most| u32::try_from(most).ok()),
        priority: whole("priority").unwrap_or(0),
    }
}

/// The disk that the template of a planned instance takes, where it is known.
fn disk_size(input: &Placements<'_>, changes: &[Change], change: &Change) -> Option<u64> {
    let reference = change.after.as_ref()?.get("template_group")?;
    let gigabytes = |object: &Value| object.get("disk_size")?.as_number()?.as_u64();
    let planned = |address: &InstanceAddr| {
        // What is set aside stands at the same address.
        let order = |other: &Change| other.address.cmp(address).then(other.deposed.cmp(&None));
        let at = changes.binary_search_by(order).ok()?;
        gigabytes(changes.get(at)?.after.as_ref()?)
    };
    if let Some(origin) = reference.origin() {
        return planned(&origin.address);
    }
    let id = GroupId::parse(reference.as_str()?)?;
    match input.groups.get(&id) {
        Some(address) => planned(address),
        None => input.snapshot.group(id)?.shown.get("disk_size")?.as_u64(),
    }
}
