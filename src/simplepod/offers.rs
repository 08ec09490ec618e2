//! Rows of the market as offers (API sheet §3.1).

use super::field::{Row, decimal};
use crate::lang::hex;
use crate::live::{Offer, OfferFacts, Version};
use crate::market::per_gpu;
use crate::money::Usd;
use crate::schema::PriceBasis;
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;

/// GB with which cards are sold.
const SOLD: [u32; 26] =
    [1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 16, 20, 24, 32, 40, 48, 64, 80, 94, 96, 128, 141, 180, 192, 256, 288];

/// GPU memory in MB as cards are sold, in whole GB: 24564 MB is a 24 GB card, and 46068 MB one of 48 GB, of which error
/// correction takes a sixteenth. An exact quotient would miss every requirement that users write.
fn gpu_gigabytes(megabytes: Decimal) -> Decimal {
    // Products are exact, and take a fraction of a quotient: a market has tens of thousands of rows.
    let (per_megabyte, least) = (Decimal::new(9_765_625, 10), Decimal::new(1024 * 93, 2));
    let shown = (megabytes * per_megabyte).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    let sold = shown.to_u32().and_then(|shown| SOLD.into_iter().find(|size| *size >= shown));
    sold.map(Decimal::from).filter(|size| *size * least <= megabytes).unwrap_or(shown)
}

/// System memory in GB of 1000 MB: hosts keep some for themselves, and 64215 MB is sold as 64 GB.
fn gigabytes(megabytes: Decimal) -> Decimal {
    (megabytes * Decimal::new(1, 3)).normalize()
}

/// A market of rows, each of which stands there once: hosts that look alike are told apart, and prices are those of one GPU.
pub(super) fn told_apart(mut offers: Vec<Offer>, basis: PriceBasis) -> Vec<Offer> {
    number_twins(&mut offers);
    per_gpu(&mut offers, basis);
    offers
}

/// A row of the market, if it can be used: with a price above zero, a model, and a way to refer to it.
pub(super) fn offer(row: &Row<'_>) -> Option<Offer> {
    let iri = row.text("instanceMarket").filter(|iri| !iri.is_empty());
    let iri = iri.or_else(|| Some(format!("/instances/market/{}", row.id()?)))?;
    let price = row.decimal("pricePerGpu").filter(is_positive)?;
    let free = row.text("rentalStatus").is_none_or(|status| status.eq_ignore_ascii_case("active"));
    let rig = row.row("rig");
    Some(Offer {
        iri,
        available: free && row.truth("isAvailableForDemand").unwrap_or(true),
        gpu_model: row.text("gpuModel").filter(|model| !model.is_empty())?,
        gpu_count: row.gpus("gpuCount")?,
        price_per_gpu: Usd(price),
        row_price: None,
        price_per_disk: Usd(row.decimal("pricePerDiskSize").filter(is_positive).unwrap_or_default()),
        facts: facts(row, rig.as_ref()),
        host: host(row, rig),
    })
}

fn is_positive(number: &Decimal) -> bool {
    number.is_sign_positive() && !number.is_zero()
}

/// What the row tells of its host. Zero tells nothing where nothing can be zero.
fn facts(row: &Row<'_>, rig: Option<&Row<'_>>) -> OfferFacts {
    let number = |key: &str| row.decimal(key).filter(is_positive);
    let place = |key: &str| {
        let told = rig.and_then(|rig| rig.text(key)).or_else(|| row.text(key));
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
fn host(row: &Row<'_>, rig: Option<Row<'_>>) -> String {
    const SHARED: [&str; 10] = [
        "gpuModel",
        "gpuMemorySize",
        "gpuDriverVer",
        "gpuCudaVer",
        "downloadSpeedtest",
        "uploadSpeedtest",
        "diskSpeedWrite",
        "gpuPcieBandwidth",
        "rentalTimeMin",
        "sla",
    ];
    let mut told = String::with_capacity(512);
    let mut add = |key: &str, value: &str| told.extend([key, "=", value, "\n"]);
    for key in SHARED {
        add(key, &plain(row.raw(key)));
    }
    if let Some(mut rig) = rig {
        rig.0.sort_by(|(a, _), (b, _)| a.cmp(b));
        rig.0.iter().for_each(|(key, value)| add(key, &plain(Some(value))));
    }
    hex(&Sha256::digest(told)[..6])
}

/// A fact, however it is written: 934, "934" and 934.0 are one.
fn plain(value: Option<&RawValue>) -> Cow<'_, str> {
    let Some(value) = value else { return Cow::Borrowed("null") };
    if is_plain(value.get()) {
        return Cow::Borrowed(value.get());
    }
    match decimal(value) {
        Some(number) => Cow::Owned(number.normalize().to_string()),
        None => Cow::Borrowed(value.get()),
    }
}

/// Whether a fact is written as it is compared: a word, or a number without anything that might be left out. Most are, and a
/// market has a million.
fn is_plain(json: &str) -> bool {
    let bytes = json.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    match bytes {
        [b'"', second, ..] => second.is_ascii_alphabetic(),
        [b'0', second, ..] if *second != b'.' => false,
        [first, .., last] if json.contains('.') => {
            first.is_ascii_digit() && !matches!(last, b'0' | b'.') && digits + 1 == bytes.len() && digits < 28
        }
        _ => digits > 0 && digits == bytes.len() && digits < 28,
    }
}

/// How far back a row looks for its host: a host has its rows next to one another, and no more than sixteen.
const NEIGHBOURS: usize = 16;

/// Tells hosts apart that are equal in all that their rows have in common. A host shows every number of GPUs once; what grows
/// with the number grows in proportion; and of those that would do, a row belongs to the one with its price, else to the
/// nearest. Each host gets a number of its own, by the order of the IRIs, which no sorting of the list changes.
fn number_twins(offers: &mut [Offer]) {
    let mut order: Vec<usize> = (0..offers.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&offers[*a].iri, &offers[*b].iri);
        (a.len(), a).cmp(&(b.len(), b))
    });
    // Each host as its rows.
    let mut alike: HashMap<&str, Vec<Vec<usize>>> = HashMap::new();
    for at in order {
        let hosts = alike.entry(&offers[at].host).or_default();
        let own = |rows: &&mut Vec<usize>| rows.iter().all(|row| share_a_host(&offers[*row], &offers[at]));
        let far = |rows: &[usize]| rows.iter().all(|row| offers[*row].price_per_gpu != offers[at].price_per_gpu);
        // The last of equal ones is the nearest.
        match hosts.iter_mut().rev().take(NEIGHBOURS).filter(own).min_by_key(|rows| far(rows)) {
            Some(rows) => rows.push(at),
            None => hosts.push(vec![at]),
        }
    }
    let twins = alike.into_values().flat_map(|hosts| hosts.into_iter().enumerate().skip(1));
    let named: Vec<(usize, usize)> =
        twins.flat_map(|(number, rows)| rows.into_iter().map(move |row| (row, number))).collect();
    for (row, number) in named {
        offers[row].host = format!("{}-{number}", offers[row].host);
    }
}

/// Whether two rows may be of one host: other numbers of GPUs, with as much of everything for each, or the same for all.
fn share_a_host(a: &Offer, b: &Offer) -> bool {
    let grows = |a_has: Option<Decimal>, b_has: Option<Decimal>| {
        let (Some(a_has), Some(b_has)) = (a_has, b_has) else { return true };
        let (a_gpus, b_gpus) = (Decimal::from(a.gpu_count), Decimal::from(b.gpu_count));
        // Shares are cut to whole ones: 10, 21, 32 and 42 cores are 10.5 for each GPU. So either has less than one more.
        let more = a_has * b_gpus - b_has * a_gpus;
        a_has == b_has || more < a_gpus && -more < b_gpus
    };
    let (x, y) = (&a.facts, &b.facts);
    a.gpu_count != b.gpu_count
        && grows(x.cpu_cores, y.cpu_cores)
        && grows(x.memory, y.memory)
        && grows(x.tflops, y.tflops)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn offers(list: &[Value]) -> Vec<Offer> {
        let raw = |row| serde_json::value::to_raw_value(row).expect("JSON");
        told_apart(list.iter().filter_map(|row| offer(&Row::of(&raw(row))?)).collect(), PriceBasis::Auto)
    }

    fn row(id: u64, count: u32, price: &str) -> Value {
        json!({"id": id, "instanceMarket": format!("/instances/market/{}", id + 1000), "gpuModel": "RTX 4090",
               "gpuCount": count, "gpuMemorySize": 24564, "systemMemory": "64215", "cpuCoreCount": 12.0 * f64::from(count),
               "pricePerGpu": price, "pricePerDiskSize": 0.15, "gpuCudaVer": "13.0", "sysDlp": 0, "pricePerDlp": 0,
               "rentalStatus": "active", "rig": {"region": "Europe", "country": "PL"}})
    }

    #[test]
    fn numbers_beyond_all_measure_harm_nobody() {
        let most = "79228162514264337593543950335";
        let rows = [row(1, 4_000_000_000, "0.31"), row(2, 1, most), row(3, 1, "0.31"), row(4, 2, "999999999999")];
        let offers = offers(&rows);
        let iris: Vec<&str> = offers.iter().map(|offer| offer.iri.as_str()).collect();
        assert_eq!(iris, ["/instances/market/1003", "/instances/market/1004"]);
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
    fn memory_is_what_cards_are_sold_with() {
        let sold = [
            (46_068, 48),
            (23_028, 24),
            (23_034, 24),
            (15_360, 16),
            (24_564, 24),
            (24_576, 24),
            (81_920, 80),
            (81_559, 80),
            (97_887, 96),
            (95_830, 94),
            (143_771, 141),
            (11_264, 11),
            (22_528, 22),
            (6_138, 6),
            (8_192, 8),
            (48_512, 48),
            (1_000_000, 977),
        ];
        for (megabytes, gigabytes) in sold {
            assert_eq!(gpu_gigabytes(Decimal::from(megabytes)), Decimal::from(gigabytes), "{megabytes} MB");
        }
    }

    #[test]
    fn what_cannot_be_rented_is_dropped() {
        let mut no_iri = row(7, 1, "0.5");
        no_iri.as_object_mut().expect("an object").remove("instanceMarket");
        let mut rented = row(8, 1, "0.5");
        rented["rentalStatus"] = json!("inactive");
        let list =
            [row(1, 1, "0"), row(2, 1, "-1"), json!({"id": 3}), json!(null), no_iri, rented, json!({"gpuModel": "x"})];
        let offers = offers(&list);
        let brief: Vec<_> = offers.iter().map(|offer| (offer.iri.as_str(), offer.available)).collect();
        assert_eq!(brief, [("/instances/market/7", true), ("/instances/market/1008", false)]);
    }

    /// The hosts of rows, each as the ids that it has.
    fn told(rows: &[Value]) -> Vec<Vec<u64>> {
        let mut hosts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for offer in offers(rows) {
            let id: u64 = offer.iri.rsplit('/').next().and_then(|id| id.parse().ok()).expect("a number");
            hosts.entry(offer.host).or_default().push(id - 1000);
        }
        let mut told: Vec<Vec<u64>> = hosts
            .into_values()
            .map(|mut ids| {
                ids.sort_unstable();
                ids
            })
            .collect();
        told.sort();
        told
    }

    #[test]
    fn numbers_are_compared_however_they_are_written() {
        let [mut a, mut b] = [row(1, 1, "0.3"), row(2, 2, "0.3")];
        (a["downloadSpeedtest"], b["downloadSpeedtest"]) = (json!(934), json!("934.0"));
        assert_eq!(told(&[a.clone(), b.clone()]), [[1, 2]]);
        b["downloadSpeedtest"] = json!(935);
        assert_eq!(told(&[a, b]), [[1], [2]]);
    }

    #[test]
    fn what_is_written_as_it_is_compared_is_what_a_decimal_says() {
        let numbers =
            ["0", "7", "934", "0.31", "24.5", "580.126", "0.0", "1.0", "01", ".5", "5.", "-3", "1e3", "10", "100.10"];
        let words = ["\"PL\"", "\"Europe\"", "\"934\"", "\"1.50\"", "\"\"", "\"e5\"", "null", "true", "\"580.126.09\""];
        for text in numbers.into_iter().chain(words).filter(|text| is_plain(text)) {
            let value = serde_json::value::RawValue::from_string(text.to_owned()).expect("JSON");
            let slow = decimal(&value).map_or_else(|| text.to_owned(), |number| number.normalize().to_string());
            assert_eq!(slow, text);
        }
        let plain = |text: &&str| is_plain(text);
        assert_eq!(numbers.iter().copied().filter(plain).count(), 7, "most are");
    }

    #[test]
    fn the_market_tells_what_its_prices_are() {
        let rows = |prices: [&str; 4]| {
            let [a, b, c, d] = prices;
            let mut rows = [row(1, 1, a), row(2, 4, b), row(3, 1, c), row(4, 2, d)];
            for (row, rig) in rows.iter_mut().zip([1, 1, 2, 2]) {
                row["rig"]["id"] = json!(rig);
            }
            offers(&rows).iter().map(|offer| offer.price_per_gpu.0.normalize().to_string()).collect::<Vec<_>>()
        };
        // The vendor's price list.
        assert_eq!(rows(["0.34", "1.36", "0.06", "0.12"]), ["0.34", "0.34", "0.06", "0.06"]);
        assert_eq!(rows(["0.34", "0.33", "0.06", "0.06"]), ["0.34", "0.33", "0.06", "0.06"]);
        // One host alone, or two that differ, tell nothing.
        assert_eq!(rows(["0.34", "1.36", "0.06", "0.06"]), ["0.34", "1.36", "0.06", "0.06"]);
        let alone = offers(&[row(1, 1, "0.34"), row(2, 4, "1.36")]);
        assert_eq!(alone[1].price_per_gpu.0.normalize().to_string(), "1.36");
    }

    #[test]
    fn twins_are_told_by_what_each_gpu_has() {
        let with = |id, count, price, cores: f64| {
            let mut row = row(id, count, price);
            row["cpuCoreCount"] = json!(cores);
            row
        };
        // Numbered per count, told apart by their cores.
        let rows = [with(1, 1, "0.3", 8.0), with(2, 1, "0.3", 12.0), with(3, 2, "0.3", 16.0), with(4, 2, "0.3", 24.0)];
        assert_eq!(told(&rows), [[1, 3], [2, 4]]);
        // Of the vendor's price list: shares are cut to whole cores.
        let rows =
            [with(1, 1, "0.09", 10.0), with(2, 2, "0.09", 21.0), with(3, 3, "0.09", 32.0), with(4, 4, "0.09", 42.0)];
        assert_eq!(told(&rows), [[1, 2, 3, 4]]);
        // By their price, where that does not fall with the count.
        let rows = [row(1, 1, "0.30"), row(2, 1, "0.31"), row(3, 2, "0.30"), row(4, 2, "0.31"), row(5, 8, "0.31")];
        assert_eq!(told(&rows), [vec![1, 3], vec![2, 4, 5]]);
        // By the nearest, where nothing else tells.
        let rows = [row(1, 1, "0.3"), row(2, 2, "0.3"), row(3, 1, "0.3"), row(4, 2, "0.3"), row(5, 4, "0.3")];
        assert_eq!(told(&rows), [vec![1, 2], vec![3, 4, 5]]);
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
        assert_eq!(told["/instances/market/1003"], told["/instances/market/1004"]);
        assert_ne!(told["/instances/market/1001"], told["/instances/market/1003"]);
        assert_eq!(told, hosts(list([3, 2, 1, 0])));
    }
}
