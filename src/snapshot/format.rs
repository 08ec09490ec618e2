//! The snapshot as a file. Whoever plans on one may have it from anybody: nothing in it is taken on trust.

use super::redact::{HIDDEN, Redaction, without_secrets};
use super::rows::{GroupRow, MOST_GPUS, MachineRow, is_price};
use crate::lang::json;
use crate::live::{Account, Group, GroupId, LiveObject, Machine, MachineId, Offer, Snapshot};
use crate::money::Usd;
use crate::state::{self, AccountIdentity, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The version of the form. Raised when an older podform would misread what is there.
pub const FORMAT: u64 = 1;

/// What a plan reads, at one moment, without secrets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// The server's clock when it was read.
    pub as_of: Timestamp,
    /// What was recorded.
    pub state: State,
    /// Machines of the account.
    pub machines: BTreeMap<MachineId, Machine>,
    /// Template groups of the account.
    pub groups: BTreeMap<GroupId, Group>,
    /// The vendor's templates.
    pub global_templates: Vec<Group>,
    /// The market.
    pub offers: Vec<Offer>,
    /// Balance.
    pub account: Account,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    podform_snapshot: u64,
    podform_version: String,
    as_of: Timestamp,
    /// A state file, where there is a state.
    state: Option<Box<RawValue>>,
    machines: Vec<MachineRow>,
    template_groups: Vec<GroupRow>,
    global_templates: Vec<GroupRow>,
    offers: Vec<Offer>,
    balance: Option<Usd>,
}

#[derive(Deserialize)]
struct Header {
    podform_snapshot: Option<u64>,
    #[serde(default)]
    podform_version: String,
}

impl Written {
    /// What was recorded and read, without its secrets.
    pub fn of(state: &State, live: Snapshot, as_of: Timestamp) -> Written {
        let redaction = Redaction::of(state);
        let hidden = |account: &AccountIdentity| AccountIdentity { key_fingerprint: HIDDEN.into(), ..account.clone() };
        let account = state.account.as_ref().map(hidden);
        let mut written = Written { as_of, state: State { account, ..without_secrets(state) }, ..Written::default() };
        for object in live.objects.into_values().flatten() {
            match redaction.object(object) {
                LiveObject::Machine(machine) => drop(written.machines.insert(machine.id, *machine)),
                LiveObject::Group(group) => drop(written.groups.insert(group.id, *group)),
            }
        }
        written
    }
}

/// The text of a snapshot: the same one gives the same bytes.
///
/// # Errors
/// A state that cannot be written into it.
pub fn encode(written: &Written) -> Result<String, String> {
    let raw = |state: &State| RawValue::from_string(state::encode(state).trim_end().to_owned());
    let file = File {
        podform_snapshot: FORMAT,
        podform_version: env!("CARGO_PKG_VERSION").to_owned(),
        as_of: written.as_of,
        state: Some(&written.state)
            .filter(|state| !state.lineage.is_empty())
            .map(raw)
            .transpose()
            .map_err(|error| error.to_string())?,
        machines: written.machines.values().map(MachineRow::of).collect(),
        template_groups: written.groups.values().map(GroupRow::of).collect(),
        global_templates: written.global_templates.iter().map(GroupRow::of).collect(),
        offers: written.offers.clone(),
        balance: written.account.balance,
    };
    serde_json::to_string(&file).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// Reads a snapshot.
///
/// # Errors
/// A sentence: no snapshot, a newer one, or what is wrong in it.
pub fn decode(bytes: &[u8]) -> Result<Written, String> {
    let not_one = || "This is no snapshot: make one with podform snapshot -out=FILE.".to_owned();
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(not_one());
    }
    let header: Header = json::read(bytes).map_err(|_| not_one())?;
    match header.podform_snapshot {
        Some(FORMAT) => {}
        Some(newer) if newer > FORMAT => {
            let version: String = header.podform_version.chars().filter(|c| c.is_ascii_graphic()).take(32).collect();
            return Err(format!(
                "The snapshot was made by podform {version}, in a form that this one, {}, does not know. Use that version, or make the snapshot anew.",
                env!("CARGO_PKG_VERSION")
            ));
        }
        _ => return Err(not_one()),
    }
    let wrong = |why: String| format!("The snapshot cannot be used: {why}. Make it anew with podform snapshot.");
    let file: File = json::read(bytes).map_err(|error| wrong(error.to_string()))?;
    let state = file.state.map(|text| state::decode_edited(text.get())).transpose();
    let state = state.map_err(|error| wrong(format!("its state: {error}")))?.unwrap_or_default();
    let machines = file.machines.into_iter().map(|row| row.machine().map(|machine| (machine.id, machine)));
    let groups = file.template_groups.into_iter().map(|row| row.group().map(|group| (group.id, group)));
    let offer = |offer: &Offer| {
        let rates = [Some(offer.price_per_gpu), Some(offer.price_per_disk), offer.row_price];
        let priced = rates.into_iter().flatten().all(|rate| is_price(rate) && rate >= Usd::ZERO);
        priced && offer.price_per_gpu > Usd::ZERO && (1..=MOST_GPUS).contains(&offer.gpu_count)
    };
    if let Some(bad) = file.offers.iter().position(|one| !offer(one)) {
        return Err(wrong(format!("offer {} has a price or a number of GPUs that none has", bad + 1)));
    }
    if file.balance.is_some_and(|balance| !is_price(Usd(balance.0 / rust_decimal::Decimal::from(1_000)))) {
        return Err(wrong("nobody has such a balance".to_owned()));
    }
    Ok(Written {
        as_of: file.as_of,
        state,
        machines: machines.collect::<Result<_, _>>().map_err(wrong)?,
        groups: groups.collect::<Result<_, _>>().map_err(wrong)?,
        global_templates: file
            .global_templates
            .into_iter()
            .map(GroupRow::group)
            .collect::<Result<_, _>>()
            .map_err(wrong)?,
        offers: file.offers,
        account: Account { balance: file.balance },
    })
}
