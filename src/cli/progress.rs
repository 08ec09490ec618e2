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
    /// What runs, since how many seconds.
    running: BTreeMap<InstanceAddr, u64>,
    ended: usize,
    steps: usize,
    finished: Option<ApplyEvent>,
}

impl Progress {
    /// Of so many steps: lines of text to standard error, or messages to standard output.
    pub fn new(terminal: Terminal, steps: usize) -> Progress {
        let (told, running) = (BTreeMap::new(), BTreeMap::new());
        Progress { terminal, told, running, ended: 0, steps, finished: None }
    }

    /// Tells one event, and how far all of it is.
    pub fn tell(&mut self, event: ApplyEvent) {
        self.count(&event);
        self.tell_event(event);
        if self.finished.is_none() {
            self.terminal.foot(&self.standing());
        }
    }

    fn count(&mut self, event: &ApplyEvent) {
        match event {
            ApplyEvent::StepStarted { address, .. } => {
                self.running.insert(address.clone(), 0);
            }
            ApplyEvent::StepProgress { address, elapsed_s, .. } => {
                self.running.insert(address.clone(), *elapsed_s);
            }
            ApplyEvent::StepDone { address, .. }
            | ApplyEvent::StepFailed { address, .. }
            | ApplyEvent::StepSkipped { address, .. } => {
                self.running.remove(address);
                self.ended += 1;
            }
            ApplyEvent::OfferChanged { .. } | ApplyEvent::Settled { .. } | ApplyEvent::Finished { .. } => {}
        }
    }

    /// `27 of 30 done, going on: simplepod_instance.worker[3] since 42s, and 2 more`
    fn standing(&self) -> String {
        let far = format!("{} of {} done", self.ended, self.steps);
        match self.running.iter().max_by_key(|(_, elapsed)| **elapsed) {
            None => far,
            Some((address, elapsed)) => match self.running.len() - 1 {
                0 => format!("{far}, going on: {address} since {elapsed}s"),
                others => format!("{far}, going on: {address} since {elapsed}s, and {others} more"),
            },
        }
    }

    fn tell_event(&mut self, event: ApplyEvent) {
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
