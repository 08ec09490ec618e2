//! The journal during an apply: one append at a time, no sooner than the store's pace has it, and what is asked for meanwhile
//! goes with the next. So a store that takes its time makes groups larger, and stops only those who wait for their own events.

use super::protocol::Group;
use crate::diag::{Diagnostic, Topic};
use crate::store::{LockedStore, StoreError};
use futures::future::{BoxFuture, FutureExt, pending};
use tokio::time::{Instant, sleep_until};

/// The store, and what is on its way there.
pub(super) struct Journal<'a> {
    /// Nothing while an append is under way.
    store: Option<&'a mut LockedStore>,
    /// Gives the store back.
    under_way: Option<BoxFuture<'a, Appended<'a>>>,
    /// When the next append may begin.
    not_before: Instant,
    /// What goes with it.
    pub next: Group,
}

struct Appended<'a> {
    store: &'a mut LockedStore,
    group: Group,
    result: Result<u64, StoreError>,
}

impl<'a> Journal<'a> {
    /// Nothing is on its way.
    pub fn new(store: &'a mut LockedStore) -> Self {
        Journal { store: Some(store), under_way: None, not_before: Instant::now(), next: Group::default() }
    }

    /// Nothing is on its way, and nothing waits.
    pub fn is_idle(&self) -> bool {
        self.under_way.is_none() && self.next.is_empty()
    }

    /// Returns when a group has become durable; never while there is none. May be dropped and called again: the append goes
    /// on where it was.
    ///
    /// # Errors
    /// Nobody may count on the group, and nothing more can be appended.
    pub async fn durable(&mut self) -> Result<Group, StoreError> {
        let begins = !self.next.is_empty() && self.store.is_some();
        // A timer takes a millisecond even where nothing is to be waited for.
        if begins && Instant::now() < self.not_before {
            sleep_until(self.not_before).await;
        }
        if begins && let Some(store) = self.store.take() {
            self.not_before = Instant::now() + store.pace();
            let group = std::mem::take(&mut self.next);
            let append = async move {
                let result = store.append(&group.events).await;
                Appended { store, group, result }
            };
            self.under_way = Some(append.boxed());
        }
        let Some(under_way) = &mut self.under_way else { return pending().await };
        let Appended { store, group, result } = under_way.await;
        self.under_way = None;
        self.store = Some(store);
        result.map(|_| group)
    }
}

/// What the user is told where events cannot become durable.
pub fn unwritten(error: &StoreError) -> Diagnostic {
    let summary = error.taken_away();
    let told = Diagnostic::error(summary.unwrap_or("Journal cannot be written"), error.to_string());
    Diagnostic { topic: summary.map(|_| Topic::Locked), ..told }
}
