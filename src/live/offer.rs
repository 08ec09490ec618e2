//! Offers of the market, and global templates.

use crate::money::Usd;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// A dotted version, compared number by number: 12.10 is above 12.9 (API sheet §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub String);

impl Version {
    fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.split('.').map(|part| part.trim().parse().unwrap_or(0))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let (mut left, mut right) = (self.numbers(), other.numbers());
        loop {
            match (left.next(), right.next()) {
                (None, None) => return Some(Ordering::Equal),
                (l, r) => match l.unwrap_or(0).cmp(&r.unwrap_or(0)) {
                    Ordering::Equal => {}
                    unequal => return Some(unequal),
                },
            }
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known of an offer's host: recorded at the rent, and what requirements are judged by. `None`: not told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfferFacts {
    /// The fingerprint of the host, see [`Offer::host`]; only in records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Continent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// `EU-PL-01`; which key carries it is not recorded (API sheet §3.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datacenter: Option<String>,
    /// GB, per GPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_memory: Option<Decimal>,
    /// GB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Decimal>,
    /// GB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<Decimal>,
    /// `13.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cuda_version: Option<Version>,
    /// `580.82`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_version: Option<Version>,
    /// Cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_cores: Option<Decimal>,
    /// MB/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_write: Option<Decimal>,
    /// Mbit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download: Option<Decimal>,
    /// Mbit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<Decimal>,
    /// % uptime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sla: Option<Decimal>,
    /// Total TFLOPS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tflops: Option<Decimal>,
    /// GBit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pcie_bandwidth: Option<Decimal>,
    /// Hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rental_time_min: Option<Decimal>,
    /// TFLOPS per $/h.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_per_tflops: Option<Decimal>,
    /// DLP per $/h.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_per_dlp: Option<Decimal>,
}

/// One row of the market: ephemeral, consumed by a rent, never desired state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// `instanceMarket`, verbatim; identifies the variant (C2).
    pub iri: String,
    /// False where the row says that it is rented or not for demand.
    pub available: bool,
    /// `RTX 4090`.
    pub gpu_model: String,
    /// GPUs of this variant.
    pub gpu_count: u32,
    /// USD per GPU-hour; always above zero (rows without are dropped by the client).
    pub price_per_gpu: Usd,
    /// What the row asks for all its GPUs, where it does so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_price: Option<Usd>,
    /// USD per GB-month.
    pub price_per_disk: Usd,
    /// The host.
    pub facts: OfferFacts,
    /// Which rows share GPUs: rows of one host show the same host. The API names none, so it is a fingerprint of what
    /// the variants of one host have in common.
    pub host: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_number_by_number() {
        let v = |text: &str| Version(text.into());
        assert!(v("12.10") > v("12.9"));
        assert!(v("13") >= v("13.0"));
        assert!(v("580.82") < v("580.82.1"));
    }
}
