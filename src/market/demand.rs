//! What a placement is asked for.

use super::requirement::Envelope;
use crate::address::{InstanceAddr, ResourceAddr};
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

/// What others hold of hosts.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// GPUs by host that the market shows as free still.
    pub gpus: BTreeMap<String, u32>,
    /// Machines of a block by host.
    pub machines: BTreeMap<(ResourceAddr, String), u32>,
}
