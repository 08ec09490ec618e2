//! What is said of budgets and of the balance.

use super::budget::{Budgeted, Measured, Refused, Standing};
use super::measure::{Item, adding, covers, exceeds};
use super::model::Plan;
use super::runway::Runway;
use crate::address::InstanceAddr;
use crate::config::{Budget, BudgetBlock, Limit, hours};
use crate::diag::{Diagnostic, Diagnostics, Topic};
use rust_decimal::Decimal;

/// So many addresses tell the story.
const SHOWN: usize = 5;

/// `max_hourly_cost = $5.00 per hour of budget "gpus"`.
pub(super) fn allowance(budget: &Budget, limit: Limit, allowed: Decimal) -> String {
    let least = if limit == Limit::MinRunway { "asks for at least" } else { "allows at most" };
    let covered = match budget.targets.as_slice() {
        [] => String::new(),
        targets => format!(" for {}", targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    };
    format!("{budget} {least} {} ({}){covered}", limit.amount(allowed), limit.name())
}

/// At the start of a sentence.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// What breaks a budget, or may, or does already. `blocks` are where they stand.
pub(super) fn told(budgets: &[Budgeted], blocks: &[BudgetBlock], items: &[Item<'_>]) -> Diagnostics {
    let mut told = Diagnostics::new();
    for (at, Budgeted { budget, measured }) in budgets.iter().enumerate() {
        for measured in measured {
            let found = match measured.standing {
                Standing::Kept => continue,
                Standing::AtRisk => at_risk(budget, measured),
                Standing::Over => over(budget, measured),
                Standing::Broken => broken(budget, measured, items),
            };
            told.push(placed(found, blocks.get(at)));
        }
    }
    told
}

fn placed(found: Diagnostic, block: Option<&BudgetBlock>) -> Diagnostic {
    match block {
        Some(block) => found.at(block.span),
        None => found,
    }
}

fn broken(budget: &Budget, measured: &Measured, items: &[Item<'_>]) -> Diagnostic {
    let limit = measured.limit;
    let ceiling = measured.now.map_or(measured.allowed, |now| now.max(measured.allowed));
    let fits_afterwards = measured.expected.is_some_and(|expected| !exceeds(expected, ceiling));
    if let Some(peak) = measured.at_peak.filter(|_| fits_afterwards) {
        return crowded(budget, measured, peak, items);
    }
    let (comes, now) = (amount(limit, measured.expected), measured.now.map(|now| limit.amount(now)));
    let now = now.map_or(String::new(), |now| format!(", and it is {now} now"));
    let comes = match limit {
        Limit::MaxPricePerGpu => format!("This plan would rent at {comes}."),
        Limit::MaxIncreasePercent => format!("This plan would raise the cost per hour by {comes}."),
        Limit::MinRunway => format!("With this plan the balance would last {comes}{now}."),
        _ => format!("This plan would come to {comes}{now}."),
    };
    let detail =
        format!("{}. {comes}{}", capital(&allowance(budget, limit, measured.allowed)), adders(budget, measured, items));
    let hint = match limit {
        Limit::MinRunway => "Top up the account, or rent less (-target applies a part).".to_owned(),
        _ => format!("Rent less (-target applies a part), or raise {}.", limit.name()),
    };
    Diagnostic::error("Over budget", detail).with_hint(hint).about(Topic::OverBudget)
}

/// What fits afterwards, and not while machines stand beside those that replace them.
fn crowded(budget: &Budget, measured: &Measured, peak: Decimal, items: &[Item<'_>]) -> Diagnostic {
    let limit = measured.limit;
    let replaced = items.iter().filter(|item| item.beside.is_some() && covers(budget, item.address));
    let replaced: Vec<String> = replaced.map(|item| item.address.to_string()).collect();
    let detail = format!(
        "{}. This plan would come to {} while machines are replaced that stay until their replacements stand (create_before_destroy): {}.",
        capital(&allowance(budget, limit, measured.allowed)),
        limit.amount(peak),
        shown(replaced)
    );
    let hint = format!(
        "Replace fewer at once (-target), release them first (without create_before_destroy), or raise {}.",
        limit.name()
    );
    Diagnostic::error("Over budget", detail).with_hint(hint).about(Topic::OverBudget)
}

/// The first of many.
fn shown(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

/// Which addresses add how much.
fn adders(budget: &Budget, measured: &Measured, items: &[Item<'_>]) -> String {
    let limit = match measured.limit {
        Limit::MaxIncreasePercent | Limit::MinRunway => Limit::MaxHourlyCost,
        limit => limit,
    };
    let adding = adding(budget, measured, items);
    if adding.is_empty() {
        return String::new();
    }
    let one = |(address, more): &(&InstanceAddr, Decimal)| format!("{address} {}", limit.amount(*more));
    let mut shown: Vec<String> = adding.iter().take(SHOWN).map(one).collect();
    if let Some(rest) = adding.get(SHOWN..).filter(|rest| !rest.is_empty()) {
        shown.push(match limit {
            Limit::MaxPricePerGpu => format!("and {} more", rest.len()),
            _ => format!("and {} more {}", rest.len(), limit.amount(rest.iter().map(|(_, more)| *more).sum())),
        });
    }
    let verb = if limit == Limit::MaxPricePerGpu { "It is above it at" } else { "What adds to it:" };
    format!(" {verb} {}.", shown.join(", "))
}

fn amount(limit: Limit, amount: Option<Decimal>) -> String {
    amount.map_or_else(|| "nothing".to_owned(), |amount| limit.amount(amount))
}

fn at_risk(budget: &Budget, measured: &Measured) -> Diagnostic {
    let limit = measured.limit;
    let detail = format!(
        "{}. This plan comes to {}; if planned offers vanish, dearer ones inside what is approved could make it {}.",
        capital(&allowance(budget, limit, measured.allowed)),
        amount(limit, measured.expected),
        amount(limit, measured.at_worst)
    );
    Diagnostic::warning("Budget could be exceeded", detail)
        .with_hint("What goes beyond the budget is refused before it is rented.")
}

fn over(budget: &Budget, measured: &Measured) -> Diagnostic {
    let limit = measured.limit;
    let (now, after) = (amount(limit, measured.now), amount(limit, measured.expected));
    let stands = match now == after {
        true => format!("It is {now}, and this plan does not change that"),
        false => format!("It is {now}, and {after} after this plan"),
    };
    let detail = format!(
        "{}. {stands}: it is not refused, for it makes nothing worse.",
        capital(&allowance(budget, limit, measured.allowed))
    );
    Diagnostic::warning("Still over budget", detail)
}

/// A rent that a budget refuses by what it really costs. `blocks` are where the budgets stand.
pub fn refused(plan: &Plan, refused: &Refused, blocks: &[BudgetBlock]) -> Diagnostic {
    let Refused { budget: at, limit, allowed, amount } = refused;
    let words = plan.budgets.get(*at).map(|of| allowance(&of.budget, *limit, *allowed)).unwrap_or_default();
    let comes = match limit {
        Limit::MaxPricePerGpu => format!("The offer costs {} now", limit.amount(*amount)),
        Limit::MinRunway => {
            let detail = format!(
                "{}. The balance would last {}: it is less, or more is paid, than when this was planned. Nothing more is rented.",
                capital(&words),
                limit.amount(*amount)
            );
            let hint = "Top up the account, or rent less (-target applies a part).";
            let told = Diagnostic::error("Over budget", detail).with_hint(hint).about(Topic::OverBudget);
            return placed(told, blocks.get(*at));
        }
        Limit::MaxIncreasePercent => {
            format!("With this rent the cost per hour would rise by {}", limit.amount(*amount))
        }
        _ => format!("With this rent the fleet would come to {}", limit.amount(*amount)),
    };
    let detail = format!("{}. {comes}: the market moved since the plan. Nothing was rented for it.", capital(&words));
    let told = Diagnostic::error("Over budget", detail).with_hint("Plan again.").about(Topic::OverBudget);
    placed(told, blocks.get(*at))
}

/// A balance on which an apply rents nothing; `None` where it lasts.
pub fn too_short(runway: &Runway) -> Option<Diagnostic> {
    let balance = runway.balance.filter(|_| runway.is_too_short())?;
    let detail = format!(
        "With the machines of this plan the account would cost {} per hour, and it holds {balance}: that lasts {}. Machines die when the balance is used up. Nothing more is rented: top up the account, or rent less (-target applies a part).",
        runway.after,
        hours(runway.hours(runway.after).unwrap_or_default())
    );
    Some(Diagnostic::error("Balance too low", detail))
}

/// What a plan leaves of the balance, where that is less than a day.
pub(super) fn little_left(plan: &Plan) -> Option<Diagnostic> {
    let runway = &plan.runway;
    let balance = runway.balance.filter(|_| runway.is_below(runway.after, Runway::WARNED))?;
    let detail = format!(
        "The account holds {balance}, and costs {} per hour: it lasts {}. Machines die when the balance is used up. Top up the account, or rent less.",
        runway.after,
        hours(runway.hours(runway.after).unwrap_or_default())
    );
    Some(Diagnostic::warning("Balance lasts less than a day", detail))
}
