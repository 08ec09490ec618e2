//! Rows of a snapshot: what is live of machines and template groups, under their attributes' names.

use crate::live::{Group, GroupId, HashId, Machine, MachineId, Port, Seen, Status};
use crate::money::Usd;
use crate::schema::{Schema, group, instance};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// More than any price, in dollars: what multiplies stays a number.
pub(super) const MOST_DOLLARS: u32 = 1_000_000;
/// More GPUs than any machine has.
pub(super) const MOST_GPUS: u32 = 10_000;
/// More gigabytes than any disk has.
const MOST_GB: u64 = 1_000_000_000;

/// A machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MachineRow {
    id: MachineId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash_id: Option<HashId>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gpu_model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gpu_count: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price_per_gpu: Option<Usd>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price_per_disk: Option<Usd>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disk_size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    template_group: Option<GroupId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ports: Option<Vec<Port>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    hidden: BTreeSet<String>,
}

/// A template group.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupRow {
    id: GroupId,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    hidden: BTreeSet<String>,
}

impl MachineRow {
    /// Of a machine that holds no secret any more.
    pub(super) fn of(machine: &Machine) -> MachineRow {
        MachineRow {
            id: machine.id,
            hash_id: machine.hash_id.clone(),
            attributes: named(&machine.shown),
            notes: machine.notes.as_deref().map(str::to_owned),
            status: machine.status.clone(),
            gpu_model: machine.gpu_model.clone(),
            gpu_count: machine.gpu_count,
            price_per_gpu: machine.price_per_gpu,
            price_per_disk: machine.price_per_disk,
            disk_size: machine.disk_size,
            created_at: machine.created_at.clone(),
            template_group: machine.group,
            ports: machine.ports.clone(),
            errors: machine.errors.clone(),
            warnings: machine.warnings.clone(),
            hidden: machine.hidden.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// The machine.
    ///
    /// # Errors
    /// What no machine has.
    pub(super) fn machine(self) -> Result<Machine, String> {
        let of = format!("machine {}", self.id);
        let priced = [self.price_per_gpu, self.price_per_disk].into_iter().flatten().all(is_price);
        let sized = self.gpu_count.is_none_or(|n| n <= MOST_GPUS) && self.disk_size.is_none_or(|n| n <= MOST_GB);
        if !priced || !sized {
            return Err(format!("{of}: a price, a number of GPUs or a disk that none has"));
        }
        Ok(Machine {
            id: self.id,
            hash_id: self.hash_id,
            shown: known(self.attributes, &instance::SCHEMA, &of)?,
            notes: self.notes.map(Into::into),
            status: self.status,
            gpu_model: self.gpu_model,
            gpu_count: self.gpu_count,
            price_per_gpu: self.price_per_gpu,
            price_per_disk: self.price_per_disk,
            disk_size: self.disk_size,
            created_at: self.created_at,
            group: self.template_group,
            ports: self.ports,
            errors: self.errors,
            warnings: self.warnings,
            hidden: left_out(&self.hidden, &instance::SCHEMA, &of)?,
            ..Machine::bare(self.id)
        })
    }
}

impl GroupRow {
    /// Of a template group that holds no secret any more.
    pub(super) fn of(group: &Group) -> GroupRow {
        GroupRow {
            id: group.id,
            attributes: named(&group.shown),
            notes: group.notes.as_deref().map(str::to_owned),
            hidden: group.hidden.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// The template group.
    ///
    /// # Errors
    /// What no template group has.
    pub(super) fn group(self) -> Result<Group, String> {
        let of = format!("template group {}", self.id);
        let shown = known(self.attributes, &group::SCHEMA, &of)?;
        let hidden = left_out(&self.hidden, &group::SCHEMA, &of)?;
        Ok(Group { shown, notes: self.notes.map(Into::into), hidden, ..Group::bare(self.id) })
    }
}

/// Whether an amount can be a rate, or a balance.
pub(super) fn is_price(price: Usd) -> bool {
    price.0.abs() <= Decimal::from(MOST_DOLLARS)
}

fn named(seen: &Seen) -> BTreeMap<String, Json> {
    seen.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// What is left out, by the names of its table.
fn left_out(names: &BTreeSet<String>, schema: &Schema, of: &str) -> Result<BTreeSet<&'static str>, String> {
    let attributes = schema.attributes.iter().map(|attribute| attribute.name);
    let all: Vec<&'static str> = attributes.chain(schema.blocks.iter().map(|block| block.name)).collect();
    let each = names.iter().map(|name| match all.iter().find(|known| *known == name) {
        Some(known) => Ok(*known),
        None => Err(format!("{of} hides an attribute \"{}\", which is none", name.escape_debug())),
    });
    each.collect()
}

/// Attributes by the names of their table.
fn known(attributes: BTreeMap<String, Json>, schema: &Schema, of: &str) -> Result<Seen, String> {
    let attribute = |(name, value): (String, Json)| match schema.attribute(&name) {
        Some(attribute) => Ok((attribute.name, value)),
        None => Err(format!("{of} has an attribute \"{}\", which is none", name.escape_debug())),
    };
    attributes.into_iter().map(attribute).collect()
}
