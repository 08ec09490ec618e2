//! A state put together again from what is left of its files.

use super::codec::{Entry, Salvage, salvage};
use super::decode::{decode, decode_edited};
use super::fault::{JournalDamage, StateError};
use super::journal::Event;
use super::loss::losses;
use super::model::State;
use super::remains::{Remains, changes, newest};
use super::sum::sum_in;
use super::verify::contradictions;
use crate::address::ObjectKind;
use crate::lang::json;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// What a repair would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    /// The state as it would be written.
    pub state: State,
    /// What is done, one whole sentence each; empty where nothing is broken.
    pub steps: Vec<String>,
    /// What it cannot bring back, or cannot prove to be whole. Machines may be forgotten by it.
    pub losses: Vec<String>,
}

/// Puts state and journal together again; `None` where nothing is left to begin with.
pub fn repair(remains: &Remains) -> Option<Repair> {
    let mut steps = Vec::new();
    let mut lost = Vec::new();
    let Salvage { entries, damage, mended, torn_tail } = salvage(&remains.journal);
    if torn_tail {
        steps.push(format!(
            "{}: the last line, which was not written to its end, is dropped: the call that it announces was never sent.",
            remains.journal_name
        ));
    }
    for line in mended {
        steps.push(format!(
            "{}: line {line} has one wrong bit, which its checksum tells; it is put right.",
            remains.journal_name
        ));
    }
    for damage in &damage {
        lost.push(format!("{}: {}", remains.journal_name, damage.what()));
        steps.push(format!("{}: what is damaged is dropped, the rest is taken.", remains.journal_name));
    }
    steps.dedup();
    let wanted = entries.iter().find_map(|entry| match &entry.event {
        Event::Begin { lineage, .. } => Some(lineage.clone()),
        _ => None,
    });
    let own = remains.state.as_deref().map(decode);
    let base = base(remains, own.as_ref(), wanted.as_deref(), &entries, &mut steps);
    // What a run kept that lost its lock may be all there is.
    let mut base = base.or_else(|| (!remains.kept.is_empty()).then(State::default))?;
    if let Some(Ok(own)) = &own
        && own.lineage != base.lineage
    {
        lost.extend(losses(own, &base).iter().map(|loss| format!("{}: {loss}", remains.state_name)));
    }
    if let Some((name, backup)) = edited(remains, own.as_ref()).and_then(|_| newest(remains, &base)) {
        lost.extend(losses(&backup, &base).iter().map(|loss| format!("{name}: {loss}")));
    }
    let is_own = own.as_ref().is_some_and(|own| own.as_ref().is_ok_and(|own| *own == base));
    let another = base.clone().replay(entries.clone(), remains.state.as_deref().and_then(sum_in));
    let entries = match another {
        Err(JournalDamage::Another { .. }) if is_own => {
            match base.take_up(entries) {
                Ok(told) => steps.push(format!(
                    "{}: it continues another state than the one beside it; what it says is taken into this one{}.",
                    remains.journal_name,
                    listed(&told)
                )),
                Err(why) => {
                    steps.push(format!("{}: it is put aside.", remains.journal_name));
                    lost.push(format!("{}: {}", remains.journal_name, why.what()));
                }
            }
            Vec::new()
        }
        _ => entries,
    };
    let contained = base.journal_seq;
    let first = entries.iter().find(|entry| entry.seq > contained);
    let detached = first.filter(|first| !first.follows(contained.saturating_add(1)));
    if let Some(first) = detached.map(|first| first.seq) {
        lost.push(format!(
            "{}: the entries {} to {} are missing.",
            remains.journal_name,
            contained.saturating_add(1),
            first - 1
        ));
        steps.push(format!("{}: the entries from {first} on are taken.", remains.journal_name));
    }
    for Entry { seq, event, .. } in entries.into_iter().filter(|entry| entry.seq > contained) {
        base.journal_seq = base.journal_seq.max(seq);
        match base.whole(event) {
            Ok(event) => base.apply(event),
            Err(change) => {
                lost.push(format!("{}: {}", remains.journal_name, change.unfounded(seq).what()));
                steps.push(format!("{}: what is not founded on anything is dropped.", remains.journal_name));
            }
        }
    }
    for (name, bytes) in &remains.kept {
        let Salvage { entries, damage, .. } = salvage(bytes);
        lost.extend(damage.iter().map(|damage| format!("{name}: {}", damage.what())));
        let said = State::of(entries.clone());
        match base.take_up_kept(entries) {
            Ok(told) => steps.push(format!("{name}: what a run did that lost its lock is taken up{}.", listed(&told))),
            Err(why) => {
                steps.push(format!("{name}: it is put aside."));
                lost.push(format!("{name}: {}{}", why.what(), listed(&names(&said))));
            }
        }
    }
    if let Some(Err(error)) = &own {
        lost.extend(unproven(remains, error, &base));
    }
    let known = remains.backups.iter().map(|(_, serial, _)| *serial).max().unwrap_or(0);
    base.serial = base.serial.max(known).max(serial_of(remains).unwrap_or(0)).saturating_add(1);
    Some(Repair { state: base, steps, losses: lost })
}

/// Behind a colon, where there is something.
fn listed(told: &[String]) -> String {
    if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) }
}

/// What a state knows that may bill.
fn names(state: &State) -> Vec<String> {
    losses(state, &State::default()).iter().map(ToString::to_string).collect()
}

/// The newest state that loads and that the journal belongs to.
fn base(
    remains: &Remains,
    own: Option<&Result<State, StateError>>,
    lineage: Option<&str>,
    entries: &[Entry],
    steps: &mut Vec<String>,
) -> Option<State> {
    let fits = |state: &State| lineage.is_none_or(|lineage| state.lineage.is_empty() || state.lineage == lineage);
    if let Some(Ok(state)) = own.filter(|own| own.as_ref().is_ok_and(fits)) {
        return Some(state.clone());
    }
    if own.is_some_and(|own| matches!(own, Err(StateError::Rewritten)))
        && let Some((name, state)) = rejoined(remains).filter(|(_, state)| fits(state))
    {
        steps.push(format!(
            "{}: the key \"podform\", which another program dropped, is taken from {name}; everything else stays as that program wrote it.",
            remains.state_name
        ));
        return Some(state);
    }
    let mut why = match own {
        None => "it is missing".to_owned(),
        Some(Ok(_)) => "the journal belongs to another state".to_owned(),
        Some(Err(_)) => "it is not understood".to_owned(),
    };
    if let Some(state) = edited(remains, own).filter(fits) {
        match contradictions(&state).first() {
            None => {
                let why = match own {
                    Some(Err(StateError::Keyed)) => "nothing proves its keyed sum",
                    _ => "somebody changed it",
                };
                steps.push(format!("{}: {why}, and it is taken as it is now.", remains.state_name));
                steps.extend(changes(remains, &state));
                return Some(state);
            }
            Some(what) => why = format!("somebody changed it, and now it cannot be true ({what})"),
        }
    }
    let backup = remains.backups.iter().find_map(|(name, _, bytes)| Some((name, decode(bytes).ok().filter(fits)?)));
    if let Some((name, state)) = backup {
        steps.push(format!("{}: {why}; {name} is put in its place.", remains.state_name));
        return Some(state);
    }
    // The journal alone tells everything where it starts at the start.
    entries.first().filter(|entry| entry.seq == 1)?;
    if own.is_some() {
        steps.push(format!(
            "{}: {why}; the journal is whole from its first entry, and takes its place.",
            remains.state_name
        ));
    }
    Some(State::default())
}

/// What somebody edited, whole in everything but the checksum.
fn edited(remains: &Remains, own: Option<&Result<State, StateError>>) -> Option<State> {
    let unsealed = matches!(own, Some(Err(StateError::Changed | StateError::Unsealed | StateError::Keyed)));
    decode_edited(remains.state.as_deref().filter(|_| unsealed)?).ok()
}

/// What another program left, with our key from the newest backup where both say the same of every object.
fn rejoined(remains: &Remains) -> Option<(String, State)> {
    let mut theirs: Json = json::read(remains.state.as_deref()?).ok()?;
    for (name, _, bytes) in &remains.backups {
        let Ok(ours) = json::read::<Json>(bytes) else { continue };
        if ours.get("lineage") != theirs.get("lineage") || decode(bytes).is_err() {
            continue;
        }
        theirs.as_object_mut()?.insert("podform".into(), ours.get("podform")?.clone());
        return Some((name.clone(), decode_edited(theirs.to_string()).ok()?));
    }
    None
}

/// What stood in a state that is not understood, and perhaps nowhere else.
fn unproven(remains: &Remains, error: &StateError, found: &State) -> Vec<String> {
    let mut lost = Vec::new();
    let name = &remains.state_name;
    if let Some(serial) = serial_of(remains).filter(|serial| *serial > found.serial)
        && !matches!(error, StateError::Rewritten)
    {
        lost.push(format!(
            "{name}: it had serial {serial}, and the newest that loads has serial {}: what was recorded in between is lost.",
            found.serial
        ));
    }
    let known: BTreeSet<u64> = found.objects().filter_map(|(_, record)| record.id()).collect();
    let theirs: Json = remains.state.as_deref().and_then(|bytes| json::read(bytes).ok()).unwrap_or_default();
    let resources = theirs.get("resources").and_then(Json::as_array).into_iter().flatten();
    let machine = |resource: &&Json| {
        let kind = resource.get("type").and_then(Json::as_str).and_then(ObjectKind::of_type);
        kind.is_some_and(ObjectKind::is_rented)
    };
    let machines = resources.filter(machine);
    for instance in machines.filter_map(|resource| resource.get("instances")?.as_array()).flatten() {
        let id = instance.get("attributes").and_then(|attributes| attributes.get("id")?.as_str());
        if let Some(id) = id.filter(|id| id.parse().is_ok_and(|id: u64| !known.contains(&id))) {
            lost.push(format!("{name}: the machine {id} is recorded there, and nowhere else."));
        }
    }
    let newer = remains.backups.iter().take_while(|(_, _, bytes)| decode(bytes).is_err());
    lost.extend(
        newer
            .filter(|(_, serial, _)| *serial > found.serial)
            .map(|(path, ..)| format!("{path}: this backup is newer than the one that is taken, and does not load.")),
    );
    lost
}

/// The serial of the state file, as far as it can be read from the text.
fn serial_of(remains: &Remains) -> Option<u64> {
    let text = String::from_utf8_lossy(remains.state.as_deref()?);
    let (_, rest) = text.split_once("\"serial\":")?;
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    let whole = rest.trim_start().chars().nth(digits.len()).is_some();
    digits.parse().ok().filter(|_| whole)
}
