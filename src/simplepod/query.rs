//! What is asked of the market list (API sheet §3.1).
//!
//! The filters take whole numbers within documented ranges. They are rounded so that they never drop what was asked
//! for: the exact requirement is judged afterwards, by us.

use crate::live::Version;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::BTreeMap;

/// A query of the market list; the default one asks for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarketQuery {
    /// Orders, the first one first.
    pub order: Vec<(OrderBy, Direction)>,
    /// `Europe`, or a datacenter's code (C14).
    pub region: Option<String>,
    /// The exact name of a model.
    pub gpu_model: Option<String>,
    /// Free or rented.
    pub rental_status: Option<RentalStatus>,
    /// `docker`.
    pub mode: Option<String>,
    /// Limits.
    pub ranges: BTreeMap<Quantity, Range>,
    /// Driver version. Judge it afterwards: see `cuda_version`.
    pub driver_version: Option<(Comparison, Version)>,
    /// CUDA version. The API takes every comparison for equality: leave it out and judge it afterwards.
    pub cuda_version: Option<(Comparison, Version)>,
    /// The page, from 1; without it the list comes wholly.
    pub page: Option<u32>,
    /// Rows a page.
    pub items_per_page: Option<u32>,
}

/// What a market list is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderBy {
    /// Number of GPUs.
    GpuCount,
    /// Uptime.
    Sla,
    /// Price per GPU-hour.
    PricePerGpu,
    /// DLPerf.
    SysDlp,
    /// DLPerf per $/h.
    PricePerDlp,
    /// Total TFLOPS.
    GpuTflops,
    /// TFLOPS per $/h.
    PricePerTflops,
}

/// The direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The most first.
    Descending,
}

/// Which offers, by whether somebody has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RentalStatus {
    /// All.
    Any,
    /// Free to rent.
    Active,
    /// Rented.
    Inactive,
}

/// How a version is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`.
    Equal,
    /// `<=`.
    AtMost,
    /// `>=`.
    AtLeast,
}

/// What can be limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// Mbit/s.
    Download,
    /// Mbit/s.
    Upload,
    /// GB.
    Disk,
    /// Cores.
    CpuCores,
    /// GB; the API counts MB.
    Memory,
    /// MB/s.
    DiskWrite,
    /// GPUs.
    GpuCount,
    /// Total TFLOPS.
    Tflops,
    /// GB; the API counts MB.
    GpuMemory,
    /// GBit/s.
    PcieBandwidth,
    /// % uptime.
    Sla,
    /// Hours.
    RentalTimeMin,
    /// USD per GPU-hour; the API counts whole dollars.
    PricePerGpu,
    /// TFLOPS per $/h.
    PricePerTflops,
    /// DLP per $/h.
    PricePerDlp,
}

/// Limits of a quantity, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// At least.
    pub min: Option<Decimal>,
    /// At most.
    pub max: Option<Decimal>,
}

impl Quantity {
    /// The parameter, and its documented range.
    fn parameter(self) -> (&'static str, u64, u64) {
        match self {
            Self::Download => ("downloadSpeedtest", 1, 16384),
            Self::Upload => ("uploadSpeedtest", 1, 16384),
            Self::Disk => ("diskSize", 32, 65536),
            Self::CpuCores => ("cpuCoreCount", 1, 512),
            Self::Memory => ("systemMemory", 4096, 8_388_608),
            Self::DiskWrite => ("diskSpeedWrite", 1, 131_072),
            Self::GpuCount => ("gpuCount", 1, 16),
            Self::Tflops => ("gpuTFlops", 1, 256),
            Self::GpuMemory => ("gpuMemorySize", 8192, 524_288),
            Self::PcieBandwidth => ("gpuPcieBandwidth", 1, 128),
            Self::Sla => ("sla", 1, 100),
            Self::RentalTimeMin => ("rentalTimeMin", 1, 8600),
            // Zero dollars at most would find nothing: one is the least that makes sense.
            Self::PricePerGpu => ("pricePerGpu", 1, 5),
            Self::PricePerTflops => ("pricePerTFlops", 0, 200),
            Self::PricePerDlp => ("pricePerDlp", 0, 200),
        }
    }

    /// The least and the most in the API's unit that this amount may stand for.
    fn span(self, amount: Decimal) -> (Decimal, Decimal) {
        match self {
            Self::Memory => {
                let exact = amount.saturating_mul(Decimal::from(1000));
                (exact, exact)
            }
            // The name of a card stands for whatever rounds to it, as in the facts of an offer.
            Self::GpuMemory => {
                let exact = amount.saturating_mul(Decimal::from(1024));
                (exact.saturating_sub(Decimal::from(512)), exact.saturating_add(Decimal::from(512)))
            }
            _ => (amount, amount),
        }
    }

    /// The query of one range: bounds that limit nothing are left out, others widened to what the API takes.
    fn pairs(self, range: Range) -> impl Iterator<Item = (String, String)> {
        let (name, low, high) = self.parameter();
        let whole = |amount: Decimal| amount.max(Decimal::ZERO).to_u64().unwrap_or(u64::MAX);
        let min = range.min.map(|amount| whole(self.span(amount).0.floor())).filter(|min| *min > low);
        let max = range.max.map(|amount| whole(self.span(amount).1.ceil())).filter(|max| *max < high);
        let min = min.map(|min| (format!("{name}[gte]"), min.min(high).to_string()));
        let max = max.map(|max| (format!("{name}[lte]"), max.max(low).to_string()));
        min.into_iter().chain(max)
    }
}

impl MarketQuery {
    /// Offers that are free to rent.
    pub fn free() -> Self {
        Self { rental_status: Some(RentalStatus::Active), ..Self::default() }
    }

    /// Names and values, not yet percent-encoded.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        let mut add = |name: &str, value: String| pairs.push((name.to_owned(), value));
        for (by, direction) in &self.order {
            let direction = if *direction == Direction::Ascending { "asc" } else { "desc" };
            add(&format!("order[{}]", by.parameter()), direction.to_owned());
        }
        let texts = [("region", &self.region), ("gpuModel", &self.gpu_model), ("mode", &self.mode)];
        texts.into_iter().for_each(|(name, text)| text.iter().for_each(|text| add(name, text.clone())));
        if let Some(status) = self.rental_status {
            let word = match status {
                RentalStatus::Any => "Any",
                RentalStatus::Active => "active",
                RentalStatus::Inactive => "inactive",
            };
            add("rentalStatus", word.to_owned());
        }
        for (quantity, range) in &self.ranges {
            quantity.pairs(*range).for_each(|(name, value)| add(&name, value));
        }
        for (name, version) in [("gpuDriverVer", &self.driver_version), ("gpuCudaVer", &self.cuda_version)] {
            if let Some((comparison, version)) = version {
                add(name, version.0.clone());
                let sign = match comparison {
                    Comparison::Equal => "=",
                    Comparison::AtMost => "<=",
                    Comparison::AtLeast => ">=",
                };
                add(&format!("{name}Operator"), sign.to_owned());
            }
        }
        for (name, number) in [("page", self.page), ("itemsPerPage", self.items_per_page)] {
            number.iter().for_each(|number| add(name, number.to_string()));
        }
        pairs
    }
}

impl OrderBy {
    fn parameter(self) -> &'static str {
        match self {
            Self::GpuCount => "gpuCount",
            Self::Sla => "sla",
            Self::PricePerGpu => "pricePerGpu",
            Self::SysDlp => "sysDlp",
            Self::PricePerDlp => "pricePerDlp",
            Self::GpuTflops => "gpuTFlops",
            Self::PricePerTflops => "pricePerTFlops",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(quantity: Quantity, min: Option<&str>, max: Option<&str>) -> Vec<String> {
        let number = |text: &str| text.parse().expect("a decimal");
        let query = MarketQuery {
            ranges: BTreeMap::from([(quantity, Range { min: min.map(number), max: max.map(number) })]),
            ..MarketQuery::default()
        };
        query.pairs().into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn bounds_are_whole_and_never_too_narrow() {
        assert_eq!(range(Quantity::PricePerGpu, None, Some("0.4")), ["pricePerGpu[lte]=1"]);
        assert_eq!(range(Quantity::PricePerGpu, None, Some("0")), ["pricePerGpu[lte]=1"]);
        assert_eq!(range(Quantity::PricePerGpu, None, Some("1.01")), ["pricePerGpu[lte]=2"]);
        assert_eq!(range(Quantity::PricePerGpu, None, Some("7")), [""; 0]);
        assert_eq!(
            range(Quantity::GpuMemory, Some("24"), Some("24")),
            ["gpuMemorySize[gte]=24064", "gpuMemorySize[lte]=25088"]
        );
        assert_eq!(range(Quantity::Memory, Some("64"), None), ["systemMemory[gte]=64000"]);
        assert_eq!(range(Quantity::Sla, Some("99.5"), Some("100")), ["sla[gte]=99"]);
        assert_eq!(range(Quantity::Disk, Some("10"), Some("12")), ["diskSize[lte]=32"]);
        assert_eq!(range(Quantity::CpuCores, Some("100000000000000000000000"), None), ["cpuCoreCount[gte]=512"]);
        assert_eq!(range(Quantity::Upload, Some("-5"), None), [""; 0]);
    }

    #[test]
    fn everything_else_is_named_as_documented() {
        let query = MarketQuery {
            order: vec![(OrderBy::PricePerGpu, Direction::Ascending), (OrderBy::GpuTflops, Direction::Descending)],
            region: Some("North America".into()),
            gpu_model: Some("RTX 4090".into()),
            mode: Some("docker".into()),
            cuda_version: Some((Comparison::AtLeast, Version("12.8".into()))),
            page: Some(2),
            items_per_page: Some(50),
            ..MarketQuery::free()
        };
        let pairs: Vec<String> = query.pairs().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            pairs.join("&"),
            "order[pricePerGpu]=asc&order[gpuTFlops]=desc&region=North America&gpuModel=RTX 4090&mode=docker\
             &rentalStatus=active&gpuCudaVer=12.8&gpuCudaVerOperator=>=&page=2&itemsPerPage=50"
        );
    }
}
