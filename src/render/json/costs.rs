//! What `cost -json` prints.

use crate::money::Usd;
use crate::schema;
use crate::state::{Costs, MachineCost, Others};
use serde_json::{Value as Json, json};

/// To the millionth, as machines are recorded: shares of a month have no end.
fn dollars(amount: Usd) -> Json {
    schema::dollars(Usd(amount.0.round_dp(6)))
}

/// What the fleet costs, and has cost.
pub fn costs_json(costs: &Costs, fleet: Option<&str>) -> Json {
    let some = |amount: Option<Usd>| amount.map(dollars);
    let machine = |machine: &MachineCost| {
        json!({
            "address": machine.address.to_string(),
            "deposed": machine.deposed,
            "id": machine.id.to_string(),
            "gpu_count": machine.gpus,
            "gpu_model": machine.model,
            "region": machine.region,
            "country": machine.country,
            "hourly_cost": some(machine.hourly),
            "monthly_cost": some(machine.hourly.map(Usd::per_month)),
            "cost_so_far": some(machine.so_far),
        })
    };
    let known = !costs.without_usage;
    let others = |others: &Others| {
        json!({
            "machines": others.count,
            "hourly_cost": dollars(others.hourly),
            "cost_so_far": some(known.then_some(others.so_far)),
        })
    };
    json!({
        "format_version": "1.0",
        "fleet": fleet,
        "machines": costs.machines.iter().map(machine).collect::<Vec<_>>(),
        "hourly_cost": dollars(costs.hourly()),
        "monthly_cost": dollars(costs.hourly().per_month()),
        "cost_so_far": some(known.then(|| costs.so_far())),
        "not_of_this_fleet": others(&costs.others),
        "released": others(&costs.released),
        "balance": some(costs.balance),
    })
}
