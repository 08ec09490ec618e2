//! The state file, read without our types.

use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// What it says.
pub struct Recorded {
    pub machines: Vec<(u64, String)>,
    pub groups: Vec<(u64, String)>,
    pub open: BTreeSet<String>,
    /// Claims of calls that were given up.
    pub watched: BTreeSet<String>,
    pub deposed: usize,
    /// Addresses whose machine expired, and by which words.
    pub expired: BTreeMap<String, String>,
}

impl Recorded {
    pub fn read(text: &str) -> Option<Recorded> {
        let state: Json = serde_json::from_str(text).ok()?;
        let (open, watched) = (BTreeSet::new(), BTreeSet::new());
        let expired = BTreeMap::new();
        let mut recorded = Recorded { machines: Vec::new(), groups: Vec::new(), open, watched, deposed: 0, expired };
        for resource in state["resources"].as_array()? {
            let kind = resource["type"].as_str()?;
            for instance in resource["instances"].as_array()? {
                let id = instance["attributes"]["id"].as_str()?.parse().ok()?;
                let key = &instance["index_key"];
                let index = if key.is_null() { String::new() } else { format!("[{key}]") };
                let address = format!("{kind}.{}{index}", resource["name"].as_str()?);
                recorded.deposed += usize::from(!instance["deposed"].is_null());
                match kind {
                    "simplepod_instance" => recorded.machines.push((id, address)),
                    "simplepod_template_group" => recorded.groups.push((id, address)),
                    other => panic!("a recorded object of an unknown type: {other}"),
                }
            }
        }
        for intent in state["podform"]["open"].as_array()? {
            recorded.open.insert(intent["claim"].as_str()?.to_owned());
        }
        for (address, end) in state["podform"]["expired"].as_object().into_iter().flatten() {
            recorded.expired.insert(address.clone(), end["expires"].as_str()?.to_owned());
        }
        for given_up in state["podform"]["watched"].as_array().into_iter().flatten() {
            recorded.watched.insert(given_up["intent"]["claim"].as_str()?.to_owned());
        }
        Some(recorded)
    }
}
