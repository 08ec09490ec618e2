//! Journal entries, and their replay onto a state.

use super::attributes::Attributes;
use super::change::Change;
use super::model::{
    AccountIdentity, ActionWord, Billed, Expired, Failure, Intent, OutputState, Record, State, deposed_key,
};
use crate::address::InstanceAddr;
use crate::config::CheckResult;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// One durable event. In JSON its name is the key of its content: a tag beside the content would not read numbers back
/// exactly (serde buffers such content, and `arbitrary_precision` numbers do not survive it).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A run starts; names what a first snapshot will carry, so that a crash before it loses nothing.
    Begin {
        /// The state's lineage.
        lineage: String,
        /// The fleet.
        fleet: Option<String>,
        /// The account.
        account: AccountIdentity,
    },
    /// A call is about to be sent.
    Intent(Box<Intent>),
    /// The call took no effect, provably.
    NotDone {
        /// Of which intent.
        claim: String,
        /// The API's words.
        reason: String,
    },
    /// The outcome is unknown.
    InDoubt {
        /// Of which intent.
        claim: String,
        /// What is known.
        reason: String,
        /// When the call ended.
        since: Timestamp,
    },
    /// Looked for long enough: the call took no effect. Watched for 24 hours from `at`.
    Absent {
        /// Of which intent.
        claim: String,
        /// When it was settled.
        at: Timestamp,
    },
    /// The record of an address is now this; closes the intent, if one is named.
    Recorded {
        /// The intent that did it.
        claim: Option<String>,
        /// Which address.
        address: InstanceAddr,
        /// The record.
        record: Arc<Record>,
    },
    /// As `Recorded`, where only the difference from the record before is said.
    Changed(Box<Change>),
    /// What is recorded at one address is recorded at another one from now on, as records that depend on it say too.
    Moved {
        /// The address before.
        from: InstanceAddr,
        /// The address now.
        to: InstanceAddr,
    },
    /// Nothing is recorded at the address any more; closes the intent, if one is named.
    Removed {
        /// The intent that did it.
        claim: Option<String>,
        /// Which address.
        address: InstanceAddr,
        /// The key of a deposed object, where that is gone and not the one that is recorded at the address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deposed: Option<String>,
    },
    /// What is recorded at the address is gone, and what it was to replace, if anything, stands there again; closes the
    /// intent, if one is named. One event: between two of them nothing would keep the good one from being removed.
    Restored {
        /// The intent that did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claim: Option<String>,
        /// Which address.
        address: InstanceAddr,
        /// The key of the deposed object.
        key: String,
    },
    /// A machine did not come up.
    MachineFailed(Failure),
    /// The machine of an address expired, and is not rented again while its block says the same; `None` forgets that. It is
    /// durable before the release begins: a crash in between leaves a machine that expired all the same.
    Expired {
        /// Which address.
        address: InstanceAddr,
        /// When, and by which words.
        expired: Option<Expired>,
    },
    /// A machine bills otherwise than prices of the market were read.
    Billed(Billed),
    /// What data sources showed, all of them.
    Data {
        /// By address.
        data: BTreeMap<InstanceAddr, Attributes>,
    },
    /// The root outputs are now these.
    Outputs {
        /// By name.
        outputs: BTreeMap<String, OutputState>,
    },
    /// How the configuration's own rules came out.
    Checks {
        /// By address.
        checks: Vec<CheckResult>,
    },
    /// Another run goes on from here. In a journal that is a chain of objects whoever wrote before it is refused at this
    /// number. Here alone numbers may be skipped: those that are lost.
    TakenOver,
    /// The run ended by itself.
    End,
    /// Another entry, encrypted: its number and time alone stand in clear.
    Sealed(Ciphertext),
}

/// Something encrypted, in a line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ciphertext {
    /// What its key is found by: of each key provider its notes, in base64.
    pub meta: BTreeMap<String, String>,
    /// In base64.
    pub data: String,
}

impl Event {
    /// What is recorded at an address is gone. Where nobody ever saw it inside of what was approved, what it was to replace
    /// stands again.
    pub fn gone(claim: Option<String>, address: &InstanceAddr, record: &Record) -> Event {
        let address = address.clone();
        match record.claim.as_deref().filter(|_| record.unproven.is_some()) {
            Some(rent) => Event::Restored { claim, address, key: deposed_key(rent) },
            None => Event::Removed { claim, address, deposed: None },
        }
    }

    /// As a difference from what a state holds; `None` where it is none, or the state holds nothing of it.
    pub(super) fn against(&self, state: &State) -> Option<Event> {
        match self {
            Event::Recorded { claim, address, record } => {
                let change = Change::from(state, claim.as_deref(), address, record)?;
                Some(Event::Changed(Box::new(change)))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Event {
    /// What it is about, for a log: no attribute, and of a claim its first digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |claim: &str| claim.chars().take(8).collect::<String>();
        match self {
            Event::Begin { .. } => f.write_str("begin"),
            Event::Intent(intent) => {
                write!(
                    f,
                    "intent {:?} of {} (claim {})",
                    ActionWord::from(intent.action),
                    intent.address,
                    of(&intent.claim)
                )
            }
            Event::NotDone { claim, .. } => write!(f, "not done (claim {})", of(claim)),
            Event::InDoubt { claim, .. } => write!(f, "in doubt (claim {})", of(claim)),
            Event::Absent { claim, .. } => write!(f, "absent (claim {})", of(claim)),
            Event::Recorded { address, record, .. } => {
                let id = record.id().map_or_else(|| "without an id".to_owned(), |id| format!("as {id}"));
                write!(f, "recorded {address} {id}")
            }
            Event::Changed(change) => write!(f, "changed {}", change.address),
            Event::Moved { from, to } => write!(f, "moved {from} to {to}"),
            Event::Removed { address, .. } => write!(f, "removed {address}"),
            Event::Restored { address, .. } => write!(f, "restored {address}"),
            Event::MachineFailed(Failure { host, .. }) => write!(f, "a machine of the host {host} failed"),
            Event::Expired { address, expired: Some(_) } => write!(f, "expired {address}"),
            Event::Expired { address, expired: None } => write!(f, "no longer expired {address}"),
            Event::Billed(Billed { asked, gpu_count, bills, .. }) => {
                write!(f, "a row of {gpu_count} GPUs asked {asked}, and its machine bills {bills} for each")
            }
            Event::Data { data } => write!(f, "data of {} source(s)", data.len()),
            Event::Outputs { outputs } => write!(f, "{} output(s)", outputs.len()),
            Event::Checks { checks } => write!(f, "{} check(s)", checks.len()),
            Event::TakenOver => f.write_str("taken over"),
            Event::End => f.write_str("end"),
            Event::Sealed(_) => f.write_str("encrypted"),
        }
    }
}

impl State {
    /// An event, said whole where it is a difference.
    ///
    /// # Errors
    /// It is one from a record that this state does not hold.
    pub(super) fn whole(&self, event: Event) -> Result<Event, Box<Change>> {
        let Event::Changed(change) = event else { return Ok(event) };
        let Some((claim, record)) = change.onto(self) else { return Err(change) };
        Ok(Event::Recorded { claim, address: change.address, record: Arc::new(record) })
    }

    /// Applies one event. Events that name an unknown claim change nothing else than what they say of an address, and a
    /// difference from something unknown changes nothing.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Begin { lineage, fleet, account } => {
                if self.lineage.is_empty() {
                    self.lineage = lineage;
                }
                self.fleet = fleet.or(self.fleet.take());
                self.account = Some(account);
            }
            Event::Intent(intent) => {
                self.open.insert(intent.claim.clone(), *intent);
            }
            Event::NotDone { claim, .. } => {
                self.open.remove(&claim);
            }
            Event::InDoubt { claim, reason, since } => {
                if let Some(intent) = self.open.get_mut(&claim) {
                    intent.doubt = Some(reason);
                    intent.doubt_since = Some(since);
                }
            }
            Event::Absent { claim, at } => {
                if let Some(intent) = self.open.remove(&claim) {
                    self.watched.insert(claim, (intent, at));
                }
            }
            Event::Recorded { claim, address, record } => {
                self.depose(claim.as_deref(), &address);
                self.close(claim.as_deref());
                if record.claim.is_some() {
                    self.spent.retain(|spent| spent.record.claim != record.claim);
                }
                let another = |old: &Arc<Record>| old.claim != record.claim;
                if let Some(old) = self.resources.get(&address).cloned().filter(another) {
                    self.spend(&address, &old);
                }
                if self.resources.get(&address).is_none_or(|old| old.id() != record.id()) {
                    self.expired.remove(&address);
                }
                self.resources.insert(address, record);
            }
            Event::Changed(_) => {
                if let Ok(recorded) = self.whole(event) {
                    self.apply(recorded);
                }
            }
            Event::Removed { claim, address, deposed } => {
                let unrecorded = self.close(claim.as_deref()).and_then(|intent| intent.record);
                let recorded = match deposed {
                    None => self.resources.remove(&address),
                    Some(key) => self.take_deposed(&address, &key),
                };
                if let Some(record) = recorded.as_deref().or(unrecorded.as_deref()) {
                    self.spend(&address, record);
                }
            }
            Event::Restored { claim, address, key } => {
                self.close(claim.as_deref());
                if let Some(record) = self.resources.remove(&address) {
                    self.spend(&address, &record);
                }
                if let Some(record) = self.take_deposed(&address, &key) {
                    self.resources.insert(address, record);
                }
            }
            Event::MachineFailed(failure) => {
                self.failures.retain(|earlier| earlier.counts(failure.at));
                self.failures.push(failure);
            }
            Event::Expired { address, expired: Some(expired) } => drop(self.expired.insert(address, expired)),
            Event::Expired { address, expired: None } => drop(self.expired.remove(&address)),
            Event::Billed(billed) => self.billed = Some(billed),
            Event::Data { data } => self.data = data,
            Event::Moved { from, to } => self.rename(&from, &to),
            Event::Outputs { outputs } => self.outputs = outputs,
            Event::Checks { checks } => self.checks = checks,
            Event::TakenOver | Event::End | Event::Sealed(_) => {}
        }
    }

    /// Sets aside what is recorded at an address, where the intent that is done says so.
    fn depose(&mut self, claim: Option<&str>, address: &InstanceAddr) {
        let Some(intent) = claim.and_then(|claim| self.open.get(claim)).filter(|intent| intent.deposes) else { return };
        let key = deposed_key(&intent.claim);
        if let Some(record) = self.resources.remove(address) {
            self.deposed.entry(address.clone()).or_default().insert(key, record);
        }
    }

    fn take_deposed(&mut self, address: &InstanceAddr, key: &str) -> Option<Arc<Record>> {
        let record = self.deposed.get_mut(address)?.remove(key);
        self.deposed.retain(|_, all| !all.is_empty());
        record
    }

    /// Gives a recorded object another address: with what was set aside there, which may stand there alone.
    pub fn rename(&mut self, from: &InstanceAddr, to: &InstanceAddr) {
        let (record, deposed) = (self.resources.remove(from), self.deposed.remove(from));
        if let Some(attributes) = self.data.remove(from) {
            self.data.insert(to.clone(), attributes);
        }
        if let Some(expired) = self.expired.remove(from) {
            self.expired.insert(to.clone(), expired);
        }
        if record.is_none() && deposed.is_none() {
            return;
        }
        if let Some(record) = record {
            self.resources.insert(to.clone(), record);
        }
        if let Some(deposed) = deposed {
            self.deposed.entry(to.clone()).or_default().extend(deposed);
        }
        // As long as another instance has the old name, others may depend on that.
        if from.resource == to.resource
            || self.resources.keys().chain(self.deposed.keys()).any(|other| other.resource == from.resource)
        {
            return;
        }
        for record in self.resources.values_mut().chain(self.deposed.values_mut().flat_map(BTreeMap::values_mut)) {
            if record.dependencies.contains(&from.resource) {
                let needs = Arc::make_mut(record).dependencies.iter_mut();
                needs.filter(|needed| **needed == from.resource).for_each(|needed| needed.clone_from(&to.resource));
            }
        }
    }

    fn close(&mut self, claim: Option<&str>) -> Option<Intent> {
        self.open.remove(claim?)
    }
}
