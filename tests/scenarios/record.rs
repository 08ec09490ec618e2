//! What a command did to the state: everything that it records is compared with what it recorded before.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Values longer than this are not shown; that they differ is.
const SHOWN: usize = 60;

/// The states below a directory, by their place, with the entries of the journals beside them.
#[derive(Default, PartialEq)]
pub struct Record(BTreeMap<String, (Vec<u8>, usize)>);

impl Record {
    /// Reads them: of the fleet in `directory`, of its sandbox, of fleets in directories below.
    pub fn read(directory: &Path) -> Self {
        let mut record = Self::default();
        record.walk(directory, "");
        record
    }

    fn walk(&mut self, directory: &Path, place: &str) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() {
                self.walk(&entry.path(), &format!("{place}{name}/"));
            } else if name == "podform.state.json" {
                self.0.entry(place.to_owned()).or_default().0 = fs::read(entry.path()).unwrap_or_default();
            } else if name == "podform.journal" {
                let bytes = fs::read(entry.path()).unwrap_or_default();
                self.0.entry(place.to_owned()).or_default().1 = bytes.split(|byte| *byte == b'\n').count() - 1;
            }
        }
    }

    /// What became of it, one difference a line; nothing where not a byte changed.
    pub fn changes(&self, after: &Self) -> String {
        let mut text = String::new();
        let nothing = (Vec::new(), 0);
        let places: BTreeSet<&String> = self.0.keys().chain(after.0.keys()).collect();
        for place in places {
            let [old, new] = [self, after].map(|record| record.0.get(place).unwrap_or(&nothing));
            let mut lines = String::new();
            if old.0 != new.0 {
                lines = differences(&read(&old.0), &read(&new.0));
                if lines.is_empty() {
                    lines.push_str("rewritten\n");
                }
            }
            if old.1 != new.1 {
                let _ = writeln!(lines, "journal: {} entries", new.1);
            }
            let place = if place == "state/" { String::new() } else { format!("{place} ") };
            text.extend(lines.split_inclusive('\n').map(|line| format!("{place}{line}")));
        }
        text
    }
}

/// What stands in a state, by what it is about.
type Facts = BTreeMap<String, Map<String, Value>>;

fn read(bytes: &[u8]) -> Facts {
    let mut facts = Facts::new();
    if bytes.is_empty() {
        return facts;
    }
    let Ok(state) = serde_json::from_slice::<Value>(bytes) else {
        facts.insert("unreadable".to_owned(), Map::new());
        return facts;
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for resource in list(&state["resources"]) {
        for instance in list(&resource["instances"]) {
            let (address, facts_of) = object(&state, &resource, &instance);
            facts.insert(address, facts_of);
        }
    }
    for (name, output) in state["outputs"].as_object().into_iter().flatten() {
        facts.insert(format!("output {name}"), output.as_object().cloned().unwrap_or_default());
    }
    for kind in ["open", "watched"] {
        for intent in list(&state["podform"][kind]) {
            // What is watched has the time since when around it.
            let intent = intent.get("intent").unwrap_or(&intent);
            let fields = intent.as_object().cloned().unwrap_or_default();
            let text = |name: &str| intent[name].as_str().unwrap_or_default();
            facts.insert(format!("{kind} {} {}", text("action"), text("address")), fields);
        }
    }
    for (address, fields) in state["podform"]["expired"].as_object().into_iter().flatten() {
        facts.insert(format!("expired {address}"), fields.as_object().cloned().unwrap_or_default());
    }
    let mut rest = Map::new();
    for name in ["version", "terraform_version", "lineage", "check_results"] {
        rest.insert(name.to_owned(), state[name].clone());
    }
    for name in ["format", "version", "fleet", "account"] {
        rest.insert(format!("podform.{name}"), state["podform"][name].clone());
    }
    facts.insert("state".to_owned(), rest);
    facts
}

/// An object by its address, with everything that is recorded of it.
fn object(state: &Value, resource: &Value, instance: &Value) -> (String, Map<String, Value>) {
    let mut address = resource["module"].as_str().map(|module| format!("{module}.")).unwrap_or_default();
    if resource["mode"] == "data" {
        address.push_str("data.");
    }
    let text = |name: &str| resource[name].as_str().unwrap_or_default();
    let _ = write!(address, "{}.{}", text("type"), text("name"));
    if !instance["index_key"].is_null() {
        let _ = write!(address, "[{}]", instance["index_key"]);
    }
    let mut fields = instance["attributes"].as_object().cloned().unwrap_or_default();
    for (name, value) in instance.as_object().into_iter().flatten().filter(|(name, _)| *name != "attributes") {
        fields.insert(format!("({name})"), value.clone());
    }
    let deposed = instance["deposed"].as_str();
    let ours = match deposed {
        Some(key) => &state["podform"]["deposed"][&address][key],
        None => &state["podform"]["instances"][&address],
    };
    for (name, value) in ours.as_object().into_iter().flatten() {
        fields.insert(format!("({name})"), value.clone());
    }
    if let Some(key) = deposed {
        let _ = write!(address, " (deposed object {key})");
    }
    (address, fields)
}

fn differences(old: &Facts, new: &Facts) -> String {
    let mut text = String::new();
    let subjects: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for subject in subjects {
        match (old.get(subject), new.get(subject)) {
            (None, Some(fields)) => {
                if let Some(line) = introduced(subject, fields) {
                    let _ = writeln!(text, "+ {line}");
                }
            }
            (Some(_), None) => {
                let _ = writeln!(text, "- {subject}");
            }
            (Some(old), Some(new)) => {
                let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                let shown = |value: Option<&Value>| value.map_or("null".to_owned(), Value::to_string);
                let changed: Vec<String> = names
                    .into_iter()
                    .filter(|name| old.get(*name) != new.get(*name))
                    .map(|name| match [shown(old.get(name)), shown(new.get(name))] {
                        [old, new] if old.len().max(new.len()) <= SHOWN => format!("{name} {old} -> {new}"),
                        _ => name.clone(),
                    })
                    .collect();
                if !changed.is_empty() {
                    let _ = writeln!(text, "~ {subject} {}", changed.join(", "));
                }
            }
            (None, None) => {}
        }
    }
    text
}

/// What tells one object from the others; the rest of a new one was said by its plan or by what the server answered.
fn introduced(subject: &str, fields: &Map<String, Value>) -> Option<String> {
    let told: &[&str] = match subject.split_once(' ') {
        _ if subject == "state" => return None,
        Some(("output", _)) => &["value", "sensitive"],
        Some(("open", _)) => &["claim", "doubt"],
        Some(("watched", _)) => &["claim"],
        _ => &["id", "name", "(status)", "(claim)"],
    };
    let mut line = subject.to_owned();
    for name in told {
        if let Some(value) = fields.get(*name).filter(|value| !value.is_null()) {
            let _ = write!(line, " {}={value}", name.trim_matches(['(', ')']));
        }
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn state(name: &str, claim: &str) -> Record {
        let state = json!({
            "lineage": "l",
            "resources": [{
                "mode": "managed", "type": "simplepod_instance", "name": "w",
                "instances": [{"attributes": {"id": "7", "name": name, "notes": "x".repeat(SHOWN)}}],
            }],
            "podform": {"instances": {"simplepod_instance.w": {"claim": claim}}},
        });
        Record(BTreeMap::from([("state/".to_owned(), (state.to_string().into_bytes(), 0))]))
    }

    #[test]
    fn every_difference_is_told() {
        let (none, one) = (Record::default(), state("a", "c"));
        assert_eq!(none.changes(&one), "+ simplepod_instance.w id=\"7\" name=\"a\" claim=\"c\"\n");
        assert_eq!(one.changes(&state("a", "c")), "");
        assert_eq!(one.changes(&state("b", "c")), "~ simplepod_instance.w name \"a\" -> \"b\"\n");
        assert_eq!(one.changes(&state("a", "d")), "~ simplepod_instance.w (claim) \"c\" -> \"d\"\n");
        assert_eq!(one.changes(&none), "- simplepod_instance.w\n- state\n");
    }

    #[test]
    fn a_deposed_object_has_a_claim_of_its_own() {
        let state = json!({
            "resources": [{
                "mode": "managed", "type": "simplepod_instance", "name": "w",
                "instances": [{"attributes": {"id": "8"}}, {"attributes": {"id": "7"}, "deposed": "k"}],
            }],
            "podform": {
                "instances": {"simplepod_instance.w": {"claim": "c"}},
                "deposed": {"simplepod_instance.w": {"k": {"claim": "d"}}},
                "watched": [{"at": "t", "intent": {"action": "rent", "address": "simplepod_instance.w", "claim": "e"}}],
            },
        });
        let told = "+ simplepod_instance.w id=\"8\" claim=\"c\"\n\
                    + simplepod_instance.w (deposed object k) id=\"7\" claim=\"d\"\n\
                    + watched rent simplepod_instance.w claim=\"e\"\n";
        assert_eq!(differences(&Facts::new(), &read(state.to_string().as_bytes())), told);
    }

    #[test]
    fn a_state_that_says_the_same_in_other_bytes_was_rewritten() {
        let mut again = state("a", "c");
        again.0.values_mut().for_each(|(bytes, _)| bytes.push(b'\n'));
        assert_eq!(state("a", "c").changes(&again), "rewritten\n");
        again.0.values_mut().for_each(|(_, entries)| *entries = 2);
        assert_eq!(state("a", "c").changes(&again), "rewritten\njournal: 2 entries\n");
    }
}
