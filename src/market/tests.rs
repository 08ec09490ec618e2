//! Placement on small markets, each with what a good planner does.

use super::{
    Demand, Envelope, Held, Loosened, Placements, Requirement, Unplaced, contradicted, explain, place, propose,
    unknown_models,
};
use crate::live::{Offer, OfferFacts};
use crate::money::Usd;
use crate::schema::PriceBasis;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// A row: host, GPUs, price, and what may follow in `facts`.
pub(super) fn row(host: &str, gpu_count: u32, price: &str) -> Offer {
    Offer {
        iri: format!("/instances/market/{host}-{gpu_count}"),
        available: true,
        gpu_model: "RTX 4090".into(),
        gpu_count,
        price_per_gpu: Usd(price.parse().expect("well formed")),
        row_price: None,
        price_per_disk: Usd::ZERO,
        facts: OfferFacts { region: Some("Europe".into()), ..OfferFacts::default() },
        host: host.into(),
    }
}

fn host(name: &str, counts: &[u32], price: &str) -> Vec<Offer> {
    counts.iter().map(|count| row(name, *count, price)).collect()
}

fn want(address: &str, gpu_count: u32, cap: &str) -> Demand {
    let envelope = Envelope {
        gpu_models: vec!["RTX 4090".into()],
        gpu_count,
        max_price_per_gpu: Usd(cap.parse().expect("well formed")),
        requirement: Requirement::default(),
        budgeted: None,
        max_hourly_cost: None,
        disk_size: None,
        larger_offers: false,
        max_per_host: None,
        priority: 0,
    };
    Demand { address: address.parse().expect("well formed"), envelope, avoid: BTreeSet::new() }
}

fn wants(name: &str, n: usize, gpu_count: u32, cap: &str) -> Vec<Demand> {
    (0..n).map(|at| want(&format!("simplepod_instance.{name}[{at}]"), gpu_count, cap)).collect()
}

fn placed(demands: &[Demand], market: &[Offer]) -> Placements {
    place(demands, market, &Held::default())
}

/// Where each goes, `-` for nowhere.
fn hosts(placements: &Placements) -> String {
    let host =
        |placed: &Option<super::Placed>| placed.as_ref().map_or("-".to_owned(), |placed| placed.offer.host.clone());
    placements.each.iter().map(host).collect::<Vec<_>>().join(" ")
}

fn whys(demands: &[Demand], market: &[Offer]) -> Vec<Unplaced> {
    let held = Held::default();
    let placements = place(demands, market, &held);
    let mut whys = explain(demands, market, &placements);
    propose(&mut whys, demands, market, &held, &placements);
    whys
}

#[test]
fn a_row_serves_while_its_host_has_gpus() {
    let eight = host("a", &[1, 2, 4, 8], "0.30");
    let fills = |demands: &[Demand], market: &[Offer]| placed(demands, market).each.iter().flatten().count();
    assert_eq!(fills(&wants("w", 8, 1, "1"), &eight), 8);
    assert_eq!(fills(&wants("w", 9, 1, "1"), &eight), 8);
    assert_eq!(fills(&[wants("a", 3, 2, "1"), wants("b", 2, 1, "1")].concat(), &eight), 5);
    assert_eq!(fills(&wants("w", 2, 4, "1"), &eight), 2);
    let two = [host("a", &[1, 2, 4], "0.30"), host("b", &[1, 2, 4], "0.30")].concat();
    assert_eq!(fills(&wants("w", 4, 2, "1"), &two), 4);
    // The cheap host first, though its row is taken already.
    let cheap = [host("a", &[1, 8], "0.30"), host("b", &[1], "0.60")].concat();
    assert_eq!(hosts(&placed(&wants("w", 2, 1, "1"), &cheap)), "a a");
    assert_eq!(hosts(&placed(&wants("w", 2, 1, "0.50"), &cheap)), "a a");
}

#[test]
fn who_shares_a_host_says_with_whom() {
    let placements = placed(&wants("w", 3, 1, "1"), &host("a", &[1, 8], "0.30"));
    let shares: Vec<Option<String>> =
        placements.each.iter().flatten().map(|placed| placed.shares.as_ref().map(ToString::to_string)).collect();
    let first = || Some("simplepod_instance.w[0]".to_owned());
    assert_eq!(shares, [None, first(), first()]);
}

#[test]
fn a_host_sells_no_counts_that_it_does_not_show() {
    let large = host("a", &[4, 5, 6, 7, 8], "0.30");
    assert_eq!(hosts(&placed(&wants("w", 1, 1, "1"), &large)), "-");
    assert_eq!(hosts(&placed(&[wants("a", 1, 5, "1"), wants("b", 1, 4, "1")].concat(), &large)), "- a");
}

#[test]
fn a_part_of_a_larger_row_does_where_nothing_exact_fits() {
    let market = [host("a", &[4, 8], "0.30"), host("b", &[1], "0.40"), host("c", &[8], "0.20")].concat();
    let mut demands = wants("w", 5, 1, "1");
    assert_eq!(hosts(&placed(&demands, &market)), "b - - - -");
    demands.iter_mut().for_each(|demand| demand.envelope.larger_offers = true);
    // What is exact first, then the cheapest; of a host no more than it has if it gives all of each row.
    let placements = placed(&demands, &market);
    assert_eq!(hosts(&placements), "b c a a -");
    let costs = placements.each.iter().flatten().map(|placed| placed.envelope.hourly_cost(&placed.offer).0.to_string());
    assert_eq!(costs.collect::<Vec<_>>(), ["0.40", "0.20", "0.30", "0.30"]);
    // A host that failed gave all of a row instead of a part.
    demands.iter_mut().for_each(|demand| demand.avoid = BTreeSet::from(["c".into()]));
    assert_eq!(hosts(&placed(&demands, &market)), "b a a - -");
    demands.iter_mut().for_each(|demand| demand.envelope.max_per_host = Some(1));
    assert_eq!(hosts(&placed(&demands, &market)), "b a - - -");
}

#[test]
fn a_machine_tells_how_prices_are_read() {
    let usd = |text: &str| Usd(text.parse().expect("well formed"));
    let of_one = row("a", 4, "1.36");
    let of_all = Offer { price_per_gpu: usd("0.34"), row_price: Some(usd("1.36")), ..of_one.clone() };
    assert_eq!(contradicted(&of_one, usd("0.34")), Some(PriceBasis::Offer));
    assert_eq!(contradicted(&of_one, usd("1.36")), None);
    assert_eq!(contradicted(&of_all, usd("0.34")), None);
    assert_eq!(contradicted(&of_all, usd("1.36")), Some(PriceBasis::Gpu));
    // Prices move, and one GPU tells nothing.
    assert_eq!(contradicted(&of_one, usd("0.36")), Some(PriceBasis::Offer));
    assert_eq!(contradicted(&of_one, usd("0.70")), None);
    assert_eq!(contradicted(&row("a", 1, "0.34"), usd("0.34")), None);
}

#[test]
fn models_are_found_however_they_are_written() {
    let models = ["RTX 4090", "RTX 3090", "A100 80GB", "RTX PRO 6000 Blackwell"];
    let market: Vec<Offer> =
        models.map(|model| Offer { gpu_model: model.into(), ..row(model, 1, "0.30") }).into_iter().collect();
    let meant = |model: &str| {
        let mut demand = want("simplepod_instance.a", 1, "1");
        demand.envelope.gpu_models = vec![model.into()];
        whys(&[demand], &market)[0].meant.join(", ")
    };
    for written in ["NVIDIA GeForce RTX 4090", "RTX_4090", "RTX4090", "4090", "RTX 4090 ", "rtx-4090", "RTXX 4090"] {
        assert_eq!(meant(written), "RTX 4090", "{written:?}");
    }
    assert_eq!(meant("A100"), "A100 80GB");
    // Models of their own, of which all are rented.
    assert_eq!(meant("RTX 2080"), "");
    assert_eq!(meant("RTX 5090"), "");
    // Another model may be found where one is written wrongly.
    let mut demands = wants("w", 2, 1, "1");
    assert_eq!(unknown_models(&demands, &market), []);
    demands
        .iter_mut()
        .for_each(|demand| demand.envelope.gpu_models.extend(["RTX3090".into(), "A100".into(), "RTX 5090".into()]));
    let unknown = unknown_models(&demands, &market);
    assert_eq!(unknown.len(), 1);
    assert_eq!((unknown[0].model.as_str(), unknown[0].meant.join(", ").as_str()), ("RTX3090", "RTX 3090"));
}

#[test]
fn the_order_of_names_decides_nothing() {
    let region = |demand: Demand, region: &str| {
        let mut demand = demand;
        demand.envelope.requirement.0.insert("region".into(), region.into());
        demand
    };
    let mut far = row("us", 1, "0.31");
    far.facts.region = Some("North America".into());
    let market = [row("eu", 1, "0.30"), far];
    for names in [["a", "b"], ["b", "a"]] {
        let [any, europe] = names.map(|name| want(&format!("simplepod_instance.{name}"), 1, "1"));
        assert_eq!(hosts(&placed(&[any, region(europe, "Europe")], &market)), "us eu");
    }
    // A small machine does not sit on the only host for the large one.
    let market = [host("big", &[1, 8], "0.30"), host("small", &[1], "0.31")].concat();
    let demands = [want("simplepod_instance.a", 1, "1"), want("simplepod_instance.z", 8, "1")];
    assert_eq!(hosts(&placed(&demands, &market)), "small big");
    // Nor on the first model where another one has no second.
    let mut other = row("3090", 1, "0.18");
    other.gpu_model = "RTX 3090".into();
    let mut choosy = demands.clone();
    choosy[0].envelope.gpu_models.push("RTX 3090".into());
    choosy[1].envelope.gpu_count = 1;
    let market = [row("4090", 1, "0.30"), other];
    assert_eq!(hosts(&placed(&choosy, &market)), "3090 4090");
    // The first model where it is to be had, though it is dearer.
    assert_eq!(hosts(&placed(&choosy[..1], &market)), "4090");
}

#[test]
fn the_disk_costs_too() {
    let mut demand = want("simplepod_instance.a", 1, "1");
    demand.envelope.disk_size = Some(1000);
    let (mut dear, mut cheap) = (row("dear", 1, "0.30"), row("cheap", 1, "0.305"));
    dear.price_per_disk = Usd(Decimal::new(15, 2));
    cheap.price_per_disk = Usd(Decimal::new(5, 2));
    let market = [dear, cheap];
    assert_eq!(hosts(&placed(std::slice::from_ref(&demand), &market)), "cheap");
    demand.envelope.max_hourly_cost = Some(Usd(Decimal::new(37, 2)));
    let whys = whys(&[demand], &market);
    assert_eq!(whys[0].relaxations[0].loosened, [Loosened::HourlyCost(whys[0].relaxations[0].hourly_cost)]);
}

#[test]
fn the_more_important_are_filled_first() {
    let mut demands = [wants("a", 2, 1, "1"), wants("z", 1, 2, "1")].concat();
    let market = host("a", &[1, 2], "0.30");
    assert_eq!(hosts(&placed(&demands, &market)), "a a -");
    demands[2].envelope.priority = 5;
    assert_eq!(hosts(&placed(&demands, &market)), "- - a");
    // So many levels that their weights fit into no number.
    let mut many = wants("w", 60, 1, "1");
    many.iter_mut().zip(0..).for_each(|(demand, priority)| demand.envelope.priority = priority);
    let placements = placed(&many, &host("a", &[1, 2, 4, 8], "0.30"));
    let filled: Vec<usize> = (0..60).filter(|at| placements.each[*at].is_some()).collect();
    assert_eq!(filled, (52..60).collect::<Vec<_>>());
}

#[test]
fn a_block_is_spread_over_hosts() {
    let market = [host("a", &[1, 8], "0.30"), host("b", &[1, 8], "0.40"), host("c", &[1, 8], "0.50")].concat();
    let mut demands = wants("w", 4, 1, "1");
    demands.iter_mut().for_each(|demand| demand.envelope.max_per_host = Some(2));
    assert_eq!(hosts(&placed(&demands, &market)), "a a b b");
    // Machines that stand already count, and instances of the block that accept something else.
    demands[3].envelope.max_price_per_gpu = Usd(Decimal::new(9, 1));
    let machines = BTreeMap::from([((demands[0].address.resource.clone(), "a".to_owned()), 1)]);
    let held = Held { machines, ..Held::default() };
    assert_eq!(hosts(&place(&demands, &market, &held)), "a b b c");
}

#[test]
fn a_host_that_failed_is_taken_if_there_is_no_other() {
    let market = [row("bad", 1, "0.30"), row("good", 1, "0.90")];
    let mut demands = wants("w", 1, 1, "1");
    demands[0].avoid.insert("bad".into());
    assert_eq!(hosts(&placed(&demands, &market)), "good");
    assert_eq!(hosts(&placed(&demands, &market[..1])), "bad");
}

#[test]
fn one_explanation_for_all_alike_with_what_would_help() {
    let market = [host("a", &[1, 2], "0.30"), host("b", &[1, 4], "0.60"), host("c", &[1], "0.90")].concat();
    let whys = whys(&wants("w", 6, 1, "0.50"), &market);
    assert_eq!(whys.len(), 1);
    let why = &whys[0];
    assert_eq!((why.addresses.len(), why.alike, why.fitting, why.free_gpus), (4, 6, 1, 2));
    // 0.60 gives all six an offer, and nothing less does.
    assert_eq!(why.relaxations[0].loosened, [Loosened::Price(Usd(Decimal::new(60, 2)))]);
    let mut wider = wants("w", 6, 1, "0.50");
    for demand in &mut wider {
        demand.envelope.max_price_per_gpu = Usd(Decimal::new(60, 2));
    }
    assert!(placed(&wider, &market).each.iter().all(Option::is_some));
}

#[test]
fn nothing_is_proposed_that_does_not_help() {
    // Raising the cap gives one more an offer, not both.
    let market = [row("a", 1, "0.30"), row("b", 1, "0.60")];
    assert_eq!(whys(&wants("w", 3, 1, "0.50"), &market)[0].relaxations, []);
    let country = |mut offer: Offer, country: &str| {
        offer.facts.country = Some(country.into());
        offer
    };
    let market = [country(row("a", 1, "0.30"), "PL"), country(row("b", 1, "0.60"), "DE")];
    let mut demand = want("simplepod_instance.a", 1, "0.50");
    demand.envelope.requirement.0.insert("countries".into(), "DE, FR".into());
    let why = &whys(&[demand], &market)[0];
    let ways: Vec<&[Loosened]> = why.relaxations.iter().map(|way| way.loosened.as_slice()).collect();
    assert_eq!(ways, [&[Loosened::Price(Usd(Decimal::new(60, 2)))][..], &[Loosened::Without("countries".into())][..]]);
}

#[test]
fn lists_and_exclusions_of_places() {
    let at = |name: &str, region: &str, country: &str| {
        let mut offer = row(name, 1, "0.30");
        offer.facts.region = Some(region.into());
        offer.facts.country = Some(country.into());
        offer
    };
    let market =
        [at("pl", "Europe", "PL"), at("de", "Europe", "DE"), at("us", "North America", "US"), row("none", 1, "0.3")];
    let fits = |name: &str, wanted: &str| {
        let requirement = Requirement(BTreeMap::from([(name.to_owned(), wanted.to_owned())]));
        let envelope = Envelope { requirement, ..want("simplepod_instance.a", 1, "1").envelope };
        let fit = market.iter().filter(|offer| envelope.judge(offer).is_empty());
        fit.map(|offer| offer.host.as_str()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(fits("regions", "Asia, north america"), "us");
    assert_eq!(fits("countries", "pl, de"), "pl de");
    // A row that does not tell its country is not known to be elsewhere.
    assert_eq!(fits("not_countries", "PL"), "de us");
    assert_eq!(fits("not_hosts", "pl, us"), "de none");
    assert_eq!(fits("regions", "World"), "pl de us none");
}
