//! Progress of an apply: one stream of events, as lines for people or for programs; and at the foot of a terminal how far
//! all of it is, and what it has cost so far.

use super::terminal::Terminal;
use crate::address::InstanceAddr;
use crate::money::Usd;
use crate::plan::{ApplyEvent, StepAction};
use crate::render::{elapsed, event_message, event_text};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What goes on is told of this often, in seconds: as often as Terraform says "Still creating...".
const EVERY: u64 = 10;

/// Tells events as they come; the end is kept for after the state is written.
pub struct Progress {
    terminal: Terminal,
    running: BTreeMap<InstanceAddr, Running>,
    bill: Option<Bill>,
    ended: usize,
    steps: usize,
    finished: Option<ApplyEvent>,
}

/// A step that goes on.
struct Running {
    action: StepAction,
    began: Instant,
    status: Option<String>,
    /// When it was told last, in seconds since it began.
    told: u64,
}

/// What the machines cost that this apply rented. It is asked for at every event: a sum over thousands of machines would take
/// longer than their rents.
struct Bill {
    /// What each costs per hour.
    rates: BTreeMap<InstanceAddr, Usd>,
    /// All of them.
    per_hour: Usd,
    since: Instant,
    /// Until then.
    before: Usd,
}

impl Progress {
    /// Of so many steps: lines of text to standard error, or messages to standard output.
    pub fn new(terminal: Terminal, steps: usize) -> Progress {
        Progress { terminal, running: BTreeMap::new(), bill: None, ended: 0, steps, finished: None }
    }

    /// Tells one event, and how far all of it is.
    pub fn tell(&mut self, event: ApplyEvent) {
        let now = Instant::now();
        let is_news = self.take_in(&event, now);
        match event {
            event @ ApplyEvent::Finished { .. } => self.finished = Some(event),
            event if is_news => self.say(&event),
            _ => {}
        }
        self.foot(now);
    }

    /// A second passed: what has gone on for long without a word is told of.
    pub fn tick(&mut self) {
        let now = Instant::now();
        self.overdue(now).iter().for_each(|event| self.say(event));
        self.foot(now);
    }

    fn say(&self, event: &ApplyEvent) {
        match self.terminal.streams() {
            true => self.terminal.messages([event_message(event)]),
            false => self.terminal.tell(&event_text(event, self.terminal.err)),
        }
    }

    fn foot(&self, now: Instant) {
        if self.finished.is_none() {
            self.terminal.foot(&self.standing(now));
        }
    }

    /// Takes an event in, and says whether it is told.
    fn take_in(&mut self, event: &ApplyEvent, now: Instant) -> bool {
        match event {
            ApplyEvent::StepStarted { address, action, .. } => {
                let running = Running { action: *action, began: now, status: None, told: 0 };
                self.running.insert(address.clone(), running);
                true
            }
            ApplyEvent::StepProgress { address, action, elapsed_s, status } => {
                let began = now.checked_sub(Duration::from_secs(*elapsed_s)).unwrap_or(now);
                let new = || Running { action: *action, began, status: None, told: 0 };
                let running = self.running.entry(address.clone()).or_insert_with(new);
                // Its seconds are whole ones: what began earlier by our own clock did.
                running.began = running.began.min(began);
                let before = std::mem::replace(&mut running.status, status.clone());
                // The first status says no more than "Renting..." did.
                let is_news = before.is_some() && before != *status;
                if is_news {
                    running.told = *elapsed_s;
                }
                is_news
            }
            ApplyEvent::Bills { address, per_hour } => {
                self.bill.get_or_insert_with(|| Bill::new(now)).changes(address, *per_hour, now);
                // A person was told the price when the rent began.
                self.terminal.streams()
            }
            ApplyEvent::StepDone { address, .. }
            | ApplyEvent::StepFailed { address, .. }
            | ApplyEvent::StepSkipped { address, .. } => {
                self.running.remove(address);
                self.ended += 1;
                true
            }
            ApplyEvent::OfferChanged { .. } | ApplyEvent::Settled { .. } | ApplyEvent::Finished { .. } => true,
        }
    }

    /// What was not told of for too long.
    fn overdue(&mut self, now: Instant) -> Vec<ApplyEvent> {
        let mut overdue = Vec::new();
        for (address, running) in &mut self.running {
            let elapsed_s = now.saturating_duration_since(running.began).as_secs();
            if elapsed_s.saturating_sub(running.told) < EVERY {
                continue;
            }
            running.told = elapsed_s;
            let (address, action, status) = (address.clone(), running.action, running.status.clone());
            overdue.push(ApplyEvent::StepProgress { address, action, elapsed_s, status });
        }
        overdue
    }

    /// `27 of 30 done, about $0.12 so far, going on: simplepod_instance.worker[3] since 42s, and 2 more`
    fn standing(&self, now: Instant) -> String {
        let mut text = format!("{} of {} done", self.ended, self.steps);
        if let Some(bill) = &self.bill {
            text.push_str(&so_far(bill.so_far(now)));
        }
        let Some((address, running)) = self.running.iter().min_by_key(|(_, running)| running.began) else {
            return text;
        };
        let since = elapsed(now.saturating_duration_since(running.began).as_secs());
        text.push_str(&format!(", going on: {address} since {since}"));
        match self.running.len() - 1 {
            0 => {}
            others => text.push_str(&format!(", and {others} more")),
        }
        text
    }

    /// The end.
    pub fn finished(self) -> Option<ApplyEvent> {
        self.finished
    }
}

impl Bill {
    fn new(now: Instant) -> Bill {
        Bill { rates: BTreeMap::new(), per_hour: Usd::ZERO, since: now, before: Usd::ZERO }
    }

    /// From now on a machine costs so much.
    fn changes(&mut self, address: &InstanceAddr, per_hour: Usd, now: Instant) {
        (self.before, self.since) = (self.so_far(now), now);
        let was = self.rates.insert(address.clone(), per_hour).unwrap_or_default();
        self.per_hour = self.per_hour - was + per_hour;
    }

    /// An estimate: the price times the time since the rent was answered. The vendor's clock is another.
    fn so_far(&self, now: Instant) -> Usd {
        self.before + self.per_hour.over(now.saturating_duration_since(self.since))
    }
}

fn so_far(cost: Usd) -> String {
    match cost < Usd(Decimal::new(1, 2)) {
        true => ", less than $0.01 so far".to_owned(),
        false => format!(", about {cost:.2} so far"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> Progress {
        Progress::new(Terminal::new(true, false, false), 3)
    }

    fn address(text: &str) -> InstanceAddr {
        text.parse().expect("an address")
    }

    fn usd(text: &str) -> Usd {
        Usd(text.parse().expect("a decimal"))
    }

    #[test]
    fn the_foot_says_how_far_it_is_and_what_it_cost() {
        let (mut progress, began) = (progress(), Instant::now());
        let at = |seconds| began + Duration::from_secs(seconds);
        let (a, b) = (address("simplepod_instance.a"), address("simplepod_instance.b"));
        let start = |address: &InstanceAddr| ApplyEvent::StepStarted {
            address: address.clone(),
            action: StepAction::RENT,
            id: None,
            offer: None,
        };
        assert_eq!(progress.standing(at(0)), "0 of 3 done");
        progress.take_in(&start(&a), at(0));
        progress.take_in(&start(&b), at(5));
        assert_eq!(progress.standing(at(65)), "0 of 3 done, going on: simplepod_instance.a since 1m05s, and 1 more");
        progress.take_in(&ApplyEvent::Bills { address: a.clone(), per_hour: usd("3.60") }, at(65));
        let told = progress.standing(at(66));
        assert_eq!(told, "0 of 3 done, less than $0.01 so far, going on: simplepod_instance.a since 1m06s, and 1 more");
        let done = ApplyEvent::StepDone { address: a.clone(), action: StepAction::RENT, elapsed_s: 125, id: None };
        progress.take_in(&done, at(125));
        progress.take_in(&ApplyEvent::Bills { address: b.clone(), per_hour: usd("7.20") }, at(125));
        // 120 s of the one, 60 s of the other.
        let told = progress.standing(at(185));
        assert_eq!(told, "1 of 3 done, about $0.24 so far, going on: simplepod_instance.b since 3m00s");
        // Released at once: what it cost stays.
        progress.take_in(&ApplyEvent::Bills { address: b.clone(), per_hour: Usd::ZERO }, at(185));
        assert!(progress.standing(at(186)).contains("about $0.24 so far"));
        assert!(progress.standing(at(245)).contains("about $0.30 so far"), "the first bills on");
    }

    #[test]
    fn what_goes_on_is_told_every_ten_seconds() {
        let (mut progress, began) = (progress(), Instant::now());
        let at = |seconds| began + Duration::from_secs(seconds);
        let address = address("simplepod_instance.a");
        let action = StepAction::RENT;
        let goes_on = |elapsed_s, status: &str| ApplyEvent::StepProgress {
            address: address.clone(),
            action,
            elapsed_s,
            status: Some(status.to_owned()),
        };
        progress.take_in(&ApplyEvent::StepStarted { address: address.clone(), action, id: None, offer: None }, at(0));
        assert!(!progress.take_in(&goes_on(3, "looking for its machine"), at(3)), "the first says nothing new");
        assert!(progress.overdue(at(9)).is_empty());
        assert_eq!(progress.overdue(at(10)), [goes_on(10, "looking for its machine")]);
        assert!(progress.overdue(at(19)).is_empty());
        assert!(progress.take_in(&goes_on(19, "creating"), at(19)), "another status is news");
        assert!(progress.overdue(at(28)).is_empty());
        assert_eq!(progress.overdue(at(29)), [goes_on(29, "creating")]);
    }
}
