//! What we remember between runs.

use super::attributes::Attributes;
use crate::address::{InstanceAddr, ObjectKind, ResourceAddr};
use crate::config::CheckResult;
use crate::live::{GroupId, HashId, MachineId, ObjectId, OfferFacts, SshPlace};
use crate::money::Usd;
use crate::path::ValuePath;
use crate::schema::PriceBasis;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The account and endpoint a state belongs to (invariant 11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountIdentity {
    /// Without a trailing slash.
    pub base_url: String,
    /// A short digest of the API key, not reversible.
    pub key_fingerprint: String,
}

impl AccountIdentity {
    /// The base URL of the simulator, whose port differs from run to run.
    pub const SANDBOX: &str = "sandbox";

    /// A word of letters and digits that tells accounts apart, for names: `sandbox`, or the beginning of the key's digest.
    pub fn word(&self) -> String {
        match self.base_url.as_str() {
            AccountIdentity::SANDBOX => AccountIdentity::SANDBOX.to_owned(),
            _ => self.key_fingerprint.chars().filter(char::is_ascii_alphanumeric).take(8).collect(),
        }
    }
}

/// A keyed digest of a secret: tells whether the secret changed, and nothing else (invariant 9).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretDigest {
    /// Which key it was made under; digests of different keys cannot be compared.
    pub key_id: String,
    /// HMAC-SHA-256, hexadecimal.
    pub digest: String,
}

/// One object in the account that we made or imported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Every attribute of the schema: the desired ones as sent, the computed ones as read. Secrets are null.
    pub attributes: Attributes,
    /// What the server shows for an attribute, where it differs from what was sent (it rewrites names, resolves
    /// fallback models, nulls `arg_options`). Live is compared with this; desired is compared with `attributes`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub read_back: BTreeMap<String, Json>,
    /// Digests of the secrets: `registry.password`, `env_variables["TOKEN"]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<ValuePath, SecretDigest>,
    /// Resources that must outlive this one: the order of its deletion when its block is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<ResourceAddr>,
    /// Why the next plan replaces it; `None` for a healthy one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tainted: Option<String>,
    /// The claim of the intent that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// `prevent_destroy`, as of the last apply: it holds when the block is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// Of a rented machine that nobody has seen yet inside of what was approved: the price per GPU-hour that it was rented
    /// under. Whoever sees that it is not inside, by that or by its GPU count, releases it (invariant 15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven: Option<Usd>,
    /// The facts of the offer at the rent; `None` for imported machines and groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferFacts>,
}

impl Record {
    /// The numeric id of the machine or group.
    pub fn id(&self) -> Option<u64> {
        match self.attributes.get("id")? {
            Json::String(text) => text.parse().ok(),
            Json::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// The id, as that of a machine.
    pub fn machine_id(&self) -> Option<MachineId> {
        self.id().map(MachineId)
    }

    /// Which object of the account it is, recorded at an address; `None` while its id is not known.
    pub fn object_id(&self, at: &InstanceAddr) -> Option<ObjectId> {
        Some(ObjectId::new(at.resource.object_kind()?, self.id()?))
    }

    /// Where SSH of a machine was last seen.
    pub fn ssh(&self) -> Option<SshPlace> {
        let port = self.attributes.get("ssh_port")?.as_u64()?;
        SshPlace::new(self.attributes.get("ssh_host")?.as_str()?, u16::try_from(port).ok()?)
    }

    /// The opaque id of a machine.
    pub fn hash_id(&self) -> Option<HashId> {
        Some(HashId(self.attributes.get("hash_id")?.as_str()?.to_owned()))
    }
}

/// The value of a root output after the last apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputState {
    /// Null for a sensitive one: those are not stored.
    pub value: Json,
    /// Terraform's type notation.
    #[serde(rename = "type")]
    pub ty: Json,
    /// Hidden by `output`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// What an intent is about to do. The kind of what is changed or deleted is that of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ActionWord", into = "ActionWord")]
pub enum IntentAction {
    /// POST of a new object.
    Create(ObjectKind),
    /// PUT of an object.
    Update,
    /// DELETE of an object.
    Delete,
    /// PATCH that reboots a machine.
    Reboot,
}

impl IntentAction {
    /// POST of a rent.
    pub const RENT: IntentAction = IntentAction::Create(ObjectKind::Instance);

    /// Whether it takes an offer of the market.
    pub fn rents(self) -> bool {
        match self {
            IntentAction::Create(kind) => kind.is_rented(),
            IntentAction::Update | IntentAction::Delete | IntentAction::Reboot => false,
        }
    }
}

/// An action in the words of state and journal.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ActionWord {
    CreateGroup,
    Rent,
    Update,
    Delete,
    Reboot,
}

impl From<IntentAction> for ActionWord {
    fn from(action: IntentAction) -> Self {
        match action {
            IntentAction::Create(ObjectKind::TemplateGroup) => ActionWord::CreateGroup,
            IntentAction::Create(ObjectKind::Instance) => ActionWord::Rent,
            IntentAction::Update => ActionWord::Update,
            IntentAction::Delete => ActionWord::Delete,
            IntentAction::Reboot => ActionWord::Reboot,
        }
    }
}

impl From<ActionWord> for IntentAction {
    fn from(word: ActionWord) -> Self {
        match word {
            ActionWord::CreateGroup => IntentAction::Create(ObjectKind::TemplateGroup),
            ActionWord::Rent => IntentAction::RENT,
            ActionWord::Update => IntentAction::Update,
            ActionWord::Delete => IntentAction::Delete,
            ActionWord::Reboot => IntentAction::Reboot,
        }
    }
}

/// The key under which stands what the call with a claim sets aside: its first digits, as Terraform's keys are.
pub fn deposed_key(claim: &str) -> String {
    claim.chars().take(8).collect()
}

/// The durable word that a call is about to be sent (invariant 1). Holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The claim: unguessable, unique, sent with the rent and written in the mark.
    pub claim: String,
    /// What is about to happen.
    pub action: IntentAction,
    /// For which address.
    pub address: InstanceAddr,
    /// When it was written.
    pub at: Timestamp,
    /// The id of the object that is changed or deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Of a reboot, for how many seconds the container had run: whether it began anew is read off that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<u64>,
    /// The exact name of the group that is created: how it is found again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_name: Option<String>,
    /// The template group that is rented from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<u64>,
    /// The offer that is rented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_iri: Option<String>,
    /// `gpuModel` of the offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_model: Option<String>,
    /// `gpuCount` of the rent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_count: Option<u32>,
    /// What the machine would cost per hour if it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hourly_cost: Option<Usd>,
    /// The record as it will stand once the id is known: an adopted machine is not rented anew because nobody remembers
    /// what was sent. Of a delete, what goes, where that stands in no state; else `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Arc<Record>>,
    /// What is recorded at the address steps aside for what this makes, and is removed later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deposes: bool,
    /// Why its outcome is unknown, once a call was sent and came back so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// When the call ended without a known outcome, by the server's clock where there was one: the settle window counts
    /// from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt_since: Option<Timestamp>,
}

impl Intent {
    /// An intent that names no more than every call does.
    pub fn new(claim: String, action: IntentAction, address: InstanceAddr, at: Timestamp) -> Intent {
        Intent {
            claim,
            action,
            address,
            at,
            id: None,
            uptime: None,
            group_name: None,
            group_id: None,
            offer_iri: None,
            gpu_model: None,
            gpu_count: None,
            hourly_cost: None,
            record: None,
            deposes: false,
            doubt: None,
            doubt_since: None,
        }
    }
}

/// What a rented machine told of prices, where it is not how those of the market were read (API sheet, C19).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Billed {
    /// How they are to be read.
    pub basis: PriceBasis,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// What the row asked.
    pub asked: Usd,
    /// Its GPUs.
    pub gpu_count: u32,
    /// What the machine bills per GPU-hour.
    pub bills: Usd,
}

/// A machine that did not come up, or with another number of GPUs than was ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The fingerprint of its host.
    pub host: String,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// What became of it.
    pub why: String,
    /// The template whose image could not be pulled, by its digest or id: then the host is not blamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

impl Failure {
    /// How long a failure counts. Others leave a host alone for 3 h (API sheet §3.1); a day spans the runs of a fleet that is
    /// applied every night.
    const COUNTS: SignedDuration = SignedDuration::from_hours(24);

    /// Whether it counts still.
    pub fn counts(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) < Self::COUNTS
    }
}

/// A claim whose object is recorded no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Where it was recorded.
    pub address: InstanceAddr,
    /// Since when at the latest, by the server's clock; `None` where no apply has ended since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Its claim, and what never changes of it.
    pub record: Record,
}

/// The end of a machine that is not rented again while its block says the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expired {
    /// `expires` as it stood in the block.
    pub expires: String,
    /// When the machine ended by it.
    pub at: Timestamp,
}

/// How much of what a run kept is part of a state already: as long as calls of that run come to their end, it writes the
/// file again, with all that stood there before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heard {
    /// The id of its lock.
    pub run: String,
    /// Its first entries, so many.
    pub entries: u64,
}

/// Everything recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Counts the snapshots.
    pub serial: u64,
    /// A UUID made with the first snapshot; empty before.
    pub lineage: String,
    /// The fleet's name, from `podform { fleet = ... }`.
    pub fleet: Option<String>,
    /// Whose state this is.
    pub account: Option<AccountIdentity>,
    /// Root outputs.
    pub outputs: BTreeMap<String, OutputState>,
    /// Objects in the account, and data sources are not among them. Shared: a state is copied more often than a record is
    /// changed.
    pub resources: BTreeMap<InstanceAddr, Arc<Record>>,
    /// Objects that were replaced and are not removed yet: by address, and a key made for each.
    pub deposed: BTreeMap<InstanceAddr, BTreeMap<String, Arc<Record>>>,
    /// Attributes of data sources as they were read last.
    pub data: BTreeMap<InstanceAddr, Attributes>,
    /// How the configuration's own rules came out at the last apply, by address.
    pub checks: Vec<CheckResult>,
    /// Intents without a known outcome, by claim.
    pub open: BTreeMap<String, Intent>,
    /// Intents closed as absent, with the time they were closed: watched for 24 hours (invariant 2).
    pub watched: BTreeMap<String, (Intent, Timestamp)>,
    /// Machines that did not come up, whatever became of their records.
    pub failures: Vec<Failure>,
    /// How prices of the market are read, where a machine told that otherwise than it was assumed.
    pub billed: Option<Billed>,
    /// Claims whose objects are recorded no more, in the order in which they went.
    pub spent: Vec<Spent>,
    /// Machines that expired a duration after their rent: nothing else would tell that they were rented at all. An entry
    /// goes with the next machine at its address.
    pub expired: BTreeMap<InstanceAddr, Expired>,
    /// How much was heard of runs that lost their lock, the last ones.
    pub heard: Vec<Heard>,
    /// Sequence number of the last journal entry that this snapshot contains.
    pub journal_seq: u64,
}

impl State {
    /// Every object in the account, deposed ones included.
    pub fn objects(&self) -> impl Iterator<Item = (&InstanceAddr, &Record)> {
        let deposed = self.deposed.iter().flat_map(|(address, all)| all.values().map(move |record| (address, record)));
        self.resources.iter().chain(deposed).map(|(address, record)| (address, &**record))
    }

    /// Every object whose id is known, by that id, deposed ones included.
    pub fn identified(&self) -> impl Iterator<Item = (ObjectId, &InstanceAddr, &Record)> {
        self.objects().filter_map(|(address, record)| Some((record.object_id(address)?, address, record)))
    }

    /// Recorded machines with their records.
    pub fn recorded_machines(&self) -> impl Iterator<Item = (MachineId, &Record)> {
        self.identified().filter_map(|(id, _, record)| Some((id.machine()?, record)))
    }

    /// Recorded template groups with their records.
    pub fn recorded_groups(&self) -> impl Iterator<Item = (GroupId, &Record)> {
        self.identified().filter_map(|(id, _, record)| match id {
            ObjectId::Group(id) => Some((id, record)),
            ObjectId::Machine(_) => None,
        })
    }

    /// Hosts whose machines failed lately; all that are known of, where nobody knows the time.
    pub fn failed_hosts(&self, now: Option<Timestamp>) -> BTreeSet<String> {
        let blamed = self.failures.iter().filter(|failure| failure.image.is_none());
        blamed.filter(|failure| now.is_none_or(|now| failure.counts(now))).map(|failure| failure.host.clone()).collect()
    }

    /// The open intents of an address.
    pub fn open_at<'a>(&'a self, address: &'a InstanceAddr) -> impl Iterator<Item = &'a Intent> {
        self.open.values().filter(move |intent| &intent.address == address)
    }
}
