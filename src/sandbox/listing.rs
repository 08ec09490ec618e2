//! A row of the market (API sheet §3.1).

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::choices::PriceBasis;
use super::hosts::{Host, Offer};
use super::machines::disk_price;
use super::switches::Switches;
use super::wire::number;

/// One offer as it is now.
pub(super) struct Listing<'a> {
    pub offer: &'a Offer,
    pub host: &'a Host,
    pub price: Decimal,
    pub active: bool,
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

    pub(super) fn row(&self, switches: &Switches) -> Value {
        let price = match switches.price_basis {
            PriceBasis::Gpu => self.price,
            PriceBasis::Offer => self.price * Decimal::from(self.offer.gpus),
        };
        let fact = |name: &str| self.fact(name).map_or(Value::Null, number);
        let mut row = json!({
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
            "pricePerGpu": number(price),
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
        });
        if !switches.rig_id
            && let Some(rig) = row["rig"].as_object_mut()
        {
            rig.remove("id");
        }
        row
    }
}
