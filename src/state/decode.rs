//! The state file read back: everything that does not hold together is refused, because what is refused is not
//! overwritten.

use super::fault::StateError;
use super::format::{FIRST_SEALED, FORMAT, File, Instance, Ours, Resource, mode};
use super::model::{Record, State};
use super::moved::Moved;
use super::parts::{Theirs, instances_apart, parts};
use super::sum::body;
use crate::address::{InstanceAddr, InstanceKey, Mode, ResourceAddr};
use crate::lang::json;
use crate::lang::stack::at_once;
use crate::schema;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value as Json;
use serde_json::error::Category;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of a state from which it is read on two processors: to start a thread takes as long as for some of these.
const WORTH_A_THREAD: usize = 1 << 20;

/// What tells, past everything else, who wrote the file, and how.
#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    version: Json,
    podform: Option<Writer>,
    #[serde(default)]
    resources: Json,
    encryption_version: Option<IgnoredAny>,
}

/// Who wrote the key `podform`.
#[derive(Deserialize)]
struct Writer {
    #[serde(default)]
    format: Json,
    #[serde(default)]
    version: Json,
}

/// Reads the bytes of a state file, which must be those that were written.
///
/// # Errors
/// What is wrong, where, and the way out.
pub fn decode(bytes: impl AsRef<[u8]>) -> Result<State, StateError> {
    let bytes = bytes.as_ref();
    let large = bytes.len() > WORTH_A_THREAD;
    let halves = large.then(|| in_halves(bytes)).flatten();
    let (read, is_sealed) = halves.unwrap_or_else(|| (read(bytes), body(bytes).is_some()));
    match read? {
        (state, Sum::None) => Ok(state),
        (_, Sum::Removed) => Err(StateError::Unsealed),
        (state, Sum::Found) if is_sealed => Ok(state),
        (_, Sum::Keyed) if is_sealed => Err(StateError::Keyed),
        (_, Sum::Found | Sum::Keyed) => Err(StateError::Changed),
    }
}

/// What Terraform knows, what is ours, and whether the checksum is right, on two processors. `None` where something is wrong
/// with one of them, which only the whole tells.
fn in_halves(bytes: &[u8]) -> Option<(Read, bool)> {
    let (theirs, ours) = parts(bytes)?;
    let Theirs { frame, instances } = instances_apart(theirs)?;
    let all = instances.concat();
    // The other third takes as long as what is ours and the checksum.
    let (here, beside) = all.split_at(all.len() / 3 * 2);
    let read = |texts: &[&[u8]]| {
        // All at once: what grows is held twice while it moves.
        let mut read = Vec::with_capacity(texts.len());
        for text in texts {
            read.push(json::read::<Instance>(text).ok()?);
        }
        Some(read)
    };
    let (here, (ours, beside, is_sealed)) =
        at_once(|| read(here), || (json::read(ours), read(beside), body(bytes).is_some()));
    let frame = json::read(&frame).ok()?;
    let file = filled(frame, &instances, here?.into_iter().chain(beside?), ours.ok()?)?;
    Some((understood(file), is_sealed))
}

/// A frame with what is ours, and with as many of all instances for each resource as it has.
fn filled<'t>(
    frame: File<IgnoredAny, ()>,
    instances: &[Vec<&[u8]>],
    mut all: impl Iterator<Item = Instance<'t>>,
    podform: Ours,
) -> Option<File<Instance<'t>>> {
    let File { version, terraform_version, serial, lineage, outputs, resources, check_results, podform: () } = frame;
    if resources.len() != instances.len() {
        return None;
    }
    let whole = |(Resource { module, mode, kind, name, provider, .. }, texts): (_, &Vec<_>)| {
        let instances = all.by_ref().take(texts.len()).collect();
        Resource { module, mode, kind, name, provider, instances }
    };
    let resources = resources.into_iter().zip(instances).map(whole).collect();
    Some(File { version, terraform_version, serial, lineage, outputs, resources, check_results, podform })
}

/// Reads the bytes of a state file that somebody may have edited: as [`decode`], whatever the checksum says.
///
/// # Errors
/// As [`decode`], but for [`StateError::Unsealed`], [`StateError::Changed`] and [`StateError::Keyed`].
pub fn decode_edited(bytes: impl AsRef<[u8]>) -> Result<State, StateError> {
    read(bytes.as_ref()).map(|(state, _)| state)
}

/// A state, and what stands at its checksum.
type Read = Result<(State, Sum), StateError>;

/// What stands at the checksum.
enum Sum {
    /// The format has none.
    None,
    /// The format has one, the file does not.
    Removed,
    /// Something.
    Found,
    /// Something, and a keyed one before it, which whoever has the key takes away.
    Keyed,
}

fn read(bytes: &[u8]) -> Read {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = good.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        StateError::NotJson { line, column, message: "this is no UTF-8".into() }
    })?;
    if !text.trim_start().starts_with('{') {
        json::read::<IgnoredAny>(bytes).map_err(|error| not_json(text, error))?;
        return Err(StateError::Version { found: "missing".into() });
    }
    understood(json::read(bytes).map_err(|error| misfit(text, &error))?)
}

fn understood(file: File) -> Read {
    if file.version != 4 {
        return Err(StateError::Version { found: file.version.to_string() });
    }
    if file.podform.format > FORMAT {
        return Err(StateError::Newer { format: file.podform.format, version: file.podform.version });
    }
    let sum = match (file.podform.format >= FIRST_SEALED, &file.podform.sum) {
        (false, None) => Sum::None,
        (true, None) => Sum::Removed,
        (_, Some(_)) if file.podform.mac.is_some() => Sum::Keyed,
        (_, Some(_)) => Sum::Found,
    };
    Ok((assemble(file)?, sum))
}

/// Why a text is not of our shape: who wrote it, and how, counts before what does not fit.
fn misfit(text: &str, error: &serde_json::Error) -> StateError {
    let header: Header = match json::read(text.as_bytes()) {
        Ok(header) => header,
        Err(error) => return not_json(text, error),
    };
    if header.encryption_version.is_some() {
        return StateError::Encrypted;
    }
    if header.version.as_u64() != Some(4) {
        let found = if header.version.is_null() { "missing".into() } else { header.version.to_string() };
        return StateError::Version { found };
    }
    if let Some(Moved { to, .. }) = Moved::read(text.as_bytes()) {
        return StateError::Moved { to };
    }
    let Some(ours) = header.podform else {
        let is_ours = |resource: &Json| {
            let kind = resource["type"].as_str().unwrap_or_default();
            [Mode::Managed, Mode::Data].into_iter().any(|mode| schema::table(mode, kind).is_some())
        };
        let recorded = header.resources.as_array().map_or(&[][..], Vec::as_slice);
        return match recorded.is_empty() || recorded.iter().any(is_ours) {
            true => StateError::Rewritten,
            false => StateError::Foreign,
        };
    };
    let version = ours.version.as_str().unwrap_or("of unknown version").to_owned();
    match ours.format.as_u64() {
        Some(format) if format > FORMAT => StateError::Newer { format, version },
        _ => StateError::Shape { line: error.line(), column: error.column(), message: message(error), version },
    }
}

fn not_json(text: &str, skipping: serde_json::Error) -> StateError {
    // Whoever skips a number does not say that it was cut; whoever reads it does.
    let error = json::read::<Json>(text.as_bytes()).err().unwrap_or(skipping);
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Eof => StateError::Truncated { line, column },
        _ => StateError::NotJson { line, column, message: message(&error) },
    }
}

/// The parser's words without the place, which stands apart.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line ").map_or(text.as_str(), |(message, _)| message).to_owned()
}

fn inconsistent<T>(what: String) -> Result<T, StateError> {
    Err(StateError::Inconsistent { what })
}

fn assemble(file: File) -> Result<State, StateError> {
    let Ours {
        format,
        version: _,
        fleet,
        account,
        journal_seq,
        mut instances,
        mut deposed,
        open,
        watched,
        failures,
        billed,
        spent,
        expired,
        heard,
        mac: _,
        sum: _,
    } = file.podform;
    if !(1..=FORMAT).contains(&format) {
        return inconsistent(format!("there never was a format {format}."));
    }
    let (mut resources, mut data) = (BTreeMap::new(), BTreeMap::new());
    let mut set_aside: BTreeMap<InstanceAddr, BTreeMap<String, Arc<Record>>> = BTreeMap::new();
    for resource in file.resources {
        let address = resource_address(&resource)?;
        for instance in resource.instances {
            let address = address.instance(index_key(&address, instance.index_key.as_ref())?);
            if address.resource.mode == Mode::Data {
                if data.insert(address.clone(), instance.attributes.into_owned()).is_some() {
                    return inconsistent(format!("{address} stands in \"resources\" twice."));
                }
                continue;
            }
            let ours = match &instance.deposed {
                None => instances.remove(&address),
                Some(key) => deposed.get_mut(&address).and_then(|all| all.remove(key)),
            };
            let Some(ours) = ours else {
                let known = match &instance.deposed {
                    None => resources.contains_key(&address),
                    Some(key) => set_aside.get(&address).is_some_and(|all| all.contains_key(key)),
                };
                let (what, place) = match &instance.deposed {
                    None => (address.to_string(), "instances"),
                    Some(key) => (format!("{address} (deposed {key})"), "deposed"),
                };
                return inconsistent(match known {
                    true => format!("{what} stands in \"resources\" twice."),
                    false => format!("{what} stands in \"resources\" but not in \"podform.{place}\"."),
                });
            };
            tainted_alike(&address, &instance, ours.tainted.is_some())?;
            let record = Arc::new(Record {
                attributes: instance.attributes.into_owned(),
                read_back: ours.read_back,
                secrets: ours.secrets,
                dependencies: instance.dependencies,
                tainted: ours.tainted,
                claim: ours.claim,
                prevent_destroy: ours.prevent_destroy,
                unproven: ours.unproven,
                offer: ours.offer.map(Cow::into_owned),
            });
            match instance.deposed {
                None => drop(resources.insert(address, record)),
                Some(key) => drop(set_aside.entry(address).or_default().insert(key, record)),
            }
        }
    }
    if let Some(address) = instances.keys().next() {
        return inconsistent(format!("{address} stands in \"podform.instances\" but not in \"resources\"."));
    }
    if let Some((address, _)) = deposed.iter().find(|(_, all)| !all.is_empty()) {
        return inconsistent(format!("{address} stands in \"podform.deposed\" but not in \"resources\"."));
    }
    let mut claims = BTreeSet::new();
    for intent in open.iter().chain(watched.iter().map(|gone| &gone.intent)) {
        if !claims.insert(&intent.claim) {
            return inconsistent(format!("two intents have the claim {}.", intent.claim));
        }
    }
    Ok(State {
        serial: file.serial,
        lineage: file.lineage,
        fleet,
        account,
        outputs: file.outputs,
        resources,
        deposed: set_aside,
        data,
        checks: file.check_results.unwrap_or_default(),
        open: open.into_iter().map(|intent| (intent.claim.clone(), intent)).collect(),
        watched: watched.into_iter().map(|gone| (gone.intent.claim.clone(), (gone.intent, gone.at))).collect(),
        failures,
        billed,
        spent,
        expired,
        heard,
        journal_seq,
    })
}

fn resource_address(resource: &Resource) -> Result<ResourceAddr, StateError> {
    let Resource { module, mode: word, kind, name, .. } = resource;
    let path = module.iter().map(|module| format!("{module}."));
    let data = if word == "data" { "data." } else { "" };
    let text: String = path.chain([format!("{data}{kind}.{name}")]).collect();
    match text.parse::<ResourceAddr>() {
        Ok(address) if (&*address.kind, &*address.name, mode(address.mode)) == (&**kind, &**name, &**word) => {
            Ok(address)
        }
        Ok(_) => inconsistent(format!("{text} is no resource of mode \"{word}\", type \"{kind}\", name \"{name}\".")),
        Err(error) => inconsistent(error.to_string()),
    }
}

fn index_key(resource: &ResourceAddr, key: Option<&Json>) -> Result<Option<InstanceKey>, StateError> {
    let Some(key) = key else { return Ok(None) };
    match (key.as_u64(), key.as_str()) {
        (Some(n), _) => Ok(Some(InstanceKey::Int(n))),
        (_, Some(text)) => Ok(Some(InstanceKey::Str(text.to_owned()))),
        _ => inconsistent(format!("the \"index_key\" {key} of {resource} is neither a whole number nor a string.")),
    }
}

fn tainted_alike(address: &InstanceAddr, instance: &Instance, ours: bool) -> Result<(), StateError> {
    match (instance.status.as_deref(), ours) {
        (None, false) | (Some("tainted"), true) => Ok(()),
        (status, _) => inconsistent(format!(
            "{address} has the status {} in \"resources\" but is {} in \"podform.instances\".",
            status.map_or("healthy".into(), |status| format!("\"{status}\"")),
            if ours { "tainted" } else { "healthy" }
        )),
    }
}
