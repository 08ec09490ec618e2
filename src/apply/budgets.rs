//! The budgets at apply time: checked again, hard, before every rent, by what the offer really costs.

use super::step::Stop;
use crate::address::InstanceAddr;
use crate::config::{BudgetBlock, Limit, Program};
use crate::diag::Diagnostic;
use crate::live::{Machine, Offer};
use crate::market::Placed;
use crate::money::Usd;
use crate::plan::{Change, Guard, Load, Plan, Refused, Runway, load, refused, too_short};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// What the budgets of one apply allow.
pub(super) struct Budgets<'a> {
    plan: &'a Plan,
    blocks: &'a [BudgetBlock],
    guard: Mutex<Guard>,
    /// As it was read before the first rent.
    balance: OnceLock<Usd>,
}

impl<'a> Budgets<'a> {
    pub fn of(plan: &'a Plan, program: &'a Program) -> Budgets<'a> {
        let settings = program.configuration.root().settings.as_ref();
        let blocks = settings.map(|settings| settings.budgets.as_slice()).unwrap_or_default();
        Budgets { plan, blocks, guard: Mutex::new(Guard::of(plan)), balance: OnceLock::new() }
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the budgets stand.
    pub fn blocks(&self) -> &'a [BudgetBlock] {
        self.blocks
    }

    /// What pays for everything.
    pub fn pays(&self, balance: Usd) {
        self.balance.get_or_init(|| balance);
    }

    /// Counts a rent that is about to be sent.
    ///
    /// # Errors
    /// A budget does not allow it, or the balance would not last.
    pub fn admit(&self, address: &InstanceAddr, placed: &Placed, offer: &Offer) -> Result<(), Stop> {
        let mut guard = self.guard();
        let load = load(placed, offer);
        let runway = guard.runway(self.balance.get().copied(), address, load);
        if let Some(short) = short(self.plan, &runway, self.blocks) {
            return Err(Stop::Failed(short.on(address).into()));
        }
        let admitted = guard.admit(address, load);
        admitted.map_err(|why| Stop::Failed(refused(self.plan, &why, self.blocks).on(address).into()))
    }

    /// Counts a machine that was rented for what it really bills.
    pub fn count(&self, address: &InstanceAddr, machine: &Machine) {
        if let (Some(cost), Some(gpus)) = (machine.hourly_cost(), machine.gpu_count) {
            self.guard().count(address, Load { cost, gpus, price: machine.price_per_gpu });
        }
    }

    /// A release failed: the machine bills on.
    pub fn stays(&self, change: &Change) {
        self.guard().stays(change);
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
