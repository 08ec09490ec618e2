//! What the fleet costs by the hour, and what it has cost, by address.

use super::model::{Record, State};
use crate::address::InstanceAddr;
use crate::live::{Bill, LiveObject, Machine, MachineId, ObjectId, Snapshot};
use crate::money::Usd;
use std::collections::{BTreeMap, BTreeSet};

/// One machine that is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineCost {
    /// Where.
    pub address: InstanceAddr,
    /// It was replaced, and is not released yet.
    pub deposed: bool,
    /// Its id.
    pub id: MachineId,
    /// Its GPUs.
    pub gpus: Option<u32>,
    /// Their model.
    pub model: Option<String>,
    /// Where its host stands.
    pub region: Option<String>,
    /// The country of its host.
    pub country: Option<String>,
    /// USD per hour; `None` where it is gone, or nobody can read its price.
    pub hourly: Option<Usd>,
    /// USD since it was rented, where the list of usage tells it.
    pub so_far: Option<Usd>,
}

/// Machines that are not recorded here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// How many.
    pub count: usize,
    /// USD per hour.
    pub hourly: Usd,
    /// USD since they were rented.
    pub so_far: Usd,
}

/// What everything costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// What is recorded, by address.
    pub machines: Vec<MachineCost>,
    /// What stands in the account, and is not recorded here.
    pub others: Others,
    /// What was released, of whichever fleet: the list of usage names none.
    pub released: Others,
    /// What is left.
    pub balance: Option<Usd>,
    /// The list of usage says nothing of any machine.
    pub without_usage: bool,
}

/// What each machine has cost, by the account's list of usage.
pub fn billed(bills: &[Bill]) -> BTreeMap<MachineId, Usd> {
    let mut billed: BTreeMap<MachineId, Usd> = BTreeMap::new();
    for Bill { machine, amount, .. } in bills {
        let sum = billed.entry(*machine).or_default();
        *sum = *sum + *amount;
    }
    billed
}

impl Costs {
    /// Of what is recorded and live, by the account's list of usage.
    pub fn of(state: &State, snapshot: &Snapshot, bills: &[Bill]) -> Costs {
        let mut billed = billed(bills);
        let deposed: BTreeSet<ObjectId> = (state.deposed.iter())
            .flat_map(|(address, all)| all.values().filter_map(|record| record.object_id(address)))
            .collect();
        let mut machines = Vec::new();
        for (id, address, record) in state.identified() {
            let ObjectId::Machine(machine) = id else { continue };
            let live = match snapshot.objects.get(&id) {
                Some(Some(LiveObject::Machine(live))) => Some(live.as_ref()),
                _ => None,
            };
            let so_far = billed.remove(&machine);
            machines.push(MachineCost {
                deposed: deposed.contains(&id),
                so_far,
                ..stands(address, machine, record, live)
            });
        }
        machines.sort_by(|a, b| (&a.address, a.deposed, a.id).cmp(&(&b.address, b.deposed, b.id)));
        let mut costs =
            Costs { balance: snapshot.balance, without_usage: bills.is_empty(), machines, ..Costs::default() };
        let own: BTreeSet<MachineId> = costs.machines.iter().map(|machine| machine.id).collect();
        for live in snapshot.machines().filter(|live| !live.is_gone() && !own.contains(&live.id)) {
            costs.others.count += 1;
            costs.others.hourly = costs.others.hourly + live.shown_cost().unwrap_or_default();
            costs.others.so_far = costs.others.so_far + billed.remove(&live.id).unwrap_or_default();
        }
        costs.released = Others { count: billed.len(), hourly: Usd::ZERO, so_far: billed.into_values().sum() };
        costs
    }

    /// USD per hour of what is recorded.
    pub fn hourly(&self) -> Usd {
        self.machines.iter().filter_map(|machine| machine.hourly).sum()
    }

    /// What is recorded has cost so far.
    pub fn so_far(&self) -> Usd {
        self.machines.iter().filter_map(|machine| machine.so_far).sum()
    }
}

fn stands(address: &InstanceAddr, id: MachineId, record: &Record, live: Option<&Machine>) -> MachineCost {
    let text = |name: &str| record.attributes.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let number = |name: &str| record.attributes.get(name).and_then(serde_json::Value::as_u64);
    // Rows of lists may not tell it; what was read last does (C17).
    let recorded = || Some(Usd(record.attributes.get("hourly_cost")?.as_number()?.to_string().parse().ok()?));
    MachineCost {
        address: address.clone(),
        deposed: false,
        id,
        gpus: live.and_then(|live| live.gpu_count).or_else(|| number("gpu_count")?.try_into().ok()),
        model: text("rented_gpu_model").or_else(|| text("gpu_model")),
        region: text("region").or_else(|| record.offer.as_ref()?.region.clone()),
        country: record.offer.as_ref().and_then(|offer| offer.country.clone()),
        hourly: live.filter(|live| !live.is_gone()).and_then(|live| live.hourly_cost().or_else(recorded)),
        so_far: None,
    }
}
