//! Taking a lock: an attempt without an answer is settled by reading whose it is, and a held one is waited for.

use super::ask::Attempt;
use std::time::Duration;

/// The first pause, and the longest: a lock is held for minutes, and each look is a request.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(5)];
/// How often an attempt without an answer is repeated, and how often one that was refused by nobody.
const ATTEMPTS: usize = 5;

/// What it wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockAsk {
    /// Take it.
    Take,
    /// Tell who holds it.
    Look,
    /// Let so much time pass.
    Wait(Duration),
}

/// Who holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holds {
    /// Nobody.
    Nobody,
    /// This run.
    Own,
    /// Another one.
    Other,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockAnswer {
    /// Of [`LockAsk::Take`].
    Tried(Attempt),
    /// Of [`LockAsk::Look`].
    Holds(Holds),
    /// Of [`LockAsk::Wait`].
    Waited,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Taken {
    /// This run holds it.
    Held,
    /// Another one does.
    Refused,
    /// It could not be taken, or nobody knows: what the last attempt said.
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Take,
    Look,
    Wait(Duration),
}

/// Takes a lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Locking {
    timeout: Duration,
    /// Between 0 and 255: two runs that wait for the same lock do not ask at the same moments.
    spread: u8,
    pause: Duration,
    attempts: usize,
    phase: Phase,
}

impl Locking {
    /// Waits for at most `timeout`.
    pub fn new(timeout: Duration, spread: u8) -> Locking {
        Locking { timeout, spread, pause: PAUSES[0], attempts: 0, phase: Phase::Take }
    }

    /// What it wants next.
    pub fn ask(&self) -> LockAsk {
        match self.phase {
            Phase::Take => LockAsk::Take,
            Phase::Look => LockAsk::Look,
            Phase::Wait(pause) => LockAsk::Wait(pause),
        }
    }

    fn wait(&mut self, elapsed: Duration) -> Option<Taken> {
        let left = self.timeout.saturating_sub(elapsed);
        if left.is_zero() {
            return Some(Taken::Refused);
        }
        // Between three quarters and five quarters.
        let pause = self.pause * 3 / 4 + self.pause / 2 * u32::from(self.spread) / 255;
        self.pause = (self.pause * 2).min(PAUSES[1]);
        self.phase = Phase::Wait(pause.min(left));
        None
    }

    /// Takes the answer; `elapsed` since it began.
    pub fn answer(&mut self, answer: LockAnswer, elapsed: Duration) -> Option<Taken> {
        match answer {
            LockAnswer::Tried(Attempt::Done | Attempt::Late) => return Some(Taken::Held),
            LockAnswer::Tried(Attempt::NotDone) => return Some(Taken::Failed),
            LockAnswer::Tried(Attempt::Refused | Attempt::InDoubt) => self.phase = Phase::Look,
            LockAnswer::Holds(Holds::Own) => return Some(Taken::Held),
            LockAnswer::Holds(Holds::Other) => return self.wait(elapsed),
            LockAnswer::Holds(Holds::Nobody) => {
                self.attempts += 1;
                if self.attempts >= ATTEMPTS {
                    return Some(Taken::Failed);
                }
                self.phase = Phase::Take;
            }
            LockAnswer::Waited => self.phase = Phase::Take,
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked where every attempt comes out so, until the end.
    fn asked(timeout: u64, mut answers: impl FnMut(LockAsk) -> LockAnswer) -> (Vec<LockAsk>, Taken) {
        let mut locking = Locking::new(Duration::from_secs(timeout), 128);
        let (mut asked, mut elapsed) = (Vec::new(), Duration::ZERO);
        loop {
            let ask = locking.ask();
            asked.push(ask);
            if let LockAsk::Wait(pause) = ask {
                elapsed += pause;
            }
            if let Some(end) = locking.answer(answers(ask), elapsed) {
                return (asked, end);
            }
        }
    }

    fn held_by(holds: Holds, attempt: Attempt) -> impl FnMut(LockAsk) -> LockAnswer {
        move |ask| match ask {
            LockAsk::Take => LockAnswer::Tried(attempt),
            LockAsk::Look => LockAnswer::Holds(holds),
            LockAsk::Wait(_) => LockAnswer::Waited,
        }
    }

    #[test]
    fn a_free_lock_is_one_request_and_a_held_one_two() {
        use LockAsk::{Look, Take};
        assert_eq!(asked(0, held_by(Holds::Nobody, Attempt::Done)), (vec![Take], Taken::Held));
        assert_eq!(asked(0, held_by(Holds::Other, Attempt::Refused)), (vec![Take, Look], Taken::Refused));
        // An attempt before this one was done, for all its answer was lost.
        assert_eq!(asked(0, held_by(Holds::Own, Attempt::InDoubt)), (vec![Take, Look], Taken::Held));
        assert_eq!(asked(0, held_by(Holds::Other, Attempt::InDoubt)), (vec![Take, Look], Taken::Refused));
        assert_eq!(asked(0, held_by(Holds::Nobody, Attempt::NotDone)), (vec![Take], Taken::Failed));
        for attempt in [Attempt::InDoubt, Attempt::Refused] {
            let (asked, end) = asked(60, held_by(Holds::Nobody, attempt));
            assert_eq!((asked.len(), end), (2 * ATTEMPTS, Taken::Failed));
        }
    }

    #[test]
    fn pauses_grow_to_a_bound_and_end_with_the_timeout() {
        let (asked, end) = asked(60, held_by(Holds::Other, Attempt::Refused));
        let waits: Vec<Duration> = asked
            .iter()
            .filter_map(|ask| match ask {
                LockAsk::Wait(pause) => Some(*pause),
                _ => None,
            })
            .collect();
        assert_eq!(end, Taken::Refused);
        assert_eq!(waits.iter().sum::<Duration>(), Duration::from_secs(60));
        assert!(waits[0] < Duration::from_millis(300) && waits.len() < 25, "{waits:?}");
        assert!(waits.iter().all(|wait| *wait < PAUSES[1] * 5 / 4), "{waits:?}");
    }
}
