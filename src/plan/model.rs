//! The plan: the complete program of an apply.

use super::budget::Budgeted;
use super::remark::Remark;
use super::runway::Runway;
use crate::address::{InstanceAddr, ObjectKind};
use crate::config::CheckResult;
use crate::lang::Value;
use crate::market::{Placed, Proof};
use crate::money::Usd;
use crate::path::ValuePath;
use crate::schema::Rest;
use crate::state::{AccountIdentity, Expired, Intent, Record, SecretDigest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the plan is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanMode {
    /// Make the account what the configuration says.
    #[default]
    Normal,
    /// Release and delete everything recorded.
    Destroy,
    /// Only take what is live into the state.
    RefreshOnly,
}

/// What happens to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Made.
    Create,
    /// Changed in place.
    Update,
    /// Removed, then made anew: re-rent.
    Replace,
    /// Removed.
    Delete,
    /// Gone already: only forgotten.
    Forget,
    /// A data source that can only be read during the apply.
    Read,
}

/// Why, where the difference does not tell it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its block is gone from the configuration.
    NoBlock,
    /// The instance of the module that holds it is gone from the configuration.
    NoModule,
    /// Its key is no more in `count` or `for_each`.
    NoKey,
    /// Its block repeats by other means, or not any more: it has no such key.
    OtherRepetition,
    /// `enabled` is false.
    Disabled,
    /// `destroy`.
    Destroy,
    /// `-replace`.
    Requested,
    /// Another one like it is cheaper, and that is asked for.
    Rebalanced,
    /// The last apply left it unfit, with these words.
    Tainted(String),
    /// It does not work, in these words, and `replace_unhealthy` says that another one is rented.
    Unhealthy(String),
    /// The live object is gone.
    Gone,
    /// The arguments of a data source are not known yet.
    ConfigUnknown,
    /// What a data source depends on changes first.
    DependencyPending,
    /// Left over from a replace that did not come to its end.
    Deposed,
    /// `replace_triggered_by` names something that changes.
    Triggered,
    /// `removed` with `destroy = false`: the object stays, unrecorded.
    LetGo,
    /// The template group changes, and `template_change` is "rent".
    Template(InstanceAddr),
    /// It is not wanted now.
    Rests {
        /// Why.
        rest: Rest,
        /// What the machine costs in the parts of a month in which it is not wanted, USD.
        saves: Usd,
    },
    /// The recorded facts of its offer fail these requirements now ("offer.min_memory").
    Unfit(Vec<ValuePath>),
}

/// The planned change of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Which object.
    pub address: InstanceAddr,
    /// The key of a deposed object: one that was replaced and is not removed yet.
    pub deposed: Option<String>,
    /// What happens.
    pub action: Action,
    /// Why.
    pub reason: Option<Reason>,
    /// The object of the schema as it is; `None` for a create. A secret is a marked placeholder that equals `after`'s
    /// exactly if the secret is unchanged.
    pub before: Option<Value>,
    /// The object of the schema as it will be, unknown where only the apply will tell; `None` for a delete.
    pub after: Option<Value>,
    /// Its address in the state, where that is another one.
    pub moved_from: Option<InstanceAddr>,
    /// The id under which the account holds it, where it was not recorded so far.
    pub importing: Option<String>,
    /// Attributes whose change forces the replace ("gpu_model", "offer.min_memory").
    pub forced_by: Vec<ValuePath>,
    /// `prevent_destroy`, as it will be recorded.
    pub prevent_destroy: bool,
    /// `create_before_destroy`: a replace makes the new object first.
    pub create_first: bool,
    /// The chosen offer, for a rent.
    pub placed: Option<Arc<Placed>>,
    /// USD per hour now.
    pub cost_before: Usd,
    /// USD per hour afterwards.
    pub cost_after: Usd,
    /// The live object carries no mark of ours, or not this one: its notes are sent anew (invariant 4), before a release too.
    pub repair_mark: bool,
    /// `-target` or `-exclude` leaves it out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_out: bool,
    /// What the reader should know beside the difference.
    pub remarks: Vec<Remark>,
}

impl Change {
    /// True where a reader must see it: something happens to the object, or to its address.
    pub fn is_news(&self) -> bool {
        self.action != Action::NoOp || self.moved_from.is_some() || self.importing.is_some()
    }

    /// Why it is not wanted now, for what is declared all the same.
    pub fn rest(&self) -> Option<&Rest> {
        match &self.reason {
            Some(Reason::Rests { rest, .. }) => Some(rest),
            _ => self.remarks.iter().find_map(|remark| match remark {
                Remark::Rests(rest) => Some(rest),
                _ => None,
            }),
        }
    }

    /// USD per hour afterwards at most, whichever offer is rented inside what is approved.
    pub fn worst_case(&self) -> Usd {
        self.placed.as_ref().map_or(self.cost_after, |placed| placed.envelope.worst_case(&placed.offer))
    }

    /// True for a machine that goes on, changed in place or not at all.
    pub(super) fn keeps_machine(&self) -> bool {
        matches!(self.action, Action::NoOp | Action::Update)
            && self.address.resource.object_kind().is_some_and(ObjectKind::is_rented)
    }
}

/// How live differs from recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// It is gone.
    Gone,
    /// Attributes differ: name, recorded, live.
    Changed(Vec<(String, Value, Value)>),
}

/// The drift of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Which object.
    pub address: InstanceAddr,
    /// How.
    pub kind: DriftKind,
    /// The object as recorded.
    pub before: Value,
    /// The object as it is live; `None` where it is gone.
    pub after: Option<Value>,
}

/// The change of one root output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// What it was; a marked null for a sensitive one.
    pub before: Option<Value>,
    /// What it will be; `None` where it goes.
    pub after: Option<Value>,
    /// True where before and after differ, or cannot be compared.
    pub changed: bool,
    /// Hidden by the configuration.
    pub sensitive: bool,
}

/// A root variable as the plan was made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedVariable {
    /// Its value.
    Plain(Value),
    /// A sensitive one: only the digest of its JSON, to be given again at apply.
    Secret(SecretDigest),
}

/// A step of the program, by its place in [`Plan::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepId(pub usize);

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAction {
    /// POST of a new object.
    Create(ObjectKind),
    /// PUT of an object; where nothing is to be sent, only the record changes.
    Update(ObjectKind),
    /// DELETE of an object.
    Delete(ObjectKind),
    /// The record goes, nothing is called: the object is gone already.
    Forget,
    /// GETs of a data source.
    Read,
}

impl StepAction {
    /// POST of a rent.
    pub const RENT: StepAction = StepAction::Create(ObjectKind::Instance);

    /// Whether it takes an offer of the market.
    pub fn rents(self) -> bool {
        match self {
            StepAction::Create(kind) => kind.is_rented(),
            StepAction::Update(_) | StepAction::Delete(_) | StepAction::Forget | StepAction::Read => false,
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What it does.
    pub action: StepAction,
    /// To which object.
    pub address: InstanceAddr,
    /// Its key, where it is a deposed one.
    pub deposed: Option<String>,
    /// Steps that must be done before.
    pub needs: Vec<StepId>,
}

/// The fleet's cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostSummary {
    /// USD per hour now.
    pub before: Usd,
    /// USD per hour afterwards.
    pub after: Usd,
    /// Machines that stay, and whose price nobody could read: they are in neither sum.
    pub unpriced: usize,
}

/// The complete program of an apply, and all that a reviewer must see. A pure function of (configuration, variables,
/// recorded, live, market).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What it is for.
    pub mode: PlanMode,
    /// The fleet.
    pub fleet: Option<String>,
    /// The state it was made against; empty for none yet.
    pub lineage: String,
    /// The state it was made against.
    pub serial: u64,
    /// The account it was made against.
    pub account: AccountIdentity,
    /// The id of the key under which its secrets are digests ([`Plan::sealed`]); `None` while it holds them.
    pub sealed_by: Option<String>,
    /// Root variables that the configuration declares.
    pub variables: BTreeMap<String, PlannedVariable>,
    /// Every object, by address, those that do not change included.
    pub changes: Vec<Change>,
    /// By address.
    pub drift: Vec<Drift>,
    /// By name.
    pub outputs: Vec<OutputChange>,
    /// How the configuration's own rules came out, by address.
    pub checks: Vec<CheckResult>,
    /// The program. A step needs only steps before it.
    pub steps: Vec<Step>,
    /// How good the choice of its offers is.
    pub proof: Proof,
    /// Data sources as they were read. Not saved: they are read anew for an apply, for they may hold what is secret.
    #[serde(skip)]
    pub data: BTreeMap<InstanceAddr, Value>,
    /// Records of imported objects, by address. Taken over before the first step.
    pub imports: Vec<(InstanceAddr, Record)>,
    /// Recorded objects with another address than before: old and new. Taken over before the first step.
    pub moves: Vec<(InstanceAddr, InstanceAddr)>,
    /// Records as live shows them, where that differs: taken over before the first step.
    pub refresh: Vec<(InstanceAddr, Record)>,
    /// Ends that are remembered, or forgotten. Taken over before the first step.
    pub expired: Vec<(InstanceAddr, Option<Expired>)>,
    /// When it was made, by the server's clock.
    pub made_at: Timestamp,
    /// Of everything recorded and planned.
    pub cost: CostSummary,
    /// How long the balance lasts.
    pub runway: Runway,
    /// The budgets, and what the plan comes to against each; none where nothing is rented by it.
    pub budgets: Vec<Budgeted>,
    /// Intents without a known outcome: their addresses are not rented.
    pub in_doubt: Vec<Intent>,
    /// Instances that no offer satisfies and that `-allow-partial` left out.
    pub left_out: Vec<InstanceAddr>,
    /// `-target` or `-exclude` narrowed it.
    pub narrowed: bool,
}

impl Plan {
    /// True where an apply would call, or change the state's outputs.
    pub fn has_changes(&self) -> bool {
        !self.steps.is_empty()
            || !self.moves.is_empty()
            || !self.imports.is_empty()
            || self.outputs.iter().any(|output| output.changed)
    }

    /// True where a machine does not work, and stays.
    pub fn has_unhealthy(&self) -> bool {
        self.changes.iter().any(|change| change.remarks.iter().any(Remark::is_unhealthy))
    }

    /// The change of an address.
    pub fn change(&self, address: &InstanceAddr) -> Option<&Change> {
        self.find(address, None)
    }

    /// The change that a step belongs to.
    pub fn change_of(&self, step: &Step) -> Option<&Change> {
        self.find(&step.address, step.deposed.as_deref())
    }

    fn find(&self, address: &InstanceAddr, deposed: Option<&str>) -> Option<&Change> {
        let order = |change: &Change| change.address.cmp(address).then(change.deposed.as_deref().cmp(&deposed));
        self.changes.get(self.changes.binary_search_by(order).ok()?)
    }

    /// How many objects have this action.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }
}
