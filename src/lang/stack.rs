//! The stack on which trees of every depth are walked.

use std::io;
use std::panic::resume_unwind;
use std::thread::{Builder, scope};

/// Bytes. Parsing, evaluating and dropping take a few frames for each level that a text nests, and text nests up to
/// `DEEPEST` levels of the grammar. Only what is used is ever taken from the machine.
pub const STACK: usize = 256 << 20;

/// Does two things at once: one here, one on a thread with such a stack; one after the other where the system gives none.
pub fn at_once<A, B: Send>(here: impl FnOnce() -> A, beside: impl Fn() -> B + Sync) -> (A, B) {
    scope(|scope| {
        let thread = Builder::new().stack_size(STACK).spawn_scoped(scope, &beside).ok();
        let done = here();
        let other = thread.map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        (done, other.unwrap_or_else(&beside))
    })
}

/// Does something on a thread with such a stack.
///
/// # Errors
/// The system gives no such thread.
pub fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    scope(|scope| {
        let thread = Builder::new().name("main".into()).stack_size(STACK).spawn_scoped(scope, work)?;
        Ok(thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}
