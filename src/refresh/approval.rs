//! Whether a machine is inside of what was approved for it (invariants 3 and 15).

use crate::address::InstanceAddr;
use crate::diag::{Diagnostic, Diagnostics};
use crate::live::{LiveObject, Machine, MachineId, ObjectId, Snapshot};
use crate::money::Usd;
use crate::schema::observe::decimal;
use crate::state::journal::Event;
use crate::state::{Record, State};
use std::borrow::Cow;
use std::sync::Arc;

/// What an answer says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Price and GPU count are inside.
    Inside,
    /// They are not: in words, behind its name.
    Outside(String),
    /// It shows no price.
    Unreadable,
}

impl Approval {
    /// Judges a machine by what was approved.
    pub fn of(machine: &Machine, cap: Usd, gpus: Option<u32>) -> Approval {
        match (machine.price_per_gpu, machine.gpu_count, gpus) {
            (Some(price), ..) if price.exceeds(cap) => {
                Approval::Outside(format!("bills {price} per GPU-hour, above its cap of {cap}"))
            }
            (_, Some(shown), Some(ordered)) if shown != ordered => {
                Approval::Outside(format!("has {shown} GPUs, and {ordered} were ordered"))
            }
            (Some(_), ..) => Approval::Inside,
            (None, ..) => Approval::Unreadable,
        }
    }
}

/// A recorded machine that nobody saw inside of what was approved for it so far, and what is seen of it now.
#[derive(Clone, Debug)]
pub struct Unproven {
    /// Which instance.
    pub address: InstanceAddr,
    /// Which machine.
    pub id: MachineId,
    /// Its record.
    pub record: Arc<Record>,
    /// What is seen.
    pub approval: Approval,
}

impl Unproven {
    /// All of a state, as far as they were read. `wished` is the cap that the configuration names by now: a higher one
    /// keeps a machine.
    pub fn all(state: &State, snapshot: &Snapshot, wished: &dyn Fn(&InstanceAddr) -> Option<Usd>) -> Vec<Unproven> {
        let unproven = state.resources.iter().filter(|(_, record)| record.unproven);
        let seen = unproven.filter_map(|(address, record)| {
            let id = record.machine_id()?;
            let Some(Some(LiveObject::Machine(machine))) = snapshot.objects.get(&ObjectId::Machine(id)) else {
                return None;
            };
            let (address, record) = (address.clone(), record.clone());
            let approval = judge(&record, machine, wished(&address));
            Some(Unproven { address, id, record, approval })
        });
        seen.collect()
    }

    /// What is recorded once it is gone.
    pub fn gone(&self, claim: Option<String>) -> Event {
        Event::gone(claim, &self.address, &self.record)
    }

    /// What a plan tells of it, before anything is done.
    fn told(&self) -> Option<Diagnostic> {
        let Unproven { address, id, .. } = self;
        match &self.approval {
            Approval::Inside => None,
            Approval::Outside(why) => {
                let detail = format!(
                    "{address} (machine {id}) {why}, and was never seen inside of what was approved: the run that rented it ended before it could look. The next apply releases it before it does anything else; this plan is made as if it were gone."
                );
                Some(Diagnostic::warning("Machine outside of what was approved", detail).on(address))
            }
            Approval::Unreadable => Some(unreadable(address, *id)),
        }
    }
}

/// By what its record says was approved.
pub fn judge(record: &Record, machine: &Machine, wished: Option<Usd>) -> Approval {
    let approved = record.attributes.get("max_price_per_gpu").and_then(decimal).map(Usd);
    let Some(cap) = approved.max(wished) else { return Approval::Inside };
    let ordered = record.attributes.get("gpu_count").and_then(|count| u32::try_from(count.as_u64()?).ok());
    Approval::of(machine, cap, ordered)
}

/// A machine without a price that can be read.
pub fn unreadable(address: &InstanceAddr, id: MachineId) -> Diagnostic {
    let detail = format!(
        "The API shows no price of {address} (machine {id}): nothing tells whether it bills more than its cap, and it is in no sum of costs. Every plan and apply looks again, and a price above the cap releases it."
    );
    Diagnostic::warning("Price cannot be read", detail).on(address)
}

/// State and account as they will be once the next apply has released what is outside; and what is told of it.
pub fn foreseen<'a>(
    state: &'a State,
    snapshot: &'a Snapshot,
    wished: &dyn Fn(&InstanceAddr) -> Option<Usd>,
    diags: &mut Diagnostics,
) -> (Cow<'a, State>, Cow<'a, Snapshot>) {
    let (mut state, mut snapshot) = (Cow::Borrowed(state), Cow::Borrowed(snapshot));
    for found in Unproven::all(&state, &snapshot, wished) {
        diags.extend(found.told().map(Diagnostics::from).unwrap_or_default());
        if matches!(found.approval, Approval::Outside(_)) {
            state.to_mut().apply(found.gone(None));
            snapshot.to_mut().objects.remove(&ObjectId::Machine(found.id));
        }
    }
    (state, snapshot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Usd {
        Usd(text.parse().expect("a decimal"))
    }

    #[test]
    fn a_machine_is_inside_of_what_was_approved_by_its_price_and_its_gpus() {
        let shown = |price: Option<&str>, gpu_count| {
            let price_per_gpu = price.map(usd);
            let machine = Machine { price_per_gpu, gpu_count, ..Machine::bare(MachineId(5)) };
            Approval::of(&machine, usd("0.30"), Some(2))
        };
        assert_eq!(shown(Some("0.30"), Some(2)), Approval::Inside);
        assert_eq!(shown(Some("0.30"), None), Approval::Inside);
        assert_eq!(shown(None, Some(2)), Approval::Unreadable);
        assert!(matches!(shown(Some("0.31"), Some(2)), Approval::Outside(why) if why.starts_with("bills $0.31")));
        assert!(matches!(shown(Some("0.10"), Some(8)), Approval::Outside(why) if why.starts_with("has 8 GPUs")));
        assert!(matches!(shown(None, Some(8)), Approval::Outside(_)));
    }

    #[test]
    fn a_raised_cap_keeps_what_a_lowered_one_does_not_release() {
        let mut record = Record { unproven: true, ..Record::default() };
        record.attributes.set("max_price_per_gpu", serde_json::json!(0.3));
        let machine = Machine { price_per_gpu: Some(usd("0.40")), ..Machine::bare(MachineId(5)) };
        assert!(matches!(judge(&record, &machine, None), Approval::Outside(_)));
        assert!(matches!(judge(&record, &machine, Some(usd("0.2"))), Approval::Outside(_)));
        assert_eq!(judge(&record, &machine, Some(usd("0.5"))), Approval::Inside);
    }
}
