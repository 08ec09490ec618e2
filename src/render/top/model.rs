//! What is shown, and what an event makes of it: keys, answers, failures, time.

use super::lines::{Line, Seen, lines};
use super::logs::{Consoles, Logs};
use super::order::Order;
use crate::live::MachineId;
use crate::live::console::PAUSE;
use jiff::{SignedDuration, Timestamp};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::time::Duration;

/// The longest pause after failures: whoever looks at the screen waits no longer for the API to be back.
const LONGEST: Duration = Duration::from_secs(60);

/// Rows beside those of machines: title, sums, head; the selected one, news, keys.
pub(super) const BESIDE: u16 = 6;
/// Rows beside those of a console: title, keys.
const BESIDE_LOGS: u16 = 2;

/// What happens.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// The terminal has so many columns and rows.
    Size(u16, u16),
    /// It is so late here.
    Tick(Timestamp),
    /// A look at the account.
    Seen(Box<Seen>),
    /// A look at the account that failed, in the API's words.
    Failed(String),
    /// A look at the consoles of a machine.
    Consoles(MachineId, Consoles),
    /// A look at them that failed; another one may not.
    NoConsoles(MachineId, String),
    /// There is nothing more to be seen of them.
    NoMoreConsoles(MachineId, String),
    /// What is to be known before a machine is rebooted, or why it may not be.
    Asked(MachineId, Result<String, String>),
    /// A reboot came to its end.
    Rebooted(String),
    /// A signal asks the program to end.
    Interrupted,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Todo {
    /// What takes its time; an event tells what came of it.
    Work(Work),
    /// Draw everything anew: something else wrote on the terminal.
    Redraw,
    /// Give the terminal back, and end.
    Leave {
        /// It was Control-C or a signal.
        interrupted: bool,
    },
}

/// What takes its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Look at the account, after a pause.
    Look(Duration),
    /// Look at the consoles of a machine, after a pause.
    Follow(MachineId, Duration),
    /// Look whether a machine may be rebooted.
    Ask(MachineId),
    /// Reboot it: it was approved.
    Reboot(MachineId, String),
}

/// What the keys act on.
#[derive(Clone, Debug)]
pub(super) enum Mode {
    /// The machines.
    List,
    /// The text of the filter.
    Filter {
        /// What it was.
        before: String,
    },
    /// What the keys do.
    Help,
    /// A console.
    Logs(Box<Logs>),
    /// Whether a machine is to be rebooted.
    Confirm { id: MachineId, name: String, words: String },
}

/// All that is shown.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) fleet: Option<String>,
    pub(super) mode: Mode,
    pub(super) filter: String,
    pub(super) order: Order,
    /// What all machines come to.
    pub(super) sums: String,
    /// What the last key or answer led to.
    pub(super) notice: Option<String>,
    /// What is wrong with the last look.
    pub(super) trouble: Option<String>,
    lines: Vec<Line>,
    selected: Option<MachineId>,
    /// Where it stands; kept for when it is gone.
    at: usize,
    size: (u16, u16),
    now: Timestamp,
    heard: Option<Timestamp>,
    pause: Duration,
    failures: u32,
    /// Nobody may be asked whether a machine is to be rebooted.
    mute: bool,
    asking: Option<MachineId>,
    rebooting: bool,
    /// It ends when the reboot under way has; by an interrupt or not.
    leaving: Option<bool>,
}

impl Model {
    /// Nothing was seen yet. `pause`: between two looks; `mute`: no reboot may be asked about.
    pub fn new(fleet: Option<String>, pause: Duration, mute: bool, now: Timestamp) -> Model {
        Model {
            fleet,
            mode: Mode::List,
            filter: String::new(),
            order: Order::default(),
            sums: String::new(),
            notice: None,
            trouble: None,
            lines: Vec::new(),
            selected: None,
            at: 0,
            size: (80, 24),
            now,
            heard: None,
            pause,
            failures: 0,
            mute,
            asking: None,
            rebooting: false,
            leaving: None,
        }
    }

    /// Takes an event in. What is to be done.
    pub fn on(&mut self, event: Event) -> Option<Todo> {
        match event {
            Event::Key(key) => self.key(key),
            Event::Size(columns, rows) => {
                self.size = (columns, rows);
                self.scroll(0);
                None
            }
            Event::Tick(now) => {
                self.now = now;
                None
            }
            Event::Seen(seen) => {
                (self.lines, self.sums) = lines(&seen, self.fleet.as_deref(), self.now);
                self.trouble = seen.trouble.clone();
                self.heard = Some(self.now);
                self.failures = 0;
                self.settle();
                Some(Todo::Work(Work::Look(self.pause)))
            }
            Event::Failed(why) => {
                self.trouble = Some(why);
                self.failures += 1;
                let longer = self.pause.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
                Some(Todo::Work(Work::Look(longer.min(LONGEST.max(self.pause)))))
            }
            Event::Consoles(id, consoles) => {
                self.logs(id)?.look(consoles);
                self.scroll(0);
                Some(Todo::Work(Work::Follow(id, PAUSE)))
            }
            Event::NoConsoles(id, why) => {
                self.logs(id)?.still = Some(why);
                Some(Todo::Work(Work::Follow(id, PAUSE)))
            }
            Event::NoMoreConsoles(id, why) => {
                self.logs(id)?.end(why);
                None
            }
            Event::Asked(id, told) => self.asked(id, told),
            Event::Rebooted(told) => {
                self.rebooting = false;
                self.notice = Some(told);
                self.leaving.map(|interrupted| Todo::Leave { interrupted })
            }
            Event::Interrupted => self.leave(true),
        }
    }

    /// Those that are looked at, in order.
    pub(super) fn shown(&self) -> Vec<&Line> {
        let filter = self.filter.to_lowercase();
        let words: Vec<&str> = filter.split_whitespace().collect();
        let takes = |line: &&Line| {
            let text = if words.is_empty() { String::new() } else { line.text() };
            words.iter().all(|word| text.contains(word))
        };
        let mut shown: Vec<&Line> = self.lines.iter().filter(takes).collect();
        self.order.sort(&mut shown);
        shown
    }

    /// The selected one, and where it stands.
    pub(super) fn selected(&self) -> Option<(usize, &Line)> {
        Some((self.at, *self.shown().get(self.at)?))
    }

    /// How many machines there are.
    pub(super) fn count(&self) -> usize {
        self.lines.len()
    }

    /// The rows that machines stand on: the first one, so that the selected one is among them.
    pub(super) fn first(&self, rows: usize) -> usize {
        (self.at + 1).saturating_sub(rows.div_ceil(2)).min(self.shown().len().saturating_sub(rows))
    }

    /// The machines that stand on the screen, and then the others: those are worth most calls.
    pub fn by_sight(&self) -> Vec<MachineId> {
        let shown = self.shown();
        let first = self.first(self.rows(BESIDE)).min(shown.len());
        let (above, rest) = shown.split_at(first);
        rest.iter().chain(above).map(|line| line.id).collect()
    }

    /// How old what is shown is; `None` before the first answer.
    pub(super) fn age(&self) -> Option<Duration> {
        Some(self.now.duration_since(self.heard?).max(SignedDuration::ZERO).unsigned_abs())
    }

    fn rows(&self, beside: u16) -> usize {
        usize::from(self.size.1.saturating_sub(beside)).max(1)
    }

    fn logs(&mut self, id: MachineId) -> Option<&mut Logs> {
        match &mut self.mode {
            Mode::Logs(logs) if logs.id == id => Some(logs),
            _ => None,
        }
    }

    /// The selected one stays so wherever it goes; where it went, its neighbour takes its place.
    fn settle(&mut self) {
        let ids: Vec<MachineId> = self.shown().iter().map(|line| line.id).collect();
        let stands = ids.iter().position(|id| Some(*id) == self.selected);
        self.select(stands.unwrap_or(self.at), &ids);
    }

    fn select(&mut self, at: usize, ids: &[MachineId]) {
        self.at = at.min(ids.len().saturating_sub(1));
        self.selected = ids.get(self.at).copied();
    }

    fn go(&mut self, by: isize) {
        let ids: Vec<MachineId> = self.shown().iter().map(|line| line.id).collect();
        self.select(self.at.saturating_add_signed(by), &ids);
    }

    fn scroll(&mut self, by: isize) {
        let room = (self.rows(BESIDE_LOGS), usize::from(self.size.0));
        if let Mode::Logs(logs) = &mut self.mode {
            logs.scroll(by, room);
        }
    }

    fn leave(&mut self, interrupted: bool) -> Option<Todo> {
        if self.rebooting && self.leaving.is_none() {
            self.leaving = Some(interrupted);
            self.notice = Some(
                "A reboot is under way, and is looked after: then podform ends. Once more ends it at once.".to_owned(),
            );
            return None;
        }
        Some(Todo::Leave { interrupted: interrupted || self.leaving == Some(true) })
    }

    fn asked(&mut self, id: MachineId, told: Result<String, String>) -> Option<Todo> {
        // Who went on meanwhile types something else.
        if self.asking.take() != Some(id) {
            return None;
        }
        self.notice = None;
        match told {
            Ok(words) => {
                let name = self.lines.iter().find(|line| line.id == id).map(|line| line.name.clone())?;
                self.mode = Mode::Confirm { id, name, words };
            }
            Err(why) => self.notice = Some(why),
        }
        None
    }

    fn key(&mut self, key: KeyEvent) -> Option<Todo> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && key.code == KeyCode::Char('c') {
            return self.leave(true);
        }
        if control && key.code == KeyCode::Char('l') {
            return Some(Todo::Redraw);
        }
        if self.leaving.is_none() {
            self.notice = None;
        }
        self.asking = None;
        if let Some(by) = self.moves(key.code, control) {
            match self.mode {
                Mode::Logs(_) => self.scroll(-by),
                Mode::List | Mode::Filter { .. } => self.go(by),
                Mode::Help | Mode::Confirm { .. } => {}
            }
            if !matches!(self.mode, Mode::Help | Mode::Confirm { .. }) {
                return None;
            }
        }
        match &mut self.mode {
            Mode::List => return self.key_of_list(key.code),
            Mode::Filter { .. } => self.key_of_filter(key.code, control),
            Mode::Help => self.mode = Mode::List,
            Mode::Logs(logs) => match key.code {
                KeyCode::Esc | KeyCode::Char('q' | 'l') => self.mode = Mode::List,
                KeyCode::Char('o') => logs.switch(),
                _ => {}
            },
            Mode::Confirm { id, name, .. } => {
                let (id, name) = (*id, std::mem::take(name));
                self.mode = Mode::List;
                if key.code != KeyCode::Char('y') || control {
                    self.notice = Some(format!("{name} was not rebooted."));
                    return None;
                }
                self.notice = Some(format!("Rebooting {name}..."));
                self.rebooting = true;
                return Some(Todo::Work(Work::Reboot(id, name)));
            }
        }
        None
    }

    /// By how much a key moves down.
    fn moves(&self, key: KeyCode, control: bool) -> Option<isize> {
        let typing = matches!(self.mode, Mode::Filter { .. });
        let beside = if matches!(self.mode, Mode::Logs(_)) { BESIDE_LOGS } else { BESIDE };
        let page = isize::try_from(self.rows(beside)).unwrap_or(isize::MAX);
        Some(match key {
            KeyCode::Up => -1,
            KeyCode::Down => 1,
            KeyCode::PageUp => -page,
            KeyCode::PageDown => page,
            KeyCode::Char('b') if control => -page,
            KeyCode::Char('f') if control => page,
            KeyCode::Home if !typing => isize::MIN + 1,
            KeyCode::End if !typing => isize::MAX,
            KeyCode::Char('k') if !typing && !control => -1,
            KeyCode::Char('j') if !typing && !control => 1,
            KeyCode::Char('g') if !typing && !control => isize::MIN + 1,
            KeyCode::Char('G') if !typing && !control => isize::MAX,
            _ => return None,
        })
    }

    fn key_of_list(&mut self, key: KeyCode) -> Option<Todo> {
        match key {
            KeyCode::Esc if !self.filter.is_empty() => {
                self.filter.clear();
                self.settle();
            }
            KeyCode::Esc | KeyCode::Char('q') => return self.leave(false),
            KeyCode::Char('/') => self.mode = Mode::Filter { before: self.filter.clone() },
            KeyCode::Char('s') => self.put(self.order.next()),
            KeyCode::Char('S') => self.put(self.order.reversed()),
            KeyCode::Char('?' | 'h') => self.mode = Mode::Help,
            KeyCode::Char('l') | KeyCode::Enter => {
                let (_, line) = self.selected()?;
                let (id, logs) = (line.id, Logs::of(line.id, line.name.clone()));
                self.mode = Mode::Logs(Box::new(logs));
                return Some(Todo::Work(Work::Follow(id, Duration::ZERO)));
            }
            KeyCode::Char('r') if self.rebooting => self.notice = Some("Another reboot is under way.".to_owned()),
            KeyCode::Char('r') if self.mute => {
                self.notice = Some("A reboot is asked about, and -input=false asks nothing.".to_owned());
            }
            KeyCode::Char('r') => {
                let (_, line) = self.selected()?;
                let (id, name) = (line.id, line.name.clone());
                self.asking = Some(id);
                self.notice = Some(format!("Looking at {name}..."));
                return Some(Todo::Work(Work::Ask(id)));
            }
            _ => {}
        }
        None
    }

    fn key_of_filter(&mut self, key: KeyCode, control: bool) {
        match key {
            KeyCode::Enter => self.mode = Mode::List,
            KeyCode::Esc => {
                if let Mode::Filter { before } = std::mem::replace(&mut self.mode, Mode::List) {
                    self.filter = before;
                }
            }
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Char('u') if control => self.filter.clear(),
            KeyCode::Char(letter) if !control => self.filter.push(letter),
            _ => {}
        }
        self.settle();
    }

    fn put(&mut self, order: Order) {
        self.order = order;
        self.settle();
    }
}
