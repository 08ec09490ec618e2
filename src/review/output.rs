//! The change of a root output, described.

use super::shown::{Face, Shown};
use super::value_diff::{ValueChange, ValueDiff};
use crate::plan::{Action, OutputChange};

/// A root output before and afterwards.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedOutput<'p> {
    /// Its name.
    pub name: &'p str,
    /// What it was.
    pub before: Option<Shown<'p>>,
    /// What it will be; `None` where it goes.
    pub after: Option<Shown<'p>>,
    /// Hidden by the configuration.
    pub sensitive: bool,
    /// True where before and after differ, or cannot be compared.
    pub changed: bool,
    /// What differs; `None` where nothing does, or nothing that can be seen: null counts as absent.
    pub difference: Option<ValueDiff<'p>>,
}

impl<'p> DescribedOutput<'p> {
    /// What happens to it.
    pub fn action(&self) -> Action {
        match (self.before, self.after, self.changed) {
            (_, _, false) => Action::NoOp,
            (None, _, _) => Action::Create,
            (_, None, _) => Action::Delete,
            _ => Action::Update,
        }
    }

    pub(super) fn of(output: &'p OutputChange) -> Self {
        let shown = |value: &'p Option<_>| value.as_ref().map(if output.sensitive { Shown::secret } else { Shown::of });
        let (before, after) = (shown(&output.before), shown(&output.after));
        let difference = match (before, after) {
            _ if !output.changed => None,
            // Whether a secret is null is not told.
            (None, Some(after)) if output.sensitive => Some(ValueDiff::Added(after)),
            (Some(before), None) if output.sensitive => Some(ValueDiff::Removed(before)),
            (Some(_), Some(_)) if output.sensitive => {
                Some(ValueDiff::Changed(ValueChange::Hidden { face: Face::Sensitive, becomes_sensitive: None }))
            }
            _ => ValueDiff::of(before, after),
        };
        Self { name: &output.name, before, after, sensitive: output.sensitive, changed: output.changed, difference }
    }
}
