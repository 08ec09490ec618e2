//! What the world file holds, and how a line of the log changes it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::choices::MarketOf;
use super::clock::DAWN_MS;
use super::machines::Machine;
use super::templates::Template;

/// Version of the world file; raised when what it holds means something else. No other one is read.
pub(super) const VERSION: u32 = 1;

/// Money that came in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Deposit {
    pub id: u64,
    pub amount: Decimal,
    pub at_ms: i64,
}

/// The small things of a world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    pub clock_ms: i64,
    pub next_machine: u64,
    pub next_template: u64,
    pub deposits: Vec<Deposit>,
    /// Everything spent until `settled_ms`, in dollar-milliseconds per hour: exact, where dollars would be rounded.
    pub spent: Decimal,
    pub settled_ms: i64,
    /// GPUs that strangers rented, by offer.
    pub strangers: BTreeMap<u64, u32>,
    /// Prices set by hand, by offer.
    pub prices: BTreeMap<u64, Decimal>,
}

/// The whole world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Book {
    pub version: u32,
    pub seed: u64,
    pub hosts: u64,
    #[serde(default = "by_chance", skip_serializing_if = "is_by_chance")]
    pub market: MarketOf,
    /// Number of the last change.
    pub serial: u64,
    pub head: Head,
    pub templates: BTreeMap<u64, Template>,
    pub machines: BTreeMap<u64, Machine>,
}

/// One line of the log: everything that a call changed, as it is afterwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Change {
    pub serial: u64,
    pub head: Head,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<Template>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates_gone: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<Machine>,
}

fn by_chance() -> MarketOf {
    MarketOf::Chance
}

fn is_by_chance(market: &MarketOf) -> bool {
    *market == MarketOf::Chance
}

impl Book {
    /// A new world.
    pub(super) fn new(seed: u64, (market, hosts): (MarketOf, u64), balance: Decimal) -> Book {
        Book {
            version: VERSION,
            seed,
            hosts,
            market,
            serial: 0,
            head: Head {
                clock_ms: DAWN_MS,
                next_machine: 108_209,
                next_template: 25_115,
                deposits: vec![Deposit { id: 7_001, amount: balance, at_ms: DAWN_MS }],
                spent: Decimal::ZERO,
                settled_ms: DAWN_MS,
                strangers: BTreeMap::new(),
                prices: BTreeMap::new(),
            },
            templates: BTreeMap::new(),
            machines: BTreeMap::new(),
        }
    }

    /// Applies one line of the log; lines that the book already contains change nothing.
    pub(super) fn apply(&mut self, change: Change) {
        if change.serial <= self.serial {
            return;
        }
        self.serial = change.serial;
        self.head = change.head;
        self.templates.extend(change.templates.into_iter().map(|template| (template.id, template)));
        for id in change.templates_gone {
            self.templates.remove(&id);
        }
        self.machines.extend(change.machines.into_iter().map(|machine| (machine.id, machine)));
    }
}
