//! Whether the balance lasts (API sheet §6): looked at before anything is rented, and before each rent.

use super::budgets::{Budgets, short};
use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::diag::{Diagnostic, Severity};
use crate::live::Account;
use crate::plan::{Plan, Runway};

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
