//! What goes wrong in a run, and where.

use super::chance::Chance;
use crate::backends::memory::Weather;
use std::collections::BTreeMap;

/// What goes wrong with a call that changes the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Refused; nothing was done.
    Refused,
    /// 429; nothing was done.
    Throttled,
    /// No answer, and nothing was done.
    Dropped,
    /// It was done, and no answer came.
    Lost,
    /// Slow beyond the time limit: no answer, and it is done so many seconds later.
    Late(u64),
    /// It is done at once, and answered after a minute.
    Slow,
    /// The network delivers it twice, and answers with the first result.
    Twice,
    /// The program dies before the call leaves.
    CrashBefore,
    /// The program dies after the call took effect.
    CrashAfter,
}

/// Everything that can go wrong with a call.
pub const FAULTS: [Fault; 10] = [
    Fault::Refused,
    Fault::Throttled,
    Fault::Dropped,
    Fault::Lost,
    Fault::Late(40),
    Fault::Late(75),
    Fault::Slow,
    Fault::Twice,
    Fault::CrashBefore,
    Fault::CrashAfter,
];

/// What goes wrong with a write of journal or state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskFault {
    /// The disk is full, or the directory read-only: nothing is written, and the writer is told.
    Full,
    /// Nothing is written, and no answer comes.
    Dropped,
    /// It is written, and no answer comes.
    Lost,
    /// The program dies before the write.
    CrashBefore,
    /// The program dies in the middle of it: half the bytes are there.
    Torn,
    /// The program dies after it.
    CrashAfter,
}

/// Everything that can go wrong with a write.
pub const DISK_FAULTS: [DiskFault; 6] = [
    DiskFault::Full,
    DiskFault::Dropped,
    DiskFault::Lost,
    DiskFault::CrashBefore,
    DiskFault::Torn,
    DiskFault::CrashAfter,
];

/// What goes wrong in one run.
#[derive(Clone, Debug, Default)]
pub enum Trouble {
    /// Nothing.
    #[default]
    None,
    /// The call of this number, from 0.
    Call(usize, Fault),
    /// The write of this number, from 0.
    Write(usize, DiskFault),
    /// Every write.
    EveryWrite(DiskFault),
    /// Each with this share of calls, in percent, by the seed.
    Random { seed: u64, share: usize },
}

/// The trouble of a run, and how much of the run is over.
#[derive(Debug, Default)]
pub struct Troubles {
    plan: Trouble,
    seen: BTreeMap<String, usize>,
    /// Calls that change the account, so far.
    pub calls: usize,
    /// Of these, how many have not been answered yet, and how many that were at most.
    pub under_way: (usize, usize),
    /// Reads so far.
    pub reads: usize,
    /// Writes so far.
    pub writes: usize,
    /// What went wrong, by kind, over all runs.
    pub injected: BTreeMap<String, usize>,
    /// What went wrong, and with what, in this run.
    pub story: Vec<String>,
}

impl Troubles {
    /// A run begins.
    pub fn begin(&mut self, plan: Trouble) {
        let injected = std::mem::take(&mut self.injected);
        *self = Troubles { plan, injected, ..Troubles::default() };
    }

    /// What goes wrong with this call. Draws depend on what is called and how often it was, not on who came first.
    pub fn call(&mut self, what: &str) -> Option<Fault> {
        let at = self.calls;
        self.calls += 1;
        self.under_way.0 += 1;
        self.under_way.1 = self.under_way.1.max(self.under_way.0);
        let fault = match self.plan {
            Trouble::Call(number, fault) if number == at => Some(fault),
            Trouble::Random { seed, share } => {
                let mut chance = self.chance(seed, what);
                chance.percent(share).then(|| *chance.pick(&FAULTS).unwrap())
            }
            _ => None,
        };
        self.count(what, fault.as_ref());
        fault
    }

    /// Whether this read fails.
    pub fn read(&mut self, what: &str) -> bool {
        self.reads += 1;
        let Trouble::Random { seed, share } = self.plan else { return false };
        let fails = self.chance(seed, what).percent(share / 8);
        self.count(what, fails.then_some("failed read").as_ref());
        fails
    }

    /// Whether something else goes wrong, in so many of a hundred cases of trouble.
    pub fn mishap(&mut self, kind: &str, what: &str, share: usize) -> bool {
        let Trouble::Random { seed, .. } = self.plan else { return false };
        let happens = self.chance(seed, &format!("{what} {kind}")).percent(share);
        self.count(what, happens.then_some(kind).as_ref());
        happens
    }

    /// What goes wrong with this write.
    pub fn write(&mut self) -> Option<DiskFault> {
        let at = self.writes;
        self.writes += 1;
        let fault = match self.plan {
            Trouble::Write(number, fault) if number == at => Some(fault),
            Trouble::EveryWrite(fault) => Some(fault),
            Trouble::Random { seed, share } => {
                let mut chance = self.chance(seed, "write");
                chance.percent(share / 4).then(|| *chance.pick(&DISK_FAULTS).unwrap())
            }
            _ => None,
        };
        if let Some(fault) = fault {
            self.count("write", Some(&format!("write: {fault:?}")));
        }
        fault
    }

    /// How a shared place answers this run.
    pub fn weather(&self) -> Weather {
        match self.plan {
            Trouble::Random { seed, share } => Weather {
                unanswered: share / 5,
                refused: share / 10,
                unread: share / 20,
                stale: 20,
                deaths: share / 15,
                pause: 200,
                ..Weather::of(seed)
            },
            _ => Weather { pause: 20, ..Weather::of(0) },
        }
    }

    fn chance(&mut self, seed: u64, what: &str) -> Chance {
        let nth = self.seen.entry(what.to_owned()).or_default();
        *nth += 1;
        Chance::new(seed, &format!("{what} {nth}"))
    }

    fn count(&mut self, what: &str, fault: Option<&(impl std::fmt::Debug + ?Sized)>) {
        if let Some(fault) = fault {
            self.story.push(format!("{what}: {fault:?}"));
            *self.injected.entry(format!("{fault:?}")).or_default() += 1;
        }
    }
}
