//! What came of the instances of a resource or data source.

use super::expand::{Expansion, Repetition};
use super::verdict::Verdict;
use crate::address::{InstanceAddr, InstanceKey};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::Value;
use std::cell::OnceCell;

/// The instances of a resource or data source in one instance of its module.
pub(super) struct Instances {
    expansion: Expansion,
    /// What was said of `count`, `for_each` or `enabled`.
    said: Vec<Diagnostic>,
    /// In the order of the expansion.
    made: Vec<Made>,
    /// What a reference to all of them is.
    whole: OnceCell<Value>,
}

/// The same to who refers to them.
impl PartialEq for Instances {
    fn eq(&self, other: &Self) -> bool {
        self.expansion == other.expansion && self.objects().eq(other.objects())
    }
}

impl Instances {
    pub fn new(expansion: Expansion, said: Diagnostics, made: Vec<Made>) -> Instances {
        Instances { expansion, said: said.into_iter().collect(), made, whole: OnceCell::new() }
    }

    /// What a reference to all of them is.
    pub fn value(&self) -> Value {
        self.whole.get_or_init(|| self.expansion.collect(self.objects().cloned().collect())).clone()
    }

    fn objects(&self) -> impl Iterator<Item = &Value> {
        self.made.iter().map(|made| &made.object)
    }

    /// What was said of all of them.
    pub fn said(&self) -> impl Iterator<Item = &Diagnostic> {
        self.said.iter().chain(self.made.iter().flat_map(Made::said))
    }

    /// The instances with their verdicts; `None` where their rules do not count.
    pub fn verdicts(&self) -> impl Iterator<Item = (Option<InstanceKey>, Option<Verdict>)> {
        self.made.iter().enumerate().map(|(at, made)| (self.expansion.repetition(at).key, made.verdict()))
    }

    /// One of them.
    pub fn made(&self, address: &InstanceAddr) -> Option<&Made> {
        self.made.get(self.expansion.place(address.key.as_ref())?)
    }

    /// What `count.index` and `each` are in one of them.
    pub fn repetition(&self, address: &InstanceAddr) -> Option<Repetition> {
        Some(self.expansion.repetition(self.expansion.place(address.key.as_ref())?))
    }

    /// Takes in what one of them really is, and what is said of that. True where it is another object than before.
    pub fn take_in(&mut self, address: &InstanceAddr, object: Value, then: Said) -> Option<bool> {
        let made = self.made.get_mut(self.expansion.place(address.key.as_ref())?)?;
        made.then = then;
        let changed = made.object != object;
        made.object = object;
        self.whole.take();
        Some(changed)
    }
}

/// One instance.
pub(super) struct Made {
    /// Its object as others see it.
    pub object: Value,
    /// It could not be told: the object is unknown.
    pub failed: bool,
    /// Whether its rules count.
    pub judged: bool,
    /// What its block said by itself.
    pub first: Said,
    /// What was said of its object.
    pub then: Said,
}

/// The rules and findings of one part of an evaluation.
#[derive(Default)]
pub(super) struct Said {
    pub verdict: Verdict,
    pub diagnostics: Vec<Diagnostic>,
}

impl Made {
    /// An instance of a data source, all of whose findings were told.
    pub fn of_data(object: Value, failed: bool, verdict: Option<Verdict>) -> Made {
        let judged = verdict.is_some();
        let first = Said { verdict: verdict.unwrap_or_default(), diagnostics: Vec::new() };
        Made { object, failed, judged, first, then: Said::default() }
    }

    /// What was said of it.
    pub fn said(&self) -> impl Iterator<Item = &Diagnostic> {
        self.first.diagnostics.iter().chain(&self.then.diagnostics)
    }

    /// The verdict on it; `None` where its rules do not count.
    fn verdict(&self) -> Option<Verdict> {
        self.judged.then(|| {
            let mut verdict = self.first.verdict.clone();
            verdict.and(self.then.verdict.clone());
            verdict
        })
    }
}
