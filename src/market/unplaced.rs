//! Why instances have no offer, and the least that would give them one. Whatever is proposed was tried: with it the whole
//! fleet was placed, or all of a class beside the others, where those stand.

use super::demand::{Demand, Held};
use super::excluded::{Exclusion, exclusions};
use super::ground::Ground;
use super::placement::{Placements, place_on};
use super::requirement::{Envelope, Unmet, amount, fact};
use super::survey::free_gpus;
use crate::address::InstanceAddr;
use crate::live::Offer;
use crate::money::Usd;
use rust_decimal::Decimal;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// How many ways out are proposed: the first that is found of each kind, price first.
const PROPOSED: usize = 3;

/// Machines times rows of all placements of whole fleets that are tried for one plan: about as many as a second allows. They
/// are counted, not timed, so that the same plan comes out on every machine. Past them only those ways out are found that
/// need no other instance to move.
const TRIED: usize = 200_000_000;

/// What the search in each of those may take: what is a little dearer than need be fills a class all the same.
const SEARCHED: u64 = 200_000;

/// A change of what instances accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loosened {
    /// Pay so much per GPU-hour.
    Price(Usd),
    /// Let the budget allow so much per GPU-hour.
    BudgetedPrice(Usd),
    /// Pay so much per hour.
    HourlyCost(Usd),
    /// Ask for no more than this.
    Requirement(String, String),
    /// Do not ask for this.
    Without(String),
    /// Take this model too.
    Model(String),
    /// Take so many GPUs.
    Count(u32),
}

/// What would give all of a class an offer.
#[derive(Clone, Debug, PartialEq)]
pub struct Relaxation {
    /// All of it together.
    pub loosened: Vec<Loosened>,
    /// What the dearest of the class costs per hour then.
    pub hourly_cost: Usd,
}

/// Instances that accept the same and have no offer.
#[derive(Clone, Debug, PartialEq)]
pub struct Unplaced {
    /// Whose, by address.
    pub addresses: Vec<InstanceAddr>,
    /// How many accept the same, those with an offer among them.
    pub alike: usize,
    /// What they accept.
    pub envelope: Envelope,
    /// Offers in the market.
    pub offers: usize,
    /// By requirement, most offers first.
    pub exclusions: Vec<Exclusion>,
    /// Offers that would do.
    pub fitting: usize,
    /// GPUs that are free on the hosts of those.
    pub free_gpus: u32,
    /// Models of the market that may be meant by the ones that it has none of.
    pub meant: Vec<String>,
    /// What would give them offers, once it was looked for ([`propose`]).
    pub relaxations: Vec<Relaxation>,
}

/// One explanation for all that accept the same and have no offer.
pub fn explain(demands: &[Demand], market: &[Offer], placements: &Placements) -> Vec<Unplaced> {
    let mut classes: Vec<Vec<usize>> = Vec::new();
    for (at, _) in placements.each.iter().enumerate().filter(|(_, placed)| placed.is_none()) {
        match classes.iter_mut().find(|class| demands[class[0]].envelope == demands[at].envelope) {
            Some(class) => class.push(at),
            None => classes.push(vec![at]),
        }
    }
    classes.iter().map(|class| explain_class(class, demands, market)).collect()
}

/// Adds what would give them offers, beside what was placed.
pub fn propose(unplaced: &mut [Unplaced], demands: &[Demand], market: &[Offer], held: &Held, placements: &Placements) {
    if unplaced.is_empty() {
        return;
    }
    let ground = Ground::of(market);
    let all: usize = unplaced.iter().map(|why| why.addresses.len()).sum();
    let tries = Cell::new(TRIED / (demands.len() * market.len()).max(1));
    for why in unplaced {
        let missing = all - why.addresses.len();
        let beside = beside(&why.envelope, demands, held, placements);
        let relaxing =
            Relaxing { envelope: &why.envelope, demands, ground: &ground, held, beside, missing, tries: &tries };
        why.relaxations = relaxing.all(&judged(&why.envelope, market));
    }
}

/// What is held beside a class, where all others stay where they were placed.
fn beside(class: &Envelope, demands: &[Demand], held: &Held, placements: &Placements) -> Held {
    let mut beside = held.clone();
    for (demand, placed) in demands.iter().zip(&placements.each).filter(|(demand, _)| demand.envelope != *class) {
        if let Some(placed) = placed {
            beside.hold(demand.address.resource.clone(), &placed.offer);
        }
    }
    beside
}

/// Every offer, with what an envelope does not accept about it.
fn judged<'m>(envelope: &Envelope, market: &'m [Offer]) -> Vec<(&'m Offer, Vec<Unmet>)> {
    let judge = envelope.judge_of_many();
    market.iter().map(|offer| (offer, judge.judge(offer))).collect()
}

fn explain_class(class: &[usize], demands: &[Demand], market: &[Offer]) -> Unplaced {
    let envelope = &demands[class[0]].envelope;
    let judged = judged(envelope, market);
    let free = free_gpus(market);
    let fitting = judged.iter().filter(|(_, unmet)| unmet.is_empty());
    let fitting: BTreeSet<&str> = fitting.map(|(offer, _)| offer.host.as_str()).collect();
    let exclusions = exclusions(judged.iter().map(|(_, unmet)| unmet.as_slice()));
    let mut addresses: Vec<InstanceAddr> = class.iter().map(|at| demands[*at].address.clone()).collect();
    addresses.sort();
    Unplaced {
        addresses,
        alike: demands.iter().filter(|demand| demand.envelope == *envelope).count(),
        envelope: envelope.clone(),
        offers: market.len(),
        exclusions,
        fitting: judged.iter().filter(|(_, unmet)| unmet.is_empty()).count(),
        free_gpus: fitting.into_iter().filter_map(|host| free.get(host)).sum(),
        meant: meant(&envelope.gpu_models, market),
        relaxations: Vec::new(),
    }
}

/// The search for what a class could ask less.
struct Relaxing<'a> {
    envelope: &'a Envelope,
    demands: &'a [Demand],
    ground: &'a Ground<'a>,
    held: &'a Held,
    /// What is held where all others stay where they are.
    beside: Held,
    /// So many others have no offer either.
    missing: usize,
    /// So many times the whole fleet may be placed still.
    tries: &'a Cell<usize>,
}

impl Relaxing<'_> {
    fn all(&self, judged: &[(&Offer, Vec<Unmet>)]) -> Vec<Relaxation> {
        let mut found = Vec::new();
        // What one thing alone keeps out.
        let mut alone: BTreeMap<&Unmet, Vec<&Offer>> = BTreeMap::new();
        for (offer, unmet) in judged {
            if let [unmet] = unmet.as_slice() {
                alone.entry(unmet).or_default().push(offer);
            }
        }
        for kind in [Unmet::Price, Unmet::BudgetedPrice, Unmet::HourlyCost] {
            let ways = alone.get(&kind).map(|offers| self.steps(&kind, offers));
            found.extend(ways.and_then(|ways| self.first(&ways)));
        }
        for (kind, offers) in alone.iter().filter(|(kind, _)| matches!(kind, Unmet::Requirement(_))) {
            found.extend(self.first(&self.steps(kind, offers)));
        }
        let others = |kind: Unmet| alone.get(&kind).into_iter().flatten();
        let models: BTreeSet<&str> = others(Unmet::Model).map(|offer| offer.gpu_model.as_str()).collect();
        let models = models.into_iter().map(|model| vec![Loosened::Model(model.to_owned())]);
        found.extend(self.cheapest(models));
        let counts: BTreeSet<u32> = others(Unmet::Count).map(|offer| offer.gpu_count).collect();
        found.extend(self.cheapest(counts.into_iter().map(|count| vec![Loosened::Count(count)])));
        if found.is_empty() {
            // What two things keep out, the cheapest first.
            let mut pairs: Vec<_> = judged.iter().filter(|(_, unmet)| unmet.len() == 2).collect();
            pairs.sort_by(|a, b| (a.0.price_per_gpu, &a.0.iri).cmp(&(b.0.price_per_gpu, &b.0.iri)));
            let way = |(offer, unmet): &&(&Offer, Vec<Unmet>)| {
                unmet.iter().map(|unmet| self.admitting(unmet, offer)).collect::<Option<Vec<_>>>()
            };
            found.extend(self.first(&pairs.iter().filter_map(way).take(8).collect::<Vec<_>>()));
        }
        found.truncate(PROPOSED);
        found
    }

    /// The ways to admit offers that one thing keeps out, from the least.
    fn steps(&self, kind: &Unmet, offers: &[&Offer]) -> Vec<Vec<Loosened>> {
        let mut offers = offers.to_vec();
        let far = |offer: &&Offer| -> Decimal {
            match kind {
                Unmet::Price | Unmet::BudgetedPrice => offer.price_per_gpu.0,
                Unmet::HourlyCost => self.envelope.hourly_cost(offer).0,
                Unmet::Requirement(name) => {
                    let fact = amount(&offer.facts, name).unwrap_or(Decimal::MAX);
                    if name.starts_with("min_") { -fact } else { fact }
                }
                _ => Decimal::ZERO,
            }
        };
        offers.sort_by(|a, b| far(a).cmp(&far(b)).then_with(|| a.iri.cmp(&b.iri)));
        let mut ways: Vec<Vec<Loosened>> =
            offers.iter().filter_map(|offer| Some(vec![self.admitting(kind, offer)?])).collect();
        ways.dedup();
        if let Unmet::Requirement(name) = kind {
            ways.push(vec![Loosened::Without(name.clone())]);
        }
        ways
    }

    /// What admits one offer that one thing keeps out.
    fn admitting(&self, kind: &Unmet, offer: &Offer) -> Option<Loosened> {
        Some(match kind {
            Unmet::Price => Loosened::Price(offer.price_per_gpu),
            Unmet::BudgetedPrice => Loosened::BudgetedPrice(offer.price_per_gpu),
            Unmet::HourlyCost => Loosened::HourlyCost(self.envelope.hourly_cost(offer)),
            Unmet::Requirement(name) => match fact(&offer.facts, name) {
                Some(fact) if !name.ends_with('s') => Loosened::Requirement(name.clone(), fact),
                _ => Loosened::Without(name.clone()),
            },
            Unmet::Model => Loosened::Model(offer.gpu_model.clone()),
            Unmet::Count => Loosened::Count(offer.gpu_count),
            Unmet::Unavailable | Unmet::Disk => return None,
        })
    }

    /// The first of ways, each of which admits what those before it do, that fills the class.
    fn first(&self, ways: &[Vec<Loosened>]) -> Option<Relaxation> {
        // By halves: there may be thousands.
        let (mut low, mut high) = (0, ways.len().checked_sub(1)?);
        let mut found = self.tried(&ways[high])?;
        while low < high {
            let middle = low.midpoint(high);
            match self.tried(&ways[middle]) {
                Some(relaxation) => (found, high) = (relaxation, middle),
                None => low = middle + 1,
            }
        }
        Some(found)
    }

    fn cheapest(&self, ways: impl Iterator<Item = Vec<Loosened>>) -> Option<Relaxation> {
        ways.filter_map(|way| self.tried(&way)).min_by_key(|relaxation| relaxation.hourly_cost)
    }

    /// What a change comes to, if it gives all of the class an offer and takes none from others.
    fn tried(&self, loosened: &[Loosened]) -> Option<Relaxation> {
        let wider = self.loosened(loosened);
        let widened = |demand: &Demand| Demand { envelope: wider.clone(), ..demand.clone() };
        let is_meant = |demand: &&Demand| demand.envelope == *self.envelope;
        let class: Vec<Demand> = self.demands.iter().filter(is_meant).map(widened).collect();
        let relaxation = |placements: &Placements| {
            let placed = placements.each.iter().flatten().filter(|placed| placed.envelope == wider);
            let hourly_cost = placed.map(|placed| wider.hourly_cost(&placed.offer)).max().unwrap_or_default();
            Relaxation { loosened: loosened.to_vec(), hourly_cost }
        };
        let filled = |held: &Held| {
            let placements = place_on(self.ground, &class, held, 0);
            placements.each.iter().all(Option::is_some).then(|| relaxation(&placements))
        };
        // What does not fit alone fits beside nobody; what fits beside the others needs none of them to move.
        let alone = filled(self.held)?;
        if self.beside == *self.held {
            return Some(alone);
        }
        filled(&self.beside).or_else(|| {
            self.tries.set(self.tries.get().checked_sub(1)?);
            let all = |demand: &Demand| if is_meant(&demand) { widened(demand) } else { demand.clone() };
            let demands: Vec<Demand> = self.demands.iter().map(all).collect();
            let placements = place_on(self.ground, &demands, self.held, SEARCHED);
            let missing = placements.each.iter().filter(|placed| placed.is_none()).count();
            (missing <= self.missing).then(|| relaxation(&placements))
        })
    }

    fn loosened(&self, loosened: &[Loosened]) -> Envelope {
        let mut wider = self.envelope.clone();
        for one in loosened {
            match one {
                Loosened::Price(price) => wider.max_price_per_gpu = *price,
                Loosened::BudgetedPrice(price) => {
                    wider.budgeted.iter_mut().for_each(|budgeted| budgeted.most = *price);
                }
                Loosened::HourlyCost(cost) => wider.max_hourly_cost = Some(*cost),
                Loosened::Requirement(name, fact) => drop(wider.requirement.0.insert(name.clone(), fact.clone())),
                Loosened::Without(name) => drop(wider.requirement.0.remove(name)),
                Loosened::Model(model) => wider.gpu_models.push(model.clone()),
                Loosened::Count(count) => wider.gpu_count = *count,
            }
        }
        wider
    }
}

/// A model that instances accept and no offer has, though one has a name that is nearly that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownModel {
    /// The first instance that names it, by address.
    pub address: InstanceAddr,
    /// As it is written.
    pub model: String,
    /// What may be meant.
    pub meant: Vec<String>,
}

/// The models that are only written otherwise than offers have them; each once. One that is merely like another may be a
/// model of its own, of which all are rented.
pub fn unknown_models(demands: &[Demand], market: &[Offer]) -> Vec<UnknownModel> {
    let mut first: BTreeMap<&str, &InstanceAddr> = BTreeMap::new();
    for demand in demands {
        for model in &demand.envelope.gpu_models {
            let address = first.entry(model).or_insert(&demand.address);
            *address = (*address).min(&demand.address);
        }
    }
    let models: BTreeSet<&str> = market.iter().map(|offer| offer.gpu_model.as_str()).collect();
    let unknown = first.into_iter().map(|(model, address)| UnknownModel {
        address: address.clone(),
        model: model.to_owned(),
        meant: written_otherwise(model, &models),
    });
    unknown.filter(|unknown| !unknown.meant.is_empty()).collect()
}

/// The models that a name is only written otherwise than; none where it is one of them.
pub fn written_otherwise(name: &str, models: &BTreeSet<&str>) -> Vec<String> {
    if models.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Vec::new();
    }
    let wanted = plain(name);
    models.iter().filter(|known| plain(known) == wanted).map(|known| (*known).to_owned()).collect()
}

/// A model without blanks, case, and what all models have in their names.
fn plain(model: &str) -> String {
    let model = model.to_lowercase().replace("nvidia", "").replace("geforce", "").replace("rtx", "");
    model.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether a model of the market may be meant by another name, both plain.
type Near = fn(&str, &str) -> bool;

/// The nearest first. Another digit is another model.
const NEAR: [Near; 3] = [
    |model, wanted| model == wanted,
    |model, wanted| wanted.len() > 2 && model.contains(wanted),
    |model, wanted| {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        digits(model) == digits(wanted) && strsim::levenshtein(model, wanted) < 2
    },
];

/// Models of the market that differ from a wanted one in blanks, case, or the maker's name; or in a letter.
pub fn meant(wanted: &[String], market: &[Offer]) -> Vec<String> {
    let models: BTreeSet<&str> = market.iter().map(|offer| offer.gpu_model.as_str()).collect();
    let is_there = |wanted: &&String| models.iter().any(|model| model.eq_ignore_ascii_case(wanted));
    let missing: Vec<String> = wanted.iter().filter(|wanted| !is_there(wanted)).map(|wanted| plain(wanted)).collect();
    let found = |near: Near| -> Vec<String> {
        let near = |model: &&&str| missing.iter().any(|missing| near(&plain(model), missing));
        models.iter().filter(near).map(|model| (*model).to_owned()).collect()
    };
    NEAR.into_iter().map(found).find(|found| !found.is_empty()).unwrap_or_default()
}
