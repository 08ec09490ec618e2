//! The planner: what a plan is made from, and what has been found out so far.

use super::diff::PlannedTemplate;
use super::model::{Change, Drift, PlanMode};
use super::moves::{Moves, now_called};
use super::select::{Selection, picks};
use crate::address::{InstanceAddr, ObjectKind, Target};
use crate::config::Program;
use crate::diag::Span;
use crate::lang::{Effects, Type, Value};
use crate::live::{GroupId, ObjectId, Orphan, Reads, Snapshot, Want};
use crate::path::ValuePath;
use crate::schema::group;
use crate::state::digest::SecretKey;
use crate::state::{AccountIdentity, Expired, Record, State, orphans};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How a plan is made.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// What it is for.
    pub mode: PlanMode,
    /// `-target`; empty for everything.
    pub targets: Vec<Target>,
    /// `-exclude`.
    pub excluded: Vec<Target>,
    /// `-replace`.
    pub replace: Vec<InstanceAddr>,
    /// They are replaced because others are cheaper.
    pub rebalance: bool,
    /// `-allow-partial`: instances that no offer satisfies are left out instead of failing the plan.
    pub allow_partial: bool,
}

impl PlanOptions {
    /// Whether `-target` and `-exclude` themselves leave an instance, whatever comes or goes with it.
    pub fn picks(&self, address: &InstanceAddr) -> bool {
        picks(&self.targets, &self.excluded, address)
    }
}

impl PlanOptions {
    /// Whether `-target` or `-exclude` leaves something out.
    pub fn is_narrowed(&self) -> bool {
        !self.targets.is_empty() || !self.excluded.is_empty()
    }
}

/// Everything a plan is a function of, apart from the market and what is read because the plan wants it.
#[derive(Clone, Copy)]
pub struct PlanInput<'a> {
    /// Configuration and variables.
    pub program: &'a Program,
    /// Files for functions; no clock and no randomness.
    pub effects: &'a dyn Effects,
    /// Recorded.
    pub state: &'a State,
    /// Live.
    pub snapshot: &'a Snapshot,
    /// For the digests of secrets.
    pub key: &'a SecretKey,
    /// Whose account.
    pub account: &'a AccountIdentity,
    /// How.
    pub options: &'a PlanOptions,
    /// When, by the server's clock: for what is wanted at times.
    pub now: Timestamp,
}

/// What is to be imported under an address.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) id: String,
    pub(super) span: Span,
}

/// What has been found out.
pub(super) struct Planner<'a> {
    pub(super) input: &'a PlanInput<'a>,
    pub(super) reads: &'a Reads,
    pub(super) moves: &'a Moves,
    pub(super) fleet: Option<String>,
    pub(super) selection: Selection<'a>,
    pub(super) changes: Vec<Change>,
    pub(super) drift: Vec<Drift>,
    pub(super) refresh: Vec<(InstanceAddr, Record)>,
    /// What the configuration calls its objects of kinds that are known by their names.
    pub(super) named: BTreeMap<String, InstanceAddr>,
    /// Template groups as planned, for what is rented from them.
    pub(super) templates: BTreeMap<InstanceAddr, PlannedTemplate>,
    /// Template groups by their recorded id.
    pub(super) groups: BTreeMap<GroupId, InstanceAddr>,
    /// Everything that the configuration declares, and the resources that it depends on.
    pub(super) dependencies: BTreeMap<InstanceAddr, Arc<Vec<crate::address::ResourceAddr>>>,
    pub(super) prevented: BTreeSet<InstanceAddr>,
    /// By the address they will have.
    pub(super) imports: BTreeMap<InstanceAddr, Wanted>,
    /// Records of imported objects.
    pub(super) taken_in: Vec<(InstanceAddr, Record)>,
    /// Data sources as they were read.
    pub(super) data: BTreeMap<InstanceAddr, Value>,
    /// What is not read yet.
    pub(super) wanted: BTreeSet<Want>,
    /// What becomes known of ends, or is forgotten.
    pub(super) expired: Vec<(InstanceAddr, Option<Expired>)>,
    /// What stands in no state, under the addresses of today.
    pub(super) orphans: Vec<Orphan>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(input: &'a PlanInput<'a>, reads: &'a Reads, moves: &'a Moves) -> Self {
        let configuration = &input.program.configuration;
        let group = |(address, record): (&InstanceAddr, &Arc<Record>)| match record.object_id(address)? {
            ObjectId::Group(id) => Some((id, address.clone())),
            ObjectId::Machine(_) => None,
        };
        Planner {
            input,
            reads,
            moves,
            fleet: configuration.fleet().map(str::to_owned),
            selection: Selection::new(
                &input.options.targets,
                &input.options.excluded,
                input.options.mode == PlanMode::Destroy,
                configuration,
                &input.program.graph,
            ),
            // A change is large, and most declared objects are recorded.
            changes: Vec::with_capacity(input.state.resources.len()),
            drift: Vec::new(),
            refresh: Vec::new(),
            named: BTreeMap::new(),
            templates: BTreeMap::new(),
            groups: input.state.resources.iter().filter_map(group).collect(),
            dependencies: BTreeMap::new(),
            prevented: BTreeSet::new(),
            imports: BTreeMap::new(),
            taken_in: Vec::new(),
            data: BTreeMap::new(),
            wanted: BTreeSet::new(),
            expired: Vec::new(),
            orphans: orphans_of_today(input),
        }
    }

    pub(super) fn selected(&self, address: &InstanceAddr) -> bool {
        self.selection.contains(address, &self.input.program.configuration)
    }

    pub(super) fn list(&mut self, change: Change) {
        let moved_from = self.moves.get(&change.address).cloned();
        self.changes.push(Change { moved_from, ..change });
    }

    /// What others that refer to an object must know of it.
    pub(super) fn remember(&mut self, address: &InstanceAddr, object: &Value) {
        match address.resource.object_kind() {
            Some(ObjectKind::TemplateGroup) => {
                let secret = |path: &ValuePath, text: &str| self.input.key.digest(path, text).digest;
                // Without the key of its secrets, nobody knows the digest of a template that holds some.
                let tells = !(self.input.key.is_blind() && object.deep_marks().sensitive);
                let template = PlannedTemplate {
                    digest: group::digest(object, &secret).filter(|_| tells),
                    former: group::former_digest(object, &secret).filter(|_| tells),
                    group: Some(address.clone()),
                };
                self.templates.insert(address.clone(), template);
            }
            Some(ObjectKind::Instance) | None => {}
        }
    }

    pub(super) fn push(&mut self, change: Change) -> Value {
        let value = change.after.clone().unwrap_or_else(|| Value::unknown(Type::Dynamic));
        self.remember(&change.address, &value);
        self.list(change);
        value
    }
}

fn orphans_of_today(input: &PlanInput<'_>) -> Vec<Orphan> {
    let configuration = &input.program.configuration;
    let Some(fleet) = configuration.fleet() else { return Vec::new() };
    let today = |orphan: Orphan| {
        let address = orphan.address.map(|address| now_called(configuration, address));
        Orphan { address, ..orphan }
    };
    orphans(input.state, input.snapshot, fleet).into_iter().map(today).collect()
}
