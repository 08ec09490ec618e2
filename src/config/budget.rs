//! Budgets: what the fleet, or a part of it, may come to.

use crate::address::Target;
use crate::diag::Span;
use crate::lang::ast::Attribute;
use crate::money::Usd;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// USD per hour.
    MaxHourlyCost,
    /// USD per month.
    MaxMonthlyCost,
    /// Machines.
    MaxInstances,
    /// GPUs of all machines.
    MaxGpus,
    /// USD per GPU-hour of each machine.
    MaxPricePerGpu,
    /// By how much one plan may raise what is paid per hour, in percent of what is paid now.
    MaxIncreasePercent,
    /// Hours that the balance must last.
    MinRunway,
}

impl Limit {
    /// In the order of docs/resources.md.
    pub const ALL: [Limit; 7] = [
        Limit::MaxHourlyCost,
        Limit::MaxMonthlyCost,
        Limit::MaxInstances,
        Limit::MaxGpus,
        Limit::MaxPricePerGpu,
        Limit::MaxIncreasePercent,
        Limit::MinRunway,
    ];

    /// The name of its argument.
    pub fn name(self) -> &'static str {
        match self {
            Limit::MaxHourlyCost => "max_hourly_cost",
            Limit::MaxMonthlyCost => "max_monthly_cost",
            Limit::MaxInstances => "max_instances",
            Limit::MaxGpus => "max_gpus",
            Limit::MaxPricePerGpu => "max_price_per_gpu",
            Limit::MaxIncreasePercent => "max_increase_percent",
            Limit::MinRunway => "min_runway",
        }
    }

    /// An amount in its unit: `$4.80 per hour`, `3 instances`.
    pub fn amount(self, amount: Decimal) -> String {
        let counted = |what: &str| match amount == Decimal::ONE {
            true => format!("1 {what}"),
            false => format!("{} {what}s", amount.normalize()),
        };
        match self {
            Limit::MaxHourlyCost => format!("{} per hour", Usd(amount)),
            Limit::MaxMonthlyCost => format!("{:.2} a month", Usd(amount)),
            Limit::MaxInstances => counted("instance"),
            Limit::MaxGpus => counted("GPU"),
            Limit::MaxPricePerGpu => format!("{} per GPU-hour", Usd(amount)),
            Limit::MaxIncreasePercent => format!("{}%", amount.round_dp(1).normalize()),
            Limit::MinRunway => hours(amount),
        }
    }
}

/// `40 min`, `9.5 h`, `310 h`: never more than it is.
pub fn hours(hours: Decimal) -> String {
    let floor = |places| hours.round_dp_with_strategy(places, RoundingStrategy::ToZero).normalize();
    match hours {
        short if short < Decimal::ONE => format!("{} min", (short * Decimal::from(60)).floor()),
        some if some < Decimal::ONE_HUNDRED => format!("{} h", floor(1)),
        _ => format!("{} h", floor(0)),
    }
}

/// A `budget` block, evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Its label.
    pub name: Option<String>,
    /// `for`: what it covers; empty for everything.
    pub targets: Vec<Target>,
    /// In dollars, pieces, percent or hours.
    pub limits: BTreeMap<Limit, Decimal>,
}

impl fmt::Display for Budget {
    /// `budget "gpus"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "budget \"{name}\""),
            None => f.write_str("the budget"),
        }
    }
}

/// A `budget` block as it stands.
#[derive(Clone, Debug)]
pub struct BudgetBlock {
    /// Its label.
    pub name: Option<Arc<str>>,
    /// `for`, and where each stands.
    pub targets: Vec<(Target, Span)>,
    /// Everything else.
    pub limits: Vec<Attribute>,
    /// The header of its block.
    pub span: Span,
}
