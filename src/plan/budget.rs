//! Budgets, and what a plan comes to against each.

use crate::config::{Budget, Limit};
use crate::money::Usd;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How a plan stands to one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Within it, whatever offers are rented of those approved.
    Kept,
    /// Within it, but dearer offers inside what is approved would not be.
    AtRisk,
    /// Beyond it, as before: the plan does not raise it.
    Over,
    /// The plan takes it beyond.
    Broken,
}

/// One limit of a budget, and what the plan comes to in its unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Which.
    pub limit: Limit,
    /// What it allows: at most so much, or, of the runway, at least.
    pub allowed: Decimal,
    /// Now; `None` where there is nothing to tell (a runway without cost, an increase).
    pub now: Option<Decimal>,
    /// Afterwards.
    pub expected: Option<Decimal>,
    /// In the worst case, whichever offers are rented inside what is approved.
    pub at_worst: Option<Decimal>,
    /// While machines stand beside those that replace them; `None` where it is never more than afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_peak: Option<Decimal>,
    /// What that means.
    pub standing: Standing,
}

/// A budget, and what a plan comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budgeted {
    /// The budget.
    pub budget: Budget,
    /// By limit.
    pub measured: Vec<Measured>,
}

/// What a machine counts for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// USD per hour.
    pub cost: Usd,
    /// GPUs.
    pub gpus: u32,
    /// USD per GPU-hour, where it is known.
    pub price: Option<Usd>,
}

/// A rent that a budget refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place among the budgets of the plan.
    pub budget: usize,
    /// Which limit.
    pub limit: Limit,
    /// What it allows.
    pub allowed: Decimal,
    /// What it would be.
    pub amount: Decimal,
}
