//! Placement of fleets on random markets: how long, how many find an offer, and what it costs, beside the greedy way of one
//! instance after the other in the order of their addresses; and how long it takes to find ways out for those without one.
//!
//! `cargo bench --bench placement`. Each line names its seeds; the same seed is the same market everywhere.

use podform::live::{Offer, OfferFacts};
use podform::market::{Demand, Envelope, Held, Requirement, explain, place, propose};
use podform::money::Usd;
use rust_decimal::Decimal;
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

const MODELS: [&str; 8] = ["RTX 3060", "RTX 3090", "RTX 4090", "RTX 5090", "A100 80GB", "H100", "L40S", "RTX A4000"];
const REGIONS: [&str; 4] = ["Europe", "North America", "Asia", "Oceania"];

struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Chance {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..9 {
            chance.below(2);
        }
        chance
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % most as u64).unwrap_or(0)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn cents(&mut self, low: usize, high: usize) -> Usd {
        Usd(Decimal::new(i64::try_from(low + self.below(high - low)).unwrap_or(0), 3))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Hosts {
    /// Each is rented as a whole.
    Whole,
    /// Each sells every number of GPUs.
    Shared,
}

fn market(chance: &mut Chance, rows: usize, hosts: Hosts) -> Vec<Offer> {
    let mut market = Vec::new();
    let mut host = 0;
    while market.len() < rows {
        host += 1;
        let gpus: u32 = chance.of(&[1, 2, 4, 6, 8, 8]);
        let counts: Vec<u32> = match hosts {
            Hosts::Whole => vec![gpus],
            Hosts::Shared => (1..=gpus).collect(),
        };
        let (model, region, price) = (chance.of(&MODELS), chance.of(&REGIONS), chance.cents(150, 900));
        let sla = Decimal::new(i64::try_from(900 + chance.below(100)).unwrap_or(0), 1);
        for gpu_count in counts {
            market.push(Offer {
                iri: format!("/instances/market/{host}-{gpu_count}"),
                available: true,
                gpu_model: model.into(),
                gpu_count,
                price_per_gpu: price,
                row_price: None,
                price_per_disk: Usd(Decimal::new(15, 2)),
                facts: OfferFacts { region: Some(region.into()), sla: Some(sla), ..OfferFacts::default() },
                host: host.to_string(),
            });
        }
    }
    market
}

fn fleet(chance: &mut Chance, instances: usize) -> Vec<Demand> {
    let mut demands: Vec<Demand> = Vec::new();
    let mut block = 0;
    while demands.len() < instances {
        block += 1;
        let mut requirement = Requirement::default();
        if chance.below(3) == 0 {
            requirement.0.insert("region".into(), chance.of(&REGIONS).into());
        }
        let mut gpu_models = vec![chance.of(&MODELS).to_owned()];
        if chance.below(3) == 0 {
            gpu_models.push(chance.of(&MODELS).to_owned());
        }
        let envelope = Envelope {
            gpu_models,
            gpu_count: chance.of(&[1, 1, 1, 2, 4, 8]),
            max_price_per_gpu: chance.cents(400, 1000),
            requirement,
            budgeted: None,
            max_hourly_cost: None,
            disk_size: Some(40),
            larger_offers: false,
            max_per_host: chance.of(&[None, None, None, Some(2)]),
            priority: 0,
        };
        for at in 0..=chance.below(instances / 4).min(instances - demands.len() - 1) {
            let address = format!("simplepod_instance.b{block}[{at}]").parse().expect("an address");
            demands.push(Demand { address, envelope: envelope.clone(), avoid: BTreeSet::new() });
        }
    }
    demands
}

/// How good a placement is: less is better, what stands first counts most.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    without: usize,
    fallbacks: usize,
    /// Places in the lists of models.
    ranks: usize,
    cost: Usd,
}

impl Worth {
    fn add(&mut self, envelope: &Envelope, offer: Option<&Offer>) {
        let Some(offer) = offer else {
            self.without += 1;
            return;
        };
        let rank = envelope.preference(&offer.gpu_model).unwrap_or_default();
        self.fallbacks += usize::from(rank > 0);
        self.ranks += rank;
        // Costs are compared in micro-dollars: what is smaller is no difference.
        self.cost = Usd((self.cost.0 + envelope.hourly_cost(offer).0).round_dp(6));
    }
}

/// One after the other, each the cheapest that is left.
fn greedy(demands: &[Demand], market: &[Offer]) -> Worth {
    let mut free: HashMap<&str, u32> = HashMap::new();
    for offer in market {
        let gpus = free.entry(&offer.host).or_default();
        *gpus = offer.gpu_count.max(*gpus);
    }
    let mut machines: HashMap<(String, &str), u32> = HashMap::new();
    let mut worth = Worth::default();
    for demand in demands {
        let envelope = &demand.envelope;
        let judge = envelope.judge_of_many();
        let block = demand.address.resource.to_string();
        let fits = market.iter().filter(|offer| {
            let there = machines.get(&(block.clone(), offer.host.as_str())).copied().unwrap_or(0);
            free[offer.host.as_str()] >= offer.gpu_count
                && envelope.max_per_host.is_none_or(|most| there < most)
                && judge.judge(offer).is_empty()
        });
        let rank = |offer: &&Offer| (envelope.preference(&offer.gpu_model), envelope.hourly_cost(offer));
        let offer = fits.min_by_key(rank);
        worth.add(envelope, offer);
        if let Some(offer) = offer {
            *free.entry(&offer.host).or_default() -= offer.gpu_count;
            *machines.entry((block, &offer.host)).or_default() += 1;
        }
    }
    worth
}

fn measure(name: &str, hosts: Hosts, (instances, rows, seeds): (usize, usize, u64), beside_greedy: bool) {
    let mut times: Vec<(Duration, u64)> = Vec::new();
    let (mut filled, mut by_greedy, mut proven, mut worse, mut wanted) = (0, 0, 0, 0, 0);
    let (mut cost, mut greedy_cost) = (Usd::ZERO, Usd::ZERO);
    let (mut gap, mut open) = (Usd::ZERO, 0);
    let (mut looking, mut ways) = ((Duration::ZERO, 0), 0);
    for seed in 1..=seeds {
        let mut chance = Chance::new(seed);
        let (market, demands) = (market(&mut chance, rows, hosts), fleet(&mut chance, instances));
        let began = Instant::now();
        let placements = place(&demands, &market, &Held::default());
        times.push((began.elapsed(), seed));
        let placed: Vec<_> = placements.each.iter().flatten().collect();
        filled += placed.len();
        wanted += demands.len();
        proven += u64::from(placements.proof.saving == Some(Usd::ZERO));
        open += u64::from(placements.proof.saving.is_none());
        gap = gap + placements.proof.saving.unwrap_or_default();
        if beside_greedy {
            let by = greedy(&demands, &market);
            by_greedy += demands.len() - by.without;
            let mut ours = Worth::default();
            let offers = placements.each.iter().map(|placed| placed.as_ref().map(|placed| &placed.offer));
            demands.iter().zip(offers).for_each(|(demand, offer)| ours.add(&demand.envelope, offer));
            if (ours.without, ours.fallbacks, ours.ranks) == (by.without, by.fallbacks, by.ranks) {
                cost = cost + ours.cost;
                greedy_cost = greedy_cost + by.cost;
            }
            worse += usize::from(ours > by);
        }
        let began = Instant::now();
        let mut without = explain(&demands, &market, &placements);
        propose(&mut without, &demands, &market, &Held::default(), &placements);
        looking = looking.max((began.elapsed(), seed));
        ways += without.iter().map(|why| why.relaxations.len()).sum::<usize>();
    }
    times.sort_unstable();
    let (median, worst) = (times[times.len() / 2].0, times[times.len() - 1]);
    print!(
        "{name}, {instances} x {rows}, {seeds} seeds: median {median:.1?}, worst {:.1?} (seed {}); proven {proven}",
        worst.0, worst.1
    );
    print!(", number open {open}, money open {gap}; filled {filled} of {wanted}");
    if beside_greedy {
        print!(
            ", greedy {by_greedy} (worse than greedy in {worse}); where as many and as few fallbacks: {cost} against {greedy_cost}"
        );
    }
    println!("; {ways} ways out, at most {:.1?} (seed {})", looking.0, looking.1);
}

fn main() {
    for (name, hosts) in [("whole hosts", Hosts::Whole), ("shared hosts", Hosts::Shared)] {
        measure(name, hosts, (200, 10_000, 300), false);
        measure(&format!("{name}, scarce"), hosts, (200, 400, 300), true);
        measure(name, hosts, (2_000, 50_000, 10), false);
    }
}
