//! The query of the market: filters and orders, with the quirks of API sheet §3.1.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::choices::{CudaFilter, PriceFilter};
use super::listing::Listing;
use super::switches::Switches;
use super::wire::Refusal;

/// Facts that have `[gte]` and `[lte]` filters.
const RANGES: &[&str] = &[
    "downloadSpeedtest",
    "uploadSpeedtest",
    "diskSize",
    "cpuCoreCount",
    "systemMemory",
    "diskSpeedWrite",
    "gpuCount",
    "gpuTFlops",
    "gpuMemorySize",
    "gpuPcieBandwidth",
    "sla",
    "rentalTimeMin",
    "pricePerGpu",
    "pricePerTFlops",
    "pricePerDlp",
];

/// Facts that have an order.
const ORDERS: &[&str] = &["gpuCount", "sla", "pricePerGpu", "sysDlp", "pricePerDlp", "gpuTFlops", "pricePerTFlops"];

/// What a query asks for.
#[derive(Default)]
pub(super) struct Wanted {
    ranges: Vec<(&'static str, bool, Decimal)>,
    orders: Vec<(&'static str, bool)>,
    region: Option<String>,
    model: Option<String>,
    driver: Option<(String, String)>,
    cuda: Option<(String, String)>,
    /// Only offers that are free, or only those that are not.
    pub(super) status: Option<bool>,
}

/// Reads a query. Unknown parameters are ignored.
pub(super) fn parse(query: &[(String, String)], switches: &Switches) -> Result<Wanted, Refusal> {
    let mut wanted = Wanted::default();
    let get = |name: &str| query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let versioned = |name: &str| {
        let operator = get(&format!("{name}Operator")).unwrap_or_else(|| "=".to_owned());
        get(name).map(|version| (version, operator))
    };
    for (key, value) in query {
        let Some((name, rest)) = key.split_once('[') else { continue };
        if name == "order" {
            let fact = ORDERS.iter().find(|fact| rest.strip_suffix(']') == Some(**fact));
            wanted.orders.extend(fact.map(|fact| (*fact, value.eq_ignore_ascii_case("desc"))));
            continue;
        }
        let Some(fact) = RANGES.iter().find(|fact| **fact == name) else { continue };
        let least = match rest {
            "gte]" => true,
            "lte]" => false,
            _ => continue,
        };
        match value.parse::<i64>() {
            Ok(bound) => wanted.ranges.push((fact, least, bound.into())),
            Err(_) if switches.price_filter == PriceFilter::Ignore => {}
            Err(_) => {
                return Err(Refusal::bad(format!("The value \"{value}\" of \"{key}\" must be an integer.")));
            }
        }
    }
    wanted.region = get("region").filter(|region| !region.is_empty() && region != "World");
    wanted.model = get("gpuModel").filter(|model| !model.is_empty() && model != "Any");
    wanted.driver = versioned("gpuDriverVer");
    wanted.cuda = versioned("gpuCudaVer").map(|(version, operator)| match switches.cuda_filter {
        CudaFilter::Equality => (version, "=".to_owned()),
        CudaFilter::Works => (version, operator),
    });
    wanted.status = match get("rentalStatus").as_deref() {
        Some("active") => Some(true),
        Some("inactive") => Some(false),
        _ => None,
    };
    Ok(wanted)
}

impl Wanted {
    /// Whether an offer is asked for.
    pub(super) fn fits(&self, listing: &Listing<'_>) -> bool {
        let host = listing.host;
        let in_ranges = self.ranges.iter().all(|(fact, least, bound)| {
            listing.fact(fact).is_some_and(|value| if *least { value >= *bound } else { value <= *bound })
        });
        let in_region = self.region.as_deref().is_none_or(|region| {
            region == host.place.region
                || region == host.place.code
                || (region == "Poland" && host.place.country == "PL")
        });
        in_ranges
            && in_region
            && self.model.as_deref().is_none_or(|model| model.eq_ignore_ascii_case(host.model.name))
            && self.driver.as_ref().is_none_or(|wanted| version_fits(host.driver, wanted))
            && self.cuda.as_ref().is_none_or(|wanted| version_fits(host.cuda, wanted))
            && self.status.is_none_or(|status| status == listing.active)
    }

    /// Puts the offers in the order that was asked for; equal ones stay as they stood.
    pub(super) fn sort(&self, listings: &mut [Listing<'_>]) {
        if self.orders.is_empty() {
            return;
        }
        listings.sort_by(|a, b| {
            self.orders.iter().fold(Ordering::Equal, |so_far, (fact, descending)| {
                let order = a.fact(fact).cmp(&b.fact(fact));
                so_far.then(if *descending { order.reverse() } else { order })
            })
        });
    }
}

fn version_fits(version: &str, (wanted, operator): &(String, String)) -> bool {
    let parts = |text: &str| text.split('.').map(|part| part.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>();
    let order = parts(version).cmp(&parts(wanted));
    match operator.as_str() {
        ">=" => order != Ordering::Less,
        "<=" => order != Ordering::Greater,
        _ => order == Ordering::Equal,
    }
}
