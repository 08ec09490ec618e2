//! Rows of the market as offers (API sheet §3.1).

use super::field::Row;
use crate::lang::hex;
use crate::live::{Offer, OfferFacts, Version};
use crate::money::Usd;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::collections::{HashMap, HashSet};

/// GPU memory in MB as cards are named, in whole GB: 24564 MB is a 24 GB card. An exact quotient would miss every
/// requirement that users write.
fn gpu_gigabytes(megabytes: Decimal) -> Decimal {
    (megabytes / Decimal::from(1024)).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
}

/// System memory in GB of 1000 MB: hosts keep some for themselves, and 64215 MB is sold as 64 GB.
fn gigabytes(megabytes: Decimal) -> Decimal {
    (megabytes / Decimal::from(1000)).normalize()
}

/// A market: a row that came twice is one offer, and hosts that look alike are told apart.
pub(super) fn distinct(mut offers: Vec<Offer>) -> Vec<Offer> {
    let mut seen = HashSet::new();
    offers.retain(|offer| seen.insert((offer.iri.clone(), offer.gpu_count)));
    number_twins(&mut offers);
    offers
}

/// A row of the market, if it can be used: with a price above zero, a model, and a way to refer to it.
pub(super) fn offer(value: &RawValue) -> Option<Offer> {
    let row = Row::of(value)?;
    let iri = row.text("instanceMarket").filter(|iri| !iri.is_empty());
    let iri = iri.or_else(|| Some(format!("/instances/market/{}", row.id()?)))?;
    let price = row.decimal("pricePerGpu").filter(|price| *price > Decimal::ZERO)?;
    let free = row.text("rentalStatus").is_none_or(|status| status.eq_ignore_ascii_case("active"));
    Some(Offer {
        iri,
        available: free && row.truth("isAvailableForDemand").unwrap_or(true),
        gpu_model: row.text("gpuModel").filter(|model| !model.is_empty())?,
        gpu_count: row.whole("gpuCount").and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0)?,
        price_per_gpu: Usd(price),
        price_per_disk: Usd(row.decimal("pricePerDiskSize").filter(|price| *price > Decimal::ZERO).unwrap_or_default()),
        facts: facts(&row),
        host: host(&row),
    })
}

/// What the row tells of its host. Zero tells nothing where nothing can be zero.
fn facts(row: &Row<'_>) -> OfferFacts {
    let rig = row.row("rig");
    let number = |key: &str| row.decimal(key).filter(|n| *n > Decimal::ZERO);
    let place = |key: &str| {
        let told = rig.as_ref().and_then(|rig| rig.text(key)).or_else(|| row.text(key));
        told.filter(|text| !text.is_empty())
    };
    let version = |key: &str| row.text(key).filter(|text| !text.is_empty()).map(Version);
    OfferFacts {
        host: None,
        region: place("region"),
        country: place("country"),
        datacenter: ["datacenter", "dataCenter", "datacenterCode", "location"].iter().find_map(|key| place(key)),
        gpu_memory: number("gpuMemorySize").map(gpu_gigabytes),
        memory: number("systemMemory").map(gigabytes),
        disk: number("diskSize"),
        cuda_version: version("gpuCudaVer"),
        driver_version: version("gpuDriverVer"),
        cpu_cores: number("cpuCoreCount"),
        disk_write: number("diskSpeedWrite"),
        download: number("downloadSpeedtest"),
        upload: number("uploadSpeedtest"),
        sla: number("sla"),
        tflops: number("gpuTFlops"),
        pcie_bandwidth: number("gpuPcieBandwidth"),
        rental_time_min: number("rentalTimeMin"),
        price_per_tflops: number("pricePerTFlops"),
        price_per_dlp: number("pricePerDlp"),
    }
}

/// A fingerprint of what the variants of one host have in common. Not among it: what grows with the number of GPUs
/// (cores, memory, disk, TFLOPS), prices, and the id of the row, which is the variant's.
fn host(row: &Row<'_>) -> String {
    const SHARED: [&str; 8] = [
        "gpuModel",
        "gpuMemorySize",
        "gpuDriverVer",
        "gpuCudaVer",
        "downloadSpeedtest",
        "uploadSpeedtest",
        "diskSpeedWrite",
        "sla",
    ];
    let mut hash = Sha256::new();
    let mut add = |key: &str, value: &str| [key, "=", value, "\n"].iter().for_each(|part| hash.update(part));
    for key in SHARED {
        add(key, row.raw(key).map_or("null", RawValue::get));
    }
    if let Some(mut rig) = row.row("rig") {
        rig.0.sort_by(|(a, _), (b, _)| a.cmp(b));
        rig.0.iter().for_each(|(key, value)| add(key, value.get()));
    }
    hex(&hash.finalize()[..6])
}

/// Two hosts may be equal in all that is told. A host shows every number of GPUs once, so that a second row of the same
/// number is another host's: it gets a number of its own, by the order of the IRIs, which no sorting of the list changes.
fn number_twins(offers: &mut [Offer]) {
    let mut order: Vec<&mut Offer> = offers.iter_mut().collect();
    order.sort_by(|a, b| (a.iri.len(), &a.iri).cmp(&(b.iri.len(), &b.iri)));
    let mut seen: HashMap<(String, u32), u32> = HashMap::new();
    for offer in order {
        let twins = seen.entry((offer.host.clone(), offer.gpu_count)).or_insert(0);
        if *twins > 0 {
            offer.host = format!("{}-{twins}", offer.host);
        }
        *twins += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn offers(list: &[Value]) -> Vec<Offer> {
        let raw = |row| serde_json::value::to_raw_value(row).expect("JSON");
        distinct(list.iter().filter_map(|row| offer(&raw(row))).collect())
    }

    fn row(id: u64, count: u32, price: &str) -> Value {
        json!({"id": id, "instanceMarket": format!("/instances/market/{}", id + 1000), "gpuModel": "RTX 4090",
               "gpuCount": count, "gpuMemorySize": 24564, "systemMemory": "64215", "cpuCoreCount": 12.0 * f64::from(count),
               "pricePerGpu": price, "pricePerDiskSize": 0.15, "gpuCudaVer": "13.0", "sysDlp": 0, "pricePerDlp": 0,
               "rentalStatus": "active", "rig": {"region": "Europe", "country": "PL"}})
    }

    #[test]
    fn rows_become_offers() {
        let offers = offers(&[row(1, 2, "0.31")]);
        let offer = &offers[0];
        assert_eq!((offer.iri.as_str(), offer.gpu_count, offer.available), ("/instances/market/1001", 2, true));
        assert_eq!(offer.price_per_gpu, Usd(Decimal::new(31, 2)));
        assert_eq!(offer.price_per_disk, Usd(Decimal::new(15, 2)));
        assert_eq!(offer.facts.gpu_memory, Some(Decimal::from(24)));
        assert_eq!(offer.facts.memory, Some(Decimal::new(64215, 3)));
        assert_eq!(offer.facts.cuda_version, Some(Version("13.0".into())));
        assert_eq!((offer.facts.price_per_dlp, offer.facts.download), (None, None));
        assert_eq!(offer.facts.country.as_deref(), Some("PL"));
    }

    #[test]
    fn what_cannot_be_rented_is_dropped() {
        let mut no_iri = row(7, 1, "0.5");
        no_iri.as_object_mut().expect("an object").remove("instanceMarket");
        let mut rented = row(8, 1, "0.5");
        rented["rentalStatus"] = json!("inactive");
        let list = [
            row(1, 1, "0"),
            row(2, 1, "-1"),
            json!({"id": 3}),
            json!(null),
            no_iri.clone(),
            no_iri,
            rented,
            json!({"gpuModel": "x"}),
        ];
        let offers = offers(&list);
        let brief: Vec<_> = offers.iter().map(|offer| (offer.iri.as_str(), offer.available)).collect();
        assert_eq!(brief, [("/instances/market/7", true), ("/instances/market/1008", false)]);
    }

    #[test]
    fn variants_share_a_host_and_twins_do_not() {
        let list = |order: [usize; 4]| {
            let rows = [row(1, 1, "0.3"), row(2, 2, "0.3"), row(3, 1, "0.4"), row(4, 4, "0.4")];
            offers(&order.map(|at| rows[at].clone()))
        };
        let hosts = |offers: Vec<Offer>| -> BTreeMap<String, String> {
            offers.into_iter().map(|offer| (offer.iri, offer.host)).collect()
        };
        let told = hosts(list([0, 1, 2, 3]));
        assert_eq!(told["/instances/market/1001"], told["/instances/market/1002"]);
        assert_eq!(told["/instances/market/1001"], told["/instances/market/1004"]);
        assert_ne!(told["/instances/market/1001"], told["/instances/market/1003"]);
        assert_eq!(told, hosts(list([3, 2, 1, 0])));
    }
}
