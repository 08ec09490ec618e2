//! What an instance requires of an offer, and how an offer is judged. The API's filters are not trusted (API sheet
//! §3.1): everything is judged here.

use crate::lang::Value;
use crate::live::{Offer, OfferFacts, Version};
use crate::money::Usd;
use crate::schema::decimal;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The `offer` block: requirement name ("min_memory", "region") to its text. A text, so that a saved plan shows it as it
/// was approved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Requirement(pub BTreeMap<String, String>);

/// What the reviewer approved for one rent: a vanished offer may be replaced inside it, never outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// In order of preference.
    pub gpu_models: Vec<String>,
    /// Exactly so many.
    pub gpu_count: u32,
    /// USD per GPU-hour.
    pub max_price_per_gpu: Usd,
    /// Of the host.
    pub requirement: Requirement,
    /// GB that the template takes, where it is known; the host must have it.
    pub disk_size: Option<u64>,
}

/// The first thing about an offer that an envelope does not accept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unmet {
    /// Another GPU model.
    Model,
    /// Another number of GPUs.
    Count,
    /// Rented, or not for demand.
    Unavailable,
    /// A requirement of the `offer` block, by name.
    Requirement(String),
    /// The host's disk is too small for the template.
    Disk,
    /// Above the price cap.
    Price,
}

impl Requirement {
    /// Reads the `offer` block of an instance; what is null or unknown requires nothing.
    pub fn read(instance: &Value) -> Requirement {
        let entries = instance.get("offer").and_then(Value::as_entries);
        let text = |value: &Value| match value.as_str() {
            Some(text) => Some(text.to_owned()),
            None => decimal(value).map(|number| number.normalize().to_string()),
        };
        Requirement(
            entries.into_iter().flatten().filter_map(|(name, value)| Some((name.to_string(), text(value)?))).collect(),
        )
    }

    /// The requirements that known facts do not meet; and those of which the fact is unknown, which count as met where
    /// `trust_unknown`.
    pub fn unmet(&self, facts: &OfferFacts, trust_unknown: bool) -> Vec<String> {
        let fails = |(name, wanted): (&String, &String)| match meets(facts, name, wanted) {
            Some(met) => !met,
            None => !trust_unknown,
        };
        self.0.iter().filter(|entry| fails(*entry)).map(|(name, _)| name.clone()).collect()
    }
}

/// Whether a fact meets one requirement; `None` where the fact is not known.
fn meets(facts: &OfferFacts, name: &str, wanted: &str) -> Option<bool> {
    if name == "region" {
        if wanted.eq_ignore_ascii_case("world") {
            return Some(true);
        }
        let known = [&facts.region, &facts.datacenter].into_iter().flatten().collect::<Vec<_>>();
        return (!known.is_empty()).then(|| known.iter().any(|place| place.eq_ignore_ascii_case(wanted)));
    }
    if name == "country" {
        return facts.country.as_ref().map(|country| country.eq_ignore_ascii_case(wanted));
    }
    let (least, what) = match name.split_once('_')? {
        ("min", what) => (true, what),
        (_, what) => (false, what),
    };
    let version = match what {
        "cuda_version" => Some(&facts.cuda_version),
        "driver_version" => Some(&facts.driver_version),
        _ => None,
    };
    if let Some(version) = version {
        let wanted = Version(wanted.to_owned());
        return version.as_ref().map(|version| if least { *version >= wanted } else { *version <= wanted });
    }
    let fact = match what {
        "gpu_memory" => facts.gpu_memory,
        "memory" => facts.memory,
        "disk" => facts.disk,
        "cpu_cores" => facts.cpu_cores,
        "disk_write" => facts.disk_write,
        "download" => facts.download,
        "upload" => facts.upload,
        "sla" => facts.sla,
        "tflops" => facts.tflops,
        "pcie_bandwidth" => facts.pcie_bandwidth,
        "rental_time_min" => facts.rental_time_min,
        "price_per_tflops" => facts.price_per_tflops,
        "price_per_dlp" => facts.price_per_dlp,
        _ => None,
    }?;
    let wanted: Decimal = wanted.parse().ok()?;
    Some(if least { fact >= wanted } else { fact <= wanted })
}

impl Envelope {
    /// Everything about an offer that this envelope does not accept; empty for an offer that may be rented.
    pub fn judge(&self, offer: &Offer) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        if self.preference(&offer.gpu_model).is_none() {
            unmet.push(Unmet::Model);
        }
        if offer.gpu_count != self.gpu_count {
            unmet.push(Unmet::Count);
        }
        if !offer.available {
            unmet.push(Unmet::Unavailable);
        }
        unmet.extend(self.requirement.unmet(&offer.facts, false).into_iter().map(Unmet::Requirement));
        if let (Some(needed), Some(disk)) = (self.disk_size, offer.facts.disk)
            && disk < Decimal::from(needed)
        {
            unmet.push(Unmet::Disk);
        }
        if offer.price_per_gpu.exceeds(self.max_price_per_gpu) {
            unmet.push(Unmet::Price);
        }
        unmet
    }

    /// How far down the list of models this one stands; `None` for a model that is not on it.
    pub fn preference(&self, model: &str) -> Option<usize> {
        self.gpu_models.iter().position(|wanted| wanted.eq_ignore_ascii_case(model))
    }
}
