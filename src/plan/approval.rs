//! What a reviewer approves of a plan, and its digest. Offers, prices of the hour, dates, warnings and everything else that
//! only the API gives are no part of it: the market may move between a review and its apply. Whatever a reviewer would want
//! to see again is.

use super::model::{Action, Change, Plan, PlanMode, Reason};
use super::stale::{Side, Stale, unequal};
use crate::address::InstanceAddr;
use crate::config::Budget;
use crate::lang::{Value, hex};
use crate::market::Envelope;
use crate::money::Usd;
use crate::path::ValuePath;
use crate::schema::{self, Presence, Rest, Schema};
use crate::state::digest::SecretKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// Before what is hashed: another form of approval is another text.
const FORM: &str = "podform approval v1\n";
/// How a digest begins.
const PREFIX: &str = "sha256:";
/// Fewer digits of a digest approve nothing: 64 bits cannot be found by trying.
const FEWEST_DIGITS: usize = 16;
/// By these a reviewer knows which object goes or changes.
const IDENTITY: [&str; 2] = ["id", "hash_id"];

/// What a reviewer approves of a plan. Secrets stand in it as keyed digests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// The fleet.
    pub fleet: Option<String>,
    /// What the plan is for.
    pub mode: PlanMode,
    /// The budgets that hold, where anything is rented.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<Budget>,
    /// By address.
    pub changes: Vec<Approved>,
}

/// What is approved of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approved {
    /// Which object.
    pub address: InstanceAddr,
    /// It is one that was replaced, and is not removed yet: its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposed: Option<String>,
    /// What happens to it.
    pub action: Action,
    /// A replacement makes the new object first.
    #[serde(default, skip_serializing_if = "is_false")]
    pub create_first: bool,
    /// Why, without the words of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Attributes whose change forces a replacement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forced_by: Vec<ValuePath>,
    /// Its address in the state, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<InstanceAddr>,
    /// The id under which the account holds it, where it was not recorded so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importing: Option<String>,
    /// Our mark is written into it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub repair_mark: bool,
    /// Which object it is, and what of it becomes another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What the configuration makes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// What may be rented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<Envelope>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Approval {
    /// Of a plan. The key makes the digests of its secrets.
    pub fn of(plan: &Plan, key: &SecretKey) -> Self {
        let news = plan.changes.iter().filter(|change| change.is_news());
        let approved = news.map(|change| Approved::of(&change.sealed(key)));
        let budgets = plan.budgets.iter().map(|of| of.budget.clone()).collect();
        Self { fleet: plan.fleet.clone(), mode: plan.mode, budgets, changes: approved.collect() }
    }

    /// Its digest.
    pub fn digest(&self) -> ApprovalDigest {
        // Nothing in it can fail to be written: it was read from texts of the same form.
        let text = serde_json::to_vec(self).unwrap_or_default();
        ApprovalDigest(hex(&Sha256::new().chain_update(FORM).chain_update(text).finalize()))
    }

    /// How what is planned now differs from what was approved.
    pub fn differences(&self, now: &Approval) -> Vec<Stale> {
        type Key<'a> = (&'a InstanceAddr, Option<&'a str>);
        fn key(approved: &Approved) -> Key<'_> {
            (&approved.address, approved.deposed.as_deref())
        }
        let others: HashMap<Key<'_>, &Approved> = now.changes.iter().map(|change| (key(change), change)).collect();
        let mine: HashMap<Key<'_>, &Approved> = self.changes.iter().map(|change| (key(change), change)).collect();
        let mut found: Vec<(Key<'_>, Vec<Stale>)> = Vec::new();
        for change in &self.changes {
            found.push((key(change), change.differences(others.get(&key(change)).copied())));
        }
        for change in now.changes.iter().filter(|change| !mine.contains_key(&key(change))) {
            let (address, now) = (change.address.clone(), Some(change.action));
            found.push((key(change), vec![Stale::Action { address, planned: Action::NoOp, now }]));
        }
        found.sort_by(|(a, _), (b, _)| a.partial_cmp(b).unwrap_or(Ordering::Equal));
        found.into_iter().flat_map(|(_, differences)| differences).collect()
    }
}

impl Approved {
    fn of(change: &Change) -> Self {
        let (before, after) = (change.before.as_ref(), change.after.as_ref());
        let table = schema::table(change.address.resource.mode, &change.address.resource.kind);
        let [old, new] = [before, after].map(|object| object.zip(table));
        let (before, after) = match change.action {
            Action::Read => (None, None),
            Action::Create => (None, new.map(|new| configured(new, None))),
            Action::Delete | Action::Forget => (old.map(identity), None),
            Action::NoOp | Action::Update | Action::Replace => {
                let other = if change.action == Action::Replace { None } else { before };
                (old.map(|old| changed(old, after)), new.map(|new| configured(new, other)))
            }
        };
        Self {
            address: change.address.clone(),
            deposed: change.deposed.clone(),
            action: change.action,
            create_first: change.action == Action::Replace && change.create_first,
            reason: change.reason.as_ref().map(without_words),
            forced_by: change.forced_by.clone(),
            moved_from: change.moved_from.clone(),
            importing: change.importing.clone(),
            repair_mark: change.repair_mark,
            before,
            after,
            envelope: change.placed.as_ref().map(|placed| placed.envelope.clone()),
        }
    }

    fn differences(&self, now: Option<&Approved>) -> Vec<Stale> {
        let address = &self.address;
        let Some(now) = now.filter(|now| now.action == self.action) else {
            let now = now.map(|now| now.action);
            return vec![Stale::Action { address: address.clone(), planned: self.action, now }];
        };
        if self == now {
            return Vec::new();
        }
        let whole =
            |side| Stale::Attribute { address: address.clone(), attribute: ValuePath::root(), side, values: None };
        let mut found = Vec::new();
        for (side, mine, other) in [(Side::Before, &self.before, &now.before), (Side::After, &self.after, &now.after)] {
            match (mine, other) {
                (Some(mine), Some(other)) => found.extend(unequal((address, side), mine, other)),
                (None, None) => {}
                _ => found.push(whole(side)),
            }
        }
        if let (Some(mine), Some(other)) = (&self.envelope, &now.envelope) {
            found.extend(mine.differences(other).into_iter().map(|(name, values)| Stale::Attribute {
                address: address.clone(),
                attribute: ValuePath::of(name),
                side: Side::After,
                values,
            }));
        }
        if found.is_empty() {
            found.push(whole(Side::After));
        }
        found.dedup();
        found
    }
}

/// Why, without texts of the API or of the day.
fn without_words(reason: &Reason) -> Reason {
    match reason {
        Reason::Tainted(_) => Reason::Tainted(String::new()),
        Reason::Unhealthy(_) => Reason::Unhealthy(String::new()),
        Reason::Rests { rest, .. } => {
            let rest = match rest {
                Rest::Closed { zone, .. } => Rest::Closed { until: None, zone: zone.clone() },
                Rest::Expired { .. } => rest.clone(),
            };
            Reason::Rests { rest, saves: Usd::ZERO }
        }
        other => other.clone(),
    }
}

type Object<'a> = (&'a Value, &'static Schema);

/// The attributes and blocks of an object that are wanted, without those that are null: one that podform learns of later
/// makes no other approval.
fn part((object, table): Object<'_>, wanted: impl Fn(&str, Option<Presence>, &Value) -> bool) -> Value {
    let attributes = table.attributes.iter().map(|attribute| (attribute.name, Some(attribute.presence)));
    let blocks = table.blocks.iter().map(|block| (block.name, None));
    let present = attributes.chain(blocks).filter_map(|(name, presence)| Some((name, presence, object.get(name)?)));
    let kept = present.filter(|(name, presence, value)| !value.is_null() && wanted(name, *presence, value));
    Value::object(kept.map(|(name, _, value)| (name, value.clone())))
}

fn identity(object: Object<'_>) -> Value {
    part(object, |name, _, _| IDENTITY.contains(&name))
}

/// What the configuration gives, and where it stands beside another object: what differs from that.
fn configured(object: Object<'_>, other: Option<&Value>) -> Value {
    part(object, |name, presence, value| {
        let given = match presence {
            Some(Presence::Computed) => false,
            // Where the configuration is silent, what the API gave stays, or nobody knows it yet.
            Some(Presence::OptionalComputed) => value.is_known(),
            Some(Presence::Required | Presence::Optional) | None => true,
        };
        given && other.is_none_or(|other| other.get(name) != Some(value))
    })
}

/// Which object it is, and what of it becomes another.
fn changed(object: Object<'_>, after: Option<&Value>) -> Value {
    part(object, |name, presence, value| {
        let other = after.and_then(|after| after.get(name));
        let given = presence != Some(Presence::Computed) && other.is_none_or(|other| other.is_known());
        IDENTITY.contains(&name) || (given && other != Some(value))
    })
}

/// The digest of what was approved: `sha256:` and 64 hexadecimal digits, of which the first 16 are enough to name one.
#[derive(Clone, Debug, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApprovalDigest(String);

impl ApprovalDigest {
    /// As far as the shorter of two goes.
    fn common(&self, other: &Self) -> usize {
        self.0.len().min(other.0.len())
    }

    /// The first digits, for where people compare two.
    pub fn short(&self) -> String {
        format!("{PREFIX}{}", self.0.chars().take(FEWEST_DIGITS).collect::<String>())
    }
}

/// The shorter one may be the beginning of the longer one.
impl PartialEq for ApprovalDigest {
    fn eq(&self, other: &Self) -> bool {
        let common = self.common(other);
        self.0.as_bytes().get(..common) == other.0.as_bytes().get(..common)
    }
}

impl fmt::Display for ApprovalDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

impl From<ApprovalDigest> for String {
    fn from(digest: ApprovalDigest) -> String {
        digest.to_string()
    }
}

impl TryFrom<String> for ApprovalDigest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for ApprovalDigest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim().strip_prefix(PREFIX).ok_or_else(|| format!("it does not begin with \"{PREFIX}\""))?;
        if !(FEWEST_DIGITS..=64).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("\"{PREFIX}\" is followed by {FEWEST_DIGITS} to 64 hexadecimal digits"));
        }
        Ok(Self(digits.to_ascii_lowercase()))
    }
}

#[cfg(test)]
#[path = "approval_tests.rs"]
mod tests;
