//! A look at the account while it lasts: which recorded objects it looks at, for programs; that it goes on, for people.

use super::terminal::Terminal;
use super::waiting::Waiting;
use crate::address::InstanceAddr;
use crate::live::{ObjectId, Snapshot};
use crate::refresh::Refresh;
use crate::render::refresh_message;
use crate::state::{Record, State};

/// A refresh that goes on.
pub struct Refreshing {
    terminal: Terminal,
    /// By which name each is known in the state, and in the account.
    objects: Vec<(InstanceAddr, Option<String>, ObjectId)>,
    waiting: Waiting,
}

impl Refreshing {
    /// Tells that it begins, where messages are told and anything recorded is looked at.
    pub fn begin(terminal: Terminal, state: &State, refresh: Refresh) -> Refreshing {
        let looks = match refresh {
            Refresh::Lists | Refresh::Orphans | Refresh::First | Refresh::Full => terminal.streams(),
            // Recorded counts as live.
            Refresh::Nothing | Refresh::Unrecorded => false,
        };
        let object = |(id, address, record): (ObjectId, &InstanceAddr, &Record)| {
            (address.clone(), record.id().map(|id| id.to_string()), id)
        };
        let objects = if looks { state.identified().map(object).collect() } else { Vec::new() };
        let refreshing = Refreshing { terminal, objects, waiting: Waiting::reading(terminal) };
        refreshing.tell(false, &|_| false);
        refreshing
    }

    /// Tells what is over. What is read for the plan besides may take as long: it is told of as long as the answer lives.
    pub fn end(self, snapshot: &Snapshot) -> Waiting {
        self.tell(true, &|id| snapshot.is_gone(id));
        self.waiting
    }

    fn tell(&self, is_over: bool, is_gone: &dyn Fn(ObjectId) -> bool) {
        self.terminal.messages(
            self.objects.iter().map(|(address, name, id)| {
                refresh_message(address, name.as_deref().filter(|_| !is_gone(*id)), is_over)
            }),
        );
    }
}
