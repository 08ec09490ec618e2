//! A mended state in the place of a damaged one.

use super::document::{Aside, Beside, Document, Journal};
use super::server::{JOURNAL, KEPT, Posted, STATE};
use super::store::{Web, version};
use crate::store::{Place, Snapshot, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use uuid::Uuid;

impl Web {
    /// Puts everything aside as it came, takes the journal away from whoever writes there, then writes the state.
    pub(super) async fn set_right(&mut self, next: &Snapshot) -> Result<Vec<Place>, StoreError> {
        self.turn = None;
        self.lock_journal().await?;
        let mut found = BTreeMap::new();
        for (name, ending) in [("state", STATE), ("journal", JOURNAL), ("kept", KEPT)] {
            let bytes = self.server.get(ending).await?;
            found.extend(bytes.map(|bytes| (name, bytes)));
        }
        let ending = format!("-aside-{}", &Uuid::new_v4().simple().to_string()[..8]);
        let lineage = serial_and_lineage(next.text.as_bytes()).map(|(_, lineage)| lineage).unwrap_or_default();
        let aside = found.iter().map(|(name, bytes)| ((*name).to_owned(), STANDARD.encode(bytes))).collect();
        if !found.is_empty() {
            self.write(&ending, None, &Document::new(1, &lineage, Aside { aside }).text()).await?;
        }
        let serial = found.get("journal").and_then(|bytes| serial_and_lineage(bytes)).map_or(0, |(serial, _)| serial);
        let ours = Journal { turn: Uuid::new_v4().to_string(), last: next.seq, ..Journal::default() };
        let journal = Document::new(serial.saturating_add(1), &lineage, ours);
        self.write(JOURNAL, self.id(), &journal.text()).await?;
        let there = version(found.get("state").map(Vec::as_slice));
        if version(self.server.get(STATE).await?.as_deref()) != there {
            return Err(StoreError::Changed { place: self.server.place(STATE), was: None, found: None });
        }
        self.write(STATE, self.id(), &next.text).await?;
        if found.contains_key("kept") {
            let serial = found.get("kept").and_then(|bytes| serial_and_lineage(bytes)).map_or(0, |(serial, _)| serial);
            let none = Document::new(serial.saturating_add(1), &lineage, Beside::default());
            self.write(KEPT, None, &none.text()).await?;
        }
        Ok(found.keys().map(|name| Place::named(format!("{} ({name})", self.server.place(&ending)))).collect())
    }

    async fn write(&self, ending: &str, id: Option<&str>, text: &str) -> Result<(), StoreError> {
        match self.server.post(ending, id, text).await {
            Posted::Done => Ok(()),
            Posted::Locked(error) | Posted::Stale(error) | Posted::NotDone(error) | Posted::InDoubt(error) => {
                match self.server.get(ending).await {
                    Ok(Some(there)) if there == text.as_bytes() => Ok(()),
                    _ => Err(error),
                }
            }
        }
    }
}

fn serial_and_lineage(state: &[u8]) -> Option<(u64, String)> {
    #[derive(serde::Deserialize)]
    struct Head {
        serial: u64,
        lineage: String,
    }
    serde_json::from_slice::<Head>(state).ok().map(|head| (head.serial, head.lineage))
}
