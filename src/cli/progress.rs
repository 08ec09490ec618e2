//! Progress of an apply: one stream of events, as lines for people or for programs.

use super::terminal::Terminal;
use crate::address::InstanceAddr;
use crate::plan::ApplyEvent;
use crate::render::{event_message, event_text};
use std::collections::BTreeMap;

/// A machine that is waited for is told of when its status changes, and this often besides, in seconds: as often as
/// Terraform says "Still creating...".
const EVERY: u64 = 10;

/// Tells events as they come; the end is kept for after the state is written.
pub struct Progress {
    terminal: Terminal,
    told: BTreeMap<InstanceAddr, (u64, Option<String>)>,
    finished: Option<ApplyEvent>,
}

impl Progress {
    /// Lines of text to standard error, or messages to standard output.
    pub fn new(terminal: Terminal) -> Progress {
        Progress { terminal, told: BTreeMap::new(), finished: None }
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
            event @ ApplyEvent::Finished { .. } => self.finished = Some(event),
            event if self.terminal.streams() => self.terminal.messages([event_message(&event)]),
            event => self.terminal.tell(&event_text(&event, self.terminal.err)),
        }
    }

    /// The end.
    pub fn finished(self) -> Option<ApplyEvent> {
        self.finished
    }
}
