//! What instances of the configuration accept, without a plan: whether they stand already or not.

use super::fleet::Fleet;
use crate::address::{InstanceAddr, ObjectKind, Target};
use crate::config::{DataInstance, Instance, Judging, Resolve, Unresolved, evaluate};
use crate::diag::Diagnostics;
use crate::lang::value::Origin;
use crate::lang::{Effects, Type, Value};
use crate::live::GroupId;
use crate::market::Envelope;
use crate::plan::envelope;
use std::collections::BTreeMap;

/// What an instance accepts.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whose.
    pub address: InstanceAddr,
    /// It, with the disk of its template where the configuration tells that.
    pub envelope: Envelope,
    /// The template, where only the account tells its disk.
    pub template: Option<GroupId>,
    /// What of it only the account will tell: nobody can judge an offer by that yet.
    pub unknown: Vec<&'static str>,
}

impl Fleet {
    /// What the instances ask for that something of the configuration names.
    pub fn asked(&self, target: &Target, effects: &dyn Effects) -> Vec<Asked> {
        let mut wishes = Wishes::default();
        // Whatever is wrong was told when it was loaded.
        evaluate(&self.program, effects, &mut wishes, &mut Diagnostics::new());
        let named = wishes.0.iter().filter(|(address, _)| target.matches(address));
        named
            .filter(|(address, _)| is_rented(address))
            .map(|(address, wanted)| of(address, wanted, &wishes.0))
            .collect()
    }
}

fn is_rented(address: &InstanceAddr) -> bool {
    address.resource.object_kind().is_some_and(ObjectKind::is_rented)
}

fn of(address: &InstanceAddr, wanted: &Value, all: &BTreeMap<InstanceAddr, Value>) -> Asked {
    const JUDGED: [&str; 7] = [
        "gpu_model",
        "fallback_gpu_models",
        "gpu_count",
        "max_price_per_gpu",
        "max_hourly_cost",
        "larger_offers",
        "offer",
    ];
    let group = wanted.get("template_group");
    let declared = group.and_then(Value::origin).and_then(|origin| all.get(&origin.address));
    let disk = declared.and_then(|group| group.get("disk_size")?.as_number()?.as_u64());
    let is_unknown = |name: &&str| wanted.get(name).is_some_and(|value| !value.is_wholly_known());
    Asked {
        address: address.clone(),
        envelope: envelope(wanted, disk),
        template: group.and_then(Value::as_str).and_then(GroupId::parse),
        unknown: JUDGED.into_iter().filter(is_unknown).collect(),
    }
}

/// What is declared, by address; who refers to the id of another says whose it is.
#[derive(Default)]
struct Wishes(BTreeMap<InstanceAddr, Value>);

impl Resolve for Wishes {
    fn resolve(&mut self, instance: Instance<'_>, diags: &mut Diagnostics) -> Value {
        let address = instance.address.clone();
        self.0.insert(address.clone(), instance.desired.clone());
        let object = Unresolved.resolve(instance, diags);
        let Some(mut entries) = object.as_entries().cloned() else { return object };
        let origin = Origin { address: address.into(), attribute: "id".into() };
        entries.insert("id".into(), Value::unknown_from(Type::String, origin));
        Value::from_entries(entries)
    }

    fn data(&mut self, instance: DataInstance<'_>, diags: &mut Diagnostics) -> Value {
        Unresolved.data(instance, diags)
    }

    fn is_final(&self) -> bool {
        Unresolved.is_final()
    }

    fn judging(&self) -> Judging {
        Unresolved.judging()
    }
}
