//! What has moved in the market, line by line.

use crate::live::Offer;
use crate::market::Moved;
use crate::money::Usd;
use crate::render::style::{ADD, CHANGE, REMOVE, Style};
use crate::render::words::offer_text;
use crate::schema::dollars;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// `12:00:31 + 1x RTX 4090 in Europe/PL at $0.31 per GPU-hour`; of a price also what it was.
pub fn moved_line(moved: &Moved<'_>, now: Timestamp, style: Style) -> String {
    let time = now.strftime("%H:%M:%S");
    let line = match moved {
        Moved::New(offer) => style.paint(ADD, &format!("+ {}", offer_text(offer))),
        Moved::Gone(offer) => style.paint(REMOVE, &format!("- {}", offer_text(offer))),
        Moved::Price(offer, before) => {
            style.paint(CHANGE, &format!("~ {}, {}", offer_text(offer), from(offer, *before)))
        }
    };
    format!("{time} {line}")
}

/// `up from $0.29`.
fn from(offer: &Offer, before: Usd) -> String {
    let way = if offer.price_per_gpu > before { "up" } else { "down" };
    format!("{way} from {before}")
}

/// One object a move; `change` is `new`, `gone` or `price`.
pub fn moved_json(moved: &Moved<'_>, now: Timestamp) -> Json {
    let (change, offer, before) = match moved {
        Moved::New(offer) => ("new", offer, None),
        Moved::Gone(offer) => ("gone", offer, None),
        Moved::Price(offer, before) => ("price", offer, Some(*before)),
    };
    json!({
        "at": now.to_string(),
        "change": change,
        "iri": offer.iri,
        "gpu_model": offer.gpu_model,
        "gpu_count": offer.gpu_count,
        "region": offer.facts.region,
        "country": offer.facts.country,
        "price_per_gpu": dollars(offer.price_per_gpu),
        "price_before": before.map(dollars),
        "host": offer.host,
    })
}
