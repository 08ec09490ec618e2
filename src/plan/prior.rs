//! The state as a plan finds it.

use super::model::{DriftKind, Plan};
use crate::address::InstanceAddr;
use crate::lang::json::{to_json, type_to_json};
use crate::state::digest::SecretKey;
use crate::state::journal::Event;
use crate::state::{Expired, OutputState, Record, State};
use serde_json::Value as Json;
use std::sync::Arc;

impl Plan {
    /// What an apply records before its first step: addresses that moved, objects that are imported, facts that were read.
    pub fn found(&self) -> impl Iterator<Item = Event> {
        let moves = self.moves.iter().map(|(from, to)| Event::Moved { from: from.clone(), to: to.clone() });
        // A record that was refreshed stands over what the import read.
        let records = self.imports.iter().chain(&self.refresh).map(|(address, record)| Event::Recorded {
            claim: None,
            address: address.clone(),
            record: Arc::new(record.clone()),
        });
        moves.chain(records).chain(self.ends())
    }

    /// Ends that are remembered, or forgotten; a plan that does nothing only forgets some.
    pub fn ends(&self) -> impl Iterator<Item = Event> {
        let event = |(address, expired): &(InstanceAddr, Option<Expired>)| Event::Expired {
            address: address.clone(),
            expired: expired.clone(),
        };
        self.expired.iter().map(event)
    }

    /// The recorded state with all that the plan found out: Terraform's `prior_state`.
    pub fn prior(&self, recorded: &State, key: &SecretKey) -> State {
        let mut state = recorded.clone();
        self.found().for_each(|event| state.apply(event));
        for gone in self.drift.iter().filter(|drift| drift.kind == DriftKind::Gone) {
            state.resources.remove(&gone.address);
        }
        let read = self.data.iter().map(|(address, object)| (address.clone(), Record::of(object, key).attributes));
        state.data.extend(read);
        for output in &self.outputs {
            let Some(after) = output.after.as_ref().filter(|after| after.is_wholly_known()) else { continue };
            // No state keeps one that is null.
            if after.is_null() && !output.sensitive {
                state.outputs.remove(&output.name);
                continue;
            }
            let value = if output.sensitive { Json::Null } else { to_json(after) };
            let told = OutputState { value, ty: type_to_json(&after.ty()), sensitive: output.sensitive };
            state.outputs.insert(output.name.clone(), told);
        }
        state
    }
}
