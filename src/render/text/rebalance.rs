//! What could move to cheaper offers.

use crate::money::Usd;
use crate::plan::{Plan, moves};
use crate::render::words::{count, offer_text};

/// What `rebalance` prints.
pub fn rebalance_text(plan: &Plan) -> String {
    let moves = moves(plan);
    if moves.is_empty() {
        return "No machine could move to an offer that is worth it.\n".to_owned();
    }
    let title = ["Machine", "Now/h", "Then/h", "Saves/month", "Once"].map(str::to_owned);
    let row = |name: String, amounts: [String; 4]| {
        let [now, then, saves, once] = amounts;
        [name, now, then, saves, once]
    };
    let mut rows = vec![title];
    let mut total = [Usd::ZERO; 4];
    for one in &moves {
        let change = one.change;
        let saves = (change.cost_before - change.cost_after).per_month();
        let amounts = [change.cost_before, change.cost_after, saves, one.once()];
        total = std::array::from_fn(|at| total[at] + amounts[at]);
        let [now, then, saves, once] = amounts;
        let texts = [now.to_string(), then.to_string(), format!("{saves:.2}"), format!("{once:.2}")];
        rows.push(row(change.address.to_string(), texts));
    }
    let [now, then, saves, once] = total;
    let texts = [now.to_string(), then.to_string(), format!("{saves:.2}"), format!("{once:.2}")];
    rows.push(row(count(moves.len(), "machine"), texts));
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let offers = moves.iter().map(|one| one.change.placed.as_ref().map(|placed| offer_text(&placed.offer)));
    let offers = std::iter::once(Some("Offer".to_owned())).chain(offers).chain([None]);
    let mut text = String::new();
    for (row, offer) in rows.iter().zip(offers) {
        let [name, amounts @ ..] = row;
        let mut line = format!("{name:<0$}", widths[0]);
        for (amount, width) in amounts.iter().zip(&widths[1..]) {
            line.push_str(&format!("  {amount:>width$}"));
        }
        line.push_str(&offer.map(|offer| format!("  {offer}")).unwrap_or_default());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
