//! What a record became, said as a difference from the record before: a machine is recorded several times within a second, and each
//! time nearly all of it stands in the journal already.

use super::attributes::Attributes;
use super::fault::JournalDamage;
use super::model::{Record, SecretDigest, State};
use super::sum::sum;
use crate::address::{InstanceAddr, ResourceAddr};
use crate::live::OfferFacts;
use crate::money::Usd;
use crate::path::ValuePath;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The record of an address, where only this of it is another than in the record before. That is the one of the intent that it
/// closes, or else the one that stands at the address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Which address.
    pub address: InstanceAddr,
    /// The sum of the claim that it closes, if any, and of the record before: what it is a difference from is proven, and never
    /// guessed.
    pub of: String,
    #[serde(default, skip_serializing_if = "is_empty")]
    attributes: Attributes,
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    read_back: Option<BTreeMap<String, Json>>,
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    secrets: Option<BTreeMap<ValuePath, SecretDigest>>,
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    dependencies: Option<Vec<ResourceAddr>>,
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    tainted: Option<Option<String>>,
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    claim: Option<Option<String>>,
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    prevent_destroy: Option<bool>,
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    unproven: Option<Option<Usd>>,
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    offer: Option<Option<OfferFacts>>,
}

/// Digits of the sum: it tells a handful of records of one address apart, and the line has a sum of its own.
const DIGITS: usize = 8;

fn is_empty(attributes: &Attributes) -> bool {
    attributes.is_empty()
}

/// Also that something is nothing from now on.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Change {
    /// From what a state holds to this record, closing the intent of `claim`, if any. `None` where it must be said whole: the state
    /// holds nothing of it, or another kind of object.
    pub(super) fn from(state: &State, claim: Option<&str>, address: &InstanceAddr, record: &Record) -> Option<Change> {
        let before = state.before(claim, address)?;
        let Record {
            attributes,
            read_back,
            secrets,
            dependencies,
            tainted,
            claim: made,
            prevent_destroy,
            unproven,
            offer,
        } = record;
        if !before.attributes.keys().eq(attributes.keys()) {
            return None;
        }
        let changed = attributes.iter().zip(before.attributes.iter()).filter(|(now, then)| now != then);
        Some(Change {
            address: address.clone(),
            of: sum_of(claim, before),
            attributes: changed.map(|((name, value), _)| (name.clone(), value.clone())).collect(),
            read_back: differs(&before.read_back, read_back),
            secrets: differs(&before.secrets, secrets),
            dependencies: differs(&before.dependencies, dependencies),
            tainted: differs(&before.tainted, tainted),
            claim: differs(&before.claim, made),
            prevent_destroy: differs(&before.prevent_destroy, prevent_destroy),
            unproven: differs(&before.unproven, unproven),
            offer: differs(&before.offer, offer),
        })
    }

    /// That an entry with this number says it, and nothing holds the record before.
    pub(super) fn unfounded(&self, seq: u64) -> JournalDamage {
        JournalDamage::Unfounded { seq, address: self.address.to_string() }
    }

    /// The claim that it closes, if any, and the whole record; `None` where the state holds nothing of which it can be.
    pub(super) fn onto(&self, state: &State) -> Option<(Option<String>, Record)> {
        let claims = state.open_at(&self.address).map(|intent| Some(intent.claim.as_str())).chain([None]);
        let mut before = claims.filter_map(|claim| Some((claim, state.before(claim, &self.address)?)));
        let (claim, before) = before.find(|(claim, before)| sum_of(*claim, before) == self.of)?;
        let mut record = before.clone();
        for (name, value) in self.attributes.iter() {
            record.attributes.set(name, value.clone());
        }
        set(&mut record.read_back, &self.read_back);
        set(&mut record.secrets, &self.secrets);
        set(&mut record.dependencies, &self.dependencies);
        set(&mut record.tainted, &self.tainted);
        set(&mut record.claim, &self.claim);
        set(&mut record.prevent_destroy, &self.prevent_destroy);
        set(&mut record.unproven, &self.unproven);
        set(&mut record.offer, &self.offer);
        Some((claim.map(str::to_owned), record))
    }
}

impl State {
    /// The record before the one that closes the intent of `claim`, if any, at an address.
    fn before(&self, claim: Option<&str>, address: &InstanceAddr) -> Option<&Record> {
        let intent = match claim {
            Some(claim) => Some(self.open.get(claim).filter(|intent| intent.address == *address)?),
            None => None,
        };
        let recorded = self.resources.get(address).map(AsRef::as_ref);
        intent.and_then(|intent| intent.record.as_deref()).or(recorded)
    }
}

/// The same for equal records: the order of keys, which a state does not keep, means nothing.
fn sum_of(claim: Option<&str>, record: &Record) -> String {
    let Record { attributes, read_back, secrets, dependencies, tainted, claim: made, prevent_destroy, unproven, offer } =
        record;
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (&**name, Sorted(value))).collect();
    let read_back: Vec<_> = read_back.iter().map(|(name, value)| (name, Sorted(value))).collect();
    let settings = (secrets, dependencies, tainted, made, prevent_destroy, unproven, offer);
    let whole = serde_json::to_vec(&(claim, attributes, read_back, settings));
    sum(&whole.expect("a record has text keys and no fallible parts")).chars().take(DIGITS).collect()
}

/// A value with the keys of its objects in their order.
struct Sorted<'a>(&'a Json);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Array(elements) => serializer.collect_seq(elements.iter().map(Sorted)),
            Json::Object(entries) => {
                let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key, Sorted(value))).collect();
                entries.sort_unstable_by_key(|(key, _)| *key);
                serializer.collect_map(entries)
            }
            other => other.serialize(serializer),
        }
    }
}

fn differs<T: PartialEq + Clone>(before: &T, now: &T) -> Option<T> {
    (before != now).then(|| now.clone())
}

fn set<T: Clone>(place: &mut T, said: &Option<T>) {
    if let Some(said) = said {
        place.clone_from(said);
    }
}
