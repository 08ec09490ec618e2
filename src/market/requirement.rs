//! What an instance requires of an offer, and how an offer is judged. The API's filters are not trusted (API sheet
//! §3.1): everything is judged here.

use crate::lang::Value;
use crate::live::{Offer, OfferFacts, Version};
use crate::money::{Usd, hourly_cost};
use crate::schema::decimal;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The `offer` block: requirement name ("min_memory", "region") to its text, lists with commas. A text, so that a saved plan
/// shows it as it was approved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Requirement(pub BTreeMap<String, String>);

/// What the reviewer approved for one rent: a vanished offer may be replaced inside it, never outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// In order of preference.
    pub gpu_models: Vec<String>,
    /// So many are ordered.
    pub gpu_count: u32,
    /// USD per GPU-hour.
    pub max_price_per_gpu: Usd,
    /// Of the host.
    pub requirement: Requirement,
    /// What a budget allows per GPU-hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budgeted: Option<BudgetedPrice>,
    /// USD per hour of the whole machine, disk among it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_hourly_cost: Option<Usd>,
    /// GB that the template takes, where it is known; the host must have it.
    pub disk_size: Option<u64>,
    /// A part of an offer of more GPUs does where none of exactly so many fits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub larger_offers: bool,
    /// So many machines of its block may share a host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_host: Option<u32>,
    /// The higher, the earlier it is filled.
    #[serde(default, skip_serializing_if = "is_ordinary")]
    pub priority: i64,
}

/// The lowest price per GPU that the budgets of an instance allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetedPrice {
    /// Which budget: `budget "team"`.
    pub budget: String,
    /// USD per GPU-hour.
    pub most: Usd,
}

fn is_ordinary(priority: &i64) -> bool {
    *priority == 0
}

/// GB of a template whose disk is not known: the smallest that the API has (API sheet §3.5).
const SMALLEST_DISK: u64 = 32;

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
    /// Above the price that a budget allows.
    BudgetedPrice,
    /// The whole machine is above its cap.
    HourlyCost,
}

impl Requirement {
    /// Reads the `offer` block of an instance; what is null or unknown requires nothing.
    pub fn read(instance: &Value) -> Requirement {
        let entries = instance.get("offer").and_then(Value::as_entries);
        let text = |value: &Value| match (value.as_str(), value.as_elements()) {
            (Some(text), _) => Some(text.to_owned()),
            (_, Some(all)) => Some(all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
            _ => decimal(value).map(|number| number.normalize().to_string()),
        };
        Requirement(
            entries.into_iter().flatten().filter_map(|(name, value)| Some((name.to_string(), text(value)?))).collect(),
        )
    }

    /// The requirements that known facts do not meet; and those of which the fact is unknown, which count as met where
    /// `trust_unknown`.
    pub fn unmet(&self, facts: &OfferFacts, trust_unknown: bool) -> Vec<String> {
        let terms = self.terms();
        terms
            .iter()
            .filter(|term| !term.is_met(facts, facts.host.as_deref()).unwrap_or(trust_unknown))
            .map(|term| term.name.to_owned())
            .collect()
    }

    /// Reads them once, to judge many offers; what is not known of an offer is not met.
    pub(super) fn judge_of_many(&self) -> Terms<'_> {
        Terms(self.terms())
    }

    /// Read once, for whoever judges many offers.
    fn terms(&self) -> Vec<Term<'_>> {
        self.0.iter().map(|(name, wanted)| Term::of(name, wanted)).collect()
    }
}

/// Requirements, read.
#[derive(Clone, Debug)]
pub(super) struct Terms<'r>(Vec<Term<'r>>);

impl Terms<'_> {
    /// Those that an offer does not meet, or of which it does not tell.
    pub fn unmet(&self, offer: &Offer) -> impl Iterator<Item = Unmet> {
        let unmet = self.0.iter().filter(|term| term.is_met(&offer.facts, Some(&offer.host)) != Some(true));
        unmet.map(|term| Unmet::Requirement(term.name.to_owned()))
    }
}

/// One requirement, read.
#[derive(Clone, Debug)]
struct Term<'r> {
    name: &'r str,
    test: Test<'r>,
}

/// What a requirement asks of a fact.
#[derive(Clone, Debug)]
enum Test<'r> {
    /// The region or the datacenter is one of these.
    Region(Vec<&'r str>),
    /// The country is one of these.
    Country(Vec<&'r str>),
    /// The country is none of these.
    NotCountry(Vec<&'r str>),
    /// The host is none of these.
    NotHost(Vec<&'r str>),
    /// No less, or no more, than a version.
    Version(bool, &'r str, Version),
    /// No less, or no more, than a number.
    Number(bool, &'r str, Decimal),
    /// No value that could be met.
    Nonsense,
}

impl<'r> Term<'r> {
    fn of(name: &'r str, wanted: &'r str) -> Term<'r> {
        let listed = || wanted.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        let test = match (name, name.split_once('_')) {
            ("region", _) => Test::Region(vec![wanted]),
            ("regions", _) => Test::Region(listed()),
            ("country", _) => Test::Country(vec![wanted]),
            ("countries", _) => Test::Country(listed()),
            ("not_countries", _) => Test::NotCountry(listed()),
            ("not_hosts", _) => Test::NotHost(listed()),
            (_, Some((bound, what @ ("cuda_version" | "driver_version")))) => {
                Test::Version(bound == "min", what, Version(wanted.to_owned()))
            }
            (_, Some((bound, what))) => match wanted.parse() {
                Ok(number) => Test::Number(bound == "min", what, number),
                Err(_) => Test::Nonsense,
            },
            (_, None) => Test::Nonsense,
        };
        Term { name, test }
    }

    /// Whether a fact meets it; `None` where the fact is not known.
    fn is_met(&self, facts: &OfferFacts, host: Option<&str>) -> Option<bool> {
        let among = |fact: &str, all: &[&str]| all.iter().any(|one| fact.eq_ignore_ascii_case(one));
        match &self.test {
            Test::Region(wanted) if among("world", wanted) => Some(true),
            Test::Region(wanted) => {
                let known = [&facts.region, &facts.datacenter].into_iter().flatten().collect::<Vec<_>>();
                (!known.is_empty()).then(|| known.iter().any(|place| among(place, wanted)))
            }
            Test::Country(wanted) => facts.country.as_ref().map(|country| among(country, wanted)),
            Test::NotCountry(unwanted) => facts.country.as_ref().map(|country| !among(country, unwanted)),
            Test::NotHost(unwanted) => host.map(|host| !among(host, unwanted)),
            Test::Version(least, what, wanted) => {
                let fact = if *what == "cuda_version" { &facts.cuda_version } else { &facts.driver_version };
                fact.as_ref().map(|fact| if *least { fact >= wanted } else { fact <= wanted })
            }
            Test::Number(least, what, wanted) => {
                number(facts, what).map(|fact| if *least { fact >= *wanted } else { fact <= *wanted })
            }
            Test::Nonsense => None,
        }
    }
}

/// The fact that a requirement's name speaks of, as a number.
pub(super) fn amount(facts: &OfferFacts, name: &str) -> Option<Decimal> {
    number(facts, name.split_once('_')?.1)
}

/// The fact that a requirement's name speaks of, as a requirement writes it.
pub fn fact(facts: &OfferFacts, name: &str) -> Option<String> {
    match name {
        "region" | "regions" => facts.region.clone().or_else(|| facts.datacenter.clone()),
        "country" | "countries" | "not_countries" => facts.country.clone(),
        "not_hosts" => facts.host.clone(),
        "min_cuda_version" | "max_cuda_version" => facts.cuda_version.as_ref().map(ToString::to_string),
        "min_driver_version" | "max_driver_version" => facts.driver_version.as_ref().map(ToString::to_string),
        _ => amount(facts, name).map(|number| number.normalize().to_string()),
    }
}

/// The fact that a range speaks of.
fn number(facts: &OfferFacts, what: &str) -> Option<Decimal> {
    match what {
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
    }
}

/// An envelope, read: to judge many offers by it.
#[derive(Clone, Debug)]
pub struct Judge<'e> {
    envelope: &'e Envelope,
    terms: Terms<'e>,
}

impl Judge<'_> {
    /// Everything about an offer that the envelope does not accept; empty for an offer that may be rented.
    pub fn judge(&self, offer: &Offer) -> Vec<Unmet> {
        let envelope = self.envelope;
        let mut unmet = Vec::new();
        if envelope.preference(&offer.gpu_model).is_none() {
            unmet.push(Unmet::Model);
        }
        if offer.gpu_count < envelope.gpu_count || offer.gpu_count > envelope.gpu_count && !envelope.larger_offers {
            unmet.push(Unmet::Count);
        }
        if !offer.available {
            unmet.push(Unmet::Unavailable);
        }
        unmet.extend(self.terms.unmet(offer));
        if let (Some(needed), Some(disk)) = (envelope.disk_size, offer.facts.disk)
            && disk < Decimal::from(needed)
        {
            unmet.push(Unmet::Disk);
        }
        if offer.price_per_gpu.exceeds(envelope.max_price_per_gpu) {
            unmet.push(Unmet::Price);
        }
        if let Some(budgeted) = &envelope.budgeted
            && offer.price_per_gpu.exceeds(budgeted.most)
        {
            unmet.push(Unmet::BudgetedPrice);
        }
        if let Some(most) = envelope.max_hourly_cost
            && envelope.hourly_cost(offer).exceeds(most)
        {
            unmet.push(Unmet::HourlyCost);
        }
        unmet
    }
}

impl Envelope {
    /// Reads it once, to judge many offers.
    pub fn judge_of_many(&self) -> Judge<'_> {
        Judge { envelope: self, terms: self.requirement.judge_of_many() }
    }

    /// Everything about an offer that this envelope does not accept; empty for an offer that may be rented.
    pub fn judge(&self, offer: &Offer) -> Vec<Unmet> {
        self.judge_of_many().judge(offer)
    }

    /// USD per hour of a machine from an offer: its GPUs, and the disk that its template takes.
    pub fn hourly_cost(&self, offer: &Offer) -> Usd {
        hourly_cost(offer.price_per_gpu, self.gpu_count, offer.price_per_disk, self.disk_size.unwrap_or(SMALLEST_DISK))
    }

    /// USD per GPU-hour that is rented at most: the cap, or what a budget allows.
    pub fn dearest(&self) -> Usd {
        self.budgeted.as_ref().map_or(self.max_price_per_gpu, |budgeted| budgeted.most.min(self.max_price_per_gpu))
    }

    /// USD per hour that a machine inside it costs at most, if its disk costs what this offer's does.
    pub fn worst_case(&self, offer: &Offer) -> Usd {
        let dearest = Offer { price_per_gpu: self.dearest(), ..offer.clone() };
        self.max_hourly_cost.map_or(self.hourly_cost(&dearest), |most| most.min(self.hourly_cost(&dearest)))
    }

    /// What of two envelopes differs, by the attribute that says it, with the two prices where those do.
    pub fn differences(&self, other: &Envelope) -> Vec<(&'static str, Option<(String, String)>)> {
        let texts = |a: Option<Usd>, b: Option<Usd>| Some((a?.to_string(), b?.to_string()));
        let caps = texts(Some(self.max_price_per_gpu), Some(other.max_price_per_gpu));
        let found = [
            (self.gpu_models == other.gpu_models, "gpu_model", None),
            (self.gpu_count == other.gpu_count, "gpu_count", None),
            (self.max_price_per_gpu == other.max_price_per_gpu, "max_price_per_gpu", caps),
            (self.requirement == other.requirement, "offer", None),
            (
                self.budgeted == other.budgeted,
                "max_price_per_gpu of its budget",
                texts(
                    self.budgeted.as_ref().map(|budgeted| budgeted.most),
                    other.budgeted.as_ref().map(|budgeted| budgeted.most),
                ),
            ),
            (
                self.max_hourly_cost == other.max_hourly_cost,
                "max_hourly_cost",
                texts(self.max_hourly_cost, other.max_hourly_cost),
            ),
            (self.disk_size == other.disk_size, "disk_size", None),
            (self.max_per_host == other.max_per_host, "max_per_host", None),
            (self.priority == other.priority, "priority", None),
        ];
        found.into_iter().filter(|(same, ..)| !same).map(|(_, name, texts)| (name, texts)).collect()
    }

    /// How far down the list of models this one stands; `None` for a model that is not on it.
    pub fn preference(&self, model: &str) -> Option<usize> {
        self.gpu_models.iter().position(|wanted| wanted.eq_ignore_ascii_case(model))
    }
}
