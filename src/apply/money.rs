//! Whether the balance lasts (API sheet §6): looked at before anything is rented, and before each rent.

use super::budgets::Budgets;
use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::config::{BudgetBlock, Limit};
use crate::diag::{Diagnostic, Severity};
use crate::live::Account;
use crate::plan::{Plan, Refused, Runway, refused, too_short};

/// An error where the balance lasts no hour of what the account would cost, or less than a budget asks for: machines would
/// die under way. A warning where nobody can tell. `read` is the account where it was read a moment ago.
pub(super) async fn check<C: Cloud>(
    cloud: &C,
    plan: &Plan,
    budgets: &Budgets<'_>,
    read: Option<Account>,
) -> Option<Diagnostic> {
    let account = match read {
        Some(account) => Ok(account),
        None => cloud.account().await,
    };
    match account {
        Ok(account) => {
            account.balance.into_iter().for_each(|balance| budgets.pays(balance));
            short(plan, &Runway { balance: account.balance, ..plan.runway }, budgets.blocks())
        }
        Err(error) => {
            let told = fault("Reading the balance before renting", &error);
            Some(Diagnostic { severity: Severity::Warning, ..told })
        }
    }
}

/// Why a balance does not last.
pub(super) fn short(plan: &Plan, runway: &Runway, blocks: &[BudgetBlock]) -> Option<Diagnostic> {
    too_short(runway).or_else(|| shorter_than_budgeted(plan, runway, blocks))
}

fn shorter_than_budgeted(plan: &Plan, runway: &Runway, blocks: &[BudgetBlock]) -> Option<Diagnostic> {
    // As in the plan: what costs no more than before is not refused.
    let hours = runway.hours(runway.after).filter(|_| runway.after.exceeds(runway.before))?;
    let asked = plan.budgets.iter().enumerate();
    let mut asked = asked.filter_map(|(at, of)| Some((at, *of.budget.limits.get(&Limit::MinRunway)?)));
    let (budget, allowed) = asked.find(|(_, allowed)| hours < *allowed)?;
    let short = Refused { budget, limit: Limit::MinRunway, allowed, amount: hours };
    Some(refused(plan, &short, blocks))
}
