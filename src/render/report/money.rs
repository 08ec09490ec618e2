//! What changes, and what it costs, in one sentence each.

use crate::money::Usd;
use crate::render::words::{cost_sentence, measured_text, planned, runway_sentence};
use crate::review::{Review, Verdict};

/// `2 to add, 1 to change, 0 to destroy`, or that there is nothing to do.
pub fn verdict(review: &Review<'_>) -> String {
    match review.verdict {
        Verdict::Changes => planned(review.counts).trim_end_matches('.').to_owned(),
        Verdict::OnlyDrift => "Only the state would change: objects have changed outside of podform".to_owned(),
        Verdict::NothingNow => "Nothing to do now".to_owned(),
        Verdict::NothingToDestroy | Verdict::AsRecorded | Verdict::AsConfigured => "No changes".to_owned(),
    }
}

/// With its sign.
pub fn signed(amount: Usd) -> String {
    if amount > Usd::ZERO { format!("+{amount:.2}") } else { format!("{amount:.2}") }
}

/// `$1.0300 -> $0.8832 per hour (-$107.20 a month), at most $1.1632 per hour`.
pub fn cost(review: &Review<'_>) -> String {
    let cost = &review.cost;
    if !cost.moves {
        return cost_sentence(cost.after, cost.unpriced).trim_end_matches('.').to_owned();
    }
    let month = signed((cost.after - cost.before).per_month());
    let most =
        if cost.worst_case > cost.after { format!(", at most {:.4} per hour", cost.worst_case) } else { String::new() };
    let unpriced = match cost.unpriced {
        0 => String::new(),
        n => format!("; {n} without a known price"),
    };
    format!("{:.4} \u{2192} {:.4} per hour ({month} a month){most}{unpriced}", cost.before, cost.after)
}

/// A line for each limit of a budget, and one for the balance.
pub fn spending(review: &Review<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for of in review.budgets {
        for measured in of.measured.iter().filter(|measured| measured.expected.is_some()) {
            lines.push(format!("{}: {} {}", of.budget, measured.limit.name(), measured_text(measured)));
        }
    }
    lines.extend(runway_sentence(review.runway).map(|line| line.trim_end_matches('.').to_owned()));
    lines
}
