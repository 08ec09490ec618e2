//! What is wrong with the files of a state: all of it, each with its place.

use super::codec::{Salvage, salvage};
use super::decode::{decode, decode_edited};
use super::fault::StateError;
use super::model::{IntentAction, State};
use super::remains::{Remains, changes};
use crate::live::ObjectId;
use std::collections::BTreeMap;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFault {
    /// The path of the file.
    pub file: String,
    /// Where in it and what: whole sentences.
    pub what: String,
}

/// Looks at everything. An empty list: all of it holds together. A last line of the journal that was not written to its
/// end is no fault.
pub fn verify(remains: &Remains) -> Vec<FileFault> {
    let mut faults = Vec::new();
    let mut tell = |file: &str, what: String| faults.push(FileFault { file: file.to_owned(), what });
    let state = remains.state.as_deref().map(decode).transpose();
    let Salvage { entries, damage, .. } = salvage(&remains.journal);
    for damage in &damage {
        tell(&remains.journal_name, damage.to_string());
    }
    match state {
        Err(error) => {
            let edited = matches!(error, StateError::Changed | StateError::Unsealed);
            let state = remains.state.as_ref().filter(|_| edited).and_then(|bytes| decode_edited(bytes).ok());
            let more = state.map(|state| [changes(remains, &state), contradictions(&state)].concat());
            tell(&remains.state_name, [vec![error.to_string()], more.unwrap_or_default()].concat().join("\n"));
        }
        Ok(None)
            if entries.first().is_none_or(|entry| entry.seq != 1)
                && !(entries.is_empty() && remains.backups.is_empty()) =>
        {
            tell(&remains.state_name, "The state file is missing, though there is a journal or a backup.".into());
        }
        Ok(state) => {
            let mut state = state.unwrap_or_default();
            contradictions(&state).into_iter().for_each(|what| tell(&remains.state_name, what));
            let before = state.clone();
            // What is damaged was told already.
            if damage.is_empty() {
                match state.replay(entries) {
                    Err(error) => tell(&remains.journal_name, error.to_string()),
                    Ok(()) if state != before => {
                        contradictions(&state)
                            .into_iter()
                            .filter(|what| !contradictions(&before).contains(what))
                            .for_each(|what| tell(&remains.journal_name, what));
                    }
                    Ok(()) => {}
                }
            }
        }
    }
    for (name, _, bytes) in &remains.backups {
        if let Err(error) = decode(bytes) {
            tell(name, error.to_string());
        }
    }
    faults
}

/// What cannot be true of a state, though it is understood.
pub fn contradictions(state: &State) -> Vec<String> {
    let mut found = Vec::new();
    if state.lineage.is_empty() && state.objects().next().is_some() {
        found.push("The state has no lineage.".to_owned());
    }
    let mut seen = BTreeMap::new();
    for (address, record) in state.objects() {
        let Some(id) = record.object_id(address) else {
            found.push(format!("The record of {address} has no \"id\"."));
            continue;
        };
        match id {
            ObjectId::Machine(_) if record.hash_id().is_none() => {
                found.push(format!("The record of {address} has no \"hash_id\"."));
            }
            ObjectId::Machine(_) | ObjectId::Group(_) => {}
        }
        if let Some(other) = seen.insert(id, address) {
            found.push(format!("{other} and {address} are the same object: both have the id {}.", id.number()));
        }
        if let Some(intent) = record.claim.as_ref().and_then(|claim| state.open.get(claim))
            && matches!(intent.action, IntentAction::Create(_))
        {
            found.push(format!("{address} is recorded, and the call that made it counts as unanswered still."));
        }
    }
    found
}
