//! The life of a program: it ends in the middle of anything.

use futures::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// The life of one run of the program.
#[derive(Debug, Default)]
pub struct Life {
    dead: AtomicBool,
    /// It dies.
    pub crash: Notify,
}

impl Life {
    /// It dies.
    pub fn end(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.crash.notify_one();
    }

    /// It is dead.
    pub fn is_over(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// What a dead program does: nothing.
    pub async fn unless_over(&self) {
        if self.is_over() {
            pending::<()>().await;
        }
    }

    /// Dies, and does nothing more.
    pub async fn dies<T>(&self) -> T {
        self.end();
        pending().await
    }
}
