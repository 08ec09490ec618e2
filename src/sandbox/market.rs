//! The market: which offers there are now, at which price, as rows (API sheet §3.1).

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::chance::{draw, mix};
use super::choices::{ListOrder, RentedOffers};
use super::clock::DAWN_MS;
use super::filters;
use super::hosts::{Host, Offer};
use super::machines::disk_price;
use super::rows::{enveloped, page};
use super::wire::{Answer, Call, Refusal, dressed, number};
use super::world::World;

/// Prices and strangers move this often.
const STEP_MS: i64 = 600_000;

/// How many answers are kept.
const CACHED: usize = 64;

/// One offer as it is now.
pub(super) struct Listing<'a> {
    pub offer: &'a Offer,
    pub host: &'a Host,
    pub price: Decimal,
    pub active: bool,
}

impl World {
    /// Which step of prices and strangers a time belongs to.
    pub(super) fn market_bucket(&self, at: i64) -> u64 {
        u64::try_from((at - DAWN_MS).max(0) / STEP_MS).unwrap_or(0)
    }

    /// USD per GPU-hour of an offer at a time: set by hand, or the beginning's with the drift of the hour.
    pub(super) fn offer_price(&self, offer: u64, at: i64) -> Decimal {
        if let Some(price) = self.book.head.prices.get(&offer) {
            return *price;
        }
        let Some((found, _)) = self.hosts.offer(offer) else { return Decimal::ZERO };
        if self.switches.drift.is_zero() {
            return found.price;
        }
        let drawn = draw(self.book.seed ^ mix(offer), "drift", self.market_bucket(at)) % 2_001;
        let step = Decimal::from(drawn) / Decimal::ONE_THOUSAND - Decimal::ONE;
        (found.price * (Decimal::ONE + self.switches.drift * step)).round_dp(3).max(Decimal::new(1, 3))
    }

    /// `GET /instances/market/list`.
    pub(super) fn market_list(&mut self, call: &Call<'_>, now: i64) -> Result<Answer, Refusal> {
        let still = self.switches.drift.is_zero() && self.switches.churn.is_zero();
        let bucket = if still { 0 } else { self.market_bucket(now) };
        let shuffled = self.switches.list_order == ListOrder::Shuffled;
        let key = format!("{:?}", call.query);
        if let Some((valid, body)) = self.market_cache.get(&key)
            && *valid == bucket
            && !shuffled
        {
            return Ok(Answer::text(body.clone()));
        }
        self.lists += 1;
        let wanted = filters::parse(&call.query, &self.switches)?;
        let mut listings: Vec<Listing<'_>> = self
            .hosts
            .offers
            .iter()
            .filter_map(|offer| {
                let host = self.hosts.hosts.get(offer.host)?;
                let price = self.offer_price(offer.number, now);
                Some(Listing { offer, host, price, active: self.free(host.number) >= offer.gpus })
            })
            .filter(|listing| {
                let shown =
                    listing.active || self.switches.rented_offers == RentedOffers::Flag || wanted.status == Some(false);
                shown && wanted.fits(listing)
            })
            .collect();
        if shuffled {
            listings.sort_by_key(|listing| mix(listing.offer.row ^ mix(self.lists)));
        }
        wanted.sort(&mut listings);
        let total = listings.len();
        let shown = if self.switches.market_paged { page(&call.query, &self.switches, total)? } else { 0..total };
        let rows: Vec<Value> =
            listings.get(shown).unwrap_or_default().iter().map(|row| dressed(row.row(), &self.switches)).collect();
        let body = enveloped(rows, total, "/instances/market/list", &self.switches).to_string().into_bytes();
        if self.market_cache.len() >= CACHED {
            self.market_cache.clear();
        }
        self.market_cache.insert(key, (bucket, body.clone()));
        Ok(Answer::text(body))
    }
}

impl Listing<'_> {
    /// A number of the row, by the name that filters and orders use.
    pub(super) fn fact(&self, name: &str) -> Option<Decimal> {
        let (host, gpus) = (self.host, self.offer.gpus);
        let share = |whole: u64| Decimal::from(whole * u64::from(gpus) / u64::from(host.gpus.max(1)));
        let hourly = self.price * Decimal::from(gpus);
        let per = |amount: Decimal| if hourly.is_zero() { Decimal::ZERO } else { (amount / hourly).round_dp(2) };
        let tflops = Decimal::from(host.model.tflops * u64::from(gpus));
        let dlp = (tflops * Decimal::new(9, 1)).round_dp(1);
        Some(match name {
            "downloadSpeedtest" => host.download.into(),
            "uploadSpeedtest" => host.upload.into(),
            "diskSize" => host.disk.into(),
            "cpuCoreCount" => share(host.cores),
            "systemMemory" => share(host.memory),
            "diskSpeedWrite" => host.disk_write.into(),
            "gpuCount" => gpus.into(),
            "gpuTFlops" => tflops,
            "gpuMemorySize" => host.model.memory.into(),
            "gpuPcieBandwidth" => host.pcie.into(),
            "sla" => host.sla,
            "rentalTimeMin" => host.rental_time_min.into(),
            "pricePerGpu" => self.price,
            "pricePerTFlops" => per(tflops),
            "pricePerDlp" => per(dlp),
            "sysDlp" => dlp,
            _ => return None,
        })
    }

    fn row(&self) -> Value {
        let fact = |name: &str| self.fact(name).map_or(Value::Null, number);
        json!({
            "id": self.offer.row,
            "instanceMarket": format!("/instances/market/{}", self.offer.number),
            "rentalStatus": if self.active { "active" } else { "inactive" },
            "isAvailableForDemand": self.active,
            "gpuModel": self.host.model.name,
            "gpuCount": self.offer.gpus,
            "gpuMemorySize": self.host.model.memory,
            "cpuCoreCount": fact("cpuCoreCount"),
            "systemMemory": fact("systemMemory"),
            "diskSize": self.host.disk,
            "pricePerGpu": number(self.price),
            "pricePerDiskSize": number(disk_price()),
            "sla": number(self.host.sla),
            "downloadSpeedtest": self.host.download,
            "uploadSpeedtest": self.host.upload,
            "diskSpeedWrite": self.host.disk_write,
            "gpuTFlops": fact("gpuTFlops"),
            "sysDlp": fact("sysDlp"),
            "pricePerDlp": fact("pricePerDlp"),
            "pricePerTFlops": fact("pricePerTFlops"),
            "gpuCudaVer": self.host.cuda,
            "gpuDriverVer": self.host.driver,
            "gpuPcieBandwidth": self.host.pcie,
            "rentalTimeMin": self.host.rental_time_min,
            "rig": {
                "id": self.host.number,
                "region": self.host.place.region,
                "country": self.host.place.country,
                "datacenter": self.host.place.code,
            },
        })
    }
}
