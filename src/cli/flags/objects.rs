//! What `-adopt` and `-release` name.

use crate::cli::exit::Failure;
use crate::diag::Diagnostic;
use crate::live::ObjectId;
use std::collections::BTreeSet;

/// Objects of the account.
pub struct Named {
    /// "all".
    pub all: bool,
    /// One by one.
    pub ids: Vec<ObjectId>,
}

impl Named {
    /// Reads the values of a flag.
    pub fn read<'a>(flag: &str, values: impl IntoIterator<Item = &'a String>) -> Result<Named, Failure> {
        let wrong = |why: String| Diagnostic::error(format!("Invalid {flag}"), format!("{why}, nor \"all\"."));
        let (all, ids): (Vec<&String>, Vec<&String>) = values.into_iter().partition(|value| *value == "all");
        let ids: Result<Vec<ObjectId>, String> = ids.into_iter().map(|text| text.parse()).collect();
        Ok(Named { all: !all.is_empty(), ids: ids.map_err(wrong)? })
    }

    /// Nothing is named.
    pub fn is_empty(&self) -> bool {
        !self.all && self.ids.is_empty()
    }

    /// The ids, where "all" are these.
    pub fn among(&self, all: impl Iterator<Item = ObjectId>) -> BTreeSet<ObjectId> {
        let all = all.filter(|_| self.all);
        self.ids.iter().copied().chain(all).collect()
    }
}
