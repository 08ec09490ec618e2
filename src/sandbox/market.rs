//! The market: which offers there are now, at which price, as rows (API sheet §3.1).

use rust_decimal::Decimal;
use serde_json::value::RawValue;

use super::chance::{draw, mix};
use super::choices::{ListOrder, RentedOffers};
use super::clock::DAWN_MS;
use super::filters;
use super::hosts::Offer;
use super::listing::Listing;
use super::rows::{ROW, enveloped, page};
use super::wire::{Answer, Call, Refusal};
use super::world::World;

/// Milliseconds after which prices and strangers move: rarely enough that a plan and its apply mostly see one market,
/// often enough that a plan of an hour ago does not.
const STEP_MS: i64 = 600_000;

/// How many answers are kept, one for each query: a large market takes longer to write than to send, and each answer is
/// as large as it.
const CACHED: usize = 64;

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

    /// An offer that was rented once, where those do not come back.
    pub(super) fn is_spent(&self, offer: u64) -> bool {
        self.switches.offers_vanish && self.book.machines.values().any(|machine| machine.offer == offer)
    }

    /// Whether a host sells so few GPUs at once.
    fn sells(&self, offer: &Offer) -> bool {
        let whole = self.hosts.hosts.get(offer.host).is_some_and(|host| host.gpus == offer.gpus);
        whole || offer.gpus >= self.switches.least_gpus
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
        let mut written = std::mem::take(&mut self.market_rows);
        let mut listings: Vec<Listing<'_>> = self
            .hosts
            .offers
            .iter()
            .filter(|offer| self.sells(offer))
            .filter_map(|offer| {
                let host = self.hosts.hosts.get(offer.host)?;
                let price = self.offer_price(offer.number, now);
                let active = self.free(host.number) >= offer.gpus && !self.is_spent(offer.number);
                Some(Listing { offer, host, price, active })
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
        let rows: Vec<&RawValue> = written.rows(listings.get(shown).unwrap_or_default(), &self.switches);
        let length = rows.iter().map(|row| row.get().len() + 1).sum::<usize>() + ROW;
        let body = enveloped(&rows, total, "/instances/market/list", &self.switches, length).body;
        if self.market_cache.len() >= CACHED {
            self.market_cache.clear();
        }
        self.market_cache.insert(key, (bucket, body.clone()));
        self.market_rows = written;
        Ok(Answer::text(body))
    }
}
