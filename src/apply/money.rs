//! The balance before anything is rented (API sheet §6).

use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::diag::{Diagnostic, Severity};
use crate::live::Account;
use crate::money::Usd;
use crate::plan::Plan;

/// What the rents of a plan cost per hour.
pub(super) fn rents(plan: &Plan) -> Usd {
    let rents = plan.steps.iter().filter(|step| step.action.rents());
    rents.filter_map(|step| plan.change(&step.address)).map(|change| change.cost_after).sum()
}

/// An error where the balance does not last an hour of the new machines: they would die under way. A warning where
/// nobody can tell. `read` is the account where it was read a moment ago.
pub(super) async fn check<C: Cloud>(cloud: &C, plan: &Plan, read: Option<Account>) -> Option<Diagnostic> {
    let needed = rents(plan);
    if needed == Usd::ZERO {
        return None;
    }
    let account = match read {
        Some(account) => Ok(account),
        None => cloud.account().await,
    };
    match account {
        Ok(account) => match account.balance {
            Some(balance) if balance < needed => {
                let detail = format!(
                    "The machines of this plan cost {needed} per hour, and the account holds {balance}. Machines die when the balance is used up. Nothing was called: top up the account, or rent less (-target applies a part)."
                );
                Some(Diagnostic::error("Balance too low", detail))
            }
            _ => None,
        },
        Err(error) => {
            let told = fault("Reading the balance before renting", &error);
            Some(Diagnostic { severity: Severity::Warning, ..told })
        }
    }
}
