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
        let seen = state.resources.iter().filter_map(|(address, record)| {
            let cap = record.unproven?;
            let id = record.machine_id()?;
            let Some(Some(LiveObject::Machine(machine))) = snapshot.objects.get(&ObjectId::Machine(id)) else {
                return None;
            };
            let (address, record) = (address.clone(), record.clone());
            let approval = judge((&record, cap), machine, wished(&address));
            Some(Unproven { address, id, record, approval })
        });
        seen.collect()
    }

    /// What is recorded once it is gone.
    pub fn gone(&self, claim: Option<String>) -> Event {
        Event::gone(claim, &self.address, &self.record)
    }

    /// What is seen of it now.
    pub fn judged(&self, machine: &Machine) -> Approval {
        self.record.unproven.map_or(Approval::Inside, |cap| judge((&self.record, cap), machine, None))
    }

    /// What is told of one that is outside: why, and what becomes of it.
    pub fn outside(&self, why: &str, then: &str) -> Diagnostic {
        let Unproven { address, id, .. } = self;
        let detail = format!(
            "{address} (machine {id}) {why}, and was never seen inside of what was approved: the run that rented it ended before it could look. {then}"
        );
        Diagnostic::warning("Machine outside of what was approved", detail).on(address)
    }
}

/// By what was approved: the cap that it was rented under, or a higher one since, applied or only wished.
fn judge((record, rented): (&Record, Usd), machine: &Machine, wished: Option<Usd>) -> Approval {
    let applied = record.attributes.get("max_price_per_gpu").and_then(decimal).map(Usd);
    let cap = [applied, wished].into_iter().flatten().fold(rented, Usd::max);
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
    snapshot: &mut Snapshot,
    wished: &dyn Fn(&InstanceAddr) -> Option<Usd>,
    diags: &mut Diagnostics,
) -> Cow<'a, State> {
    let mut state = Cow::Borrowed(state);
    for found in Unproven::all(&state, snapshot, wished) {
        match &found.approval {
            Approval::Inside => {}
            Approval::Unreadable => diags.push(unreadable(&found.address, found.id)),
            Approval::Outside(why) => {
                diags.push(found.outside(
                    why,
                    "The next apply releases it before it does anything else; this plan is made as if it were gone.",
                ));
                state.to_mut().apply(found.gone(None));
                snapshot.objects.remove(&ObjectId::Machine(found.id));
            }
        }
    }
    state
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
        let judged = |rented: &str, applied: f64, wished: Option<&str>| {
            let mut record = Record::default();
            record.attributes.set("max_price_per_gpu", serde_json::json!(applied));
            let machine = Machine { price_per_gpu: Some(usd("0.40")), ..Machine::bare(MachineId(5)) };
            judge((&record, usd(rented)), &machine, wished.map(usd))
        };
        assert!(matches!(judged("0.3", 0.3, None), Approval::Outside(_)));
        assert!(matches!(judged("0.3", 0.3, Some("0.2")), Approval::Outside(_)));
        assert_eq!(judged("0.3", 0.3, Some("0.5")), Approval::Inside);
        assert_eq!(judged("0.3", 0.5, None), Approval::Inside, "raised by an apply since");
        assert_eq!(judged("0.5", 0.2, Some("0.2")), Approval::Inside, "lowered by an apply since");
    }
}
