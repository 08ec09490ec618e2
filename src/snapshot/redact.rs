//! Leaving secrets out: of what is recorded, and of what is live.
//!
//! | of | goes | why |
//! |---|---|---|
//! | records | digests of secrets, and what the server showed for them | whoever finds the key could search them |
//! | records, failures | why a machine failed | it ends with the machine's console |
//! | objects | environment, start script, arguments, registry, console | secrets are given to machines in them |
//! | objects | notes that are not as recorded, but for our mark | people write everything into notes |
//! | both | queries of addresses | they carry tokens (Jupyter) |

use crate::live::{Group, LiveObject, Machine, Notes, ObjectId};
use crate::schema::{self, Schema};
use crate::state::{Intent, Record, State};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// In the place of what is left out.
pub(super) const HIDDEN: &str = "hidden";
/// Attributes of template groups and machines in which secrets are given.
const SECRETIVE: [&str; 2] = ["start_script", "arg_options"];

/// What is recorded of one object.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The text of its notes, where that is no secret.
    notes: Option<String>,
    /// Attributes that are secret.
    secret: BTreeSet<String>,
}

/// Leaves secrets out of what is live, by what is recorded of it.
#[derive(Clone, Debug, Default)]
pub struct Redaction(BTreeMap<ObjectId, Known>);

impl Redaction {
    /// Beside this state.
    pub fn of(state: &State) -> Redaction {
        let known = |record: &Record| {
            let secret: BTreeSet<String> = record
                .secrets
                .keys()
                .filter_map(|path| path.steps().first()?.name())
                .map(ToString::to_string)
                .collect();
            let notes = record.read_back.get("notes").or_else(|| record.attributes.get("notes"));
            let notes = notes.map_or_else(String::new, |notes| notes.as_str().unwrap_or_default().to_owned());
            Known { notes: (!secret.contains("notes")).then_some(notes), secret }
        };
        Redaction(state.identified().map(|(id, _, record)| (id, known(record))).collect())
    }

    /// A machine without its secrets.
    pub fn machine(&self, machine: Machine) -> Machine {
        let known = self.0.get(&ObjectId::Machine(machine.id));
        let mut hidden = hidden(&schema::instance::SCHEMA, known);
        let notes = machine.notes.clone();
        let mut machine = Machine {
            notes: machine.notes.and_then(|notes| public(notes, known)),
            env: None,
            start_script: None,
            console: None,
            console_system: None,
            ..machine
        };
        machine.shown.retain(|name, _| shows(name, known));
        for port in machine.ports.iter_mut().flatten() {
            let Some(whole) = port.url.take() else { continue };
            let url = without_query(&whole);
            if url != whole {
                hidden.extend(["ports", "urls"]);
            }
            port.url = Some(url);
        }
        if machine.notes != notes {
            hidden.insert("notes");
        }
        Machine { hidden, ..machine }
    }

    /// A template group without its secrets.
    pub fn group(&self, group: Group) -> Group {
        let known = self.0.get(&ObjectId::Group(group.id));
        let mut hidden = hidden(&schema::group::SCHEMA, known);
        let notes = group.notes.clone();
        let mut group = Group {
            notes: group.notes.and_then(|notes| public(notes, known)),
            env: None,
            host: None,
            username: None,
            password_protected: None,
            ..group
        };
        group.shown.retain(|name, _| shows(name, known) && *name != "registry");
        if group.notes != notes {
            hidden.insert("notes");
        }
        Group { hidden, ..group }
    }

    /// An object without its secrets.
    pub fn object(&self, object: LiveObject) -> LiveObject {
        match object {
            LiveObject::Machine(machine) => self.machine(*machine).into(),
            LiveObject::Group(group) => self.group(*group).into(),
        }
    }
}

/// The attributes and blocks that are left out.
fn hidden(schema: &Schema, known: Option<&Known>) -> BTreeSet<&'static str> {
    let attributes = schema.attributes.iter().map(|attribute| attribute.name);
    let all = attributes.chain(schema.blocks.iter().map(|block| block.name));
    all.filter(|name| !shows(name, known) || ["env_variables", "registry"].contains(name)).collect()
}

fn shows(name: &str, known: Option<&Known>) -> bool {
    !SECRETIVE.contains(&name) && known.is_none_or(|known| !known.secret.contains(name))
}

/// Notes as anybody may read them. Those of a recorded object that are not as recorded are not told at all: without their
/// text they would seem to be changed.
fn public(notes: Notes, known: Option<&Known>) -> Option<Notes> {
    match known {
        Some(known) => Some(notes).filter(|notes| known.notes.as_deref() == Some(notes.text())),
        None => notes.mark().map(|mark| mark.write("").into()),
    }
}

fn without_query(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// A state without what could tell a secret.
#[must_use]
pub fn without_secrets(state: &State) -> State {
    let shared = |record: &Arc<Record>| Arc::new(record_without(record));
    let intent = |intent: &Intent| Intent {
        record: intent.record.as_deref().map(|record| Arc::new(record_without(record))),
        ..intent.clone()
    };
    let mut bare = State {
        resources: state.resources.iter().map(|(address, record)| (address.clone(), shared(record))).collect(),
        open: state.open.iter().map(|(claim, open)| (claim.clone(), intent(open))).collect(),
        watched: state.watched.iter().map(|(claim, (gone, at))| (claim.clone(), (intent(gone), *at))).collect(),
        // What data sources and rules said is said anew.
        data: BTreeMap::new(),
        checks: Vec::new(),
        heard: Vec::new(),
        ..state.clone()
    };
    for record in bare.deposed.values_mut().flat_map(BTreeMap::values_mut) {
        *record = shared(record);
    }
    for spent in &mut bare.spent {
        spent.record = record_without(&spent.record);
    }
    for failure in &mut bare.failures {
        HIDDEN.clone_into(&mut failure.why);
    }
    bare
}

fn record_without(record: &Record) -> Record {
    let mut record = record.clone();
    let secrets = std::mem::take(&mut record.secrets);
    record.read_back.retain(|name, _| !secrets.keys().any(|path| path.is_in(name)));
    record.secrets = secrets;
    for digest in record.secrets.values_mut() {
        HIDDEN.clone_into(&mut digest.digest);
        HIDDEN.clone_into(&mut digest.key_id);
    }
    record.tainted = record.tainted.map(|_| "it is recorded as failed".to_owned());
    for (name, value) in record.attributes.iter_mut() {
        match (&**name, value) {
            ("urls", Json::Object(urls)) => urls.values_mut().for_each(cut),
            ("ports", Json::Array(ports)) => ports.iter_mut().filter_map(|port| port.get_mut("url")).for_each(cut),
            _ => {}
        }
    }
    record
}

fn cut(url: &mut Json) {
    if let Some(text) = url.as_str() {
        *url = Json::String(without_query(text));
    }
}
