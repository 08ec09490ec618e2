//! The stack on which trees of every depth are walked.

use std::io;
use std::iter::Chain;
use std::panic::resume_unwind;
use std::thread::{Builder, scope};
use std::vec::IntoIter;

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

/// So many are worth a thread: each takes microseconds, and a thread tens of them.
const WORTH_A_THREAD: usize = 200;

/// Asks of each; of many, of half of them on a thread beside.
pub fn each_at_once<T: Sync, U: Send>(all: &[T], ask: impl Fn(&T) -> U + Sync) -> Chain<IntoIter<U>, IntoIter<U>> {
    let asked = |all: &[T]| all.iter().map(&ask).collect::<Vec<U>>();
    let (here, beside) = all.split_at(if all.len() > WORTH_A_THREAD { all.len() / 2 } else { all.len() });
    let (done, others) = match beside.is_empty() {
        true => (asked(here), Vec::new()),
        false => at_once(|| asked(here), || asked(beside)),
    };
    done.into_iter().chain(others)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_asked_once_and_answers_in_its_place() {
        for count in [0, 1, WORTH_A_THREAD, WORTH_A_THREAD + 1, 5 * WORTH_A_THREAD + 3] {
            let all: Vec<usize> = (0..count).collect();
            assert!(each_at_once(&all, |one| one * 2).eq(all.iter().map(|one| one * 2)), "{count}");
        }
    }
}
