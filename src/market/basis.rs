//! What `pricePerGpu` of a row is: the price of one GPU, as its name says, or of the whole row, as the vendor's published
//! price list has it (API sheet, C19). The market itself tells, where hosts show several numbers of GPUs.

use crate::live::Offer;
use crate::money::Usd;
use crate::schema::PriceBasis;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Hosts that must agree before prices count as those of rows: one may be odd.
const WITNESSES: usize = 2;

/// Makes prices of whole rows prices of one GPU, where the basis says that they are such, and keeps what the rows said.
pub fn per_gpu(offers: &mut [Offer], basis: PriceBasis) {
    let whole_rows = match basis {
        PriceBasis::Gpu => false,
        PriceBasis::Offer => true,
        PriceBasis::Auto => tells_of_rows(offers),
    };
    for offer in offers.iter_mut().filter(|_| whole_rows) {
        offer.row_price = Some(offer.price_per_gpu);
        offer.price_per_gpu = Usd(offer.price_per_gpu.0 / Decimal::from(offer.gpu_count));
    }
}

/// How prices are to be read by what a machine bills per GPU-hour, where that is not how the price of its offer was read. A
/// row of one GPU tells nothing, and nor does a price that is like neither reading.
pub fn contradicted(offer: &Offer, bills: Usd) -> Option<PriceBasis> {
    let asked = offer.row_price.unwrap_or(offer.price_per_gpu).0;
    let near = |price: Decimal| (price - bills.0).abs() * Decimal::TEN <= price.max(bills.0);
    let (of_one, of_all) = (near(asked), near(asked / Decimal::from(offer.gpu_count)));
    match (offer.row_price, of_one, of_all) {
        (None, false, true) => Some(PriceBasis::Offer),
        (Some(_), true, false) => Some(PriceBasis::Gpu),
        _ => None,
    }
}

/// Whether twice the GPUs cost twice as much, on every host that shows numbers of GPUs far enough apart to tell.
fn tells_of_rows(offers: &[Offer]) -> bool {
    let mut hosts: BTreeMap<&str, (&Offer, &Offer)> = BTreeMap::new();
    for offer in offers {
        let (least, most) = hosts.entry(&offer.host).or_insert((offer, offer));
        if offer.gpu_count < least.gpu_count {
            *least = offer;
        }
        if offer.gpu_count > most.gpu_count {
            *most = offer;
        }
    }
    let apart = |(least, most): &(&Offer, &Offer)| 2 * most.gpu_count >= 3 * least.gpu_count;
    let votes: Vec<bool> = hosts.into_values().filter(apart).map(|(least, most)| in_proportion(least, most)).collect();
    votes.len() >= WITNESSES && votes.into_iter().all(|vote| vote)
}

/// Prices in the proportion of the GPUs, but for a tenth: many GPUs may be a little cheaper each.
fn in_proportion(a: &Offer, b: &Offer) -> bool {
    let (a, b) = (a.price_per_gpu.0 * Decimal::from(b.gpu_count), b.price_per_gpu.0 * Decimal::from(a.gpu_count));
    (a - b).abs() * Decimal::TEN <= a.max(b)
}
