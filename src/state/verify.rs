//! What is wrong with the files of a state: all of it, each with its place.

use super::codec::{Salvage, last_telling, salvage};
use super::decode::{decode, decode_edited};
use super::fault::StateError;
use super::journal::Event;
use super::model::{IntentAction, State};
use super::remains::{Remains, changes, is_older};
use super::sum::sum_in;
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

/// What there is to say of the files of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Nothing is wrong without one.
    pub faults: Vec<FileFault>,
    /// What is as it should be after a run that was killed, or that lost its lock.
    pub notes: Vec<FileFault>,
}

/// Looks at everything. Without faults all of it holds together. A last line of the journal that was not written to its
/// end is none.
pub fn verify(remains: &Remains) -> Verdict {
    let Verdict { mut faults, mut notes } = Verdict::default();
    let of = |file: &str, what: String| FileFault { file: file.to_owned(), what };
    let mut tell = |file: &str, what: String| faults.push(of(file, what));
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
            let last = last_telling(&entries).unwrap_or_default().max(before.journal_seq);
            // What is damaged was told already.
            let ended = entries.iter().rfind(|entry| entry.event != Event::TakenOver);
            let ended = ended.is_none_or(|entry| matches!(entry.event, Event::End));
            let replayed = match damage.is_empty() {
                true => state.replay(entries, remains.state.as_deref().and_then(sum_in)),
                false => Ok(()),
            };
            match replayed {
                Err(error) => tell(&remains.journal_name, error.to_string()),
                Ok(()) if state != before => {
                    let new = contradictions(&state).into_iter().filter(|what| !contradictions(&before).contains(what));
                    new.for_each(|what| tell(&remains.journal_name, what));
                    if !ended {
                        let open = match state.open.len() {
                            0 => String::new(),
                            open => format!(", and settles {open} call(s) without an answer"),
                        };
                        let what = format!("A run ended here, or is under way: the next apply goes on from it{open}.");
                        notes.push(of(&remains.journal_name, what));
                    }
                }
                Ok(()) => {}
            }
            let journaled = last > before.journal_seq;
            let copies = remains.backups.iter().filter_map(|(name, _, bytes)| Some((name, decode(bytes).ok()?)));
            if let Some((name, copy)) =
                copies.filter(|(_, copy)| is_older(&state, last, journaled, copy)).max_by_key(age)
            {
                tell(&remains.state_name, older(&state, &copy, name));
            }
            for (name, bytes) in &remains.kept {
                let Salvage { entries, damage, .. } = salvage(bytes);
                damage.iter().for_each(|damage| tell(name, damage.to_string()));
                match state.take_up_kept(entries) {
                    Err(error) => tell(name, error.to_string()),
                    Ok(_) => {
                        notes.push(of(name, "A run that lost its lock kept this: the next run takes it up.".into()))
                    }
                }
            }
        }
    }
    for (name, _, bytes) in &remains.backups {
        if let Err(error) = decode(bytes) {
            tell(name, error.to_string());
        }
    }
    Verdict { faults, notes }
}

fn age((_, state): &(&String, State)) -> (u64, u64) {
    (state.journal_seq, state.serial)
}

/// That a state is older than a copy of it, and what follows from that.
pub fn older(state: &State, copy: &State, name: &str) -> String {
    format!(
        "It is older than its backup {name}: serial {} and entry {} against serial {} and entry {}. What was made in \
         between bills, and is not recorded here: put that backup in its place, or, if the older one is meant, look at \
         podform orphans before anything else.",
        state.serial, state.journal_seq, copy.serial, copy.journal_seq
    )
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
            // One that we made has none until its details are read (invariant 5); its claim proves it till then.
            ObjectId::Machine(_) if record.hash_id().is_none() && record.claim.is_none() => {
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
