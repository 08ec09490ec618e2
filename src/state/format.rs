//! The state file as text: Terraform's state format version 4, with ours in the key `podform`.

use super::attributes::Attributes;
use super::model::{
    AccountIdentity, Billed, Expired, Failure, Heard, Intent, OutputState, Record, SecretDigest, Spent, State,
};
use super::sum::seal;
use crate::address::{InstanceAddr, InstanceKey, Mode, ResourceAddr};
use crate::config::CheckResult;
use crate::live::OfferFacts;
use crate::money::Usd;
use crate::path::{PathStep, ValuePath};
use crate::schema::PROVIDER;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The version of the key `podform`. Raised when an older podform would misread what is there; every version ever
/// released is read.
pub const FORMAT: u64 = 3;

/// The first version with a checksum.
pub(super) const FIRST_SEALED: u64 = 3;

/// The version of Terraform whose state format this is: the one whose answers the tests were recorded from.
pub const TERRAFORM_VERSION: &str = "1.11.4";

/// The whole file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File<I = Instance<'static>, P = Ours> {
    pub version: u64,
    pub terraform_version: String,
    pub serial: u64,
    pub lineage: String,
    pub outputs: BTreeMap<String, OutputState>,
    pub resources: Vec<Resource<I>>,
    /// Terraform writes null for none.
    pub check_results: Option<Vec<CheckResult>>,
    pub podform: P,
}

/// A resource with its instances, as Terraform groups them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resource<I = Instance<'static>> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    pub mode: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
    pub provider: String,
    pub instances: Vec<I>,
}

/// One instance, as Terraform knows it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Instance<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_key: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    pub schema_version: u64,
    pub attributes: Cow<'a, Attributes>,
    pub sensitive_attributes: Vec<Vec<Json>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<ResourceAddr>,
}

/// The key `podform`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ours<O = OurInstance<'static>> {
    pub format: u64,
    pub version: String,
    pub fleet: Option<String>,
    pub account: Option<AccountIdentity>,
    pub journal_seq: u64,
    pub instances: BTreeMap<InstanceAddr, O>,
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub deposed: BTreeMap<InstanceAddr, BTreeMap<String, O>>,
    pub open: Vec<Intent>,
    pub watched: Vec<Watched>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed: Option<Billed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spent: Vec<Spent>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expired: BTreeMap<InstanceAddr, Expired>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heard: Vec<Heard>,
    /// Its sum, keyed ([`super::SumKey`]).
    #[serde(default, skip_serializing)]
    pub mac: Option<String>,
    /// Written by [`seal`], over the text of all the rest.
    #[serde(default, skip_serializing)]
    pub sum: Option<String>,
}

/// What Terraform's format has no place for in an instance.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OurInstance<'a> {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub read_back: BTreeMap<String, Json>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<ValuePath, SecretDigest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tainted: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven: Option<Usd>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Cow<'a, OfferFacts>>,
}

/// An intent closed as absent.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Watched {
    pub at: Timestamp,
    pub intent: Intent,
}

/// Made when it is written: a large state is not held twice.
struct Later<'a, T>(Box<dyn Fn() -> T + 'a>);

impl<T: Serialize> Serialize for Later<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.0)().serialize(serializer)
    }
}

/// The text of a state: the same state gives the same bytes.
pub fn encode(state: &State) -> String {
    let mut resources: Vec<(&ResourceAddr, Resource<Later<'_, Instance<'_>>>)> = Vec::new();
    let mut all: Vec<(&InstanceAddr, Option<&String>, Later<'_, Instance<'_>>)> = Vec::new();
    for (address, record) in &state.resources {
        all.push((address, None, Later(Box::new(|| theirs(address, None, &record.attributes, record)))));
    }
    for (address, records) in &state.deposed {
        for (key, record) in records {
            all.push((address, Some(key), Later(Box::new(|| theirs(address, Some(key), &record.attributes, record)))));
        }
    }
    for (address, attributes) in &state.data {
        all.push((address, None, Later(Box::new(|| theirs(address, None, attributes, &Record::default())))));
    }
    all.sort_by(|(a, one, _), (b, other, _)| (a, one).cmp(&(b, other)));
    for (address, _, theirs) in all {
        match resources.last_mut() {
            Some((last, resource)) if *last == &address.resource => resource.instances.push(theirs),
            _ => resources.push((&address.resource, resource(&address.resource, theirs))),
        }
    }
    let instances = state.resources.iter().map(|(address, record)| (address.clone(), later_ours(record)));
    let deposed = state.deposed.iter().map(|(address, records)| {
        let records = records.iter().map(|(key, record)| (key.clone(), later_ours(record)));
        (address.clone(), records.collect())
    });
    let outputs = state.outputs.iter().map(|(name, output)| {
        let OutputState { value, ty, sensitive } = output.clone();
        (name.clone(), OutputState { value: sorted(value), ty: sorted(ty), sensitive })
    });
    let file = File {
        version: 4,
        terraform_version: TERRAFORM_VERSION.into(),
        serial: state.serial,
        lineage: state.lineage.clone(),
        outputs: outputs.collect(),
        resources: resources.into_iter().map(|(_, resource)| resource).collect(),
        check_results: Some(state.checks.clone()).filter(|checks| !checks.is_empty()),
        podform: Ours {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            fleet: state.fleet.clone(),
            account: state.account.clone(),
            journal_seq: state.journal_seq,
            instances: instances.collect(),
            deposed: deposed.collect(),
            open: state.open.values().map(intent).collect(),
            watched: state.watched.values().map(|(gone, at)| Watched { at: *at, intent: intent(gone) }).collect(),
            failures: state.failures.clone(),
            billed: state.billed.clone(),
            spent: state.spent.iter().map(spent).collect(),
            expired: state.expired.clone(),
            heard: state.heard.clone(),
            mac: None,
            sum: None,
        },
    };
    seal(serde_json::to_string_pretty(&file).expect("a state has text keys and no fallible parts"))
}

fn resource<I>(address: &ResourceAddr, first: I) -> Resource<I> {
    Resource {
        module: (!address.module.is_root()).then(|| address.module.to_string()),
        mode: mode(address.mode).into(),
        kind: address.kind.to_string(),
        name: address.name.to_string(),
        provider: format!("provider[\"{PROVIDER}\"]"),
        instances: vec![first],
    }
}

fn theirs<'a>(
    address: &InstanceAddr,
    deposed: Option<&String>,
    attributes: &'a Attributes,
    record: &Record,
) -> Instance<'a> {
    Instance {
        index_key: address.key.as_ref().map(|key| match key {
            InstanceKey::Int(n) => json!(n),
            InstanceKey::Str(text) => json!(text),
        }),
        deposed: deposed.cloned(),
        status: record.tainted.is_some().then(|| "tainted".into()),
        schema_version: 0,
        attributes: sent(attributes),
        sensitive_attributes: record.secrets.keys().map(steps).collect(),
        dependencies: record.dependencies.clone(),
    }
}

fn ours(record: &Record) -> OurInstance<'_> {
    OurInstance {
        read_back: shown(record),
        secrets: record.secrets.clone(),
        tainted: record.tainted.clone(),
        claim: record.claim.clone(),
        prevent_destroy: record.prevent_destroy,
        unproven: record.unproven,
        offer: record.offer.as_ref().map(Cow::Borrowed),
    }
}

fn later_ours(record: &Record) -> Later<'_, OurInstance<'_>> {
    Later(Box::new(|| ours(record)))
}

/// The word of a mode.
pub(super) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Managed => "managed",
        Mode::Data => "data",
    }
}

/// The steps of a secret's path as Terraform writes them: for other programs, we read `secrets`.
fn steps(path: &ValuePath) -> Vec<Json> {
    let step = |step: &PathStep| match step {
        PathStep::Attribute(name) => json!({ "type": "get_attr", "value": **name }),
        PathStep::Index(at) => json!({ "type": "index", "value": { "value": at, "type": "number" } }),
        PathStep::Key(key) => json!({ "type": "index", "value": { "value": **key, "type": "string" } }),
    };
    path.steps().iter().map(step).collect()
}

/// With the keys of all objects in order: their order means nothing, and the same state gives the same bytes.
fn sorted(mut json: Json) -> Json {
    json.sort_all_objects();
    json
}

/// Attributes, all of them [`sorted`]: as they are where they are so already, which is the rule.
fn sent(attributes: &Attributes) -> Cow<'_, Attributes> {
    match attributes.values().all(is_sorted) {
        true => Cow::Borrowed(attributes),
        false => Cow::Owned(attributes.map(|_, value| sorted(value.clone())).into()),
    }
}

fn is_sorted(json: &Json) -> bool {
    match json {
        Json::Object(all) => all.keys().is_sorted() && all.values().all(is_sorted),
        Json::Array(all) => all.iter().all(is_sorted),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => true,
    }
}

fn shown(record: &Record) -> BTreeMap<String, Json> {
    record.read_back.iter().map(|(name, value)| (name.clone(), sorted(value.clone()))).collect()
}

fn spent(spent: &Spent) -> Spent {
    let mut spent = spent.clone();
    spent.record.attributes = sent(&spent.record.attributes).into_owned();
    spent
}

fn intent(intent: &Intent) -> Intent {
    let mut intent = intent.clone();
    if let Some(record) = &mut intent.record {
        let record = Arc::make_mut(record);
        (record.attributes, record.read_back) = (sent(&record.attributes).into_owned(), shown(record));
    }
    intent
}
