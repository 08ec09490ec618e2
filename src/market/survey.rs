//! The market as somebody sees it who looks for a place: its hosts, what models cost, and what has moved since the last look.

use crate::live::Offer;
use crate::money::Usd;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Free GPUs by host: as many as its largest free row shows (API sheet, C18).
pub fn free_gpus(market: &[Offer]) -> BTreeMap<&str, u32> {
    let mut free: BTreeMap<&str, u32> = BTreeMap::new();
    for offer in market {
        let gpus = free.entry(&offer.host).or_default();
        *gpus = if offer.available { offer.gpu_count.max(*gpus) } else { *gpus };
    }
    free
}

/// The rows of one host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostOffers<'m> {
    /// Its fingerprint.
    pub host: &'m str,
    /// The fewest GPUs first; never none.
    pub offers: Vec<&'m Offer>,
    /// GPUs that are free, whatever is asked for; `None` where nobody looked.
    pub free: Option<u32>,
}

impl HostOffers<'_> {
    /// The numbers of GPUs that are sold together.
    pub fn counts(&self) -> BTreeSet<u32> {
        self.offers.iter().map(|offer| offer.gpu_count).collect()
    }

    /// USD per GPU-hour of its cheapest row.
    pub fn cheapest(&self) -> Option<Usd> {
        self.offers.iter().map(|offer| offer.price_per_gpu).min()
    }
}

/// Rows by host, in the order of the first row of each. `free`: see [`free_gpus`].
pub fn by_host<'m>(offers: &[&'m Offer], free: &BTreeMap<&str, u32>) -> Vec<HostOffers<'m>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut hosts: Vec<HostOffers<'m>> = Vec::new();
    for offer in offers {
        let at = *places.entry(&offer.host).or_insert(hosts.len());
        if at == hosts.len() {
            let free = free.get(offer.host.as_str()).copied();
            hosts.push(HostOffers { host: &offer.host, offers: Vec::new(), free });
        }
        hosts[at].offers.push(offer);
    }
    for host in &mut hosts {
        host.offers.sort_by_key(|offer| offer.gpu_count);
    }
    hosts
}

/// What a model costs.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelOffers<'m> {
    /// As the market writes it.
    pub model: &'m str,
    /// Rows.
    pub offers: usize,
    /// Hosts of them.
    pub hosts: usize,
    /// GPUs that are free on those; `None` where nobody looked.
    pub free: Option<u32>,
    /// USD per GPU-hour of the cheapest row.
    pub cheapest: Usd,
    /// Of the one in the middle, or between the two there.
    pub median: Usd,
    /// Of the dearest.
    pub dearest: Usd,
}

/// By model, the cheapest first. `free`: see [`free_gpus`].
pub fn by_model<'m>(offers: &[&'m Offer], free: &BTreeMap<&str, u32>) -> Vec<ModelOffers<'m>> {
    let mut models: BTreeMap<&str, Vec<&'m Offer>> = BTreeMap::new();
    for offer in offers {
        models.entry(&offer.gpu_model).or_default().push(offer);
    }
    let sum = |(model, offers): (&'m str, Vec<&'m Offer>)| {
        let mut prices: Vec<Usd> = offers.iter().map(|offer| offer.price_per_gpu).collect();
        prices.sort();
        let (last, middle) = (prices.len().checked_sub(1)?, prices.len() / 2);
        let median = Usd((prices[last - middle] + prices[middle]).0 / Decimal::TWO);
        let hosts = by_host(&offers, free);
        Some(ModelOffers {
            model,
            offers: offers.len(),
            hosts: hosts.len(),
            free: hosts.iter().map(|host| host.free).sum(),
            cheapest: prices[0],
            median,
            dearest: prices[last],
        })
    };
    let mut models: Vec<ModelOffers<'m>> = models.into_iter().filter_map(sum).collect();
    models.sort_by(|a, b| (a.cheapest, a.model).cmp(&(b.cheapest, b.model)));
    models
}

/// A band of prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Band {
    /// USD per GPU-hour, included.
    pub from: Usd,
    /// USD per GPU-hour, not included.
    pub to: Usd,
    /// Rows.
    pub offers: usize,
    /// GPUs that are free on the hosts whose cheapest row is one of them; `None` where nobody looked.
    pub free: Option<u32>,
}

/// So many bands are easily looked at on a terminal of 24 lines.
const BANDS: u32 = 20;

/// The prices of rows in bands of one width, which is 1, 2 or 5 of a decimal place; those between without a row too.
/// `free`: see [`free_gpus`].
pub fn bands(offers: &[&Offer], free: &BTreeMap<&str, u32>) -> Vec<Band> {
    let prices = || offers.iter().map(|offer| offer.price_per_gpu.0);
    let (Some(least), Some(most)) = (prices().min(), prices().max()) else { return Vec::new() };
    let first = |width: Decimal| (least / width).floor();
    let many = |width: Decimal| (most / width).floor() - first(width) + Decimal::ONE;
    let widths = (-2..8).flat_map(|place| [1, 2, 5].map(|digit| decimal_of(digit, place)));
    let Some(width) = widths.into_iter().find(|width| many(*width) <= Decimal::from(BANDS)) else { return Vec::new() };
    let place = |price: Usd| ((price.0 / width).floor() - first(width)).to_usize().unwrap_or_default();
    let edge = |at: u32| Usd((first(width) + Decimal::from(at)) * width);
    let count = many(width).to_u32().unwrap_or_default();
    let mut bands: Vec<Band> = (0..count)
        .map(|at| Band { from: edge(at), to: edge(at + 1), free: (!free.is_empty()).then_some(0), ..Band::default() })
        .collect();
    for offer in offers {
        bands[place(offer.price_per_gpu)].offers += 1;
    }
    for host in by_host(offers, free) {
        if let Some(price) = host.cheapest() {
            let band = &mut bands[place(price)];
            band.free = band.free.zip(host.free).map(|(sum, free)| sum + free);
        }
    }
    bands
}

/// `digit` times ten to the power of `place`.
fn decimal_of(digit: i64, place: i32) -> Decimal {
    let scale = u32::try_from(-place).unwrap_or_default();
    let power = u32::try_from(place).unwrap_or_default();
    Decimal::new(digit.saturating_mul(10_i64.saturating_pow(power)), scale)
}

/// What has moved between two looks at a market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moved<'m> {
    /// It was not there.
    New(&'m Offer),
    /// It is not there any more.
    Gone(&'m Offer),
    /// It asks another price than this, in USD per GPU-hour.
    Price(&'m Offer, Usd),
}

/// What has: first what is there, in its order, then what is gone.
pub fn moved<'m>(before: &'m [Offer], now: &'m [Offer]) -> Vec<Moved<'m>> {
    let keyed = |offers: &'m [Offer]| -> HashMap<(&'m str, u32), &'m Offer> {
        offers.iter().map(|offer| ((offer.iri.as_str(), offer.gpu_count), offer)).collect()
    };
    let (known, there) = (keyed(before), keyed(now));
    let key = |offer: &'m Offer| (offer.iri.as_str(), offer.gpu_count);
    let come = now.iter().filter_map(|offer| match known.get(&key(offer)) {
        None => Some(Moved::New(offer)),
        Some(old) if old.price_per_gpu != offer.price_per_gpu => Some(Moved::Price(offer, old.price_per_gpu)),
        Some(_) => None,
    });
    let gone = before.iter().filter(|offer| !there.contains_key(&key(offer))).map(Moved::Gone);
    come.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::tests::row;

    fn market() -> Vec<Offer> {
        let mut market = vec![row("a", 1, "0.31"), row("b", 2, "0.34"), row("a", 4, "0.30"), row("a", 2, "0.31")];
        market[2].available = false;
        market
    }

    #[test]
    fn rows_of_a_host_stand_together() {
        let market = market();
        let hosts = by_host(&market.iter().collect::<Vec<_>>(), &free_gpus(&market));
        let told: Vec<_> =
            hosts.iter().map(|host| (host.host, host.free, host.counts().into_iter().collect())).collect();
        assert_eq!(told, [("a", Some(2), vec![1, 2, 4]), ("b", Some(2), vec![2])]);
        assert_eq!(hosts[0].cheapest(), Some(market[2].price_per_gpu));
    }

    #[test]
    fn a_model_costs_what_the_one_in_the_middle_does() {
        let mut market = market();
        market.push(Offer { gpu_model: "A100".into(), ..row("c", 1, "0.9") });
        let free = free_gpus(&market);
        let models = by_model(&market.iter().collect::<Vec<_>>(), &free);
        let told: Vec<_> = models
            .iter()
            .map(|of| (of.model, of.offers, of.hosts, of.free, format!("{} {} {}", of.cheapest, of.median, of.dearest)))
            .collect();
        assert_eq!(
            told,
            [
                ("RTX 4090", 4, 2, Some(4), "$0.30 $0.31 $0.34".to_owned()),
                ("A100", 1, 1, Some(1), "$0.90 $0.90 $0.90".to_owned())
            ]
        );
    }

    #[test]
    fn every_price_is_in_one_band_and_the_bands_are_few() {
        for prices in [&["0.31"][..], &["0.05", "0.31", "0.34", "1.2"], &["0.01", "5000"], &["0.3", "0.3001"]] {
            let market: Vec<Offer> =
                prices.iter().enumerate().map(|(at, price)| row(&at.to_string(), 1, price)).collect();
            let bands = bands(&market.iter().collect::<Vec<_>>(), &free_gpus(&market));
            assert!((1..=20).contains(&bands.len()), "{prices:?}: {bands:?}");
            assert_eq!(bands.iter().map(|band| band.offers).sum::<usize>(), prices.len(), "{prices:?}: {bands:?}");
            assert!(bands.iter().is_sorted_by_key(|band| band.from) && bands[0].offers > 0, "{prices:?}: {bands:?}");
            let inside = |offer: &Offer| {
                bands.iter().filter(|band| (band.from..band.to).contains(&offer.price_per_gpu)).count() == 1
            };
            assert!(market.iter().all(inside), "{prices:?}: {bands:?}");
        }
        assert_eq!(bands(&[], &BTreeMap::new()), []);
    }

    #[test]
    fn what_has_moved_is_told_once() {
        let before = market();
        let mut now = market();
        now[0].price_per_gpu = Usd(Decimal::new(29, 2));
        now.remove(1);
        now.push(row("c", 1, "0.4"));
        let price = before[0].price_per_gpu;
        assert_eq!(moved(&before, &now), [Moved::Price(&now[0], price), Moved::New(&now[3]), Moved::Gone(&before[1])]);
        assert_eq!(moved(&now, &now), []);
    }
}
