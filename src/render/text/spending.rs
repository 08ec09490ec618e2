//! What a plan comes to against the budgets, and how long the balance lasts.

use super::page::{Page, Sign};
use crate::plan::Standing;
use crate::render::style::{BOLD, CHANGE, wrap};
use crate::render::words::{measured_text, runway_sentence};
use crate::review::Review;

/// A line for each limit, and one for the balance.
pub fn spending(page: &mut Page, review: &Review<'_>) {
    if !review.budgets.is_empty() {
        page.gap();
        page.line(1, Sign::Same, &page.style.paint(BOLD, "Budgets"));
    }
    for of in review.budgets {
        let name = of.budget.name.as_deref().map_or(String::new(), |name| format!("{name}: "));
        let covered: Vec<String> = of.budget.targets.iter().map(ToString::to_string).collect();
        let covered = if covered.is_empty() { String::new() } else { format!(" ({})", covered.join(", ")) };
        // What cannot be measured (an increase over nothing) is kept.
        for measured in of.measured.iter().filter(|measured| measured.expected.is_some()) {
            let text = format!("{name}{} {}{covered}", measured.limit.name(), measured_text(measured));
            let paint = match measured.standing {
                Standing::Kept => anstyle::Style::new(),
                Standing::AtRisk | Standing::Over | Standing::Broken => CHANGE,
            };
            for (at, line) in wrap(&text, page.style.columns().saturating_sub(6)).iter().enumerate() {
                let indent = if at == 0 { "" } else { "  " };
                page.line(1, Sign::Same, &format!("{indent}{}", page.style.paint(paint, line)));
            }
        }
    }
    if let Some(runway) = runway_sentence(review.runway) {
        // Below the costs, unless budgets stand between.
        if !review.budgets.is_empty() {
            page.gap();
        }
        page.line(1, Sign::Same, &runway);
    }
}
