//! The capacity of hosts.

use super::demand::Held;
use crate::live::Offer;
use std::collections::HashMap;

/// The hosts of a market.
pub(super) struct Hosts<'m> {
    /// Their places in the list.
    pub by_name: HashMap<&'m str, usize>,
    /// Free GPUs: a host has as many as its largest free row shows (API sheet, C18).
    pub free: Vec<u32>,
}

impl<'m> Hosts<'m> {
    /// Without what others hold.
    pub fn of(market: &'m [Offer], held: &Held) -> Self {
        let mut hosts = Hosts { by_name: HashMap::new(), free: Vec::new() };
        for offer in market.iter().filter(|offer| offer.available) {
            let at = *hosts.by_name.entry(&offer.host).or_insert_with(|| {
                hosts.free.push(0);
                hosts.free.len() - 1
            });
            hosts.free[at] = hosts.free[at].max(offer.gpu_count);
        }
        for (host, at) in &hosts.by_name {
            hosts.free[*at] = hosts.free[*at].saturating_sub(held.gpus.get(*host).copied().unwrap_or(0));
        }
        hosts
    }
}
