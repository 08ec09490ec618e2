//! What a reviewer must not overlook.

use super::described::Described;
use super::doubt::Doubt;
use crate::address::InstanceAddr;
use crate::path::ValuePath;
use crate::plan::{Action, Reason};

/// One thing that a reviewer must not overlook.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Danger<'p> {
    /// Which object.
    pub address: &'p InstanceAddr,
    /// Its key, where it is a deposed one.
    pub deposed: Option<&'p str>,
    /// What is dangerous.
    pub peril: Peril<'p>,
}

/// What is dangerous of a change, the worst first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Peril<'p> {
    /// The object goes, with all that is on it.
    Destroyed(Option<&'p Reason>),
    /// The object goes, with all that is on it, and another one comes.
    Replaced {
        /// Why, where the difference does not tell it.
        reason: Option<&'p Reason>,
        /// Attributes whose change forces it.
        forced_by: &'p [ValuePath],
    },
    /// The object stays, may cost money, and nobody looks after it any more.
    LetGo,
    /// Nobody knows whether the object is there and costs money.
    InDoubt,
    /// Nothing in the account says that the object is ours: our mark is written into it.
    MarkRepaired,
}

impl Peril<'_> {
    /// 0 for the worst.
    fn rank(self) -> u8 {
        match self {
            Peril::Destroyed(_) => 0,
            Peril::Replaced { .. } => 1,
            Peril::LetGo => 2,
            Peril::InDoubt => 3,
            Peril::MarkRepaired => 4,
        }
    }
}

/// The dangers of a plan, the worst first, then by address.
pub(super) fn dangers<'p>(changes: &[Described<'p>], in_doubt: &[Doubt<'p>]) -> Vec<Danger<'p>> {
    let mut found: Vec<Danger<'p>> = changes.iter().flat_map(of_change).collect();
    found.extend(in_doubt.iter().map(|doubt| Danger { address: doubt.address, deposed: None, peril: Peril::InDoubt }));
    found.sort_by_key(|danger| danger.peril.rank());
    found
}

impl<'p> Described<'p> {
    /// What becomes of the object that must not be overlooked; of its mark it is told apart.
    pub fn peril(&self) -> Option<Peril<'p>> {
        match self.action {
            Action::Delete => Some(Peril::Destroyed(self.reason)),
            Action::Replace => Some(Peril::Replaced { reason: self.reason, forced_by: self.forced_by }),
            Action::Forget if self.reason == Some(&Reason::LetGo) => Some(Peril::LetGo),
            // What is forgotten otherwise is gone already.
            Action::Forget | Action::NoOp | Action::Create | Action::Update | Action::Read => None,
        }
    }
}

fn of_change<'p>(change: &Described<'p>) -> impl Iterator<Item = Danger<'p>> + use<'p> {
    let (address, deposed) = (change.address, change.deposed);
    let mark = (change.repair_mark && change.importing.is_none()).then_some(Peril::MarkRepaired);
    change.peril().into_iter().chain(mark).map(move |peril| Danger { address, deposed, peril })
}
