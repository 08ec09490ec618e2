//! What a placement is asked for.

use super::requirement::Envelope;
use crate::address::{InstanceAddr, ResourceAddr};
use crate::live::Offer;
use std::collections::{BTreeMap, BTreeSet};

/// One instance that needs an offer.
#[derive(Clone, Debug)]
pub struct Demand {
    /// Whose.
    pub address: InstanceAddr,
    /// What it accepts.
    pub envelope: Envelope,
    /// Hosts that failed it before: taken only if there is no other.
    pub avoid: BTreeSet<String>,
}

/// What of a market is not to be had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// GPUs by host that others count on, though the market shows them as free still.
    pub gpus: BTreeMap<String, u32>,
    /// Machines of a block by host.
    pub machines: BTreeMap<(ResourceAddr, String), u32>,
    /// Rows that were refused, by IRI.
    pub refused: BTreeSet<String>,
}

impl Held {
    /// Adds a machine of a block that counts on an offer.
    pub fn hold(&mut self, block: ResourceAddr, offer: &Offer) {
        *self.gpus.entry(offer.host.clone()).or_insert(0) += offer.gpu_count;
        *self.machines.entry((block, offer.host.clone())).or_insert(0) += 1;
    }
}
