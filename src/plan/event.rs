//! What happens during an apply, as data.

use super::model::{PlanMode, StepAction};
use crate::address::InstanceAddr;
use crate::live::Offer;
use crate::money::Usd;

/// How an operation in doubt was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It took effect: the object was found and recorded.
    Adopted,
    /// It provably took no effect.
    Absent,
    /// Nothing is proven yet.
    StillInDoubt,
}

/// One event of an apply.
#[derive(Clone, Debug, PartialEq)]
pub enum ApplyEvent {
    /// A step begins.
    StepStarted {
        /// Which object.
        address: InstanceAddr,
        /// What is done to it.
        action: StepAction,
        /// The object's id, where it has one already.
        id: Option<String>,
        /// The offer that is taken, of a rent.
        offer: Option<Box<Offer>>,
    },
    /// Another offer is rented than the planned one, or the same at another price: told before the rent.
    OfferChanged {
        /// Which object.
        address: InstanceAddr,
        /// What is rented.
        offer: Box<Offer>,
        /// What was to be.
        instead_of: Box<Offer>,
        /// Why.
        why: String,
    },
    /// A step goes on.
    StepProgress {
        /// Which object.
        address: InstanceAddr,
        /// What is done to it.
        action: StepAction,
        /// Seconds since it began.
        elapsed_s: u64,
        /// The machine's status and last console line, as far as they are known.
        status: Option<String>,
    },
    /// A machine was rented and bills from now on, by the price of its offer; nothing, where it was released again.
    Bills {
        /// Which object.
        address: InstanceAddr,
        /// USD per hour.
        per_hour: Usd,
    },
    /// A step is done.
    StepDone {
        /// Which object.
        address: InstanceAddr,
        /// What was done to it.
        action: StepAction,
        /// Seconds since it began.
        elapsed_s: u64,
        /// The object's id, where it has one still.
        id: Option<String>,
    },
    /// A step failed.
    StepFailed {
        /// Which object.
        address: InstanceAddr,
        /// What was tried.
        action: StepAction,
        /// Seconds since it began.
        elapsed_s: u64,
        /// What went wrong.
        error: String,
    },
    /// A step was not tried.
    StepSkipped {
        /// Which object.
        address: InstanceAddr,
        /// What would have been done to it.
        action: StepAction,
        /// Why not: the address that failed before, or an interrupt.
        because: String,
    },
    /// An operation in doubt was looked for.
    Settled {
        /// Which object.
        address: InstanceAddr,
        /// What came out.
        settlement: Settlement,
        /// The id of the object that was found.
        id: Option<String>,
    },
    /// The apply is over.
    Finished {
        /// What the plan was for.
        mode: PlanMode,
        /// Objects imported.
        imported: usize,
        /// Objects made.
        added: usize,
        /// Objects changed in place.
        changed: usize,
        /// Objects removed.
        destroyed: usize,
        /// False where steps failed, were skipped, or are in doubt, where anything else is wrong, and where instances were
        /// left out.
        complete: bool,
        /// What the fleet costs now, USD per hour.
        cost: Usd,
        /// What the plan said that it would cost.
        planned: Usd,
        /// Machines whose price nobody could read: they are not in it.
        unpriced: usize,
    },
}
