//! Rows of the market as text (API sheet §3.1).

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde_json::value::{RawValue, to_raw_value};

use super::listing::Listing;
use super::switches::Switches;
use super::wire::dressed;

/// Rows as they were written last: a rent changes the few of its host, and nobody else's call waits while tens of thousands
/// are written anew.
#[derive(Default)]
pub(super) struct Written {
    switches: Switches,
    rows: HashMap<u64, (Decimal, bool, Box<RawValue>)>,
}

impl Written {
    /// Those of these listings.
    pub(super) fn rows(&mut self, listings: &[Listing<'_>], switches: &Switches) -> Vec<&RawValue> {
        // How long calls take changes no row.
        let now = Switches { latency: 0, ..switches.clone() };
        if self.switches != now {
            *self = Written { switches: now, rows: HashMap::new() };
        }
        for listing in listings {
            let (price, active) = (listing.price, listing.active);
            let known = self.rows.get(&listing.offer.row);
            if known.is_none_or(|(then, was, _)| (*then, *was) != (price, active)) {
                let row = to_raw_value(&dressed(listing.row(switches), switches)).expect("a JSON value");
                self.rows.insert(listing.offer.row, (price, active, row));
            }
        }
        listings.iter().filter_map(|listing| Some(&*self.rows.get(&listing.offer.row)?.2)).collect()
    }
}
