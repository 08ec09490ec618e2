//! Progress of an apply: one stream of events, as lines for people or for programs.

use super::terminal::Terminal;
use crate::address::InstanceAddr;
use crate::plan::ApplyEvent;
use crate::render::{event_json, event_text};
use std::collections::BTreeMap;

/// A machine that is waited for is told of when its status changes, and this often besides, in seconds: as often as
/// Terraform says "Still creating...".
const EVERY: u64 = 10;

/// Tells events as they come; the end is kept for after the state is written.
pub struct Progress {
    terminal: Terminal,
    json: bool,
    told: BTreeMap<InstanceAddr, (u64, Option<String>)>,
    finished: Option<ApplyEvent>,
}

impl Progress {
    /// Lines of text to standard error, or of JSON to standard output.
    pub fn new(terminal: Terminal, json: bool) -> Progress {
        Progress { terminal, json, told: BTreeMap::new(), finished: None }
    }

    /// Tells one event.
    pub fn tell(&mut self, event: ApplyEvent) {
        if let ApplyEvent::StepProgress { address, elapsed_s, status, .. } = &event {
            let news = self
                .told
                .get(address)
                .is_none_or(|(at, before)| before != status || elapsed_s.saturating_sub(*at) >= EVERY);
            if !news {
                return;
            }
            // The first status says no more than "Renting..." did.
            if self.told.insert(address.clone(), (*elapsed_s, status.clone())).is_none() {
                return;
            }
        }
        match event {
            event if self.json => self.terminal.json(&event_json(&event, jiff::Timestamp::now())),
            event @ ApplyEvent::Finished { .. } => self.finished = Some(event),
            event => self.terminal.tell(&event_text(&event, self.terminal.err)),
        }
    }

    /// The end, where it is to be told as text.
    pub fn finished(self) -> Option<String> {
        self.finished.map(|event| event_text(&event, self.terminal.out))
    }
}
