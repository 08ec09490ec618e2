//! The planned change of one object, described.

use super::object_diff::{Compared, ObjectDiff};
use super::shown::Shown;
use crate::address::{InstanceAddr, ObjectKind};
use crate::market::Placed;
use crate::money::Usd;
use crate::path::ValuePath;
use crate::plan::{Action, Change, Drift, DriftKind, Reason, Remark};

/// The planned change of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Described<'p> {
    /// Which object.
    pub address: &'p InstanceAddr,
    /// The key of a deposed object.
    pub deposed: Option<&'p str>,
    /// What happens.
    pub action: Action,
    /// A replacement makes the new object first.
    pub new_first: bool,
    /// What there is to tell first.
    pub headline: Headline<'p>,
    /// Why.
    pub reason: Option<&'p Reason>,
    /// Its address in the state, where that is another one.
    pub moved_from: Option<&'p InstanceAddr>,
    /// The id under which the account holds it, where it was not recorded so far.
    pub importing: Option<&'p str>,
    /// Attributes whose change forces the replacement.
    pub forced_by: &'p [ValuePath],
    /// The object as it is.
    pub before: Option<Shown<'p>>,
    /// The object as it will be.
    pub after: Option<Shown<'p>>,
    /// What differs; `None` where there is nothing to tell of it.
    pub difference: Option<ObjectDiff<'p>>,
    /// The offer that is rented, and the envelope that is approved with it.
    pub placed: Option<&'p Placed>,
    /// USD per hour now.
    pub cost_before: Usd,
    /// USD per hour afterwards.
    pub cost_after: Usd,
    /// Our mark is written, or written anew.
    pub repair_mark: bool,
    /// The plan was narrowed, and leaves it out.
    pub left_out: bool,
    /// What the reader should know beside the difference.
    pub remarks: &'p [Remark],
}

/// What there is to tell first of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headline<'p> {
    /// What its action says.
    Action,
    /// It only has another address than this one now.
    MovedFrom(&'p InstanceAddr),
    /// It becomes recorded, and nothing but its mark changes.
    Imported,
}

impl<'p> Described<'p> {
    pub(super) fn of(change: &'p Change, new_first: bool) -> Self {
        let address = &change.address;
        let shown = |value: &'p Option<_>| value.as_ref().map(|value| Shown::object(address, value));
        let (before, after) = (shown(&change.before), shown(&change.after));
        let headline = headline(change);
        let difference = change.is_news().then(|| {
            // What is let go stays as it is.
            let after = if change.reason == Some(Reason::LetGo) { before } else { after };
            let whole = match (headline, change.action) {
                (Headline::Imported, _) => true,
                (Headline::Action | Headline::MovedFrom(_), action) => {
                    action == Action::NoOp && change.moved_from.is_none()
                }
            };
            let compared = Compared { before, after, instead: &[], forced_by: &change.forced_by, whole };
            ObjectDiff::of(address, compared)
        });
        Self {
            address,
            deposed: change.deposed.as_deref(),
            action: change.action,
            new_first,
            headline,
            reason: change.reason.as_ref(),
            moved_from: change.moved_from.as_ref(),
            importing: change.importing.as_deref(),
            forced_by: &change.forced_by,
            before,
            after,
            difference,
            placed: change.placed.as_deref(),
            cost_before: change.cost_before,
            cost_after: change.cost_after,
            repair_mark: change.repair_mark,
            left_out: change.left_out,
            remarks: &change.remarks,
        }
    }

    /// True for a machine: it is rented and released, not created and destroyed.
    pub fn is_machine(&self) -> bool {
        self.address.resource.object_kind().is_some_and(ObjectKind::is_rented)
    }

    /// True where nothing but its address, or that it is recorded, changes: at most our mark is written.
    pub fn only_readdressed(&self) -> bool {
        match self.headline {
            Headline::MovedFrom(_) | Headline::Imported => true,
            Headline::Action => false,
        }
    }

    /// True where money moves: it is rented, or costs more or less than before.
    pub fn moves_money(&self) -> bool {
        self.placed.is_some() || self.cost_before != self.cost_after
    }
}

fn headline(change: &Change) -> Headline<'_> {
    let is_moved = match change.action {
        Action::NoOp => change.moved_from.is_some(),
        Action::Update => change.moved_from.is_some() && change.before == change.after,
        Action::Create | Action::Replace | Action::Delete | Action::Forget | Action::Read => false,
    };
    match &change.moved_from {
        Some(from) if is_moved => Headline::MovedFrom(from),
        _ if change.importing.is_some() && change.before == change.after => Headline::Imported,
        _ => Headline::Action,
    }
}

/// How the live object of a record differs from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Drifted<'p> {
    /// Which object.
    pub address: &'p InstanceAddr,
    /// It is gone.
    pub gone: bool,
    /// The object as recorded.
    pub before: Shown<'p>,
    /// The object as it is live.
    pub after: Option<Shown<'p>>,
    /// What differs, with what only the server shows otherwise.
    pub difference: ObjectDiff<'p>,
}

impl<'p> Drifted<'p> {
    pub(super) fn of(Drift { address, kind, before, after }: &'p Drift) -> Self {
        let before = Shown::object(address, before);
        let after = after.as_ref().map(|after| Shown::object(address, after));
        let instead = match kind {
            DriftKind::Gone => &[][..],
            DriftKind::Changed(differences) => differences,
        };
        let compared = Compared { before: Some(before), after, instead, forced_by: &[], whole: false };
        let difference = ObjectDiff::of(address, compared);
        Self { address, gone: matches!(kind, DriftKind::Gone), before, after, difference }
    }
}
