//! Operations without a known outcome.

use crate::address::InstanceAddr;
use crate::money::Usd;
use crate::state::{Intent, IntentAction};
use jiff::Timestamp;

/// An operation without a known outcome: nothing is rented for its address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Doubt<'p> {
    /// For which object.
    pub address: &'p InstanceAddr,
    /// What was tried.
    pub action: IntentAction,
    /// Since when nobody knows what became of it.
    pub since: Timestamp,
    /// How many GPUs of which model, of a rent.
    pub gpus: Option<(u32, &'p str)>,
    /// Why nobody knows.
    pub why: Option<&'p str>,
    /// USD per hour, if the machine exists.
    pub hourly_cost: Option<Usd>,
}

impl<'p> Doubt<'p> {
    pub(super) fn of(intent: &'p Intent) -> Self {
        Self {
            address: &intent.address,
            action: intent.action,
            since: intent.doubt_since.unwrap_or(intent.at),
            gpus: intent.gpu_count.zip(intent.gpu_model.as_deref()),
            why: intent.doubt.as_deref(),
            hourly_cost: intent.hourly_cost,
        }
    }
}
