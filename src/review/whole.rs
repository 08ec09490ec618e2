//! A whole plan, described.

use super::cost::FleetCost;
use super::danger::{Danger, dangers};
use super::described::{Described, Drifted};
use super::doubt::Doubt;
use super::output::DescribedOutput;
use super::shown::Shown;
use crate::address::InstanceAddr;
use crate::config::CheckResult;
use crate::lang::stack::at_once;
use crate::market::Proof;
use crate::plan::{Action, Approval, ApprovalDigest, Budgeted, Plan, PlanMode, PlannedVariable, Runway, StepAction};
use crate::state::digest::SecretKey;
use jiff::Timestamp;
use std::collections::HashMap;

/// A plan, described. It borrows from the plan, and holds nothing of it that must not be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Review<'p> {
    /// What the plan is for.
    pub mode: PlanMode,
    /// When it was made, by the server's clock.
    pub made_at: Timestamp,
    /// As of when the account was seen, where that is not live.
    pub as_of: Option<Timestamp>,
    /// The digest of what is approved with it, where it is told.
    pub digest: Option<ApprovalDigest>,
    /// The fleet.
    pub fleet: Option<&'p str>,
    /// What it comes to.
    pub verdict: Verdict,
    /// How many objects have what happen to them.
    pub counts: Counts,
    /// What a reviewer must not overlook, the worst first.
    pub dangers: Vec<Danger<'p>>,
    /// What changed outside of podform, by address.
    pub drift: Vec<Drifted<'p>>,
    /// Data sources that were read for it, by address.
    pub reads: Vec<&'p InstanceAddr>,
    /// Every object, by address, those that do not change included.
    pub changes: Vec<Described<'p>>,
    /// Every root output, by name, those that do not change included.
    pub outputs: Vec<DescribedOutput<'p>>,
    /// What the fleet costs.
    pub cost: FleetCost<'p>,
    /// How long the balance lasts.
    pub runway: &'p Runway,
    /// The budgets, and what the plan comes to against each.
    pub budgets: &'p [Budgeted],
    /// How good the choice of offers is, where any are chosen.
    pub proof: Option<Proof>,
    /// Operations without a known outcome.
    pub in_doubt: Vec<Doubt<'p>>,
    /// Instances that no offer satisfies and that were left out.
    pub left_out: &'p [InstanceAddr],
    /// `-target` or `-exclude` narrowed the plan.
    pub narrowed: bool,
    /// How the configuration's own rules came out, by address.
    pub checks: &'p [CheckResult],
    /// Root variables by name; `None` for a sensitive one.
    pub variables: Vec<(&'p str, Option<Shown<'p>>)>,
}

/// What a plan comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An apply would call, or change what is recorded.
    Changes,
    /// There is nothing to destroy.
    NothingToDestroy,
    /// Only live objects changed, and nothing but the state would.
    OnlyDrift,
    /// Live is as recorded.
    AsRecorded,
    /// Nothing can be done now, but something is in doubt, left out or does not work.
    NothingNow,
    /// Live is as the configuration says.
    AsConfigured,
}

/// How many objects have what happen to them. A replacement is an addition and a removal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Become recorded.
    pub imported: usize,
    /// Are made.
    pub added: usize,
    /// Change in place.
    pub changed: usize,
    /// Are removed.
    pub destroyed: usize,
    /// Are no longer recorded.
    pub forgotten: usize,
}

/// Changes from which a review and an approval are made on two processors: to start a thread takes as long as for some of
/// these.
const WORTH_A_THREAD: usize = 100;

impl<'p> Review<'p> {
    /// Of a plan, with what is approved of it. Each takes as long as the other, so they are made at once where there is much
    /// of them. The key makes the digests of secrets.
    pub fn with_approval(plan: &'p Plan, key: &SecretKey) -> (Self, Approval) {
        let approve = || {
            let approval = Approval::of(plan, key);
            let digest = approval.digest();
            (approval, digest)
        };
        let news = plan.changes.iter().filter(|change| change.is_news()).count();
        let (review, (approval, digest)) = match news > WORTH_A_THREAD {
            true => at_once(|| Self::of(plan), approve),
            false => (Self::of(plan), approve()),
        };
        (Self { digest: Some(digest), ..review }, approval)
    }

    /// Of a plan.
    pub fn of(plan: &'p Plan) -> Self {
        let new_first = made_first(plan);
        let changes: Vec<Described<'p>> = (plan.changes.iter())
            .map(|change| {
                let first = change.action == Action::Replace && new_first.get(&change.address).is_some_and(|f| *f);
                Described::of(change, first)
            })
            .collect();
        let in_doubt: Vec<Doubt<'p>> = plan.in_doubt.iter().map(Doubt::of).collect();
        let variable = |(name, variable): (&'p String, &'p PlannedVariable)| match variable {
            PlannedVariable::Plain(value) => (name.as_str(), Some(Shown::of(value))),
            PlannedVariable::Secret(_) => (name.as_str(), None),
        };
        Self {
            mode: plan.mode,
            made_at: plan.made_at,
            as_of: None,
            digest: None,
            fleet: plan.fleet.as_deref(),
            verdict: verdict(plan),
            counts: counts(plan),
            dangers: dangers(&changes, &in_doubt),
            drift: plan.drift.iter().map(Drifted::of).collect(),
            reads: plan.data.keys().collect(),
            cost: FleetCost::of(plan, &changes),
            runway: &plan.runway,
            budgets: &plan.budgets,
            proof: changes.iter().any(|change| change.placed.is_some()).then_some(plan.proof),
            changes,
            outputs: plan.outputs.iter().map(DescribedOutput::of).collect(),
            in_doubt,
            left_out: &plan.left_out,
            narrowed: plan.narrowed,
            checks: &plan.checks,
            variables: plan.variables.iter().map(variable).collect(),
        }
    }

    /// With the digest of what is approved.
    #[must_use]
    pub fn approving(self, approval: &Approval) -> Self {
        Self { digest: Some(approval.digest()), ..self }
    }

    /// Of an account that was seen then, where that is not live.
    #[must_use]
    pub fn seen(self, as_of: Option<Timestamp>) -> Self {
        Self { as_of, ..self }
    }

    /// Changes that a reader must see.
    pub fn news(&self) -> impl Iterator<Item = &Described<'p>> + Clone {
        self.changes.iter().filter(|change| change.difference.is_some())
    }

    /// Objects that do not change, and of which there is something to say: nobody would read it otherwise.
    pub fn noted(&self) -> impl Iterator<Item = &Described<'p>> + Clone {
        self.changes.iter().filter(|change| change.action == Action::NoOp && !change.remarks.is_empty())
    }
}

/// By address, whether the new object is made before the old one goes, as the steps say.
fn made_first(plan: &Plan) -> HashMap<&InstanceAddr, bool> {
    let mut first = HashMap::new();
    for step in plan.steps.iter().filter(|step| step.deposed.is_none()) {
        match step.action {
            StepAction::Create(_) => first.entry(&step.address).or_insert(true),
            StepAction::Delete(_) => first.entry(&step.address).or_insert(false),
            StepAction::Update(_) | StepAction::Forget | StepAction::Read => continue,
        };
    }
    first
}

fn verdict(plan: &Plan) -> Verdict {
    match plan.mode {
        _ if plan.has_changes() => Verdict::Changes,
        PlanMode::Destroy => Verdict::NothingToDestroy,
        PlanMode::RefreshOnly if plan.drift.is_empty() => Verdict::AsRecorded,
        PlanMode::RefreshOnly => Verdict::OnlyDrift,
        PlanMode::Normal if !plan.in_doubt.is_empty() || !plan.left_out.is_empty() || plan.has_unhealthy() => {
            Verdict::NothingNow
        }
        PlanMode::Normal => Verdict::AsConfigured,
    }
}

fn counts(plan: &Plan) -> Counts {
    let replaced = plan.count(Action::Replace);
    Counts {
        imported: plan.imports.len(),
        added: plan.count(Action::Create) + replaced,
        changed: plan.count(Action::Update),
        destroyed: plan.count(Action::Delete) + replaced,
        forgotten: plan.count(Action::Forget),
    }
}
