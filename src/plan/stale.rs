//! Whether a saved plan still holds. Only what it touches counts, and the market never does.

use super::model::{Action, Change, Plan, PlannedVariable};
use crate::address::InstanceAddr;
use crate::diag::Diagnostic;
use crate::lang::json::to_json;
use crate::lang::{Kind, Value};
use crate::live::Offer;
use crate::market::Envelope;
use crate::path::ValuePath;
use crate::schema::Rest;
use crate::state::digest::SecretKey;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Facts that move with the clock: they were never part of what was approved.
const MOVING: [&str; 2] = ["expires_at", "auto_renew_at"];
/// Longer values are not quoted in a reason, in characters: two of them and the attribute shall fit in a sentence.
const QUOTED: usize = 60;

/// Which side of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What stands.
    Before,
    /// What is planned.
    After,
}

/// Why a saved plan does not hold any more. `Display` is a sentence; what to do is to plan again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// It was made against another state.
    Lineage,
    /// The state changed since.
    Serial {
        /// Of the plan.
        planned: u64,
        /// Of the state.
        now: u64,
    },
    /// It was made against another account or endpoint.
    Account {
        /// Whose base URL the plan was made against.
        planned: String,
        /// The base URL now; the same one where only the API key differs.
        now: String,
    },
    /// A file of the configuration was edited, added or removed.
    File(String),
    /// A root variable has another value, or is gone or new.
    Variable(String),
    /// The budgets are others.
    Budgets,
    /// Another action is planned for an address now.
    Action {
        /// Which object.
        address: InstanceAddr,
        /// What was planned.
        planned: Action,
        /// What is planned now; `None` where the object is not part of a plan any more.
        now: Option<Action>,
    },
    /// An object is not wanted any more, though the configuration declares it.
    Rests {
        /// Which object.
        address: InstanceAddr,
        /// What was planned.
        planned: Action,
        /// Why.
        rest: Rest,
    },
    /// A value of a touched object is another one.
    Attribute {
        /// Which object.
        address: InstanceAddr,
        /// Which place inside the object; the root for the object as a whole.
        attribute: ValuePath,
        /// What stands, or what is planned.
        side: Side,
        /// The value in the plan, and now, as JSON; `None` for secrets and for what is long.
        values: Option<(String, String)>,
    },
}

impl Stale {
    /// The object that it is about.
    pub fn address(&self) -> Option<&InstanceAddr> {
        match self {
            Stale::Action { address, .. } | Stale::Rests { address, .. } | Stale::Attribute { address, .. } => {
                Some(address)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stale::Lineage => f.write_str("The plan was made against another state (its lineage differs)."),
            Stale::Serial { planned, now } => {
                write!(f, "The state changed since the plan was made: it was at serial {planned}, and is at {now}.")
            }
            Stale::Account { planned, now } if planned == now => {
                write!(f, "The plan was made with another API key for {planned}.")
            }
            Stale::Account { planned, now } => {
                write!(f, "The plan was made against {planned}, and this is {now}.")
            }
            Stale::File(name) => write!(f, "The configuration changed since the plan was made: {name}."),
            Stale::Variable(name) => {
                write!(f, "The variable \"{name}\" has another value than the plan was made with.")
            }
            Stale::Budgets => f.write_str("The budgets are others than the plan was made with."),
            Stale::Action { address, planned, now: None } => {
                write!(f, "The plan would {} {address}, for which nothing is planned now.", verb(*planned))
            }
            Stale::Action { address, planned, now: Some(now) } => {
                write!(f, "The plan would {}; now it would {}.", does(*planned, &address.to_string()), does(*now, "it"))
            }
            Stale::Rests { address, planned, rest } => {
                write!(f, "The plan would {} {address}, which is {rest} by now.", verb(*planned))
            }
            Stale::Attribute { address, attribute, side, values } => {
                let what = match side {
                    Side::Before => "is",
                    Side::After => "would become",
                };
                match values {
                    _ if attribute.steps().is_empty() => write!(f, "{address} {what} another object than in the plan."),
                    None => write!(f, "{attribute} of {address} {what} another value than in the plan."),
                    Some((planned, now)) => {
                        write!(f, "{attribute} of {address} {what} {now}, and {planned} in the plan.")
                    }
                }
            }
        }
    }
}

fn does(action: Action, what: &str) -> String {
    match action {
        Action::NoOp => format!("leave {what} alone"),
        other => format!("{} {what}", verb(other)),
    }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::NoOp => "leave",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Forget => "forget",
        Action::Read => "read",
    }
}

/// Why `saved` (sealed) does not hold any more, compared with a plan that is made `now`: from the same configuration,
/// variables and options and today's live account, with [`offers`] of the saved plan as the market. Empty for a plan
/// that may be applied. Secrets that were sealed under another key count as unchanged ([`foreign_key`] says so).
pub fn stale(saved: &Plan, now: &Plan, key: &SecretKey) -> Vec<Stale> {
    let now = now.sealed(key);
    let mut reasons = Vec::new();
    if saved.lineage != now.lineage {
        reasons.push(Stale::Lineage);
    } else if saved.serial != now.serial {
        reasons.push(Stale::Serial { planned: saved.serial, now: now.serial });
    }
    if saved.account != now.account {
        let (planned, now) = (saved.account.base_url.clone(), now.account.base_url.clone());
        reasons.push(Stale::Account { planned, now });
    }
    reasons.extend(changed_variables(&saved.variables, &now.variables));
    if !saved.budgets.iter().map(|of| &of.budget).eq(now.budgets.iter().map(|of| &of.budget)) {
        reasons.push(Stale::Budgets);
    }
    let secrets = saved.sealed_by.as_deref() == Some(key.id());
    for planned in saved.changes.iter().filter(|change| change.action != Action::NoOp) {
        touched(planned, now.change(&planned.address), secrets, &mut reasons);
    }
    reasons
}

/// A warning where the secrets of a saved plan were digested under another key, so that nobody can compare them.
pub fn foreign_key(saved: &Plan, key: &SecretKey) -> Option<Diagnostic> {
    let other = saved.sealed_by.as_deref().is_some_and(|sealed_by| sealed_by != key.id());
    other.then(|| {
        let detail = "The secrets of the saved plan were digested under another key, so podform cannot tell whether they changed: they count as unchanged.";
        Diagnostic::warning("Secrets cannot be compared", detail)
            .with_hint("Set PODFORM_STATE_KEY to the same value everywhere.")
    })
}

/// Files that were edited, added or removed: [`super::configuration_digests`] of the saved plan, and of today.
pub fn changed_files(saved: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<Stale> {
    let names: BTreeSet<&String> = saved.keys().chain(now.keys()).collect();
    let changed = names.into_iter().filter(|name| saved.get(*name) != now.get(*name));
    changed.map(|name| Stale::File(name.clone())).collect()
}

/// Root variables with another value; digests of secrets are compared where they were made under the same key.
pub fn changed_variables(
    saved: &BTreeMap<String, PlannedVariable>,
    now: &BTreeMap<String, PlannedVariable>,
) -> Vec<Stale> {
    let names: BTreeSet<&String> = saved.keys().chain(now.keys()).collect();
    let same = |name: &&String| match (saved.get(*name), now.get(*name)) {
        (Some(PlannedVariable::Secret(a)), Some(PlannedVariable::Secret(b))) => a.key_id != b.key_id || a == b,
        (a, b) => a == b,
    };
    names.into_iter().filter(|name| !same(name)).map(|name| Stale::Variable(name.clone())).collect()
}

/// The chosen offers, as the market of the plan that a saved one is compared with: a market that moved makes no plan
/// stale. Each stands on a host of its own, for the GPUs of its real host are promised already.
pub fn offers(plan: &Plan) -> Vec<Offer> {
    let placed = plan.changes.iter().filter_map(|change| Some((change, change.placed.as_ref()?)));
    placed.map(|(change, placed)| Offer { host: change.address.to_string(), ..placed.offer.clone() }).collect()
}

/// How two sealed values of an object differ, what was left open in the first among what does not.
pub(super) fn unequal((address, side): (&InstanceAddr, Side), planned: &Value, now: &Value) -> Vec<Stale> {
    let mut reasons = Vec::new();
    Found { address, side, secrets: true, reasons: &mut reasons }.compare(planned, now, &ValuePath::root());
    reasons
}

fn touched(planned: &Change, now: Option<&Change>, secrets: bool, reasons: &mut Vec<Stale>) {
    let address = &planned.address;
    let now = match now {
        Some(now) if now.action == planned.action => now,
        Some(now) if now.rest().is_some() => {
            let rest = now.rest().cloned().into_iter();
            let address = || address.clone();
            return reasons.extend(rest.map(|rest| Stale::Rests { address: address(), planned: planned.action, rest }));
        }
        other => {
            let now = other.map(|change| change.action);
            return reasons.push(Stale::Action { address: address.clone(), planned: planned.action, now });
        }
    };
    for (side, before, after) in
        [(Side::Before, &planned.before, &now.before), (Side::After, &planned.after, &now.after)]
    {
        let mut found = Found { address, side, secrets, reasons };
        match (before, after) {
            (None, None) => {}
            (Some(planned), Some(now)) => found.compare(planned, now, &ValuePath::root()),
            _ => found.push(&ValuePath::root(), None),
        }
    }
    if let (Some(planned), Some(now)) = (&planned.placed, &now.placed) {
        let mut found = Found { address, side: Side::After, secrets, reasons };
        found.compare_envelopes(&planned.envelope, &now.envelope);
    }
}

struct Found<'a> {
    address: &'a InstanceAddr,
    side: Side,
    /// Whether digests of secrets can be compared.
    secrets: bool,
    reasons: &'a mut Vec<Stale>,
}

impl Found<'_> {
    fn push(&mut self, path: &ValuePath, values: Option<(String, String)>) {
        let (address, side, attribute) = (self.address.clone(), self.side, path.clone());
        self.reasons.push(Stale::Attribute { address, attribute, side, values });
    }

    /// What may be rented follows from the configuration alone: where it differs, somebody edited the file.
    fn compare_envelopes(&mut self, planned: &Envelope, now: &Envelope) {
        for (name, values) in planned.differences(now) {
            self.push(&ValuePath::of(name), values);
        }
    }

    /// What the plan left open is compared when it is known, step by step.
    fn compare(&mut self, planned: &Value, now: &Value, path: &ValuePath) {
        let inside = |name: &str| match &planned.kind {
            Kind::Map(..) => path.key(name),
            _ => path.attribute(name),
        };
        match (&planned.kind, &now.kind) {
            _ if MOVING.iter().any(|name| path.is(name)) => {}
            (Kind::Unknown(..), _) => {}
            (Kind::Object(a), Kind::Object(b)) | (Kind::Map(_, a), Kind::Map(_, b)) => {
                for name in a.keys().chain(b.keys().filter(|name| !a.contains_key(name))) {
                    match (a.get(name), b.get(name)) {
                        (Some(planned), Some(now)) => self.compare(planned, now, &inside(name)),
                        _ => self.push(&inside(name), None),
                    }
                }
            }
            (Kind::List(_, a), Kind::List(_, b)) | (Kind::Tuple(a), Kind::Tuple(b))
                if a.len() == b.len() && !planned.is_wholly_known() =>
            {
                for (at, (planned, now)) in a.iter().zip(b.iter()).enumerate() {
                    self.compare(planned, now, &path.index(at));
                }
            }
            (a, b) => {
                let secret = [planned, now].map(|value| value.deep_marks().sensitive);
                match secret {
                    [true, true] if !self.secrets => {}
                    [false, false] if a != b => self.push(path, quoted(planned, now)),
                    [true, true] if planned.holds_same(now) => {}
                    [false, false] => {}
                    _ => self.push(path, None),
                }
            }
        }
    }
}

fn quoted(planned: &Value, now: &Value) -> Option<(String, String)> {
    let text = |value: &Value| {
        let text = value.is_known().then(|| to_json(value).to_string())?;
        (text.chars().count() <= QUOTED).then_some(text)
    };
    Some((text(planned)?, text(now)?))
}
